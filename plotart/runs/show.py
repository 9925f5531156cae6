"""A finished run in a terminal: what the pens did to the picture, what the plot costs, where the files lie."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from plotart.core.tables import Table as PartTable
from plotart.runs.folder import Run

__all__ = ["summary"]


def summary(run: Run) -> Group:
    """Figures and files of a finished run."""
    figures, folder = run.figures.by_name, run.folder
    parts: list[Table | Text] = []
    for spec in run.config.objectives.values():
        if spec.measure is not None and spec.measure.figure in figures:
            parts.append(_damage(figures[spec.measure.figure], f"{spec.measure.figure} ({spec.measure.unit})"))
    told: list[str] = []
    for part in {type(part): None for part in run.config.scaled_stages()}:
        for each in part.terminal(figures):
            if isinstance(each, str):
                told.append(each)
            else:
                parts.append(_table(each))
    for reference, rows in figures.get("damage", {}).items():
        seen = "; ".join(
            f"from {row['distance_mm'] / 1000:g} m {row['stages']['svg']['mean']:.1f}, "
            f"95 % below {row['stages']['svg']['p95']:.1f}"
            for row in rows
        )
        beside = "the picture" if reference == "picture" else "the drawing before pens"
        parts.append(Text(f"CIEDE2000 to {beside} (S-CIELAB): {seen}"))
    if "plot" in figures:
        parts += _plot(figures, told)
    files = Table(box=None, pad_edge=False, show_header=False)
    for what, where in (
        ("drawing", folder / "drawing.svg"),
        ("pens", folder / "pens"),
        ("preview", folder / "preview.png"),
        ("report", folder / "report.html"),
        ("log", f"tensorboard --logdir {folder}"),
    ):
        if not isinstance(where, FilePath) or where.exists():
            files.add_row(what, str(where))
    parts.append(files)
    return Group(*parts)


def _plot(figures: dict[str, Any], told: list[str]) -> list[Table | Text]:
    """The pens, and what the plot costs."""
    parts: list[Table | Text] = []
    pens = Table(box=None, pad_edge=False)
    for column in ("", "pen", "tip mm", "strokes", "ink m", "lifts", "minutes"):
        pens.add_column(column, justify="left" if column in ("", "pen") else "right")
    for pen in figures["pens"]:
        pens.add_row(
            Text("███", style=pen["hex"]),
            pen["name"],
            f"{pen['tip_mm']:g}",
            str(pen["strokes"]),
            f"{pen['ink_mm'] / 1000:.2f}",
            str(pen["lifts"]),
            f"{pen['seconds'] / 60:.1f}",
        )
    parts.append(pens)
    plot = figures["plot"]
    parts += [Text(line) for line in told]
    parts.append(
        Text(
            f"{plot['minutes']:.0f} min on {plot['machine']}, {plot['ink_mm'] / 1000:.1f} m of ink, "
            f"{plot['lifts']} lifts, at most {figures['ink_load']['max']:.1f} layers of ink on a square mm; "
            f"{figures['steps']} steps in {figures['seconds'] / 60:.1f} min"
        )
    )
    return parts


def _table(told: PartTable) -> Table:
    table = Table(box=None, pad_edge=False, title=told.heading or None)
    for place, head in enumerate(told.head):
        table.add_column(head, justify="right" if place else "left")
    for row in told.rows:
        table.add_row(*row)
    return table


def _damage(values: dict[str, float | None], title: str) -> Table:
    """free -> quantized -> final -> svg, also as percentages of free (or of final without a free stage)."""
    table = Table(box=None, pad_edge=False)
    table.add_column(title)
    row, shares = ["value"], ["share"]
    whole = values["free"] or values.get("final") or 0.0
    for stage, value in values.items():
        if value is None:
            continue
        table.add_column(stage, justify="right")
        row.append(f"{value:.4g}")
        shares.append(f"{100 * value / whole:.0f} %" if whole > 0 else "-")
    table.add_row(*row)
    table.add_row(*shares)
    return table
