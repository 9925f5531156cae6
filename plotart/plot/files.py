"""Files appear whole or not at all: written beside their place, then renamed."""

import os
import tempfile
from pathlib import Path as FilePath

__all__ = ["write_whole"]


def write_whole(path: str | FilePath, content: str | bytes) -> FilePath:
    """Write `content` (text as UTF-8) to `path`, replacing what was there only when every byte is on disk."""
    target = FilePath(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        FilePath(beside).chmod(0o666 & ~umask)  # mkstemp makes files private; a drawing is an ordinary file
        FilePath(beside).replace(target)
    except BaseException:
        FilePath(beside).unlink(missing_ok=True)
        raise
    return target
