import numpy as np
import pytest
from shapely import Point

from plotart.core.areas import enclosed

SQUARE = np.array([[0, 0], [4, 0], [4, 4], [0, 4.0]])
INNER = SQUARE / 2 + 1


@pytest.mark.parametrize(
    ("rings", "nonzero", "even_odd"),
    [
        ([SQUARE], 16, 16),
        ([SQUARE, INNER], 16, 12),
        ([SQUARE, INNER[::-1]], 12, 12),
        ([np.array([[0, 0], [4, 4], [4, 0], [0, 4.0]])], 8, 8),  # a bow tie
        ([SQUARE, SQUARE + 2], 28, 24),
        ([SQUARE[:2]], 0, 0),
        ([np.zeros((5, 2))], 0, 0),
    ],
)
def test_areas_by_both_rules(rings, nonzero, even_odd):
    assert enclosed(rings, "nonzero").area == pytest.approx(nonzero)
    assert enclosed(rings, "even-odd").area == pytest.approx(even_odd)


def test_a_pentagram_is_whole_by_one_rule_and_hollow_by_the_other():
    turn = np.arange(5) * 4 * np.pi / 5
    star = np.stack([np.cos(turn), np.sin(turn)], 1)
    assert enclosed([star], "nonzero").contains(Point(0, 0))
    assert not enclosed([star], "even-odd").contains(Point(0, 0))
    with pytest.raises(ValueError, match="'odd'"):
        enclosed([star], "odd")  # type: ignore[arg-type]
