"""How large on paper what a unit of the network looks at becomes, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Callable

from plotart.core.canvas import Canvas
from plotart.core.errors import InputError
from plotart.networks import Network
from plotart.networks.field import field_px
from plotart.runs.config import Config

__all__ = ["network_scale"]

PX_TIPS = 2.5
"""A pixel of what the network sees is as wide as so many tips: then lines of the pen can draw its tones."""
ACROSS = 3.0
"""So many motifs at least lie side by side on the short side of the page, as long as none other are asked for."""
TIP_PX = 1.0
"""A tip is at least so many px of the rendered canvas wide."""


def network_scale(
    config: Config, canvas: Canvas, network: Network | None, tip_mm: float, say: Callable[[str], None]
) -> tuple[Config, int | None]:
    """The config with the canvas' `size` that goes with its `motif`, and the short side, px, that the network sees.

    Raises:
        InputError: the motif is larger than the drawing, or so small that the network would see a huge one.
    """
    if config.motif is None or network is None:
        return config, None
    layers = [layer for spec in config.objectives.values() for layer in spec.looks_at]
    if not layers:
        return config, None
    field = max(field_px(network, layer) for layer in layers)
    short = canvas.mm_per_unit
    motif = min(PX_TIPS * tip_mm * field, short / ACROSS) if config.motif == "auto" else float(config.motif)
    if motif > short:
        raise InputError(
            f"motif: {motif:g} mm is larger than the drawing, whose short side is {short:g} mm; take a smaller motif "
            "or a larger page"
        )
    seen = max(LEAST_PX, round(short * field / motif))
    if seen > MOST_PX:
        raise InputError(f"motif: at {motif:g} mm the network would see a drawing of {seen} px; take a larger motif")
    if tip_mm * field / motif > 1:
        say(
            f"motif: {motif:.0f} mm are too small for a {tip_mm:g} mm tip, {tip_mm * field / motif:.1f} px wide to the "
            f"network; take {math.ceil(tip_mm * field)} mm or more, or a finer pen"
        )
    larger = max(math.ceil(TIP_PX / (tip_mm * seen / short)), round(config.size / seen), 1)
    say(f"motif: what a unit looks at is {motif:.0f} mm large; the network sees the drawing {seen} px wide")
    return config.changed(size=larger * seen, motif=motif), seen


LEAST_PX, MOST_PX = 32, 8192
