"""Sweeps that are started on the page: they are the terminal's own command."""

import io
import json

import pytest
from PIL import Image

from plotart.core.errors import InputError
from tests.studio.conftest import make_run


def picture(colour):
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, format="PNG")
    return file.getvalue()


def test_a_sweep_of_the_page_is_the_command_of_the_terminal(page, root, no_processes):
    asked = {"neurons": "conv4_3:0-3,9", "styles": "none, mondrian.jpg", "seeds": "0-1", "changes": {"steps": 9}}
    name = page.post("/api/do/sweep", json=asked).json()["name"]
    words = ["--neurons=conv4_3:0-3,9", "--style=none,mondrian.jpg", "--seeds=0-1", "--set=steps=9"]
    assert no_processes == [["sweep", *words, "--out", str(root / name)]]
    for wrong in ({"neurons": ""}, {"neurons": 3}, {**asked, "styles": "../secret.png"}, {**asked, "changes": [1]}):
        assert page.post("/api/do/sweep", json=wrong).status_code == 422
    secret = {**asked, "changes": {"init": str(root.parent / "secret.txt")}}
    assert page.post("/api/do/sweep", json=secret).status_code == 422
    assert page.post("/api/do/stop-sweep", json={"name": name}).status_code == 422  # it has ended by itself
    assert len(no_processes) == 1


def test_photographs_are_swept_in_looks_and_pens(page, studio, root, no_processes):
    octets = {"Content-Type": "application/octet-stream"}
    photos = [
        page.post(f"/api/photos?name={colour}.png", content=picture(colour), headers=octets).json()["photo"]
        for colour in ("red", "blue")
    ]
    asked = {
        "photographs": photos,
        "looks": ["hatch", "stipple"],
        "pens": ["basic-12", "stabilo-point-88"],
        "seeds": "0-1",
    }
    name = page.post("/api/do/sweep", json=asked).json()["name"]
    kept = ",".join(str(studio.library.home / "photos" / photo) for photo in photos)
    words = [f"--images={kept}", "--looks=hatch,stipple", "--pens=basic-12", "--pens=stabilo-point-88", "--seeds=0-1"]
    assert no_processes[-1] == ["sweep", *words, "--out", str(root / name)]
    studio.starter.go_on_sweep(name)
    assert no_processes[-1] == ["sweep", *words, "--out", str(root / name)]
    for wrong, told in (
        ({"photographs": ["../../secret.png"]}, "photograph: it is not among"),
        ({"photographs": "a.png"}, "photographs: give names"),
        ({"looks": ["tangle"]}, "looks: 'tangle' is none of contour,"),
        ({"pens": ["/etc/passwd"]}, "pens: '/etc/passwd' is none of"),
        ({"neurons": "conv4_3:1"}, "neurons: name some"),
        ({"photographs": [], "neurons": "conv4_3:1"}, "looks: these are ways to draw photographs"),
    ):
        answer = page.post("/api/do/sweep", json=asked | wrong)
        assert answer.status_code == 422 and answer.json()["error"].startswith(told)
    foreign = root / name / ".studio-sweep.json"
    foreign.write_text(json.dumps({"words": [f"--images={root.parent / 'secret.png'}"]}))
    with pytest.raises(InputError, match="was not started here"):
        studio.starter.go_on_sweep(name)


def test_a_sweep_goes_on_only_with_words_of_its_own(studio, no_processes):
    name = studio.starter.sweep(["--neurons=conv4_3:0-3"], "sweep")
    folder = studio.library.folder(name)
    assert no_processes[-1] == ["sweep", "--neurons=conv4_3:0-3", "--out", str(folder)]
    assert studio.summaries.sweeps({})[0]["name"] == name
    (folder / ".studio-sweep.json").write_text(json.dumps({"words": ["--out=/", "--neurons=a:1"]}))
    with pytest.raises(InputError):
        studio.starter.go_on_sweep(name)


def test_runs_of_a_sweep_are_told_apart_by_their_look(page, root):
    stages = [{"kind": "lay", "look": {"kind": "hatch"}}, {"kind": "fit"}]
    make_run(root, "sweep/hatched", config={"stages": stages})
    make_run(root, "sweep/odd", config={"stages": [{"kind": "lay", "look": ["hatch"]}, "fit"]})
    looks = {run["name"]: run["look"] for run in page.get("/api/runs").json()["runs"]}
    assert looks["sweep/hatched"] == "hatch"
    assert looks["sweep/odd"] is None and looks["cat"] is None
