"""`python -m plotart.compat program.py [arguments]`: run a program that imports pydiffvg on this rasterizer."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from plotart.compat import install


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit("usage: python -m plotart.compat program.py [arguments]")
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    install()
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
