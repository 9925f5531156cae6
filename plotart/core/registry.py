"""Names under which the parts of a run are known in a config: one table per kind of part."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from plotart.core.errors import InputError

__all__ = ["Registry", "nearest"]

T = TypeVar("T")

PARTS = "plotart.parts"
"""Entry points of modules that register parts when they are imported, plotart's glyphs among them."""


def nearest(name: str, names: Iterator[str] | list[str] | tuple[str, ...], count: int = 3) -> str:
    """The names most like `name`, joined for a message; all of them when none is like it."""
    known = list(names)
    close = difflib.get_close_matches(name, known, n=count, cutoff=0.4)
    return ", ".join(close or known)


class Registry(Generic[T]):
    """The classes of one kind of part, by name; a new module of their package registers itself with the decorator.

    At the first look-up the modules of the package that called `home` are imported, and what others install under the
    entry point `plotart.parts`.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._items: dict[str, type[T]] = {}
        self._home: tuple[str, Iterable[str]] | None = None
        self._discovered = False

    def home(self, name: str, path: Iterable[str]) -> None:
        """Say which package's modules register themselves: its own `__name__` and `__path__`."""
        self._home = (name, path)

    def register(self, name: str) -> Callable[[type[T]], type[T]]:
        """Make a class known by `name`, which becomes its `kind`, and that of the class it `makes`, if it makes one.

        Raises:
            ValueError: the name is taken, or the class (or what it makes) already has one.
        """

        def decorate(item: type[T]) -> type[T]:
            if name in self._items:
                known = self._items[name]
                raise ValueError(f"{self.what} {name!r} is registered twice: {known.__module__} and {item.__module__}")
            named = [item, *([item.__dict__["makes"]] if "makes" in item.__dict__ else [])]
            for part in named:
                if "kind" in part.__dict__:
                    raise ValueError(f"{part.__qualname__} is {part.kind!r} already and cannot be {name!r} too")
            for part in named:
                part.kind = name
            self._items[name] = item
            return item

        return decorate

    def __getitem__(self, name: str) -> type[T]:
        self._discover()
        if name not in self._items:
            raise InputError(f"no {self.what} {name!r}; there is: {', '.join(sorted(self._items))}")
        return self._items[name]

    def __contains__(self, name: object) -> bool:
        self._discover()
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        self._discover()
        return iter(sorted(self._items))

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        if self._home is not None:
            name, path = self._home
            for module in pkgutil.iter_modules(path):
                importlib.import_module(f"{name}.{module.name}")
        for part in entry_points(group=PARTS):
            part.load()
