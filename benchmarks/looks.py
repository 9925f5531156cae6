"""Looks beside the same styles of another program: four photographs, the same four pens, A5, an hour.

    python benchmarks/looks.py [--looks oneline,flow,...] [--pictures astronaut,...] [--steps 150] [--keep FOLDER]
    python benchmarks/looks.py --others FOLDER

Figures are those of paper.py, of the written SVG: colours from 2 m, details from half a metre, layers on the densest
square millimetre, AxiDraw's minutes without pen changes. Pictures lie on portrait pages.

With `--others` the SVGs of a folder are judged instead, `LOOK-PICTURE.svg` with a layer for each pen. Those of plotline
0.2.0 (PyPI, an environment of its own) were made by the command below, STYLE being line (for oneline), flow, hatch (for
crosshatch) or stipple.

    plotline run STYLE PICTURE.png --out LOOK-PICTURE.svg --width 148 --height 210 --margin 10 \\
        --pen yellow:0.4:#f2c200 --pen magenta:0.4:#d0006f --pen blue:0.4:#0077b6 --pen black:0.4:#1a1a1a \\
        --set split.mode=by_colour --set tone.response=auto --look LOOK --fit-minutes 60

with its most exact look: faithful for line and flow, fine for hatch and stipple.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from paper import PENS, judge, judge_svg, mean, picture_file, told

import plotart
from plotart.cli.flags import gather
from plotart.plot.motion import load_machine

LOOKS = ("oneline", "flow", "crosshatch", "stipple")
PICTURES = ("astronaut", "chelsea", "coffee", "rocket")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--looks", default=",".join(LOOKS))
    parser.add_argument("--pictures", default=",".join(PICTURES), help="names in skimage.data, or files")
    parser.add_argument("--others", type=Path, metavar="FOLDER", help="judge the SVGs of another program")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--set", dest="sets", action="append", default=[], metavar="ADDRESS=VALUE")
    parser.add_argument("--keep", type=Path, help="folder that keeps the runs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        base = given.keep or Path(scratch)
        for look in given.looks.split(","):
            rows = []
            for name in given.pictures.split(","):
                picture = picture_file(name, base)
                changes = {
                    "objectives.pixels.image": str(picture),
                    "pens.set": PENS,
                    "pens.palette": "fixed",
                    "page.landscape": False,
                    "minutes": 60 + load_machine("axidraw").change_seconds(4) / 60,
                    "look": look,
                    **({} if given.steps is None else {"steps": given.steps}),
                    **gather({}, tuple(given.sets)),
                }
                config = plotart.Config.load("image", changes)
                if given.others is not None:
                    rows.append(judge_svg(given.others / f"{look}-{picture.stem}.svg", config, picture))
                else:
                    spent = time.process_time()
                    run = plotart.generate(config, base / f"{look}-{picture.stem}", force=True)
                    rows.append(judge(run.folder, picture) | {"CPU s": time.process_time() - spent})
                print(f"{look:12} {picture.stem:12}", told(rows[-1]), flush=True)
            print(f"{look:12} {'mean':12}", told(mean(rows)), flush=True)


if __name__ == "__main__":
    main()
