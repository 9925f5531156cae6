"""What tools/fuzz.py mutates, and who reads it: every reader that SECURITY.md lists."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import resvg_py
import torch
from PIL import Image
from safetensors.torch import save
from skimage import data

from plotart import Config, Drawing, generate
from plotart.cli.flags import gather, given_config
from plotart.core.canvas import page
from plotart.core.images import load_image
from plotart.core.shipped import find_config
from plotart.core.tensor_file import pack, read_tensors
from plotart.networks.weights import WheelWeights, load_weights
from plotart.objectives.neuron import parse_neuron
from plotart.pens import load_pens
from plotart.pens.calibrate import calibrate
from plotart.pens.chart import load_layout, save_layout
from plotart.plot.chart import make_chart
from plotart.plot.check import check_paper, check_svg
from plotart.plot.machine import load_machine
from plotart.plot.read import read_svg
from plotart.plot.svg import plot_svg
from plotart.runs.folder import Run
from plotart.runs.inputs import check_inputs
from plotart.runs.model import LAYOUT, laid_out, save_model
from plotart.sweep.plan import cells

SVG = b"""<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="60mm" height="40mm"
 viewBox="0 0 60 40">
<style>.a { stroke: red; stroke-width: 0.4 } #b path { stroke: #00f }</style>
<defs><g id="c"><circle cx="5" cy="5" r="3"/></g><path id="d" d="M1,1 l3,3"/></defs>
<g id="b" transform="rotate(10) translate(2,3) matrix(1 0 0 1 2 2)">
<path class="a" d="M1 1 L20,10 C1,2 3,4 5,6 S7,8 9,9 Q1,2 3,4 T5,5 A3,4 0 1 0 9,9 H3 V4 Z m1,1 l2,2"/></g>
<use xlink:href="#c" x="3" y="4"/><use href="#d" transform="scale(2)"/>
<rect x="1" y="2" width="8" height="5" rx="1"/><ellipse cx="20" cy="20" rx="4" ry="2"/>
<line x1="1" y1="1" x2="9" y2="9"/><polyline points="1,1 2,2 3,1"/><polygon points="5,5 9,5 7,9"/>
<text x="3" y="3">words &amp; more</text>
<svg x="2" y="2" width="50%" height="10"><path d="M0,0 1,1" style="stroke:#0a0;fill:none;opacity:.5"/></svg></svg>"""

Files = list[tuple[str, bytes]]
Reader = Callable[[Path, str, bytes], object]


@dataclass(frozen=True)
class Kind:
    """A kind of file: its corpus by name, what reads it, and how often it comes."""

    name: str
    files: Files
    read: Reader
    share: float = 1.0


def placed(read: Callable[[Path], object]) -> Reader:
    """A reader of a path: the content is written there first."""

    def write_and_read(scratch: Path, name: str, content: bytes) -> object:
        file = scratch / name
        file.write_bytes(content)
        return read(file)

    return write_and_read


def pictures() -> Files:
    picture = Image.fromarray(data.chelsea()).resize((40, 28))
    files = []
    for name, mode in (("PNG", "RGB"), ("JPEG", "RGB"), ("WEBP", "RGB"), ("TIFF", "RGB"), ("BMP", "RGB"), ("GIF", "P"),
                       ("PNG", "RGBA"), ("PNG", "I;16"), ("TIFF", "F"), ("PNG", "P"), ("JPEG", "CMYK")):  # fmt: skip
        held = io.BytesIO()
        grey = np.asarray(picture.convert("L"))
        made = {"I;16": Image.fromarray(grey.astype(np.uint16) * 200), "F": Image.fromarray(grey.astype(np.float32))}
        (made[mode] if mode in made else picture.convert(mode)).save(held, format=name)
        files.append((f"picture.{name.lower()}", held.getvalue()))
    return files


def shipped(folder: str) -> Files:
    package = Path(find_config("neuron")).parents[1]
    return [(file.name, file.read_bytes()) for file in sorted((package / folder).glob("*.yaml"))]


def run_folder(corpus: Path) -> Path:
    """A small finished run."""
    photo = corpus / "photo.png"
    Image.fromarray(data.chelsea()).resize((60, 40)).save(photo)
    settings = {
        "objectives.pixels.image": str(photo), "size": 48, "steps": 4, "primitive.count": 20, "page.size": "50x50mm",
        "page.margin": 5, "pens.set": "#111111,#d62728", "pens.palette": "fixed", "threads": 1, "minutes": 4,
    }  # fmt: skip
    return generate(Config.load("image", settings), corpus / "run").folder


def read_run(run: Path) -> Reader:
    """Puts the file in the place of the run's own, and opens the run with all that is read of it."""
    whole = {file.relative_to(run): file.read_bytes() for file in run.rglob("*") if file.is_file()}

    def read(scratch: Path, name: str, content: bytes) -> None:
        folder = scratch / "run"
        for part, held in whole.items():
            if part.suffix in (".yaml", ".json", ".safetensors") or part.parts[0] == "inputs":
                (folder / part).parent.mkdir(parents=True, exist_ok=True)
                (folder / part).write_bytes(held)
        (folder / name).write_bytes(content)
        opened = Run.open(folder)
        opened.load_checkpoint()
        if opened.finished:
            opened.figures["plot"]

    return read


