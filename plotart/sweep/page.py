"""The page of a sweep: a row for each neuron or picture, a column for each way to draw it, with their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from plotart.sweep.plan import Cell

__all__ = ["page_of", "picture_error", "success"]

DISTANCE_MM = 2000
"""From where the difference to a picture is told."""


PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff; }}
table {{ border-spacing: 1em; }}
th {{ text-align: left; font-weight: 600; white-space: nowrap; vertical-align: top; }}
td {{ vertical-align: top; }}
img {{ display: block; height: 18em; border: 1px solid #ddd; }}
.pens span {{ display: inline-block; width: .8em; height: .8em; margin-right: .2em; border: 1px solid #0003; }}
.none {{ color: #888; }}
</style>
<h1>{title}</h1>
<p>{told}
<label>Rows by <select id="by"><option value="given">{subject}<option value="success">{measure}
<option>minutes</select></label></p>
<table><thead><tr><th>{subject}</th>{columns}</tr></thead>
<tbody>
{rows}
</tbody></table>
<script>
const body = document.querySelector("tbody"), rows = [...body.rows];
document.getElementById("by").onchange = event => {{
  const by = event.target.value;
  const key = row =>
    by == "given" ? rows.indexOf(row) : by == "minutes" ? +row.dataset.minutes : -row.dataset.success;
  body.append(...[...rows].sort((a, b) => key(a) - key(b)));
}};
</script>
"""


def page_of(title: str, plan: Sequence[Cell], figures: Mapping[Cell, Mapping[str, Any]]) -> str:
    """The HTML text; pictures and reports are those of the run folders beside it.

    Args:
        plan: the runs. figures: what run.json holds of those that are finished.
    """
    seeded = len({cell.seed for cell in plan}) > 1
    pictures = any(cell.image for cell in plan)

    def column(cell: Cell) -> str:
        manner = cell.manner if seeded else cell.manner.removesuffix(f"seed {cell.seed}")
        return manner.removesuffix(", ") or "drawn"

    columns = list(dict.fromkeys(map(column, plan)))
    rows: dict[str, dict[str, Cell]] = {}
    for cell in plan:
        rows.setdefault(cell.subject, {})[column(cell)] = cell
    return PAGE.format(
        title=escape(title),
        subject="picture" if pictures else "neuron",
        measure="likeness" if pictures else "excitation",
        told=f"{len(figures)} of {len(plan)} runs are finished. A picture leads to its report.",
        columns="".join(f"<th>{escape(column)}</th>" for column in columns),
        rows="\n".join(
            _row(neuron, [by_column.get(c) for c in columns], figures) for neuron, by_column in rows.items()
        ),
    )


def success(run: Mapping[str, Any]) -> tuple[str, float]:
    """What run.json says of how well a drawing is what was wanted: in words, and as a number that is better higher."""
    excited = run.get("excitation")
    if excited:
        value = float(excited["final" if "final" in excited else "free"])  # a dream alone ends with free tones
        return f"excitation {value:.1f}", value
    error = picture_error(run)
    if error is None:  # a draft is not measured on paper
        pixels = run.get("pixels", {}).get("final")
        return ("a draft", float("-1e9")) if pixels is None else (f"squared error {pixels:.4f}", -1e3 * float(pixels))
    return f"dE00 {error:.1f} at {DISTANCE_MM / 1000:g} m", -error


def picture_error(run: Mapping[str, Any]) -> float | None:
    """The mean CIEDE2000 of the written drawing to its picture, from about two metres; None where it is not known."""
    rows = (run.get("damage") or {}).get("picture")
    if not rows:
        return None
    row = min(rows, key=lambda row: abs(row["distance_mm"] - DISTANCE_MM))
    return float(row["stages"]["svg"]["mean"])


def _row(neuron: str, across: Sequence[Cell | None], figures: Mapping[Cell, Mapping[str, Any]]) -> str:
    found = [figures[cell] for cell in across if cell is not None and cell in figures]
    best = max((success(run)[1] for run in found), default=float("-1e9"))
    minutes = min((run["plot"]["minutes"] for run in found if "plot" in run), default=float("1e9"))
    shown = "".join(f"<td>{_cell(cell, figures.get(cell) if cell else None)}</td>" for cell in across)
    return f'<tr data-success="{best:.4f}" data-minutes="{minutes:.2f}"><th>{escape(neuron)}</th>{shown}</tr>'


def _cell(cell: Cell | None, run: Mapping[str, Any] | None) -> str:
    if cell is None:
        return ""
    if run is None:
        return '<span class="none">not drawn yet</span>'
    folder = quote(cell.name)
    pens = "".join(
        f'<span style="background:{escape(pen["hex"])}" title="{escape(pen["name"])}"></span>'
        for pen in run.get("pens", ())
    )
    plot = run.get("plot")
    told = f", {plot['minutes']:.0f} min, {plot['ink_mm'] / 1000:.1f} m of ink" if plot else ""
    page = "report.html" if plot else "preview.png"
    return (
        f'<a href="{folder}/{page}"><img src="{folder}/preview.png" loading="lazy" alt="{escape(cell.name)}"></a>'
        f'<span class="pens">{pens}</span> {success(run)[0]}{told}'
    )
