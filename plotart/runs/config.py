"""One typed, frozen description of a run: the only definition of every setting, its default and its range."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field, PlainValidator, ValidationError, model_validator

from plotart.core.composition import Composition
from plotart.core.errors import InputError, shown
from plotart.core.focus import checked_focus, focus_file
from plotart.core.images import write_beside
from plotart.core.parts import Part
from plotart.core.registry import nearest
from plotart.core.settings import NO_SUCH_SETTING, NamesFile, Section, first_wrong, picked, picked_by_name
from plotart.core.shipped import find_config, read_settings
from plotart.drawing.ink import InkSpec, MultiplySpec, ink_specs
from plotart.drawing.primitives import PrimitiveSpec, primitives
from plotart.drawing.primitives.strokes import StrokesSpec
from plotart.objectives import ObjectiveSpec, objectives
from plotart.objectives.penalties import InkLoadSpec
from plotart.objectives.transforms import Transform
from plotart.pens.palette import pen_file
from plotart.plot.around import Lettering
from plotart.plot.machine import machine_file
from plotart.runs.draft import drafted
from plotart.runs.inputs import found_beside
from plotart.runs.looks import styled
from plotart.runs.schedule import counted, lightened, scaled, usual_stages
from plotart.stages import Stage, stages
from plotart.stages.prune import Prune

__all__ = ["Config", "NetworkSpec", "PageSpec", "PensSpec", "RendererSpec"]


PENALTY_MAGNITUDE = 10.0
"""What the ink load counts where nothing says what it should."""
PICTURE_LIMIT, PICTURE_PENALTY = 0.8, 0.1
"""Pictures are fitted to this share of the limit, so that little has to be taken away in the end, at this share of the
magnitude: of the astronaut (150 steps, at most 5 layers) a CIEDE2000 of 3.77 and details of .70, with 1 of 4.05 and
.67; 3.64 and .69 at 9 layers."""


class PageSpec(Section):
    size: str = Field("a5", description="name (a4, letter, ...) or WxHmm")
    landscape: bool | None = Field(
        None, description="lay the page on its longer side; none: a named page, for a picture that is wider than high"
    )
    margin: float = Field(10.0, ge=0, le=1000, description="empty border, mm")
    paper: str = Field("#ffffff", description="colour of the paper")
    max_ink: float | None = Field(
        None, ge=1, le=1000, description="layers of ink that a square millimetre of the paper bears; none: any number"
    )


def _pen_count(value: Any) -> int | str | None:
    if value is None or value == "auto":
        return value  # type: ignore[no-any-return]
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch("[0-9]{1,2}", text) or not 1 <= int(text) <= 64:
        raise ValueError(f"give a number of pens from 1 to 64, or auto, not {shown(value)}")
    return int(text)


def _motif(value: Any) -> float | str | None:
    if value is None or value == "auto":
        return value  # type: ignore[no-any-return]
    try:
        size = float(value)
    except (TypeError, ValueError):
        size = math.nan
    if isinstance(value, bool) or not 0 < size <= 5000:
        raise ValueError(f"give a size in mm above 0 and up to 5000, or auto, not {value!r}")
    return size


class PensSpec(Section):
    set: Annotated[str, NamesFile(pen_file)] = Field(
        "basic-12", description="name of a pen set, file, or a list of colours ('#hex', names of CSS) and sets"
    )
    count: Annotated[int | Literal["auto"] | None, PlainValidator(_pen_count)] = Field(
        None, description="how many of them the drawing may use; auto: as few as keep 95 %; none: 4, fixed: all"
    )
    palette: Literal["learned", "kmeans", "fixed"] = "learned"


class NetworkSpec(Section):
    name: str = "auto"
    precision: Literal["auto", "float32", "bf16"] = "auto"


class RendererSpec(Section):
    name: Literal["native", "reference", "diffvg"] = "native"


# named here because inside Config the names of the registries are those of fields
AnyPrimitive = Annotated[PrimitiveSpec, *picked(primitives)]
AnyInk = Annotated[InkSpec, *picked(ink_specs)]
AnyStage = Annotated[Stage, *picked(stages)]
Objectives = Annotated[dict[str, ObjectiveSpec], *picked_by_name(objectives)]


class Config(Section):
    """Everything a run depends on; `config.yaml` of a run folder holds it resolved."""

    seed: int = Field(0, ge=0, lt=2**63)
    size: int = Field(384, ge=32, le=16384, description="short side of the rendered canvas, px")
    draft: bool = Field(
        False,
        description="a quick picture to judge: the same composition, pens and minutes in at most 60 steps at 256 px; "
        "not measured on paper, and no stroke is taken away for the limit of ink",
    )
    steps: int | None = Field(
        None, ge=1, description="steps of all fit, grow and train stages together; their shares are kept"
    )
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    threads: int = Field(0, ge=0, le=256, description="CPU threads; 0 takes as many as there are cores")
    page: PageSpec = PageSpec()
    composition: Composition = Composition()
    focus: Annotated[str, NamesFile(focus_file), AfterValidator(checked_focus)] = Field(
        "none",
        description="what matters in a picture: auto (faces, and what stands out), x,y or x,y,r (px or shares), a mask "
        "that is light there, or none",
    )
    lettering: Lettering = Lettering()
    pens: PensSpec = PensSpec()
    network: NetworkSpec = NetworkSpec()
    renderer: RendererSpec = RendererSpec()
    primitive: AnyPrimitive = StrokesSpec()
    init: Annotated[str | None, NamesFile()] = Field(
        None, description="SVG file or saved drawing (.pt) whose strokes the run starts from"
    )
    init_fills: Literal["outline", "hatch", "both", "none"] = Field(
        "outline",
        description="what strokes are made of the filled shapes of that file; but for outline, what fills hide goes",
    )
    ink: AnyInk = MultiplySpec()
    transform: Transform = Transform()
    objectives: Objectives = Field(default_factory=dict)
    stages: list[AnyStage] = Field(
        default_factory=lambda data: usual_stages(data["pens"].palette if "pens" in data else "learned"), min_length=1
    )
    viewing_distance: float | None = Field(
        None,
        gt=0,
        le=1e6,
        allow_inf_nan=False,
        description="mm from the eye to the paper, for pictures; none: as the objectives say",
    )
    motif: Annotated[float | Literal["auto"] | None, PlainValidator(_motif)] = Field(
        None,
        description="mm of paper that what one unit of the network looks at becomes; auto: as large as the pens can "
        "draw it; none: the network looks at the canvas as it is rendered",
    )
    machine: Annotated[str, NamesFile(machine_file)] = "axidraw"
    minutes: float | None = Field(
        None,
        gt=0,
        le=100_000,
        allow_inf_nan=False,
        description="the drawing is pruned until the machine needs no longer",
    )

    @model_validator(mode="after")
    def _objectives_share(self) -> Config:
        """Each objective takes the others into account, where its own settings leave that open."""
        for name, spec in list(self.objectives.items()):
            others = {other: each for other, each in self.objectives.items() if other != name}
            try:
                self.objectives[name] = spec.beside(others)
            except ValueError as error:
                raise ValueError(f"objectives.{name}.{error}") from None
        return self

    @model_validator(mode="after")
    def _ink_limit_is_pursued(self) -> Config:
        """A limit of ink is kept from the first step on, unless the objectives say how; of shapes, once hatched."""
        if self.page.max_ink is not None and "ink_load" not in self.objectives and "curves" in self.primitive.gives:
            weight = max((spec.magnitude for spec in self.objectives.values()), default=0.0) or PENALTY_MAGNITUDE
            limit = self.page.max_ink
            if all(spec.magnitude <= PENALTY_MAGNITUDE for spec in self.objectives.values()) and self.picture:
                limit, weight = PICTURE_LIMIT * limit, PICTURE_PENALTY * weight
            self.objectives["ink_load"] = InkLoadSpec(limit=limit, weight=weight)
        return self

    @model_validator(mode="after")
    def _minutes_need_pruning(self) -> Config:
        if self.minutes is not None and not any(stage.keeps_minutes for stage in self.stages):
            self.stages.append(Prune())
        return self

    @property
    def parts(self) -> dict[str, Part]:
        """Every part, by its address: `primitive`, `ink`, `objectives.pixels`, `stages.0`."""
        return {
            "primitive": self.primitive,
            "ink": self.ink,
            **{f"objectives.{name}": spec for name, spec in self.objectives.items()},
            **{f"stages.{number}": stage for number, stage in enumerate(self.stages)},
        }

    @property
    def given(self) -> frozenset[str]:
        """What the parts give each other; a network is there for whoever needs one."""
        return frozenset({"network"}).union(*(part.gives for part in self.parts.values()))

    @property
    def needed(self) -> frozenset[str]:
        """What any part needs."""
        return frozenset().union(*(part.needs for part in self.parts.values()))

    @property
    def free_first(self) -> bool:
        """Whether the drawing starts in free colours that a stage turns into pens, or in real pens."""
        palette = self.pens.palette
        return palette == "kmeans" or any(stage.wants_free(palette) for stage in self.stages)

    @property
    def picture(self) -> tuple[str, str] | None:
        """The file of the picture that is drawn, and the setting that names it."""
        found = ((spec.picture, f"objectives.{name}.image") for name, spec in self.objectives.items() if spec.picture)
        return next(found, None)  # type: ignore[arg-type]

    @property
    def label(self) -> str:
        """The name of a run's folder: picture, network and neuron, style; of an enlarged one, its source and tiles."""
        sources: list[Part] = [stage for stage in self.stages if stage.source is not None]
        parts = sources or sorted(self.parts.values(), key=lambda part: part.label_order)
        return "_".join(word for part in parts for word in part.label(self))

    @classmethod
    def load(cls, file: str | FilePath | None = None, changes: Mapping[str, Any] | None = None) -> Config:
        """A config from the defaults, a YAML file's differences and `changes` by dotted address.

        `Config.load("configs/neuron.yaml", {"objectives.neuron.at": "conv4_3:12"})`

        Raises:
            InputError: naming the setting, the value and what would be right.
        """
        path = None if file is None else find_config(file)
        settings: dict[str, Any] = {} if path is None else read_settings(path)
        changes = dict(changes or {})
        look = {address: changes.pop(address) for address in list(changes) if re.match(r"look(\.|$)", address)}
        for address, value in look.items():
            named = settings.get("look")
            if address != "look" and isinstance(named, str):
                settings["look"] = {"kind": named}
            _put(settings, address, {"kind": value} if address == "look" else value)
        if "look" in settings:
            settings = styled(settings, settings.pop("look"))
        # the stages a run has by default depend on its palette, so that is set before one of them is changed
        for address, value in sorted(changes.items(), key=lambda change: change[0].startswith("stages.")):
            _put(settings, address, value)
        try:
            config = cls.model_validate(settings)
        except ValidationError as error:
            address, message = first_wrong(error)
            if message == NO_SUCH_SETTING:
                parent, _, last = address.rpartition(".")
                known = nearest(last, list(cls.model_fields)) if not parent else None
                message += f"; nearest: {known}" if known else ""
            raise InputError(f"{address}: {message}" if address else message) from None
        if config.draft:
            config = drafted(config, changes or {})
        return config if path is None else found_beside(config, path.parent)

    def save(self, path: FilePath) -> None:
        """Write the resolved config as YAML, beside and renamed."""
        with write_beside(path) as beside:
            beside.write_text(self.as_yaml(), encoding="utf-8")

    def as_yaml(self) -> str:
        """The resolved config as the text of a YAML file."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)

    def changed(self, **fields: Any) -> Config:
        """The same config with some top-level fields replaced."""
        return self.model_copy(update=fields)

    def scaled_stages(self) -> list[Stage]:
        """The stages as they are run: with these `steps`, a number of pens to be found, and a limit of ink.

        Strokes that come from a file are not laid anew.
        """
        specs = self._own_stages()
        return specs if self.page.max_ink is None or self.draft else lightened(specs, self.page.max_ink)

    def further(self, number: int, steps: int) -> Config:
        """The same with so many more `steps` in stage `number` of those that are run; all others stay."""
        specs: list[Any] = self._own_stages()
        specs[number] = specs[number].model_copy(update={"steps": specs[number].steps + steps})
        return self.changed(stages=specs, steps=None)

    def _own_stages(self) -> list[Stage]:
        """Those that are run but for the one that keeps to a limit of ink, which follows from them."""
        specs = [spec for spec in self.stages if self.init is None or not spec.lays_anew]
        if self.pens.count == "auto":
            specs = counted(specs)
        if self.steps is not None:
            specs = scaled(specs, self.steps)
        return specs


def _put(settings: dict[str, Any], address: str, value: Any) -> None:
    """Set a value at a dotted address, making the sections on the way; list items go by number."""
    parts = address.split(".")
    here: Any = settings
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(here, list):
            if not re.fullmatch("[0-9]{1,9}", part) or int(part) >= len(here):
                raise InputError(f"{shown(address)}: items go from 0 to {len(here) - 1}, not {shown(part)}")
            if following is None:
                here[int(part)] = value
                return
            here = here[int(part)]
        elif following is None:
            here[part] = value
        else:
            if here.get(part) is None:
                here[part] = _default(part, settings) if here is settings else {}
            here = here[part]
        if following is not None and not isinstance(here, dict | list):
            raise InputError(f"{shown(address)}: {shown(part)} holds a value and has no settings of its own")


def _default(field: str, settings: Mapping[str, Any]) -> Any:
    """The default of a top-level list, so that one item of it can be changed; an empty section otherwise."""
    if field in Config.model_fields:
        pens = settings.get("pens") or {}
        chosen: dict[str, Any] = (
            {"pens": {"palette": pens["palette"]}} if isinstance(pens, dict) and "palette" in pens else {}
        )
        chosen |= {"minutes": 1.0} if settings.get("minutes") is not None else {}  # they add a stage, however many
        try:
            default = Config.model_validate(chosen).model_dump(mode="json").get(field)
        except ValidationError:  # a wrong palette is told with the rest
            return {}
        if isinstance(default, list) or (isinstance(default, dict) and "kind" in default):
            return default
    return {}
