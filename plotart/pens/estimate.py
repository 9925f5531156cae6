"""What a pen's ink does, estimated from the readings of its patches.

The model is that of `plotart.drawing.ink.Penned`, told for strokes of the same pen as well. A stroke of a pen with
opacity o covers the share o of the paper (or of what lies there) with the pen's colour P; a second pass covers the
share o of the rest, so that after many passes the full colour P is reached: opacity 1 means that one stroke already has
it. Where n strokes of one pass overlap, their strength is

    s_n = 1 - (1 - o) (1 - b o)^(n-1),    b = 0: strokes of a pass unite;  b = 1: each adds its own

(b is the `build_up` of a `Pen`)

and s_0 = 0. In linear light, on what lies below with light R: transparent R (1 - s (1 - P)), opaque (1 - s) R + s P.
With line width w and pitch p a pass has, on average, m = E[s] with w/p strokes at a point; a lone line takes the light
w o (1 - P) per length. Passes across each other meet independently, so that only the means enter.

A transparent ink whose second pass adds nothing is one whose first gave its full colour: its opacity is 1 and P the
colour of its line. An opaque ink shows its opacity over other ink too, so that there passes may unite or add up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from plotart.pens.measure import Reading
from plotart.pens.palette import Pen

__all__ = ["Estimate", "InkModel", "estimate"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class InkModel:
    """The unknowns of one pen; `build` is b, `again` the same between passes across each other."""

    colour: Floats
    opacity: float
    width: float
    build: float
    again: float = 1.0
    opaque: bool = False

    @property
    def visible(self) -> float:
        """How much light a stroke adds to black paper if it is opaque."""
        return self.opacity * float(self.colour.max())

    def strength(self, pitch: float) -> float:
        """m of one pass."""
        count, rest = divmod(self.width / pitch, 1.0)
        o, left = self.opacity, 1 - self.build * self.opacity
        fewer, more = (1 - (1 - o) * left ** (n - 1) if n else 0.0 for n in (int(count), int(count) + 1))
        return (1 - rest) * fewer + rest * more

    def crossed(self, pitch: float) -> float:
        """m of two passes across each other."""
        apart = 1 - (1 - self.strength(pitch)) ** 2
        united = self.opacity * (1 - (1 - min(1.0, self.width / pitch)) ** 2)
        return self.again * apart + (1 - self.again) * united

    def predict(self, reading: Reading, solids: dict[int, Reading]) -> Floats:
        """What the reading should be."""
        patch = reading.patch
        if patch.kind == "lines":
            return self.width * self.opacity * (1 - self.colour)
        m = self.crossed(patch.pitch_mm) if patch.kind == "cross" else self.strength(patch.pitch_mm)
        below = solids[patch.base].value if patch.kind == "overlap" else np.ones(3)
        return (1 - m) * below + m * self.colour if self.opaque else below * (1 - m * (1 - self.colour))


@dataclass(frozen=True)
class Estimate:
    ink: InkModel
    covariance: Floats
    """Of colour (3), opacity and width in tips, `[5, 5]`."""
    chi2: float
    freedom: int

    @property
    def misfit(self) -> float:
        """Chi squared per degree of freedom: about 1 or less for a good photo of this chart."""
        return self.chi2 / self.freedom


def estimate(pen: Pen, readings: Sequence[Reading], solids: dict[int, Reading], opaque: bool) -> Estimate:
    """Weighted least squares from several starts; weak priors hold what the patches leave open."""
    crossed = next((reading.value for reading in readings if reading.patch.kind == "cross"), np.full(3, 0.5))

    def ink(x: Floats) -> InkModel:
        again = float(x[6]) if opaque else 1.0
        return InkModel(x[:3], float(x[3]), float(x[4]) * pen.tip_mm, float(x[5]), again, opaque)

    def residual(x: Floats) -> Floats:
        guess = ink(x)
        rows = [(reading.value - guess.predict(reading, solids)) / reading.error for reading in readings]
        priors = [(x[4] - 1) / 0.5, *((x[5:] - 0.5) / 0.7)]
        return np.concatenate([*rows, np.array(priors)])

    free = 7 if opaque else 6
    low = np.array([0.0, 0.0, 0.0, 0.03, 0.3, 0.0, 0.0])[:free]
    high = np.array([1.0, 1.0, 1.0, 1.0, 3.0, 1.0, 1.0])[:free]
    best = None
    for opacity, width in ((0.95, 1.0), (0.6, 1.0), (0.8, 0.7)):
        start = np.array([*crossed, opacity, width, 0.5, 0.5])[:free]
        start = np.clip(start, low + 1e-3, high - 1e-3)
        result = least_squares(residual, start, bounds=(low, high), x_scale=np.array([0.3] * free), max_nfev=200)
        if best is None or result.cost < best.cost:
            best = result
    assert best is not None
    freedom = max(3 * len(readings) - free, 1)
    chi2 = 2 * float(best.cost)
    # A build-up at its bound is no longer free: its share in the errors of the others would be empty.
    known = [i for i in range(free) if i < 5 or 0.02 < best.x[i] < 0.98]
    slopes = np.stack([_slope(residual, best.x, i, low, high) for i in known], axis=1)
    inverse = np.asarray(np.linalg.pinv(slopes.T @ slopes), dtype=np.float64)
    covariance = inverse[:5, :5] * max(1.0, chi2 / freedom)
    return Estimate(ink(best.x), covariance, chi2, freedom)


def _slope(residual: Callable[[Floats], Floats], x: Floats, i: int, low: Floats, high: Floats) -> Floats:
    """Difference quotient over 2 %: coverage has a kink where lines begin to overlap, and errors reach across it."""
    up, down = x.copy(), x.copy()
    up[i], down[i] = min(x[i] + 0.02, high[i]), max(x[i] - 0.02, low[i])
    slope: Floats = (residual(up) - residual(down)) / (up[i] - down[i])
    return slope
