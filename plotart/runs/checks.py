"""Whether the parts of a config go together: what no field of it can know by itself."""

from __future__ import annotations

from plotart.core.errors import InputError
from plotart.drawing.primitives.dividers import DividersSpec
from plotart.drawing.primitives.shapes import ShapesSpec
from plotart.drawing.primitives.splats import SplatsSpec
from plotart.drawing.primitives.strokes import StrokesSpec
from plotart.objectives import Objective
from plotart.plot.motion import Machine
from plotart.runs.config import Config
from plotart.stages.choose import ChooseSpec
from plotart.stages.fit import FitSpec
from plotart.stages.grow import GrowSpec
from plotart.stages.hatch import HatchSpec
from plotart.stages.prune import PruneSpec
from plotart.stages.quantize import QuantizeSpec
from plotart.stages.regrow import RegrowSpec
from plotart.stages.reorder import ReorderSpec
from plotart.stages.trace import TraceSpec

__all__ = ["check_dividers", "check_free", "check_minutes", "check_shapes", "check_shares", "free_first", "hatches"]


def hatches(config: Config) -> bool:
    """Whether shapes are cut into pieces and hatched."""
    return any(isinstance(stage, HatchSpec) for stage in config.stages)


def free_first(config: Config) -> bool:
    """Whether shapes start with free colours that a stage turns into pens, or with real pens from the first step."""
    chosen_later = any(isinstance(stage, ChooseSpec) for stage in config.stages)
    return config.pens.palette == "kmeans" or (config.pens.palette == "learned" and chosen_later) or hatches(config)


def check_free(config: Config) -> None:
    """Whether what needs free colours has them."""
    how, kind = "(pens.palette kmeans, or a choose stage)", config.model_dump(mode="json")["primitive"]["kind"]
    if isinstance(config.primitive, StrokesSpec) and config.primitive.widths == "free" and not free_first(config):
        raise InputError(f"primitive.widths: 'free' is for free colours {how}; pens are as wide as their tips")
    if not any(isinstance(stage, GrowSpec) for stage in config.stages):
        return
    if not isinstance(config.stages[0], GrowSpec) or config.init is not None:
        raise InputError("stages: grow starts a drawing, so it must be the first stage, and without --init")
    if "pixels" not in config.objectives:
        raise InputError("stages: grow needs a picture to grow toward; give --image FILE")
    if not isinstance(config.primitive, StrokesSpec):
        raise InputError(f"stages: grow lays strokes, so primitive.kind must be strokes, not {kind}")
    if config.ink.kind != "over" or not free_first(config):
        raise InputError(f"stages: grow lays strokes over each other: set ink.kind to over, and free colours {how}")


def check_shapes(config: Config) -> None:
    """Whether primitive, ink and stages go together; which inks strokes can take, and what pens can make of shapes."""
    ink, filled = config.ink, isinstance(config.primitive, ShapesSpec)
    hatched = hatches(config)
    if not filled:
        if hatched or any(isinstance(stage, RegrowSpec | ReorderSpec) for stage in config.stages):
            raise InputError(
                "stages: hatch, regrow and reorder are for filled shapes; primitive.kind must be circles or splats"
            )
        if ink.kind in ("average", "add"):
            raise InputError(f"ink.kind: '{ink.kind}' mixes filled shapes; strokes take multiply or over")
        if ink.background != "paper":
            raise InputError(f"ink.background: strokes are drawn on paper, not on '{ink.background}'")
        return
    strokes = [name for name in config.objectives if name not in ("pixels", "neuron", "style")]
    if strokes:
        raise InputError(f"objectives.{strokes[0]}: shapes have no strokes to judge; set '{strokes[0]}' to null")
    if hatched and config.primitive.marks == "outline":  # type: ignore[attr-defined]
        raise InputError("primitive.marks: outlines are not hatched; take 'hatch', or the stage 'quantize' instead")
    for i, stage in enumerate(config.stages):
        name = "reorder" if isinstance(stage, ReorderSpec) else "regrow" if isinstance(stage, RegrowSpec) else ""
        fitting = ("over",) if name == "reorder" else ("over", "average")
        if name and ink.kind not in fitting:
            raise InputError(f"stages.{i}: {name} is for ink.kind {' or '.join(fitting)}, not {ink.kind}")
    if hatched:
        return
    if ink.background != "paper":
        raise InputError(f"ink.background: only the stage 'hatch' can draw a background of '{ink.background}'")
    if isinstance(config.primitive, SplatsSpec) and (
        config.primitive.shape in ("arc", "dot") or config.primitive.streaks
    ):
        raise InputError(
            "primitive: splats that fade (arcs, dots, streaks) have no edge for a single pen; add the stage 'hatch'"
        )


def check_dividers(config: Config) -> None:
    """Dividers, their ink and the stage that turns them into strokes go together."""
    dividers = isinstance(config.primitive, DividersSpec)
    traced = [i for i, stage in enumerate(config.stages) if isinstance(stage, TraceSpec)]
    if not dividers == (config.ink.kind == "coded") == bool(traced):
        raise InputError(
            "stages: the primitive 'dividers', the ink 'coded' and the stage 'trace' go together; "
            "start from the config 'dividers'"
        )
    if not dividers:
        return
    if config.pens.palette == "kmeans" or config.pens.count == "auto":
        raise InputError(
            "pens: regions take the pens they miss least, or all of a fixed palette; "
            "leave pens.palette 'kmeans' and pens.count 'auto' to strokes"
        )
    for stage in config.stages[: traced[0]]:
        if not isinstance(stage, FitSpec):
            raise InputError(
                f"stages: before 'trace' dividers can only be fitted, not go through '{stage.build().name}'"
            )


def check_shares(config: Config, objectives: dict[str, Objective]) -> None:
    """Whether the objectives can judge the pixels that each fit looks at."""
    for i, stage in enumerate(config.stages):
        if isinstance(stage, FitSpec) and stage.pixels_share < 1:
            for name, objective in objectives.items():
                if objective.needs_whole_image:
                    why = "; of pixels.distances only 0 goes pixel by pixel" if name == "pixels" else ""
                    raise InputError(
                        f"stages.{i}.pixels_share: the objective '{name}' looks at the whole image{why}; "
                        f"leave pixels_share at 1, not {stage.pixels_share:g}"
                    )


def check_minutes(config: Config, pen_count: int, machine: Machine) -> None:
    """Whether the stages can keep to the minutes asked for, and so many pens can be plotted in them at all."""
    places = [i for i, stage in enumerate(config.stages) if isinstance(stage, PruneSpec)]
    if config.minutes is None:
        if places:
            raise InputError("stages: a prune stage needs minutes; set them, or leave the stage out")
        return
    settled = [i for i, stage in enumerate(config.stages) if isinstance(stage, QuantizeSpec)]
    if config.pens.palette != "fixed" and settled and places[0] < settled[-1]:
        raise InputError("stages: prune must come after quantize, when every stroke has its pen for good")
    if not isinstance(config.primitive, StrokesSpec):
        kind = config.model_dump(mode="json")["primitive"]["kind"]
        raise InputError(f"minutes: only strokes are pruned to a time; primitive.kind must be strokes, not {kind}")
    each = machine.raise_seconds + machine.lower_seconds
    least = (machine.change_seconds(pen_count) + pen_count * each) / 60
    if config.minutes < least:
        raise InputError(
            f"minutes: {pen_count} pens take at least {least:.2f} min on {config.machine} with one stroke each, "
            f"not {config.minutes:g}; take more minutes or fewer pens (pens.count)"
        )
