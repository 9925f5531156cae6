"""Runs that are killed at random moments and gone on with, and a long run: docs/reliability.md holds the figures.

    python benchmarks/faults.py [--kills 50] [--long 10000] [--seed 0] [--kinds image,circles]

Each run is a process of its own, forked from this one once everything is imported. Checkpoints are written five times a
second instead of every ten seconds, so that kills fall into writing them, too. A fifth of the kills come while the
final files are written.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from skimage import data

from plotart import Config, generate, resume
from plotart.core.images import resize, save_image
from plotart.runs import log, pipeline, prepare, results, watch  # noqa: F401 - before the fork
from plotart.runs.clearing import CHECKPOINT, CONFIG, PROGRESS

PAGE = {"page.size": "60x60mm", "page.margin": 5, "threads": 1, "size": 64}
KINDS: dict[str, tuple[str, dict[str, object]]] = {
    "image": ("image", {"steps": 40, "primitive.count": 80, "pens.count": 3}),
    "image-kmeans": ("image-kmeans", {"steps": 40, "primitive.count": 80}),
    "painting": ("painting", {"steps": 40, "primitive.count": 64}),
    "circles": ("circles", {"steps": 40, "primitive.count": 30}),
    "splats": ("splats", {"steps": 40, "primitive.count": 30}),
    "dividers": ("dividers", {"steps": 60, "primitive.count": 12}),
    "glyphs": ("glyphs", {"steps": 12, "size": 256}),
    "neuron": ("neuron", {"steps": 20, "primitive.count": 40, "network.name": "vgg16-hed"}),
}


def config_of(kind: str, photo: Path) -> Config:
    file, changes = KINDS[kind]
    given: dict[str, object] = {**PAGE, **changes}
    if kind == "neuron":
        given["objectives.neuron.at"] = "conv2_2:3"
    elif kind != "glyphs":
        given["objectives.pixels.image"] = str(photo)
    return Config.load(file, given)


def forked(work: Callable[..., object], *given: object) -> int:
    """The process that does the work; it says nothing, and ends by itself."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        work(*given)
        code = 0
    finally:
        os._exit(code)


def ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.svg"))}


def written_state(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / PROGRESS).read_text())["state"])
    except (OSError, ValueError):
        return None


def kills(count: int, kinds: list[str], photo: Path, scratch: Path, dice: random.Random) -> None:
    whole: dict[str, tuple[dict[str, bytes], float]] = {}
    same = began = saved = 0
    for number in range(count):
        kind = kinds[number % len(kinds)]
        config = config_of(kind, photo)
        if kind not in whole:
            for name in ("first", "whole"):  # the first one compiles
                start = time.monotonic()
                assert ended(forked(generate, config, scratch / f"{kind} {name}")) == 0, kind
            whole[kind] = files(scratch / f"{kind} whole"), time.monotonic() - start
        want, seconds = whole[kind]
        folder = scratch / f"killed {number}"
        process = forked(generate, config, folder)
        at_the_end = number % 5 == 4
        end = time.monotonic() + dice.uniform(0.1, 1) * seconds
        if at_the_end:
            while written_state(folder) != "writing" and os.waitpid(process, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
            end = time.monotonic() + dice.uniform(0, 0.15) * seconds
        time.sleep(max(0.0, end - time.monotonic()))
        try:
            os.kill(process, signal.SIGKILL)
            ended(process)
        except (ProcessLookupError, ChildProcessError):
            pass
        state, parts = written_state(folder), sum(1 for _ in folder.rglob(".*.part"))
        has = (folder / CHECKPOINT).exists()
        if (folder / CONFIG).exists():
            began += 1
            saved += has
            if state != "finished":
                code = ended(forked(resume, folder))
                assert code == 0, f"{kind}: resuming it failed"
        else:
            assert ended(forked(generate, config, folder)) == 0
        good = files(folder) == want and not list(folder.rglob(".*.part"))
        same += good
        print(f"{number + 1:3} {kind:15} killed {state or 'before it began':16} {parts} half written"
              f" -> {'the same bytes' if good else 'OTHER BYTES'}", flush=True)  # fmt: skip
        shutil.rmtree(folder)
    print(f"{same} of {count} have the bytes of the uninterrupted run; {began} had begun, {saved} had a checkpoint")


def long_run(steps: int, photo: Path, scratch: Path) -> None:
    """The slopes of memory and of a step's time over a run of many steps."""
    told = scratch / "told.json"
    # other work on the machine makes all of it slower: steps are compared with what sorting takes at the same moment
    yardstick = np.random.default_rng(0).random(20_000)
    page = os.sysconf("SC_PAGE_SIZE")

    def work() -> None:
        moments: list[tuple[int, float, float, float]] = []
        step = watch.StageWatch.step

        def noting(self: watch.StageWatch, done: watch.Step) -> None:
            step(self, done)
            if done.number % max(1, steps // 200) == 0:
                resident = int(Path("/proc/self/statm").read_text().split()[1]) * page / 2**20
                began = time.process_time()
                for _ in range(20):
                    np.sort(yardstick)
                moments.append((done.number, began, time.process_time() - began, resident))

        watch.StageWatch.step = noting  # type: ignore[method-assign]
        fit = {"kind": "fit", "steps": steps, "looks": 100}
        changes = {**PAGE, "objectives.pixels.image": str(photo), "primitive.count": 60, "stages": [fit]}
        changes |= {"pens.set": "#1a1a1a,#d62728", "pens.palette": "fixed"}
        generate(Config.load(None, changes), scratch / "long")
        told.write_text(json.dumps(moments))

    assert ended(forked(work)) == 0
    number, seconds, sorting, resident = np.array(json.loads(told.read_text())).T
    pace = (np.diff(seconds) - sorting[:-1]) / np.diff(number) * 1000
    relative = pace / ((sorting[1:] + sorting[:-1]) / 2)
    later = slice(len(pace) // 10, None)  # what the first steps compile and load is not a slope
    middle = (number[1:] + number[:-1]) / 2
    slope = np.polyfit(middle[later], relative[later], 1)[0] / relative[later].mean()
    growth = np.polyfit(number[later], resident[later], 1)[0]
    log_size = sum(path.stat().st_size for path in (scratch / "long").glob("events.*")) / 1e6
    print(
        f"{steps} steps: {pace[later].mean():.2f} ms of CPU a step, {slope * steps:+.1%} over the run; "
        f"{resident[later].mean():.0f} MiB resident, {growth * steps:+.1f} MiB over the run; "
        f"TensorBoard log {log_size:.2f} MB"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=50)
    arguments.add_argument("--long", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--kinds", default=",".join(KINDS))
    given = arguments.parse_args()
    kinds = given.kinds.split(",")
    torch.set_num_threads(1)
    watch.SAVE_EVERY_S = 0.2
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        photo = scratch / "chelsea.png"
        save_image(resize(torch.from_numpy(data.chelsea()).permute(2, 0, 1).float() / 255, 80, 120), photo)
        if given.kills:
            kills(given.kills, kinds, photo, scratch, random.Random(given.seed))
        if given.long:
            long_run(given.long, photo, scratch)


if __name__ == "__main__":
    main()
