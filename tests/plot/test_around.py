"""Frame, caption and signature: where they lie, in which pen, and what cannot be written."""

import numpy as np
import pytest
import vpype

from plotart.core.canvas import Canvas, page
from plotart.core.errors import InputError
from plotart.core.geometry import bounds, polyline
from plotart.pens import Pen, PenSet, load_pens
from plotart.plot.around import Lettering, lettered
from plotart.plot.font import FONTS, words
from plotart.plot.layers import Layer, Plot

PENS = load_pens("basic-12")
A6 = Canvas(page("a6"), 10.0, 1.0)
SHEET = Canvas(page("a6"), 10.0)


def box(paths):
    each = np.array([bounds(path) for path in paths])
    return (*each[:, :2].min(axis=0), *each[:, 2:].max(axis=0))


def test_words_are_as_high_as_said_and_keep_their_accents():
    assert set(FONTS) <= set(vpype.FONT_NAMES)
    for font in FONTS:
        plain, marked = words("HOE", font, 4.0), words("HÖÉ", font, 4.0)
        assert words("H", font, 4.0).above == pytest.approx(4.0)
        assert len(marked.paths) > len(plain.paths) and marked.above > plain.above
    assert box(words("g", "futural", 4.0).paths)[3] > 0.5  # it hangs below the line
    assert len(words("\u00ec", "futural", 4.0).paths) == 2  # the accent instead of the dot
    assert words("a b", "futural", 4.0).width > words("ab", "futural", 4.0).width
    with pytest.raises(InputError, match=r"lettering\.sign: font scripts has no 日 本; write it"):
        words("a 日本", "scripts", 3.0, "lettering.sign")


@pytest.mark.parametrize("place", [(0.5, 0.5), (0.0, 1.0)])
@pytest.mark.parametrize("fit", [0.5, 1.0, 3.0, None])
def test_the_drawing_leaves_room_and_all_stays_within_the_margins(fit, place):
    lettering = Lettering(sign="Ann Gray", caption="A line of some length", frame=True, corner=4.0)
    canvas = lettering.around(Canvas(page("a6"), 10.0, fit, place=place))
    x0, y0, x1, y1 = canvas.rectangle
    frame, *letters = lettering.layer(canvas, PENS.pens[0]).paths
    left, top, right, bottom = box([frame, *letters])
    assert left >= 10 - 1e-6 and top >= 10 - 1e-6 and right <= 95 + 1e-6 and bottom <= 138 + 1e-6
    assert box([frame]) == pytest.approx((x0 - 3, y0 - 3, x1 + 3, y1 + 3))
    assert box(letters)[1] >= y1 + 6 - 1e-6
    assert Canvas.unpack(canvas.pack()) == canvas


def test_both_words_share_a_line_only_where_they_fit():
    one, two = (Lettering(sign="Ann", caption=text).around(SHEET) for text in ("short", "much too long for that line"))
    assert one.area[3] > two.area[3] and one.room[3] < two.room[3]


def test_the_words_are_drawn_by_the_clearest_pen_or_the_one_that_is_named():
    line = [polyline([(20, 20), (30, 20)])]
    pens = [Pen(name=n, hex=h, tip_mm=0.4) for n, h in (("yellow", "#ffee00"), ("blue", "#001080"))]
    plot = Plot(A6.page, 10.0, [Layer(pen, line) for pen in pens])
    sign = Lettering(sign="Ann")
    canvas = sign.around(A6)
    made = lettered(plot, sign.drawn(plot, canvas, PENS))
    assert [len(layer.paths) for layer in made.layers] == [1, 1 + len(words("Ann", "scripts", 3.5).paths)]
    own = lettered(plot, sign.drawn(plot, canvas, PENS), own_layer=True)
    assert [layer.pen.name for layer in own.layers] == ["yellow", "blue", "blue lettering"]
    red = sign.model_copy(update={"pen": "Red"})
    assert lettered(plot, red.drawn(plot, canvas, PENS)).layers[-1].pen == PENS["red"]
    white = [Pen(name="white", hex="#ffffff", tip_mm=0.4, opaque=True), pens[1]]
    dark = Plot(A6.page, 10.0, [Layer(pen, line) for pen in white], "#000000")
    assert sign.drawn(dark, canvas, PENS).pen.name == "white"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pen": "red"}, "lettering: there is nothing to write"),
        ({"sign": " "}, r"lettering\.sign: there is no letter"),
        ({"caption": "long " * 30}, r"lettering\.caption: it is \d+ mm wide, and the page has 85 mm"),
        ({"frame": True, "distance": 60}, "page a6 .* has no room for a drawing"),
    ],
)
def test_what_cannot_be_written_is_said(settings, said):
    with pytest.raises(InputError, match=said):
        Lettering(**settings).around(A6)


def test_a_pen_that_is_none_is_said():
    with pytest.raises(InputError, match=r"lettering\.pen: 'mauvish' is neither a colour nor one of the pens: black"):
        Lettering(sign="Ann", pen="mauvish").chosen(PENS, "#ffffff")
    assert Lettering(sign="Ann", pen="#102030").chosen(PENS, "#ffffff").tip_mm == 0.4


def test_a_colour_of_its_own_has_the_middle_tip_of_the_pens():
    tips = (0.2, 0.8, 0.5, 0.3)
    pens = PenSet(name="mine", pens=[Pen(name=f"p{tip}", hex="#111111", tip_mm=tip) for tip in tips])
    pen = Lettering(frame=True, pen="teal").chosen(pens, "#ffffff")
    assert pen is not None and (pen.hex, pen.tip_mm) == ("#008080", 0.5)
