"""A process that has imported what a run needs before there is one: it waits for a command and then is that command.

The imports take seconds, and a draft should be on the page by then. `python -m plotart.studio.spare` reads one line of
JSON, `{"command": ["generate", ...], "log": PATH, "cwd": PATH}`, and goes on as `python -m plotart generate ...` with
its output in the log. When its input ends before that, the studio has gone, and so does it.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys

import torch

HEAVY = ("plotart.runs.pipeline", "plotart.cli.runs")


def wait() -> None:
    for module in HEAVY:
        importlib.import_module(module)
    torch.optim.Adam([torch.zeros(1)])  # the first optimizer imports most of all
    line = sys.stdin.readline()
    if not line:
        return
    job = json.loads(line)
    os.chdir(job["cwd"])
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for new, old in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(new, old)
    sys.argv = ["plotart", *job["command"]]
    runpy.run_module("plotart", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    wait()
