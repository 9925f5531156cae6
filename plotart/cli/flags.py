"""The flags of a run: rows of one table onto config addresses, for the command line and for vpype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import yaml

from plotart.core.errors import InputError

__all__ = ["FLAGS", "config_flags", "gather", "some_flags"]

FLAGS: tuple[tuple[str, str, Any, str], ...] = (
    ("--neuron", "objectives.neuron.at", str, "neurons to excite: LAYER:UNIT, e.g. conv4_3:12+0.5*conv3_3:40"),
    ("--image", "objectives.pixels.image", str, "picture to draw"),
    ("--like", "objectives.features.layers", str, "with --image: layer whose features of the picture are exaggerated"),
    ("--style", "objectives.style.image", str, "style image: a file, or a name in styles/"),
    ("--style-strength", "objectives.style.strength", float, "pull of the style relative to the neuron's"),
    ("--style-weight", "objectives.style.raw_weight", float, "weight of the published style formula instead"),
    ("--network", "network.name", str, "auto, vgg16, vgg16-hed, efficientnet-lite0 or a torchvision model [auto]"),
    ("--precision", "network.precision", str, "auto, float32 or bf16 [auto]"),
    (
        "--strokes",
        "primitive.count",
        int,
        "number of strokes or shapes; with --init there are as many as in the file",
    ),
    ("--init", "init", str, "SVG file or saved drawing (.pt) whose strokes the run starts from"),
    ("--size", "size", int, "short side of the rendered canvas, px [384]"),
    ("--steps", "steps", int, "steps of all fit stages together"),
    ("--pens", "pens.set", str, "pen set, file, or '#hex,#hex' [basic-12]"),
    ("--pen-count", "pens.count", str, "how many pens the drawing may use, or auto: as few as keep 95 % [4]"),
    ("--palette", "pens.palette", str, "how pens are chosen: learned, kmeans, or fixed (all of the set) [learned]"),
    ("--ink", "ink.kind", str, "how free colours mix: multiply or over [multiply]"),
    ("--page", "page.size", str, "a0..a6, letter, ... or WxHmm [a5]"),
    ("--landscape", "page.landscape", bool, "turn the page"),
    ("--margin", "page.margin", float, "empty border, mm [10]"),
    ("--paper", "page.paper", str, "colour of the paper [#ffffff]"),
    ("--max-ink", "page.max_ink", float, "layers of ink that a square millimetre of the paper bears [any number]"),
    ("--viewing-distance", "viewing_distance", float, "mm from the eye to the paper for which a picture is drawn"),
    ("--machine", "machine", str, "plotter whose speed gives the minutes, or a YAML file [axidraw]"),
    ("--minutes", "minutes", float, "prune the drawing until the plotter needs no longer"),
    ("--renderer", "renderer.name", str, "native, reference or diffvg [native]"),
    ("--device", "device", str, "auto, cpu or cuda [auto]"),
    ("--threads", "threads", int, "CPU threads; 0 for all cores [0]"),
    ("--seed", "seed", int, "same seed, same bytes [0]"),
)
"""Flag, config address, type, help. Ranges and messages are the config's."""


def config_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags of the table; `gather` turns their values into changes of the config."""
    return some_flags(*(flag for flag, *_ in FLAGS))(command)


def some_flags(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the flags of the table with these names, and --set."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for flag, _, kind, text in reversed(FLAGS):
            if flag in names:
                command = click.option(flag, type=kind, is_flag=kind is bool, default=None, help=text)(command)
        return click.option(
            "--set", "sets", multiple=True, metavar="A.B.C=VALUE", help="any setting by its address in the config"
        )(command)

    return add


def gather(flags: dict[str, Any], sets: tuple[str, ...]) -> dict[str, Any]:
    """The changes a command line makes to the config, by address."""
    changes = {address: flags.get(flag.strip("-").replace("-", "_")) for flag, address, _, _ in FLAGS}
    changes = {address: value for address, value in changes.items() if value is not None}
    for text in sets:
        address, equals, value = text.partition("=")
        if not equals or not address:
            raise InputError(f"--set: write ADDRESS=VALUE, for example --set size=512, not {text!r}")
        try:
            changes[address.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise InputError(f"--set: {value!r} is not a value that YAML can read") from None
    return changes
