"""A studio of a folder with a few runs in it, asked through its ASGI application."""

import json
import shutil

import pytest
import yaml
from PIL import Image
from starlette.testclient import TestClient

from plotart.studio.app import Studio

PORT = 8765
ORIGIN = f"http://127.0.0.1:{PORT}"


def make_run(root, name, *, finished=True, config=None, figures=None):
    """A run folder with what the studio reads of one."""
    folder = root / name
    (folder / "frames").mkdir(parents=True)
    settings = {"seed": 3, "page": {"size": "a5"}, "objectives": {"neuron": {"at": "conv4_3:12"}}}
    (folder / "config.yaml").write_text(yaml.safe_dump(settings | (config or {})))
    Image.new("RGB", (60, 84), "white").save(folder / "frames" / "000010.png")
    Image.new("RGB", (60, 84), "black").save(folder / "frames" / "000020.png")
    if finished:
        Image.new("RGB", (120, 168), "white").save(folder / "preview.png")
        told = {"pens": [{"name": "black", "hex": "#1a1a1a", "tip_mm": 0.4, "strokes": 3}]}
        told |= {"plot": {"minutes": 12.5, "ink_mm": 3000.0, "lifts": 3}, "excitation": {"svg": 5.5}, "seconds": 80.0}
        (folder / "run.json").write_text(json.dumps(told | (figures or {})))
        (folder / "report.html").write_text("<!doctype html><script>1</script>")
        (folder / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    else:
        (folder / "checkpoint.safetensors").write_bytes(b"")
        for path in (folder, *folder.rglob("*")):
            old = 1_600_000_000
            __import__("os").utime(path, (old, old))
    return folder


def asked(root, question, told):
    from plotart.studio.desk import answer  # torch

    return json.loads(json.dumps(answer(root, question, told)))


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "outputs"
    make_run(root, "cat")
    make_run(root, "half", finished=False)
    (tmp_path / "secret.txt").write_text("secret")
    Image.new("RGB", (60, 60), "red").save(tmp_path / "secret.png")
    return root


@pytest.fixture
def studio(root):
    made = Studio(root, port=PORT)
    # in this process: a desk of its own takes seconds to set up; test_walk asks a real one
    made.clerk.ask = lambda question, **told: asked(root, question, told)
    yield made
    made.starter.close()
    made.sheets.close()
    made.clerk.close()


@pytest.fixture
def page(studio):
    """The page's own requests: with the cookie, from its own origin."""
    client = TestClient(studio.app, base_url=ORIGIN, headers={"Origin": ORIGIN}, follow_redirects=False)
    client.cookies.set(f"plotart-studio-{PORT}", studio.keys.token)
    return client


@pytest.fixture
def stranger(studio):
    """Whoever does not have the link."""
    return TestClient(studio.app, base_url=ORIGIN, follow_redirects=False)


@pytest.fixture
def no_processes(studio, monkeypatch):
    """Commands are noted instead of being run."""
    said = []

    class Process:
        pid = 2**22 - 7
        returncode = None

        def poll(self):
            return self.returncode

    def run(command, log):
        said.append(command)
        return Process()

    monkeypatch.setattr(studio.starter, "_run", run)
    monkeypatch.setattr(studio.starter, "warm", lambda: None)
    return said


def copy_run(root, name, to):
    shutil.copytree(root / name, root / to)
