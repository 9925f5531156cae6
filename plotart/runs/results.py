"""From the last drawing to files: the plot, its SVGs, the preview, and what they look like to the network."""

from __future__ import annotations

import io
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from plotart.core.canvas import Canvas
from plotart.core.color import bare, hex_to_rgb
from plotart.core.images import resize, save_image, to_pil
from plotart.core.movie import Shot
from plotart.core.tables import Table
from plotart.drawing import Drawing
from plotart.drawing.drawing import FILE
from plotart.drawing.ink import mix_pens
from plotart.objectives.base import Measure
from plotart.plot import Layer, Plot
from plotart.plot.around import lettered
from plotart.plot.motion import estimate, load_machine
from plotart.plot.rasterize import coverage_planes
from plotart.plot.report import by_stage, write_report
from plotart.plot.svg import write_pen_files, write_svg
from plotart.plot.written import load_of, make_plot
from plotart.runs.checkpoint import Checkpoint, Ended
from plotart.runs.damage import damage_table
from plotart.runs.figures import Figures, InkLoad, PenFigures, PlotFigures
from plotart.runs.folder import Run
from plotart.runs.movie import shots
from plotart.runs.paper import Paper, judged_on_paper
from plotart.stages import Context, Evaluation, evaluate
from plotart.stages import stages as registered
from plotart.stages.base import Finish
from plotart.stages.judge import shown_size

__all__ = ["finish", "make_plot", "plot_figures", "preview"]

PREVIEW_PX_PER_MM = 8.0
PREVIEW_MAX_PX = 4096


@torch.no_grad()
def preview(drawing: Drawing, context: Context, around: Layer | None = None) -> Tensor:
    """The whole page with its margins, `[1, 3, H, W]` sRGB, at 8 px/mm or as large as 4096 px allow.

    `around`: what is drawn beside the drawing, where that leaves room.
    """
    canvas = drawing.canvas
    scale = min(PREVIEW_PX_PER_MM, PREVIEW_MAX_PX / max(canvas.page.width_mm, canvas.page.height_mm))
    page = _on_page(context.renderer(drawing, max(1, round(canvas.mm_per_unit * scale))), canvas, scale)
    if around is None:
        return page
    sheet = Canvas(canvas.page, 0.0, paper=canvas.paper)
    text = Plot(canvas.page, 0.0, [around], canvas.paper)
    covered = torch.from_numpy(coverage_planes(text, sheet, min(page.shape[-2:])))
    pen = around.pen
    clear = torch.cat([1 - covered, 1 - pen.build_up * pen.opacity * covered] if pen.builds else [1 - covered])
    shown = mix_pens([pen], clear, canvas.paper_rgb)[None].to(page)
    paper = canvas.paper_rgb.to(page)[:, None, None]
    return (page + F.interpolate(shown - paper, page.shape[-2:], mode="bilinear")).clamp(0, 1)


def _on_page(image: Tensor, canvas: Canvas, scale: float) -> Tensor:
    """`[1, 3, h, w]`, what lies in the canvas's area, on the whole page of `scale` px/mm, `[1, 3, H, W]`."""
    width, height = (round(v * scale) for v in (canvas.page.width_mm, canvas.page.height_mm))
    left, top = (round(v * scale) for v in canvas.area[:2])
    right, bottom = width - left - image.shape[3], height - top - image.shape[2]
    paper = canvas.paper_rgb.to(image)[:, None, None]
    return F.pad(image - paper, (left, right, top, bottom)) + paper


