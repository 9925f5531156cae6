import pytest
import torch

from plotart.core.errors import InputError
from plotart.networks import load_network
from plotart.networks.torchvision import TorchvisionNetwork, import_torchvision, model_names


@pytest.fixture(scope="module")
def resnet():
    torch.manual_seed(0)  # torchvision's initialization has no other handle
    model = import_torchvision().models.resnet18(weights=None)
    return TorchvisionNetwork("resnet18", model, input_size=64).freeze(torch.float32, "cpu")


def test_nodes_are_layers(resnet):
    assert "layer3.0.conv1" in resnet.layers and "layer1.0.bn2" in resnet.layers
    assert resnet.layers.index("layer1.0.conv1") < resnet.layers.index("layer3.0.conv1")
    assert resnet.units("layer3.0.conv1") == 256
    assert resnet.units("fc") == 1000
    assert resnet.features(torch.rand(1, 3, 64, 64), ["fc"])["fc@pre"].shape == (1, 1000, 1, 1)


def test_a_node_keeps_its_own_output_when_later_ones_work_in_place(resnet):
    """Residual networks add and rectify in place; a value asked for beside later ones must not show that."""
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    together = resnet.features(images, ["layer1.0.bn2", "layer1.0.bn1", "layer2.0.conv1"])
    for node in ("layer1.0.bn2", "layer1.0.bn1", "layer2.0.conv1"):
        alone = resnet.features(images, [node])[f"{node}@pre"]
        assert torch.equal(alone, together[f"{node}@pre"])
    hooked = []
    resnet.model.layer1[0].bn1.register_forward_hook(lambda _, __, out: hooked.append(out.clone()))
    normalized = (images - resnet.mean) / resnet.std
    with torch.no_grad():
        resnet.model(normalized)
    torch.testing.assert_close(together["layer1.0.bn1@pre"], hooked[0], rtol=1e-4, atol=1e-5)
    assert together["layer1.0.bn1@pre"].min() < 0


def test_gradient_and_post(resnet):
    images = torch.rand(1, 3, 64, 64).requires_grad_()
    found = resnet.features(images, ["layer3.0.conv1@post", "layer3.0.conv1"])
    assert torch.equal(found["layer3.0.conv1@post"], found["layer3.0.conv1@pre"].relu())
    found["layer3.0.conv1@pre"][:, 5].sum().backward()
    assert images.grad.abs().sum() > 0


def test_unknown_names_come_with_near_ones(resnet):
    with pytest.raises(InputError, match=r"layer3\.0\.conv1"):
        resnet.resolve("layer3.0.conv")
    with pytest.raises(InputError, match="resnet18"):
        load_network("resnet19")
    assert "resnet18" in model_names()
