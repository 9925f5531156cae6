"""The flags of a run: rows of one table onto config addresses, for the command line and for vpype."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Any

import click

from plotart.cli.completion import MACHINES, NETWORKS, PEN_SETS, STYLES
from plotart.core.documents import as_path, parse_yaml
from plotart.core.errors import InputError, shown
from plotart.core.shipped import find_config

__all__ = ["FLAGS", "config_flags", "gather", "given_config", "meant", "some_flags"]

YAML = {".yaml", ".yml"}
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".avif"}
MEANT = {
    **dict.fromkeys(("photo", "picture", "img", "input", "source", "file", "target"), "--image"),
    **dict.fromkeys(("count", "lines", "num-strokes", "shapes"), "--strokes"),
    **dict.fromkeys(("colors", "colours", "palette-file", "pen", "inks"), "--pens"),
    **dict.fromkeys(("paper-size", "format", "sheet"), "--page"),
    **dict.fromkeys(("iterations", "iters", "epochs"), "--steps"),
    **dict.fromkeys(("output", "outdir", "dir", "folder"), "--out"),
    **dict.fromkeys(("time", "duration"), "--minutes"),
    **dict.fromkeys(("net", "backbone"), "--network"),
    **dict.fromkeys(("layer", "unit", "channel"), "--neuron"),
    **dict.fromkeys(("resolution", "px", "width", "height"), "--size"),
}
"""What other programs call these flags."""

FLAGS: tuple[tuple[str, str, Any, str], ...] = (
    ("--neuron", "objectives.neuron.at", str, "neurons to excite, e.g. conv4_3:12+0.5*conv3_3:40"),
    ("--image", "objectives.pixels.image", str, "picture to draw"),
    ("--look", "look", str, "how a picture is drawn: contour, hatch, flow, stipple, ... (docs/looks.md) [contour]"),
    ("--like", "objectives.features.layers", str, "with --image: layer whose features of the picture are exaggerated"),
    ("--style", "objectives.style.image", str, "style image: a file, or a name in styles/"),
    ("--style-strength", "objectives.style.strength", float, "pull of the style relative to the neuron's"),
    ("--style-weight", "objectives.style.raw_weight", float, "weight of the published style formula instead"),
    (
        "--network",
        "network.name",
        str,
        "auto, vgg16, vgg16-hed, efficientnet-lite0, dinov2-s or one of torchvision [auto]",
    ),
    ("--precision", "network.precision", str, "auto, float32 or bf16 [auto]"),
    (
        "--strokes",
        "primitive.count",
        int,
        "number of strokes or shapes; with --init there are as many as in the file",
    ),
    ("--init", "init", str, "SVG file or saved drawing (.pt) whose strokes the run starts from"),
    ("--draft", "draft", bool, "a quick picture to judge, of the same composition and pens"),
    ("--size", "size", int, "short side of the rendered canvas, px [384]"),
    ("--steps", "steps", int, "steps of all fits; generate: 0 is endless"),
    ("--pens", "pens.set", str, "pen set, file, or colours: red,#1b3a8c [basic-12]"),
    (
        "--pen-count",
        "pens.count",
        str,
        "pens to use, or auto: as few as keep 95 % [up to 4]",
    ),
    ("--palette", "pens.palette", str, "how pens are chosen: learned, kmeans, or fixed (all of the set) [learned]"),
    ("--ink", "ink.kind", str, "how free colours mix: multiply or over [multiply]"),
    ("--page", "page.size", str, "a0..a6, letter, ... or WxHmm [a5]"),
    ("--motif", "motif", str, "mm of paper that what one unit looks at becomes, or auto: as the pens can draw it"),
    ("--landscape/--portrait", "page.landscape", bool, "lay the page on its side, or not [as the picture is]"),
    ("--fill/--fit", "composition.fill", bool, "cut the picture to the page, or draw all of it [--fit]"),
    ("--crop", "composition.crop", str, "part of it: face, subject or x,y,w,h (px or shares)"),
    ("--rotate", "composition.rotate", float, "degrees by which the picture is turned clockwise [0]"),
    ("--place", "composition.place", str, "where it lies on the page: centre, top-left, bottom, ... [centre]"),
    ("--background", "composition.background", str, "around the subject: keep, white or fade [keep]"),
    ("--edge", "composition.edge", str, "edge of the picture: none, soft, oval, torn or border [none]"),
    ("--focus", "focus", str, "what matters: auto (faces), x,y[,r], a mask, or none"),
    ("--sign", "lettering.sign", str, "a signature below the drawing, in single strokes"),
    ("--caption", "lettering.caption", str, "a line of text below the drawing"),
    ("--frame/--no-frame", "lettering.frame", bool, "a line around the drawing [none]"),
    ("--sign-pen", "lettering.pen", str, "pen of these, or a colour [the drawing's clearest on the paper]"),
    ("--margin", "page.margin", float, "empty border, mm [10]"),
    ("--paper", "page.paper", str, "colour of the paper [#ffffff]"),
    ("--max-ink", "page.max_ink", float, "layers of ink that a square millimetre of the paper bears [photographs: 5]"),
    ("--viewing-distance", "viewing_distance", float, "mm from the eye to the paper for which a picture is drawn"),
    ("--machine", "machine", str, "plotter, or a YAML file of its speeds [axidraw]"),
    ("--minutes", "minutes", float, "prune the drawing until the plotter needs no longer"),
    ("--renderer", "renderer.name", str, "native, reference or diffvg [native]"),
    ("--device", "device", str, "auto, cpu or cuda [auto]"),
    ("--threads", "threads", int, "CPU threads; 0 for all cores [0]"),
    ("--seed", "seed", int, "same seed, same bytes [0]"),
)
"""Flag, config address, type, help. Ranges and messages are the config's."""

