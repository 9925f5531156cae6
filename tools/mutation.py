"""Changes the code in small ways and sees whether its tests notice: a sample, drawn by a seed.

    python tools/mutation.py [--rooms raster,drawing/ink,plot,stages] [--mutants 60] [--seed 0] [--kept mutants.jsonl]

A mutant is a file of the package with one comparison, sum, number, condition, or choice of `min` and `max` changed. It
exists in memory only: a process forked from this one imports it in the file's place and runs the file's own tests,
those of its name and those that name the module or lie in its folder, until one fails. That one is then run without
the change: if it passes, the mutant is killed. A mutant that no test fails for is a survivor, to be read: a test is
missing, or the change changes nothing that matters. Where the tests take longer than `--longest`, and more than three
times as long as without the change, that counts as failed too.

Compiled functions (numba, triton) are left alone: they come from a cache, and tests/raster holds them to references.
Said again with the same `--kept`, it goes on behind the last mutant there.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.machinery
import json
import math
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import hypothesis  # noqa: F401 - imported before the fork, as all of these
import numba  # noqa: F401
import numpy  # noqa: F401
import pytest
import scipy.spatial  # noqa: F401
import torch

ROOT = Path(__file__).resolve().parents[1]
ROOMS = "raster,drawing/ink,plot,stages"
COMPILED = ("jit", "kernel", "njit", "primitive")
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "floor": "ceil", "ceil": "floor"}
SURVIVED, NOT_TRIED, FAIL_ANYWAY = "SURVIVED", "not tried: its tests take long", "its tests fail anyway"
MOST_TESTS = 4
"""Files of tests that are run for a file at most: those of its name first, then the shortest."""


def places(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that can be changed, in order; nothing of annotations and compiled functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and any(_compiled(one) for one in node.decorator_list):
            continue
        if isinstance(node, ast.AnnAssign):
            yield from places(ast.Module([ast.Expr(node.value)] if node.value else [], []))
            continue
        if isinstance(node, ast.arguments):
            yield from places(ast.Module([ast.Expr(one) for one in [*node.defaults, *node.kw_defaults] if one], []))
            continue
        if isinstance(node, ast.FunctionDef):
            parts: list[ast.AST] = [node.args, *node.body]
            yield from (found for part in parts for found in places(ast.Module([part], [])))  # type: ignore[list-item]
            continue
        if changed(node) is not None:
            yield node
        yield from places(node)


def _compiled(decorator: ast.AST) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (
        isinstance(called, ast.Name | ast.Attribute)
        and (called.attr if isinstance(called, ast.Attribute) else called.id) in COMPILED
    )


def changed(node: ast.AST) -> ast.AST | None:
    """The node with its small change; None where it is not of a kind that is changed."""
    other: Any = copy.deepcopy(node)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        other.ops[0] = SWAPPED[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPPED:
        if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            return None
        other.op = SWAPPED[type(node.op)]()
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        return node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        other.value = not node.value
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        other.value = node.value + 1
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        other.test = ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES:
        other.func.id = NAMES[node.func.id]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in NAMES:
        other.func.attr = NAMES[node.func.attr]
    else:
        return None
    return other


class Replaced(ast.NodeTransformer):
    """A tree in which one node is another."""

    def __init__(self, node: ast.AST, other: ast.AST) -> None:
        self.node, self.other = node, other

    def visit(self, node: ast.AST) -> ast.AST:
        return self.other if node is self.node else self.generic_visit(node)


def mutant(path: Path, number: int) -> tuple[CodeType, str]:
    """The file's code with its change `number`, and the change in words."""
    tree = ast.parse(path.read_text("utf-8"))
    node = list(places(tree))[number]
    other = ast.fix_missing_locations(ast.copy_location(changed(node) or node, node))
    shown = (_line(node), _line(other))
    whole = ast.fix_missing_locations(Replaced(node, other).visit(tree))
    return compile(whole, str(path), "exec"), f"{node.lineno}: {shown[0]}  ->  {shown[1]}"  # type: ignore[attr-defined]


def _line(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0][:90]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def tests_of(path: Path) -> list[str]:
    """The files of tests of a file: those of its name, and those that name its module, or lie in its folder."""
    files = sorted((ROOT / "tests").rglob("test_*.py"), key=lambda file: file.stat().st_size)
    texts = {file: file.read_text("utf-8") for file in files}
    module = module_of(path)
    room = module.rpartition(".")[0]
    beside = ROOT / "tests" / path.parent.relative_to(ROOT / "plotart")
    while not beside.is_dir():
        beside = beside.parent
    near = [file for file in files if file.is_relative_to(beside)]
    own = [file for file in near if file.stem == f"test_{path.stem}"]
    names = [file for file in files if module in texts[file] or f"from {room} import {path.stem}" in texts[file]]
    users = [file for file in near if f"from {room} import" in texts[file]]
    found = list(
        dict.fromkeys(
            [*own, *names, *([] if own else [*sorted([*users, *near], key=lambda file: file.parent != beside)])]
        )
    )
    return [str(file) for file in found[:MOST_TESTS]]


