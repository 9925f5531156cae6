"""What a style does to the dreams of neurons: the article's question, and the strength's dial.

Dreams alone, without strokes, of a small page at 1 px/mm. Every dream is a line of a file in --out, so that a bench
that was stopped goes on where it was.

    python benchmarks/style.py question --out DIR [--strengths 0,0.4,1] [--neurons 24] [--seeds 0,1]
    python benchmarks/style.py compare --out DIR
    python benchmarks/style.py dial --out DIR --neuron conv4_1:50 --picture dial.jpg
    python benchmarks/style.py step --out DIR --neuron conv4_3:12
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from neurons import NETWORK, PX_PER_MM, WHITE, fields, fixed, settings
from scipy.stats import wilcoxon
from torch import Tensor

from plotart import Config
from plotart.core.images import resize, to_pil
from plotart.networks import load_network
from plotart.networks.field import field_px
from plotart.objectives import Frame
from plotart.objectives.neuron import Neuron, parse_neuron
from plotart.runs.prepare import prepare
from plotart.stages import Context
from plotart.stages.judge import Evaluation
from plotart.stages.watch import Silent, Step
from plotart.sweep import Cell, compare, comparisons_text

STYLE = "mondrian.jpg"
SMALL: dict[str, Any] = {
    "page.size": "64x64mm", "page.margin": 0, "minutes": 14, "pens.count": 4,
    "stages.0.steps": 30, "stages.0.looks": 1, "objectives.style.balance_steps": 5,
}  # fmt: skip
LARGER: dict[str, Any] = {"page.size": "a6", "minutes": 30, "stages.0.steps": 40, "stages.0.looks": 1}
PX_MM = 1.0
"""mm of paper that are a pixel of what the network sees: as with 0.4 mm pens on A5."""


class Last(Silent):
    """Keeps the last look at the dream."""

    seen_last: Evaluation

    def seen(self, step: int, evaluation: Evaluation) -> None:
        self.seen_last = evaluation


class Dreams:
    """Dreams of neurons of one network, with a style or without; what takes long is made ready once."""

    def __init__(self, changes: Mapping[str, Any]) -> None:
        self.changes = dict(changes)
        self.network = load_network(NETWORK, report=lambda line: None)
        self.ready: dict[tuple[str, float], tuple[Any, Context, Any]] = {}

    def dream(self, neuron: str, strength: float, seed: int) -> tuple[dict[str, Any], Tensor]:
        """Figures, and the picture `[1, 3, H, W]`; a strength of 0 is no style, infinity the style alone."""
        layer = neuron.partition(":")[0]
        config, context, drawing = self._prepared(layer, strength)
        known = {**context.objectives, "neuron": Neuron(self.network, parse_neuron(neuron), "mean")}
        weights = dict(context.weights)
        for objective in known.values():
            if objective.balance is not None:
                objective.balance.reset()
        if strength == float("inf"):
            weights["neuron"] = 0.0
            known["style"].balance.value.fill_(1.0)
            known["style"].balance.steps = 0
        generator = torch.Generator().manual_seed(seed)
        context = replace(context, objectives=known, weights=weights, generator=generator)
        watch, started = Last(), time.process_time()
        config.stages[0](drawing, context, watch=watch)
        last = watch.seen_last
        enlarged = resize(last.image, *drawing.canvas.pixels(round(PX_PER_MM * drawing.canvas.mm_per_unit)))
        white = (enlarged >= WHITE).all(dim=1)[0].numpy()
        told = {
            "neuron": neuron, "strength": strength, "seed": seed, "excitation": last.excitation,
            "style": last.losses.get("style"), "white": float(white.mean()), "fields": fields(np.asarray(white)),
            "seconds": time.process_time() - started,
        }  # fmt: skip
        return told, last.image

    def _prepared(self, layer: str, strength: float) -> tuple[Any, Context, Any]:
        key = layer, strength
        if key not in self.ready:
            motif = PX_MM * field_px(self.network, layer)
            own = {"motif": motif, **self.changes}
            if not strength:
                own = {address: value for address, value in own.items() if not address.startswith("objectives.style.")}
            else:
                pull = min(strength, 1e3)
                own |= {"objectives.style.image": STYLE, "objectives.style.strength": pull}
            config = Config.load("dream", settings(f"{layer}:0", 0, own))
            self.ready[key] = prepare(config, lambda line: None)
        return self.ready[key]


def told_before(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def question(out: Path, strengths: list[float], neurons: list[str], seeds: list[int]) -> None:
    file = out / "question.jsonl"
    done = {(told["neuron"], told["strength"], told["seed"]) for told in told_before(file)}
    dreams = Dreams(SMALL)
    for seed in seeds:
        for neuron in neurons:
            for strength in strengths:
                if (neuron, strength, seed) not in done:
                    told, _ = dreams.dream(neuron, strength, seed)
                    with file.open("a") as lines:
                        lines.write(json.dumps(told) + "\n")


def compared(out: Path) -> None:
    """Each strength against none: as `plotart sweep --compare` tells it, the median of ratios, and a paired test."""
    by_strength: dict[float, dict[tuple[str, int], float]] = {}
    for told in told_before(out / "question.jsonl"):
        by_strength.setdefault(told["strength"], {})[told["neuron"], told["seed"]] = told["excitation"]
    plain = by_strength.pop(0.0)
    by_strength = {s: {key: value for key, value in each.items() if key in plain} for s, each in by_strength.items()}
    for strength, found in sorted(by_strength.items()):
        figures = {}
        for (neuron, seed), value in found.items():
            for style, excited in ((None, plain[neuron, seed]), (f"strength {strength:g}", value)):
                figures[Cell(f"{neuron}_{style}_{seed}", neuron, style, seed)] = {"excitation": {"svg": excited}}
        print(comparisons_text(compare(figures)))
        names = dict.fromkeys(neuron for neuron, _ in found)
        pairs = np.array(
            [[np.mean([each[key] for key in found if key[0] == name]) for each in (plain, found)] for name in names]
        )
        ratios = pairs[:, 1] / pairs[:, 0]
        both = [name for name in names if all(found[key] > plain[key] for key in found if key[0] == name)]
        print(
            f"  median ratio {np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f}); Wilcoxon's p "
            f"{wilcoxon(pairs[:, 1], pairs[:, 0]).pvalue:.2g}; more with every seed: {', '.join(both) or 'none'}"
        )


def dial(out: Path, neuron: str, strengths: list[float], picture: Path, height: int) -> None:
    """One neuron from no style to the style alone."""
    dreams, cells = Dreams(LARGER), []
    for strength in strengths:
        told, image = dreams.dream(neuron, strength, 0)
        with (out / "dial.jsonl").open("a") as lines:
            lines.write(json.dumps(told) + "\n")
        print(json.dumps(told), flush=True)
        cells.append(resize(image[0], height, round(height * image.shape[3] / image.shape[2])))
    to_pil(torch.cat(cells, dim=2)[None]).convert("RGB").save(picture, quality=85)


class Clock(Silent):
    """Between every two steps of a dream the bare network's, so that a busy machine is busy for both."""

    def __init__(self, bare: Callable[[], None]) -> None:
        self.bare, self.dreams, self.bares = bare, list[float](), list[float]()
        self.last = time.process_time()

    def step(self, done: Step) -> None:
        ended = time.process_time()
        self.bare()
        begun = time.process_time()
        self.dreams.append(begun - self.last - (begun - ended))
        self.bares.append(begun - ended)
        self.last = begun


