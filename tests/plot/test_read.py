import numpy as np
import pytest
import vpype
import vpype_cli

from plotart.core.errors import InputError
from plotart.core.geometry import bounds, length
from plotart.plot.read import read_svg

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" width="100mm" height="50mm" viewBox="0 0 100 50">'
)


def read(tmp_path, body, head=HEAD, before=""):
    file = tmp_path / "x.svg"
    file.write_text(f"{before}{head}{body}</svg>")
    return read_svg(file)


def test_inkscape_layers_with_transforms_shapes_and_hidden_things(tmp_path):
    plot = read(
        tmp_path,
        """<defs><path id="p" d="M0,0 h10"/></defs>
        <g inkscape:groupmode="layer" inkscape:label="!2+S30 Fine red" stroke="#f00" stroke-width="0.3">
          <g transform="translate(5,5) scale(2)"><path d="M0,0 q5,5 10,0 M20,0 l5,5"/></g>
          <circle cx="50" cy="25" r="10"/><path d="M1,1 L2,2" display="none"/><text>hello</text>
        </g>
        <g inkscape:groupmode="layer" inkscape:label="% notes"><path d="M0,0 L50,50"/></g>
        <g inkscape:groupmode="layer" inkscape:label="hidden" style="display:none"><path d="M0,0 L50,50"/></g>
        <use xlink:href="#p" y="40" stroke="blue"/>""",
    )
    red, blue = plot.layers
    assert (red.pen.name, red.pen.hex, blue.pen.hex) == ("Fine red", "#ff0000", "#0000ff")
    assert (plot.page.width_mm, plot.page.height_mm) == (100, 50)
    assert len(red.paths) == 3
    np.testing.assert_allclose(red.paths[0][[0, -1]], [[5, 5], [25, 5]], atol=1e-3)
    np.testing.assert_allclose(bounds(red.paths[0]), [5, 5, 25, 10], atol=1e-3)
    np.testing.assert_allclose(bounds(red.paths[2]), [40, 15, 60, 35], atol=1e-2)
    assert length(red.paths[2]) == pytest.approx(20 * np.pi, rel=1e-3)
    np.testing.assert_allclose(blue.paths[0][[0, -1]], [[0, 40], [10, 40]], atol=1e-3)


def test_without_layers_each_colour_is_one(tmp_path):
    plot = read(
        tmp_path,
        '<g><path stroke="red" d="M0,0 L5,5"/><path stroke="#00f" d="M0,0 L5,5"/></g>'
        '<rect fill="#0f0" width="5" height="5"/><line stroke="red" x1="1" y1="1" x2="3" y2="3"/>',
    )
    assert [(layer.pen.hex, len(layer.paths)) for layer in plot.layers] == [
        ("#ff0000", 2),
        ("#0000ff", 1),
        ("#00ff00", 1),
    ]


def test_what_vpype_writes(tmp_path):
    document = vpype_cli.execute("rect 1cm 2cm 3cm 4cm circle -l2 5cm 5cm 1cm pagesize a5")
    with (tmp_path / "v.svg").open("w") as file:
        vpype.write_svg(file, document)
    plot = read_svg(tmp_path / "v.svg")
    assert (round(plot.page.width_mm, 1), round(plot.page.height_mm, 1)) == (148, 210)
    assert len(plot.layers) == 2
    np.testing.assert_allclose(bounds(plot.layers[0].paths[0]), [10, 20, 40, 60], atol=0.01)


def bomb_of_uses(levels=12):
    rows = ['<g id="g0"><path d="M0,0 L1,1"/></g>']
    for i in range(levels):
        rows.append(f'<g id="g{i + 1}">' + f'<use href="#g{i}"/>' * 10 + "</g>")
    return "<defs>" + "".join(rows) + f'</defs><use href="#g{levels}"/>'


@pytest.mark.parametrize(
    ("body", "before", "message"),
    [
        ("<text>only words</text>", "", "text or pictures but no strokes.*convert"),
        ("", "", "no strokes"),
        ('<path d="M0,0 L1e300,5"/>', "", "coordinates beyond|cannot be read"),
        ('<path d="M0,0 L9e9,5"/>', "", "coordinates beyond"),
        (bomb_of_uses(), "", "more than 500000 elements"),
        ('<g id="a"><path d="M0,0L1,1"/><use href="#a"/></g>', "", "uses itself"),
        ("<g>" * 300 + "</g>" * 300, "", "300|200 groups"),
        ('<path d="M0,0 L1,1"/>' * 260_000, "", "more than 400000 lines and curves"),
        ("&lol2;", '<!DOCTYPE svg [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]>', "entities"),
        ("&x;", '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "entities"),
        ("<g>", "", "not a readable SVG"),
    ],
)
def test_refused_in_one_sentence(tmp_path, body, before, message):
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, body, before=before)
    assert "\n" not in str(caught.value) and "x.svg" in str(caught.value)


def test_pages_without_size_and_files_that_are_not_svg(tmp_path):
    with pytest.raises(InputError, match="no page"):
        read(tmp_path, '<path d="M0,0 L5,5"/>', head=HEAD.replace('width="100mm"', 'width="0mm"'))
    (tmp_path / "y.svg").write_text("<html/>")
    with pytest.raises(InputError, match="its root is 'html'"):
        read_svg(tmp_path / "y.svg")
    with pytest.raises(InputError, match="cannot be read"):
        read_svg(tmp_path / "missing.svg")
