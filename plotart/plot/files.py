"""Files appear whole or not at all."""

import os
from pathlib import Path as FilePath

from plotart.core.images import write_beside

__all__ = ["write_whole"]


def write_whole(path: str | FilePath, content: str | bytes) -> FilePath:
    """Write `content` (text as UTF-8) to `path`, replacing what was there only when every byte is on disk."""
    target = FilePath(path)
    with write_beside(target) as beside, beside.open("wb") as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    return target
