import numpy as np
import pytest

from plotart.core.canvas import Canvas, page
from plotart.core.clipping import clip
from plotart.pens import Pen
from plotart.plot import Layer, Plot

YELLOW = Pen(name="yellow", hex="#f2c200", tip_mm=0.4)
RED = Pen(name='88/40 "red" & <more>', hex="#d62728", tip_mm=0.35)


def random_paths(count, seed=0, size=(148, 210), step=3.2, segments=1):
    """Random-walk cubics all over a page, in mm."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, step, (count, 3 * segments, 2))
    starts = rng.uniform((0, 0), size, (count, 1, 2))
    return list(np.concatenate([starts, starts + np.cumsum(steps, axis=1)], axis=1))


@pytest.fixture
def canvas():
    return Canvas(page("a5"), 10)


@pytest.fixture
def plot(canvas):
    """Two pens with 40 strokes each, clipped at the margins, no stroke shorter than a tip."""
    from plotart.plot.route import tidy

    layers = [
        Layer(pen, tidy([c for p in random_paths(40, seed) for c in clip(p, canvas.rectangle)], pen.tip_mm))
        for seed, pen in enumerate((YELLOW, RED))
    ]
    return Plot(canvas.page, canvas.margin_mm, layers)