class Loader(importlib.machinery.SourceFileLoader):
    """Gives a module its changed code."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname: str) -> CodeType:
        return self.code


class Finder:
    """Finds one module, with its changed code, before all others are asked."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self.name, self.path, self.code = name, str(path), code

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        return importlib.machinery.ModuleSpec(name, Loader(name, self.path, self.code), origin=self.path)


class First:
    """A plugin of pytest that writes down what failed first."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed and not self.file.read_text("utf-8"):
            self.file.write_text(report.nodeid, "utf-8")


def tested(tests: Sequence[str], finder: Finder | None, seconds: float) -> tuple[str, float, str]:
    """`passed`, `failed` or `slow`, the seconds of CPU that the tests took in their own process, what failed first.

    It is slow after `seconds` of CPU, however busy the machine, or after ten times as long by the clock.
    """
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "failed"
        note.touch()
        came, used = _forked(tests, finder, seconds, note)
        return came, used, note.read_text("utf-8")


def _forked(tests: Sequence[str], finder: Finder | None, seconds: float, note: Path) -> tuple[str, float]:
    began = time.monotonic()
    process = os.fork()
    if not process:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), math.ceil(seconds) + 5))
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        if finder is not None:
            sys.meta_path.insert(0, finder)  # type: ignore[arg-type]
        code = 3
        try:
            code = int(pytest.main(["-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests], [First(note)]))
        finally:
            os._exit(code)
    while True:
        number, status, used = os.wait4(process, os.WNOHANG)
        if number:
            code = os.waitstatus_to_exitcode(status)
            came = "slow" if code == -signal.SIGXCPU else "failed" if code else "passed"
            return came, used.ru_utime + used.ru_stime
        if time.monotonic() - began > 10 * seconds:
            os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return "slow", seconds
        time.sleep(0.05)


def judged(path: Path, code: CodeType, longest: float) -> tuple[str, float]:
    """What came of a mutant, in words, and the seconds of CPU that its tests took."""
    tests = tests_of_cached(path)
    came, seconds, first = tested(tests, Finder(module_of(path), path, code), longest)
    if came == "passed":
        return SURVIVED, seconds
    if came == "slow":
        usual, _, _ = _usual(tuple(tests), longest / 3)
        return ("killed, slow" if usual == "passed" else NOT_TRIED), seconds
    usual, _, _ = _usual((str(ROOT / first),) if first else tuple(tests), longest)
    return ("killed" if usual == "passed" else FAIL_ANYWAY), seconds


@cache
def _usual(tests: tuple[str, ...], longest: float) -> tuple[str, float, str]:
    """What comes of tests without any change."""
    return tested(tests, None, longest)


def sampled(rooms: Sequence[str], count: int, seed: int) -> list[tuple[str, Path, int]]:
    """So many mutants, as many of each room, as room, file and number."""
    dice, chosen = random.Random(seed), []
    for room in rooms:
        files = [path for path in sorted((ROOT / "plotart" / room).rglob("*.py")) if path.name != "__init__.py"]
        all_of = [
            (room, path, number)
            for path in files
            for number in range(sum(1 for _ in places(ast.parse(path.read_text("utf-8")))))
            if tests_of_cached(path)
        ]
        chosen.append(dice.sample(all_of, min(len(all_of), -(-count // len(rooms)))))
        print(f"{room}: {len(all_of)} mutants in {len(files)} files", flush=True)
    return [one for row in zip(*chosen, strict=False) for one in row][:count]


@cache
def tests_of_cached(path: Path) -> list[str]:
    return tests_of(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", default=ROOMS)
    parser.add_argument("--mutants", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--longest", type=float, default=60, help="CPU s of a mutant's tests; files that need more are left out [60]"
    )
    parser.add_argument("--kept", type=Path, help="a file to which each result is added")
    given = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    torch.set_num_threads(1)
    kept = given.kept.read_text("utf-8").splitlines() if given.kept and given.kept.is_file() else []
    results = [json.loads(line) for line in kept]
    for room, path, number in sampled(given.rooms.split(","), given.mutants, given.seed)[len(results) :]:
        code, told = mutant(path, number)
        word, seconds = judged(path, code, given.longest)
        line = {
            "room": room,
            "file": str(path.relative_to(ROOT)),
            "change": told,
            "came": word,
            "seconds": round(seconds, 1),
        }
        results.append(line)
        if given.kept:
            with given.kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        print(f"{word:13} {line['file']}:{told}", flush=True)
    for room in given.rooms.split(","):
        of = [line["came"] for line in results if line["room"] == room and line["came"] not in (NOT_TRIED, FAIL_ANYWAY)]
        print(f"{room:12} {sum(came.startswith('killed') for came in of)} of {len(of)} killed")


if __name__ == "__main__":
    main()
