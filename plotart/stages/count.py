"""How many pens a drawing needs: the fewest that keep nearly all that all of them, or free colours, reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field
from torch import Tensor

from plotart.core.tables import Curve, Table
from plotart.core.vision import scielab_difference
from plotart.drawing import Drawing
from plotart.stages.base import Stage, stages
from plotart.stages.context import Context
from plotart.stages.fit import Fit
from plotart.stages.judge import Evaluation, evaluate
from plotart.stages.narrow import narrow
from plotart.stages.quantize import Quantize
from plotart.stages.watch import Part, Watch

__all__ = ["Count", "fewest", "merit"]

ENOUGH = 0.95
"""The share of what all pens reach that fewer must keep."""
COUNTS = (1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32)
"""Numbers of pens that are tried."""
DISTANCE_MM = 2000.0
"""Where single strokes melt into tones, so that tones and not the texture of strokes decide."""


@stages.register("count")
class Count(Stage):
    """Find the fewest pens that keep the share `keep` of what is reached without this limit.

    A choice that is still open loses its least missed pens one after the other and is fitted again for `refit` steps at
    each number of pens tried, on from the last; free colours are clustered anew for each and fitted as long. The
    measure is the excitation of the neuron, or of a picture its fidelity: the share of a blank page's mean CIEDE2000 to
    it, seen from two metres (S-CIELAB), that the drawing takes away. It is compared with what the drawing that was
    given reaches in as many steps more. The search ends after two numbers in a row on the wrong side of `keep`. Where
    no number reaches it, or few pens are fitted faster and reach more than all, `keep` is taken of the best.
    """

    reduces = True
    counts_pens = True

    keep: float = Field(ENOUGH, gt=0, le=1)
    refit: int = Field(20, ge=1, le=100_000, description="steps at each number of pens")
    temperature: float = Field(0.5, gt=0, le=100)

    def scaled(self, share: Callable[[int], int]) -> Count:
        return self.model_copy(update={"refit": share(self.refit)})

    @classmethod
    def report(cls, figures: Mapping[str, Any]) -> Sequence[Table]:
        return pen_count_table(figures)

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        if drawing.ink.settled:
            return drawing.copy()
        free, have = drawing.ink.free, len(context.pens.pens)
        counts = [count for count in COUNTS if count < have]
        counts = [*counts, have] if free else counts[::-1]
        # everything is kept packed, as a checkpoint needs it; fits come in the order reference, pens, reference, ...
        state: dict[str, Any] = watch.saved or {
            "fits": 0,
            "reference": drawing.pack(),
            "now": drawing.pack(),
            "reached": None,
            "curve": [] if free else [[have, 1.0]],
            "results": {} if free else {have: drawing.pack()},
            "fit": None,
        }
        for number, count in enumerate(counts):
            if number < len(state["curve"]) - (not free):
                continue
            # free colours have one reference, fitted as long as every number of pens
            if state["fits"] == (0 if free else 2 * number):
                reference = self._fit("reference", None, state, drawing, context, watch, len(counts))
                state["reached"] = merit(reference, context, evaluate(reference, context))
            start = drawing if free else Drawing.unpack(state["now"]).to(drawing.device)

            def fewer(start: Drawing = start, count: int = count) -> Drawing:
                if free:
                    return Quantize()(start, replace(context, pen_count=count), watch=watch)
                return narrow(start, context, count, watch)

            result = self._fit("now", fewer, state, drawing, context, watch, len(counts))
            seen = evaluate(result, context)
            watch.seen(self.refit * state["fits"], seen)
            value, reached = merit(result, context, seen), state["reached"]
            share = value / reached if reached > 0 else float(value >= reached)
            watch.say(f"{count} pen{'s keep' if count > 1 else ' keeps'} {100 * share:.0f} %")
            state["curve"].append([count, share])
            state["results"][count] = state["now"]
            wanted = self.keep * max(1.0, *(share for _, share in state["curve"]))
            last = [share >= wanted for _, share in state["curve"][-2:]]
            if len(last) == 2 and last == [free, free]:
                break
        curve = {int(count): float(share) for count, share in sorted(state["curve"])}
        chosen = fewest(curve, self.keep)
        watch.say(f"{chosen} pen{'s are' if chosen > 1 else ' is'} enough")
        watch.tell("pen_count", {"keep": self.keep, "chosen": chosen, "curve": [list(pair) for pair in curve.items()]})
        return Drawing.unpack(state["results"][chosen]).to(drawing.device)

    def _fit(
        self,
        part: str,
        change: Callable[[], Drawing] | None,
        state: dict[str, Any],
        drawing: Drawing,
        context: Context,
        watch: Watch,
        counts: int,
    ) -> Drawing:
        """Fit `state[part]`, changed first, for `refit` steps more, or go on with such a fit; keeps the result."""
        inner = state["fit"]
        start = Drawing.unpack(state[part]).to(drawing.device)
        if change is not None and inner is None:
            start = change()
        fit = Fit(steps=self.refit, schedule="constant", temperature=self.temperature)
        rest = {**state, "fit": None}
        view = _Quiet(watch, rest, inner, self.refit * state["fits"], 2 * self.refit * counts)
        result = fit(start, context, watch=view)
        state |= {part: result.pack(), "fits": state["fits"] + 1, "fit": None}
        return result


def pen_count_table(figures: Mapping[str, Any]) -> list[Table]:
    """What each number of pens keeps, of the figure `pen_count`."""
    found = figures.get("pen_count")
    if not found or len(found["curve"]) < 2:
        return []
    told = ", ".join(f"{count} keep {100 * share:.0f} %" for count, share in found["curve"])
    points = tuple((float(count), 100 * share) for count, share in found["curve"])
    note = f"{found['chosen']} pens are the fewest that keep {100 * found['keep']:.0f} %: {told}."
    return [Table("How many pens", curve=Curve("Kept, %", points, "pens"), note=note)]


def merit(drawing: Drawing, context: Context, seen: Evaluation) -> float:
    """What a drawing that was judged as `seen` reached, 0 for nothing: see `Count`."""
    if seen.excitation is not None:
        return seen.excitation
    target = context.picture
    assert target is not None

    def off(image: Tensor) -> float:
        a, b = (picture[0].permute(1, 2, 0).double().cpu().numpy() for picture in (target, image))
        return float(scielab_difference(a, b, context.size / drawing.canvas.mm_per_unit, DISTANCE_MM).mean())

    blank = drawing.canvas.paper_rgb[None, :, None, None].expand_as(seen.image.cpu())
    return 1 - off(seen.image) / max(off(blank), 1e-12)


def fewest(curve: Mapping[int, float], keep: float) -> int:
    """The least number of pens whose share in `curve` is enough: see `Count`."""
    wanted = _wanted(curve.values(), keep)
    return min(count for count, share in curve.items() if share >= wanted)


def _wanted(shares: Iterable[float], keep: float) -> float:
    """`keep` of the whole, or of the best share where that is more than the whole or `keep` is out of reach."""
    best = max(shares)
    return keep * best if best >= 1 or best < keep else keep


class _Quiet(Part):
    """Only the result of each number of pens is logged."""

    def seen(self, step: int, evaluation: Evaluation) -> None:
        pass
