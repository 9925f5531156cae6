import pytest
import torch
from torch.nn import functional as F

from plotart.core.errors import InputError
from plotart.networks import load_network
from plotart.networks.contact import probe_images


@pytest.fixture(scope="module")
def lite0():
    return load_network("efficientnet-lite0", precision="float32")


def test_every_layer_has_the_units_it_says(lite0):
    with torch.no_grad():
        found = lite0.features(torch.rand(1, 3, 64, 64), lite0.layers)
    assert list(lite0.layers[:3]) == ["stem", "block0.dw", "block0"] and lite0.layers[-1] == "head"
    assert {layer: found[f"{layer}@pre"].shape[1] for layer in lite0.layers} == {
        layer: lite0.units(layer) for layer in lite0.layers
    }


def test_each_layer_alone_is_the_same_and_goes_no_further(lite0):
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    order = [name.replace(".", "_") for name in lite0.layers]
    with torch.no_grad():
        everything = lite0.features(images, [f"{layer}@post" for layer in lite0.layers])
        for layer in lite0.layers:
            called = []
            handles = [
                module.register_forward_hook(lambda *_, name=name, called=called: called.append(name))
                for name, module in lite0.convolutions.items()
            ]
            alone = lite0.features(images, [f"{layer}@post"])[f"{layer}@post"]
            for handle in handles:
                handle.remove()
            assert torch.equal(alone, everything[f"{layer}@post"]), layer
            assert set(called) == set(order[: order.index(layer.replace(".", "_")) + 1]), layer


def test_folded_weights_tell_a_cat_from_a_cup(lite0):
    """The head's answers to the same motive at two sizes are alike, and to different motives are not."""
    cat, coffee = probe_images(224)[[2, 4]]

    def head(image):
        with torch.no_grad():
            return lite0.features(image[None], ["head@post"])["head@post"].mean((2, 3))[0]

    smaller = F.interpolate(cat[None], (200, 200), mode="bilinear", antialias=True)[0]
    same = torch.cosine_similarity(head(cat), head(smaller), 0)
    different = torch.cosine_similarity(head(cat), head(coffee), 0)
    assert same > 0.85
    assert different < 0.6


def test_unknown_layer(lite0):
    with pytest.raises(InputError, match=r"block7\.expand"):
        lite0.resolve("block7.expnd")
