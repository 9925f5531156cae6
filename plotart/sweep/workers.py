"""Runs in processes of their own, several at a time: on this machine, or on the machines of a Ray cluster."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from plotart.core.errors import InputError
from plotart.core.files import is_locked
from plotart.runs.clearing import CONFIG

__all__ = ["Job", "Outcome", "connect", "here", "on_ray"]

PATIENCE_S = 60.0
"""Seconds that a run may take to save and end when its sweep was killed."""
TRIES = 2
"""How often a run is begun, or gone on with, whose process was killed."""


@dataclass(frozen=True)
class Job:
    """A run to make or to go on with; all paths are absolute.

    Attributes:
        config: the file of its config. folder: where it is made.
        work: where names of files in the config are looked up.
    """

    config: FilePath
    folder: FilePath
    work: FilePath


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the exit code of its process, negative for a signal that killed it, and its last line."""

    job: Job
    code: int
    message: str


def draw(job: Job, stop: threading.Event | None = None) -> Outcome:
    """Make the run in a process of its own, so that one that dies takes nothing with it; a killed one goes on once.

    When `stop` is set, or this call interrupted, the process is asked to save and end.
    """
    log = job.folder.with_name(job.folder.name + ".log")
    code = 0
    for _ in range(TRIES):
        _await(job.folder, stop)
        begun = (job.folder / CONFIG).is_file()
        command = ["resume", str(job.folder)] if begun else ["generate", str(job.config), "--out", str(job.folder)]
        with log.open("wb") as lines:
            # a Ray worker blocks SIGINT, and its children would inherit that
            before = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            try:
                # a session of its own: Ctrl-C in the terminal reaches it through here only, once
                process = subprocess.Popen(
                    [sys.executable, "-m", "plotart.cli.watched", str(os.getpid()), *command], cwd=job.work,
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=lines, start_new_session=True,
                )  # fmt: skip
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            code = _ended(process, stop)
        if code >= 0 or (stop is not None and stop.is_set()):
            break
    told = log.read_text("utf-8", errors="replace").strip().splitlines()
    if code == 0:
        log.unlink()
    return Outcome(job, code, told[-1].removeprefix("plotart: ") if told else f"its process was killed ({-code})")


def _await(folder: FilePath, stop: threading.Event | None) -> None:
    """Let a process of an earlier sweep that was killed save and end its run."""
    end = time.monotonic() + PATIENCE_S
    while is_locked(folder) and time.monotonic() < end and not (stop is not None and stop.is_set()):
        time.sleep(0.2)


def _ended(process: subprocess.Popen[bytes], stop: threading.Event | None) -> int:
    asked = False
    while True:
        try:
            return process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            if not asked and stop is not None and stop.is_set():
                asked = True
                process.send_signal(signal.SIGINT)
        except BaseException:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise


def here(jobs: Sequence[Job], workers: int) -> Generator[Outcome]:
    """The outcomes of all jobs as they end, `workers` of them at work at a time on this machine."""
    stop = threading.Event()
    pool = ThreadPoolExecutor(workers, "plotart-sweep")
    try:
        for future in as_completed([pool.submit(draw, job, stop) for job in jobs]):
            yield future.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def connect(address: str) -> Any:
    """The module `ray`, connected to the cluster at `address`; `local` starts one of this machine alone.

    Raises:
        InputError: Ray is not installed, or no cluster answers.
    """
    try:
        import ray  # noqa: PLC0415  # an optional extra
    except ImportError:
        raise InputError("--ray: Ray is not installed; install it with pip install 'plotart[ray]'") from None
    host, colon, port = address.rpartition(":")
    try:
        if colon and port.isdigit():
            # Ray itself asks for many minutes where nobody listens
            socket.create_connection((host.rpartition("/")[2], int(port)), timeout=5).close()
        elif address not in ("auto", "local"):
            raise ConnectionError("that is no address")
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (OSError, OverflowError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"--ray: no cluster answers at {address!r} ({reason}); write auto, HOST:PORT or local"
        ) from None
    return ray


def on_ray(jobs: Sequence[Job], ray: Any, threads: int) -> Generator[Outcome]:
    """The outcomes of all jobs as they end, each with `threads` cores of a machine of the cluster; then disconnects.

    A job whose machine is lost is done on another.
    """
    task = ray.remote(num_cpus=threads, max_retries=TRIES)(draw)
    waiting = {task.remote(job): job for job in jobs}
    try:
        while waiting:
            (ready,), _ = ray.wait(list(waiting))
            job = waiting.pop(ready)
            try:
                yield ray.get(ready)
            except ray.exceptions.RayError as error:
                yield Outcome(job, 1, str(error).strip().splitlines()[-1])
    finally:
        for left in waiting:
            ray.cancel(left)
        if waiting:
            ray.wait(list(waiting), num_returns=len(waiting))
        ray.shutdown()
