"""Fields of a config: frozen sections, parts that are picked from a registry, and what is wrong in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError
from pydantic_core import PydanticCustomError

from plotart.core.errors import InputError, shown
from plotart.core.registry import Registry

__all__ = ["NO_SUCH_SETTING", "Missing", "NamesFile", "Section", "first_wrong", "picked", "picked_by_name", "renamed"]

Part = TypeVar("Part")

NO_SUCH_SETTING = "there is no such setting"


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class NamesFile:
    """Marks a setting whose value names a file, or the folder of a run, that a run needs and keeps.

    `image: Annotated[str, NamesFile()]`

    Attributes:
        find: the file that a value names; None where it names something else, such as a pen set that is shipped.
    """

    find: Callable[[str], FilePath | None] = FilePath


@dataclass(frozen=True)
class Missing:
    """Marks a setting without a default: what is told where it is not given.

    `image: Annotated[str, Missing("there is no picture to draw: give --image FILE")]`
    """

    told: str


def renamed(part: Part, rename: Callable[[str, NamesFile], str]) -> Part:
    """The same settings, each one that names a file through `rename(value, mark)`; sections inside included."""
    if isinstance(part, BaseModel):
        changes = {}
        for name, info in type(part).model_fields.items():
            value = getattr(part, name)
            mark = next((mark for mark in info.metadata if isinstance(mark, NamesFile)), None)
            new = rename(value, mark) if mark and isinstance(value, str) else renamed(value, rename)
            if new is not value and new != value:
                changes[name] = new
        return part.model_copy(update=changes) if changes else part
    if isinstance(part, Mapping):
        return {name: renamed(value, rename) for name, value in part.items()}  # type: ignore[return-value]
    if isinstance(part, list | tuple):
        return type(part)(renamed(value, rename) for value in part)  # type: ignore[return-value]
    return part


def first_wrong(error: ValidationError, model: type[BaseModel] | None = None) -> tuple[str, str]:
    """Address and plain message of the first thing wrong; `model` is what was to be made."""
    wrong = error.errors(include_url=False)[0]
    address = ".".join(str(part) for part in wrong["loc"])
    if wrong["type"] == "setting":
        inner = wrong["ctx"]
        return ".".join(p for p in (address, inner["address"]) if p), inner["message"]
    if wrong["type"] == "extra_forbidden":
        return address, NO_SUCH_SETTING
    if wrong["type"] == "value_error":
        return address, str(wrong["ctx"]["error"])
    if wrong["type"] == "missing":
        return address, _missing(model, address)
    message = wrong["msg"][0].lower() + wrong["msg"][1:]
    return address, f"{message}, not {shown(wrong['input'])}"


def _missing(model: type[BaseModel] | None, field: str) -> str:
    """What is told where a setting without a default is not given."""
    info = model.model_fields.get(field) if model is not None else None
    mark = next((mark for mark in info.metadata if isinstance(mark, Missing)), None) if info is not None else None
    if mark is not None:
        return mark.told
    meant = f" ({info.description})" if info is not None and info.description else ""
    return f"this setting has no default and must be given{meant}"


def picked(registry: Registry[Any]) -> tuple[BeforeValidator, PlainSerializer]:
    """A field whose class is named by its `kind`: `{kind: fit, steps: 100}`."""

    def validate(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        settings = dict(value)
        return _validated(registry, str(settings.pop("kind", None)), settings, "kind", "")

    def serialize(spec: Any) -> dict[str, Any]:
        return {"kind": type(spec).kind, **spec.model_dump(mode="json")}

    return BeforeValidator(validate), PlainSerializer(serialize)


def picked_by_name(registry: Registry[Any]) -> tuple[BeforeValidator, PlainSerializer]:
    """A field that holds parts by their names: `{time: {minutes: 60}}`; a part that is null is left out."""

    def validate(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        given = {name: settings for name, settings in value.items() if settings is not None}
        return {
            name: part if isinstance(part, BaseModel) else _validated(registry, name, part, name, f"{name}.")
            for name, part in given.items()
        }

    def serialize(specs: Mapping[str, BaseModel]) -> dict[str, Any]:
        return {name: spec.model_dump(mode="json") for name, spec in specs.items()}

    return BeforeValidator(validate), PlainSerializer(serialize)


def _validated(registry: Registry[Any], name: str, settings: Any, unknown: str, inside: str) -> Any:
    """The part `name` with these settings; an unknown name is told at `unknown`, a wrong setting after `inside`."""
    try:
        part = registry[name]
        return part.model_validate(settings)
    except InputError as error:
        address, message = unknown, str(error)
    except ValidationError as error:
        address, message = first_wrong(error, part)
        address = inside + address
        if message == NO_SUCH_SETTING:
            message += f" of {name}"
    raise PydanticCustomError("setting", "{address}: {message}", {"address": address, "message": message})
