import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from plotart.core.errors import InputError
from plotart.networks import load_network
from plotart.networks.contact import probe_images, survey
from plotart.objectives.base import Frame, ObjectiveContext
from plotart.objectives.neuron import Neuron, NeuronSpec, Term, format_neuron, parse_neuron


@pytest.fixture(scope="module")
def hed():
    return load_network("vgg16-hed", precision="float32")


def frame_of(neuron, network, views):
    return Frame(views, network=network, layers=neuron.layers)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("conv4_3:12", (Term("conv4_3", (12,)),)),
        ("conv4_3:12,40", (Term("conv4_3", (12, 40)),)),
        ("conv4_3:12+0.5*conv3_3:40", (Term("conv4_3", (12,)), Term("conv3_3", (40,), 0.5))),
        ("conv4_3:12-conv4_3:40", (Term("conv4_3", (12,)), Term("conv4_3", (40,), -1.0))),
        (" 2 * conv4_3@post : 1 , 2 - 1e-3*features.21:3 ", (
            Term("conv4_3@post", (1, 2), 2.0), Term("features.21", (3,), -1e-3))),
        ("layer3.0.conv1:5", (Term("layer3.0.conv1", (5,)),)),
        ("-block7.expand:0", (Term("block7.expand", (0,), -1.0),)),
        (".5*conv1_1:0", (Term("conv1_1", (0,), 0.5),)),
    ],
)  # fmt: skip
def test_grammar(text, terms):
    assert parse_neuron(text) == terms


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", "names no neuron"),
        ("conv4_3", "'conv4_3'"),
        ("conv4_3:", "'conv4_3:'"),
        ("conv4_3:12 conv3_3:1", "'conv3_3:1'"),
        ("conv4_3:12+", "'+'"),
        ("conv4_3:12+nonsense", "'+nonsense'"),
        ("conv4_3:-1", "'conv4_3:-1'"),
        ("conv4_3:1.5", "'.5'"),
        ("conv4_3:0-63", "'-63'"),
        ("x*conv4_3:1", "'x*conv4_3:1'"),
        ("conv4_3@mid:1", "'mid'"),
        ("0*conv4_3:1", "every weight is 0"),
    ],
)
def test_what_cannot_be_read_is_quoted(text, quoted):
    with pytest.raises(InputError) as caught:
        parse_neuron(text)
    assert quoted in str(caught.value)
    assert "conv4_3:12" in str(caught.value) or "pre or post" in str(caught.value)


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}(\.[A-Za-z0-9_]{1,6}){0,2}", fullmatch=True)
terms = st.builds(
    Term,
    st.builds(str.__add__, names, st.sampled_from(["", "@pre", "@post"])),
    st.lists(st.integers(0, 4096), min_size=1, max_size=4).map(tuple),
    st.floats(-1e9, 1e9, allow_nan=False).filter(lambda weight: weight != 0),
)


@given(st.lists(terms, min_size=1, max_size=4).map(tuple))
def test_what_is_written_reads_back(written):
    text = format_neuron(written)
    assert parse_neuron(text) == written
    assert format_neuron(parse_neuron(text)) == text


def test_the_published_sum_and_the_mean(hed):
    views = torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    neuron = Neuron(hed, parse_neuron("conv3_3:7,9-0.5*conv2_2@post:3"))
    deep, shallow = (hed.features(views, [layer])[layer] for layer in ("conv3_3@pre", "conv2_2@post"))
    expected = deep[:, [7, 9]].sum() - 0.5 * shallow[:, 3].sum()
    frame = frame_of(neuron, hed, views)
    torch.testing.assert_close(neuron(frame), -expected, rtol=1e-5, atol=1e-2)
    mean = deep[:, 7].mean() + deep[:, 9].mean() - 0.5 * shallow[:, 3].mean()
    torch.testing.assert_close(neuron.excitation(frame), mean, rtol=1e-5, atol=1e-4)
    by_mean = Neuron(hed, neuron.terms, "mean")
    torch.testing.assert_close(by_mean(frame_of(by_mean, hed, views)), -mean, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_three_steps_on_pixels_improve_it(hed, reduction):
    neuron = Neuron(hed, parse_neuron("conv4_3:12"), reduction)
    image = (0.5 + 0.05 * torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))).requires_grad_()
    optimizer = torch.optim.Adam([image], 0.02)
    losses, excitations = [], []
    for _ in range(4):
        frame = frame_of(neuron, hed, image)
        loss = neuron(frame)
        losses.append(float(loss.detach()))
        excitations.append(float(neuron.excitation(frame).detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[3] < losses[1] < losses[0]
    assert excitations[3] > excitations[0]


def test_one_forward_pass_serves_every_layer(hed, monkeypatch):
    neuron = Neuron(hed, parse_neuron("conv3_3:1+conv2_2:3"))
    calls = []
    answers = hed.answers
    monkeypatch.setattr(hed, "answers", lambda *given: calls.append(given) or answers(*given))
    frame = Frame(torch.rand(1, 3, 32, 32), network=hed, layers=(*neuron.layers, "conv1_2"))
    assert not calls
    neuron(frame)
    neuron.excitation(frame)
    frame.features("block1_conv2")
    assert len(calls) == 1
    with pytest.raises(ValueError, match="conv4_1"):
        frame.features("conv4_1")


def test_unknown_layers_and_units_are_refused_by_setting(hed):
    context = ObjectiveContext(network=hed)
    with pytest.raises(InputError, match=r"^objectives\.neuron\.at: no layer 'conv9_9' in vgg16-hed; nearest: conv"):
        NeuronSpec(at="conv9_9:1").build(context)
    with pytest.raises(InputError, match=r"^objectives\.neuron\.at: no unit 512 in conv4_3 of vgg16-hed; .* 0 to 511"):
        NeuronSpec(at="conv4_3:512").build(context)
    with pytest.raises(InputError, match="--network"):
        NeuronSpec(at="conv4_3:1").build(ObjectiveContext())
    with pytest.raises(ValidationError, match="cannot read"):
        NeuronSpec(at="conv4_3")
    assert NeuronSpec(at="features.21:3").build(context).layers == ("conv4_3@pre",)


def test_a_silent_unit_is_warned_about(hed):
    found = survey(hed, "conv2_2", probe_images(160))
    dead, live = found.marks.index("dead"), found.marks.index("live")
    warnings = Neuron(hed, (Term("conv2_2", (dead, live)),)).warnings(hed)
    assert len(warnings) == 1
    assert f"unit {dead} of conv2_2" in warnings[0] and str(found.nearest_live(dead)[0]) in warnings[0]
    assert Neuron(hed, parse_neuron("conv4_3:12")).warnings(hed) == []
