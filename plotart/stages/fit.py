"""Descent by the whole picture: Adam on whatever parameters the drawing has."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.optim import Adadelta, Adam, Optimizer

from plotart.core.canvas import Window
from plotart.core.errors import InputError
from plotart.core.parts import Whole
from plotart.drawing import Drawing
from plotart.drawing.render import some_pixels
from plotart.stages.apart import Apart
from plotart.stages.base import Stage, stages
from plotart.stages.block_adam import BlockAdam
from plotart.stages.context import Context
from plotart.stages.crops import Crops, crops_of
from plotart.stages.descent import Descent
from plotart.stages.judge import evaluate
from plotart.stages.lazy_adam import LazyAdam
from plotart.stages.rates import check_rates, rate_factor, usual_rates
from plotart.stages.watch import Step, Watch

__all__ = ["Fit"]


@stages.register("fit")
class Fit(Stage):
    """Descend the weighted sum of the objectives.

    `rates` are Adam's learning rates by parameter name; what they leave out stays as it is. By default they are those
    that primitives and inks declare: `points`, (free) `width`, `centre`, `radius` and `scale` in
    unit a step, `angle` in rad, `rgb`, `opacity` (of `over`), `filters` (of `multiply`) and `background` in their 0..1,
    `depth` (of `average`), `bend` of splats, `log_radius` of dividers, `mix`, `bias`, `tint` and `ground` of their
    colour net, and `logits` of the choice of pens. `adadelta` has the published constants (rho 0.95, eps 1e-7).
    `block-adam` gives each shape's geometry a full matrix of second moments (BlockAdam); all else stays with Adam.
    With `pixels_share` below 1 each step renders and compares only so many of the pixels, chosen at random (of strokes:
    whole tiles), which objectives that look at the whole image do not allow; beside a network each step takes them all.
    With `apart` that part of a step is taken back which would lay strokes of a pen over each other (Apart).
    `halving` halves them after half and after three quarters of the steps; `cosine` lets them fall to a fiftieth.

    With `crop` each step renders a square of the canvas only, so that time and memory do not grow with the page; the
    squares come in rounds in which every place is looked at. Strokes that are not seen stay as they are (LazyAdam), and
    drawings are compared by a sample of the page.
    """

    fits = True
    goes_on = True
    while_at_work = (
        "steps", "rates", "schedule", "apart", "copies", "temperature", "pixels_share", "softness", "softness_end",
        "looks",
    )  # fmt: skip

    steps: int = Field(400, ge=1, le=1_000_000)
    rates: dict[str, float] = Field(default_factory=usual_rates)
    optimizer: Literal["adam", "block-adam", "adadelta"] = "adam"
    schedule: Literal["halving", "cosine", "constant"] = "halving"
    apart: bool = Field(False, description="strokes of a pen do not come to cross, and their joints get smooth")
    copies: int = Field(1, ge=1, le=64, description="transformed views of each step's image that the network sees")
    temperature: float = Field(1.0, gt=0, le=100, description="how widely strokes listen while pens are being chosen")
    pixels_share: float = Field(1.0, gt=0, le=1, description="share of the pixels that a step looks at")
    softness: float = Field(1.0, ge=1, le=32, description="width of the edge filter at the first step, px")
    softness_end: float = Field(
        1.0, ge=1, le=32, description="the least it falls to, by six tenths of the steps; as softness: kept to the end"
    )
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
    def _softness_falls(self) -> Fit:
        if self.softness_end > self.softness:
            raise ValueError(
                f"softness_end is what softness falls to: at most softness ({self.softness:g}), "
                f"not {self.softness_end:g}"
            )
        return self

    @model_validator(mode="after")
    def _crops_are_fitted_lazily(self) -> Fit:
        if self.crop is not None and self.pixels_share < 1:
            raise ValueError("crop and pixels_share both choose what a step sees; take one of them")
        if self.crop is not None and self.optimizer != "adam":
            raise ValueError(f"crop goes with the optimizer adam, not with {self.optimizer}")
        return self

    def check(self, config: Whole, at: str) -> None:
        check_rates(self.rates, at)
        before = config.stages[: list(config.stages).index(self)]
        if self.apart and (config.primitive.kind != "strokes" or not _settled(config, before)):
            raise InputError(f"{at}.apart: it is for strokes whose pens are chosen for good; leave it out")

    def ready(self, context: Context, at: str, say: Callable[[str], None]) -> None:
        if context.canvas is not None:
            crops_of(self, context, context.canvas)
        if self.pixels_share == 1:
            return
        if context.layers:
            say(f"{at}.pixels_share: the network looks at the whole image, so each step takes all pixels")
            return
        for name, objective in context.objectives.items():
            if objective.needs_whole_image:
                why = f"; {objective.why_whole}" if objective.why_whole else ""
                raise InputError(
                    f"{at}.pixels_share: the objective '{name}' looks at the whole image{why}; "
                    f"leave pixels_share at 1, not {self.pixels_share:g}"
                )

    @property
    def own_steps(self) -> int:
        return self.steps

    def whole_fit(self) -> Fit:
        return self

    def drafted(self) -> Fit:
        return self.model_copy(update={"looks": min(self.looks, 6)})

    def scaled(self, share: Callable[[int], int]) -> Fit:
        return self.model_copy(update={"steps": share(self.steps)})

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        saved = watch.saved
        drawing = drawing.copy() if saved is None else Drawing.unpack(saved["drawing"])
        drawing.ink.listen(self.temperature)
        optimizers = self._optimizers(drawing)
        crops = crops_of(self, context, drawing.canvas)
        sample = None if crops is None else crops.sample()
        best: dict[str, Any] | None = None
        best_total, start, skipped = math.inf, 0, 0
        if saved is not None:
            self._go_on(saved, optimizers, context, crops)
            best, best_total, start, skipped = saved["best"], saved["best_total"], saved["step"], saved["skipped"]
            if best is not None and saved.get("weights", context.counts) != context.counts:
                # other weights were given meanwhile, by which its total has to be compared
                best_total = evaluate(Drawing.unpack(best).to(drawing.device), context, windows=sample).total
        every = max(1, self.steps // self.looks)
        apart = Apart(drawing) if self.apart else None

        for step in range(start, self.steps):
            if step % every == 0:
                evaluation = evaluate(drawing, context, windows=sample)
                watch.seen(step, evaluation)
                if context.balanced and evaluation.total < best_total:
                    best, best_total = drawing.pack(), evaluation.total
            progress = step / self.steps
            for group in (group for optimizer in optimizers for group in optimizer.param_groups):
                group["lr"] = group["first"] * rate_factor(self.schedule, progress)
            softness = max(self.softness_end, self.softness * (1 - progress / 0.6))
            drawing.zero_grad(set_to_none=True)
            losses, total = self._slopes(drawing, context, step, softness, crops)
            skipped += self._guard(drawing, step)
            for optimizer in optimizers:
                optimizer.step()
            drawing.constrain_()
            if apart is not None:
                apart.settle_(drawing)
            watch.step(Step(step + 1, self.steps, losses, total))

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
        watch.seen(self.steps, evaluation)
        if best is None or evaluation.total < best_total:
            best = drawing.pack()
        if skipped:
            watch.say(f"{skipped} gradients were not finite and were left out")
        return Drawing.unpack(best)

    @staticmethod
    def _go_on(
        saved: dict[str, Any], optimizers: list[Optimizer | Descent], context: Context, crops: Crops | None
    ) -> None:
        """Bring everything that a step changes, but the drawing, to where `_state` found it."""
        for optimizer, state in zip(optimizers, saved["optimizers"], strict=True):
            own = [group["first"] for group in optimizer.param_groups]
            optimizer.load_state_dict(state)
            for group, first in zip(optimizer.param_groups, own, strict=True):
                group["first"] = first  # the rate of the config, which may have changed meanwhile
        context.generator.set_state(saved["generator"])
        for name, objective in context.objectives.items():
            objective.load_state_dict(saved["objectives"][name])
        if crops is not None:
            crops.waiting = saved["crops"]

    @staticmethod
    def _state(
        drawing: Drawing, context: Context, optimizers: list[Optimizer | Descent], step: int, **found: Any
    ) -> dict[str, Any]:
        """All that a later call needs to go on after `step` steps as if nothing had happened."""
        return {
            "drawing": drawing.pack(),
            "optimizers": [optimizer.state_dict() for optimizer in optimizers],
            "generator": context.generator.get_state(),
            "objectives": {name: objective.state_dict() for name, objective in context.objectives.items()},
            "step": step,
            "weights": context.counts,
            **found,
        }

    def _optimizers(self, drawing: Drawing) -> list[Optimizer | Descent]:
        blocks: list[dict[str, Any]] = []
        plain: list[dict[str, Any]] = []
        shapes = {id(parameter) for parameter in drawing.primitive.parameters()}
        for name, parameter in drawing.named_parameters():
            part, _, own = name.partition(".")
            if own not in getattr(drawing, part).rates:
                raise InputError(f"stages: fit has no rate for '{own}' of {getattr(drawing, part).kind}")
            rate = self.rates.get(own, 0.0)
            parameter.requires_grad_(rate > 0)
            if rate > 0:
                together = self.optimizer == "block-adam" and id(parameter) in shapes
                (blocks if together else plain).append({"params": [parameter], "lr": rate, "first": rate})
        if not blocks and not plain:
            there = sorted(name.partition(".")[2] for name, _ in drawing.named_parameters())
            given = ", ".join(self.rates)
            raise InputError(f"stages: fit moves nothing: rates are for {given}, not for {', '.join(there)}")
        found: list[Optimizer | Descent] = [BlockAdam(blocks)] if blocks else []
        if self.optimizer == "adadelta":
            return [Adadelta(plain, rho=0.95, eps=1e-7)]
        # gradients of a mean over a page are far below the usual eps of 1e-8
        adam = Adam if self.crop is None else LazyAdam
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
        if self.pixels_share < 1 and not context.layers:
            pixels = some_pixels(drawing, context.size, self.pixels_share, context.generator)
        image = context.renderer(drawing, size, softness=softness, pixels=pixels)
        views, part = image, {}
        if context.layers:
            around = image if square is None or inside is None else square.padded(image, inside, paper)
            side = (context.transform.view,) * 2
            reach = None if square is None else -context.views.rim(square.height)
            sizes = (around.shape[-2], around.shape[-1])
            warp = context.views.sample(context.generator, self.copies, sizes, side, reach)
            views = warp.apply(around, paper)

            def look(picture: Tensor) -> Tensor:
                seen = picture
                if square is not None and inside is not None:
                    seen = square.padded(inside.of(picture), inside, paper)
                return warp.apply(seen, paper)

            part = {"look": look}
        frame = context.frame(drawing, image, views, step, window=inside, pixels=pixels, **part)
        terms = {name: objective(frame) for name, objective in context.driving.items()}
        context.balance(terms, image, step)
        weighted = {name: context.weight(name) * term for name, term in terms.items()}
        total = torch.stack(list(weighted.values())).sum()
        return {name: float(value.detach()) for name, value in weighted.items()}, total

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


def _settled(config: Whole, before: Sequence[Stage]) -> bool:
    """Whether every stroke has its pen for good after the stages `before`."""
    palette = config.pens.palette
    return palette == "fixed" or any(stage.settles(palette) for stage in before)
