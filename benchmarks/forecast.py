"""Whether the time left that a run tells is honest: docs/reliability.md holds the figures.

    python benchmarks/forecast.py [--kinds image,neuron] [--scale 1.0]

Of each kind a small run is drawn, of which nothing is known before, then one of more pixels and steps. What
progress.json said of the time left, at every moment from a tenth of the run to 95 % of it, is compared with what was
left indeed. Seconds are of the wall clock, as for whoever waits: other work that comes and goes counts as an error.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from skimage import data

from plotart import Config, generate
from plotart.core.shipped import base_config
from plotart.runs import forecast, log, pipeline, prepare, progress, results  # noqa: F401 - before the fork
from plotart.runs.clearing import PROGRESS

KINDS: dict[str, tuple[str | None, dict[str, object], dict[str, object]]] = {
    "image": (None, {"size": 128, "steps": 40}, {"size": 224, "steps": 120, "page.size": "a5"}),
    "look flow": (None, {"look": "flow", "size": 128, "steps": 40}, {"size": 192, "steps": 80}),
    "circles": ("circles", {"primitive.count": 40, "size": 96, "steps": 80}, {"size": 160, "steps": 160}),
    "dividers": ("dividers", {"primitive.count": 16, "size": 96, "steps": 60}, {"size": 160, "steps": 150}),
    "neuron": (None, {"size": 96, "steps": 20, "minutes": 5}, {"size": 160, "steps": 40}),
    "glyphs": ("glyphs", {"steps": 12}, {"steps": 40}),
}
"""By name: the config, the settings of the small run, and what the larger one changes of them."""
FROM, TO = 0.1, 0.95


def config_of(kind: str, photo: Path, *, larger: bool) -> Config:
    base, small, changed = KINDS[kind]
    changes: dict[str, object] = {"page.size": "a6", "threads": 1, **small, **(changed if larger else {})}
    if kind == "neuron":
        changes |= {"objectives.neuron.at": "conv3_3:5", "network.name": "vgg16-hed"}
    elif kind != "glyphs":
        changes["objectives.pixels.image"] = str(photo)
    return Config.load(base or base_config(changes), changes)


def told(config: Config, folder: Path) -> list[tuple[float, float | None]]:
    """Draw it in a process of its own; at each moment the seconds of work, and those that were said to be left."""
    process = os.fork()
    if not process:
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            generate(config, folder)
            code = 0
        finally:
            os._exit(code)
    moments: dict[float, tuple[float, float | None]] = {}
    ended = None
    while ended is None:
        number, status = os.waitpid(process, os.WNOHANG)
        ended = os.waitstatus_to_exitcode(status) if number else None
        try:
            found = json.loads((folder / PROGRESS).read_text())
            moments[found["time"]] = (found["seconds"], found["seconds_left"])
        except (OSError, ValueError):
            pass
        time.sleep(0.05)
    assert ended == 0, f"{folder.name}: it failed"
    return list(moments.values())


def compared(moments: list[tuple[float, float | None]]) -> str:
    whole = moments[-1][0]
    late = [(seconds, left) for seconds, left in moments if FROM <= seconds / whole <= TO]
    known = [(left / (whole - seconds) - 1) for seconds, left in late if left is not None]
    if not known:
        return f"{whole:6.1f} s  nothing told"
    errors = np.array(known)
    return (
        f"{whole:6.1f} s  at a tenth {errors[0]:+5.0%}, lowest {errors.min():+5.0%}, highest {errors.max():+5.0%}; "
        f"{np.mean(abs(errors) <= 0.3):4.0%} of {len(late)} moments within 30 %"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", default=",".join(KINDS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    progress.WRITE_S = 0.2
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        forecast.FILE = str(root / "times.json")  # what is known of earlier runs is this program's own
        photo = root / "astronaut.png"
        Image.fromarray(data.astronaut()).resize((256, 256)).save(photo)
        for kind in chosen.kinds.split(","):
            for word, larger in (("first of its kind", False), ("larger, after it", True)):
                moments = told(config_of(kind, photo, larger=larger), root / f"{kind} {word}")
                print(f"{kind:10} {word:18} {compared(moments)}", flush=True)


if __name__ == "__main__":
    main()