METAVARS = {
    "--neuron": "LAYER:UNIT", "--image": "FILE", "--init": "FILE", "--style": "FILE", "--like": "LAYER",
    "--pens": "SET", "--page": "SIZE", "--minutes": "M", "--margin": "MM", "--machine": "NAME", "--crop": "PART",
    "--background": "HOW", "--steps": "N", "--seed": "N", "--strokes": "N", "--size": "PX", "--pen-count": "N",
    "--motif": "MM", "--viewing-distance": "MM", "--rotate": "DEG", "--threads": "N", "--paper": "COLOUR",
    "--focus": "WHERE", "--sign": "TEXT", "--caption": "TEXT", "--sign-pen": "PEN",
}  # fmt: skip
"""What --help calls a flag's value, where its type says too little."""

OFFERED = {"--style": STYLES, "--network": NETWORKS, "--pens": PEN_SETS, "--machine": MACHINES}
"""What a shell offers for a flag's value."""


def config_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags of the table; `gather` turns their values into changes of the config."""
    return some_flags(*(_name(flag) for flag, *_ in FLAGS))(command)


def some_flags(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the flags of the table with these names, and --set."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for flag, _, kind, text in reversed(FLAGS):
            if _name(flag) in names:
                told: dict[str, Any] = (
                    {} if kind is bool else {"metavar": METAVARS.get(flag), "shell_complete": OFFERED.get(flag)}
                )
                option = click.option(flag, type=kind, is_flag=kind is bool, default=None, help=text, **told)
                command = option(command)
        return click.option(
            "--set", "sets", multiple=True, metavar="A.B.C=VALUE", help="any setting by its address in the config"
        )(command)

    return add


def gather(flags: dict[str, Any], sets: tuple[str, ...]) -> dict[str, Any]:
    """The changes a command line makes to the config, by address."""
    changes = {address: flags.get(_name(flag).strip("-").replace("-", "_")) for flag, address, _, _ in FLAGS}
    changes = {address: value for address, value in changes.items() if value is not None}
    for text in sets:
        address, equals, value = text.partition("=")
        if not equals or not address:
            raise InputError(f"--set: write ADDRESS=VALUE, for example --set size=512, not {shown(text)}")
        # what YAML takes for a comment is a colour here
        changes[address.strip()] = value if value.startswith("#") else parse_yaml(value, f"--set {shown(text)}")
    return changes


def given_config(name: str | None) -> str | None:
    """The config a command line names, after a look at what people put there that is none.

    Raises:
        InputError: saying which flag was meant.
    """
    if name is None:
        return None
    suffix = FilePath(name).suffix.lower()
    if suffix in PICTURES:
        raise InputError(f"config: {shown(name)} is a picture; to draw it write --image {name}")
    if suffix == ".svg":
        raise InputError(f"config: {shown(name)} is an SVG; to start from its strokes write --init {name}")
    if name.lower() in ("landscape", "portrait"):
        raise InputError(f"config: {shown(name)} is none; write --page a4 --landscape, or leave --landscape out")
    if suffix not in YAML and as_path(name)[1]:
        raise InputError(f"config: {shown(name)} is no YAML file")
    try:
        find_config(name)
    except InputError as error:
        raise InputError(f"{error}; an option takes one value, such as --pens '#d62728,#1f4fb4'") from None
    return name


def meant(flag: str) -> str | None:
    """The flag that one which does not exist stands for, as other programs call it."""
    return MEANT.get(flag.lstrip("-").lower())


def _name(flag: str) -> str:
    """The name of a flag that may have an opposite: --landscape of --landscape/--portrait."""
    return flag.partition("/")[0]
