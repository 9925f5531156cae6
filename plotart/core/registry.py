"""Names under which the parts of a run are known in a config: one table per kind of part."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterator
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

    The package's modules are imported at the first look-up, and what others install under the entry point
    `plotart.parts`. A name used twice is an error.
    """

    def __init__(self, what: str, package: str) -> None:
        self.what = what
        self.package = package
        self._items: dict[str, type[T]] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[type[T]], type[T]]:
        def decorate(item: type[T]) -> type[T]:
            known = self._items.get(name)
            if known is not None and known.__qualname__ != item.__qualname__:
                raise ValueError(f"{self.what} {name!r} is registered twice: {known.__module__} and {item.__module__}")
            self._items[name] = item
            return item

        return decorate

    def __getitem__(self, name: str) -> type[T]:
        self._discover()
        if name not in self._items:
            raise InputError(f"no {self.what} {name!r}; there is: {', '.join(sorted(self._items))}")
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        self._discover()
        return iter(sorted(self._items))

    def name_of(self, item: type[T]) -> str:
        self._discover()
        return next(name for name, known in self._items.items() if known is item)

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        package = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(getattr(package, "__path__", [])):
            importlib.import_module(f"{self.package}.{module.name}")
        for part in entry_points(group=PARTS):
            part.load()
