"""Makes the pictures of docs/gallery.md again, and the page: each with its command and its minutes on a plotter.

    python tools/gallery.py [NAME ...] [--folder outputs/gallery] [--page-only]

Runs lie in the folder; one that is finished there and was made by the same command is not drawn again. The photographs
are those that scikit-image ships: an astronaut, a rocket and the deep field of Hubble (NASA, public domain), a cat, a
cup of coffee, a cameraman and a horse (CC0).
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from PIL import Image
from skimage import data

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "gallery" / "made"
HEIGHT, QUALITY = 420, 62
SMALL = "--page a6 --threads 1"
"""What all have in common: small pages and one thread; the whole gallery takes some 25 minutes of one core."""
PHOTO = "--steps 100 --size 192 --minutes 20"
QUICK = "--steps 60 --size 160 --minutes 20"
ALL = "--palette fixed"
GALLERY = {
    "Photographs": {
        "cat": ("Four of twelve pens", f"generate --image cat.png {QUICK}"),
        "cat-two": ("Two pens", f"generate --image cat.png --pens '#d62728,#1f4fb4' {ALL} {PHOTO}"),
        "astronaut-black": ("One pen", f"generate --image astronaut.png --pens black {ALL} {PHOTO}"),
        "coffee-fineliners": ("Six fineliners",
                              f"generate --image coffee.png --pens stabilo-point-88 --pen-count 6 {PHOTO}"),
        "coffee-upright": ("Cut to an upright page", f"generate --image coffee.png --fill --portrait {QUICK}"),
        "face": ("A face, the rest left white",
                 f"generate --image astronaut.png --crop face --background white --edge soft {PHOTO}"),
        "framed": ("A frame, a caption and a signature",
                   f"generate --image rocket.png --frame --caption 'Cape Canaveral' --sign 'A. Gray' {PHOTO}"),
        "oval": ("An oval in sepia",
                 f"generate --image cameraman.png --pens '#4a2c17,#a5682a' {ALL} --edge oval {PHOTO}"),
        "eight-minutes": ("Eight minutes",
                          f"generate --image cat.png --pens navy {ALL} --steps 60 --size 160 --minutes 8"),
        "painting": ("Painted first, then plotted",
                     "generate painting --image coffee.png --steps 60 --size 160 --strokes 900"),
    },
    "Dark and coloured paper": {
        "cat-gel": ("Gel pens on dark grey",
                    f"generate --image cat.png --pens gelly-roll --paper '#20242c' {PHOTO}"),
        "hubble": ("The deep field in paint markers on black",
                   f"generate --image hubble.png --pens posca --paper black {PHOTO}"),
        "rocket-night": ("Four colours on black",
                         f"generate --image rocket.png --pens white,gold,tomato,deepskyblue {ALL} --paper black "
                         f"{PHOTO}"),
        "cream": ("Three fineliners on cream",
                  f"generate --image coffee.png --pens sakura-pigma-micron --pen-count 3 --paper '#f5e9cf' {QUICK}"),
        "blueprint": ("A neuron as a blueprint",
                      "generate blueprint --neuron conv4_3:77 --network vgg16-hed --steps 30 --size 128 --minutes 12"),
    },
    "Looks": {
        name: (caption, f"generate --image {image}.png --look {name} --pens {pens} {ALL} --steps 30 --size 192 "
                        f"--minutes {minutes}")
        for name, caption, image, pens, minutes in (
            ("hatch", "Parallel lines", "cameraman", "'#1b3a8c'", 15),
            ("crosshatch", "Layers of hatching", "astronaut", "black", 20),
            ("flow", "Along the grain", "cat", "'#7a4b1f,#1a1a1a'", 20),
            ("scribble", "Loops", "astronaut", "'#0b5d3b'", 20),
            ("oneline", "One line", "cat", "black", 10),
            ("stipple", "Dots", "horse", "black", 15),
            ("spiral", "A spiral", "astronaut", "black", 20),
            ("waves", "Rows that bend", "coffee", "'#5b2a86'", 20),
            ("halftone", "Rows that wobble", "cameraman", "black", 20),
            ("outline", "Edges first", "rocket", "'#7a1f1f'", 10),
            ("sketch", "Few strokes", "cat", "black", 4),
        )
    },
    "Shapes": {
        "circles": ("Circles, hatched", "generate circles --image coffee.png --strokes 80 --steps 150 --size 192"),
        "splats": ("Splats, hatched", "generate splats --image astronaut.png --strokes 80 --steps 150 --size 192"),
        "paths": ("Closed curves, hatched", "generate paths --image cameraman.png --strokes 32 --steps 100 --size 128"),
        "dividers": ("Regions between lines",
                     "generate dividers --image astronaut.png --strokes 40 --steps 3000 --size 192"),
        "dividing-circles": ("Regions between circles",
                             "generate dividers --image cat.png --set primitive.shape=circles --strokes 32 "
                             "--steps 2000 --size 128"),
        "horse": ("A silhouette in circles",
                  f"generate circles --image horse.png --pens black {ALL} --strokes 24 --steps 100 --size 128"),
        "spheres": ("Spheres that two cameras see as two pictures",
                    "generate space --image horse.png --set primitive.second=coffee.png --strokes 100 --steps 200 "
                    "--size 128"),
        "classifier": ("What a small network made of random points", "generate classifier"),
        "classifier-other": ("Other points, more levels",
                             "generate classifier --seed 5 --set stages.1.each=12 --pens '#1a1a1a,#0b7a75,#d98324'"),
    },
    "Networks": {
        "neuron-12": ("A neuron with a style",
                      "generate --neuron conv4_3:12 --network vgg16-hed --style mondrian.jpg --steps 30 --size 128 "
                      "--minutes 12"),
        "neuron-77": ("A neuron",
                      "generate --neuron conv4_3:77 --network vgg16-hed --steps 40 --size 128 --minutes 10"),
        "neuron-50": ("A neuron in one pen",
                      "generate --neuron conv4_1:50 --network vgg16-hed --pens '#1b3a8c' --palette fixed --steps 30 "
                      "--size 128 --minutes 10"),
    },
    "Glyphs": {
        "alphabet": ("64 symbols that survive noise", "generate glyphs --steps 150 --size 256"),
        "numbers": ("64 vectors of normal numbers", "generate glyphs-normal --steps 60 --size 256"),
    },
    "From a drawing": {
        "poster": ("The cat again, four times as large", "enlarge cat --page a4 --tiles 2x2 --steps 10 --size 256"),
    },
}  # fmt: skip
"""By heading and name: the caption, and the command without what all have in common."""
NAMES = {name: told for section in GALLERY.values() for name, told in section.items()}
PHOTOGRAPHS = {"cat": data.chelsea, "astronaut": data.astronaut, "coffee": data.coffee, "rocket": data.rocket,
               "hubble": data.hubble_deep_field, "cameraman": data.camera, "horse": data.horse}  # fmt: skip


def photographs(folder: Path) -> None:
    for name, picture in PHOTOGRAPHS.items():
        if not (folder / f"{name}.png").is_file():
            Image.fromarray(picture()).convert("RGB").save(folder / f"{name}.png")


def command(name: str) -> str:
    """The command as a reader types it: what all have in common, but for what it says itself."""
    said = NAMES[name][1]
    page, threads = SMALL.split(" --threads")
    return f"plotart {said}{'' if '--page' in said else ' ' + page} --threads{threads}"


def drawn(name: str, folder: Path) -> bool:
    """Whether the folder holds the finished run of this very command."""
    kept = folder / f"{name}.command"
    finished = (folder / name / "run.json").is_file() and kept.is_file()
    return finished and kept.read_text("utf-8") == command(name)


def draw(name: str, folder: Path) -> bool:
    """Make the run and its small picture; whether that went well."""
    said = command(name)
    if not drawn(name, folder):
        words = [*shlex.split(said)[1:], "--out", name, "--force"]
        before = os.times()
        if subprocess.run([sys.executable, "-m", "plotart", *words], cwd=folder, check=False).returncode:
            return False
        after = os.times()
        seconds = after.children_user + after.children_system - before.children_user - before.children_system
        print(f"{name}: {seconds:.0f} s of CPU", flush=True)
        (folder / f"{name}.command").write_text(said, "utf-8")
    with Image.open(folder / name / "preview.png") as picture:
        small = picture.convert("RGB")
        small.thumbnail((HEIGHT, HEIGHT), Image.Resampling.LANCZOS)
        PICTURES.mkdir(parents=True, exist_ok=True)
        small.save(PICTURES / f"{name}.jpg", quality=QUALITY, optimize=True, progressive=True)
    return True


def page(folder: Path) -> str:
    """The page of all pictures there are, with what their runs say."""
    lines = [
        "# Gallery", "",
        "<!-- written by tools/gallery.py, which draws all of it again -->", "",
        "Small pages (A6), few steps, mostly 20 minutes on an AxiDraw at the most. `python tools/gallery.py` draws all "
        "of it again on one core. Larger pages, more steps and more minutes make better "
        "drawings: [start.md](start.md). The photographs are those that scikit-image ships: an astronaut, a rocket and "
        "the deep field of Hubble (NASA, public domain), a cat, a cup of coffee, a cameraman and a horse (CC0).",
    ]  # fmt: skip
    for section, pictures in GALLERY.items():
        lines += ["", f"## {section}"]
        for name, (caption, _) in pictures.items():
            if not (PICTURES / f"{name}.jpg").is_file() or not drawn(name, folder):
                continue
            figures = json.loads((folder / name / "run.json").read_text("utf-8"))
            pens = ", ".join(pen["name"] for pen in figures["pens"])
            strokes = sum(pen["strokes"] for pen in figures["pens"])
            told = f"{figures['plot']['minutes']:.0f} min on an AxiDraw, {strokes} strokes; {pens}"
            lines += ["", f"### {caption}", "", f"![{caption}](gallery/made/{name}.jpg)", "", f"*{told}*", ""]
            lines += ["```sh", command(name), "```"]
    return "\n".join([*lines, ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--folder", type=Path, default=ROOT / "outputs" / "gallery")
    parser.add_argument("--page-only", action="store_true", help="draw nothing, write the page of what is there")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    photographs(given.folder)
    names = [] if given.page_only else given.names or list(NAMES)
    failed = [name for name in names if not draw(name, given.folder)]
    (ROOT / "docs" / "gallery.md").write_text(page(given.folder), encoding="utf-8")
    for name in failed:
        print(f"{name}: not drawn", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
