"""Features of a picture: matched, exaggerated, and balanced against the picture."""

import pytest
import torch
from skimage import data

from plotart import Config, InputError
from plotart.core.canvas import Window
from plotart.core.images import resize
from plotart.networks import load_network
from plotart.objectives import Frame, ObjectiveContext
from plotart.objectives.features import Features, FeaturesSpec
from plotart.objectives.neuron import NeuronSpec


@pytest.fixture(scope="module")
def network():
    return load_network("vgg16-hed", precision="float32")


@pytest.fixture(scope="module")
def picture():
    return resize(torch.from_numpy(data.chelsea()).permute(2, 0, 1)[None].float() / 255, 64, 96)


def frame(network, image, **part):
    return Frame(image, network=network, layers=("conv2_2@pre",), **part)


def test_the_picture_itself_has_its_features_and_an_empty_page_none_of_them(network, picture):
    match = Features(network, picture, ["conv2_2"])
    assert float(match(frame(network, picture))) < 1e-9
    blank = picture.mean((2, 3), keepdim=True).expand_as(picture).contiguous()
    assert 0.8 < float(match(frame(network, blank))) < 5
    # a caricature asks for more than the picture has: of its differences once more
    assert float(Features(network, picture, ["conv2_2"], 2.0)(frame(network, picture))) == pytest.approx(1, abs=1e-4)


def test_descending_a_caricature_draws_out_what_the_layer_sees(network, picture):
    wanted, image = Features(network, picture, ["conv2_2"], 2.0), picture.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([image], lr=0.01)
    spread = []
    for _ in range(8):
        optimizer.zero_grad()
        seen = frame(network, image)
        wanted(seen).backward()
        spread.append(float(seen.features("conv2_2").detach().std((2, 3)).mean()))
        optimizer.step()
    assert float(wanted(frame(network, image.detach()))) < 0.75
    assert spread[-1] > 1.1 * spread[0]


def test_views_and_windows_are_compared_with_the_same_part_of_the_picture(network, picture):
    match, window = Features(network, picture, ["conv2_2"]), Window(16, 32, 32, 48)
    there = window.of(picture).contiguous()
    assert float(match(frame(network, there, window=window, look=window.of))) < 1e-9
    elsewhere = Window(0, 0, 32, 48)
    assert float(match(frame(network, there, window=window, look=elsewhere.of))) > 0.3


def test_layers_are_read_from_a_flag_and_wrong_ones_named(network, picture):
    assert FeaturesSpec(layers="conv3_3, conv4_3").layers == ("conv3_3", "conv4_3")
    with pytest.raises(InputError, match=r"objectives\.features\.layers: no layer 'conv9_9'"):
        FeaturesSpec(layers="conv9_9").build(ObjectiveContext(network=network, target=picture))
    with pytest.raises(InputError, match=r"objectives\.features\.image: .*--image"):
        FeaturesSpec().build(ObjectiveContext(network=network))


def test_another_picture_covers_the_canvas(network, picture):
    context = ObjectiveContext(network=network, style_image=lambda name: picture, size=(50, 50))
    built = FeaturesSpec(image="cat.png", gain=1).build(context)
    assert built.image.shape == (1, 3, 50, 50)
    assert float((built.image - resize(picture, 50, 75)[..., 12:62]).abs().max()) < 0.02


def test_the_network_is_balanced_against_a_picture_unless_its_weight_is_said():
    both = {"objectives.pixels.image": "a.png", "objectives.neuron.at": "conv4_3:12", "objectives.features.layers": "x"}
    config = Config.load(None, both)
    assert config.objectives["neuron"].strength == config.objectives["features"].strength == 1
    weighed = Config.load(None, {**both, "objectives.neuron.weight": 0.2})
    assert weighed.objectives["neuron"].strength is None
    assert Config.load(None, {"objectives.neuron.at": "conv4_3:12"}).objectives["neuron"].strength is None
    with pytest.raises(InputError, match=r"objectives\.neuron\.strength.*--image"):
        Config.load(None, {"objectives.neuron": {"at": "conv4_3:12", "strength": 2}})
    assert NeuronSpec(at="conv4_3:12").strength is None
