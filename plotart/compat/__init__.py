"""Other libraries' interfaces on this rasterizer.

    from plotart.compat import pydiffvg

or, before a program that says `import pydiffvg`:

    import plotart.compat
    plotart.compat.install()
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

__all__ = ["install"]


def install() -> ModuleType:
    """Make `import pydiffvg` and `import diffvg` find the stand-in, in this process; returns it.

    Raises:
        ImportError: another pydiffvg has been imported already.
    """
    module = importlib.import_module("plotart.compat.pydiffvg")
    for name in ("pydiffvg", "diffvg"):
        have = sys.modules.get(name)
        if have is not None and have is not module:
            raise ImportError(f"{name} has been imported already: call plotart.compat.install() before")
        sys.modules[name] = module
    return module
