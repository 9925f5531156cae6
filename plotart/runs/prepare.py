"""From a config to what the stages need: canvas, network, objectives, pens, and the drawing they start from.

Everything that can be wrong with the input is found here, before any work starts.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from plotart.core.canvas import Canvas
from plotart.core.color import normalize_hex
from plotart.core.composition import Composition, Framing, on_ground
from plotart.core.errors import InputError
from plotart.core.focus import focus_of
from plotart.core.images import load_image, resize
from plotart.core.shipped import find_style
from plotart.core.vision import eye_blur_mm
from plotart.drawing import Drawing
from plotart.drawing.ink import Choosing, Ink, Penned
from plotart.drawing.primitives import Primitive
from plotart.drawing.render import renderer
from plotart.networks import load_network
from plotart.networks.dinov2 import focus_gaze
from plotart.objectives import Objective, ObjectiveContext
from plotart.pens import PenSet, load_pens
from plotart.pens.palette import for_paper
from plotart.plot import order_pens
from plotart.plot.motion import Machine, load_machine
from plotart.plot.start import read_shapes, read_start
from plotart.plot.unread import unread
from plotart.runs.checks import beyond_reach, check, check_minutes, minutes_left
from plotart.runs.config import Config, NetworkSpec
from plotart.runs.motif import network_scale
from plotart.runs.posters import drawing_area, source_of
from plotart.stages import Context
from plotart.stages.choose import Choose, leaning
from plotart.stages.narrow import with_tips

__all__ = ["prepare"]

MELTING = 1.45
"""Strokes melt into tones where a Gaussian of one arc minute is so many tips wide: 0.4 mm tips from two metres."""

USUAL_PENS = 4
"""As many pens make the palette, where nothing else is said."""
CHANGES = 1 / 7
"""... or fewer, where changing them would take more than this share of the minutes."""


def prepare(config: Config, say: Callable[[str], None]) -> tuple[Config, Context, Drawing]:
    """The resolved config (network chosen), the context of the stages, and the first drawing.

    Raises:
        InputError: naming the setting, its value and what would be right.
    """
    check(config)
    threads = config.threads or os.cpu_count() or 1
    torch.set_num_threads(threads)
    device = _device(config.device)
    source = source_of(config)
    machine = load_machine(config.machine)
    pens, count = _palette(config, machine) if source is None else source.palette()
    tip = _usual_tip(pens)
    config = _seen_from(config, tip)
    check_minutes(config, count, machine)
    canvas, framing, read = _placed(config)
    target = None if read is None or framing is None else framing.of(read)
    minutes = minutes_left(config, canvas, pens, machine)
    if told := beyond_reach(canvas.page, machine, config.machine):
        say(told)
    network = None
    if "network" in config.needed:
        network = load_network(config.network.name, precision=config.network.precision, device=device, report=say)
        config = config.changed(network=NetworkSpec(name=network.name, precision=config.network.precision))
    scaled: list[str] = []  # told once nothing is wrong
    config, network_size = network_scale(config, canvas, network, tip, scaled.append)
    size = canvas.pixels(config.size)
    picture, focus = None, None
    if read is not None and framing is not None and target is not None:
        focus = focus_of(config.focus, read, framing, size, focus_gaze() if config.focus == "auto" else None)
        focus = None if focus is None else focus.to(device)
        picture = resize(target, *size)[None]
        picture = on_ground(picture, config.composition, canvas.paper_rgb, config.size / canvas.mm_per_unit).to(device)
    generator = torch.Generator().manual_seed(config.seed)
    objectives = _objectives(
        config,
        device,
        ObjectiveContext(
            network=network,
            canvas=canvas,
            target=picture,
            size=size,
            picture=lambda file, setting: resize(_framed(load_image(file, setting), framing), *size)[None].to(device),
            style_image=lambda name: load_image(find_style(name), "objectives.style.image")[None].to(device),
            primitive=config.primitive,
            grey=len(pens.pens) == 1,
            pace=_pace(config, canvas, machine, count),
            minutes=None if minutes is None else minutes - machine.change_seconds(count) / 60,
            focus=focus,
            generator=generator,
        ),
    )
    for line in scaled:
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
        for line in (line for objective in objectives.values() for line in objective.warnings(network)):
            say(line)
        config, drawing = _first_drawing(config, canvas, pens, count, tip, picture, generator, say)
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
        minutes=minutes,
        network_size=network_size,
        primitive=config.primitive,
        focus=focus,
    )
    for number, stage in enumerate(config.stages):
        stage.ready(context, f"stages.{number}", say)
    return config, context, drawing.to(device)


def _placed(config: Config) -> tuple[Canvas, Framing | None, Tensor | None]:
    """The drawing area; which part of a picture lies on it, and that picture `[3, H, W]`, where there is one."""
    canvas = drawing_area(config, config.primitive.aspect())
    if config.picture is not None:
        read = config.primitive.asked(load_image(*config.picture))
        framing, around = config.composition.framing(read, partial(drawing_area, config), config.picture[1])
        return canvas if config.primitive.aspect() is not None else around, framing, read
    if config.composition != Composition():
        raise InputError("composition: it is for pictures; give --image, or leave it out")
    if config.focus != "none":
        raise InputError("focus: it is for pictures; give --image, or leave it out")
    return canvas, None, None


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
    distance = config.viewing_distance
    if distance is None:
        return config
    if "picture" not in config.given:
        raise InputError("viewing_distance: it is for pictures; give --image, or leave it out")
    melting = MELTING * tip_mm / eye_blur_mm(1.0)
    seen = {name: spec.seen_from(distance, melting) for name, spec in config.objectives.items()}
    return config.changed(objectives=seen)


def _first_drawing(
    config: Config,
    canvas: Canvas,
    pens: PenSet,
    count: int,
    tip: float,
    picture: Tensor | None,
    generator: torch.Generator,
    say: Callable[[str], None],
) -> tuple[Config, Drawing]:
    """What the stages start from, at random or from a file, its pens `tip` mm wide unless they are known.

    count: of the pens, as many as may be used.
    """
    width = tip / canvas.mm_per_unit
    if config.init is None:
        start = {"pens": len(pens.pens), "target": picture}
        try:
            primitive = config.primitive.build(canvas, width, generator, **start)
        except ValueError as error:
            raise InputError(str(error)) from None
        rgb = primitive.start_rgb
    else:
        if config.primitive.outlined:
            read = read_shapes(config.init, canvas)
        else:
            read = read_start(config.init, canvas, getattr(config.primitive, "segments", 1), config.init_fills)
        if not config.init.lower().endswith(".pt"):
            read.told.extend(unread(config.init))
        spec, primitive = config.primitive.of_paths(torch.from_numpy(read.points).float(), width)
        for line in (*read.told, f"starts from {len(primitive)} {primitive.kind} of '{config.init}'"):
            say(f"init: {line}")
        rgb = torch.from_numpy(read.rgb).float()
        config = config.changed(primitive=spec)
    drawing = Drawing(canvas, primitive, _first_ink(config, pens, count, primitive, generator, rgb))
    return config, with_tips(drawing) if drawing.ink.pens else drawing


def _framed(picture: Tensor, framing: Framing | None) -> Tensor:
    """The part of another picture `[3, H, W]` that goes with the part that is drawn."""
    return picture if framing is None else framing.of(picture)


def _first_ink(
    config: Config,
    pens: PenSet,
    count: int,
    primitive: Primitive,
    generator: torch.Generator,
    rgb: Tensor | None = None,
) -> Ink:
    """Free colours where a stage turns them into pens; otherwise real pens from the first step.

    They are random, or those nearest to `rgb [N, 3]` sRGB; of these `count` for good where no stage chooses pens, since
    the one that would have laid strokes in its own has been left out.
    """
    if config.free_first:
        return config.ink.build(len(primitive), generator, rgb)
    palette = [pens.pens[i] for i in order_pens(pens.pens)]
    if rgb is not None:
        logits = leaning(rgb, palette, Choose().spread)
        if config.pens.palette == "fixed":
            return Penned(palette, logits.argmax(dim=1))
        if any(stage.settles(config.pens.palette) for stage in config.scaled_stages()):
            return Choosing(palette, logits)
        nearest = torch.bincount(logits.argmax(dim=1), minlength=len(palette))
        kept = nearest.argsort(descending=True, stable=True)[:count].sort().values
        kept = kept[nearest[kept] > 0]
        return Penned([palette[i] for i in kept.tolist()], logits[:, kept].argmax(dim=1))
    if config.pens.palette == "fixed":
        return Penned(palette, primitive.deal_pens(len(palette), generator))
    return Choosing(palette, 0.5 * torch.randn(len(primitive), len(palette), generator=generator))


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"device: '{name}' is not available here; choose cpu or auto")
    return torch.device(name)


def _palette(config: Config, machine: Machine) -> tuple[PenSet, int]:
    """The pens the user has, and how many of them the drawing may use."""
    pens = for_paper(load_pens(config.pens.set), normalize_hex(config.page.paper))
    have, count = len(pens.pens), config.pens.count
    if config.pens.palette == "fixed":
        if count not in (None, have):
            raise InputError(f"pens.count: a fixed palette uses all {have} pens of '{config.pens.set}', not {count}")
        return pens, have
    if not any(stage.settles(config.pens.palette) for stage in config.stages):
        raise InputError(f"stages: palette '{config.pens.palette}' needs a quantize stage, or no colour becomes a pen")
    if count == "auto":
        return pens, have
    if count is not None and count > have:
        raise InputError(f"pens.count: '{config.pens.set}' holds {have} pens, so at most {have}, not {count}")
    if count is not None:
        return pens, count
    count = min(USUAL_PENS, have)
    if config.minutes is not None and any(stage.spares_pens for stage in config.stages):
        while count > 1 and machine.change_seconds(count) > CHANGES * 60 * config.minutes:
            count -= 1
    return pens, count


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
