"""Contact sheets of layers, made in the background by a process of their own, and kept."""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from plotart.core.errors import InputError
from plotart.studio.clerk import Clerk
from plotart.studio.library import Library, read_json, write_json

if TYPE_CHECKING:
    from plotart.networks import Network

__all__ = ["Sheets", "write_layers", "write_sheet"]

NAME = re.compile(r"[A-Za-z][\w.-]{0,79}")
COLUMNS, TILE = 16, 64


class Sheets:
    """What is asked for is begun; until it is there, it is said to be on its way."""

    def __init__(self, library: Library) -> None:
        self.folder = library.home / "sheets"
        self._clerk = Clerk(library.root)
        self._begun: dict[str, str | None] = {}
        self._lock = threading.Lock()

    def layers(self, network: object) -> dict[str, Any]:
        """`{"layers": [{"name", "units"}, ...]}` of a network, or `{"making": True}`, or `{"error": why}`."""
        name = _named("network", network)
        return self._asked(f"{name}.json", "layers", network=name)

    def sheet(self, network: object, layer: object) -> dict[str, Any]:
        """What the units of a layer answer to: the sheet's file, its grid, and each unit's mark; or as `layers`."""
        name, at = _named("network", network), _named("layer", layer)
        return self._asked(f"{name}--{at}.json", "sheet", network=name, layer=at)

    def picture(self, file: str) -> FilePath:
        path = self.folder / file
        if not re.fullmatch(r"[A-Za-z][\w.-]{0,170}\.png", file) or not path.is_file() or path.is_symlink():
            raise InputError("sheet: there is no such sheet")
        return path

    def close(self) -> None:
        self._clerk.close()

    def _asked(self, file: str, question: str, **told: str) -> dict[str, Any]:
        kept = read_json(self.folder / file)
        if isinstance(kept, dict):
            return kept
        with self._lock:
            if (failure := self._begun.get(file)) is not None:
                del self._begun[file]
                return {"error": failure}
            if file not in self._begun:
                self._begun[file] = None
                self.folder.mkdir(parents=True, exist_ok=True)
                told["target"] = str(self.folder / file)
                threading.Thread(target=self._make, args=(file, question, told), daemon=True).start()
        return {"making": True}

    def _make(self, file: str, question: str, told: dict[str, str]) -> None:
        try:
            self._clerk.ask(question, **told)
        except InputError as error:
            self._begun[file] = str(error)
        else:
            del self._begun[file]


@lru_cache(1)
def _network(name: str) -> Network:
    import torch  # noqa: PLC0415 - in the desk's process only

    from plotart.networks import load_network  # noqa: PLC0415

    torch.set_num_threads(1)  # beside runs
    return load_network(name, report=lambda line: None)


def write_layers(name: str, target: FilePath) -> None:
    """Write the layers of a network and their numbers of units as JSON."""
    network = _network(name)
    layers = [{"name": layer, "units": network.units(layer)} for layer in network.layers]
    write_json(target, {"network": network.name, "layers": layers})


def write_sheet(name: str, layer: str, target: FilePath) -> None:
    """Write the contact sheet of a layer and what is marked on it."""
    from plotart.networks.contact import CAPTION, contact_sheet  # noqa: PLC0415

    network = _network(name)
    found, sheet = contact_sheet(network, layer, columns=COLUMNS, tile=TILE)
    path = target.with_name(target.name.removesuffix(".json") + ".png")
    beside = path.with_name(f".{path.name}.part")
    sheet.save(beside, format="PNG")
    beside.replace(path)
    cell = [TILE + 6, TILE + 6 + CAPTION]
    told = {"network": network.name, "layer": layer, "file": path.name, "columns": COLUMNS, "cell": cell, "tile": TILE}
    write_json(target, {**told, "marks": list(found.marks)})


def _named(what: str, text: object) -> str:
    if not isinstance(text, str) or not NAME.fullmatch(text) or ".." in text:
        raise InputError(f"{what}: {str(text)[:80]!r} is no name of a {what}")
    return text
