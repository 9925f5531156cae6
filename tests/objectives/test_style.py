import pytest
import torch
from pydantic import ValidationError

from plotart.core.errors import InputError
from plotart.networks import load_network
from plotart.objectives.balance import GradientBalance
from plotart.objectives.base import Frame, ObjectiveContext
from plotart.objectives.style import Style, StyleSpec, gram, shallow_layers
from plotart.objectives.transport import directions, sliced


@pytest.fixture(scope="module")
def hed():
    return load_network("vgg16-hed", precision="float32")


def bars(height=64, width=96):
    """White with black bars and one red field: the statistics of a neoplasticist painting."""
    image = torch.ones(1, 3, height, width)
    image[..., :, width // 3 : width // 3 + 4] = 0
    image[..., height // 2 : height // 2 + 4, :] = 0
    image[:, 1:, : height // 2, : width // 3] = 0
    return image


def noise(seed=0, size=(64, 64)):
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(seed))


def test_gram_by_hand():
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])
    torch.testing.assert_close(gram(features), torch.tensor([[[2.5, 0.5], [0.5, 5.0]]]))


def test_on_a_line_transport_is_what_sorting_says():
    points, others = torch.tensor([[[3.0], [1.0], [2.0]]]), torch.tensor([[5.0], [1.0], [3.0]])
    assert float(sliced(points, others, torch.ones(1, 1))) == pytest.approx((0 + 1 + 4) / 3)
    finer = torch.tensor([[1.0], [2.0], [3.0], [4.0], [5.0]])  # the same quantiles
    assert float(sliced(points, finer, torch.ones(1, 1))) == pytest.approx((0 + 1 + 4) / 3)


def test_transport_of_a_shift_is_its_square_over_the_channels():
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(1, 50, 6, generator=generator)
    shift = torch.tensor([3.0, 0, 0, 0, 0, 0])
    along = directions(6, 4000, generator)
    assert float(sliced(points + shift, points[0], along)) == pytest.approx(9 / 6, rel=0.05)


def test_transport_asks_for_white_where_second_moments_do_not(hed):
    white = {}
    for mode in ("transport", "gram"):
        style = Style(hed, bars(64, 64), mode=mode)
        image = noise().requires_grad_()
        optimizer = torch.optim.Adam([image], 0.05)
        for step in range(14):
            optimizer.zero_grad()
            style(Frame(image, network=hed, layers=style.layers, step=step)).backward()
            optimizer.step()
        white[mode] = float((image.detach() > 0.85).all(dim=1).float().mean())
    assert white["transport"] > 0.06
    assert white["gram"] < 0.03


@pytest.mark.parametrize("statistics", ["transport", "gram"])
def test_half_precision_pulls_the_same_way(hed, statistics):
    pulls = []
    for network in (hed, load_network("vgg16-hed", precision="bf16")):
        image = noise().requires_grad_()
        style = Style(network, bars(64, 64), mode=statistics)
        style(Frame(image, network=network, layers=style.layers)).backward()
        pulls.append(image.grad.flatten())
    assert float(torch.cosine_similarity(*pulls, dim=0)) > 0.99


def test_equal_pictures_are_at_zero_and_others_are_not(hed):
    image = bars(64, 64)
    for mode in ("transport", "gram"):
        style = Style(hed, image, mode=mode)
        assert float(style(Frame(image, network=hed, layers=style.layers))) < 1e-10
        assert float(style(Frame(noise(), network=hed, layers=style.layers))) > 0.1
    style = Style(hed, image)
    assert style.layers == ("conv1_2@pre", "conv2_2@pre", "conv3_3@pre")
    assert Style(hed, image, mode="raw").layers == ("conv1_2@pre", "conv2_2@pre", "conv3_3@pre")


def test_relative_and_raw_formulas(hed):
    views = torch.cat([noise(1), noise(2)])
    layers = ("conv1_2@pre", "conv2_2@pre")
    features, target = hed.features(views, layers), hed.features(bars(64, 64), layers)
    relative, raw = 0.0, 0.0
    for layer in layers:
        copies, channels, height, width = features[layer].shape
        flat, wanted = features[layer].reshape(copies, channels, -1), target[layer].reshape(1, channels, -1)
        g = torch.einsum("bcp,bdp->bcd", flat, flat) / (height * width)
        a = torch.einsum("bcp,bdp->bcd", wanted, wanted) / (height * width)
        relative += float(((g - a) ** 2).sum((1, 2)).mean() / (a**2).sum()) / len(layers)
        raw += float((g / channels - a / channels).norm())
    for mode, expected in (("gram", relative), ("raw", raw)):
        style = Style(hed, bars(64, 64), layers, mode=mode)
        found = float(style(Frame(views, network=hed, layers=layers)))
        assert found == pytest.approx(expected, rel=1e-4), mode


def test_the_value_hardly_depends_on_the_size(hed):
    """The style image follows the views' short side with its aspect kept."""
    style = Style(hed, bars(128, 192))
    small, large = (float(style(Frame(bars(side, side), network=hed, layers=style.layers))) for side in (64, 128))
    other = float(style(Frame(noise(), network=hed, layers=style.layers)))
    assert max(small, large) < 0.2 * other
    assert set(style._targets) == {64, 128}


