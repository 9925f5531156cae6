"""What is drawn when: marks for the register, refills after metres of ink, a start in the middle, AxiDraw's codes."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from plotart.core.color import hex_to_rgb, to_lab
from plotart.core.errors import InputError
from plotart.core.geometry import lengths, polyline
from plotart.plot.layers import Layer, Plot

__all__ = [
    "axidraw_layers", "layer_number", "only_layers", "parse_start", "split_by_ink", "start_at",
    "with_registration_marks",
]  # fmt: skip

MARK_MM = 5.0


def with_registration_marks(plot: Plot) -> Plot:
    """The plot with corner marks inside its margins as a first layer of their own, in its darkest pen.

    They tell the paper's place again after it was moved: draw them first, and once more in the air to check.
    """
    if not plot.layers:
        return plot
    darkest = min((layer.pen for layer in plot.layers), key=lambda pen: float(to_lab(hex_to_rgb(pen.hex))[0]))
    low = max(1.0, plot.margin_mm)  # on the very edge programs crop them
    right, bottom = plot.page.width_mm - low, plot.page.height_mm - low
    arm = min(MARK_MM, (right - low) / 4, (bottom - low) / 4)
    marks = []
    for x, y in ((low, low), (right, low), (right, bottom), (low, bottom)):
        inwards = np.array([np.sign(plot.page.width_mm / 2 - x), np.sign(plot.page.height_mm / 2 - y)])
        corner = np.array([x, y])
        marks.append(polyline([corner + arm * inwards * [1, 0], corner, corner + arm * inwards * [0, 1]]))
    pen = darkest.model_copy(update={"name": f"registration in {darkest.name}"})
    return replace(plot, layers=[Layer(pen, marks), *plot.layers])


def split_by_ink(plot: Plot, metres: float) -> Plot:
    """Layers that draw more than so many metres become several of the same pen, so that it can be refilled between.

    Strokes stay whole: a layer holds more only when a single stroke does.
    """
    if not metres > 0:
        raise InputError(f"metres of ink must be above 0, not {metres}.")
    layers: list[Layer] = []
    for layer in plot.layers:
        groups: list[list[int]] = []
        used = 0.0
        for index, length in enumerate(lengths(layer.paths).tolist()):
            if not groups or used + length > 1000 * metres:
                groups.append([])
                used = 0.0
            groups[-1].append(index)
            used += length
        for number, group in enumerate(groups, start=1):
            name = layer.pen.name if len(groups) == 1 else f"{layer.pen.name} {number} of {len(groups)}"
            pen = layer.pen.model_copy(update={"name": name})
            layers.append(Layer(pen, [layer.paths[i] for i in group]))
    return replace(plot, layers=layers)


def layer_number(plot: Plot, text: str) -> int:
    """The number of the layer that `text` names, counted from 1: by its number, its name, or how only its name begins.

    Raises:
        InputError: no layer, or more than one, is meant.
    """
    said, names = text.strip(), [layer.pen.name for layer in plot.layers]
    if said.isdigit() and 1 <= int(said) <= len(names):
        return int(said)
    for fits in (str.__eq__, str.startswith):
        found = [n for n, name in enumerate(names, 1) if fits(name.lower(), said.lower())]
        if len(found) == 1 and said:
            return found[0]
    have = ", ".join(f"{n} {name!r}" for n, name in enumerate(names, 1))
    raise InputError(f"layer {said!r} is not one of the plot's: {have}.")


def only_layers(plot: Plot, text: str) -> Plot:
    """The plot with only these layers, in plotting order: numbers or names, with commas."""
    wanted = {layer_number(plot, part) for part in text.split(",")}
    return replace(plot, layers=[layer for n, layer in enumerate(plot.layers, 1) if n in wanted])


def parse_start(text: str, plot: Plot) -> tuple[int, int]:
    """'2:150' or 'red:150' -> that layer, stroke 150; '2' or 'red' -> its first stroke. Both count from 1."""
    match = re.fullmatch(r"(.+?)(?::\s*(\d{1,7})\s*)?", text.strip())
    if not match:
        raise InputError(f"--start-at {text!r} is not LAYER or LAYER:STROKE, for example 2:150 or red:150.")
    try:
        return layer_number(plot, match[1]), int(match[2] or 1)
    except InputError as error:
        raise InputError(f"--start-at: {error}") from None


def start_at(plot: Plot, layer: int, stroke: int = 1) -> Plot:
    """What is left of the plot from that stroke of that layer on, both counted from 1; layers keep no numbers."""
    if not 1 <= layer <= len(plot.layers):
        raise InputError(f"--start-at: there is no layer {layer}; the plot has layers 1 to {len(plot.layers)}.")
    first = plot.layers[layer - 1]
    if not 1 <= stroke <= len(first.paths):
        raise InputError(f"--start-at: layer {layer} has strokes 1 to {len(first.paths)}, not {stroke}.")
    rest = [Layer(first.pen, first.paths[stroke - 1 :]), *plot.layers[layer:]]
    return replace(plot, layers=rest)


def axidraw_layers(
    plot: Plot, *, pause: bool = True, speed: int | None = None, height: int | None = None
) -> Sequence[tuple[str, Layer]]:
    """Labels with AxiDraw's codes, for `plot_svg`: '!2+S30+H40-red'.

    '!' makes the machine pause before a layer of another pen (never before the first), +S and +H set the speed and the
    height of the lowered pen in per cent.
    """
    codes = ""
    for letter, name, value in (("S", "speed", speed), ("H", "height", height)):
        if value is not None:
            if not 1 <= value <= 100:
                raise InputError(f"{name} {value} is out of range: it must be between 1 and 100 per cent.")
            codes += f"+{letter}{value}"
    return [
        (f"{'!' if pause and number > 1 else ''}{number}{codes}-{layer.pen.name}", layer)
        for number, layer in enumerate(plot.layers, start=1)
    ]
