"""The page of a sweep: a row for each neuron, a column for each style and seed, pictures with their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from plotart.sweep.plan import Cell

__all__ = ["page_of"]


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
<p>{told} <label>Rows by <select id="by"><option>neuron<option>excitation<option>minutes</select></label></p>
<table><thead><tr><th>neuron</th>{columns}</tr></thead>
<tbody>
{rows}
</tbody></table>
<script>
const body = document.querySelector("tbody"), rows = [...body.rows];
document.getElementById("by").onchange = event => {{
  const by = event.target.value;
  const key = row =>
    by == "neuron" ? rows.indexOf(row) : by == "minutes" ? +row.dataset.minutes : -row.dataset.excitation;
  body.append(...[...rows].sort((a, b) => key(a) - key(b)));
}};
</script>
"""


def page_of(title: str, plan: Sequence[Cell], figures: Mapping[Cell, Mapping[str, Any]]) -> str:
    """The HTML text; pictures and reports are those of the run folders beside it.

    Args:
        plan: the runs. figures: what run.json holds of those that are finished.
    """
    seeds = {cell.seed for cell in plan}

    def column(cell: Cell) -> str:
        return (cell.style or "no style") + (f", seed {cell.seed}" if len(seeds) > 1 else "")

    columns = list(dict.fromkeys(map(column, plan)))
    rows: dict[str, dict[str, Cell]] = {}
    for cell in plan:
        rows.setdefault(cell.neuron, {})[column(cell)] = cell
    return PAGE.format(
        title=escape(title),
        told=f"{len(figures)} of {len(plan)} runs are finished. A picture leads to its report.",
        columns="".join(f"<th>{escape(column)}</th>" for column in columns),
        rows="\n".join(
            _row(neuron, [by_column.get(c) for c in columns], figures) for neuron, by_column in rows.items()
        ),
    )


def _row(neuron: str, across: Sequence[Cell | None], figures: Mapping[Cell, Mapping[str, Any]]) -> str:
    found = [figures[cell] for cell in across if cell is not None and cell in figures]
    excitation = max((run["excitation"]["final"] for run in found), default=float("-1e9"))
    minutes = min((run["plot"]["minutes"] for run in found), default=float("1e9"))
    shown = "".join(f"<td>{_cell(cell, figures.get(cell) if cell else None)}</td>" for cell in across)
    return f'<tr data-excitation="{excitation:.4f}" data-minutes="{minutes:.2f}"><th>{escape(neuron)}</th>{shown}</tr>'


def _cell(cell: Cell | None, run: Mapping[str, Any] | None) -> str:
    if cell is None:
        return ""
    if run is None:
        return '<span class="none">not drawn yet</span>'
    folder = quote(cell.name)
    pens = "".join(
        f'<span style="background:{escape(pen["hex"])}" title="{escape(pen["name"])}"></span>' for pen in run["pens"]
    )
    return (
        f'<a href="{folder}/report.html"><img src="{folder}/preview.png" loading="lazy" alt="{escape(cell.name)}"></a>'
        f'<span class="pens">{pens}</span> excitation {run["excitation"]["final"]:.1f}, '
        f"{run['plot']['minutes']:.0f} min, {run['plot']['ink_mm'] / 1000:.1f} m of ink"
    )