def test_targets_are_made_once(hed, monkeypatch):
    style = Style(hed, bars())
    calls = []
    answers = hed.answers
    monkeypatch.setattr(hed, "answers", lambda *given: calls.append(given) or answers(*given))
    for seed in range(3):
        style(Frame(noise(seed), network=hed, layers=style.layers))
    assert len(calls) == 4  # three frames and one style image


@pytest.mark.parametrize("mode", ["transport", "gram", "raw"])
def test_three_steps_on_pixels_improve_it(hed, mode):
    style = Style(hed, bars(), mode=mode)
    image = noise().requires_grad_()
    optimizer = torch.optim.Adam([image], 0.01)
    losses = []
    for _ in range(4):
        loss = style(Frame(image, network=hed, layers=style.layers))
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[3] < losses[1] < losses[0]


def test_layers_of_other_networks():
    lite0 = load_network("efficientnet-lite0", precision="float32")
    layers = shallow_layers(lite0)
    assert len(layers) == 3
    sides = [lite0.features(noise(), [layer])[f"{layer}@pre"].shape[-1] for layer in layers]
    assert sides == [32, 16, 8]


def test_balance_is_the_ratio_of_the_running_means_and_then_stays():
    balance = GradientBalance(2.0, steps=3, decay=0.5)
    assert balance.weight == 0 and not balance.frozen
    assert balance.update(8.0, 4.0, 0) == pytest.approx(2 * 8 / 4)
    assert balance.update(4.0, 4.0, 1) == pytest.approx(2 * 6 / 4)
    assert balance.update(float("nan"), 1.0, 2) == pytest.approx(3.0)
    assert balance.frozen
    assert balance.update(1000.0, 1.0, 3) == pytest.approx(3.0)


def test_a_late_step_freezes_what_was_found():
    balance = GradientBalance(1.0, steps=20)
    balance.update(6.0, 3.0, 0)
    assert balance.update(500.0, 1.0, 20) == 2.0 and balance.frozen
    never = GradientBalance(1.0, steps=20)
    never.update(6.0, 3.0, 20)
    assert never.weight == 2.0, "with nothing found yet, a late step is better than none"


def test_an_interrupted_balance_goes_on_to_the_same_bits():
    numbers = torch.rand(20, 2, generator=torch.Generator().manual_seed(0)).tolist()
    whole = GradientBalance(0.7)
    for step, pair in enumerate(numbers):
        whole.update(*pair, step)
    begun = GradientBalance(0.7)
    for step, pair in enumerate(numbers[:7]):
        begun.update(*pair, step)
    resumed = GradientBalance(0.7)
    resumed.load_state_dict(begun.state_dict())
    for step, pair in enumerate(numbers[7:], 7):
        resumed.update(*pair, step)
    assert resumed.weight == whole.weight and resumed.frozen and whole.frozen


def test_balance_makes_the_pulls_as_asked(hed):
    style = Style(hed, bars(), balance=GradientBalance(0.5))
    image = noise().requires_grad_()
    frame = Frame(image, network=hed, layers=(*style.layers, "conv4_3"))
    terms = (-frame.features("conv4_3")[:, 12].sum(), style(frame))
    pulls = [float(torch.autograd.grad(term, image, retain_graph=True)[0].norm()) for term in terms]
    weight = style.balance.update(*pulls, 0)
    assert weight * pulls[1] == pytest.approx(0.5 * pulls[0], rel=1e-6)
    assert set(style.state_dict()) == {"balance.first", "balance.second", "balance.seen", "balance.value"}


def test_specs(hed):
    context = ObjectiveContext(network=hed, style_image=lambda name: bars())
    assert StyleSpec(image="a.jpg").build(context).mode == "transport"
    assert StyleSpec(image="a.jpg", statistics="gram").build(context).mode == "gram"
    balanced = StyleSpec(image="a.jpg", strength=0.3).build(context)
    assert balanced.balance.strength == 0.3 and not balanced.balance.frozen
    raw = StyleSpec(image="a.jpg", raw_weight=50).build(context)
    assert raw.mode == "raw" and raw.balance.frozen and raw.balance.weight == 50
    assert StyleSpec(image="a.jpg", layers=("block1_conv2",)).build(context).layers == ("conv1_2@pre",)
    with pytest.raises(ValidationError, match="give one of them"):
        StyleSpec(image="a.jpg", strength=1, raw_weight=50)
    with pytest.raises(InputError, match=r"^objectives\.style\.layers: no layer 'conv7_1'"):
        StyleSpec(image="a.jpg", layers=("conv7_1",)).build(context)
    with pytest.raises(InputError, match="--network"):
        StyleSpec(image="a.jpg").build(ObjectiveContext())


def test_a_saved_balance_goes_on_with_the_strength_that_is_asked_for_now():
    saved = GradientBalance(1.0, steps=2)
    for step in range(2):
        saved.update(3.0, 0.7, step)
    for strength in (1.0, 2.5):
        other = GradientBalance(strength, steps=2)
        other.load_state_dict(saved.state_dict())
        assert other.frozen
        assert other.weight == strength * float(saved.first) / float(saved.second)
    assert saved.weight == 1.0 * float(saved.first) / float(saved.second)
    fixed = GradientBalance.fixed(7.0)
    fixed.load_state_dict(GradientBalance.fixed(50.0).state_dict())
    assert fixed.weight == 7.0
