"""A finished run in a terminal: what the pens did to the picture, what the plot costs, where the files lie."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from plotart.runs.folder import Run

__all__ = ["summary"]


def summary(run: Run) -> Group:
    """Figures and files of a finished run."""
    figures, folder = run.figures, run.folder
    parts: list[Table | Text] = []
    units = {"excitation": "mean activation", "pixels": "squared error", "features": "squared distance"}
    for name, unit in units.items():
        if name in figures:
            parts.append(_damage(figures[name], f"{name} ({unit})"))
    if "message" in figures:
        parts.append(_read(figures["message"]))
    if "digits" in figures:
        parts.append(_digits(figures["digits"]))
    for reference, rows in figures.get("damage", {}).items():
        seen = "; ".join(
            f"from {row['distance_mm'] / 1000:g} m {row['stages']['svg']['mean']:.1f}, "
            f"95 % below {row['stages']['svg']['p95']:.1f}"
            for row in rows
        )
        beside = "the picture" if reference == "picture" else "the drawing before pens"
        parts.append(Text(f"CIEDE2000 to {beside} (S-CIELAB): {seen}"))
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
    if "minutes" in figures:
        asked = figures["minutes"]
        parts.append(Text(f"{asked['asked']:g} min asked for; unpruned it would take {asked['before']:.0f} min"))
    parts.append(
        Text(
            f"{plot['minutes']:.0f} min on {plot['machine']}, {plot['ink_mm'] / 1000:.1f} m of ink, "
            f"{plot['lifts']} lifts, at most {figures['ink_load']['max']:.1f} layers of ink on a square mm; "
            f"{figures['steps']} steps in {figures['seconds'] / 60:.1f} min"
        )
    )
    files = Table(box=None, pad_edge=False, show_header=False)
    for what, where in (
        ("drawing", folder / "drawing.svg"),
        ("pens", folder / "pens"),
        ("preview", folder / "preview.png"),
        ("report", folder / "report.html"),
        ("log", f"tensorboard --logdir {folder}"),
    ):
        files.add_row(what, str(where))
    parts.append(files)
    return Group(*parts)


def _read(message: dict[str, Any]) -> Table:
    """The share of the messages read back, by the strength of the channel."""
    what = "correlation" if message["kind"] == "normal" else "read back"
    table = Table(box=None, pad_edge=False)
    table.add_column(f"{what} at strength")
    for strength in message["read"]:
        table.add_column(strength, justify="right")
    for name, title in (("read", "rendered"), ("paper", "as written")):
        table.add_row(title, *(f"{value:.3f}" for value in message[name].values()))
    return table


def _digits(told: dict[str, Any]) -> Table:
    """The tests of usefulness; see `plotart.glyphs.digits`."""
    table = Table(box=None, pad_edge=False)
    table.add_column(f"{told['count']} digits of {told['data']}")
    paper, mean = told["error of paper"], told["error of the mean digit"]
    rows = {
        "distance of glyphs of a class, as a share of others'": "{classes:.3f}",
        "correlation of a glyph and its digit; another digit": "{digit:.3f}; {other:.3f}",
        "recognized, decoder frozen: first epoch; last": "{frozen[0]:.3f}; {last_frozen:.3f}",
        "recognized, decoder free: first epoch; last": "{free[0]:.3f}; {last_free:.3f}",
        f"error of fitted inputs (paper {paper:.3f}, mean digit {mean:.3f})": "{error:.3f}",
    }
    for networks in ("trained", "random"):
        table.add_column(networks, justify="right")
    both = [
        {**found, "last_frozen": found["frozen"][-1], "last_free": found["free"][-1]}
        for found in (told["trained"], told["random"])
    ]
    for title, form in rows.items():
        table.add_row(title, *(form.format(**found) for found in both))
    return table


def _damage(values: dict[str, float | None], title: str) -> Table:
    """free -> quantized -> final -> svg, also as percentages of free (or of final without a free stage)."""
    table = Table(box=None, pad_edge=False)
    table.add_column(title)
    row, shares = ["value"], ["share"]
    whole = values["free"] or values["final"] or 0.0
    for stage, value in values.items():
        if value is None:
            continue
        table.add_column(stage, justify="right")
        row.append(f"{value:.4g}")
        shares.append(f"{100 * value / whole:.0f} %" if whole > 0 else "-")
    table.add_row(*row)
    table.add_row(*shares)
    return table
