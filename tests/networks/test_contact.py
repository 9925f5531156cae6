import pytest
import torch

from plotart.networks import load_network
from plotart.networks.contact import BORDER, contact_sheet, probe_images, survey


@pytest.fixture(scope="module")
def hed():
    return load_network("vgg16-hed")


@pytest.fixture(scope="module")
def images():
    return probe_images(96)


def test_probe_images_are_the_same_every_time(images):
    assert images.shape == (20, 3, 96, 96)
    assert images.min() >= 0 and images.max() <= 1
    assert torch.equal(images, probe_images(96))
    assert images[-2].mean() > 0.5, "the drawings are mostly paper"


def test_marks_follow_the_peaks(hed, images):
    found = survey(hed, "conv2_2", images)
    assert len(found.marks) == 128
    for peak, mark in zip(found.peak.tolist(), found.marks, strict=True):
        assert (peak <= 0) == (mark == "dead")
    # the fine-tuning left about a third of this layer silent
    assert 10 <= found.marks.count("dead") <= 80
    assert found.marks.count("live") > 30


def test_the_peak_is_where_it_says(hed, images):
    found = survey(hed, "conv3_3", images)
    unit = found.marks.index("live")
    picture, row, column = found.strongest(unit)
    maps = hed.features(images[picture][None], ["conv3_3"])["conv3_3@pre"]
    assert maps[0, unit, row, column] == found.peak[unit]
    assert maps[0, unit].max() == found.peak[unit]
    assert found.strongest(unit, 3)[0] < 3


def test_nearest_live(hed, images):
    found = survey(hed, "conv2_2", images)
    dead = found.marks.index("dead")
    near = found.nearest_live(dead)
    assert len(near) == 3 and all(found.marks[unit] == "live" for unit in near)
    skipped = [unit for unit in range(128) if abs(unit - dead) < abs(near[0] - dead)]
    assert all(found.marks[unit] != "live" for unit in skipped)


def test_sheet_shows_marks(hed, images):
    found, sheet = contact_sheet(hed, "conv2_2", images=images, columns=16, tile=32)
    assert sheet.size == (16 * 38, 8 * 49)
    dead = found.marks.index("dead")
    corner = (dead % 16 * 38 + 1, dead // 16 * 49 + 1)
    assert sheet.getpixel(corner) == BORDER["dead"]
    live = found.marks.index("live")
    left, top = live % 16 * 38 + 3, live // 16 * 49 + 3
    patch = sheet.crop((left, top, left + 32, top + 32))
    assert len(set(patch.getdata())) > 20
    with pytest.raises(ValueError, match="0 to 127"):
        contact_sheet(hed, "conv2_2", [128], images=images)
