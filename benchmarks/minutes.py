"""What pruning with refits is worth: a run with `--minutes M` against cutting strokes off the unconstrained run.

One run to the end without a limit; then, for each share of the minutes it draws (pen changes stay), the prune stage
that `--minutes` adds, and cuts of the same drawing to the same time: the shortest strokes first, at random, the last
ones, and those that contribute least for a second, all without a refit; and strokes at random, followed by as many
steps of refit as the prune stage has. The figure is the weighted objective on the clean image (lower is better); for a
neuron its excitation too.

    python benchmarks/minutes.py [--only photo,neuron] [--shares 0.5,0.25] [--steps 200]
    python benchmarks/minutes.py --grid [--pages a6,a5,a4,a3] [--minutes 20,60,120] [--steps 40]

With --grid, whether minutes are kept: photographs on pages of all sizes, the plot as it is written (AxiDraw, pen
changes included) in shares of the minutes asked for. What is below .9 or above 1 is marked, unless all of the picture's
ink was drawn in less.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import torch
from skimage import data

from plotart import Config
from plotart.core.images import resize, save_image
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.plot.motion import estimate
from plotart.plot.written import make_plot
from plotart.runs.prepare import prepare
from plotart.stages import Context, Silent, evaluate
from plotart.stages.fit import Fit
from plotart.stages.prune import AIM, Prune, contributions, keep_within, plot_seconds, plot_time

SETTINGS: dict[str, dict[str, Any]] = {
    "photo": {"page.size": "a6", "size": 256, "primitive.count": 1500},
    "neuron": {"page.size": "a6", "size": 192, "primitive.count": 700, "network.name": "vgg16-hed"},
}


def unconstrained(kind: str, folder: Path, threads: int) -> tuple[Context, Drawing]:
    """The last drawing of a run without a limit, and its context."""
    changes: dict[str, Any] = {**SETTINGS[kind], "threads": threads}
    if kind == "photo":
        picture = torch.from_numpy(data.astronaut()).permute(2, 0, 1).float() / 255
        save_image(resize(picture, 320, 320), folder / "astronaut.png")
        config = Config.load("image", {**changes, "objectives.pixels.image": str(folder / "astronaut.png")})
    else:
        config = Config.load("neuron", {**changes, "objectives.neuron.at": "conv4_3:12"})
    config, context, drawing = prepare(config, lambda line: None)
    for spec in config.scaled_stages():
        drawing = spec(drawing, context, watch=Silent())
    return context, drawing


def refitted_cut(drawing: Drawing, context: Context, worth: torch.Tensor, limit: float, steps: int) -> Drawing:
    """Strokes cut to the share AIM of the time, refitted at the price of the prune stage, cut to the time again."""
    each = plot_time(drawing, context.machine, limit).each(drawing).detach()
    price = 60 * float(contributions(drawing, context).sum() / each.sum())
    kept = keep_within(drawing, worth, AIM * limit, context.machine)
    smaller = drawing.subset(kept)
    time_objective = plot_time(smaller, context.machine, AIM * limit)
    timed = replace(
        context,
        objectives={**context.objectives, "time": time_objective},
        weights={**context.weights, "time": price},
    )
    fit = Fit(steps=steps, rates={"points": 0.003}, schedule="cosine")
    fitted = fit(smaller, timed, watch=Silent())
    return fitted.subset(keep_within(fitted, worth[kept], limit, context.machine))


def report(name: str, drawing: Drawing, context: Context, seconds: float) -> None:
    """Print one row."""
    seen = evaluate(drawing, context)
    excitation = "" if seen.excitation is None else f"{seen.excitation:9.2f}"
    minutes = plot_seconds(drawing, context.machine) / 60
    print(f"  {name:42} {minutes:7.2f} min {len(drawing):6} strokes {seen.total:11.5f} {excitation} {seconds:6.0f} s",
          flush=True)  # fmt: skip


PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")


def grid(pages: list[str], minutes: list[float], steps: int, threads: int) -> None:
    """Print the share of its minutes that each plot takes, a row for each photograph and page."""
    outside = 0
    print("share of the minutes", *(f"{asked:g}" for asked in minutes), sep="\t")
    for name, page in product(PHOTOGRAPHS, pages):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "picture.png"
            save_image(torch.from_numpy(getattr(data, name)()[..., :3].copy()).permute(2, 0, 1) / 255, file)
            cells = []
            for asked in minutes:
                changes = {"objectives.pixels.image": str(file), "page.size": page, "minutes": asked}
                config = Config.load("image", {**changes, "steps": steps, "size": 256, "threads": threads})
                config, context, drawing = prepare(config, lambda line: None)
                told = Told()
                for stage in config.scaled_stages():
                    drawing = stage(drawing, context, watch=told)
                share = estimate(make_plot(drawing), context.machine).minutes / asked
                kept = share <= 1 and (share >= 0.9 or "afforded" not in told.figures)
                outside += not kept
                cells.append(f"{share:.3f}{'' if kept else ' !'}{'' if 'afforded' in told.figures else ' all'}")
        print(f"{name} {page}", *cells, sep="\t", flush=True)
    print(f"{outside} outside")


class Told(Silent):
    """Keeps what stages tell."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}

    def tell(self, name: str, figure: Any) -> None:
        self.figures[name] = figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="photo,neuron")
    parser.add_argument("--shares", default="0.5,0.25")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--grid", action="store_true")
    parser.add_argument("--pages", default="a6,a5,a4,a3")
    parser.add_argument("--minutes", default="20,60,120")
    given = parser.parse_args()
    if given.grid:
        asked = [float(minutes) for minutes in given.minutes.split(",")]
        return grid(given.pages.split(","), asked, given.steps or 40, given.threads)
    steps = given.steps or Prune().steps
    for kind in given.only.split(","):
        with tempfile.TemporaryDirectory() as folder:
            started = time.process_time()
            context, whole = unconstrained(kind, Path(folder), given.threads)
            spent = time.process_time() - started
        print(kind)
        report("unconstrained", whole, context, spent)
        assert isinstance(whole.ink, Penned)
        changes = context.machine.change_seconds(len(whole.ink.pens))
        before = plot_seconds(whole, context.machine)
        ranks = {
            "cut: shortest first": whole.primitive.lengths().detach(),  # type: ignore[operator]
            "cut: at random": torch.rand(len(whole), generator=torch.Generator().manual_seed(0)),
            "cut: last ones": -torch.arange(len(whole)).float(),
        }
        for share in map(float, given.shares.split(",")):
            limit = changes + share * (before - changes)
            for name, worth in ranks.items():
                started = time.process_time()
                kept = keep_within(whole, worth, limit, context.machine)
                report(name, whole.subset(kept), context, time.process_time() - started)
            started = time.process_time()
            each = plot_time(whole, context.machine, limit).each(whole).detach()
            worth = contributions(whole, context) / each
            kept = keep_within(whole, worth, limit, context.machine)
            report("cut: least contribution for a second", whole.subset(kept), context, time.process_time() - started)
            started = time.process_time()
            fitted = refitted_cut(whole, context, ranks["cut: at random"], limit, steps)
            report("cut at random, refitted", fitted, context, time.process_time() - started)
            started = time.process_time()
            pruned = Prune(steps=steps)(whole, replace(context, minutes=limit / 60), watch=Silent())
            report(f"--minutes {limit / 60:.1f}", pruned, context, time.process_time() - started)


if __name__ == "__main__":
    main()
