"""Sweeps: every run in a process of its own, begun once and kept."""

import csv
import json
import signal
import subprocess
import sys
import threading
import time

import pytest
from PIL import Image

from plotart import Config, generate
from plotart.core.errors import InputError
from plotart.core.files import is_locked
from plotart.runs.folder import Run
from plotart.sweep import Cell, cells, read_neurons, run, sweep, workers
from plotart.sweep.page import page_of
from plotart.sweep.workers import Job, Outcome, draw

TINY = {
    "network.name": "vgg16-hed",
    "page.size": "60x60mm",
    "page.margin": 5,
    "size": 64,
    "primitive.count": 20,
    "steps": 8,
    "minutes": 8,
}


@pytest.mark.parametrize(
    ("text", "neurons"),
    [
        ("conv4_3:12", ["conv4_3:12"]),
        ("conv4_3:2-4, 9,conv3_1@post:0", ["conv4_3:2", "conv4_3:3", "conv4_3:4", "conv4_3:9", "conv3_1@post:0"]),
        ("features.22:7,7,5-7", ["features.22:7", "features.22:5", "features.22:6"]),
    ],
)
def test_a_list_of_neurons_is_read(text, neurons):
    assert read_neurons(text) == neurons


@pytest.mark.parametrize("text", ["", "conv4_3", "3-5", "conv4_3:", "conv4_3:5-2", "conv4_3:-3", "a b:3", "c:0-100000"])
def test_what_is_no_list_of_neurons_is_quoted(text):
    with pytest.raises(InputError, match="--neurons"):
        read_neurons(text)


def test_runs_are_all_combinations(tmp_path):
    plan = cells("conv4_3:12,40", "none,mondrian.jpg", "0,7")
    assert [cell.name for cell in plan[:4]] == [
        "conv4_3-12", "conv4_3-12_seed-7", "conv4_3-12_mondrian", "conv4_3-12_mondrian_seed-7",
    ]  # fmt: skip
    assert len(plan) == 8 == len({cell.name for cell in plan})
    shared = {"objectives.style.strength": 0.5, "size": 64}
    plain, styled = (Config.load("neuron", plan[i].changes(shared)) for i in (1, 2))
    assert "style" not in plain.objectives and plain.seed == 7
    measured = Config.load("neuron", plan[1].changes(shared, "mondrian.jpg")).objectives["style"]
    assert (measured.weight, measured.strength, measured.hyper_parameters()) == (0, None, {})
    assert styled.objectives["style"].hyper_parameters()["style strength"] == "0.5"
    assert styled.objectives["style"].strength == 0.5 and styled.objectives["neuron"].at == "conv4_3:12"
    with pytest.raises(InputError, match=r"no file 'no\.jpg'"):
        cells("conv4_3:12", "no.jpg")
    with pytest.raises(InputError, match="--seeds: 'x'"):
        cells("conv4_3:12", seeds="1,x")
    (tmp_path / "mondrian.jpg").touch()
    with pytest.raises(InputError, match="same folders"):
        cells("conv4_3:12", f"mondrian.jpg,{tmp_path / 'mondrian.jpg'}")


def test_pictures_are_swept_over_looks_pens_and_seeds(tmp_path):
    file, other = tmp_path / "a.png", tmp_path / "b.png"
    for path in (file, other):
        Image.new("RGB", (40, 40), "tomato").save(path)
    plan = cells(images=f"{file},{other}", looks="hatch,contour", pens=["posca", "red,navy"], seeds="0,1")
    assert len(plan) == 16 == len({cell.name for cell in plan}) and plan[3].name == "a_hatch_red-navy_seed-1"
    config = Config.load("image", plan[3].changes({"size": 64}))
    assert (config.pens.set, config.seed, config.objectives["pixels"].image) == ("red,navy", 1, str(file))
    assert config.stages[0].kind == "lay" and plan[3].manner == "hatch, red,navy, seed 1"
    said = {
        "one of both": {"neurons": "conv4_3:1", "images": str(file)},
        "--looks: they are ways": {"neurons": "conv4_3:1", "looks": "hatch"},
        "--images: there is no file 'x.png'": {"images": "x.png"},
    }
    for message, wrong in said.items():
        with pytest.raises(InputError, match=message):
            cells(**wrong)
    with pytest.raises(InputError, match="'bleu' is no pen set"):
        sweep("image", {}, cells(images=str(file), pens=["red", "bleu"]), tmp_path / "none")
    assert not (tmp_path / "none").exists()
    tiny = {"page.size": "60x60mm", "page.margin": 5, "size": 48, "primitive.count": 20, "steps": 4, "minutes": 8}
    two = cells(images=f"{file}", pens=["red,navy", "tomato"])
    folder = sweep("image", tiny, two, tmp_path / "sweep", workers=2)
    rows = list(csv.DictReader((folder / "sweep.csv").open()))
    assert [row["pen_set"] for row in rows] == ["red,navy", "tomato"]
    assert float(rows[1]["dE00"]) < float(rows[0]["dE00"])
    page = (folder / "index.html").read_text()
    assert "<th>red,navy</th><th>tomato</th>" in page and "dE00" in page and "a_tomato/preview.png" in page


