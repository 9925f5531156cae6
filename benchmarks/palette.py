"""What pens leave of free colours: the palette learned by the strokes against k-means, for neurons and photographs.

The setting: a square canvas, strokes whose tip is 1.5 px, K pens of basic-12 and the same number of steps for both.

free     free colours under `multiply`, five eighths of the steps
kmeans   these, then k-means in Lab, centres matched one to one to pens, and the other three eighths on the points
learned  the default stages of `--palette learned`, or for a photograph those of the config image, in which a colour
         separation finds pens and places, scaled to the same number of steps
all      with --all, learned with every pen of the set: what its colours allow

What is kept is compared with free: the mean activation on the clean page; of a photograph, the share of a blank page's
mean CIEDE2000 (S-CIELAB) seen from two metres that the drawing takes away. For photographs the last column is that
CIEDE2000 itself: free, kmeans, learned, all. All drawings of a photograph have the objectives of the config image.

    python benchmarks/palette.py [--neurons conv4_3:12,...] [--photos chelsea,...] [--seeds 0,1,2] [--counts 3,4]
                                [--all]
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from scipy import stats
from skimage import data

from plotart import Config, generate
from plotart.core.images import save_image
from plotart.core.shipped import find_config
from plotart.core.vision import scielab_difference
from plotart.objectives.pixels import Pixels
from plotart.pens import load_pens
from plotart.runs.prepare import prepare
from plotart.runs.schedule import usual_stages

NEURONS = "conv4_3:12,conv4_3:300,conv4_2:100,conv4_1:50,conv3_3:40,conv3_1:20"
PHOTOS = "chelsea,astronaut,coffee,rocket"
TIP_PX, STROKES, FREE_SHARE = 1.5, 512, 0.625
ALL_PENS = len(load_pens("basic-12").pens)


def settings(subject: dict[str, object], seed: int, options: argparse.Namespace) -> dict[str, object]:
    """The changes to the default config that both palettes share."""
    side = 0.4 / TIP_PX * options.size
    return {
        **subject,
        "page.size": f"{side:.4f}x{side:.4f}mm",
        "page.margin": 0,
        "size": options.size,
        "primitive.count": STROKES,
        "threads": options.threads,
        "seed": seed,
    }


def stages(palette: str, steps: int, picture: bool) -> list[dict[str, object]]:
    """The stages of a palette in the benchmark, `steps` in all."""
    if palette == "kmeans":
        free = round(FREE_SHARE * steps)
        return [{"kind": "fit", "steps": free}, {"kind": "quantize"}, {"kind": "fit", "steps": steps - free}]
    usual = Config.load("image", {"objectives.pixels.image": "-"}).stages if picture else usual_stages("learned")
    scaled = Config(stages=usual, steps=steps).scaled_stages()
    return Config(stages=scaled).model_dump(mode="json")["stages"]


def blank_error(changes: dict[str, object]) -> float:
    """Mean CIEDE2000 (S-CIELAB) of an empty page to the photograph seen from two metres, 0 for a neuron."""
    _, context, drawing = prepare(Config.load(None, changes), lambda line: None)
    pixels = context.objectives.get("pixels")
    if not isinstance(pixels, Pixels):
        return 0.0
    wanted = pixels.target[0].permute(1, 2, 0).double().numpy()
    px_per_mm = context.size / drawing.canvas.mm_per_unit
    return float(scielab_difference(wanted, np.ones_like(wanted), px_per_mm, 2000.0).mean())


def worth(figures: dict[str, Any], stage: str, blank: float) -> float:
    """What a stage of a run reached, so that 0 is nothing: excitation, or the share of the blank page's difference."""
    return figures["excitation"][stage] if "excitation" in figures else 1 - seen_error(figures, stage) / blank


def seen_error(figures: dict[str, Any], stage: str) -> float:
    """Mean CIEDE2000 (S-CIELAB) to the photograph seen from two metres; 0 for a neuron."""
    return figures["damage"]["picture"][1]["stages"][stage]["mean"] if "picture" in figures["damage"] else 0.0


MADE: dict[str, dict[str, Any]] = {}


def drawn(changes: dict[str, object]) -> dict[str, Any]:
    """The figures of a run; what was drawn before is not drawn again."""
    key = repr(changes)
    if key not in MADE:
        with tempfile.TemporaryDirectory() as folder:
            MADE[key] = generate(Config.load(None, changes), Path(folder) / "run").figures.by_name
    return MADE[key]


