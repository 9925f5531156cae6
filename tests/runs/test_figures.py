"""What run.json tells is typed, and what it tells of parts is kept."""

import pytest

from plotart.runs.figures import Figures

HELD = {
    "network": None,
    "seed": 3,
    "steps": 20,
    "seconds": 1.5,
    "loss": {"pixels": 0.5},
    "weights": {"pixels": 1.0},
    "history": [[0, 3.0, None], [10, 2.0, 1.0]],
    "pens": [
        {"name": "red", "hex": "#d02020", "tip_mm": 0.4, "strokes": 2, "ink_mm": 10.0, "lifts": 2, "seconds": 3.0}
    ],
    "ink_load": {"max": 2.0, "p99": 1.0},
    "plot": {"machine": "axidraw", "minutes": 1.0, "pen_up_mm": 2.0, "ink_mm": 10.0, "lifts": 2},
    "pixels": {"free": None, "final": 0.5},
}


def test_they_are_read_as_they_were_written_with_what_parts_add():
    figures = Figures.of_json(HELD)
    assert figures.by_name == HELD
    assert figures["plot"]["minutes"] == figures.plot.minutes == 1.0
    assert figures["pixels"] == {"free": None, "final": 0.5}
    assert "pixels" in figures and "excitation" not in figures


def test_a_run_that_is_not_finished_tells_nothing():
    assert Figures().by_name == {}
    assert "plot" not in Figures()


@pytest.mark.parametrize(
    ("name", "value"),
    [("plot", {"machine": "axidraw"}), ("pens", [{"name": "red"}]), ("history", "long"), ("steps", None)],
)
def test_what_is_no_figure_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        Figures.of_json({**HELD, name: value})
