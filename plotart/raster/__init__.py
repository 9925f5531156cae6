"""Tensors to pixels: a differentiable rasterizer that knows no drawing.

    import torch
    from plotart.raster import composite_over

    points = (torch.rand(200, 4, 2) * 256).requires_grad_()  # 200 cubics, px
    image = composite_over(points, torch.full((200,), 2.0), torch.rand(200, 3), torch.ones(200), size=(256, 256))
    image.mean().backward()  # [3, 256, 256]

Strokes: `composite_over` lays them over each other, `transmit` gives the light that passes them, `planes` that of each
pen (plotart.raster.strokes). Filled paths: `paint` draws any `Shape`, `fill_over` many closed shapes of cubics at once
(plotart.raster.fills). Imported when first used: `import plotart.raster` alone loads nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plotart.raster.fills import FillBackend, fill_over, paint
    from plotart.raster.paths import Linear, Paint, Path, Radial, Rule, Shape, circle, ellipse, polygon, rectangle
    from plotart.raster.strokes import Backend, composite_over, planes, transmit

_NAMES = {
    "strokes": ("Backend", "composite_over", "planes", "transmit"),
    "fills": ("FillBackend", "fill_over", "paint"),
    "paths": ("Linear", "Paint", "Path", "Radial", "Rule", "Shape", "circle", "ellipse", "polygon", "rectangle"),
}
_HOMES = {name: f"plotart.raster.{home}" for home, names in _NAMES.items() for name in names}

__all__ = [
    "Backend", "FillBackend", "Linear", "Paint", "Path", "Radial", "Rule", "Shape", "circle", "composite_over",
    "ellipse", "fill_over", "paint", "planes", "polygon", "rectangle", "transmit",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'plotart.raster' has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - only when needed

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
