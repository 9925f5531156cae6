"""Seconds that go into compiling functions, once on a machine; they say nothing of runs to come."""

from __future__ import annotations

from types import TracebackType

from numba.core import event

__all__ = ["Compiling"]

KIND = "numba:compile"


class Compiling:
    """Counts them while it is entered, in this thread and others."""

    def __init__(self) -> None:
        self._timer = event.TimingListener()  # type: ignore[no-untyped-call]

    @property
    def seconds(self) -> float:
        return float(self._timer.duration) if self._timer.done else 0.0

    def __enter__(self) -> Compiling:
        event.register(KIND, self._timer)  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        event.unregister(KIND, self._timer)  # type: ignore[no-untyped-call]
