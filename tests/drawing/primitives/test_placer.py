"""The network that places circles in one pass: `primitive.start=network`."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import torch
from skimage import data

import plotart
from plotart.core.canvas import Canvas, page
from plotart.core.images import resize
from plotart.drawing import Drawing
from plotart.drawing.ink import ink_specs
from plotart.drawing.primitives import placer, primitives
from plotart.drawing.render import renderer


def built(start, target, count=64, kind="circles"):
    canvas = Canvas(page("100x100mm"), 0, fit=target.shape[3] / target.shape[2])
    spec = primitives[kind].model_validate({"count": count, "start": start})
    return canvas, spec.build(canvas, 0.01, torch.Generator().manual_seed(0), target=target)


def missed(start, target):
    """Squared error of the first drawing."""
    canvas, made = built(start, target)
    ink = ink_specs["over"](background="learned").build(len(made), torch.Generator().manual_seed(1), made.start_rgb)
    with torch.no_grad():
        return float((renderer("native", threads=1)(Drawing(canvas, made, ink), 96) - target).square().mean())


def test_its_circles_show_a_picture_it_never_saw_better_than_other_starts():
    target = resize(torch.from_numpy(data.astronaut()).permute(2, 0, 1).float() / 255, 96, 96)[None]
    assert missed("network", target) < 0.8 * min(missed("error", target), missed("random", target))


@pytest.mark.parametrize("kind", ["circles", "splats", "paths"])
def test_as_many_as_wanted_lie_where_their_colours_are(kind):
    target = torch.zeros(1, 3, 60, 90)
    target[:, 0, :, :45], target[:, 2, :, 45:] = 1, 1
    _, made = built("network", target, count=50, kind=kind)
    assert len(made) == 50
    placed = placer.place(target, 50)
    assert torch.equal(placed.rgb, made.start_rgb)
    assert bool((placed.radius.diff() <= 0).all())
    red = placed.rgb[:, 0] > placed.rgb[:, 2]
    sure = (placed.centre[:, 0] - 0.75).abs() > 0.2
    assert torch.equal(red[sure], placed.centre[sure, 0] < 0.75)
    assert int(sure.sum()) > 10


def test_what_it_says_does_not_depend_on_threads_or_chance():
    target = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(2))
    before = torch.get_num_threads()
    try:
        told = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            told.append(placer.place(target, 300))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, two) for one, two in zip(*told, strict=True))


def test_it_needs_a_picture():
    spec = primitives["circles"].model_validate({"start": "network"})
    canvas = Canvas(page("100x100mm"), 0)
    with pytest.raises(ValueError, match=r"'network' needs a picture to draw \(--image\)"):
        spec.build(canvas, 0.01, torch.Generator())


def test_a_damaged_file_is_named(tmp_path, monkeypatch):
    whole = placer.FILE.read_bytes()
    broken = tmp_path / "placer.safetensors"
    broken.write_bytes(whole[:-8] + bytes(8))
    monkeypatch.setattr(placer, "FILE", broken)
    placer.shipped_placer.cache_clear()
    with pytest.raises(ValueError, match=r"placer\.safetensors' cannot be used: its checksum is wrong"):
        placer.shipped_placer()
    placer.shipped_placer.cache_clear()


def test_the_weights_are_small_and_part_of_the_package():
    assert placer.FILE.stat().st_size < 300_000
    package = Path(plotart.__file__).parent
    said = tomllib.loads((package.parent / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert any(fnmatch(str(placer.FILE.relative_to(package)), pattern) for pattern in said["plotart"])
