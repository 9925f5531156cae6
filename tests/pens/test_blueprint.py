"""The pen set for dark paper: every pen is opaque and shows on the config's paper."""

from plotart.core.color import ciede2000, hex_to_rgb, to_lab
from plotart.pens import load_pens
from plotart.runs.config import Config


def test_pens_of_the_blueprint_show_on_its_paper():
    config = Config.load("blueprint", {"objectives.neuron.at": "conv4_3:12"})
    paper = to_lab(hex_to_rgb(config.page.paper))
    for pen in load_pens(config.pens.set).pens:
        assert pen.opaque
        assert float(ciede2000(to_lab(hex_to_rgb(pen.hex)), paper)) > 25, pen.name