def model_files(run: Path, corpus: Path) -> Files:
    """The model of a run, and each file in it, for a model changed as a whole hardly ever has its checksum."""
    save_model(run, corpus / "a.model")
    held = read_tensors(corpus / "a.model")[1]["files"]
    parts = [(name, part.numpy().tobytes()) for name, part in held.items()]
    return [("a.model", (corpus / "a.model").read_bytes()), ("names", "\n".join(held).encode()), *parts]


def read_model(files: Files) -> Reader:
    """Lays a model out and opens the run; of a file in it, or of their names, the model that would hold these."""
    held = dict(files[2:])

    def read(scratch: Path, name: str, content: bytes) -> None:
        model, folder = scratch / "a.model", scratch / "from-model"
        if name != "a.model":
            given = held if name == "names" else held | {name: content}
            called = content.decode("utf-8", "replace").split("\n") if name == "names" else list(given)
            tensors = [torch.frombuffer(bytearray(part or b"\0"), dtype=torch.uint8) for part in given.values()]
            content = pack({"version": "0.1.0", "files": dict(zip(called, tensors, strict=False))}, LAYOUT)
        model.write_bytes(content)
        try:
            with laid_out(model, folder):
                opened = Run.open(folder)
                opened.load_checkpoint()
                check_inputs(opened.config)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return read


def read_weights(scratch: Path, name: str, content: bytes) -> object:
    """Weights in the cache, with the checksum of what they are (else nothing is read), or their own."""
    os.environ["PLOTART_CACHE"] = str(scratch / "cache")
    source = WheelWeights("net", "package", "1", "0", "member", "0", convert=lambda path: {})
    (scratch / "cache").mkdir(exist_ok=True)
    source.cached.write_bytes(content)
    source.cached_hash.write_text(hashlib.sha256(content).hexdigest())
    return load_weights(source)


def read_words(scratch: Path, name: str, content: bytes) -> None:
    """Text of a command line."""
    text = content.decode("utf-8", "replace")
    {"neuron": parse_neuron, "set": lambda one: gather({}, (one,)), "config": given_config, "cells": cells,
     "page": page, "pens": load_pens}[name](text)  # fmt: skip


def read_vector(file: Path) -> None:
    read_svg(file)
    check_svg(file, strict=False)
    check_paper(file)


def kinds(corpus: Path) -> list[Kind]:
    """All kinds, their corpus made in a folder."""
    corpus.mkdir(parents=True)
    run = run_folder(corpus)
    chart, layout = make_chart(load_pens("#1a1a1a,#d62728"), page("a6"))
    save_layout(layout, corpus / "chart.yaml")
    pixels = plot_svg(chart).replace('mm"', '"')  # resvg takes no mm without a resolution
    photograph = bytes(resvg_py.svg_to_bytes(svg_string=pixels, width=700, background="#ffffff"))
    small = save({"a.weight": torch.zeros(4, 3), "a.bias": torch.zeros(4)})
    names = ("config.yaml", "run.json", "checkpoint.safetensors", "fitted.safetensors")
    state = [(name, (run / name).read_bytes()) for name in names]
    model = model_files(run, corpus)
    words = [("neuron", b"2*conv4_3@post:12,3+0.5*conv3_3:40-block4_conv3:1"), ("set", b"stages.0.rates={points: 0.1}"),
             ("config", b"~/image.yaml"), ("cells", b"conv4_3:0-63,70,conv3_1:2"), ("page", b"120x80mm"),
             ("pens", b"#d62728,#1f4fb4")]  # fmt: skip
    return [
        Kind("image", pictures(), placed(load_image)),
        Kind("svg", [("a.svg", SVG), ("b.svg", SVG.replace(b"?>", b'?><!DOCTYPE svg [<!ENTITY e "x">]>')),
                     ("c.svg", (run / "drawing.svg").read_bytes())], placed(read_vector)),
        Kind("pens", shipped("plotart/pens"), placed(lambda file: load_pens(str(file)))),
        Kind("machine", shipped("plotart/plot/machines"), placed(lambda file: load_machine(str(file)))),
        Kind("config", shipped("configs"), placed(Config.load)),
        Kind("run", state, read_run(run)),
        Kind("model", model, read_model(model)),
        Kind("drawing", [("drawing.pt", (run / "drawing.pt").read_bytes())], placed(Drawing.load), 0.5),
        Kind("weights", [("net.safetensors", small)], read_weights),
        Kind("chart", [("chart.yaml", (corpus / "chart.yaml").read_bytes())], placed(load_layout)),
        Kind("calibration", [("photo.png", photograph)],
             placed(lambda file: calibrate(load_image(file), layout)), 0.05),
        Kind("words", words, read_words),
    ]  # fmt: skip
