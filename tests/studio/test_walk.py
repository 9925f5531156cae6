"""The page in a real browser: a photograph is dropped, drafted, drawn, watched, starred, compared and thrown away."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image
from skimage import data

from tests.machines import Paper, VirtualEbb
from tests.studio.conftest import make_run

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (BROWSER and DRIVER), reason="no chromium with its chromedriver here")

OTHER = "size: 128\nsteps: 40\nprimitive.count: 200\nthreads: 1\nminutes: 5"
PATIENCE_S = 400
"""How long something is waited for: a machine that has much else to do imports torch for minutes."""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    root = tmp_path_factory.mktemp("studio") / "outputs"
    make_run(root, "cat-0", config={"seed": 0})
    make_run(root, "cat-1", config={"seed": 1})
    return root


@pytest.fixture(scope="module")
def photograph(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "Chelsea, the cat.png"
    Image.fromarray(data.chelsea()).resize((120, 80)).save(path)
    return path


class Server:
    """`plotart studio` in a process of its own, at a port of its own."""

    def __init__(self, outputs, port=0):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "plotart", "studio", str(outputs), "--port", str(port)],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        self.link = re.search(r"http://\S+", self.process.stdout.readline())[0]
        self.port = int(re.search(r":(\d+)/", self.link)[1])

    def end(self, how=signal.SIGINT):
        self.process.send_signal(how)
        self.process.wait(60)


@pytest.fixture(scope="module")
def server(outputs):
    made = [Server(outputs)]
    yield made
    made[-1].end()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for word in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
        "--window-size=1280,900", f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):  # fmt: skip
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options, Service(DRIVER))
    yield made
    made.quit()


def test_a_walk(browser, server, outputs, photograph):
    walk = Walk(browser)
    browser.get(server[0].link)
    walk.until(lambda: "token" not in browser.current_url)
    draft_a_photograph(walk, outputs, photograph)
    draw_it(walk, outputs, server)
    star_and_note(walk, outputs)
    compare_and_delete(walk, outputs)
    plot_it(walk, outputs)
    # a run that is begun in a terminal shows up
    make_run(outputs, "from-a-terminal", finished=False)
    walk.click("nav a", "Choose")
    walk.see("#find")
    walk.write("find", "from-a")
    walk.until(lambda: len(walk.all(".card")) == 1)
    told = [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    expected = ("/events", "ERR_CONNECTION_REFUSED", "422")  # the killed server, the wrong margin
    assert [line for line in told if not any(word in line for word in expected)] == []


def draft_a_photograph(walk, outputs, photograph):
    """It is there before it is finished."""
    walk.see("#photo-file", shown=False)
    walk.browser.find_element("id", "photo-file").send_keys(str(photograph))
    walk.see(".photo img")
    walk.click("button", "Focus")
    walk.click(".spotting img")  # its middle
    walk.click("button", "That matters")
    walk.click("summary", "All settings")
    walk.write("other", OTHER)
    walk.click("button", "Draft")
    walk.see(".preview img.draft")
    walk.see(".preview img.draft.whole")
    assert (outputs / "drafts" / "Chelsea-the-cat" / "report.html").is_file()
    config = (outputs / "drafts" / "Chelsea-the-cat" / "config.yaml").read_text()
    assert re.search(r"^focus: '?0\.(49|5)\d*,0\.(49|5)\d*,0\.15'?$", config, re.MULTILINE)


def draw_it(walk, outputs, server):
    """What is wrong is said; the server is killed on the way, and the open page finds it and the run again."""
    walk.write("other", f"{OTHER}\npage.margin: 99999")  # the field itself would be refused by the browser
    walk.click("button", "Draw it")
    walk.until(lambda: "page.margin" in walk.text(".wrong"))
    walk.write("other", OTHER)
    walk.click("button", "Draw it")
    walk.until(lambda: "#run/" in walk.browser.current_url)
    walk.see(".paper.large img:not([hidden])")
    server[0].end(signal.SIGKILL)
    walk.see("#offline:not([hidden])")
    server.append(Server(outputs, server[0].port))
    walk.until(lambda: "Finished" in walk.text(".side .told"))
    assert (outputs / "Chelsea-the-cat" / "run.json").is_file()
    walk.see("#offline[hidden]", shown=False)
    assert "/report.html" in walk.browser.find_element("link text", "Report").get_attribute("href")


def star_and_note(walk, outputs):
    walk.click(".star")
    walk.write("note", "the best")
    walk.browser.execute_script("document.activeElement.blur()")
    kept = outputs / "Chelsea-the-cat" / ".studio.json"
    walk.until(lambda: {"star": True, "note": "the best"}.items() <= json.loads(kept.read_text()).items())


def compare_and_delete(walk, outputs):
    """Found by its note; two magnified together; thrown away and back."""
    walk.click("nav a", "Choose")
    walk.until(lambda: len(walk.all(".card")) == 3)
    walk.write("find", "the best")
    walk.until(lambda: len(walk.all(".card")) == 1)
    walk.write("find", "cat-")
    walk.until(lambda: len(walk.all(".card")) == 2)
    for name in ("cat-0", "cat-1"):
        walk.browser.find_element("css selector", f"[aria-label='Pick {name}']").click()
    walk.click(".picked a", "Side by side")
    walk.until(lambda: len(walk.all(".glass img")) == 2)
    walk.click("button", "+")
    scales = {walk.browser.execute_script("return arguments[0].style.transform", one) for one in walk.all(".glass img")}
    assert len(scales) == 1
    assert "scale(1.5)" in scales.pop()
    walk.click("nav a", "Choose")
    walk.click(".picked button", "Delete")
    walk.until(lambda: not (outputs / "cat-0").exists() and not (outputs / "cat-1").exists())
    walk.click(".toast button", "Undo")
    walk.until(lambda: (outputs / "cat-0" / "run.json").exists() and (outputs / "cat-1").exists())


def plot_it(walk, outputs):
    """On a virtual plotter: paused, the cable pulled, gone on with at the stroke it was in."""
    paper, folder = Paper(), outputs / "Chelsea-the-cat"
    with VirtualEbb(paper=paper, pace=20) as machine:
        walk.click("nav a", "Plot")
        walk.click(".card .title", "Chelsea")
        walk.write("port-other", machine.port)
        walk.click("button", "Plot it")
        walk.click("button", "The pen is in")
        walk.until(lambda: len(paper.strokes) > 5)
        walk.click("button", "Pause")
        walk.until(lambda: "Paused" in walk.text(".penask"))
        drawn = len(paper.strokes)
        time.sleep(0.5)
        assert len(paper.strokes) == drawn
        walk.click("button", "Go on")
        walk.until(lambda: len(paper.strokes) > drawn + 5)
        machine.alive = False  # the cable
        walk.until(lambda: "Broken off" in walk.text(".penask"))
    before = len(paper.strokes)
    with VirtualEbb(paper=paper) as machine:  # leaps
        walk.write("port-other", machine.port)
        walk.click("button", "Go on at the stroke")

        def done():
            for one in walk.all("button[data-act=resume]"):  # a pen is asked for
                one.click()
            return "It is drawn" in walk.text(".plotpanel")

        walk.until(done)
    figures = json.loads((folder / "run.json").read_text())
    strokes = sum(pen["strokes"] for pen in figures["pens"])
    # one is in two parts where it was paused, and the stroke in hand may be drawn again
    assert 0 <= len(paper.strokes) - strokes <= 2
    assert len(paper.strokes) > before


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("view", ["make", "watch", "choose", "run/cat-0", "compare/cat-0%7Ccat-1"])
def test_pages_fit_and_are_named(browser, server, outputs, view, width):
    """Nothing is wider than the screen; every control has a name; one heading tells where one is."""
    walk = Walk(browser)
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    try:
        browser.get(f"{server[-1].link}#{view}")
        walk.see({"make": "#how", "choose": ".card", "watch": ".lane, .nothing"}.get(view, "h1"))
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        assert len(walk.all("main h1")) == 1
        assert browser.execute_script(NAMELESS) == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


NAMELESS = """
const named = one => one.getAttribute("aria-label") || one.title || (one.labels && one.labels.length)
  || (one.textContent.trim() && !one.matches("select, textarea"))
  || [...one.querySelectorAll("img")].some(img => img.alt);
