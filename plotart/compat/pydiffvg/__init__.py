"""The interface of pydiffvg (T.-M. Li et al., "Differentiable Vector Graphics Rasterization for Editing and Learning",
2020) on plotart.raster: the same names, arguments and units, exact coverage instead of samples.

docs/from-diffvg.md tells what is there, what differs, and why.
"""

from plotart.compat.pydiffvg.device import (
    get_device,
    get_use_gpu,
    set_device,
    set_print_timing,
    set_use_gpu,
)
from plotart.compat.pydiffvg.image import imwrite
from plotart.compat.pydiffvg.read import svg_to_scene
from plotart.compat.pydiffvg.render import FilterType, OutputType, PixelFilter, RenderFunction
from plotart.compat.pydiffvg.shapes import (
    Circle,
    Ellipse,
    LinearGradient,
    Path,
    Polygon,
    RadialGradient,
    Rect,
    ShapeGroup,
)
from plotart.compat.pydiffvg.subpaths import from_svg_path
from plotart.compat.pydiffvg.write import save_svg

__all__ = [
    "Circle",
    "Ellipse",
    "FilterType",
    "LinearGradient",
    "OutputType",
    "Path",
    "PixelFilter",
    "Polygon",
    "RadialGradient",
    "Rect",
    "RenderFunction",
    "ShapeGroup",
    "from_svg_path",
    "get_device",
    "get_use_gpu",
    "imwrite",
    "save_svg",
    "set_device",
    "set_print_timing",
    "set_use_gpu",
    "svg_to_scene",
]
