"""From the last drawing to files: the plot, its SVGs, the preview, and what they look like to the network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from plotart.core.color import hex_to_rgb
from plotart.core.images import resize, save_image
from plotart.drawing import Drawing
from plotart.drawing.drawing import FILE
from plotart.objectives.pixels import Pixels
from plotart.plot import Plot
from plotart.plot.motion import estimate, load_machine
from plotart.plot.report import write_report
from plotart.plot.svg import write_pen_files, write_svg
from plotart.plot.written import load_of, make_plot
from plotart.runs.alphabet import finish_glyphs, transition
from plotart.runs.damage import damage_table
from plotart.runs.folder import Run
from plotart.runs.paper import Paper, judged_on_paper
from plotart.stages import Context, Evaluation
from plotart.stages.judge import shown_size

__all__ = ["finish", "make_plot", "plot_figures", "preview"]

PREVIEW_PX_PER_MM = 8.0
PREVIEW_MAX_PX = 4096


@torch.no_grad()
def preview(drawing: Drawing, context: Context) -> Tensor:
    """The whole page with its margins, `[1, 3, H, W]` sRGB, at 8 px/mm or as large as 4096 px allow."""
    canvas = drawing.canvas
    scale = min(PREVIEW_PX_PER_MM, PREVIEW_MAX_PX / max(canvas.page.width_mm, canvas.page.height_mm))
    image = context.renderer(drawing, max(1, round(canvas.mm_per_unit * scale)))
    width, height = (round(v * scale) for v in (canvas.page.width_mm, canvas.page.height_mm))
    left, top = (round(v * scale) for v in canvas.area[:2])
    right, bottom = width - left - image.shape[3], height - top - image.shape[2]
    paper = canvas.paper_rgb.to(image)[:, None, None]
    return F.pad(image - paper, (left, right, top, bottom)) + paper


def finish(run: Run, drawing: Drawing, context: Context, base: dict[str, Any]) -> None:
    """Write everything a finished run owes: SVGs, preview, figures, logs. `base`: see `Run.load_checkpoint`."""
    plot = make_plot(drawing)
    write_svg(plot, run.folder / "drawing.svg")
    write_pen_files(plot, run.folder / "pens")
    save_image(preview(drawing, context), run.folder / "preview.png")
    on_paper, paper = judged_on_paper(plot, drawing, context)
    entries = base["seen"]
    free, quantized = _turn_to_pens(entries)
    figures: dict[str, Any] = {
        "network": context.network.name if context.network else None,
        "seed": run.config.seed,
        "steps": base["steps"],
        "seconds": round(base["seconds"], 1),
        "loss": entries[-1]["losses"],
        "weights": {name: context.weight(name) for name in context.objectives},
        "history": base["history"],
        **base["told"],
    }
    for name in ("excitation", "pixels", "features"):
        values = [e["excitation"] if name == "excitation" else e["losses"].get(name) for e in entries]
        if values[-1] is None:
            continue
        told = {
            "free": None if free is None else values[free],
            "quantized": None if quantized is None else values[quantized],
            **({"enlarged": values[0]} if entries[0]["stage"] == "enlarge" else {}),
            "final": values[-1],
            "svg": on_paper.excitation if name == "excitation" else on_paper.losses[name],
        }
        figures[name] = told
        if name == "excitation" and told["free"]:
            figures["retention"] = told["final"] / told["free"]
    if "message" in context.objectives:
        figures["message"] = finish_glyphs(run, drawing, context, on_paper.image)
        write_svg(make_plot(transition(drawing)), run.folder / "transition.svg")
    drawing.save(run.folder / FILE)
    figures["damage"] = _damage(drawing, context, entries, paper)
    run.figures |= figures | plot_figures(plot, run.config.machine)
    if "minutes" in run.figures:
        run.figures["minutes"] |= {"after": run.figures["plot"]["minutes"]}
    _log(run, drawing, context, on_paper, base)
    write_report(
        run.folder / "report.html",
        plot,
        load_machine(run.config.machine),
        run.figures,
        title=run.folder.name,
        preview_png=(run.folder / "preview.png").read_bytes(),
        paper=drawing.canvas.paper,
    )
    run.save_figures()


@torch.no_grad()
def _damage(
    drawing: Drawing, context: Context, entries: list[dict[str, Any]], paper: Paper
) -> dict[str, list[dict[str, Any]]]:
    """The damage tables of a run: against the drawing before pens were taken away, and against the picture drawn."""
    free, quantized = _turn_to_pens(entries)
    kept = {"free": free, "quantized": quantized, "final": len(entries) - 1}
    stages: dict[str, Tensor] = {}
    shown = shown_size(drawing.canvas, context.size)
    for name, index in kept.items():
        if index is not None:
            then = Drawing.unpack(entries[index]["drawing"]).to(drawing.device)
            stages[name] = context.renderer(then, shown)
    stages["svg"] = paper.image
    px_per_mm = shown / drawing.canvas.mm_per_unit
    tables = {}
    if "free" in stages:
        pens_only = {name: image for name, image in stages.items() if name != "free"}
        tables["free"] = damage_table(stages["free"], pens_only, paper.planes, px_per_mm)
    pixels = context.objectives.get("pixels")
    if isinstance(pixels, Pixels):
        target = pixels.target if shown == context.size else resize(pixels.target, *drawing.canvas.pixels(shown))
        tables["picture"] = damage_table(target, stages, paper.planes, px_per_mm)
    return tables


def _turn_to_pens(entries: list[dict[str, Any]]) -> tuple[int | None, int | None]:
    """The last finished stage with everything open (free colours, or all pens of the set), and what pens made of it.

    That is: just before the first stage that takes colours or pens away, and after it, before any further fit.
    """
    first = next(
        (
            i
            for i, entry in enumerate(entries)
            if entry["stage"] in ("choose", "narrow", "count", "quantize", "hatch", "trace")
        ),
        None,
    )
    if not first:
        return None, None
    last = first
    while last + 1 < len(entries) and entries[last + 1]["stage"] not in ("fit", "prune"):
        last += 1
    return first - 1, last


def _log(run: Run, drawing: Drawing, context: Context, on_paper: Evaluation, base: dict[str, Any]) -> None:
    """The run's last images and its hyper-parameters with the final figures, for TensorBoard."""
    figures = run.figures
    shown = shown_size(drawing.canvas, context.size)
    run.log_image("image/final", context.renderer(drawing, shown), base["steps"])
    run.log_image("image/svg", on_paper.image, base["steps"])
    run.log_image("palette", swatches(drawing), base["steps"])
    metrics = {"minutes": figures["plot"]["minutes"], "ink_m": figures["plot"]["ink_mm"] / 1000}
    metrics["ink_load"] = figures["ink_load"]["max"]
    for reference, rows in figures["damage"].items():
        for row in rows:
            for stage, told in row["stages"].items():
                metrics[f"damage to {reference} at {row['distance_mm'] / 1000:g} m/{stage}"] = told["mean"]
    for name in ("excitation", "pixels", "features"):
        metrics |= {f"{name}/{stage}": v for stage, v in figures.get(name, {}).items() if v is not None}
    if "message" in figures:
        metrics |= {"message/read": figures["message"]["read"]["1"], "message/paper": figures["message"]["paper"]["1"]}
    objectives = run.config.model_dump(mode="json")["objectives"]
    settings = {
        "network": figures["network"] or "none",
        "neuron": objectives.get("neuron", {}).get("at", "none"),
        "style": objectives.get("style", {}).get("image", "none"),
        "image": objectives.get("pixels", {}).get("image", "none"),
        "pens": run.config.pens.set,
        "seed": run.config.seed,
        "size": run.config.size,
        "steps": base["steps"],
        "strokes": len(drawing),
    }
    run.writer.add_hparams(settings, metrics, run_name=".")


