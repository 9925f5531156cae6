"""S-CIELAB against what it promises: properties, and CIEDE2000 of scikit-image where nothing is blurred."""

import numpy as np
import pytest
from skimage import color, data

from plotart.core.vision import Difference, scielab, scielab_difference

CAT = data.chelsea()[60:140, 100:220] / 255


def test_a_picture_does_not_differ_from_itself():
    assert float(scielab_difference(CAT, CAT, 4, 500).max()) == 0


def test_even_colours_keep_their_lab_and_ciede2000():
    a, b = (np.broadcast_to(np.array(rgb), (20, 30, 3)) for rgb in ((0.84, 0.15, 0.16), (0.2, 0.3, 0.7)))
    np.testing.assert_allclose(scielab(a, 4, 500), color.rgb2lab(a), atol=0.02)
    expected = color.deltaE_ciede2000(color.rgb2lab(a), color.rgb2lab(b))
    np.testing.assert_allclose(scielab_difference(a, b, 4, 500), expected, atol=0.02)


def test_seen_sharply_it_is_ciede2000_point_by_point():
    other = CAT[::-1]
    expected = color.deltaE_ciede2000(color.rgb2lab(CAT), color.rgb2lab(other))
    near = scielab_difference(CAT, other, 0.01, 1)  # every blur is far below a pixel
    np.testing.assert_allclose(near, expected, atol=0.05)


def test_a_fine_pattern_fades_with_distance_and_a_coarse_one_does_not():
    stripes = np.ones((80, 80, 3))
    stripes[:, ::2] = 0
    grey = np.full_like(stripes, color.lab2rgb([[[76.07, 0, 0]]])[0, 0])  # half the light of white
    fine = [float(scielab_difference(stripes, grey, 5, d).mean()) for d in (100, 500, 2000)]
    assert fine[0] > 20
    assert fine[0] > fine[1] > fine[2]
    assert fine[2] < 1
    halves = np.ones((80, 80, 3))
    halves[:, :40] = 0
    assert float(scielab_difference(halves, grey, 5, 2000).mean()) > 10


def test_colour_is_blurred_more_than_lightness():
    def stripes(a, b):
        picture = np.empty((60, 60, 3))
        picture[:, ::4] = picture[:, 1::4] = color.lab2rgb([[a]])[0, 0]
        picture[:, 2::4] = picture[:, 3::4] = color.lab2rgb([[b]])[0, 0]
        return scielab(picture, 5, 800)[20:40, 20:40]

    light, hue = stripes([40.0, 0, 0], [70.0, 0, 0]), stripes([55.0, 15, 0], [55.0, -15, 0])
    assert np.ptp(hue[..., 1]) < 0.6 * np.ptp(light[..., 0])


def test_summary_counts_only_where_it_is_told_to():
    values = np.arange(100.0).reshape(10, 10)
    assert Difference.of(values) == Difference(49.5, 94.0)
    where = np.zeros((10, 10))
    where[0, :2] = 0.5
    assert Difference.of(values, where) == Difference(0.5, 1.0)
    assert Difference.of(values, 0 * values) == Difference(0.0, 0.0)


@pytest.mark.parametrize(("shape", "px", "distance"), [((4, 4), 1, 1), ((4, 4, 3), 0, 1), ((4, 4, 3), 1, -1)])
def test_wrong_arguments_are_named(shape, px, distance):
    with pytest.raises(ValueError, match="must be"):
        scielab(np.zeros(shape), px, distance)
