"""The arrangement of lines and circles: how many regions, that they fill the page, and that none is too thin."""

import math

import numpy as np
import pytest
import shapely
import torch

from plotart.core.canvas import Canvas, page
from plotart.core.geometry import straight
from plotart.drawing.primitives.dividers import DividersSpec
from plotart.plot.partition import joined, partition

CANVAS = Canvas(page("100x100mm"), 0)
BOX = (0.0, 0.0, 1.0, 1.0)


def random_paths(count, shape="lines", seed=0):
    built = DividersSpec(count=count, shape=shape).build(CANVAS, 0.01, torch.Generator().manual_seed(seed)).double()
    return built, built.paths()


def test_lines_that_all_cross_reach_the_bound():
    """Tangents of a small circle in the middle: every two cross on the page."""
    paths = []
    for k in range(7):
        angle = math.pi * (k + 0.3) / 7
        foot, along = np.array([math.cos(angle), math.sin(angle)]) * 0.02 + 0.5, [-math.sin(angle), math.cos(angle)]
        paths.append(straight(foot - 2 * np.array(along), foot + 2 * np.array(along)))
    assert len(partition(paths, BOX, 1e-4).faces) == 7 * 6 // 2 + 7 + 1


@pytest.mark.parametrize("shape", ["lines", "circles", "both"])
def test_faces_fill_the_rectangle_and_know_their_neighbours(shape):
    _, paths = random_paths(20, shape)
    regions = partition(paths, BOX, 1e-4)
    assert regions.area.sum() == pytest.approx(1, abs=1e-9)
    edge = sum(face.length for face in regions.faces)
    assert sum(sum(shared.values()) for shared in regions.borders) == pytest.approx(edge - 4, abs=1e-6)


def test_each_face_of_lines_has_a_code_of_its_own():
    dividers, paths = random_paths(30)
    regions = partition(paths, BOX, 1e-4)
    with torch.no_grad():
        codes = dividers.excitation(torch.from_numpy(regions.inside)).sign().T
    assert len(torch.unique(codes, dim=0)) == len(regions.faces)


def test_no_paths_leave_one_region():
    assert len(partition([], BOX, 1e-4).faces) == 1


def test_thin_regions_join_the_neighbour_most_like_them():
    paths = [straight((0.5, -1), (0.5, 2)), straight((0.51, -1), (0.51, 2))]
    regions = partition(paths, BOX, 1e-4)
    left_to_right = np.argsort(regions.inside[:, 0])
    lab = np.zeros((3, 3))
    lab[left_to_right, 0] = [0, 90, 100]
    faces, first = joined(regions, lab, 0.05)
    assert sorted(face.area for face in faces) == pytest.approx([0.5, 0.5])
    assert sorted(lab[first, 0]) == [0, 100]


def test_what_is_left_shows_the_same_regions_at_every_size():
    _, paths = random_paths(40, "both", 2)
    regions = partition(paths, BOX, 1e-4)
    lab = np.random.default_rng(0).random((len(regions.faces), 3))
    faces, _ = joined(regions, lab, 1.5 / 64)
    assert len(faces) < len(regions.faces)
    assert sum(face.area for face in faces) == pytest.approx(1, abs=1e-9)
    tree = shapely.STRtree(faces)

    def shown(size):
        centres = (np.stack(np.meshgrid(np.arange(size), np.arange(size)), -1).reshape(-1, 2) + 0.5) / size
        return len(np.unique(tree.query(shapely.points(centres), predicate="within")[1]))

    assert shown(64) == shown(256) == len(faces)
    sharp = [shapely.STRtree(regions.faces), 64]
    centres = (np.stack(np.meshgrid(np.arange(64), np.arange(64)), -1).reshape(-1, 2) + 0.5) / sharp[1]
    assert len(np.unique(sharp[0].query(shapely.points(centres), predicate="within")[1])) < len(regions.faces)
