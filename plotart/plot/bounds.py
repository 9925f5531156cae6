"""What reading an SVG file would take, counted before anything of it is expanded.

svgelements, which reads the shapes, puts `use` in place as often as it occurs, hands every attribute down and searches
some of them with expressions whose time grows with the square of their length. Here the file is read once as it stands,
in time linear in its size, and refused where that would not end or not fit.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from xml.parsers import expat

from plotart.core.errors import InputError, shown

__all__ = ["SHAPES", "refuse_bombs"]

MAX_BYTES = 100_000_000
MAX_SHAPES = 250_000
MAX_ELEMENTS = 500_000
MAX_COMMANDS = 400_000
"""Lines and curves of all paths; svgelements reads about 60,000 a second."""
MAX_TRANSFORMS = 20_000_000
"""Characters of transforms, each element's own and those it stands in."""
MAX_DEPTH = 200
MAX_ATTRIBUTES = 200
MAX_STYLE = 2_000_000
MAX_STYLING = 300_000_000
"""Characters of the longest rule of the style sheets, times elements."""
SHAPES = {"path", "line", "polyline", "polygon", "rect", "circle", "ellipse"}

_ARITY = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7, "z": 0}
_RUN = re.compile(r"([MmZzLlHhVvCcSsQqTtAa])([^MmZzLlHhVvCcSsQqTtAa]*+)")
_NUMBER = r"[-+]?+(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][-+]?+[0-9]++)?+"
_NUMBERS = re.compile(_NUMBER)
_POINTS = re.compile(rf"(?:[\s,]*+{_NUMBER})*+[\s,]*+")
_TRANSFORM = re.compile(r"(?:[\s,;]*+[A-Za-z0-9]++\s*+\([^()]*+\))*+[\s,;]*+(?:none)?+\s*+")
_LONG_RUN = re.compile(r"[0-9]{60}|\s{200}")
_TRANSFORMS = {"transform", "gradientTransform", "patternTransform"}
_FREE = {"d", "href", "id", "class", "points", "style"}  # checked on their own, or never searched


@dataclass
class _Weight:
    """What a part of the file comes to, uses not yet in place."""

    shapes: int = 0
    elements: int = 0
    commands: int = 0
    transforms: int = 0

    def add(self, other: "_Weight", chain: int = 0) -> None:
        """Put another part in, below transforms of `chain` characters."""
        self.shapes += other.shapes
        self.elements += other.elements
        self.commands += other.commands
        self.transforms += other.transforms + chain * other.elements

    def problem(self) -> str | None:
        if self.shapes > MAX_SHAPES:
            return f"more than {MAX_SHAPES} shapes"
        if self.elements > MAX_ELEMENTS:
            return f"more than {MAX_ELEMENTS} elements, uses counted"
        if self.commands > MAX_COMMANDS:
            return f"more than {MAX_COMMANDS} lines and curves"
        if self.transforms > MAX_TRANSFORMS:
            return "too many transforms within each other"
        return None


@dataclass
class _Named:
    """An element with an id: its weight, and what it uses below transforms of so many characters."""

    weight: _Weight = field(default_factory=_Weight)
    uses: list[tuple[str, int]] = field(default_factory=list)


def refuse_bombs(path: str | FilePath) -> None:
    """InputError, one sentence, for a file that is no SVG or would grow beyond bounds when read.

    Bounded are: bytes, shapes, elements, lines and curves, transforms, each as often as `use` repeats them; nesting;
    style sheets; and what single attributes may hold. Entities are not read at all.
    """
    file = FilePath(path)
    try:
        if not file.is_file() and file.exists():
            raise InputError(f"'{shown(str(file))[1:-1]}' cannot be read: it is no file.")
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"'{file}' is larger than {MAX_BYTES // 1_000_000} MB: split it or simplify its paths.")
        raw = file.read_bytes()
    except InputError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"'{shown(str(file))[1:-1]}' cannot be read: {reason.lower()}.") from error
    count = _Count(file)
    try:
        count.parser.Parse(raw, True)
    except (expat.ExpatError, ValueError, LookupError, UnicodeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"'{file}' is not a readable SVG: {error}.") from error
    count.finish()


