"""The drawings that a run has kept, each whole: to be rendered, filmed or exported without what made them."""

from __future__ import annotations

from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.runs.folder import Run
from plotart.stages import stages

__all__ = ["drawing_of"]


def drawing_of(run: Run, stage: str | None = None) -> Drawing:
    """The drawing that a run had at the end of its last stage called `stage`; of the last fit or train if not given.

    Raises:
        InputError: no such stage has ended yet.
    """
    saved = run.load_checkpoint()
    seen = () if saved is None else saved.ended
    wanted = tuple(kind for kind in stages if stages[kind].goes_on) if stage is None else (stage,)
    found = [entry for entry in seen if entry.stage in wanted]
    if not found:
        ended = ", ".join(dict.fromkeys(entry.stage for entry in seen)) or "none"
        raise InputError(
            f"--stage: no stage {' or '.join(wanted)!r} of '{run.folder}' has ended; those that have: {ended}"
        )
    return Drawing.unpack(found[-1].drawing)
