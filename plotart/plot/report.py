"""One self-contained page about a run: the drawing pen by pen, its plotting in machine time, and the figures."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path as FilePath
from typing import Any

from plotart.core.tables import Table
from plotart.plot.files import write_whole
from plotart.plot.layers import Plot
from plotart.plot.making import closeness, downloads, made_by, pen_card
from plotart.plot.motion import Estimate, Machine, Stroking, estimate, stroke_times
from plotart.plot.svg import WHITE, number, path_data

__all__ = ["by_stage", "write_report"]

_STAGES = (
    ("free", "before pens were taken away"),
    ("quantized", "with the chosen pens"),
    ("final", "fitted in pens"),
    ("svg", "as written, re-rendered"),
)
_DETAILS = (("network", "Network"), ("seed", "Seed"), ("steps", "Steps"), ("seconds", "Seconds of work"))


def write_report(
    out: str | FilePath,
    plot: Plot,
    machine: Machine,
    figures: dict[str, Any],
    *,
    title: str,
    sections: Sequence[Table] = (),
    preview_png: bytes | None = None,
    picture_png: bytes | None = None,
    command: str = "",
    config: str = "",
    files: Sequence[FilePath] = (),
) -> FilePath:
    """Write `report.html`: no other file, server or network is needed to read it.

    Args:
        figures: the run's figures as in run.json; used are `damage` (see plotart.runs.damage), `ink_load`, `retention`,
            `history` (rows of step, loss, excitation), `network`, `seed`, `steps`, `seconds`; any may be absent.
        sections: what the parts of the run tell.
        preview_png: the picture to show beside the strokes.
        picture_png: the one that was drawn, as it lies on the page.
        command: makes the run again. config: its settings, YAML.
        files: those of the run, in the report's folder or below, for the links to them.
    """
    time = estimate(plot, machine)
    fields = {
        "title": escape(title),
        "summary": escape(_summary(plot, time, machine)),
        "paper": plot.paper,
        "aspect": f"{plot.page.width_mm / plot.page.height_mm:.4f}",
        "views": _views(preview_png is not None, picture_png is not None),
        "drawing": _drawing(plot),
        "preview": _image("preview", "The drawing as the optimizer saw it", preview_png),
        "picture": _image("picture", "The picture that was drawn", picture_png),
        "seconds": f"{time.seconds:.1f}",
        "pens": _pens(plot, time),
        "damage": "".join(_section(table) for table in sections) + _differences(figures.get("damage") or {}),
        "curves": _curves(figures.get("history") or []),
        "details": _details(plot, figures) + made_by(command, config),
        "card": pen_card(plot, time, [*(_clock(spent.seconds) for spent in time.pens), _clock(time.seconds)]),
        "files": downloads(files, FilePath(out).parent),
        "times": json.dumps([_times(stroking) for stroking in stroke_times(plot, machine)], separators=(",", ":")),
    }
    template = (resources.files("plotart.plot") / "report.html").read_text(encoding="utf-8")
    return write_whole(out, re.sub(r"\{\{(\w+)\}\}", lambda match: fields[match[1]], template))


def _clock(seconds: float) -> str:
    whole = int(seconds + 0.5)  # as the clock of the playback rounds
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def _summary(plot: Plot, time: Estimate, machine: Machine) -> str:
    pens = "1 pen" if len(plot.layers) == 1 else f"{len(plot.layers)} pens"
    return (
        f"{pens} on {plot.page.width_mm:g} by {plot.page.height_mm:g} mm: {time.minutes:.0f} minutes on "
        f"{machine.title or 'the plotter'}, {time.ink_mm / 1000:.1f} m of ink, {time.lifts} lifts"
    )


def _views(preview: bool, picture: bool) -> str:
    """The ways to look at the drawing; beside its picture to begin with, where there is one."""
    shown = [("pair", "Side by side"), ("picture", "Picture")] if picture else []
    shown = [*shown[:1], ("strokes", "Strokes"), *([("preview", "Preview")] if preview else []), *shown[1:]]
    choices = "".join(
        f'<label><input type="radio" name="view" value="{value}"{" checked" if at == 0 else ""}> {text}</label>'
        for at, (value, text) in enumerate(shown)
    )
    return f"<fieldset><legend>View</legend>{choices}</fieldset>" if len(shown) > 1 else ""


def _image(name: str, told: str, png: bytes | None) -> str:
    if png is None:
        return ""
    data = base64.b64encode(png).decode("ascii")
    return f'<div class="page" id="{name}" hidden><img alt="{told}" src="data:image/png;base64,{data}"></div>'


def _drawing(plot: Plot) -> str:
    width, height = number(plot.page.width_mm), number(plot.page.height_mm)
    # inks multiply with what is in the same picture, so that paper of a colour has to be in it
    sheet = "" if plot.paper == WHITE else f'<rect width="{width}" height="{height}" fill="{plot.paper}"/>'
    groups = []
    for index, layer in enumerate(plot.layers):
        blend = "" if layer.pen.opaque else "mix-blend-mode:multiply;"
        paths = "".join(f'<path d="{path_data(path)}"/>' for path in layer.paths)
        groups.append(
            f'<g data-layer="{index}" stroke="{layer.pen.hex}" stroke-width="{number(layer.pen.tip_mm)}" '
            f'opacity="{number(layer.pen.opacity)}" style="{blend}">{paths}</g>'
        )
    radius = number(max(plot.page.width_mm, plot.page.height_mm) / 120)
    return (
        f'<svg id="strokes" viewBox="0 0 {width} {height}" fill="none" stroke-linecap="round" stroke-linejoin="round" '
        f'role="img" aria-label="Strokes of all pens">{sheet}{"".join(groups)}'
        f'<circle id="tip" r="{radius}" stroke-width="{number(float(radius) / 4)}" style="display:none"/></svg>'
    )


def _times(stroking: Stroking) -> list[list[float]]:
    return [[round(t, 2) for t in stroking.down.tolist()], [round(t, 2) for t in stroking.up.tolist()]]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], foot: Sequence[str] = ()) -> str:
    """A table of cells that are HTML already."""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    bottom = f"<tfoot><tr>{''.join(f'<td>{cell}</td>' for cell in foot)}</tr></tfoot>" if foot else ""
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody>{bottom}</table>"


def _pens(plot: Plot, time: Estimate) -> str:
    rows = []
    for index, (layer, spent) in enumerate(zip(plot.layers, time.pens, strict=True)):
        name = (
            f'<label><input type="checkbox" data-pen="{index}" checked>'
            f'<span class="swatch" style="background:{layer.pen.hex}"></span>{escape(layer.pen.name)}</label>'
        )
        ink, travel = f"{spent.ink_mm / 1000:.2f} m", f"{spent.pen_up_mm / 1000:.2f} m"
        rows.append([name, f"{layer.pen.tip_mm:g} mm", str(spent.lifts), ink, travel, _clock(spent.seconds)])
    other = time.change_seconds + time.home_seconds
    foot = [
        f"All, with {_clock(other)} for changing pens and going home",
        "",
        str(time.lifts),
        f"{time.ink_mm / 1000:.2f} m",
        f"{time.pen_up_mm / 1000:.2f} m",
        _clock(time.seconds),
    ]
    return _table(["Pen", "Tip", "Strokes", "Ink", "Travel", "Time"], rows, foot)


def by_stage(values: Mapping[str, float | None], heading: str, column: str) -> Table:
    """What pens and paper did to an objective, stage by stage, in per cent of the first stage known."""
    known = [(text, value) for key, text in _STAGES if (value := values.get(key)) is not None]
    if not known:
        return Table(heading)
    first = known[0][1]
    largest = max(abs(value) for _, value in known) or 1
    rows = tuple((text, f"{value:.4g}", f"{100 * value / first:.0f} %" if first else "") for text, value in known)
    bars = tuple(max(0.0, value) / largest for _, value in known)
    return Table(heading, ("Stage", column, f"Of {known[0][0]}"), rows, bars=bars)


def _section(told: Table) -> str:
    """A part's own table."""
    rows = [[escape(cell) for cell in row] for row in told.rows]
    for row, share in zip(rows, told.bars, strict=False):
        row.append(f'<div class="meter"><i style="width:{100 * share:.1f}%"></i></div>')
    head = [escape(cell) for cell in told.head] + ([""] if told.bars else [])
    table = f'<div class="scroll">{_table(head, rows)}</div>' if rows else ""
    chart = "" if told.curve is None else _chart(told.curve.name, list(told.curve.points), told.curve.unit)
    note = f"<p>{escape(told.note)}</p>" if told.note else ""
    inside = table + chart + note
    return f"<section><h2>{escape(told.heading)}</h2>{inside}</section>" if inside else ""