return [...document.querySelectorAll("button, a[href], input, select, textarea")]
  .filter(one => one.checkVisibility() && !named(one)).map(one => one.outerHTML.slice(0, 120));
"""


class Walk:
    """What a user does and waits for."""

    def __init__(self, browser):
        self.browser = browser

    def all(self, selector):
        return self.browser.find_elements("css selector", selector)

    def text(self, selector):
        return " ".join(one.text for one in self.all(selector))

    def until(self, holds):
        from selenium.common.exceptions import WebDriverException

        end = time.monotonic() + PATIENCE_S
        last = None
        while time.monotonic() < end:
            try:
                if holds():
                    return
            except (WebDriverException, FileNotFoundError) as error:
                last = error
            time.sleep(0.1)
        raise AssertionError(f"never came; the page says: {self.text('main')[:1500]}; {last}")

    def write(self, field, text):
        one = self.browser.find_element("id", field)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", one)
        one.clear()
        one.send_keys(text)

    def see(self, selector, shown=True):
        self.until(lambda: any(one.is_displayed() for one in self.all(selector)) if shown else self.all(selector))

    def click(self, selector, text=""):
        def done():
            for one in self.all(selector):
                if one.is_displayed() and text in one.text:
                    self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", one)
                    one.click()
                    return True
            return False

        self.until(done)
