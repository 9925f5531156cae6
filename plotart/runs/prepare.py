"""From a config to what the stages need: canvas, network, objectives, pens, and the drawing they start from.

Everything that can be wrong with the input is found here, before any work starts.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import torch
from torch import Tensor

from plotart.core.canvas import Canvas
from plotart.core.errors import InputError
from plotart.core.images import load_image, resize
from plotart.core.shipped import find_style
from plotart.core.vision import eye_blur_mm
from plotart.drawing import Drawing
from plotart.drawing.ink import Choosing, Ink, Penned
from plotart.drawing.primitives import Primitive
from plotart.drawing.primitives.strokes import Strokes, StrokesSpec
from plotart.drawing.render import renderer
from plotart.glyphs.digits import DigitsSpec
from plotart.glyphs.handwriting import digits
from plotart.glyphs.rasters import RastersSpec
from plotart.glyphs.sheet import Alphabet, GeneratedSpec
from plotart.glyphs.train import TrainSpec
from plotart.networks import load_network
from plotart.objectives import Objective, ObjectiveContext, ObjectiveSpec
from plotart.objectives.neuron import Neuron
from plotart.objectives.pixels import PixelsSpec
from plotart.objectives.structure import StructureSpec
from plotart.pens import PenSet, load_pens
from plotart.plot import order_pens
from plotart.plot.motion import Machine, load_machine
from plotart.plot.start import read_start
from plotart.runs.checks import (
    check_dividers,
    check_free,
    check_minutes,
    check_shapes,
    check_shares,
    free_first,
    hatches,
)
from plotart.runs.config import Config, NetworkSpec
from plotart.runs.posters import drawing_area, source_of
from plotart.stages import Context
from plotart.stages.choose import ChooseSpec, leaning
from plotart.stages.fit import FitSpec, crops_of
from plotart.stages.narrow import with_tips
from plotart.stages.place import PlaceSpec
from plotart.stages.quantize import QuantizeSpec
from plotart.stages.trace import TraceSpec

__all__ = ["prepare"]

NEED_NETWORK = ("neuron", "style", "features")
MELTING = 1.45
"""Strokes melt into tones where a Gaussian of one arc minute is so many tips wide: 0.4 mm tips from two metres."""


def prepare(config: Config, say: Callable[[str], None]) -> tuple[Config, Context, Drawing]:
    """The resolved config (network chosen), the context of the stages, and the first drawing.

    Raises:
        InputError: naming the setting, its value and what would be right.
    """
    if not any(name in config.objectives for name in ("neuron", "pixels", "message")):
        raise InputError("nothing to draw: give --neuron LAYER:UNIT (such as conv4_3:12) or --image FILE")
    alphabet = _alphabet(config)
    check_dividers(config)
    check_shapes(config)
    threads = config.threads or os.cpu_count() or 1
    torch.set_num_threads(threads)
    device = _device(config.device)
    source = source_of(config)
    pens, count = _palette(config) if source is None else source.palette()
    _check_digits(config, alphabet, pens)
    tip = _usual_tip(pens)
    config = _seen_from(config, tip)
    machine = load_machine(config.machine)
    check_minutes(config, count, machine)
    check_free(config)
    target = None
    if "pixels" in config.objectives:
        target = load_image(config.objectives["pixels"].image, "objectives.pixels.image")  # type: ignore[attr-defined]
    canvas = drawing_area(config, _aspect(target, alphabet))
    height, width = canvas.pixels(config.size)
    network = None
    if any(name in config.objectives for name in NEED_NETWORK):
        network = load_network(config.network.name, precision=config.network.precision, device=device, report=say)
        config = config.changed(network=NetworkSpec(name=network.name, precision=config.network.precision))
    picture = None if target is None else resize(target, height, width)[None].to(device)
    generator = torch.Generator().manual_seed(config.seed)
    objectives = _objectives(
        config,
        device,
        ObjectiveContext(
            network=network,
            canvas=canvas,
            target=picture,
            size=(height, width),
            picture=lambda file, setting: resize(load_image(file, setting), height, width)[None].to(device),
            style_image=lambda name: load_image(find_style(name), "objectives.style.image")[None].to(device),
            alphabet=alphabet,
            grey=len(pens.pens) == 1,
            pace=_pace(config, canvas, machine, count),
            minutes=None if config.minutes is None else config.minutes - machine.change_seconds(count) / 60,
            generator=generator,
        ),
    )
    check_shares(config, objectives)
    neuron = objectives.get("neuron")
    if network is not None and isinstance(neuron, Neuron) and source is None:
        for line in neuron.check(network):
            say(line)
    pixels = tip / canvas.mm_per_unit * config.size
    if pixels < 0.7:
        say(
            f"a {tip} mm tip is only {pixels:.2f} px wide here, so the preview and the network see it faintly: "
            "take a smaller --page, a larger --size or a wider pen"
        )
    if source is not None:
        drawing = source.drawing
        source.go_on(objectives)
    else:
        config, drawing = _first_drawing(config, canvas, pens, tip, picture, generator, say)
    context = Context(
        renderer=renderer(config.renderer.name, threads=threads),
        objectives=objectives,
        weights={name: spec.weight for name, spec in config.objectives.items()},
        network=network,
        transform=config.transform,
        size=config.size,
        pens=pens,
        pen_count=count,
        generator=generator,
        canvas=canvas,
        machine=machine,
        minutes=config.minutes,
    )
    for stage in config.stages:
        if isinstance(stage, FitSpec):
            crops_of(stage, canvas, context)
    return config, context, drawing.to(device)


def _pace(config: Config, canvas: Canvas, machine: Machine, pens: int) -> tuple[float, float]:
    """Seconds for a mm of ink, and for a stroke's lift where all strokes are shared by the pens."""
    strokes = getattr(config.primitive, "count", 1) / pens
    return 1 / machine.pen_down_speed, machine.lift_seconds(strokes, canvas.area_mm2)


