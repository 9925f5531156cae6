"""The whole line: what a run writes, that it repeats, and that it survives being killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from plotart import Config, InputError, generate
from plotart.core.images import load_image
from plotart.plot.check import check_svg
from plotart.plot.svg import read_svg
from plotart.stages.lighten import Lighten


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    from tests.conftest import SMALL

    config = Config.load(None, {**SMALL, "objectives.neuron.at": "conv2_2:3", "objectives.style.image": "mondrian.jpg"})
    return generate(config, tmp_path_factory.mktemp("runs") / "run")


def svg_bytes(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.svg"))}


def test_run_folder_is_complete(run):
    names = {p.name for p in run.folder.iterdir()}
    assert {"config.yaml", "run.json", "checkpoint.safetensors", "drawing.svg", "preview.png"} <= names
    assert {"inputs", "pens", "frames"} <= names
    assert any(name.startswith("events.out.tfevents") for name in names)
    assert not [p for p in run.folder.rglob("*") if p.name.endswith(".part")]


def test_figures_name_everything(run):
    figures = json.loads((run.folder / "run.json").read_text())
    assert figures["network"] == "vgg16-hed"
    assert set(figures["excitation"]) == {"free", "quantized", "final", "svg"}
    assert figures["retention"] == pytest.approx(figures["excitation"]["final"] / figures["excitation"]["free"])
    assert figures["weights"]["style"] > 0
    assert 1 <= len(figures["pens"]) <= 4
    assert figures["plot"]["minutes"] > 0
    assert figures["plot"]["lifts"] == sum(pen["lifts"] for pen in figures["pens"])


def test_damage_is_told_by_stage_and_by_pen(run):
    tables = run.figures["damage"]
    assert set(tables) == {"free"}
    near, far = tables["free"]
    assert (near["distance_mm"], far["distance_mm"]) == (500, 2000)
    assert set(near["stages"]) == {"quantized", "final", "svg"}
    assert 0 < far["stages"]["svg"]["mean"] < near["stages"]["svg"]["mean"] < near["stages"]["svg"]["p95"]
    assert near["stages"]["svg"]["mean"] == pytest.approx(near["stages"]["final"]["mean"], rel=0.2)
    assert set(near["pens"]) == {pen["name"] for pen in run.figures["pens"]}
    assert all(0 < pen["share"] < 1 and 0 < pen["mean"] <= pen["p95"] for pen in near["pens"].values())


def test_written_drawing_looks_to_the_network_like_the_optimized_one(run):
    excitation = run.figures["excitation"]
    assert excitation["svg"] == pytest.approx(excitation["final"], rel=0.1, abs=0.5)


def test_svgs_pass_the_plotter_checklist_and_hold_one_layer_a_pen(run):
    whole = read_svg(run.folder / "drawing.svg")
    assert [layer.pen.hex for layer in whole.layers] == [pen["hex"] for pen in run.figures["pens"]]
    files = sorted((run.folder / "pens").iterdir())
    assert len(files) == len(whole.layers)
    for file in (run.folder / "drawing.svg", *files):
        assert not check_svg(file)


def test_preview_shows_the_page_with_ink_inside_the_margins_only(run):
    image = load_image(run.folder / "preview.png")
    assert image.shape == (3, 480, 480)
    assert float(image.mean()) < 0.995
    margin = (5 * 8) - 1
    assert float(image[:, :margin].min()) == 1
    assert float(image[:, :, -margin:].min()) == 1


def test_log_holds_losses_images_and_hyper_parameters(run):
    log = EventAccumulator(str(run.folder)).Reload()
    assert {"loss/total", "loss/neuron", "loss/style", "excitation/clean", "paper/bare"} <= set(log.Tags()["scalars"])
    assert all(weight.value == 1.0 for weight in log.Scalars("weight/neuron"))
    first, *_, last = (weight.value for weight in log.Scalars("weight/style"))
    assert first == 0 < last  # found in the first steps
    assert {"image/drawing", "image/final", "palette"} <= set(log.Tags()["images"])
    told = HParamsPluginData.FromString(log.PluginTagToContent("hparams")["_hparams_/session_start_info"])
    settings = told.session_start_info.hparams
    assert settings["style"].string_value == "mondrian.jpg"
    assert {"network", "neuron", "style"} <= set(sorted(settings)[:5])  # others are hidden until they are asked for


def test_same_seed_same_bytes(small, tmp_path):
    small |= {"stages.0.steps": 4, "stages.2.steps": 4}
    folders = [generate(Config.load(None, small), tmp_path / name).folder for name in ("a", "b")]
    other = generate(Config.load(None, {**small, "seed": 1}), tmp_path / "c").folder
    assert svg_bytes(folders[0]) == svg_bytes(folders[1])
    assert svg_bytes(folders[0]) != svg_bytes(other)


def test_saved_config_runs_the_run_again(run, tmp_path):
    again = generate(Config.load(run.folder / "config.yaml"), tmp_path / "again")
    assert svg_bytes(again.folder) == svg_bytes(run.folder)


def test_fit_with_fixed_pens_does_not_undo_the_neuron(small, tmp_path):
    figures = generate(Config.load(None, small), tmp_path / "run").figures["excitation"]
    assert figures["final"] >= figures["quantized"]
    assert figures["free"] > 0


def test_picture_through_the_same_line(small, photo, tmp_path):
    del small["objectives.neuron.at"]
    small |= {"objectives.pixels.image": str(photo), "stages.0.steps": 60, "stages.2.steps": 20, "primitive.count": 150}
    run = generate(Config.load(None, small), tmp_path / "run")
    assert run.figures["network"] is None
    assert run.figures["pixels"]["final"] <= run.figures["pixels"]["quantized"]
    stages = run.figures["damage"]["picture"][1]["stages"]
    assert stages["final"]["mean"] < stages["quantized"]["mean"]
    history = [entry for entry in run.figures["history"] if entry[0] <= 60]
    assert history[-2][1] < 0.5 * history[0][1]
    assert not check_svg(run.folder / "drawing.svg")


def test_a_picture_is_drawn_in_the_pens_that_make_its_colours(photo, tmp_path):
    changes = {"objectives.pixels.image": str(photo), "size": 96, "page.size": "60x60mm", "primitive.count": 300}
    changes |= {"steps": 30, "pens.count": 3, "viewing_distance": 250, "threads": 1}
    run = generate(Config.load("image", changes), tmp_path / "run")
    assert len(run.figures["pens"]) == 3
    history = [entry[1] for entry in run.figures["history"]]
    assert history[-1] < 0.7 * history[0]
    seen = Config.load(run.folder / "config.yaml").objectives
    assert seen["structure"].distance == 250
    assert seen["pixels"].distances[0] == pytest.approx(2000, rel=0.01)  # from nearer a 0.4 mm tip's strokes are seen
    again = generate(Config.load("image", changes), tmp_path / "again")
    assert (again.folder / "drawing.svg").read_bytes() == (run.folder / "drawing.svg").read_bytes()


def test_pens_that_build_up_look_on_paper_as_they_were_optimized(small, tmp_path):
    pens = tmp_path / "mine.yaml"
    pens.write_text(
        "opacity: 0.5\nbuild_up: 0.8\ntip_mm: 0.8\npens:\n"
        "  - {name: a, hex: '#1a1a1a'}\n  - {name: b, hex: '#d62728', opacity: 1}\n"
    )
    del small["stages.2.steps"]
    small |= {"pens.set": str(pens), "pens.palette": "fixed", "primitive.radius": 0.4}
    figures = generate(Config.load(None, small), tmp_path / "run").figures["excitation"]
    assert figures["svg"] == pytest.approx(figures["final"], rel=0.1, abs=0.5)


def test_ink_stays_below_the_limit(small, tmp_path):
    free = generate(Config.load(None, {**small, "primitive.count": 200}), tmp_path / "free").figures["ink_load"]
    assert free["max"] > 1.6
    small |= {"page.max_ink": 1.3, "primitive.count": 200}
    run = generate(Config.load(None, small), tmp_path / "run")
    assert run.figures["ink_load"]["p99"] <= run.figures["ink_load"]["max"] <= 1.3
    assert "ink_load" in run.figures["loss"]
    again = Config.load(run.folder / "config.yaml")
    (light,) = [stage for stage in again.scaled_stages() if isinstance(stage, Lighten)]
    assert light.refit is not None and light.refit.steps >= 1
    photo = Config.load("image", {"objectives.pixels.image": "a.png", "page.max_ink": 4})
    assert photo.objectives["ink_load"].weight < again.objectives["ink_load"].weight


def test_fixed_palette_draws_with_exactly_these_pens(small, tmp_path):
    del small["stages.2.steps"]
    small |= {"pens.set": "#1a1a1a,#d0006f", "pens.palette": "fixed"}
    run = generate(Config.load(None, small), tmp_path / "run")
    assert {pen["hex"] for pen in run.figures["pens"]} == {"#1a1a1a", "#d0006f"}
    assert run.figures["excitation"]["free"] is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"objectives.neuron.at": "conv9_9:1"}, ["objectives.neuron.at", "conv9_9", "conv"]),
        ({"objectives.neuron.at": "conv2_2:900"}, ["objectives.neuron.at", "900", "127"]),
        ({"page.size": "a99"}, ["a99", "a4"]),
        ({"viewing_distance": 500}, ["viewing_distance", "--image"]),
        ({"viewing_distance": -1}, ["viewing_distance", "-1"]),
        ({"page.margin": 40}, ["margin", "40"]),
        ({"pens.set": "crayons"}, ["crayons", "basic-12"]),
        ({"pens.set": "#12345g"}, ["#12345g"]),
        ({"pens.count": 13}, ["pens.count", "12", "13"]),
        ({"network.name": "vgg61"}, ["vgg61", "vgg16"]),
        ({"objectives.style.image": "none.jpg"}, ["none.jpg", "mondrian.jpg"]),
        ({"objectives.neuron": None}, ["--neuron", "--image"]),
        ({"machine": "hovercraft"}, ["hovercraft", "axidraw"]),
        ({"init": "missing.svg"}, ["init", "missing.svg", "cannot be read"]),
    ],
)
def test_wrong_input_is_refused_before_anything_is_written(small, tmp_path, changes, words):
    with pytest.raises(InputError) as error:
        generate(Config.load(None, {**small, **changes}), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_stages_without_pens_are_refused(small, tmp_path):
    small = {address: value for address, value in small.items() if not address.startswith("stages")}
    with pytest.raises(InputError, match="stages: palette 'kmeans' needs a quantize stage"):
        generate(Config.load(None, {**small, "stages": [{"kind": "fit", "steps": 3}]}), tmp_path / "run")


def test_learned_palette_ends_with_exactly_as_many_pens_as_asked(small, tmp_path):
    small = {address: value for address, value in small.items() if not address.startswith("stages")}
    small |= {"pens.palette": "learned", "pens.count": 3, "steps": 40}
    figures = generate(Config.load(None, small), tmp_path / "run").figures
    assert 1 <= len(figures["pens"]) <= 3
    assert figures["excitation"]["final"] > figures["excitation"]["quantized"]


def test_number_of_pens_can_be_found(small, tmp_path):
    small = {address: value for address, value in small.items() if not address.startswith("stages")}
    small |= {"pens.palette": "learned", "pens.count": "auto", "steps": 30, "pens.set": "#1a1a1a,#d62728,#17becf"}
    figures = generate(Config.load(None, small), tmp_path / "run").figures
    found = figures["pen_count"]
    assert found["curve"][-1] == [3, 1.0]
    assert 1 <= len(figures["pens"]) <= found["chosen"] <= 3
    with pytest.raises(InputError, match="fixed palette uses all 3 pens"):
        generate(Config.load(None, {**small, "pens.palette": "fixed"}), tmp_path / "other")


def test_existing_run_is_kept_unless_forced(run, small):
    before = svg_bytes(run.folder)
    with pytest.raises(InputError, match=r"already holds a run.*plotart resume"):
        generate(Config.load(None, small), run.folder)
    assert svg_bytes(run.folder) == before


COMMAND = [sys.executable, "-m", "plotart"]


def hashes(seed: int) -> dict[str, str]:
    """The environment of a process in which sets and dicts of words have an order of their own."""
    return {**os.environ, "PYTHONHASHSEED": str(seed)}


def start(folder: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *arguments, "--out", str(folder)], env=hashes(1), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_for(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the run did not get there"
        time.sleep(0.02)


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGKILL])
def test_killed_run_goes_on_to_the_same_bytes(small, tmp_path, kill):
    small |= {"stages.0.steps": 40, "stages.2.steps": 20}
    whole = generate(Config.load("random", small), tmp_path / "whole").folder
    sets = [part for address, value in small.items() for part in ("--set", f"{address}={value}")]
    folder = tmp_path / "killed"
    process = start(folder, ["generate", *sets])
    frames = folder / "frames"
    wait_for(lambda: frames.is_dir() and len(list(frames.glob("*.png"))) >= 4)
    os.kill(process.pid, kill)
    _, err = process.communicate(timeout=60)
    assert not (folder / "drawing.svg").exists()
    if kill == signal.SIGINT:
        assert process.returncode == 130
        assert b"plotart resume" in err
        assert b"Traceback" not in err
    subprocess.run([*COMMAND, "resume", str(folder)], check=True, capture_output=True, env=hashes(2))
    assert svg_bytes(folder) == svg_bytes(whole)


def test_caricature_tells_what_it_is_to_the_picture_and_to_the_network(small, photo, tmp_path):
    small |= {"objectives.pixels.image": str(photo), "objectives.features.layers": "conv2_2", "primitive.count": 150}
    small |= {"stages.0.steps": 50, "stages.2.steps": 30, "transform.view": 64}
    run = generate(Config.load(None, small), tmp_path / "run")
    figures = run.figures
    assert figures["excitation"]["final"] > figures["excitation"]["quantized"]
    assert figures["pixels"]["final"] > 0 and figures["features"]["final"] > 0
    assert all(figures["weights"][name] > 0 for name in ("neuron", "features"))
    plain = {key: value for key, value in small.items() if "neuron" not in key and "features" not in key}
    picture = generate(Config.load(None, plain), tmp_path / "picture").figures
    assert picture["pixels"]["final"] < figures["pixels"]["final"]