def finish(
    run: Run, drawing: Drawing, context: Context, base: Checkpoint, writes: Callable[[str], None] = lambda part: None
) -> None:
    """Write everything a finished run owes: SVGs, preview, figures, logs.

    `writes` is called when a part begins after the plot: the `paper` on which it is looked at, and the `report`.
    """
    if not drawing.primitive.plotted:
        return _finish_picture(run, drawing, context, base)
    draft = run.config.draft  # has strokes in an order that is quick to find, and is not measured on paper
    alone = make_plot(drawing, thorough=not draft)
    around = run.config.lettering.drawn(alone, drawing.canvas, context.pens)
    plot = lettered(alone, around, run.config.lettering.own_layer)
    write_svg(plot, run.folder / "drawing.svg")
    write_pen_files(plot, run.folder / "pens")
    writes("paper")
    save_image(preview(drawing, context, around), run.folder / "preview.png")
    on_paper, paper = (evaluate(drawing, context), None) if draft else judged_on_paper(alone, drawing, context)
    writes("report")
    entries = base.ended
    free, quantized = _turn_to_pens(entries)
    figures = _worked(run, context, base)
    for kind, spec in run.config.objectives.items():
        measure = spec.measure
        if measure is None:
            continue
        values = [e.excitation if measure.natural else e.losses.get(kind) for e in entries]
        told: dict[str, Any] = {
            "free": None if free is None else values[free],
            "quantized": None if quantized is None else values[quantized],
            **({"enlarged": values[0]} if run.config.stages[0].source is not None else {}),
            "final": values[-1],
            "svg": None if draft else on_paper.excitation if measure.natural else on_paper.losses[kind],
        }
        figures[measure.figure] = told
        if measure.natural and told["free"]:
            figures["retention"] = told["final"] / told["free"]
    end = Finish(run.folder, drawing, context, on_paper.image, run.config.seed, partial(_frames, run))
    for stage in run.config.scaled_stages():
        figures |= stage.finish(end)
    drawing.save(run.folder / FILE)
    figures["damage"] = {} if paper is None else _damage(drawing, context, entries, paper)
    figures |= plot_figures(plot, run.config.machine)
    if "minutes" in figures:
        spent = round(run.config.minutes - context.minutes, 2) if run.config.minutes and context.minutes else 0.0
        asked = {key: round(figures["minutes"][key] + spent, 2) for key in ("asked", "before") if spent}
        figures["minutes"] |= {**asked, "after": figures["plot"].minutes}  # with frame and words
    run.figures = Figures.of_json(figures)
    _log(run, drawing, context, on_paper, base)
    write_report(
        run.folder / "report.html",
        plot,
        load_machine(run.config.machine),
        run.figures.by_name,
        sections=_sections(run),
        title=run.folder.name,
        preview_png=(run.folder / "preview.png").read_bytes(),
        picture_png=_picture(drawing, context),
        command=f"plotart generate {shlex.quote(str(run.folder / 'config.yaml'))} --out again",
        config=(run.folder / "config.yaml").read_text(encoding="utf-8"),
        files=[
            *(run.folder / name for name in ("drawing.svg", "preview.png", "config.yaml", "run.json")),
            *sorted((run.folder / "pens").glob("*.svg")),
        ],
    )
    run.save_figures()


def _worked(run: Run, context: Context, base: Checkpoint) -> dict[str, Any]:
    """The figures of the work itself."""
    return {
        "network": context.network.name if context.network else None,
        "seed": run.config.seed,
        "steps": base.steps,
        "seconds": round(base.seconds, 1),
        "loss": base.ended[-1].losses,
        "weights": {name: context.weight(name) for name in context.objectives},
        "history": base.history,
        **base.told,
    }


def _picture(drawing: Drawing, context: Context) -> bytes | None:
    """The picture that was drawn as it lies on the page, PNG; none without one."""
    picture, canvas = context.picture, drawing.canvas
    if picture is None:
        return None
    written = io.BytesIO()
    to_pil(_on_page(picture, canvas, picture.shape[-1] / canvas.area[2])).save(written, format="PNG")
    return written.getvalue()


def _finish_picture(run: Run, drawing: Drawing, context: Context, base: Checkpoint) -> None:
    """What a run owes whose last drawing is a picture for strokes that are yet to be laid: no plot."""
    save_image(preview(drawing, context), run.folder / "preview.png")
    last = base.ended[-1]
    figures = _worked(run, context, base)
    for kind, spec in run.config.objectives.items():
        if spec.measure is not None:
            figures[spec.measure.figure] = {"free": last.excitation if spec.measure.natural else last.losses.get(kind)}
    run.figures = Figures.of_json(figures)
    last_seen = context.renderer(drawing, shown_size(drawing.canvas, context.size))
    run.log.image("image/final", last_seen, base.steps)
    run.log.image("palette", swatches(drawing), base.steps)
    _log_settings(run, base, {"paper/bare": bare(last_seen, drawing.canvas.paper)}, {})
    run.save_figures()


def _frames(run: Run, fps: float) -> Iterator[Shot]:
    return shots(run, fps=fps, captions="", title="", pauses=(0, 0, 0))


def _measures(run: Run) -> list[Measure]:
    return [spec.measure for spec in run.config.objectives.values() if spec.measure is not None]


def _sections(run: Run) -> list[Table]:
    """What the parts tell in the report: measures first."""
    tables = [by_stage(run.figures[measure.figure], measure.heading, measure.column) for measure in _measures(run)]
    for part in {type(part): part for part in (*run.config.objectives.values(), *run.config.scaled_stages())}:
        tables += [table for table in part.report(run.figures.by_name) if table not in tables]
    return tables


