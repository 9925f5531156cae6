"""A virtual plotter to try commands on: `python -m tests.machines ebb --pace 10`, then `plotart plot --port ...`."""

import argparse
import time

import svgwrite

from . import VirtualEbb, VirtualGrbl


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["ebb", "grbl"])
    parser.add_argument("--pace", type=float, default=1.0, help="how many times faster than real; 0 leaps")
    parser.add_argument("--out", help="SVG file that shows what was drawn, written every second")
    chosen = parser.parse_args()
    machine = {"ebb": VirtualEbb, "grbl": VirtualGrbl}[chosen.kind](pace=chosen.pace)
    with machine:
        print(machine.port, flush=True)
        try:
            while machine.alive:
                time.sleep(1)
                if chosen.out:
                    drawing = svgwrite.Drawing(chosen.out, size=("430mm", "300mm"), viewBox="0 0 430 300")
                    for stroke in list(machine.paper.strokes):
                        drawing.add(drawing.polyline(stroke.tolist(), fill="none", stroke="black", stroke_width=0.3))
                    drawing.save()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
