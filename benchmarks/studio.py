"""The studio's own figures: how soon 300 runs are listed, a frame is live, a draft is there; what being watched costs.

    python benchmarks/studio.py [--photo FILE] [--runs 300] [--parts listing,draft,run]

The server and the runs are processes of their own, as for a user; this program asks and listens as a page does. Seconds
are of the wall clock, so they say something on an idle machine only; shares are of CPU time within one run.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import yaml
from PIL import Image
from skimage import data

DRAFT_ADDRESS = "objectives.pixels.image"


class Page:
    """A page that is open: its requests, and what the stream has told so far."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "plotart", "studio", str(folder), "--port", "0"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        found = re.search(r"http://\S+", self.process.stdout.readline())
        assert found is not None, "the studio did not start"
        self.link = found[0]
        origin = self.link.split("/?")[0].rstrip("/")
        self.client = httpx.Client(base_url=origin, headers={"Origin": origin}, follow_redirects=True, timeout=120)
        wait_for(self._answers)
        self.runs: dict[str, dict[str, Any]] = {}
        self.frames: dict[tuple[str, str], float] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def _answers(self) -> bool:
        """Whether it listens by now; the link is told a moment before."""
        try:
            return self.client.get(self.link).is_success
        except httpx.ConnectError:
            return False

    def _listen(self) -> None:
        with self.client.stream("GET", "/events", timeout=None) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    for run in json.loads(line[6:]).get("runs", []):
                        self.runs[run["name"]] = run
                        if run.get("frame"):
                            self.frames.setdefault((run["name"], run["frame"]), time.time())

    def do(self, what: str, **asked: Any) -> dict[str, Any]:
        answer = self.client.post(f"/api/do/{what}", json=asked)
        answer.raise_for_status()
        return dict(answer.json())

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def wait_for(holds: Callable[[], Any], seconds: float = 600.0) -> float:
    """Seconds until it holds."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise TimeoutError("it never came")
        time.sleep(0.02)
    return time.monotonic() - began


def fill(folder: Path, runs: int) -> None:
    """Folders of so many finished runs, as the studio reads them."""
    for number in range(runs):
        run = folder / f"run-{number:03d}"
        run.mkdir(parents=True)
        settings = {"seed": number, "page": {"size": "a5"}, "objectives": {"neuron": {"at": f"conv4_3:{number}"}}}
        (run / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        pens = [{"name": "black", "hex": "#1a1a1a", "tip_mm": 0.4, "strokes": 3, "seconds": 60}]
        told = {"pens": pens, "plot": {"minutes": 12.5, "ink_mm": 3000.0, "lifts": 3}, "excitation": {"svg": 5.5}}
        told |= {"history": [{"step": step, "losses": {"neuron": -step / 10}} for step in range(300)]}
        (run / "run.json").write_text(json.dumps(told), encoding="utf-8")
        Image.new("RGB", (600, 848), "white").save(run / "preview.png")


def listing(folder: Path, runs: int) -> dict[str, float]:
    """Seconds until a server that never saw the folder has told a page of all its runs, and tells them once more."""
    fill(folder, runs)
    began = time.monotonic()
    page = Page(folder)
    try:
        answering = time.monotonic() - began
        first = wait_for(lambda: len(page.runs) >= runs)
        began = time.monotonic()
        page.client.get("/api/runs").raise_for_status()
        return {"server answers": answering, f"{runs} runs, first time": first, "again": time.monotonic() - began}
    finally:
        page.close()


def drawing(folder: Path, photo: Path, parts: list[str]) -> dict[str, float]:
    """A draft of a photograph, and a run where `parts` says so, watched by an open page."""
    page = Page(folder)
    try:
        page.client.get("/api/form").raise_for_status()  # as the page does, which makes a process ready for the draft
        time.sleep(20)
        kept = page.client.post(
            f"/api/photos?name={photo.name}", content=photo.read_bytes(),
            headers={"Content-Type": "application/octet-stream"},
        ).json()  # fmt: skip
        changes = {DRAFT_ADDRESS: kept["photo"], "threads": 0}
        began = time.monotonic()
        draft = page.do("start", changes=changes, draft=True)["name"]
        wait_for(lambda: page.runs.get(draft, {}).get("frame") or page.runs.get(draft, {}).get("state") == "finished")
        told = {"draft: first picture": time.monotonic() - began}
        wait_for(lambda: page.runs.get(draft, {}).get("state") == "finished")
        told["draft: finished"] = time.monotonic() - began
        if "run" not in parts:
            return told
        before = page.cpu_seconds()
        name = page.do("start", changes=changes, draft=False)["name"]
        made: dict[str, float] = {}
        frames = folder / name / "frames"

        def finished() -> bool:
            for file in frames.glob("*.png"):
                made.setdefault(file.name, file.stat().st_mtime)
            return page.runs.get(name, {}).get("state") == "finished"

        wall = wait_for(finished, 1800)
        late = [at - made[file] for (run, file), at in page.frames.items() if run == name and file in made]
        seconds = json.loads((folder / name / "run.json").read_text("utf-8"))["seconds"]
        told |= {"frame is live after, mean": sum(late) / len(late), "at most": max(late), "frames seen": len(late)}
        told |= {"run": seconds, "server, CPU s": page.cpu_seconds() - before}
        told["share of the run's time, %"] = 100 * told["server, CPU s"] / wall
        return told
    finally:
        page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, help="a photograph [scikit-image's astronaut]")
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--parts", default="listing,draft,run", help="a run comes after a draft [all]")
    chosen = parser.parse_args()
    parts = chosen.parts.split(",")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        photo = chosen.photo or root / "astronaut.png"
        if chosen.photo is None:
            Image.fromarray(data.astronaut()).save(photo)
        told: dict[str, float] = listing(root / "many", chosen.runs) if "listing" in parts else {}
        if "draft" in parts or "run" in parts:
            told |= drawing(root / "few", photo, parts)
        for what, value in told.items():
            print(f"{what:28} {value:8.2f}", flush=True)


if __name__ == "__main__":
    main()