class _Count:
    """Reads the file once and adds up."""

    def __init__(self, file: FilePath) -> None:
        self.file = file
        self.whole = _Named()
        self.named: dict[str, _Named] = {}
        self.open: list[tuple[int, _Named | None]] = []  # characters of transforms down to here, and what has the id
        self.within: list[_Named] = [self.whole]
        self.style: list[str] | None = None
        self.styled = 0
        self.rule = 0
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.EntityDeclHandler = self.entity

    def refuse(self, why: str) -> InputError:
        return InputError(f"'{self.file}' {why}.")

    def entity(self, name: str, *_: object) -> None:
        raise self.refuse(f"declares XML entities ({shown(name)}), which are not read: save it as plain SVG")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition("}")[2]
        if not self.open and tag != "svg":
            raise self.refuse(f"is not an SVG: its root is {shown(tag)}")
        if len(self.open) >= MAX_DEPTH:
            raise self.refuse(f"is nested more than {MAX_DEPTH} groups deep")
        if len(attributes) > MAX_ATTRIBUTES:
            raise self.refuse(f"has an element with more than {MAX_ATTRIBUTES} attributes")
        plain = {name.rpartition("}")[2]: value for name, value in attributes.items()}
        self.check(plain)
        own = None
        if (name := attributes.get("id")) is not None:
            own = self.named.setdefault(name, _Named())  # two with the same id: whichever is meant, both count
            self.within.append(own)
        before, style = self.open[-1][0] if self.open else 0, plain.get("style", "")
        chain = before + len(plain.get("transform", "")) + (len(style) if "transform" in style else 0)
        self.open.append((chain, own))
        weight = _Weight(int(tag in SHAPES), 1, _commands(tag, plain), chain)
        for part in self.within:
            part.weight.add(weight)
        if problem := self.whole.weight.problem():
            raise self.refuse(f"holds {problem}: split it into several files, or simplify its paths")
        if tag == "use":
            for href in {value[1:] for name, value in attributes.items() if name.rpartition("}")[2] == "href"}:
                for part in self.within:
                    part.uses.append((href, chain))
        if tag == "style":
            self.style = []

    def check(self, attributes: dict[str, str]) -> None:
        """Refuse single attributes that take longer than linear to search."""
        for name, value in attributes.items():
            if name not in _FREE and name not in _TRANSFORMS and len(value) > 100_000:
                continue  # not searched: pictures, notes of editors
            if name not in {"href", "id", "class"} and _LONG_RUN.search(value):
                raise self.refuse(f"has an attribute {shown(name)} that cannot be read ({shown(value, 40)})")
            if name in _TRANSFORMS and (len(value) > 10_000 or not _TRANSFORM.fullmatch(value)):
                raise self.refuse(f"has a transform that cannot be read ({shown(value, 40)})")
            if name == "points" and not _POINTS.fullmatch(value):
                raise self.refuse(f"has points that cannot be read ({shown(value, 40)})")
            if name == "style":
                if len(value) > 10_000:
                    raise self.refuse(f"has a style that cannot be read ({shown(value, 40)})")
                for part in value.split(";"):
                    key, _, given = part.partition(":")
                    if key.strip() not in {"style", "d"}:
                        self.check({key.strip(): given.strip()})

    def end(self, tag: str) -> None:
        if self.style is not None and tag.rpartition("}")[2] == "style":
            self.sheet("".join(self.style))
            self.style = None
        _, own = self.open.pop()
        if own is not None:
            self.within.pop()

    def text(self, data: str) -> None:
        if self.style is not None:
            self.styled += len(data)
            if self.styled > MAX_STYLE:
                raise self.refuse(f"has more than {MAX_STYLE // 10**6} MB of style sheets")
            self.style.append(data)

    def sheet(self, text: str) -> None:
        """Refuse style sheets that are not `selector {rules}` one after the other, comments aside."""
        pieces = text.split("/*")
        for piece in pieces[1:]:
            if "*/" not in piece:
                raise self.refuse("has a style sheet with a comment that does not end")
        plain = pieces[0] + "".join(piece.partition("*/")[2] for piece in pieces[1:])
        *rules, rest = plain.split("}")
        for rule in rules:
            selector, brace, body = rule.rpartition("{")
            if len(selector) > 2_000 or selector.count("{") > 4 or len(selector.split(",")) > 200:
                raise self.refuse(f"has a style sheet that cannot be read ({shown(selector.strip(), 40)})")
            if brace and not selector.strip().startswith("@"):
                self.rule += len(body)
        if "{" in rest or len(rest) > 2_000:
            raise self.refuse("has a style sheet with a rule that does not end")

    def finish(self) -> None:
        """Put the uses in place, one after the other, and refuse what that comes to."""
        known: dict[str, _Weight] = {}
        active: set[str] = set()

        def whole(part: _Named, depth: int) -> _Weight:
            found = _Weight()
            found.add(part.weight)
            for name, chain in part.uses:
                if name not in self.named:
                    continue
                if name not in known:
                    if name in active or depth > MAX_DEPTH:
                        raise self.refuse("holds a 'use' that uses itself, or uses within uses without end")
                    active.add(name)
                    known[name] = whole(self.named[name], depth + 1)
                    active.remove(name)
                found.add(known[name], chain)
                if problem := found.problem():
                    raise self.refuse(f"holds {problem}: split it into several files, or simplify its paths")
            return found

        found = whole(self.whole, 0)
        if self.rule * found.elements > MAX_STYLING:
            raise self.refuse(f"has style sheets too long for its {found.elements} elements: save it as plain SVG")


def _commands(tag: str, attributes: dict[str, str]) -> int:
    """How many lines and curves the element's data hold."""
    if tag in {"polyline", "polygon"}:
        return sum(1 for _ in _NUMBERS.finditer(attributes.get("points", ""))) // 2
    data = attributes.get("d", "") if tag == "path" else ""
    found = 0
    for run in _RUN.finditer(data):
        arity = _ARITY[run[1].lower()]
        numbers = sum(1 for _ in _NUMBERS.finditer(run[2]))
        found += max(1, -(-numbers // arity)) if arity else 1
        if found > MAX_COMMANDS:
            break
    return found
