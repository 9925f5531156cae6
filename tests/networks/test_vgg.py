import pytest
import torch

from plotart.core.errors import InputError
from plotart.networks import load_network
from plotart.networks.vgg import HED, IMAGENET_MEAN, IMAGENET_STD, layer_names, vgg16


@pytest.fixture(scope="module")
def hed():
    return load_network("vgg16-hed", precision="float32")


def test_all_thirteen_layers(hed):
    assert hed.layers == (
        "conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3",
        "conv4_1", "conv4_2", "conv4_3", "conv5_1", "conv5_2", "conv5_3",
    )  # fmt: skip
    assert [hed.units(name) for name in ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3")] == [
        64, 128, 256, 512, 512,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("conv4_3", "conv4_3@pre"),
        ("conv4_3@post", "conv4_3@post"),
        ("block4_conv3", "conv4_3@pre"),
        ("block4_conv3@post", "conv4_3@post"),
        ("features.21", "conv4_3@pre"),
        ("features.22", "conv4_3@post"),
        ("features_21", "conv4_3@pre"),
        ("features.0", "conv1_1@pre"),
        ("features.29", "conv5_3@post"),
        ("relu4_3", "conv4_3@post"),
    ],
)
def test_aliases(hed, name, address):
    assert hed.resolve(name) == address


@pytest.mark.parametrize("name", ["conv9_9", "features.23", "", "conv4_3@mid", "features.22@pre"])
def test_wrong_layers_name_valid_ones(hed, name):
    with pytest.raises(InputError) as caught:
        hed.resolve(name)
    assert any(valid in str(caught.value) for valid in ("conv", "features.2", "pre or post"))
    assert name in str(caught.value)


def test_torchvision_indices_are_torchvisions(torchvision_state):
    from plotart.networks.torchvision import import_torchvision

    modules = import_torchvision().models.vgg16(weights=None).features
    network = vgg16(torchvision_state)
    for position, module in enumerate(modules):
        if isinstance(module, torch.nn.MaxPool2d):
            assert f"features.{position}" not in network.aliases
        else:
            address = network.resolve(f"features.{position}")
            assert address.endswith("@pre" if isinstance(module, torch.nn.Conv2d) else "@post")
            if isinstance(module, torch.nn.Conv2d):
                assert network.units(address) == module.out_channels


def test_vgg16_agrees_with_torchvision(torchvision_state):
    from plotart.networks.torchvision import import_torchvision

    state = torchvision_state
    modules = import_torchvision().models.vgg16(weights=None).features
    modules.load_state_dict({k.removeprefix("features."): v for k, v in state.items() if k.startswith("features.")})
    images = torch.rand(2, 3, 40, 56, generator=torch.Generator().manual_seed(1))
    normalized = (images - torch.tensor(IMAGENET_MEAN).view(3, 1, 1)) / torch.tensor(IMAGENET_STD).view(3, 1, 1)
    for module in modules:
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    with torch.no_grad():
        found = vgg16(state).freeze(torch.float32, "cpu").features(images, ["features.21", "features.22", "conv2_1"])
        torch.testing.assert_close(found["conv2_1@pre"], modules[:6](normalized), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(found["conv4_3@pre"], modules[:22](normalized), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(found["conv4_3@post"], modules[:23](normalized), rtol=1e-4, atol=1e-4)


def test_features_stop_at_the_deepest_layer(hed):
    called = []
    handles = [
        module.register_forward_hook(lambda *_, name=name: called.append(name))
        for name, module in hed.convolutions.items()
    ]
    hed.features(torch.rand(1, 3, 32, 32), ["conv2_1", "conv1_1@post"])
    for handle in handles:
        handle.remove()
    assert called == ["conv1_1", "conv1_2", "conv2_1"]


def test_features_are_float32_and_differentiable(hed):
    images = torch.rand(2, 3, 32, 48).requires_grad_()
    found = hed.features(images, ["block3_conv3", "conv3_3@post"])
    assert set(found) == {"conv3_3@pre", "conv3_3@post"}
    assert found["conv3_3@pre"].shape == (2, 256, 8, 12)
    assert torch.equal(found["conv3_3@pre"].relu(), found["conv3_3@post"])
    assert found["conv3_3@pre"].min() < 0
    found["conv3_3@pre"].sum().backward()
    assert torch.isfinite(images.grad).all() and images.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in hed.parameters())


def test_bf16_is_close_to_float32_and_repeats_itself(hed):
    half = load_network("vgg16-hed", precision="bf16")
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)).requires_grad_()

    def look(network):
        images.grad = None
        features = network.features(images, ["conv4_3"])["conv4_3@pre"]
        features[:, 12].sum().backward()
        return features.detach(), images.grad.clone()

    exact, exact_gradient = look(hed)
    features, gradient = look(half)
    again, gradient_again = look(half)
    assert features.dtype == torch.float32
    assert (features - exact).norm() < 0.02 * exact.norm()
    assert torch.cosine_similarity(gradient.flatten(), exact_gradient.flatten(), 0) > 0.97
    assert torch.equal(features, again) and torch.equal(gradient, gradient_again)


def test_hed_kernels_are_the_files_in_rgb_order(hed):
    # an opponent-colour filter tells the order: the published kernels are BGR
    first = hed.convolutions["conv1_1"].weight
    assert first.shape == (64, 3, 3, 3)
    assert HED.cached.is_file()
    assert hed.mean.flatten()[0] > hed.mean.flatten()[2], "red's mean is above blue's in photographs"
    grey = torch.full((1, 3, 32, 32), 0.5)
    warm = grey + torch.tensor([0.3, 0.0, -0.3]).view(1, 3, 1, 1)
    cold = grey - torch.tensor([0.3, 0.0, -0.3]).view(1, 3, 1, 1)
    warm, cold = (hed.features(image, ["conv1_1"])["conv1_1@pre"] for image in (warm, cold))
    assert (warm - cold).abs().max() > 1


def test_the_mean_colour_leaves_only_the_bias(hed):
    """The network's own normalization is inside: an image of its mean colour is a zero input."""
    image = hed.mean.expand(1, 3, 32, 32)
    found = hed.features(image, ["conv1_1"])["conv1_1@pre"]
    torch.testing.assert_close(found[0, :, 16, 16], hed.convolutions["conv1_1"].bias, rtol=1e-4, atol=1e-3)


def test_small_and_misshapen_images_are_refused(hed):
    with pytest.raises(ValueError, match="16 px"):
        hed.features(torch.rand(1, 3, 8, 64), ["conv1_1"])
    with pytest.raises(ValueError, match="B, 3, H, W"):
        hed.features(torch.rand(3, 64, 64), ["conv1_1"])
    assert len(layer_names()) == 13