def _differences(tables: dict[str, list[dict[str, Any]]]) -> str:
    """The differences an eye sees, by viewing distance: of each stage, and of what is written under each pen."""
    sections = ""
    for reference, heading in (
        ("picture", "How close to the picture"),
        ("free", "How close to the drawing before pens"),
    ):
        rows = tables.get(reference)
        if not rows:
            continue
        seen = "; ".join(
            f"from {row['distance_mm'] / 1000:g} m it is {closeness(row['stages']['svg']['mean'])}"
            for row in rows
            if "svg" in row["stages"]
        )
        head = ["CIEDE2000, mean and 95 %"]
        for row in rows:
            metres = f"{row['distance_mm'] / 1000:g} m"
            head += [f"at {metres}", "95 %"]
        lines = [
            [text, *(f"{row['stages'][key][value]:.1f}" for row in rows for value in ("mean", "p95"))]
            for key, text in _STAGES
            if key in rows[0]["stages"]
        ]
        for pen, told in rows[0]["pens"].items():
            name = f"under {escape(pen)}, {100 * told['share']:.0f} % of the page"
            lines.append([name, *(f"{row['pens'][pen][value]:.1f}" for row in rows for value in ("mean", "p95"))])
        told = f"<p>{seen[0].upper()}{seen[1:]}.</p>" if seen else ""
        figures = f'<details><summary>Figures</summary><div class="scroll">{_table(head, lines)}</div></details>'
        sections += f"<section><h2>{heading}</h2>{told}{figures}</section>"
    return sections


