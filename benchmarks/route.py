"""Travel with the pen lifted, and the seconds it takes to find the order, against vpype and, if it is installed, LKH.

    python benchmarks/route.py [--strokes 2000,50000] [--lkh]

LKH (`pip install elkai`) solves the same strokes as a travelling salesman problem with fixed stroke edges; it takes
minutes for 2,000 strokes; vpype's --two-opt takes minutes for 50,000.
"""

import argparse
import importlib.util
import time
from collections.abc import Callable

import numpy as np
import vpype
import vpype_cli

from plotart.core.canvas import page
from plotart.core.geometry import Path, flatten, lengths
from plotart.pens import load_pens
from plotart.plot import Layer, Plot
from plotart.plot.motion import estimate, load_machine
from plotart.plot.route import order, pen_up_length

PX_PER_MM = 96 / 25.4
FIXED = 1_000_000  # so much shorter than nothing is a stroke's own edge for LKH


def random_cubics(count: int, seed: int) -> list[Path]:
    """Random-walk cubics of about 11 mm on A4."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 4.05, (count, 3, 2))
    starts = rng.uniform((10, 10), (200, 287), (count, 1, 2))
    return list(np.concatenate([starts, starts + np.cumsum(steps, axis=1)], axis=1))


def by_vpype(paths: list[Path], commands: str) -> float:
    """Pen-up mm of vpype's order of the same strokes."""
    lines = vpype.LineCollection([flatten(p, 0.05) @ np.array([1, 1j]) * PX_PER_MM for p in paths])
    document = vpype_cli.execute(commands, document=vpype.Document(lines))
    return float(document.layers[1].pen_up_length()[0]) / PX_PER_MM


def by_lkh(paths: list[Path]) -> float:
    """Pen-up mm of LKH's tour through the strokes."""
    import elkai  # noqa: PLC0415 - optional

    ends = np.stack([p[[0, -1]] for p in paths]).reshape(-1, 2)
    gaps = np.rint(np.hypot(*(ends[:, None] - ends[None]).transpose(2, 0, 1)) * 1000).astype(int)
    count = len(ends)
    matrix = np.zeros((count + 1, count + 1), dtype=int)  # the last node is at no distance: the tour may begin anywhere
    matrix[:count, :count] = gaps + FIXED
    matrix[count, :count] = matrix[:count, count] = FIXED
    own = np.arange(count)
    matrix[own, own ^ 1] = 0
    tour = elkai.DistanceMatrix(matrix.tolist()).solve_tsp()[:-1]
    start = tour.index(count)
    tour = tour[start + 1 :] + tour[:start]
    return float(sum(np.hypot(*(ends[a] - ends[b])) for a, b in zip(tour[1::2], tour[2::2], strict=False)))


def report(name: str, made: Callable[[], float], base: float | None) -> float:
    """Print one row; the seconds are this process's own."""
    started = time.process_time()
    travel = made()
    seconds = time.process_time() - started
    ratio = f"{travel / base:6.3f} x" if base else " " * 8
    print(f"  {name:34} {travel:12,.0f} mm {ratio} {seconds:8.2f} s")
    return travel


def main() -> None:
    """Print a table for each number of strokes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strokes", default="500,2000,50000")
    parser.add_argument("--lkh", action="store_true", help="solve with LKH too, up to 2000 strokes")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    order(random_cubics(50, 0))  # compile
    pen, machine = load_pens("basic-12").pens[0], load_machine("axidraw")
    for count in (int(n) for n in given.strokes.split(",")):
        paths = random_cubics(count, given.seed)
        print(f"{count} strokes, {lengths(paths).sum() / 1000:.1f} m of line on A4")
        base = None
        if given.lkh and count <= 2000:
            if importlib.util.find_spec("elkai") is None:
                print("  LKH: 'pip install elkai' to compare with it")
            else:
                base = report("LKH (near optimal)", lambda paths=paths: by_lkh(paths), None)
        ours: list[Path] = []
        mine = report("plotart", lambda paths=paths, ours=ours: pen_up_length(_keep(ours, order(paths))), base)
        base = base or mine
        report("vpype linemerge linesort", lambda paths=paths: by_vpype(paths, "linemerge linesort"), base)
        report("... --two-opt", lambda paths=paths: by_vpype(paths, "linemerge linesort --two-opt"), base)
        report("as drawn", lambda paths=paths: pen_up_length(paths), base)
        for name, strokes in (("as drawn", paths), ("plotart", ours)):
            minutes = estimate(Plot(page("a4"), 10, [Layer(pen, strokes)]), machine).minutes
            print(f"  minutes on an AxiDraw, {name:11} {minutes:12.1f}")


def _keep(store: list[Path], paths: list[Path]) -> list[Path]:
    store[:] = paths
    return paths


if __name__ == "__main__":
    main()