def _usual_tip(pens: PenSet) -> float:
    tips = sorted(pen.tip_mm for pen in pens.pens)
    return tips[len(tips) // 2]


def _seen_from(config: Config, tip_mm: float) -> Config:
    """The objectives of a picture for a given viewing distance.

    Details are compared from there, and colours too, but never from nearer than strokes melt into tones.
    """
    distance, pixels = config.viewing_distance, config.objectives.get("pixels")
    if distance is None:
        return config
    if not isinstance(pixels, PixelsSpec):
        raise InputError("viewing_distance: it is for pictures; give --image, or leave it out")
    melting = MELTING * tip_mm / eye_blur_mm(1.0)
    seen: dict[str, ObjectiveSpec] = {"pixels": pixels.model_copy(update={"distances": (max(distance, melting),)})}
    structure = config.objectives.get("structure")
    if isinstance(structure, StructureSpec):
        seen["structure"] = structure.model_copy(update={"distance": distance})
    return config.changed(objectives={**config.objectives, **seen})


def _first_drawing(
    config: Config,
    canvas: Canvas,
    pens: PenSet,
    tip: float,
    picture: Tensor | None,
    generator: torch.Generator,
    say: Callable[[str], None],
) -> tuple[Config, Drawing]:
    """What the stages start from, at random or from a file, its pens `tip` mm wide unless they are known."""
    rgb = None
    primitive: Primitive
    if config.init is None:
        start = {"pens": len(pens.pens), "target": picture}
        try:
            primitive = config.primitive.build(canvas, tip / canvas.mm_per_unit, generator, **start)
        except ValueError as error:
            raise InputError(str(error)) from None
        rgb = primitive.start_rgb
    else:
        primitive, rgb = _read_strokes(config, canvas, tip / canvas.mm_per_unit, say)
        config = config.changed(primitive=config.primitive.model_copy(update={"count": len(primitive)}))
    drawing = Drawing(canvas, primitive, _first_ink(config, pens, primitive, generator, rgb))
    return config, with_tips(drawing) if drawing.ink.pens else drawing


def _alphabet(config: Config) -> Alphabet | None:
    """What a sheet of glyphs shows; None when the drawing is none."""
    glyphs = isinstance(config.primitive, GeneratedSpec)
    trained = any(isinstance(stage, TrainSpec) for stage in config.stages)
    if not glyphs == trained == ("message" in config.objectives):
        raise InputError(
            "stages: the primitive 'glyphs' (or 'rasters'), the objective 'message' and the stage 'train' go together; "
            "start from the config 'glyphs'"
        )
    if not isinstance(config.primitive, GeneratedSpec):
        return None
    for name in ("neuron", "style", "pixels"):
        if name in config.objectives:
            raise InputError(f"objectives.{name}: glyphs are drawn to be read; leave '{name}' to other primitives")
    strokes = [name for name in config.objectives if name != "message"]
    if strokes and isinstance(config.primitive, RastersSpec):
        raise InputError(f"objectives.{strokes[0]}: rasters have no strokes to judge; set '{strokes[0]}' to null")
    if config.pens.palette != "fixed":
        raise InputError(f"pens.palette: glyphs are drawn with a fixed palette, not '{config.pens.palette}'")
    alphabet = config.primitive.alphabet()
    alphabet.sheet.pixels(config.size)
    return alphabet


def _check_digits(config: Config, alphabet: Alphabet | None, pens: PenSet) -> None:
    for stage in config.stages:
        if not isinstance(stage, DigitsSpec):
            continue
        if alphabet is None or not isinstance(config.stages[0], TrainSpec):
            raise InputError("stages: 'digits' tries glyphs after the stage 'train'; start from the config 'digits'")
        if len(pens.pens) != 1:
            raise InputError(f"stages: digits are grey, so pens.set must be one pen, not {len(pens.pens)}")
        digits(stage.data, stage.count, alphabet.sheet.pixels(config.size))


def _aspect(target: Tensor | None, alphabet: Alphabet | None) -> float | None:
    """Width / height of what is drawn; None when it takes the page as it is."""
    if alphabet is not None:
        return alphabet.sheet.columns / alphabet.sheet.rows
    return None if target is None else target.shape[2] / target.shape[1]


def _read_strokes(config: Config, canvas: Canvas, width: float, say: Callable[[str], None]) -> tuple[Strokes, Tensor]:
    """The strokes of the file `init`, `width` unit wide, and their colours `[N, 3]` sRGB."""
    if not isinstance(config.primitive, StrokesSpec):
        kind = config.model_dump(mode="json")["primitive"]["kind"]
        raise InputError(f"init: an SVG file gives strokes, so primitive.kind must be strokes, not {kind}")
    start = read_start(str(config.init), canvas, config.primitive.segments)
    for line in (*start.told, f"starts from {len(start.points)} strokes of '{config.init}'"):
        say(f"init: {line}")
    points = torch.from_numpy(start.points).float()
    return Strokes(points, torch.full((len(points),), width)), torch.from_numpy(start.rgb).float()


def _first_ink(
    config: Config, pens: PenSet, primitive: Primitive, generator: torch.Generator, rgb: Tensor | None = None
) -> Ink:
    """Free colours where a stage turns them into pens; otherwise real pens from the first step.

    They are random, or those nearest to `rgb [N, 3]` sRGB.
    """
    count = len(primitive)
    if config.ink.kind == "coded":
        return config.ink.build(count, generator)
    if free_first(config):
        return config.ink.build(count, generator, rgb)
    palette = [pens.pens[i] for i in order_pens(pens.pens)]
    if rgb is not None:
        logits = leaning(rgb, palette, ChooseSpec().spread)
        return Penned(palette, logits.argmax(dim=1)) if config.pens.palette == "fixed" else Choosing(palette, logits)
    if config.pens.palette == "fixed":
        return Penned(palette, primitive.deal_pens(len(palette), generator))
    return Choosing(palette, 0.5 * torch.randn(count, len(palette), generator=generator))


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"device: '{name}' is not available here; choose cpu or auto")
    return torch.device(name)


