"""TensorBoard's log of a run: an event file for each session, written as the run goes, without a thread of its own.

torch's own writer has a thread, which dies with a traceback when the disk is full or the folder is gone, and opens the
file anew by its name for every write.
"""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import IO, Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils import tensorboard

__all__ = ["Log"]

LARGEST_PX = 256
"""Long side of a logged picture; the run's own files hold it as it is."""
FLUSH_S = 5.0

_numbers = itertools.count()


# torch does not say of what types these are
_summary: Any = tensorboard.summary


class Log:
    """An event file in `folder`, made when the first thing is written to it."""

    def __init__(self, folder: FilePath) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._flushed = 0.0

    def scalar(self, name: str, value: float, step: int) -> None:
        self._write(_summary.scalar(name, value), step)

    def image(self, name: str, image: Tensor, step: int) -> None:
        """`image [*, 3, H, W]` sRGB in 0..1, made smaller when it is large."""
        picture = image.detach().cpu().reshape(1, *image.shape[-3:]).float()
        scale = LARGEST_PX / max(picture.shape[-2:])
        if scale < 1:
            picture = interpolate(picture, scale_factor=scale, mode="bilinear", antialias=True, align_corners=False)
        self._write(_summary.image(name, picture[0].clamp(0, 1).numpy(), dataformats="CHW"), step)

    def hparams(self, settings: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """The run's line in TensorBoard's table of hyper-parameters."""
        for part in _summary.hparams(dict(settings), dict(metrics)):
            self._write(part, None)
        for name, value in metrics.items():
            self._write(_summary.scalar(name, value), None)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, what: Any, step: int | None) -> None:
        self._event(Event(wall_time=time.time(), step=step or 0, summary=what))

    def _event(self, event: Any) -> None:
        if self._file is None:
            name = f"events.out.tfevents.{time.time():.0f}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
            self._file = (self._folder / name).open("xb")
            self._event(Event(wall_time=time.time(), file_version="brain.Event:2"))
        RecordWriter(self._file).write(event.SerializeToString())
        if time.monotonic() - self._flushed > FLUSH_S:
            self._flushed = time.monotonic()
            self._file.flush()
