"""The process that knows configs, pictures and networks: it answers questions, a line of JSON each.

Torch and all that belongs to it is imported here, never in the server, which stays quick, light and quick to end.
`python -m plotart.studio.desk ROOT` reads `{"ask": NAME, "with": {...}}` and writes `{"answer": ...}` or
`{"wrong": SENTENCE}`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path as FilePath
from typing import Any

from plotart.core.errors import InputError
from plotart.studio.fields import configured, form, swept, varied
from plotart.studio.library import Library
from plotart.studio.photos import Photos
from plotart.studio.sheets import write_layers, write_sheet

__all__ = ["answer"]


def answer(root: FilePath, name: str, told: Mapping[str, Any]) -> Any:
    """What the question `name` is answered; InputError as the functions asked."""
    library = Library(root)
    photos = Photos(library)
    known: dict[str, Callable[[], Any]] = {
        "ready": lambda: True,
        "form": form,
        "configured": lambda: configured(told["asked"], photos, library.root, draft=told["draft"]),
        "varied": lambda: varied(library.run(told["name"]), library.root, told["changes"]),
        "swept": lambda: swept(told["asked"], photos, library.root),
        "photograph": lambda: photos.read(FilePath(told["path"]), FilePath(told["kept"]), told["name"]),
        "layers": lambda: write_layers(told["network"], FilePath(told["target"])),
        "sheet": lambda: write_sheet(told["network"], told["layer"], FilePath(told["target"])),
    }
    return known[name]()


def work(root: FilePath) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    for line in sys.stdin:
        question = json.loads(line)
        try:
            told = {"answer": answer(root, question["ask"], question["with"])}
        except InputError as error:
            told = {"wrong": str(error)}
        except (OSError, ValueError, MemoryError) as error:
            told = {"wrong": f"{question['ask']}: {str(error).strip() or type(error).__name__}"}
        answers.write(json.dumps(told, ensure_ascii=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    work(FilePath(sys.argv[1]))
