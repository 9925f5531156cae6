"""Neurons dreamed in pens and then drawn: the figures of docs/neurons.md.

Twelve neurons and six more are drawn by `SEED` among the live units of four layers. Each arm of a neuron leaves a run
folder and a JSON file in --out, outside the repository, so that a bench that was stopped goes on where it was.

    python benchmarks/neurons.py run before,pixels,pens,hour --out DIR [--neurons twelve|six|LAYER:UNIT,...]
    python benchmarks/neurons.py table --out DIR
    python benchmarks/neurons.py sheet --out DIR --arm hour --picture sheet.jpg

Everything is measured on the written SVG, drawn by resvg: its excitation at the network's scale (and, to compare runs
that look at the page at different scales, at `SCALES`), white paper, white fields, crossings.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import torch
import yaml
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn import functional as F

from plotart import Config, generate
from plotart.core.geometry import flatten
from plotart.core.images import load_image, resize, save_image, to_pil
from plotart.drawing import Drawing
from plotart.drawing.drawing import FILE
from plotart.drawing.primitives.tones import SLOPE, tones
from plotart.networks import Network, load_network
from plotart.networks.contact import probe_images, survey
from plotart.objectives import Frame
from plotart.objectives.neuron import Neuron, parse_neuron
from plotart.plot import Plot
from plotart.plot.written import make_plot
from plotart.runs.paper import on_paper
from plotart.runs.prepare import prepare
from plotart.stages.dream import mirrored

SEED = 15
LAYERS = ("conv3_3", "conv4_1", "conv4_2", "conv4_3")
KNOWN = {"conv4_3:12", "conv4_3:77", "conv4_3:300", "conv4_1:50", "conv4_2:40", "conv4_3:200", "conv3_3:60"}
"""Neurons on which the method was tried and tuned; none of the drawn ones is among them."""
NETWORK = "vgg16-hed"
SCALES = (128, 256)
"""Short sides, px, at which every drawing is shown to the network."""
WHITE = 0.9
"""Paper is where no channel is below."""
PX_PER_MM = 3.0
FIELD_MM = 2.0
"""A white field holds a disc of this diameter."""

COLOURS = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])
"""Directions of colour in which photographs vary independently (C. Olah et al., "Feature visualization", 2017)."""

NEURON: dict[str, dict[str, Any]] = {
    "hour": {"minutes": 60},
    "half": {"minutes": 30},
    "quarter": {"minutes": 15},
    "eight": {"minutes": 8},
    "five": {"minutes": 5},
    "style": {"minutes": 60, "objectives.style.image": "mondrian.jpg", "objectives.style.strength": 1.0},
}
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "before": ("random", {"minutes": 60}),
    "pens": ("dream", {"minutes": None, "stages.0.ink": 50.0, "pens.count": 4}),
    **{name: ("neuron", changes) for name, changes in NEURON.items()},
}


def fixed(network: Network, count: int = 18) -> list[str]:
    """The neurons of this benchmark, in the order in which they are drawn."""
    generator = torch.Generator().manual_seed(SEED)
    pictures, found = probe_images(160), []
    marks = {layer: survey(network, layer, pictures).marks for layer in LAYERS}
    while len(found) < count:
        layer = LAYERS[int(torch.randint(len(LAYERS), (), generator=generator))]
        unit = int(torch.randint(network.units(layer), (), generator=generator))
        name = f"{layer}:{unit}"
        if marks[layer][unit] == "live" and name not in KNOWN and name not in found:
            found.append(name)
    return found


def settings(neuron: str, seed: int, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "objectives.neuron.at": neuron,
        "network.name": NETWORK,
        "pens.set": "basic-12",
        "seed": seed,
        "threads": 1,
        **changes,
    }


def drawn(arm: str, neuron: str, seed: int, folder: Path, network: Network, more: Mapping[str, Any]) -> dict[str, Any]:
    """One run of the program, and what is measured on its page."""
    recipe, changes = ARMS[arm]
    config = Config.load(recipe, settings(neuron, seed, {**changes, **more}))
    started = time.process_time()
    run = generate(config, folder, force=True)
    told: dict[str, Any] = {"seconds": time.process_time() - started, **run.figures.by_name["excitation"]}
    drawing = Drawing.load(folder / FILE) if (folder / FILE).exists() else None
    if drawing is None:
        return told
    plot = make_plot(drawing)
    plotted = run.figures.by_name["plot"]
    told |= {"minutes": plotted["minutes"], "ink_m": plotted["ink_mm"] / 1000}
    return told | measured(plot, drawing, neuron, network)


def measured(plot: Plot, drawing: Drawing, neuron: str, network: Network) -> dict[str, Any]:
    """What paper shows of a plot: excitations by scale, white paper and fields, crossings for a metre of ink."""
    mm = drawing.canvas.mm_per_unit
    image = on_paper(plot, drawing, round(PX_PER_MM * mm)).image
    white = (image >= WHITE).all(dim=1)[0].numpy()
    told: dict[str, Any] = {"white": float(white.mean()), "fields": fields(white)}
    told |= {f"at {side}": excitation(image, side, neuron, network) for side in SCALES}
    crossings, ink_m = crossed(plot)
    return told | {"crossings": crossings / ink_m if ink_m else 0.0}


def fields(white: np.ndarray[Any, Any]) -> float:
    """Share of the page that is white after an opening by a disc of `FIELD_MM`."""
    radius = FIELD_MM / 2 * PX_PER_MM
    inside = distance_transform_edt(np.pad(white, 1, mode="edge")) >= radius
    return float((distance_transform_edt(~inside) < radius)[1:-1, 1:-1].mean()) if inside.any() else 0.0


@torch.no_grad()
def excitation(image: Tensor, side: int, neuron: str, network: Network) -> float:
    """Mean activation on an image `[1, 3, H, W]` made `side` px small."""
    scale = side / min(image.shape[-2:])
    shown = F.interpolate(image, [round(scale * length) for length in image.shape[-2:]], mode="area")
    objective = Neuron(network, parse_neuron(neuron))
    return float(objective.excitation(Frame(shown, network=network, layers=objective.layers)))


def crossed(plot: Plot) -> tuple[int, float]:
    """How often strokes of one pen cross others of it (not themselves), and metres of ink."""
    count, length = 0, 0.0
    for layer in plot.layers:
        lines = [shapely.LineString(flatten(path, 0.02)) for path in layer.paths]
        length += sum(line.length for line in lines)
        tree = shapely.STRtree(lines)
        first, second = tree.query(lines, predicate="crosses")
        count += sum(
            shapely.get_num_geometries(shapely.intersection(lines[i], lines[j]))
            for i, j in zip(first.tolist(), second.tolist(), strict=True)
            if i < j
        )
    return int(count), length / 1000


def free_pixels(neuron: str, seed: int, picture: Path, network: Network) -> dict[str, Any]:
    """The dream of free pixels: the spectra, views, steps and rates of the stage `dream`, without pens and ink."""
    config = Config.load("dream", settings(neuron, seed, {"minutes": None}))
    config, context, drawing = prepare(config, lambda line: None)
    stage = config.stages[0]
    canvas, side = drawing.canvas, context.network_size or context.size
    objective = Neuron(network, parse_neuron(neuron))
    planes = tones(canvas, side, 3, 0.0, 100.0, context.generator)
    optimizer = torch.optim.Adam(planes.parameters(), lr=stage.rate, eps=1e-12)
    size = canvas.pixels(side)
    basis = COLOURS / COLOURS.norm(dim=0).max()

    def image() -> Tensor:
        x = torch.fft.irfft2(torch.view_as_complex(planes.spectrum) * planes.gain, s=size, norm="ortho")
        return torch.sigmoid(4 * SLOPE * torch.einsum("rk,khw->rhw", basis, x))[None]

    started = time.process_time()
    for step in range(stage.steps):
        optimizer.param_groups[0]["lr"] = stage.rate * min(1.0, 2.2 * (1 - step / stage.steps))
        whole = mirrored(context.transform.jitter, size, image())
        views = (min(context.transform.view, size[0]), min(context.transform.view, size[1]))
        warp = context.transform.sample(context.generator, 1, (whole.shape[-2], whole.shape[-1]), views, 0)
        seen = Frame(whole, warp.apply(whole), network=network, layers=objective.layers)
        optimizer.zero_grad()
        (-objective.excitation(seen)).backward()
        optimizer.step()
    with torch.no_grad():
        found = image()
    save_image(found, picture)
    return {"free": excitation(found, side, neuron, network), "seconds": time.process_time() - started}


def run(arms: list[str], neurons: list[str], out: Path, seeds: list[int], more: Mapping[str, Any], name: str) -> None:
    network = load_network(NETWORK, report=lambda line: None)
    torch.set_num_threads(1)
    for arm in arms:
        for neuron in neurons:
            for seed in seeds:
                stem = f"{arm}{name}-{neuron.replace(':', '-')}" + (f"-{seed}" if seed else "")
                if (out / f"{stem}.json").exists():
                    continue
                if arm == "pixels":
                    told = free_pixels(neuron, seed, out / f"{stem}.png", network)
                else:
                    told = drawn(arm, neuron, seed, out / stem, network, more)
                told = {"arm": arm + name, "neuron": neuron, "seed": seed, **told}
                (out / f"{stem}.part").write_text(json.dumps(told) + "\n")
                (out / f"{stem}.part").replace(out / f"{stem}.json")
                print(json.dumps(told), flush=True)


def results(out: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """What was measured, by arm and neuron; the mean of the seeds."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for file in sorted(out.glob("*.json")):
        told = json.loads(file.read_text())
        found.setdefault(told["arm"], {}).setdefault(told["neuron"], []).append(told)
    return {
        arm: {
            neuron: {
                key: statistics.mean(told[key] for told in runs)
                for key, value in runs[0].items()
                if isinstance(value, int | float) and all(isinstance(told.get(key), int | float) for told in runs)
            }
            for neuron, runs in by_neuron.items()
        }
        for arm, by_neuron in found.items()
    }