def step(neuron: str, steps: int) -> None:
    """CPU time of a dream's step on A5 over the network's alone, without a style and with one."""
    dreams, layer = (
        Dreams({"stages.0.steps": steps, "stages.0.looks": 1, "stages.0.narrow": [0.05]}),
        neuron.split(":", maxsplit=1)[0],
    )

    for strength in (0.0, 1.0):
        config, context, drawing = dreams._prepared(layer, strength)
        size = drawing.canvas.pixels(context.network_size)
        objective = Neuron(dreams.network, parse_neuron(neuron), "mean")

        def bare(size: tuple[int, int] = size, objective: Neuron = objective) -> None:
            image = torch.full((1, 3, *size), 0.5, requires_grad=True)
            objective(Frame(image, network=dreams.network, layers=objective.layers)).backward()

        bare()
        clock = Clock(bare)
        config.stages[0](drawing, context, watch=clock)
        parts = {"all": slice(1, None), "weights found": slice(21, None)}
        ratios = {name: sum(clock.dreams[part]) / sum(clock.bares[part]) for name, part in parts.items()}
        middle = float(np.median(clock.dreams[21:])) / float(np.median(clock.bares[21:]))
        told = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
        print(
            f"style strength {strength:g}: {told}, ratio of medians {middle:.2f}; bare {np.median(clock.bares):.3f} s"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("question", "compare", "dial", "step"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--strengths", default="0,0.4,1")
    parser.add_argument("--neurons", type=int, default=24)
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--neuron", default="conv4_1:50")
    parser.add_argument("--picture", type=Path, default=Path("dial.jpg"))
    parser.add_argument("--height", type=int, default=360)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    strengths = [float(each) for each in options.strengths.split(",")]
    if options.command == "question":
        neurons = fixed(load_network(NETWORK, report=lambda line: None), options.neurons)
        question(options.out, strengths, neurons, [int(seed) for seed in options.seeds.split(",")])
    elif options.command == "compare":
        compared(options.out)
    elif options.command == "step":
        step(options.neuron, 50)
    else:
        dial(options.out, options.neuron, strengths, options.picture, options.height)


if __name__ == "__main__":
    main()
