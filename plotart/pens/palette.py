"""Pens and pen sets: data that a maker sells or the user owns, read from YAML or given as colours."""

import re
from functools import cache
from importlib import resources
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from plotart.core.color import ciede2000, hex_to_rgb, named_colour, normalize_hex, to_lab, to_linear, to_srgb
from plotart.core.documents import as_path, parse_yaml, read_yaml
from plotart.core.errors import InputError, shown
from plotart.core.settings import Section

__all__ = ["Pen", "PenSet", "for_paper", "line_on", "load_pens", "pen_file", "pen_sets", "to_vpype_toml"]

HEX_TIP_MM = 0.4
GIVEN = "given as a colour"
"""The source of pens of which no more is known."""
DARK = 50.0
"""CIE lightness below which paper takes paint rather than ink."""
FAINT = 5.0
"""CIEDE2000 to the paper of a line that does not show."""


class Pen(Section):
    """One pen. `tip_mm` is the width of its line on paper; `opacity` how much of its colour a single line gives."""

    model_config = ConfigDict(allow_inf_nan=False)

    name: str = Field(min_length=1, max_length=80)
    hex: str
    """Its full colour on white paper, '#rrggbb' in sRGB: of its line if `opacity` is 1, else of many passes."""
    tip_mm: float = Field(gt=0, le=50)
    opacity: float = Field(default=1.0, ge=0, le=1)
    """1: a line has the pen's full colour; 0: it leaves no colour."""
    build_up: float = Field(default=0.0, ge=0, le=1)
    """What a stroke adds where the pen has drawn before: 0 nothing (strokes unite), 1 as much as the first did there. A
    pen of opacity 1 has nothing to add. See `plotart.drawing.ink.Penned`."""

    @property
    def builds(self) -> bool:
        """Whether a second stroke over a first one shows."""
        return self.build_up > 0 and 0 < self.opacity < 1

    opaque: bool = False
    """True for inks that cover what lies beneath (gel, paint); False for inks that light passes through twice."""
    approximate: bool = True
    """True for colours taken from screens or shops, False for measured ones."""
    source: str = ""

    @field_validator("hex")
    @classmethod
    def _hex(cls, value: str) -> str:
        return normalize_hex(value)

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not value.isprintable() or not value.strip():
            raise InputError(f"{value!r} is not a pen's name: use printable characters on one line.")
        return value.strip()

    @property
    def slug(self) -> str:
        """The name as part of a file name: lower case letters and digits, joined by hyphens."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") or "pen"


class PenSet(Section):
    """Pens that belong together; names are unique."""

    name: str = Field(min_length=1, max_length=80)
    title: str = ""
    source: str = ""
    approximate: bool = True
    pens: tuple[Pen, ...] = Field(min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _unique_names(self) -> "PenSet":
        seen: set[str] = set()
        for pen in self.pens:
            if pen.name.lower() in seen:
                raise InputError(f"pen name {pen.name!r} occurs twice: give each pen of a set its own name.")
            seen.add(pen.name.lower())
        return self

    def __getitem__(self, name: str) -> Pen:
        for pen in self.pens:
            if pen.name.lower() == name.strip().lower():
                return pen
        raise InputError(f"pen {name!r} is not in set {self.name}: it has {', '.join(pen.name for pen in self.pens)}.")


def pen_sets() -> list[str]:
    """Names of the built-in pen sets, sorted."""
    folder = resources.files("plotart.pens")
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def pen_file(pens: str) -> FilePath | None:
    """The file that holds the pen set called `pens`; None where that is a built-in set, or colours."""
    text = pens.strip()
    file, exists = as_path(text)
    return file if text not in pen_sets() and not text.startswith("#") and exists else None


def load_pens(pens: str) -> PenSet:
    """The pen set called `pens`: a built-in set, a YAML file, or a list of colours, '#hex' or CSS names (0.4 mm tips).

    A list may have sets in it as well: all their pens.

    InputError, one sentence, for an unknown set, a malformed file, a wrong colour, a tip of zero or a name used twice.
    """
    text = str(pens).strip()
    if text in pen_sets():
        return _built_in(text)
    if text.startswith("#"):
        return _listed(text)
    file, exists = as_path(text)
    if file.suffix.lower() in {".yaml", ".yml"} or exists:
        return _pen_set(read_yaml(file, f"pens {shown(str(file))}"), str(file), file.stem)
    return _listed(text)


@cache
def _built_in(name: str) -> PenSet:
    text = (resources.files("plotart.pens") / f"{name}.yaml").read_text(encoding="utf-8")
    return _pen_set(parse_yaml(text, f"pens {name!r}"), name, name)


def _listed(text: str) -> PenSet:
    """The pens of a list of colours and sets, in its order."""
    pens: list[Pen] = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        if part in pen_sets():
            pens += _built_in(part).pens
        elif part.startswith("#") or named_colour(part):
            colour = normalize_hex(part)
            if any(pen.source == GIVEN and pen.hex == colour for pen in pens):
                raise InputError(f"pens {text!r}: a colour occurs twice.")
            name = colour if part.startswith("#") else part.lower()
            pens.append(Pen(name=name, hex=colour, tip_mm=HEX_TIP_MM, source=GIVEN))
        else:
            raise InputError(
                f"pens {shown(part)} is no pen set: take one of {', '.join(pen_sets())}, a YAML file, "
                "or colours as 'red,navy' or '#d62728,#1f4fb4'."
            )
    if not pens:
        raise InputError("pens: the list is empty: take a pen set, or colours as 'red,navy'.")
    names = [pen.name.lower() for pen in pens]
    unique = [pen.model_copy(update={"name": pen.hex}) if _clashes(pen, names) else pen for pen in pens]
    colours = all(pen.source == GIVEN for pen in pens)
    title = "Pens given as colours" if colours else text
    return PenSet(name="colours" if colours else "list", title=title, pens=tuple(unique))


def _clashes(pen: Pen, names: list[str]) -> bool:
    """Whether a colour has the name of a pen of a set beside it."""
    return pen.source == GIVEN and names.count(pen.name) > 1


def _pen_set(data: Any, where: str, name: str) -> PenSet:
    """A pen set as YAML gives it: the keys of `PenSet`; `tip_mm`, `opaque`, `opacity`, `build_up`, `approximate` and
    `source` at the top level are the defaults of its pens."""
    if not isinstance(data, dict) or not isinstance(data.get("pens"), list):
        raise InputError(f"pens {where!r} has no list named 'pens'.")
    inherited = ("tip_mm", "opaque", "opacity", "build_up", "approximate", "source")
    shared = {key: data[key] for key in inherited if key in data}
    own = {str(key): value for key, value in data.items() if key not in ("pens", *inherited[:4])}
    entries = [shared | _named(entry) if isinstance(entry, dict) else entry for entry in data["pens"]]
    try:
        return PenSet.model_validate({"name": name, **own, "pens": entries})
    except ValidationError as error:
        raise InputError(f"pens {where!r}: {_first_problem(error, entries)}") from error


def _named(entry: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in entry.items()}


def _first_problem(error: ValidationError, entries: list[Any]) -> str:
    problem = error.errors(include_url=False)[0]
    cause = problem.get("ctx", {}).get("error")
    location = list(problem["loc"])
    subject = ".".join(str(part) for part in location) or "the set"
    if len(location) >= 2 and location[0] == "pens" and isinstance(location[1], int):
        entry = entries[location[1]]
        label = entry.get("name", location[1] + 1) if isinstance(entry, dict) else location[1] + 1
        subject = " ".join([f"pen {shown(label)}", *(str(part) for part in location[2:])])
    if isinstance(cause, InputError):
        return f"{subject}: {cause}"
    if problem["type"] == "missing":
        return f"{subject} is missing."
    given = problem.get("input")
    quoted = f" (given: {shown(given)})" if isinstance(given, int | float | str) else ""
    message = problem["msg"][0].lower() + problem["msg"][1:]
    return f"{subject}: {message}{quoted}."


def for_paper(pens: PenSet, paper: str) -> PenSet:
    """The pens as they are taken for paper of a colour: those that are only given as colours are paint on a dark one.

    Raises:
        InputError: none of them shows on it.
    """
    ground = hex_to_rgb(paper)
    if float(to_lab(ground)[0]) < DARK:
        paint = [pen.model_copy(update={"opaque": True}) if pen.source == GIVEN else pen for pen in pens.pens]
        pens = pens.model_copy(update={"pens": tuple(paint)})
    lines = np.array([line_on(pen, ground) for pen in pens.pens])
    if float(ciede2000(to_lab(lines), to_lab(ground)[None]).max()) < FAINT:
        raise InputError(
            f"pens.set: no pen of {shown(pens.name)} shows on paper {paper}; take opaque ones, such as gelly-roll, "
            "posca or blueprint, or other paper"
        )
    return pens


def line_on(pen: Pen, ground: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB `[3]` of a line of the pen on paper of sRGB `ground [3]`."""
    paper, ink = to_linear(ground), to_linear(hex_to_rgb(pen.hex))
    line = (1 - pen.opacity) * paper + pen.opacity * (ink if pen.opaque else ink * paper)
    return to_srgb(line)


def to_vpype_toml(pens: PenSet) -> str:
    """The set as vpype's `[pen_config.NAME]`, for `vpype --config FILE ... pens NAME`; layers are numbered from 1."""
    key = re.sub(r"[^A-Za-z0-9_-]+", "-", pens.name).strip("-") or "pens"
    lines = [f"[pen_config.{key}]", "layers = ["]
    for number, pen in enumerate(pens.pens, start=1):
        name = pen.name.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(
            f'    {{ layer_id = {number}, name = "{name}", color = "{pen.hex}", pen_width = "{pen.tip_mm:g}mm" }},'
        )
    return "\n".join([*lines, "]", ""])
