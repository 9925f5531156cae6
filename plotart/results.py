"""From the last drawing to files: the plot, its SVGs, the preview, and what they look like to the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from plotart.color import hex_to_rgb
from plotart.drawing import Drawing
from plotart.images import save_image
from plotart.ink import Penned
from plotart.plot import Plot
from plotart.plot.motion import estimate, load_machine
from plotart.plot.rasterize import coverage_planes
from plotart.plot.report import write_report
from plotart.plot.svg import write_pen_files, write_svg
from plotart.plot.trace import make_plot
from plotart.run import Run
from plotart.stages import Context, Evaluation, evaluate

__all__ = ["finish", "make_plot", "paper_image", "plot_figures", "preview", "seen_on_paper"]

PREVIEW_PX_PER_MM = 8.0
PREVIEW_MAX_PX = 4096


def paper_image(plot: Plot, drawing: Drawing, size: int) -> Tensor:
    """What the written layers show on paper, rasterized by an independent program: `[1, 3, H, W]` sRGB.

    Each pen's layer is drawn alone; the pens then mix by the drawing's ink. Pens whose layer holds no stroke are clear.
    """
    ink = drawing.ink
    assert isinstance(ink, Penned)
    drawn = coverage_planes(plot, drawing.canvas, size)
    names = [layer.pen.name for layer in plot.layers]
    clear = np.zeros(drawn.shape[1:])
    planes = np.stack([drawn[names.index(pen.name)] if pen.name in names else clear for pen in ink.pens])
    transmitted = torch.from_numpy(1 - planes).float()[None].to(drawing.canvas.paper_rgb.device)
    return ink.compose(transmitted, drawing.canvas.paper_rgb)


def seen_on_paper(plot: Plot, drawing: Drawing, context: Context) -> Evaluation:
    """The objectives judged on the written layers instead of on our own rendering."""
    return evaluate(drawing, context, paper_image(plot, drawing, context.size))


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
    on_paper = seen_on_paper(plot, drawing, context)
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
    }
    for name in ("excitation", "pixels"):
        values = [e["excitation"] if name == "excitation" else e["losses"].get(name) for e in entries]
        if values[-1] is None:
            continue
        told = {
            "free": None if free is None else values[free],
            "quantized": None if quantized is None else values[quantized],
            "final": values[-1],
            "svg": on_paper.excitation if name == "excitation" else on_paper.losses[name],
        }
        figures[name] = told
        if name == "excitation" and told["free"]:
            figures["retention"] = told["final"] / told["free"]
    run.figures |= figures | plot_figures(plot, run.config.machine)
    if run.config.minutes is not None:
        before = next(e["notes"]["minutes_before"] for e in entries if e["stage"] == "prune")
        told = {"asked": run.config.minutes, "before": round(before, 2), "after": run.figures["plot"]["minutes"]}
        run.figures["minutes"] = told
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


def _turn_to_pens(entries: list[dict[str, Any]]) -> tuple[int | None, int | None]:
    """The last finished stage with everything open (free colours, or all pens of the set), and what pens made of it.

    That is: just before the first stage that takes colours or pens away, and after it, before any further fit.
    """
    first = next((i for i, entry in enumerate(entries) if entry["stage"] in ("choose", "narrow", "quantize")), None)
    if not first:
        return None, None
    last = first
    while last + 1 < len(entries) and entries[last + 1]["stage"] not in ("fit", "prune"):
        last += 1
    return first - 1, last


def _log(run: Run, drawing: Drawing, context: Context, on_paper: Evaluation, base: dict[str, Any]) -> None:
    """The run's last images and its hyper-parameters with the final figures, for TensorBoard."""
    figures = run.figures
    run.log_image("image/final", context.renderer(drawing, context.size), base["steps"])
    run.log_image("image/svg", on_paper.image, base["steps"])
    run.log_image("palette", swatches(drawing), base["steps"])
    metrics = {"minutes": figures["plot"]["minutes"], "ink_m": figures["plot"]["ink_mm"] / 1000}
    for name in ("excitation", "pixels"):
        metrics |= {f"{name}/{stage}": v for stage, v in figures.get(name, {}).items() if v is not None}
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
    """The `pens` and `plot` parts of run.json."""
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
    return {
        "pens": pens,
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
    ink = drawing.ink
    assert isinstance(ink, Penned)
    colours = torch.tensor([hex_to_rgb(pen.hex).tolist() for pen in ink.pens]).float()
    return colours.T[:, None, :, None].expand(3, 32, -1, 32).reshape(3, 32, -1)