def plot_figures(plot: Plot, machine: str) -> dict[str, Any]:
    """The `pens`, `ink_load` and `plot` parts of run.json; the load is in layers of ink on a square millimetre."""
    time = estimate(plot, load_machine(machine))
    pens = [
        {
            "name": layer.pen.name,
            "hex": layer.pen.hex,
            "tip_mm": layer.pen.tip_mm,
            "strokes": len(layer.paths),
            "ink_mm": round(spent.ink_mm, 1),
            "lifts": spent.lifts,
            "seconds": round(spent.seconds, 1),
        }
        for layer, spent in zip(plot.layers, time.pens, strict=True)
    ]
    load = load_of(plot)
    return {
        "pens": pens,
        "ink_load": {"max": round(float(load.max()), 3), "p99": round(float(load.quantile(0.99)), 3)},
        "plot": {
            "machine": machine,
            "minutes": round(time.minutes, 2),
            "pen_up_mm": round(time.pen_up_mm, 1),
            "ink_mm": round(time.ink_mm, 1),
            "lifts": time.lifts,
        },
    }


def swatches(drawing: Drawing) -> Tensor:
    """The pens side by side, `[3, 32, 32 K]` sRGB, for the log."""
    colours = torch.tensor([hex_to_rgb(pen.hex).tolist() for pen in drawing.ink.pens]).float()
    return colours.T[:, None, :, None].expand(3, 32, -1, 32).reshape(3, 32, -1)