def table(out: Path) -> None:
    """Every arm's figures by neuron, and the lines of the table in docs/neurons.md."""
    found = results(out)
    keys = ("free", "final", "svg", "at 128", "at 256", "minutes", "ink_m", "white", "fields", "crossings", "seconds")
    for arm, by_neuron in found.items():
        print(f"\n{arm}: {len(by_neuron)} neurons")
        for neuron, told in by_neuron.items():
            print(f"  {neuron:>12} " + "  ".join(f"{key} {told[key]:.3g}" for key in keys if key in told))
    print()
    lines: list[tuple[str, str, str, Callable[[dict[str, Any], dict[str, Any]], float]]] = [
        ("SVG, share of the pens' dream at the same ink", "hour", "hour", lambda a, b: a["svg"] / a["free"]),
        ("SVG against the default before, an hour", "hour", "before", lambda a, b: a["svg"] / b["svg"]),
        ("SVG against the default before, half an hour", "half", "before", lambda a, b: a["svg"] / b["svg"]),
        ("pens' dream, ink free, share of free pixels", "pens", "pixels", lambda a, b: a["free"] / b["free"]),
        ("white paper at 30 minutes", "half", "half", lambda a, b: a["white"]),
        ("white fields gained by the style", "style", "hour", lambda a, b: a["fields"] - b["fields"]),
        ("excitation kept with the style", "style", "hour", lambda a, b: a["svg"] / b["svg"]),
        ("crossings for a metre", "hour", "hour", lambda a, b: a["crossings"]),
        ("crossings for a metre, before", "before", "before", lambda a, b: a["crossings"]),
    ]
    never = {neuron for by_neuron in found.values() for neuron, told in by_neuron.items() if told["free"] <= 0}
    if never:
        print(f"left out below, for a share of what is not excited at all says nothing: {', '.join(sorted(never))}")
    for title, arm, other, figure in lines:
        a, b = found.get(arm, {}), found.get(other, {})
        values = [figure(a[neuron], b[neuron]) for neuron in a if neuron in b and neuron not in never]
        if values:
            low, high = min(values), max(values)
            print(f"{title}: {statistics.mean(values):.3f} ({low:.3f} to {high:.3f}; {len(values)} neurons)")


