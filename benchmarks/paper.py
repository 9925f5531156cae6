"""How near a drawing in four pens comes to a photograph on paper: colours from two metres, details from half a metre.

    python benchmarks/paper.py [--pictures astronaut,chelsea] [--hours 1] [--set ADDRESS=VALUE ...] [--keep FOLDER]

Four pens (#1a1a1a #0077b6 #d0006f #f2c200, tips of 0.4 mm), A5 with margins of 10 mm. The written SVG is judged: each
pen's layer is rasterized alone by resvg at 8 px/mm, strokes of a pen unite, pens multiply in linear light.

- dE00: mean CIEDE2000 to the picture after a Gaussian of one arc minute at that distance (0.582 mm at 2 m, 0.145 mm at
  0.5 m).
- detail: correlation of L* with the picture's after the Gaussian of 0.5 m, less a coarse part (20 arc minutes, 2.9 mm);
  face: the same in the square of one and a half times the side of the largest face that scikit-image's cascade finds.
- layers: of ink, on the densest square millimetre.
- minutes: AxiDraw's by plotart.plot.motion, pen changes not counted: `--minutes` is an hour and what they take.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from skimage import data

import plotart
from plotart.cli.flags import gather
from plotart.core.color import ciede2000, to_lab, to_linear, to_srgb
from plotart.core.images import blur, load_image, resize, save_image
from plotart.core.salience import faces
from plotart.core.vision import eye_blur_mm
from plotart.drawing.ink import Penned
from plotart.drawing.ink_load import load_of_paths
from plotart.objectives.structure import details
from plotart.plot.motion import estimate, load_machine
from plotart.plot.rasterize import coverage_planes
from plotart.plot.read import read_svg
from plotart.runs.posters import drawing_area

PENS = "#1a1a1a,#0077b6,#d0006f,#f2c200"
PX_PER_MM = 8


def judge(folder: Path, picture: Path) -> dict[str, float]:
    """The figures of a run's written SVG."""
    config = plotart.Config.load(folder / "config.yaml")
    told = json.loads((folder / "run.json").read_text())
    found = judge_svg(folder / "drawing.svg", config, picture)
    changes = load_machine(config.machine).pen_change_seconds * (len(told["pens"]) - 1) / 60
    found["minutes"] = told["plot"]["minutes"] - changes
    return found | {"wall s": told["seconds"]}


def judge_svg(drawn_svg: Path, config: plotart.Config, picture: Path) -> dict[str, float]:
    """The figures of an SVG whose layers are pens, on the page and with the composition of a config."""
    wanted = load_image(picture)
    framing, canvas = config.composition.framing(wanted, lambda fit: drawing_area(config, fit), "picture")
    size = round(PX_PER_MM * canvas.mm_per_unit)
    plot = read_svg(drawn_svg)
    pens = [layer.pen for layer in plot.layers]
    planes = torch.from_numpy(coverage_planes(drawn_svg, canvas, size)).float()
    paper = Penned(pens, torch.zeros(0, dtype=torch.long)).compose(1 - planes, canvas.paper_rgb)[None]
    save_image(paper, drawn_svg.with_suffix(".paper.png"))
    target = resize(framing.of(wanted), *canvas.pixels(size))[None]
    found = {}
    for distance in (2000, 500):
        seen = [
            to_lab(to_srgb(blur(to_linear(image), eye_blur_mm(distance) * PX_PER_MM))[0].permute(1, 2, 0).numpy())
            for image in (paper, target)
        ]
        found[f"dE00 at {distance / 1000:g} m"] = float(ciede2000(*seen).mean())
    drawn, asked = (details(image, PX_PER_MM, 500)[0, 0] for image in (paper, target))
    found["detail"] = correlation(drawn, asked)
    for x, y, side in faces(framing.of(wanted))[:1]:
        height, width = drawn.shape
        reach = 0.75 * side * min(height, width)
        rows, columns = (
            slice(max(0, round(at * length - reach)), round(at * length + reach))
            for at, length in ((y, height), (x, width))
        )
        found["face"] = correlation(drawn[rows, columns], asked[rows, columns])
    sides = (plot.page.width_mm, plot.page.height_mm)
    found["layers"] = float(load_of_paths([(layer.paths, layer.pen.tip_mm) for layer in plot.layers], sides).max())
    machine = load_machine(config.machine)
    spent = estimate(plot, machine)
    found["minutes"] = spent.minutes - machine.pen_change_seconds * (len(pens) - 1) / 60
    return found | {"ink m": spent.ink_mm / 1000, "lifts": spent.lifts}


def told(found: dict[str, float]) -> str:
    return "  ".join(f"{key} {value:.4g}" for key, value in found.items())


def mean(rows: list[dict[str, float]]) -> dict[str, float]:
    """Of what all rows have."""
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0] if all(key in row for row in rows)}


def picture_file(name: str, folder: Path) -> Path:
    """A picture by its name in `skimage.data`, written to the folder, or a file of the user's."""
    if Path(name).exists():
        return Path(name)
    file = folder / f"{name}.png"
    folder.mkdir(parents=True, exist_ok=True)
    found = np.atleast_3d(getattr(data, name)())
    rgb = np.broadcast_to(found[..., :3], (*found.shape[:2], 3)).copy()
    save_image(torch.from_numpy(rgb).permute(2, 0, 1) / 255, file)
    return file


def correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(np.corrcoef(a.flatten().numpy(), b.flatten().numpy())[0, 1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", default="astronaut,chelsea", help="names in skimage.data, or files")
    parser.add_argument("--pens", default=PENS)
    parser.add_argument("--palette", default="fixed")
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--set", dest="sets", action="append", default=[], metavar="ADDRESS=VALUE")
    parser.add_argument("--keep", type=Path, help="folder that keeps the runs")
    given = parser.parse_args()
    changes_s = load_machine("axidraw").change_seconds(4)
    with tempfile.TemporaryDirectory() as scratch:
        base = given.keep or Path(scratch)
        rows = []
        for name in given.pictures.split(","):
            picture = picture_file(name, base)
            changes = {
                "objectives.pixels.image": str(picture),
                "pens.set": given.pens,
                "pens.palette": given.palette,
                "minutes": 60 * given.hours + changes_s / 60,
                **gather({}, tuple(given.sets)),
            }
            spent = time.process_time()
            run = plotart.generate(plotart.Config.load("image", changes), base / picture.stem, force=True)
            rows.append(judge(run.folder, picture) | {"CPU s": time.process_time() - spent})
            print(f"{picture.stem:12}", told(rows[-1]), flush=True)
        if len(rows) > 1:
            print(f"{'mean':12}", told(mean(rows)))


if __name__ == "__main__":
    main()
