"""What every registered part declares, and that each of these checks fails on a part that does not."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
import torch

import plotart.runs
from plotart import Config, InputError
from plotart.core.canvas import Canvas, page
from plotart.core.parts import Part
from plotart.core.registry import Registry
from plotart.drawing import Drawing
from plotart.drawing.ink import Ink, Over, inks
from plotart.drawing.primitives import Primitive, PrimitiveSpec, primitives
from plotart.drawing.primitives.circles import Circles
from plotart.networks import Network, Pretrained, networks
from plotart.objectives import Objective, ObjectiveSpec, objectives
from plotart.runs.checks import check
from plotart.stages import Stage, stages
from plotart.stages.fit import Fit
from plotart.stages.rates import check_rates, usual_rates

REGISTRIES = {"primitive": primitives, "objective": objectives, "stage": stages}
PARTS = [(what, kind) for what, registry in REGISTRIES.items() for kind in registry]
CANVAS = Canvas(page("60x60mm"), 5)


def declared(part):
    """The needs and gives of a part with the settings it has by default, or the least it must have."""
    least = {"neuron": {"at": "a:1"}, "pixels": {"image": "a"}, "style": {"image": "a"}, "lighten": {"layers": 2}}
    least |= {"enlarge": {"run": "a", "tiles": (1, 1)}, "lay": {"look": "flow"}}
    made = part.model_validate(least.get(part.kind, {}))
    return made.needs, made.gives


def unmet(kinds):
    """The needs of parts that no part gives."""
    told = [declared(part) for part in kinds]
    otherwise = [primitives["spheres"].model_validate({"views": "anaglyph"}).gives]
    given = frozenset({"network"}).union(*(gives for _, gives in told), *otherwise)
    return frozenset().union(*(needs for needs, _ in told)) - given


def test_a_name_stands_for_one_class_and_a_class_has_one_name():
    registry = Registry("thing")
    made = registry.register("one")(type("One", (), {}))
    assert made.kind == "one" and registry["one"] is made and "two" not in registry
    with pytest.raises(ValueError, match="'one' is registered twice"):
        registry.register("one")(type("Other", (), {}))
    with pytest.raises(ValueError, match="One is 'one' already and cannot be 'two' too"):
        registry.register("two")(made)
    with pytest.raises(ValueError, match="One is 'one' already"):
        registry.register("three")(type("Spec", (), {"makes": made}))
    with pytest.raises(InputError, match="no thing 'four'; there is: one"):
        registry["four"]


@pytest.mark.parametrize(("what", "kind"), PARTS)
def test_every_part_carries_its_name_and_so_does_what_it_makes(what, kind):
    part = REGISTRIES[what][kind]
    assert issubclass(part, Part) and part.kind == kind
    if what != "stage":
        assert part.makes.kind == kind
    else:
        assert callable(part.__call__)


@pytest.mark.parametrize("bare", [Primitive, Ink, Objective, Network, PrimitiveSpec, ObjectiveSpec, Stage, Pretrained])
def test_what_is_abstract_cannot_be_made(bare):
    with pytest.raises(TypeError, match="abstract"):
        bare()


def test_every_network_says_what_it_is():
    assert {"auto", "vgg16", "vgg16-hed", "efficientnet-lite0"} <= set(networks)
    assert all(networks[name].about and networks[name].kind == name for name in networks)


def test_every_need_is_given_by_some_part():
    parts = [REGISTRIES[what][kind] for what, kind in PARTS]
    assert unmet(parts) == frozenset()

    class Lunatic(Stage):
        kind: ClassVar[str] = "lunatic"

        @property
        def needs(self):
            return frozenset({"moon"})

        def __call__(self, drawing, context, *, watch):
            return drawing

    assert unmet([*parts, Lunatic]) == {"moon"}


@pytest.mark.parametrize("kind", [kind for kind in primitives if kind not in ("glyphs", "rasters")])
def test_every_parameter_of_a_primitive_has_a_rate(kind):
    settings = {
        **({} if kind in ("classifier", "tones") else {"count": 4}),
        **({"widths": "free"} if kind in ("strokes", "brushes") else {"shape": "both"} if kind == "dividers" else {}),
    }
    made = primitives[kind].model_validate(settings).build(CANVAS, 0.02, torch.Generator().manual_seed(0))
    assert {name for name, _ in made.named_parameters()} == set(made.rates)


def test_a_parameter_without_a_rate_and_a_rate_without_a_parameter_raise():
    check_rates(usual_rates(), "stages.0")
    with pytest.raises(InputError, match=r"stages\.0\.rates: no part has a parameter 'pionts'; nearest: points"):
        check_rates({"pionts": 0.1}, "stages.0")

    class Forgetful(Circles):
        rates: ClassVar[Mapping[str, float]] = {"centre": 0.004}

    rgb = torch.rand(3, 3)
    for made in (Circles, Forgetful):
        drawing = Drawing(CANVAS, made(rgb[:, :2], rgb[:, 0], rgb[:, 1]), Over(rgb, rgb[:, 2]))
        if made is Circles:
            assert len(Fit()._optimizers(drawing)[0].param_groups) == 4
        else:
            with pytest.raises(InputError, match="fit has no rate for 'radius'"):
                Fit()._optimizers(drawing)


def test_rates_that_contradict_each_other_raise(monkeypatch):
    monkeypatch.setattr(inks["over"], "rates", {"centre": 1.0})
    with pytest.raises(ValueError, match="rates of 'centre': over declares 1"):
        usual_rates()


def named_parts(file):
    """The modules of parts that a file imports, but for what is no part in them."""
    free = {"plotart.stages.base", "plotart.stages.judge", "plotart.objectives.base", "plotart.objectives.transforms"}
    free |= {"plotart.stages.narrow", "plotart.stages.choose"}  # with_tips and leaning: how a drawing takes its pens
    rooms = ("plotart.stages.", "plotart.objectives.", "plotart.glyphs", "plotart.drawing.primitives.")
    found = (node.module for node in ast.walk(ast.parse(file)) if isinstance(node, ast.ImportFrom) and node.module)
    return sorted(module for module in found if module.startswith(rooms) and module not in free)


@pytest.mark.parametrize("name", ["prepare", "checks", "results", "show", "pipeline", "redraw"])
def test_what_is_generic_knows_no_part(name):
    file = Path(plotart.runs.__file__).parent / f"{name}.py"
    assert named_parts(file.read_text()) == []
    assert named_parts("from plotart.stages.fit import Fit\nfrom plotart.glyphs.train import Train") == [
        "plotart.glyphs.train", "plotart.stages.fit",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("circles", {"objectives.ink": {}}, r"objectives\.ink: circles have no strokes to judge; set 'ink' to null"),
        ("dividers", {"objectives.page": {}}, r"objectives\.page: dividers have no strokes to judge"),
        ("neuron", {"stages": [{"kind": "place"}]}, "stages: place lays strokes for a picture; give --image"),
        ("neuron", {"objectives.structure": {}}, r"objectives\.structure: 'structure' needs a picture; give --image"),
        ("neuron", {"stages": [{"kind": "hatch"}]}, r"stages\.0: hatch is for filled shapes"),
        ("neuron", {"stages.2.rates": {"pionts": 1}}, r"stages\.2\.rates: no part has a parameter 'pionts'"),
    ],
)
def test_what_a_part_lacks_is_told_in_its_own_words(name, changes, message):
    subject = {"objectives.neuron.at": "conv4_3:1"} if name == "neuron" else {"objectives.pixels.image": "a.png"}
    check(Config.load(name, subject))
    with pytest.raises(InputError, match=message):
        check(Config.load(name, {**subject, **changes}))


def test_style_and_features_go_with_circles():
    config = Config.load("circles", {"objectives.pixels.image": "face.png", "objectives.style.image": "mondrian.jpg",
                                     "objectives.features": {"layers": "conv3_3"}})  # fmt: skip
    check(config)
    assert config.label == "face_like_conv3_3_mondrian" and "network" in config.needed