def sheet(out: Path, arm: str, neurons: list[str], picture: Path, columns: int, height: int) -> None:
    """A contact sheet of an arm's pages."""
    cells = []
    for neuron in neurons:
        page = out / f"{arm}-{neuron.replace(':', '-')}" / "preview.png"
        if page.exists():
            image = load_image(page)
            cells.append(resize(image, height, round(height * image.shape[2] / image.shape[1])))
    if not cells:
        raise SystemExit(f"{out} holds no page of {arm}")
    rows = [torch.cat(cells[i : i + columns], dim=2) for i in range(0, len(cells), columns)]
    width = rows[0].shape[2]
    rows = [F.pad(row, (0, width - row.shape[2], 0, 0), value=1.0) for row in rows]
    to_pil(torch.cat(rows, dim=1)[None]).convert("RGB").save(picture, quality=80)


def named(output: Tensor) -> Tensor:
    return output / output.norm(dim=1, keepdim=True)


@torch.no_grad()
def recognized(out: Path, arm: str, neurons: list[str]) -> None:
    """How many pages a network that was not optimized for names: nearest dream of free pixels, by cosine.

    Features are means over the positions of three deep layers of efficientnet-lite0. Drawings are sparse and dreams
    are not, so what all dreams, and what all pages, have in common is taken off first; without that, too.
    """
    network = load_network("efficientnet-lite0", report=lambda line: None)
    layers = network.layers[-4:-1]

    def features(file: Path) -> Tensor:
        image = load_image(file)[None]
        seen = resize(image[0], 380, round(380 * image.shape[3] / image.shape[2]))[None]
        return torch.cat([named(f.relu().mean((2, 3))) for f in network.features(seen, layers).values()], dim=1)

    stems = [neuron.replace(":", "-") for neuron in neurons]
    stems = [stem for stem in stems if (out / f"pixels-{stem}.png").exists()]
    drawn = [i for i, stem in enumerate(stems) if (out / f"{arm}-{stem}" / "preview.png").exists()]
    if not drawn:
        raise SystemExit(f"{out} holds no page of {arm} with a dream of free pixels")
    dreams = torch.cat([features(out / f"pixels-{stem}.png") for stem in stems])
    pages = torch.cat([features(out / f"{arm}-{stems[i]}" / "preview.png") for i in drawn])
    for title, a, b in (("as they are", pages, dreams), ("centred", pages - pages.mean(0), dreams - dreams.mean(0))):
        right = (named(a) @ named(b).T).argmax(1) == torch.tensor(drawn)
        print(f"{arm}, {title}: {int(right.sum())} of {len(drawn)} are named, among {len(stems)} dreams")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("neurons", "run", "table", "sheet", "recognized"))
    parser.add_argument("arms", nargs="?", default="hour", help=f"of {', '.join(['pixels', *ARMS])}")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--neurons", default="all", help="six, twelve, last (six), all, or LAYER:UNIT,...")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--set", action="append", default=[], metavar="ADDRESS=VALUE")
    parser.add_argument("--name", default="", help="added to the arm's name, for other settings")
    parser.add_argument("--picture", type=Path, default=Path("sheet.jpg"))
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--height", type=int, default=420)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    parts = {"six": slice(0, 6), "twelve": slice(0, 12), "last": slice(12, 18), "all": slice(0, 18)}
    if options.neurons in parts:
        neurons = fixed(load_network(NETWORK, report=lambda line: None))[parts[options.neurons]]
    else:
        neurons = options.neurons.split(",")
    more = {key: yaml.safe_load(value) for key, _, value in (each.partition("=") for each in options.set)}
    if options.command == "neurons":
        print(" ".join(neurons))
    elif options.command == "run":
        seeds = [int(seed) for seed in options.seeds.split(",")]
        run(options.arms.split(","), neurons, options.out, seeds, more, options.name)
    elif options.command == "table":
        table(options.out)
    elif options.command == "sheet":
        sheet(options.out, options.arms, neurons, options.picture, options.columns, options.height)
    else:
        recognized(options.out, options.arms, neurons)


if __name__ == "__main__":
    main()
