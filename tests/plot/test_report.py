import io
import json
import re
import shutil
import subprocess
import urllib.request
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import pytest
from PIL import Image

from plotart.core.tables import Curve, Table
from plotart.plot import Layer, Plot
from plotart.plot.motion import estimate, load_machine
from plotart.plot.report import by_stage, write_report

MACHINE = load_machine("axidraw")
FIGURES = {
    "network": "vgg16-hed",
    "seed": 3,
    "steps": 40,
    "seconds": 12.5,
    "retention": 0.6,
    "ink_load": {"max": 3.21, "p99": 1.4},
    "damage": {
        "free": [
            {
                "distance_mm": distance,
                "stages": {"final": {"mean": 9.87, "p95": 21.3}, "svg": {"mean": 8.76, "p95": 20.1}},
                "pens": {"a <pen>": {"mean": 12.34, "p95": 23.4, "share": 0.31}},
            }
            for distance in (500.0, 2000.0)
        ]
    },
    "history": [[0, 5.0, 1.0], [20, 2.0, None], [40, 1.0, 48.0]],
}
SECTIONS = [
    by_stage({"free": 80.0, "quantized": 10.0, "final": 48.0, "svg": 47.0}, "What pens did", "Excitation"),
    Table("How <many>", ("Pens", "Kept"), (("5", "<96 %>"),), Curve("Kept, %", ((4, 91.3), (5, 96.4)), "pens"), "Few."),
]


def png():
    made = io.BytesIO()
    Image.new("RGB", (30, 40), "white").save(made, "png")
    return made.getvalue()


@pytest.fixture
def report(plot, tmp_path):
    return write_report(
        tmp_path / "report.html",
        plot,
        MACHINE,
        FIGURES,
        title='neuron <b>"12"</b> & style',
        sections=SECTIONS,
        preview_png=png(),
    )


def test_one_file_without_links(report):
    text = report.read_text()
    assert not re.search(r"(?:src|href)=\"(?!data:)", text) and "{{" not in text and "<b>" not in text
    assert "http" not in re.sub(r"http-equiv", "", text)
    HTMLParser(convert_charrefs=True).feed(text)


def test_tells_the_figures(report, plot):
    text = re.sub(r"<[^>]+>", " ", report.read_text().split("<script")[0])
    time = estimate(plot, MACHINE)
    for wanted in (
        "12.3",
        "How &lt;many&gt;",
        "&lt;96 %&gt;",
        "Few.",
        "3.2 layers at the most",
        "8.8",
        "at 2 m",
        "under a &lt;pen&gt;, 31 % of the page",
        "60 %",
        "59 %",
        "12 %",
        f"{time.ink_mm / 1000:.2f} m",
        f"{time.pen_up_mm / 1000:.2f} m",
        f"{time.pens[-1].pen_up_mm / 1000:.2f} m",
        str(time.lifts),
        "yellow",
        "vgg16-hed",
    ):
        assert wanted in text
    assert "&lt;more&gt;" in text


def test_times_are_those_of_the_machine(report, plot):
    times = json.loads(re.search(r'id="times">(.*?)</script>', report.read_text())[1])
    assert [len(layer[0]) for layer in times] == [len(layer.paths) for layer in plot.layers]
    assert 0 < times[0][0][0] < times[0][1][0] < times[1][0][0] < estimate(plot, MACHINE).seconds


def test_a_run_without_figures_or_strokes_is_reported_too(plot, tmp_path):
    bare = write_report(tmp_path / "a.html", plot, MACHINE, {}, title="x").read_text()
    assert "What pens did" not in bare and "Optimization" not in bare and "Preview" not in bare
    empty = Plot(plot.page, 10, [Layer(plot.layers[0].pen, [])])
    assert "0 lifts" in write_report(tmp_path / "b.html", empty, MACHINE, {}, title="x").read_text()


def test_a_run_tells_its_picture_its_command_and_its_files(plot, tmp_path):
    files = [tmp_path / "drawing.svg", tmp_path / "pens" / "1 <black>.svg"]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text("<svg/>")
    damage = {"picture": FIGURES["damage"]["free"]}
    text = write_report(
        tmp_path / "report.html", plot, MACHINE, {"damage": damage}, title="x", picture_png=png(),
        command="plotart generate --image 'my <cat>.png'", config="page:\n  size: a5 # <wide>\n", files=files,
    ).read_text()  # fmt: skip
    assert '<div class="page" id="picture" hidden><img alt="The picture that was drawn" src="data:image/png' in text
    assert 'value="pair" checked' in text  # beside the drawing from the beginning
    assert "plotart generate --image &#x27;my &lt;cat&gt;.png&#x27;" in text
    assert "size: a5 # &lt;wide&gt;" in text
    assert 'href="drawing.svg"' in text and 'href="pens/1%20%3Cblack%3E.svg"' in text
    told = re.search(r"How close to the picture</h2><p>(.*?)</p><details>", text)[1]
    assert "CIEDE" not in told and "from 2 m" in told  # in plain words; the figures are folded
    assert all(escape(layer.pen.name) in text[text.index("Print a pen card") :] for layer in plot.layers)


