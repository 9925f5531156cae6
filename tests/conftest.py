"""Settings of small, fast runs that still go through the whole pipeline."""

import pytest
from hypothesis import settings
from skimage import data

from plotart.core.images import resize, save_image

# the same examples on every machine and in every run; how long one takes depends on what else the machine does
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

SMALL = {
    "network.name": "vgg16-hed",
    "page.size": "60x60mm",
    "page.margin": 5,
    "size": 96,
    "primitive.count": 60,
    "stages.0.steps": 12,
    "stages.2.steps": 12,
    "pens.palette": "kmeans",
    "threads": 2,
}
"""A neuron run of a second or two."""


@pytest.fixture
def small():
    return {**SMALL, "objectives.neuron.at": "conv2_2:3"}


@pytest.fixture(scope="session")
def photo(tmp_path_factory):
    """A small photograph on disk."""
    import torch

    image = torch.from_numpy(data.chelsea()).permute(2, 0, 1).float() / 255
    path = tmp_path_factory.mktemp("photo") / "chelsea.png"
    save_image(resize(image, 80, 120), path)
    return path
