"""Whether the parts of a config go together: what no field of it can know by itself."""

from __future__ import annotations

from plotart.core.canvas import Canvas, Page
from plotart.core.errors import InputError
from plotart.pens import PenSet
from plotart.plot.motion import Machine
from plotart.runs.config import Config

__all__ = ["beyond_reach", "check", "check_minutes", "minutes_left"]


def check(config: Config) -> None:
    """InputError unless every part has what it needs of the others, and says that it goes with them."""
    if "subject" not in config.given:
        raise InputError("nothing to draw: give --neuron LAYER:UNIT (such as conv4_3:12) or --image FILE")
    for at, part in config.parts.items():
        for need in sorted(part.needs - config.given):
            raise InputError(part.lacks(need, at, config))
    for at, part in config.parts.items():
        part.check(config, at)
    if config.init is not None and not config.scaled_stages():
        raise InputError(
            f"init: {' and '.join(stage.kind for stage in config.stages)} would lay anew what the strokes of "
            f"'{config.init}' are, so nothing is left to do; leave --init out, or add a stage such as fit"
        )
    kind = config.ink.kind
    for i, stage in enumerate(config.stages):
        if stage.inks is not None and kind not in stage.inks:
            raise InputError(f"stages.{i}: {stage.kind} is for ink.kind {' or '.join(stage.inks)}, not {kind}")
        if stage.source is not None and (i or any(other.source for other in config.stages[1:])):
            raise InputError(f"stages: {stage.kind} comes first and once; to enlarge further, enlarge the result")


def check_minutes(config: Config, pen_count: int, machine: Machine) -> None:
    """InputError unless so many pens can be plotted at all in the minutes asked for."""
    if config.minutes is None:
        return
    each = machine.raise_seconds + machine.lower_seconds
    least = (machine.change_seconds(pen_count) + pen_count * each) / 60
    if config.minutes < least:
        raise InputError(
            f"minutes: {pen_count} pens take at least {least:.2f} min on {config.machine} with one stroke each, "
            f"not {config.minutes:g}; take more minutes or fewer pens (pens.count)"
        )


def minutes_left(config: Config, canvas: Canvas, pens: PenSet, machine: Machine) -> float | None:
    """The minutes that frame and words leave to the drawing; InputError where those are none, or their pen is."""
    config.lettering.chosen(pens, canvas.paper)
    if config.minutes is None or not config.lettering.wanted:
        return config.minutes
    spent = config.lettering.minutes(canvas, pens, machine)
    if spent > 0.8 * config.minutes:
        raise InputError(
            f"minutes: frame and words alone take {spent:.1f} min on {config.machine}, not {config.minutes:g}; "
            "take more minutes, or fewer words"
        )
    return round(config.minutes - spent, 2)


def beyond_reach(page: Page, machine: Machine, name: str) -> str | None:
    """A sentence where the machine does not reach the page, upright or turned; the drawing may be for another one."""
    if machine.travel_mm is None or machine.reaches(page.width_mm, page.height_mm):
        return None
    reach = " x ".join(f"{side:g}" for side in machine.travel_mm)
    return (
        f"the page of {page.width_mm:g} x {page.height_mm:g} mm is larger than {name} reaches ({reach} mm): "
        "name another --machine, or take a smaller --page"
    )