class Browser:
    """Headless Chromium by chromedriver's own protocol (W3C WebDriver)."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.session = ""
        for line in self.process.stdout:
            if match := re.search(r"successfully on port (\d+)", line):
                self.base = f"http://127.0.0.1:{match[1]}"
                break
        options = {
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--window-size=1300,1000", f"--user-data-dir={folder}",
            ],
            "binary": shutil.which("chromium"),
        }  # fmt: skip
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = f"/session/{self.call('POST', '/session', capabilities={'alwaysMatch': wanted})['sessionId']}"

    def call(self, method, path, **body):
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(self.base + self.session + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def run(self, script):
        return self.call("POST", "/execute/sync", script=script, args=[])

    def keys(self, text):
        steps = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self.call("POST", "/actions", actions=[{"type": "key", "id": "keyboard", "actions": steps}])

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process.stdout.close()


@pytest.fixture
def page(report, tmp_path):
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("needs chromium and chromedriver")
    browser = Browser(tmp_path / "profile")
    try:
        browser.call("POST", "/url", url=report.as_uri())
        yield browser
        assert browser.call("POST", "/se/log", type="browser") == []  # no word on the console
    finally:
        browser.close()


SHOWN = """return Array.from(document.querySelectorAll('#strokes path'))
  .filter(p => getComputedStyle(p).visibility === 'visible').length"""
TAB, SPACE, RIGHT, HOME = "\ue004", " ", "\ue014", "\ue011"


def test_in_the_browser(page, plot):
    total = plot.strokes
    assert page.run(SHOWN) == total
    # A layer is switched by the keyboard alone: Tab goes view, play, time, speed, pens.
    for _ in range(5):
        page.keys(TAB)
    assert page.run("return document.activeElement.dataset.pen") == "0"
    layer = "return getComputedStyle(document.querySelector('g[data-layer=\"0\"]')).display"
    assert page.run(layer) != "none"
    page.keys(SPACE)
    assert page.run(layer) == "none"
    page.keys(SPACE)
    assert page.run(layer) != "none"
    # The slider is the machine's clock.
    page.run("document.getElementById('time').focus()")
    page.keys(HOME)
    assert page.run(SHOWN) == 0
    clock = page.run("return document.getElementById('clock').textContent")
    assert clock.startswith("0:00 / ")
    for _ in range(100):
        page.keys(RIGHT)
    assert page.run("return Number(document.getElementById('time').value)") == pytest.approx(10, abs=0.11)
    some = page.run(SHOWN)
    assert 0 < some < total / 2
    # Playing goes on from there, in the speed chosen, and stops when told.
    page.run("document.activeElement.blur(); document.getElementById('speed').value = '10'")
    page.keys(SPACE)
    assert page.run("return document.getElementById('play').getAttribute('aria-pressed')") == "true"
    later = page.call(
        "POST",
        "/execute/async",
        script="const done = arguments[0]; setTimeout(() => done(Number(document.getElementById('time').value)), 700)",
        args=[],
    )
    assert later > 11
    page.keys(SPACE)
    stopped = page.run("return document.getElementById('time').value")
    assert page.run("return document.getElementById('time').value") == stopped
    # A stroke in the middle is drawn in part.
    half = """const t = JSON.parse(document.getElementById('times').textContent)[0];
      const s = document.getElementById('time'); s.step = 'any'; s.value = (t[0][3] + t[1][3]) / 2;
      s.dispatchEvent(new Event('input'));
      return document.querySelectorAll('#strokes path')[3].getAttribute('stroke-dasharray')"""
    assert float(page.run(half).split()[0]) == pytest.approx(0.5, abs=0.05)
    # Keys go on working after a click on a button, which has the focus then.
    page.run("const p = document.getElementById('play'); p.focus(); p.click(); p.click();")
    page.keys("1")
    assert page.run(layer) == "none"
    page.keys("1")
    assert page.run(layer) != "none"
    # Nothing is wider than a phone.
    sizes = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    page.call("POST", "/goog/cdp/execute", cmd="Emulation.setDeviceMetricsOverride", params=sizes)
    assert page.run("return document.documentElement.scrollWidth") <= 390
    page.call("POST", "/goog/cdp/execute", cmd="Emulation.clearDeviceMetricsOverride", params={})
    # The preview takes the place of the strokes.
    page.run("document.querySelector('input[value=preview]').click()")
    assert page.run("return document.getElementById('preview').getBoundingClientRect().height") > 100
    assert page.run("return document.getElementById('strokes').getBoundingClientRect().height") == 0


def test_coloured_paper_lies_below_the_strokes(plot, tmp_path):
    blue = write_report(tmp_path / "blue.html", replace(plot, paper="#1b3a8c"), MACHINE, FIGURES, title="blue")
    text = blue.read_text()
    drawing = text[text.index('<svg id="strokes"') :]
    assert "background: #1b3a8c" in text
    assert drawing.index('fill="#1b3a8c"') < drawing.index("<g data-layer")  # inks multiply with it
    white = write_report(tmp_path / "white.html", plot, MACHINE, FIGURES, title="white").read_text()
    assert "<rect" not in white
