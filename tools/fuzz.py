"""Opens files that nobody wrote: mutated pictures, SVGs, pens, machines, configs, runs, drawings, weights, photographs.

    python tools/fuzz.py --cases 100000 --state fuzz.json [--kinds svg,image] [--seconds 3600] [--found fuzz-found]

Each case is a file of a small corpus, mutated, given to what reads it. It may be read or refused (InputError). A
finding is another exception, more than 10 s of CPU, more than 2 GiB more memory than before, a file opened for writing
outside the scratch folder, or a program that was started. Findings are kept in `--found`, as they were read, with what
came of them; `--case N` does one again. Case N is the same in every run. Said again with the same `--state`, it goes
on.

Cases run inside processes forked from this one, some hundred each, so that memory and a case that hangs have an end.
Exit code 1 when there were findings.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import fuzz_corpus
import torch

from plotart.core.errors import InputError

SECONDS, GIB = 10, 2
BATCH = 400
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PROGRAMS = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "socket.connect",
    "pickle.find_class",
)
NUMBERS = (b"0", b"-1", b"1e999", b"nan", b"-inf", b"9" * 400, b"1e-320", b"2147483648", b"0x7f", b"")
BRACKETS = ((b"[", b"]"), (b"{", b"}"), (b"(", b")"), (b"<g>", b"</g>"), (b"- ", b""), (b"rotate(", b")"))


class Slow(BaseException):
    """A case took too long."""


def mutated(content: bytes, others: list[bytes], dice: random.Random) -> bytes:  # noqa: PLR0912 - a way of mutating, a branch
    """The content after one to six changes: bits, bytes, pieces cut, doubled or from elsewhere, numbers, depth."""
    held = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
        size = len(held)
        at, length = dice.randrange(size + 1), min(size, int(2 ** dice.uniform(0, 12)))
        how = dice.randrange(10)
        if how == 0 and size:
            held[min(at, size - 1)] ^= 1 << dice.randrange(8)
        elif how == 1 and size:
            held[min(at, size - 1)] = dice.choice((0, 1, 127, 128, 255, dice.randrange(256)))
        elif how == 2:
            del held[at : at + length]
        elif how == 3:
            held[at:at] = held[max(0, at - length) : at] * dice.choice((1, 2, 50))
        elif how == 4:
            held[at:at] = dice.randbytes(dice.choice((1, 2, 4, 8, 64)))
        elif how == 5:
            other = dice.choice(others)
            begin = dice.randrange(len(other) + 1)
            held[at : at + length * dice.randrange(2)] = other[begin : begin + length]
        elif how == 6:
            del held[at:]
        elif how == 7:
            held[at:at] = bytes(dice.choice((0, 255)) for _ in range(dice.choice((4, 8)))) + struct_number(dice)
        elif how == 8:
            places = [i for i in range(size) if 48 <= held[i] <= 57]
            if places:
                first = dice.choice(places)
                last = first
                while last < size and (48 <= held[last] <= 57 or held[last] == 46):
                    last += 1
                held[first:last] = dice.choice(NUMBERS)
        else:
            opening, closing = dice.choice(BRACKETS)
            many = dice.choice((1, 3, 60, 3000))
            held[at:at] = opening * many + closing * (many if dice.random() < 0.5 else 0)
    return bytes(held[:3_000_000])


def struct_number(dice: random.Random) -> bytes:
    """Eight bytes of a number that sizes and offsets are not meant to have."""
    return dice.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)).to_bytes(
        8, dice.choice(("little", "big"))
    )


def watch(scratch: Path, seen: list[str]) -> None:
    """From here on, what is opened for writing outside `scratch`, and programs that are started, is put into `seen`."""
    inside = (str(scratch), "/dev/", "/proc/")

    def hook(event: str, given: tuple[object, ...]) -> None:
        if event == "open" and isinstance(given[2], int) and given[2] & WRITING and isinstance(given[0], str):
            if not os.path.abspath(given[0]).startswith(inside):  # noqa: PTH100 - resolve() would open things itself
                seen.append(f"wrote {given[0]}")
        elif event in PROGRAMS:
            seen.append(f"{event} {given!r}"[:300])

    sys.addaudithook(hook)


def late(number: int, frame: object) -> None:
    raise Slow


def one_case(
    number: int, kinds: list[fuzz_corpus.Kind], seed: int, scratch: Path, seen: list[str]
) -> tuple[str, str, bytes]:
    """The kind, what came of it ('' when it was read, 'refused', or the finding), and the file."""
    dice = random.Random(f"{seed}-{number}")
    kind = dice.choices(kinds, [one.share for one in kinds])[0]
    name, content = dice.choice(kind.files)
    content = mutated(content, [other for _, other in kind.files], dice)
    seen.clear()
    began = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        kind.read(scratch, name, content)
        told = ""
    except InputError as error:
        told = "refused" if str(error).strip() and "\n" not in str(error) else f"no sentence: {str(error)!r}"
    except Slow:
        told = f"took more than {SECONDS} s"
    except MemoryError:
        told = f"took more than {GIB} GiB\n{traceback.format_exc()}"
    except Exception:
        told = traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if time.process_time() - began > SECONDS:
        told = f"took {time.process_time() - began:.0f} s"
    if seen and told in ("", "refused"):
        told = "; ".join(seen)
    return kind.name, told, content


def batch(
    first: int, count: int, kinds: list[fuzz_corpus.Kind], seed: int, scratch: Path, found: Path, pipe: int
) -> None:
    """Work through the cases and write a line for each; the process has a limit of memory."""
    torch.set_num_threads(1)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + GIB * 2**30, resource.RLIM_INFINITY))
    signal.signal(signal.SIGVTALRM, late)
    os.chdir(scratch)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    seen: list[str] = []
    watch(scratch, seen)
    for number in range(first, first + count):
        kind, told, content = one_case(number, kinds, seed, scratch, seen)
        if told not in ("", "refused"):
            (scratch / "finding").write_bytes(content)
            (scratch / "finding.txt").write_text(told, errors="replace")
        os.write(
            pipe, f"{number} {kind} {'read' if not told else 'refused' if told == 'refused' else 'finding'}\n".encode()
        )
        if told not in ("", "refused"):
            return  # the parent keeps it, and begins anew behind it: what is left of a failure does not count twice


def work(args: argparse.Namespace, kinds: list[fuzz_corpus.Kind], scratch: Path) -> int:
    state = json.loads(args.state.read_text()) if args.state and args.state.is_file() else {"next": 0, "counts": {}}
    counts: Counter[str] = Counter(state["counts"])
    end = time.monotonic() + args.seconds
    number = args.case if args.case is not None else state["next"]
    last = number + 1 if args.case is not None else args.cases
    while number < last and time.monotonic() < end:
        number = forked(number, min(BATCH, last - number), kinds, args, scratch, counts)
        if args.state and args.case is None:
            beside = args.state.with_suffix(".part")
            beside.write_text(json.dumps({"next": number, "counts": dict(sorted(counts.items()))}, indent=1))
            beside.replace(args.state)
        print(
            f"{number} cases, {sum(n for name, n in counts.items() if name.endswith(' finding'))} findings", flush=True
        )
    for name, many in sorted(counts.items()):
        print(f"{name:24} {many}")
    return int(any(name.endswith("finding") for name in counts))


def forked(
    first: int, count: int, kinds: list[fuzz_corpus.Kind], args: argparse.Namespace, scratch: Path, counts: Counter[str]
) -> int:
    """Let a child work through these cases; the number behind the last that has an end."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            batch(first, count, kinds, args.seed, scratch, args.found, writing)
        finally:
            os._exit(0)
    os.close(writing)
    done, waited = first, Waiting(child)
    with os.fdopen(reading, encoding="utf-8") as lines:
        waited.start()
        for line in lines:
            waited.start()
            number, kind, how = line.split()
            counts[f"{kind} {how}"] += 1
            done = int(number) + 1
            if how == "finding":
                keep(args.found, int(number), kind, scratch)
    waited.stop()
    _, status = os.waitpid(child, 0)
    if done < first + count and status:  # it was killed at case `done`: by a crash, by memory, or as it hung
        counts["process finding"] += 1
        args.found.mkdir(exist_ok=True)
        (args.found / f"{done}.txt").write_text(
            f"the process ended with status {status}; --case {done} does it again\n"
        )
        done += 1
    shutil.rmtree(scratch)
    scratch.mkdir()
    return done