def _curves(history: Sequence[Sequence[float | None]]) -> str:
    """Loss and excitation over the steps; rows are step, loss, excitation."""
    charts = ""
    for column, name in ((1, "Loss"), (2, "Excitation")):
        points = [(row[0], row[column]) for row in history if len(row) > column and row[column] is not None]
        if len(points) > 1:
            charts += _chart(name, [(float(x or 0), float(y or 0)) for x, y in points])
    return f"<section><h2>Optimization</h2>{charts}</section>" if charts else ""


def _chart(name: str, points: list[tuple[float, float]], unit: str = "steps") -> str:
    width, height, left, top, bottom = 440.0, 130.0, 58.0, 12.0, 20.0
    xs, ys = [x for x, _ in points], [y for _, y in points]
    span_x, span_y = (max(xs) - min(xs)) or 1.0, (max(ys) - min(ys)) or 1.0

    def at(x: float, y: float) -> str:
        px = left + (x - min(xs)) / span_x * (width - left)
        py = height - bottom - (y - min(ys)) / span_y * (height - top - bottom)
        return f"{px:.1f},{py:.1f}"

    base = height - bottom
    return (
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{name} from {ys[0]:.4g} to {ys[-1]:.4g} in {xs[-1]:.0f} {unit}">'
        f'<path class="axis" d="M{left},{top} V{base} H{width}"/>'
        f'<polyline class="curve" points="{" ".join(at(x, y) for x, y in points)}"/>'
        f'<text x="{left - 6}" y="{top + 4}" text-anchor="end">{max(ys):.3g}</text>'
        f'<text x="{left - 6}" y="{base}" text-anchor="end">{min(ys):.3g}</text>'
        f'<text x="{left}" y="{height - 4}">{name}</text>'
        f'<text x="{width}" y="{height - 4}" text-anchor="end">{max(xs):.0f} {unit}</text></svg>'
    )


def _details(plot: Plot, figures: dict[str, Any]) -> str:
    rows = [(text, figures[key]) for key, text in _DETAILS if figures.get(key) is not None]
    if figures.get("retention") is not None:
        rows.append(("Kept of the free excitation", f"{100 * figures['retention']:.0f} %"))
    load = figures.get("ink_load")
    if load is not None:
        told = f"{load['max']:.1f} layers at the most, 99 % of the page below {load['p99']:.1f}"
        rows.append(("Ink on a square millimetre", told))
    rows.append(("Page", f"{plot.page.name}, margin {plot.margin_mm:g} mm"))
    return "<dl>" + "".join(f"<dt>{escape(str(a))}</dt><dd>{escape(str(b))}</dd>" for a, b in rows) + "</dl>"
