"""The calibration chart as geometry: where on the page each pen drew what, in millimetres.

A chart is described here and drawn by `plotart.plot.chart`; `plotart.pens.calibrate` reads the same description to find
the patches in a photo. The page's origin is its top left, x to the right, y down.
"""

from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, ValidationError, model_validator

from plotart.core.documents import read_yaml
from plotart.core.errors import InputError
from plotart.core.settings import Section
from plotart.pens.palette import Pen

__all__ = ["MARKS", "MARK_CELLS", "ChartLayout", "Patch", "load_layout", "save_layout"]

Positive = Annotated[float, Field(gt=0, le=5000)]
Place = Annotated[float, Field(ge=0, le=5000)]

MARK_CELLS = 6
"""A corner mark has 6 x 6 cells: a dark border, a white ring, and 2 x 2 cells inside that tell the corners apart."""


def _mark(core: list[list[int]]) -> NDArray[np.bool_]:
    cells = np.ones((MARK_CELLS, MARK_CELLS), dtype=bool)
    cells[1:-1, 1:-1] = False
    cells[2:4, 2:4] = np.array(core, dtype=bool)
    return cells


MARKS: NDArray[np.bool_] = np.stack(
    [_mark([[1, 1], [1, 1]]), _mark([[1, 1], [0, 0]]), _mark([[0, 0], [0, 0]]), _mark([[1, 1], [0, 0]])]
)
"""Dark cells `[4, 6, 6]` of the marks at the top left, top right, bottom right and bottom left, upright as on the page.

No turn or reflection of the page maps the four onto themselves.
"""

Kind = Literal["white", "solid", "cross", "tight", "hatch", "lines", "overlap"]


class Patch(Section):
    """One rectangle of the chart, `x, y` its top left corner.

    white    bare paper
    solid    one pass of horizontal lines, closer than the tip is wide
    cross    that pass, and a second one across it with the same pitch
    tight    one pass of horizontal lines at about half that pitch: each point is drawn over twice or more
    hatch    one pass of horizontal lines with paper between them
    lines    upright lines, each alone, at x + pitch_mm (1/2 + 0, 1, 2, ...)
    overlap  one pass of the pen `base` (horizontal, `base_pitch_mm`), later one of `pen` across it
    """

    model_config = ConfigDict(allow_inf_nan=False)

    kind: Kind
    x: Place
    y: Place
    width: Positive
    height: Positive
    pen: int = Field(default=-1, ge=-1)
    """Index of the pen in the chart's list; -1 for bare paper."""
    pitch_mm: float = Field(default=0.0, ge=0, le=1000)
    base: int = Field(default=-1, ge=-1)
    base_pitch_mm: float = Field(default=0.0, ge=0, le=1000)

    @model_validator(mode="after")
    def _complete(self) -> "Patch":
        if self.kind != "white" and (self.pen < 0 or self.pitch_mm <= 0):
            raise InputError(f"a {self.kind} patch needs a pen and a pitch above 0.")
        if self.kind == "overlap" and (self.base < 0 or self.base_pitch_mm <= 0 or self.base >= self.pen):
            raise InputError("an overlap needs a base pen that was drawn before it, and its pitch.")
        return self


class ChartLayout(Section):
    """Everything that is needed to read a photo of a chart."""

    model_config = ConfigDict(allow_inf_nan=False)

    chart: Literal[1] = 1
    """Version of this description."""
    name: str = Field(min_length=1, max_length=80)
    """Name of the pen set the chart was made for."""
    page: str = Field(max_length=80)
    width_mm: Positive
    height_mm: Positive
    margin_mm: float = Field(ge=0, le=1000)
    pens: tuple[Pen, ...] = Field(min_length=1, max_length=1000)
    """The pens in the order in which the chart is drawn, the darkest first, with the values that were assumed."""
    cell_mm: Positive
    """Side of a cell of the corner marks, which are drawn by the first pen."""
    marks: tuple[tuple[float, float], ...] = Field(min_length=4, max_length=4)
    """Centres of the marks: top left, top right, bottom right, bottom left."""
    frame: tuple[tuple[float, float, float, float], ...] = Field(min_length=4, max_length=4)
    """The thin lines between the marks as x0, y0, x1, y1: top, right, bottom, left."""
    patches: tuple[Patch, ...] = Field(min_length=1, max_length=20000)

    @model_validator(mode="after")
    def _pens_exist(self) -> "ChartLayout":
        if any(max(patch.pen, patch.base) >= len(self.pens) for patch in self.patches):
            raise InputError(f"a patch names a pen beyond the {len(self.pens)} of the chart.")
        if sum(patch.kind == "white" for patch in self.patches) < 4:
            raise InputError("the chart has fewer than 4 patches of bare paper.")
        return self

    def of_kind(self, kind: Kind, pen: int | None = None) -> list[Patch]:
        """The patches of one kind, of all pens or of the pen with index `pen`."""
        return [patch for patch in self.patches if patch.kind == kind and pen in (None, patch.pen)]

    def mark_cells(self) -> NDArray[np.float64]:
        """Centres in mm of the marks' cells, `[4, 6, 6, 2]`, rows then columns."""
        steps = (np.arange(MARK_CELLS) - (MARK_CELLS - 1) / 2) * self.cell_mm
        grid = np.stack(np.meshgrid(steps, steps), axis=-1)
        cells: NDArray[np.float64] = np.asarray(self.marks, dtype=np.float64)[:, None, None, :] + grid
        return cells


def save_layout(layout: ChartLayout, path: str | FilePath) -> FilePath:
    """Write the layout as YAML, whole or not at all; lengths to the micrometre."""
    data = layout.model_dump(mode="json", exclude={"patches"})
    rows = [_short(patch.model_dump(mode="json", exclude_defaults=True)) for patch in layout.patches]
    head = yaml.safe_dump(_short(data), sort_keys=False, default_flow_style=None, width=120)
    body = "".join(f"- {yaml.safe_dump(row, default_flow_style=True, sort_keys=False, width=1000)}" for row in rows)
    file = FilePath(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.part")
    beside.write_text(f"{head}patches:\n{body}", encoding="utf-8")
    beside.replace(file)
    return file


def _short(value: Any) -> Any:
    """The same data with every float rounded to three decimals."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _short(entry) for key, entry in value.items()}
    return [_short(entry) for entry in value] if isinstance(value, list | tuple) else value


def load_layout(path: str | FilePath) -> ChartLayout:
    """Read a layout that `save_layout` wrote; InputError for a missing file or anything that is no chart."""
    file = FilePath(path)
    data = read_yaml(file, f"chart {str(file)!r}")
    if not isinstance(data, dict) or "chart" not in data:
        raise InputError(f"chart {str(file)!r} describes no chart: give the chart.yaml written beside the chart.")
    try:
        return ChartLayout.model_validate(data)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        cause = problem.get("ctx", {}).get("error")
        where = ".".join(str(part) for part in problem["loc"]) or "the chart"
        if problem["type"] == "missing":
            raise InputError(f"chart {str(file)!r}: {where} is missing.") from error
        raise InputError(f"chart {str(file)!r}, {where}: {cause or problem['msg']}") from error