class Waiting:
    """Kills a child from which nothing has come for a minute: one that no signal reaches inside a library."""

    def __init__(self, child: int) -> None:
        self.child = child

    def start(self) -> None:
        signal.signal(signal.SIGALRM, lambda number, frame: os.kill(self.child, signal.SIGKILL))
        signal.alarm(120)

    def stop(self) -> None:
        signal.alarm(0)


def keep(found: Path, number: int, kind: str, scratch: Path) -> None:
    found.mkdir(exist_ok=True)
    for name, ending in (("finding", "bin"), ("finding.txt", "txt")):
        if (scratch / name).is_file():
            shutil.copy(scratch / name, found / f"{number}-{kind}.{ending}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--cases", type=int, default=100_000, help="in all, those of earlier runs with --state included"
    )
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so long")
    parser.add_argument("--kinds", default="", help="only these, with commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", type=Path, help="file that holds how far it is")
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"), help="folder of findings")
    parser.add_argument("--case", type=int, help="only this one")
    args = parser.parse_args()
    args.found = args.found.resolve()
    with tempfile.TemporaryDirectory() as folder:
        kinds = fuzz_corpus.kinds(Path(folder) / "corpus")
        if args.kinds:
            kinds = [kind for kind in kinds if kind.name in args.kinds.split(",")]
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        return work(args, kinds, scratch)


if __name__ == "__main__":
    raise SystemExit(main())