def _palette(config: Config) -> tuple[PenSet, int]:
    """The pens the user has, and how many of them the drawing may use."""
    pens = load_pens(config.pens.set)
    have, count = len(pens.pens), config.pens.count
    if config.pens.palette == "fixed":
        if count not in (None, have):
            raise InputError(f"pens.count: a fixed palette uses all {have} pens of '{config.pens.set}', not {count}")
        return pens, have
    settling = QuantizeSpec | TraceSpec if config.pens.palette == "kmeans" else QuantizeSpec | TraceSpec | PlaceSpec
    if not hatches(config) and not any(isinstance(stage, settling) for stage in config.stages):
        raise InputError(f"stages: palette '{config.pens.palette}' needs a quantize stage, or no colour becomes a pen")
    if count == "auto":
        return pens, have
    if count is not None and count > have:
        raise InputError(f"pens.count: '{config.pens.set}' holds {have} pens, so at most {have}, not {count}")
    return pens, min(4, have) if count is None else count


def _objectives(config: Config, device: torch.device, context: ObjectiveContext) -> dict[str, Objective]:
    built: dict[str, Objective] = {}
    for name, spec in config.objectives.items():
        try:
            built[name] = spec.build(context).to(device)
        except InputError as error:
            message = str(error)
            raise InputError(
                message if message.startswith("objectives.") else f"objectives.{name}: {message}"
            ) from None
    return built
