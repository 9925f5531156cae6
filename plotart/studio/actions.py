"""What the page can have done: each takes a JSON object and gives one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plotart.core.errors import InputError
from plotart.studio.clerk import Clerk
from plotart.studio.library import Library
from plotart.studio.photos import Photos
from plotart.studio.plotter import Plotter
from plotart.studio.starter import Starter

__all__ = ["Actions"]

Asked = Mapping[str, Any]
MOST_VARIED = 24
LONGEST_NOTE = 2000


class Actions:
    """Every public method is an action of the page; `named` finds it."""

    def __init__(self, library: Library, photos: Photos, starter: Starter, clerk: Clerk, plotter: Plotter) -> None:
        self._library = library
        self._photos = photos
        self._starter = starter
        self._clerk = clerk
        self._plotter = plotter

    def named(self, what: str) -> Callable[[Asked], dict[str, Any] | None] | None:
        known: dict[str, Callable[[Asked], dict[str, Any] | None]] = {
            "crop": self.crop, "start": self.start, "check": self.check, "stop": self.stop, "resume": self.resume,
            "vary": self.vary, "note": self.note, "delete": self.delete, "restore": self.restore,
            "empty": self.empty, "sweep": self.sweep, "stop-sweep": self.stop_sweep,
            "resume-sweep": self.resume_sweep, "plot": self._plotter.begin, "tell-plot": self._plotter.say,
        }  # fmt: skip
        return known.get(what)

    def crop(self, asked: Asked) -> dict[str, Any]:
        """`photo` cropped to `box`; tells the new photograph."""
        return self._photos.crop(asked.get("photo"), asked.get("box"))

    def start(self, asked: Asked) -> dict[str, Any]:
        """A run of `changes` (see `fields.configured`), or a `draft` of it; tells its `name`."""
        draft = asked.get("draft") is True
        text, name = self._clerk.ask("configured", asked=dict(asked), draft=draft)
        return {"name": self._starter.begin(text, name, draft=draft)}

    def check(self, asked: Asked) -> dict[str, Any]:
        """Whether `changes` make a config; tells it as YAML."""
        return {"config": self._clerk.ask("configured", asked=dict(asked), draft=False)[0]}

    def stop(self, asked: Asked) -> None:
        self._starter.stop(str(asked.get("name")))

    def resume(self, asked: Asked) -> None:
        """Go on with `name`; a finished one goes `steps` further."""
        steps = asked.get("steps")
        if steps is not None and (not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= 1_000_000):
            raise InputError(f"steps: {str(steps)[:40]!r} is no number of steps; give one from 1 to 1000000")
        self._starter.go_on(str(asked.get("name")), steps)

    def vary(self, asked: Asked) -> dict[str, Any]:
        """The same run once more for each of `values` of the setting at `address`; tells the `names`."""
        name = self._library.name_of(self._library.run(asked.get("name")))
        address, values = asked.get("address"), asked.get("values")
        if not isinstance(address, str) or not isinstance(values, list) or not 1 <= len(values) <= MOST_VARIED:
            raise InputError(f"vary: give the address of a setting and 1 to {MOST_VARIED} values of it")
        made = [self._clerk.ask("varied", name=name, changes={address: value}) for value in values]
        return {"names": [self._starter.begin(text, called) for text, called in made]}

    def note(self, asked: Asked) -> None:
        """Set the `star` (true or false) or the `note` (text) of `name`."""
        folder = self._library.run(asked.get("name"))
        changed: dict[str, Any] = {}
        if isinstance(asked.get("star"), bool):
            changed["star"] = asked["star"] or None
        if isinstance(asked.get("note"), str):
            changed["note"] = asked["note"][:LONGEST_NOTE] or None
        self._library.note(folder, **changed)

    def delete(self, asked: Asked) -> dict[str, Any]:
        """Throw `names` away; tells the `keys` with which `restore` takes them back."""
        names = asked.get("names")
        if not isinstance(names, list) or not 1 <= len(names) <= 1000:
            raise InputError("delete: give the names of 1 to 1000 runs")
        for name in names:
            if self._starter.pid(name) is not None:
                raise InputError(f"delete: '{name}' is at work; stop it first")
        return {"keys": [self._library.discard(name) for name in dict.fromkeys(names)]}

    def restore(self, asked: Asked) -> dict[str, Any]:
        keys = asked.get("keys")
        if not isinstance(keys, list) or not 1 <= len(keys) <= 1000:
            raise InputError("restore: give the keys of 1 to 1000 runs that were thrown away")
        return {"names": [self._library.restore(key) for key in keys]}

    def empty(self, asked: Asked) -> None:
        """Remove for good what was thrown away."""
        self._library.empty_trash()

    def sweep(self, asked: Asked) -> dict[str, Any]:
        """`plotart sweep` over what the page names, see `plotart.studio.fields.swept`; tells its `name`."""
        words = self._clerk.ask("swept", asked=dict(asked))
        return {"name": self._starter.sweep(words, "sweep")}

    def stop_sweep(self, asked: Asked) -> None:
        self._starter.stop_sweep(str(asked.get("name")))

    def resume_sweep(self, asked: Asked) -> None:
        self._starter.go_on_sweep(str(asked.get("name")))