def compare(
    subject: dict[str, object], count: int, seed: int, options: argparse.Namespace
) -> tuple[dict[str, float], dict[str, float]]:
    """What free reaches; the shares that kmeans (before and after its last fit), learned and all keep; what is seen."""
    shared = settings(subject, seed, options)
    blank = blank_error(shared)
    kept: dict[str, float] = {}
    seen: dict[str, float] = {}
    for name, pens in (("kmeans", count), ("learned", count), *((("all", ALL_PENS),) if options.all else ())):
        palette = "kmeans" if name == "kmeans" else "learned"
        changes = {"pens.palette": palette, "pens.count": pens, "stages": stages(palette, options.steps, blank > 0)}
        figures = drawn({**shared, **changes})
        if name == "kmeans":
            free = worth(figures, "free", blank)
            kept |= {"free": free, "matched": worth(figures, "quantized", blank) / free}
            seen["free"] = seen_error(figures, "free")
        kept[name] = worth(figures, "final", blank) / free
        seen[name] = seen_error(figures, "final")
    kept["gained"] = kept["learned"] - kept["kmeans"]
    return kept, seen


def half_width(values: list[float]) -> float:
    """Half of the 95 % confidence interval of the mean, in per cent (Student's t); not a number of fewer than two."""
    if len(values) < 2:
        return math.nan
    t = float(stats.t.ppf(0.975, len(values) - 1))
    return 100 * t * statistics.stdev(values) / math.sqrt(len(values))


def told(rows: dict[str, list[dict[str, float]]], key: str) -> str:
    """The mean over all runs in per cent and its intervals: as if runs were independent, and over subjects' means."""
    runs = [row[key] for part in rows.values() for row in part]
    means = [statistics.mean(row[key] for row in part) for part in rows.values()]
    return f"{key} {100 * statistics.mean(runs):.1f} ± {half_width(runs):.1f} ({half_width(means):.1f}) %"


def subjects(options: argparse.Namespace, folder: Path) -> dict[str, dict[str, object]]:
    """By name, the part of the config that says what is drawn."""
    found: dict[str, dict[str, object]] = {}
    asked = yaml.safe_load(find_config("image").read_text())["objectives"]
    for neuron in filter(None, options.neurons.split(",")):
        found[neuron] = {"objectives.neuron.at": neuron, "network.name": "vgg16-hed"}
    for photo in filter(None, options.photos.split(",")):
        picture = torch.from_numpy(getattr(data, photo)()).permute(2, 0, 1).float() / 255
        side, height, width = min(picture.shape[1:]), *picture.shape[1:]
        top, left = (height - side) // 2, (width - side) // 2
        save_image(picture[:, top : top + side, left : left + side], folder / f"{photo}.png")
        found[photo] = {f"objectives.{name}": spec for name, spec in asked.items()} | {
            "objectives.pixels.image": str(folder / f"{photo}.png")
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurons", default=NEURONS)
    parser.add_argument("--photos", default=PHOTOS)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--counts", default="3,4")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--all", action="store_true", help="draw with every pen of the set, too")
    options = parser.parse_args()
    names = ("matched", "kmeans", "learned", *(("all",) if options.all else ()), "gained")
    print(" | ".join(f"{title:>12}" for title in ("subject", "K", "seed", "free", *names, "dE 2 m f/k/l/a")))
    with tempfile.TemporaryDirectory() as pictures:
        found = subjects(options, Path(pictures))
        for count in map(int, options.counts.split(",")):
            rows: dict[str, dict[str, list[dict[str, float]]]] = {"neurons": {}, "photographs": {}}
            for name, subject in found.items():
                part = rows["neurons" if "objectives.neuron.at" in subject else "photographs"].setdefault(name, [])
                for seed in map(int, options.seeds.split(",")):
                    kept, seen = compare(subject, count, seed, options)
                    part.append(kept)
                    shares = [f"{100 * kept[key]:10.0f} %" for key in names]
                    if "objectives.pixels.image" in subject:
                        shares.append(f"{' / '.join(f'{seen[key]:.1f}' for key in seen):>18}")
                    start = [f"{name:>12}", f"{count:12}", f"{seed:12}", f"{kept['free']:12.3g}"]
                    print(" | ".join([*start, *shares]), flush=True)
            for kind, by_name in rows.items():
                if by_name:
                    means = ", ".join(told(by_name, key) for key in names)
                    print(f"K = {count}, {kind}, of free, ± over runs (over {kind}): {means}", flush=True)


if __name__ == "__main__":
    main()
