"""How well a photo of the chart tells what the pens do.

Each photo is synthesized anew: pens that differ from the set in colour, opacity and width (a third of them opaque
in every second photo), plotted stroke by stroke and photographed by hand: perspective, lens distortion, falling light,
vignetting, wrong white balance, blur, noise, JPEG at a quality of 80 to 95. Inks take turns in how strokes of
one pen add up: at every overlap, between passes only, or (with opacity 1 for transparent inks) never.

    python benchmarks/calibration.py [--photos 20] [--side 1600] [--pens basic-12] [--page a5]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from plotart.core.canvas import page
from plotart.core.color import ciede2000, hex_to_rgb, to_lab
from plotart.core.errors import InputError
from plotart.pens import load_pens
from plotart.pens.calibrate import calibrate
from plotart.plot.chart import make_chart

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.pens.photographed import Build, paper, photograph, random_camera, real_pens

BUILDS: tuple[Build, ...] = ("strokes", "passes", "never")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--side", type=int, default=1600, help="longer side of the photos in px")
    parser.add_argument("--pens", default="basic-12")
    parser.add_argument("--page", default="a5")
    options = parser.parse_args()
    plot, layout = make_chart(load_pens(options.pens), page(options.page))
    rows: list[tuple[float, ...]] = []
    right = refused = told = 0
    for number in range(options.photos):
        rng = np.random.default_rng(1000 + number)
        build = BUILDS[number % 3]
        inks = {}
        for index, (name, ink) in enumerate(real_pens(plot, rng, build).items()):
            opaque = number % 2 == 1 and index % 3 == 2
            opacity = 1.0 if build == "never" and not opaque else ink.opacity
            inks[name] = replace(ink, opaque=opaque, opacity=opacity)
        camera = random_camera(rng, options.side, round(0.75 * options.side))
        try:
            result = calibrate(photograph(paper(plot, inks), camera), layout)
        except InputError as error:
            refused += 1
            print(f"photo {number}: refused: {error}")
            continue
        mine = []
        for one in result.pens:
            ink = inks[one.pen.name]
            colour = float(ciede2000(to_lab(hex_to_rgb(one.pen.hex)), to_lab(ink.srgb)))
            opacity, width = one.pen.opacity - ink.opacity, one.pen.tip_mm / ink.tip_mm - 1
            mine.append((colour, opacity, width, one.colour_error, one.opacity_error, one.tip_error_mm / ink.tip_mm))
            right += one.pen.opaque == ink.opaque
        rows += mine
        told += len(result.all_notes)
        table = np.abs(np.array(mine))
        print(
            f"photo {number:2d} {build:8s} CIEDE2000 median {np.median(table[:, 0]):.2f} worst {table[:, 0].max():5.2f}"
            f"  opacity worst {table[:, 1].max():.3f}  width worst {100 * table[:, 2].max():4.1f} %"
        )
    if not rows:
        return
    signed = np.array(rows)
    table = np.abs(signed)
    print(f"\n{len(rows)} pens in {options.photos} photos of {options.side} px, {refused} refused, {told} notes")
    print(f"{'':22s}{'median':>8s}{'95 %':>8s}{'worst':>8s}{'bias':>8s}{'error / stated error, rms':>28s}")
    for column, (label, scale) in enumerate((("colour, CIEDE2000", 1), ("opacity", 1), ("line width, %", 100))):
        values = scale * table[:, column]
        bias = scale * signed[:, column].mean()
        ratio = np.sqrt(np.mean((table[:, column] / np.maximum(table[:, column + 3], 1e-6)) ** 2))
        shown = (np.median(values), np.percentile(values, 95), values.max(), bias)
        print(f"{label:22s}" + "".join(f"{value:8.3f}" for value in shown) + f"{ratio:28.2f}")
    print(f"opaque or transparent: {right} of {len(rows)} right")


if __name__ == "__main__":
    main()
