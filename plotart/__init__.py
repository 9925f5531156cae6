"""plotart: an image or a neuron goes in, pen-ready layers come out.

import plotart

run = plotart.generate(plotart.Config.load("neuron", {"objectives.neuron.at": "conv4_3:12"}))
run.figures["plot"]["minutes"]
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

# Threads of OpenMP that wait for each other by spinning slow torch down 20 to 40 times as soon as another process
# wants a core. Set before torch is imported; a value from outside is kept.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from plotart.core.errors import InputError, Interrupted

if TYPE_CHECKING:
    from plotart.drawing import Drawing
    from plotart.runs.config import Config
    from plotart.runs.folder import Run
    from plotart.runs.pipeline import enlarge, generate, resume

    __version__: str

__all__ = [
    "Config",
    "Drawing",
    "InputError",
    "Interrupted",
    "Run",
    "__version__",
    "enlarge",
    "generate",
    "resume",
]

_HOMES = {
    "Config": "plotart.runs.config",
    "Drawing": "plotart.drawing",
    "Run": "plotart.runs.folder",
    **dict.fromkeys(("enlarge", "generate", "resume"), "plotart.runs.pipeline"),
}


def __getattr__(name: str) -> Any:
    """Import the heavy parts when they are first used, so that `plotart --help` answers at once."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - as the parts below

        return version("plotart")
    if name not in _HOMES:
        raise AttributeError(f"module 'plotart' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