def test_a_sweep_survives_a_killed_process_and_goes_on(tmp_path, monkeypatch):
    started, popen = [], subprocess.Popen

    def killing(command, **options):
        process = popen(command, **options)
        if not started:
            process.kill()
        started.append(command)
        return process

    monkeypatch.setattr(workers.subprocess, "Popen", killing)
    plan = cells("conv2_2:3,5")
    folder = sweep("neuron", TINY, plan, tmp_path / "sweep", workers=2)
    assert len(started) == 3  # one was killed and begun again
    alone = generate(Config.load("neuron", {**plan[0].changes(TINY), "threads": 1}), tmp_path / "alone")
    drawing = folder / "conv2_2-3" / "drawing.svg"
    assert drawing.read_bytes() == (alone.folder / "drawing.svg").read_bytes()
    rows = list(csv.DictReader((folder / "sweep.csv").open()))
    assert [row["neuron"] for row in rows] == ["conv2_2:3", "conv2_2:5"]
    assert float(rows[0]["excitation"]) == pytest.approx(alone.figures["excitation"]["final"], abs=1e-3)

    # what is finished is kept; what is new and cannot be drawn is told, and the page shows both
    written = drawing.stat().st_mtime_ns
    (folder / "conv2_2-6").touch()
    with pytest.raises(ChildProcessError, match=r"1 of 3 runs failed, first conv2_2-6: .*cannot be written"):
        sweep("neuron", TINY, cells("conv2_2:3,6"), folder)
    assert drawing.stat().st_mtime_ns == written and len(started) == 4
    page = (folder / "index.html").read_text()
    assert "2 of 3 runs are finished" in page and "not drawn yet" in page
    assert page.index("conv2_2-3/preview.png") < page.index("conv2_2-5/report.html")

    with pytest.raises(InputError, match="other settings"):
        sweep("neuron", {**TINY, "size": 96}, plan, folder)
    with pytest.raises(InputError, match="folder of one run"):
        sweep("neuron", TINY, plan, alone.folder)
    with pytest.raises(InputError, match="no unit 999 in conv2_2"):
        sweep("neuron", TINY, cells("conv2_2:999"), tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_another_sweep_is_replaced_only_by_force(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "here", lambda jobs, workers: (Outcome(job, 1, "not drawn") for job in jobs))
    file, folder = tmp_path / "mine.yaml", tmp_path / "sweep"
    file.write_text("objectives: {neuron: {at: 'conv2_2:0'}}\n")

    def made(plan, force=False):
        with pytest.raises(ChildProcessError, match="not drawn"):
            sweep(file, TINY, plan, folder, force=force)

    made(cells("conv2_2:3"))
    begun = folder / "conv2_2-3" / "checkpoint.safetensors"
    begun.parent.mkdir()
    begun.touch()
    (folder / "notes.txt").touch()
    made(cells("conv2_2:4"))  # adds to it
    assert begun.exists() and "conv2_2:3" in (folder / "index.html").read_text()
    file.write_text("size: 96\nobjectives: {neuron: {at: 'conv2_2:0'}}\n")  # the same file says something else
    with pytest.raises(InputError, match="other settings"):
        sweep(file, TINY, cells("conv2_2:4"), folder)
    assert begun.exists()
    made(cells("conv2_2:4"), force=True)
    assert not begun.exists() and (folder / "notes.txt").exists()
    assert "conv2_2:3" not in (folder / "index.html").read_text()


@pytest.mark.parametrize(
    "listed", ["[1]", "cells: [{name: x}]", "cells: 3", "cells: [{name: NAME, neuron: a, style: b, seed: 0}]"]
)
@pytest.mark.parametrize("name", ["..", "../other", "''"])
def test_a_foreign_list_of_runs_names_no_folder_elsewhere(tmp_path, listed, name):
    (tmp_path / "other").mkdir()
    folder = tmp_path / "sweep"
    folder.mkdir()
    (folder / "sweep.yaml").write_text(listed.replace("NAME", name))
    with pytest.raises(InputError, match="no list of runs"):
        run._claim(folder, {}, [], force=True)
    assert (tmp_path / "other").exists() and folder.exists()


def test_a_stopped_run_saves_and_goes_on_to_the_same_bytes(tmp_path):
    config = Config.load("neuron", {**TINY, "objectives.neuron.at": "conv2_2:3", "threads": 1, "steps": 120})
    config.save(tmp_path / "config.yaml")
    job = Job(tmp_path / "config.yaml", tmp_path / "run", tmp_path)
    stop = threading.Event()

    def stop_at_work():
        while not (job.folder / "checkpoint.safetensors").exists():
            time.sleep(0.01)
        stop.set()

    threading.Thread(target=stop_at_work, daemon=True).start()
    # as in a Ray worker, where SIGINT is blocked
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        assert draw(job, stop).code == 130
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert not (job.folder / "run.json").exists() and "plotart resume" in (tmp_path / "run.log").read_text()
    assert draw(job).code == 0 and not (tmp_path / "run.log").exists()
    whole = generate(config, tmp_path / "whole")
    assert (job.folder / "drawing.svg").read_bytes() == (whole.folder / "drawing.svg").read_bytes()


def test_a_run_ends_and_saves_when_its_sweep_is_killed(tmp_path):
    config = Config.load("neuron", {**TINY, "objectives.neuron.at": "conv2_2:3", "threads": 1, "steps": 100_000})
    config.save(tmp_path / "config.yaml")
    job = f"Job(Path({str(tmp_path / 'config.yaml')!r}), Path({str(tmp_path / 'run')!r}), Path({str(tmp_path)!r}))"
    code = f"from pathlib import Path\nfrom plotart.sweep.workers import Job, draw\ndraw({job})"
    sweeping = subprocess.Popen([sys.executable, "-c", code])
    folder, end = tmp_path / "run", time.monotonic() + 120
    while not (folder / "checkpoint.safetensors").exists():
        assert time.monotonic() < end and sweeping.poll() is None
        time.sleep(0.05)
    assert is_locked(folder)
    sweeping.kill()
    sweeping.wait()
    while is_locked(folder):
        assert time.monotonic() < end, "the run outlived its sweep"
        time.sleep(0.1)
    saved = Run.open(folder).load_checkpoint()
    assert saved is not None and saved.state is not None
    assert json.loads((folder / "progress.json").read_text())["state"] == "stopped"


def test_names_on_the_page_are_escaped():
    cell = Cell("a<b", "a:1", "x&y.png", 0)
    figures = {"excitation": {"final": 1.0}, "plot": {"minutes": 2.0, "ink_mm": 3000.0}, "pens": []}
    page = page_of("<sweep>", [cell], {cell: figures})
    assert "<sweep>" not in page and "x&amp;y.png" in page and "a%3Cb/report.html" in page


def test_the_same_on_a_ray_cluster(tmp_path):
    pytest.importorskip("ray")
    plan = cells("conv2_2:3")
    there = sweep("neuron", TINY, plan, tmp_path / "there", ray="local")
    here = generate(Config.load("neuron", {**plan[0].changes(TINY), "threads": 1}), tmp_path / "here")
    assert (there / "conv2_2-3" / "drawing.svg").read_bytes() == (here.folder / "drawing.svg").read_bytes()


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"plotart\[ray\]"):
        workers.connect("local")


@pytest.mark.parametrize(("address", "reason"), [("127.0.0.1:1", "refused"), ("nowhere", "no address")])
def test_a_cluster_that_does_not_answer_is_told_at_once(address, reason):
    pytest.importorskip("ray")
    with pytest.raises(InputError, match=reason):
        workers.connect(address)