@torch.no_grad()
def _damage(
    drawing: Drawing, context: Context, entries: Sequence[Ended], paper: Paper
) -> dict[str, list[dict[str, Any]]]:
    """The damage tables of a run: against the drawing before pens were taken away, and against the picture drawn."""
    free, quantized = _turn_to_pens(entries)
    kept = {"free": free, "quantized": quantized, "final": len(entries) - 1}
    stages: dict[str, Tensor] = {}
    shown = shown_size(drawing.canvas, context.size)
    for name, index in kept.items():
        if index is not None:
            then = Drawing.unpack(entries[index].drawing).to(drawing.device)
            stages[name] = context.renderer(then, shown)
    stages["svg"] = paper.image
    px_per_mm = shown / drawing.canvas.mm_per_unit
    tables = {}
    if "free" in stages:
        pens_only = {name: image for name, image in stages.items() if name != "free"}
        tables["free"] = damage_table(stages["free"], pens_only, paper.planes, px_per_mm)
    picture = context.picture
    if picture is not None:
        target = picture if shown == context.size else resize(picture, *drawing.canvas.pixels(shown))
        tables["picture"] = damage_table(target, stages, paper.planes, px_per_mm)
    return tables


def _turn_to_pens(entries: Sequence[Ended]) -> tuple[int | None, int | None]:
    """The last finished stage with everything open (free colours, or all pens of the set), and what pens made of it.

    That is: just before the first stage that takes colours or pens away, and after it, before any further fit.
    """
    kinds = [registered[entry.stage] for entry in entries]
    first = next((i for i, kind in enumerate(kinds) if kind.reduces), None)
    if not first:
        return None, None
    last = first
    while last + 1 < len(entries) and not kinds[last + 1].fits:
        last += 1
    return first - 1, last


def _log(run: Run, drawing: Drawing, context: Context, on_paper: Evaluation, base: Checkpoint) -> None:
    """The run's last images and its hyper-parameters with the final figures, for TensorBoard."""
    figures = run.figures.by_name
    shown = shown_size(drawing.canvas, context.size)
    run.log.image("image/final", context.renderer(drawing, shown), base.steps)
    run.log.image("image/svg", on_paper.image, base.steps)
    run.log.image("palette", swatches(drawing), base.steps)
    metrics = {"minutes": figures["plot"]["minutes"], "ink_m": figures["plot"]["ink_mm"] / 1000}
    metrics["ink_load"] = figures["ink_load"]["max"]
    for reference, rows in figures["damage"].items():
        for row in rows:
            for stage, told in row["stages"].items():
                metrics[f"damage to {reference} at {row['distance_mm'] / 1000:g} m/{stage}"] = told["mean"]
    metrics["paper/bare"] = bare(on_paper.image, drawing.canvas.paper)
    _log_settings(run, base, metrics, {"total strokes": len(drawing)})


def _log_settings(run: Run, base: Checkpoint, metrics: dict[str, float], counts: Mapping[str, int]) -> None:
    """The run's line in TensorBoard's table: what sets it apart, and what the parts make of it beside `metrics`."""
    figures = run.figures.by_name
    settings: dict[str, str | int] = {"network": figures["network"] or "none", "neuron": "none", "style": "none"}
    for part in run.config.parts.values():
        metrics |= part.metrics(figures)
        settings |= part.hyper_parameters()
    for measure in _measures(run):
        metrics |= {f"{measure.figure}/{stage}": v for stage, v in figures[measure.figure].items() if v is not None}
    # TensorBoard shows the first five by the alphabet, and hides the others until they are asked for
    settings |= {"pens": run.config.pens.set, "seed": run.config.seed, "width, px": run.config.size}
    settings |= {"total steps": base.steps, **counts}
    run.log.hparams(settings, metrics)


def plot_figures(plot: Plot, machine: str) -> dict[str, Any]:
    """The `pens`, `ink_load` and `plot` parts of run.json; the load is in layers of ink on a square millimetre."""
    time = estimate(plot, load_machine(machine))
    pens = [
        PenFigures(
            name=layer.pen.name,
            hex=layer.pen.hex,
            tip_mm=layer.pen.tip_mm,
            strokes=len(layer.paths),
            ink_mm=round(spent.ink_mm, 1),
            lifts=spent.lifts,
            seconds=round(spent.seconds, 1),
        )
        for layer, spent in zip(plot.layers, time.pens, strict=True)
    ]
    load = load_of(plot)
    return {
        "pens": pens,
        "ink_load": InkLoad(max=round(float(load.max()), 3), p99=round(float(load.quantile(0.99)), 3)),
        "plot": PlotFigures(
            machine=machine,
            minutes=round(time.minutes, 2),
            pen_up_mm=round(time.pen_up_mm, 1),
            ink_mm=round(time.ink_mm, 1),
            lifts=time.lifts,
        ),
    }


def swatches(drawing: Drawing) -> Tensor:
    """The pens side by side, `[3, 32, 32 K]` sRGB, for the log."""
    colours = torch.tensor([hex_to_rgb(pen.hex).tolist() for pen in drawing.ink.pens]).float()
    return colours.T[:, None, :, None].expand(3, 32, -1, 32).reshape(3, 32, -1)
