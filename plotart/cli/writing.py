"""What a command says when the place it writes to cannot be written."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath

from plotart.core.errors import InputError

__all__ = ["writing"]


@contextmanager
def writing(target: FilePath) -> Iterator[None]:
    """While `target` is written: a place that is read-only, missing or no folder is wrong input, named by its flag."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"--out: '{target}' cannot be written ({reason}); name another place with --out") from None
