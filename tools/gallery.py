"""Makes the pictures of docs/gallery.md again, and the page: each with its command and its minutes on a plotter.

    python tools/gallery.py [NAME ...] [--folder outputs/gallery]

Runs lie in the folder; one that is finished there is not drawn again. The photographs are those that scikit-image
ships: an astronaut (NASA, public domain), a cat and a cup of coffee (CC0).
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

from PIL import Image
from skimage import data

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "gallery" / "made"
HEIGHT, QUALITY = 560, 82
SMALL = "--page a6 --size 224 --threads 1"
"""What all have in common: small pages, so that the whole gallery is drawn in less than an hour."""
GALLERY = {
    "cat": ("A photograph in four of twelve pens", "generate --image cat.png --steps 150 --minutes 20"),
    "cat-two-pens": ("Two pens",
                     "generate --image cat.png --pens '#d62728,#1f4fb4' --palette fixed --steps 150 --minutes 20"),
    "astronaut-black": ("One pen",
                        "generate --image astronaut.png --pens '#111111' --palette fixed --steps 150 --minutes 20"),
    "coffee-fineliners": ("Six fineliners",
                          "generate --image coffee.png --pens stabilo-point-88 --pen-count 6 --steps 150 --minutes 20"),
    "coffee-turned": ("Cut to the page",
                      "generate --image coffee.png --fill --portrait --pen-count 3 --steps 150 --minutes 20"),
    "cat-gel": ("Gel pens on dark paper",
                "generate --image cat.png --pens gelly-roll --paper '#20242c' --steps 150 --minutes 20"),
    "coffee-circles": ("Circles, hatched", "generate circles --image coffee.png --strokes 80 --steps 200"),
    "astronaut-splats": ("Splats, hatched", "generate splats --image astronaut.png --strokes 80 --steps 200"),
    "astronaut-dividers": ("Regions between lines", "generate dividers --image astronaut.png --strokes 48"),
    "neuron-12": ("A neuron with a style",
                  "generate --neuron conv4_3:12 --network vgg16-hed --style mondrian.jpg --minutes 20"),
    "neuron-77": ("A neuron", "generate --neuron conv4_3:77 --network vgg16-hed --minutes 20"),
    "cat-caricature": ("What conv3_3 sees in the cat, exaggerated",
                       "generate --image cat.png --like conv3_3 --network vgg16-hed --steps 120 --minutes 20"),
}  # fmt: skip
"""By name: the caption, and the command without what all have in common."""


def photographs(folder: Path) -> None:
    for name, picture in (("cat", data.chelsea()), ("astronaut", data.astronaut()), ("coffee", data.coffee())):
        if not (folder / f"{name}.png").is_file():
            Image.fromarray(picture).save(folder / f"{name}.png")


def command(name: str) -> str:
    return f"plotart {GALLERY[name][1]} {SMALL}"


def draw(name: str, folder: Path) -> bool:
    """Make the run and its small picture; whether that went well."""
    if not (folder / name / "run.json").is_file():
        words = [*shlex.split(command(name))[1:], "--out", name, "--force"]
        if subprocess.run([sys.executable, "-m", "plotart", *words], cwd=folder, check=False).returncode:
            return False
    with Image.open(folder / name / "preview.png") as picture:
        small = picture.convert("RGB")
        small.thumbnail((HEIGHT, HEIGHT), Image.Resampling.LANCZOS)
        PICTURES.mkdir(parents=True, exist_ok=True)
        small.save(PICTURES / f"{name}.jpg", quality=QUALITY, optimize=True)
    return True


def page(folder: Path) -> str:
    """The page of all pictures there are, two in a row, with what their runs say."""
    lines = [
        "# Gallery", "",
        "<!-- written by tools/gallery.py, which draws all of it again -->", "",
        "Small pages (A6), 20 minutes on an AxiDraw at the most, one thread. `python tools/gallery.py` draws them "
        "again. The photographs are those that scikit-image ships: an astronaut (NASA, public domain), a cat and a cup "
        "of coffee (CC0).",
        "",
    ]  # fmt: skip
    for name, (caption, _) in GALLERY.items():
        if not (PICTURES / f"{name}.jpg").is_file() or not (folder / name / "run.json").is_file():
            continue
        figures = json.loads((folder / name / "run.json").read_text())
        pens = ", ".join(pen["name"] for pen in figures["pens"])
        strokes = sum(pen["strokes"] for pen in figures["pens"])
        told = f"{figures['plot']['minutes']:.0f} min on an AxiDraw, {strokes} strokes; {pens}"
        lines += [f"## {caption}", "", f"![{caption}](gallery/made/{name}.jpg)", "", f"*{told}*", ""]
        lines += ["```sh", command(name), "```", ""]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--folder", type=Path, default=ROOT / "outputs" / "gallery")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    photographs(given.folder)
    failed = [name for name in given.names or GALLERY if not draw(name, given.folder)]
    (ROOT / "docs" / "gallery.md").write_text(page(given.folder), encoding="utf-8")
    for name in failed:
        print(f"{name}: not drawn", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
