"""Descent by the whole picture: Adam on whatever parameters the drawing has."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adadelta, Adam, Optimizer

from plotart.core.canvas import Canvas, Window
from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.drawing.render import some_pixels
from plotart.stages.base import StageSpec, stages
from plotart.stages.block_adam import BlockAdam
from plotart.stages.context import Context, balance_of
from plotart.stages.crops import Crops
from plotart.stages.judge import evaluate
from plotart.stages.lazy_adam import LazyAdam
from plotart.stages.watch import Step, Watch

__all__ = ["Fit", "FitSpec", "crops_of"]

RATES = {
    "points": 0.0045, "width": 0.001, "rgb": 0.03, "opacity": 0.02, "filters": 0.03, "logits": 0.1,
    "centre": 0.004, "radius": 0.003, "scale": 0.003, "angle": 0.03, "bend": 0.01, "depth": 0.05, "background": 0.02,
    "log_radius": 0.015, "mix": 0.01, "bias": 0.01, "tint": 0.01, "ground": 0.01,
}  # fmt: skip


@stages.register("fit")
class FitSpec(StageSpec):
    """Descend the weighted sum of the objectives.

    `rates` are Adam's learning rates by parameter name: `points`, (free) `width`, `centre`, `radius` and `scale` in
    unit a step, `angle` in rad, `rgb`, `opacity` (of `over`), `filters` (of `multiply`) and `background` in their 0..1,
    `depth` (of `average`), `bend` of splats, `log_radius` of dividers, `mix`, `bias`, `tint` and `ground` of their
    colour net, and `logits` of the choice of pens. `adadelta` has the published constants (rho 0.95, eps 1e-7).
    `block-adam` gives each shape's geometry a full matrix of second moments (BlockAdam); all else stays with Adam.
    With `pixels_share` below 1 each step renders and compares only so many of the pixels, chosen at random (of strokes:
    whole tiles), which objectives that look at the whole image do not allow.
    `halving` halves them after half and after three quarters of the steps; `cosine` lets them fall to a fiftieth.

    With `crop` each step renders a square of the canvas only, so that time and memory do not grow with the page; the
    squares come in rounds in which every place is looked at. Strokes that are not seen stay as they are (LazyAdam), and
    drawings are compared by a sample of the page.
    """

    steps: int = Field(400, ge=1, le=1_000_000)
    rates: dict[str, float] = Field(default=RATES)
    optimizer: Literal["adam", "block-adam", "adadelta"] = "adam"
    schedule: Literal["halving", "cosine", "constant"] = "halving"
    copies: int = Field(1, ge=1, le=64, description="transformed views of each step's image that the network sees")
    temperature: float = Field(1.0, gt=0, le=100, description="how widely strokes listen while pens are being chosen")
    pixels_share: float = Field(1.0, gt=0, le=1, description="share of the pixels that a step looks at")
    softness: float = Field(1.0, ge=1, le=32, description="width of the edge filter at the first step, px; ends at 1")
    looks: int = Field(
        12,
        ge=1,
        le=100_000,
        description="times the clean image is judged; the best is kept, each is a frame of the film",
    )
    crop: int | None = Field(
        None, ge=32, le=4096, description="side of what a step renders, px; none: the whole canvas"
    )

    @model_validator(mode="after")
    def _crops_are_fitted_lazily(self) -> FitSpec:
        if self.crop is not None and self.pixels_share < 1:
            raise ValueError("crop and pixels_share both choose what a step sees; take one of them")
        if self.crop is not None and self.optimizer != "adam":
            raise ValueError(f"crop goes with the optimizer adam, not with {self.optimizer}")
        return self

    def build(self) -> Fit:
        return Fit(self)


def rate_factor(schedule: str, progress: float) -> float:
    """The share of the first learning rate at `progress` 0..1 of a fit."""
    if schedule == "halving":
        return 1.0 if progress < 0.5 else 0.5 if progress < 0.75 else 0.25
    if schedule == "cosine":
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))
    return 1.0


def _framed(image: Tensor, square: Window, inside: Window, paper: Tensor) -> Tensor:
    """`image [1, 3, h, w]` of what is `inside` a page, with paper around it so that it fills the `square`."""
    left, top = inside.left - square.left, inside.top - square.top
    beyond = (left, square.width - inside.width - left, top, square.height - inside.height - top)
    ground = paper[:, None, None]
    return F.pad(image - ground, beyond) + ground


def crops_of(spec: FitSpec, canvas: Canvas, context: Context) -> Crops | None:
    """The squares in which a fit looks at the canvas; None where it looks at all of it.

    Raises:
        InputError: an objective cannot judge parts, or the network's views do not fit into a square.
    """
    side, size, transform = spec.crop, canvas.pixels(context.size), context.transform
    if side is None:
        return None
    for name, objective in context.objectives.items():
        if not objective.local:
            raise InputError(f"stages: 'crop' shows parts of the drawing, and '{name}' judges it as a whole")
    if not context.layers:
        return Crops(size, side, 0, 0)
    least = transform.side_around(min(transform.view, *size))
    if side < least:
        raise InputError(f"stages: crop must be at least {least} for views of {transform.view} px, not {side}")
    return Crops(size, side, transform.rim(side), transform.jitter)


class Fit:
    name = "fit"

    def __init__(self, spec: FitSpec) -> None:
        self.spec = spec

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        spec, saved = self.spec, watch.saved
        drawing = drawing.copy() if saved is None else Drawing.unpack(saved["drawing"])
        drawing.ink.listen(spec.temperature)
        optimizers = self._optimizers(drawing)
        crops = crops_of(spec, drawing.canvas, context)
        sample = None if crops is None else crops.sample()
        best: dict[str, Any] | None = None
        best_total, start, skipped = math.inf, 0, 0
        if saved is not None:
            self._go_on(saved, optimizers, context, crops)
            best, best_total, start, skipped = saved["best"], saved["best_total"], saved["step"], saved["skipped"]
        every = max(1, spec.steps // spec.looks)

        for step in range(start, spec.steps):
            if step % every == 0:
                evaluation = evaluate(drawing, context, windows=sample)
                watch.seen(step, evaluation)
                if context.balanced and evaluation.total < best_total:
                    best, best_total = drawing.pack(), evaluation.total
            progress = step / spec.steps
            for group in (group for optimizer in optimizers for group in optimizer.param_groups):
                group["lr"] = group["first"] * rate_factor(spec.schedule, progress)
            softness = max(1.0, spec.softness * (1 - progress / 0.6)) if spec.softness > 1 else 1.0
            drawing.zero_grad(set_to_none=True)
            losses, total = self._slopes(drawing, context, step, softness, crops)
            skipped += self._guard(drawing, step)
            for optimizer in optimizers:
                optimizer.step()
            drawing.constrain_()
            watch.step(Step(step + 1, spec.steps, losses, total))

            watch.checkpoint(
                partial(
                    self._state,
                    drawing,
                    context,
                    optimizers,
                    step + 1,
                    best=best,
                    best_total=best_total,
                    skipped=skipped,
                    crops=None if crops is None else crops.waiting,
                )
            )

        evaluation = evaluate(drawing, context, windows=sample)
        watch.seen(spec.steps, evaluation)
        if best is None or evaluation.total < best_total:
            best = drawing.pack()
        if skipped:
            watch.say(f"{skipped} gradients were not finite and were left out")
        return Drawing.unpack(best)

    @staticmethod
    def _go_on(saved: dict[str, Any], optimizers: list[Optimizer], context: Context, crops: Crops | None) -> None:
        """Bring everything that a step changes, but the drawing, to where `_state` found it."""
        for optimizer, state in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        context.generator.set_state(saved["generator"])
        for name, objective in context.objectives.items():
            objective.load_state_dict(saved["objectives"][name])
        if crops is not None:
            crops.waiting = saved["crops"]

    @staticmethod
    def _state(
        drawing: Drawing, context: Context, optimizers: list[Optimizer], step: int, **found: Any
    ) -> dict[str, Any]:
        """All that a later call needs to go on after `step` steps as if nothing had happened."""
        return {
            "drawing": drawing.pack(),
            "optimizers": [optimizer.state_dict() for optimizer in optimizers],
            "generator": context.generator.get_state(),
            "objectives": {name: objective.state_dict() for name, objective in context.objectives.items()},
            "step": step,
            **found,
        }

    def _optimizers(self, drawing: Drawing) -> list[Optimizer]:
        blocks: list[dict[str, Any]] = []
        plain: list[dict[str, Any]] = []
        shapes = {id(parameter) for parameter in drawing.primitive.parameters()}
        for name, parameter in drawing.named_parameters():
            rate = self.spec.rates.get(name.rpartition(".")[2], 0.0)
            parameter.requires_grad_(rate > 0)
            if rate > 0:
                together = self.spec.optimizer == "block-adam" and id(parameter) in shapes
                (blocks if together else plain).append({"params": [parameter], "lr": rate, "first": rate})
        found: list[Optimizer] = [BlockAdam(blocks)] if blocks else []
        if self.spec.optimizer == "adadelta":
            return [Adadelta(plain, rho=0.95, eps=1e-7)]
        # gradients of a mean over a page are far below the usual eps of 1e-8
        adam = Adam if self.spec.crop is None else LazyAdam
        return [*found, adam(plain, eps=1e-12)] if plain else found

    def _slopes(
        self, drawing: Drawing, context: Context, step: int, softness: float, crops: Crops | None
    ) -> tuple[dict[str, float], float]:
        """`_losses` of the canvas or of its next square, with the gradients left at the drawing's parameters."""
        if crops is None:
            losses, total = self._losses(drawing, context, step, softness)
            total.backward()  # type: ignore[no-untyped-call]
            return losses, float(total.detach())
        square = crops.next(context.generator)
        inside = square.clipped(drawing.canvas.pixels(context.size))
        part, rows, scale = drawing.window(inside, context.size, reach_px=softness)
        wanted = {name for name, parameter in drawing.named_parameters() if parameter.requires_grad}
        for name, parameter in part.named_parameters():
            parameter.requires_grad_(name in wanted)
        losses, total = self._losses(part, context, step, softness, square, inside)
        total.backward()  # type: ignore[no-untyped-call]
        parts = dict(part.named_parameters())
        for name, parameter in drawing.named_parameters():
            found = parts[name].grad
            if found is not None:
                factor = scale if name.startswith("primitive.") else 1.0
                parameter.grad = torch.zeros_like(parameter).index_copy_(0, rows, factor * found)
        return losses, float(total.detach())

    def _losses(
        self,
        drawing: Drawing,
        context: Context,
        step: int,
        softness: float,
        square: Window | None = None,
        inside: Window | None = None,
    ) -> tuple[dict[str, float], Tensor]:
        """Each weighted objective by name, and their differentiable sum.

        A drawing that is a part of a page shows what is `inside` of it, and the views see the `square` around, which
        may reach beyond its edges.
        """
        paper = drawing.canvas.paper_rgb.to(drawing.device)
        size = context.size if inside is None else (inside.height, inside.width)
        pixels = None
        if self.spec.pixels_share < 1:
            pixels = some_pixels(drawing, context.size, self.spec.pixels_share, context.generator)
        image = context.renderer(drawing, size, softness=softness, pixels=pixels)
        views, part = image, {}
        if context.layers:
            around = image if square is None or inside is None else _framed(image, square, inside, paper)
            side = (context.transform.view,) * 2
            reach = None if square is None else -context.transform.rim(square.height)
            sizes = (around.shape[-2], around.shape[-1])
            warp = context.transform.sample(context.generator, self.spec.copies, sizes, side, reach)
            views = warp.apply(around, paper)

            def look(picture: Tensor) -> Tensor:
                seen = picture
                if square is not None and inside is not None:
                    seen = _framed(inside.of(picture), square, inside, paper)
                return warp.apply(seen, paper)

            part = {"look": look}
        frame = context.frame(drawing, image, views, step, window=inside, pixels=pixels, **part)
        terms = {name: objective(frame) for name, objective in context.objectives.items()}
        self._balance(terms, context, image, step)
        weighted = {name: context.weight(name) * term for name, term in terms.items()}
        total = torch.stack(list(weighted.values())).sum()
        return {name: float(value.detach()) for name, value in weighted.items()}, total

    @staticmethod
    def _balance(terms: dict[str, Tensor], context: Context, image: Tensor, step: int) -> None:
        """Let the objectives that balance themselves compare their gradient at the image with that of the others."""

        def norm(term: Tensor) -> float:
            if not term.requires_grad:
                return 0.0
            (gradient,) = torch.autograd.grad(term, image, retain_graph=True, allow_unused=True)
            return 0.0 if gradient is None else float(gradient.norm())

        for name, objective in context.objectives.items():
            balance = balance_of(objective)
            if balance is None or balance.frozen:
                continue
            others = [context.weights[n] * t for n, t in terms.items() if balance_of(context.objectives[n]) is None]
            balance.update(norm(torch.stack(others).sum()), norm(terms[name]), step)

    @staticmethod
    def _guard(drawing: Drawing, step: int) -> int:
        """Zero the gradient entries that are not finite, before Adam's averages keep them; how many there were."""
        count = 0
        for parameter in drawing.parameters():
            if parameter.grad is not None:
                bad = ~parameter.grad.isfinite()
                found = int(bad.sum())
                if found and found == bad.numel():
                    raise FloatingPointError(
                        f"every gradient is NaN or infinite at step {step}; lower the learning rate"
                    )
                if found:
                    parameter.grad.masked_fill_(bad, 0.0)
                count += found
        return count
