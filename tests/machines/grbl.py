"""A board with GRBL 1.1: a receive buffer, 16 planned blocks, hold, reset. Its planner is written from GRBL's own
description, block by block, and shares nothing with plotart's motion model."""

import math
import os
import re
import select
from collections import deque

import numpy as np

from .board import Board

RECEIVE = 128
BLOCKS = 16

SETTINGS = {
    10: 1, 11: 0.05, 13: 0, 20: 0, 21: 0, 22: 0, 30: 1000, 32: 0, 110: 8000.0, 111: 8000.0, 112: 6000.0,
    120: 700.0, 121: 700.0, 122: 1000.0, 130: 430.0, 131: 297.0, 132: 10.0,
}  # fmt: skip


class Block:
    """One planned motion: from, to, in machine mm, and what limits it."""

    def __init__(self, start, end, feed, board):
        self.start, self.end = start, end
        way = end - start
        self.mm = float(np.sqrt((way * way).sum()))
        self.unit = way / self.mm
        self.pull = board.limited([board.settings[k] for k in (120, 121, 122)], self.unit)
        self.top = min(feed / 60, board.limited([board.settings[k] / 60 for k in (110, 111, 112)], self.unit))
        self.junction = 0.0  # v^2 allowed where it begins
        self.done = 0.0  # mm of it that are behind


class VirtualGrbl(Board):
    """Answers ok when a line is parsed; a dwell or a spindle command waits until all motion is done."""

    def __init__(self, *rest, settings=None, z_pen=(5.0, 0.0), servo_pen=None, axes=("u", "-v"), home=None, **named):
        """`z_pen` or `servo_pen`: heights of the raised and the lowered pen on Z, or of S."""
        super().__init__(*rest, **named)
        self.settings = {**SETTINGS, **(settings or {})}
        self.z_pen, self.servo_pen, self.axes, self.home = z_pen, servo_pen, axes, home
        self.overflowed = False
        self.place = np.zeros(3)  # machine mm, of the motors
        self.work = np.zeros(3)  # G54, kept through resets
        self.presses = sorted(self.faults.press_at)
        self._forget()

    def _forget(self):
        self.state, self.sub = "Idle", 0
        self.goal = self.place.copy()
        self.blocks, self.speed = deque(), 0.0  # speed: at which the next block is entered
        self.lines, self.text = deque(), ""
        self.mode, self.relative, self.feed = 0, False, 0.0

    def power_on(self):
        self.answer("\r\nGrbl 1.1h ['$' for help]\r\n")

    # bytes

    def receive(self, got):
        for byte in got.decode("ascii", "replace"):
            if byte == "?":
                self._report()
            elif byte == "!":
                self._hold()
            elif byte == "~":
                if self.state == "Hold":
                    self.state = "Idle" if not self.blocks else "Run"
            elif byte == "\x18":
                self._reset()
            else:
                self.text += byte
                if byte in "\r\n":
                    line, self.text = self.text.strip(), ""
                    self.heard.append(line)
                    self.lines.append((self.misread(line), len(line) + 1))
        if sum(size for _, size in self.lines) + len(self.text) > RECEIVE:
            self.overflowed = True
        self._work_off()

    def idle(self):
        if self.pace and self.state == "Run":
            self._work_off()
            if self.blocks and self.state == "Run":
                self._run_block()

    def between(self):
        if select.select([self._master], [], [], 0)[0]:
            self._late = getattr(self, "_late", b"") + os.read(self._master, 4096)

    def _work_off(self):
        while self.lines and self.state in ("Idle", "Run", "Alarm", "Sleep"):
            line, _ = self.lines[0]
            if not self._parse(line):
                return
            if self.lines:
                self.lines.popleft()
            if getattr(self, "_late", b""):
                late, self._late = self._late, b""
                self.receive(late)
                return

    def _reset(self):
        if self.state == "Run" or (self.state == "Hold" and self.sub == 1):
            self._forget()
            self.state = "Alarm"
            self.answer("ALARM:3\r\n")
        else:
            locked = self.state in ("Alarm", "Sleep")
            self._forget()
            if locked:
                self.state = "Alarm"
        if self.servo_pen:
            self.pen(False)  # the spindle stops, the servo goes to rest
        self.answer("\r\nGrbl 1.1h ['$' for help]\r\n")

    def _report(self):
        if not self.pace:
            self.wait_until(self.clock + 0.005)
        while self.presses and self.presses[0] <= self.clock:
            self.presses.pop(0)
            self._hold()
        state = f"{self.state}:{self.sub}" if self.state == "Hold" else self.state
        place, work = (",".join(f"{v:.3f}" for v in part) for part in (self.place, self.work))
        self._write(f"<{state}|MPos:{place}|FS:0,0|WCO:{work}>\r\n".encode())

    def press(self):
        """The hold button, now."""
        self.presses.append(-math.inf)

    # words

    def _parse(self, line):  # noqa: PLR0911, PLR0912 - one branch a word
        """Whether the line is dealt with (else there is no room for it yet); answers it."""
        if not line:
            self.answer("ok\r\n")
            return True
        if line.startswith("$"):
            return self._system(line)
        if self.state in ("Alarm", "Sleep"):
            self.answer("error:9\r\n")
            return True
        bare = re.sub(r"\(.*?\)|;.*|\s", "", line).upper()
        words = re.findall(r"([A-Z])(-?\d*\.?\d+)", bare)
        if "".join(a + b for a, b in words) != bare:
            self.answer("error:1\r\n")
            return True
        values = {letter: float(number) for letter, number in words if letter not in "GM"}
        codes = [letter + f"{float(number):g}" for letter, number in words if letter in "GM"]
        if not set(codes) <= {
            "G0", "G1", "G4", "G10", "G20", "G21", "G54", "G90", "G91", "G92.1", "G94", "M0", "M2", "M3", "M5",
        }:  # fmt: skip
            self.answer("error:20\r\n")
            return True
        moves = any(axis in values for axis in "XYZ") and "G10" not in codes
        if moves and len(self.blocks) >= BLOCKS:
            self._run_block()
            if self.state == "Hold":
                return False
        if {"G4", "M0", "M3", "M5", "G10"} & set(codes):
            self._drain()
            if self.state == "Hold" or not self.lines:
                return False
        self.relative = (self.relative or "G91" in codes) and "G90" not in codes
        if "F" in values:
            self.feed = values["F"]
        for code in codes:
            if code in ("G0", "G1"):
                self.mode = int(code[1])
        if "G4" in codes:
            self.wait_until(max(self.clock, self.real()) + values.get("P", 0.0))
        if "G10" in codes:
            for number, axis in enumerate("XYZ"):
                if axis in values:
                    self.work[number] = self.place[number] - values[axis]
        for code in ("M3", "M5"):
            if code in codes and self.servo_pen:
                up, down = self.servo_pen
                height = values.get("S", getattr(self, "_s", 0.0)) if code == "M3" else up
                self._s = height
                self.pen(abs(height - down) < abs(height - up))
        if moves:
            goal = self.goal.copy()
            for number, axis in enumerate("XYZ"):
                if axis in values:
                    base = self.goal[number] if self.relative else self.work[number]
                    goal[number] = base + values[axis]
            if self.mode == 1 and not self.feed:
                self.answer("error:22\r\n")
                return True
            self._plan(goal)
        self.answer("ok\r\n")
        return True

    def _system(self, line):
        if line == "$$":
            for number, value in self.settings.items():
                self._write(f"${number}={value:g}\r\n".encode())
        elif line == "$X":
            self.state = "Idle"
        elif line == "$H":
            if self.home is None:
                self.answer("error:5\r\n")
                return True
            self._drain()
            self.place[:] = self.goal = np.zeros(3)
            self.carry(self.home)
            self.state = "Idle"
        elif line == "$SLP":
            self._drain()
            self.state = "Sleep"
        else:
            self.answer("error:3\r\n")
            return True
        self.answer("ok\r\n")
        return True

    # motion

    def limited(self, most, unit):
        """The largest value along `unit` at which no axis exceeds its own."""
        return min(value / abs(part) for value, part in zip(most, unit, strict=True) if abs(part) > 1e-12)

    def _plan(self, goal):
        if np.abs(goal - self.goal).max() < 1e-9:
            return
        feed = self.feed if self.mode == 1 else math.inf
        block = Block(self.goal.copy(), goal, feed, self)
        if self.blocks:
            last = self.blocks[-1]
            cosine = -float(last.unit @ block.unit)
            if cosine > 0.999999:
                block.junction = 0.0
            elif cosine < -0.999999:
                block.junction = math.inf
            else:
                half = math.sqrt(0.5 * (1 - cosine))
                turn = block.unit - last.unit
                pull = self.limited([self.settings[k] for k in (120, 121, 122)], turn / np.linalg.norm(turn))
                block.junction = pull * self.settings[11] * half / (1 - half)
            block.junction = min(block.junction, last.top**2, block.top**2)
        self.blocks.append(block)
        self.goal = goal
        self.state = "Run"

    def _exit_speed(self):
        """v^2 at which the first block may be left so that the last one ends at rest."""
        allowed = 0.0
        for block in reversed(list(self.blocks)[1:]):
            allowed = min(block.junction, allowed + 2 * block.pull * (block.mm - block.done))
        first = self.blocks[0]
        return min(allowed, self.speed**2 + 2 * first.pull * (first.mm - first.done))

    def _run_block(self):
        """Do the first block as planned now."""
        if not self.blocks:
            self.state = "Idle"
            return
        while self.presses and self.presses[0] <= self.clock:
            self.presses.pop(0)
            self._hold()
            return
        block = self.blocks[0]
        left, a, b = block.mm - block.done, self.speed**2, self._exit_speed()
        peak = min(block.top**2, (a + b) / 2 + block.pull * left)
        peak = max(peak, b)
        up, down = max(0.0, peak - a) / (2 * block.pull), max(0.0, peak - b) / (2 * block.pull)
        level = max(0.0, left - up - down)
        root = math.sqrt(peak)
        times = [(root - math.sqrt(a)) / block.pull, level / root if root else 0.0, (root - math.sqrt(b)) / block.pull]
        whole = max(0.0, times[0]) + times[1] + max(0.0, times[2])
        cut = self.faults.cut_at
        begun = max(self.clock, self.real()) if self.pace and self.speed == 0 else self.clock
        if cut is not None and begun + whole >= cut:
            t = max(0.0, cut - begun)
            t0 = min(t, times[0])
            mm = math.sqrt(a) * t0 + block.pull / 2 * t0 * t0 + root * max(0.0, min(t - times[0], times[1]))
            t2 = max(0.0, t - times[0] - times[1])
            mm += root * t2 - block.pull / 2 * t2 * t2
            self._go(block, block.done + min(left, mm))
        self.wait_until(begun + whole)
        self._go(block, block.mm)
        self.speed = math.sqrt(b)
        self.blocks.popleft()
        if not self.blocks:
            self.state, self.speed = "Idle", 0.0

    def _go(self, block, mm):
        block.done = mm
        self.place = block.start + block.unit * mm if mm < block.mm else block.end.copy()
        if block.unit[:2].any():
            at = dict(zip(("X", "Y"), self.place[:2] - self._zero(), strict=True))
            place = np.zeros(2)
            for letter, axis in zip("XY", self.axes, strict=True):
                place["uv".index(axis[-1])] = -at[letter] if axis.startswith("-") else at[letter]
            self.carry(place)
        if block.unit[2] and self.z_pen:
            up, down = self.z_pen
            self.pen(abs(self.place[2] - self.work[2] - down) < abs(self.place[2] - self.work[2] - up))

    def _zero(self):
        """Machine X, Y of home: where it stood when it was switched on, or where the switches are."""
        return self.settings.get("zero", np.zeros(2))

    def _drain(self):
        while self.blocks and self.state == "Run":
            self._run_block()

    def _hold(self):
        """Brake where it is, somewhere in the block it runs, and stand."""
        if self.state != "Run" or not self.blocks:
            return
        block = self.blocks[0]
        if not self.pace:  # in leaps: as if it had been a while in this block
            self._go(block, block.done + self.random.random() * 0.5 * (block.mm - block.done))
            self.speed = min(block.top, math.sqrt(self.speed**2 + 2 * block.pull * block.done))
        while self.blocks and self.speed > 0:
            block = self.blocks[0]
            need = self.speed**2 / (2 * block.pull)
            left = block.mm - block.done
            if need < left:
                self._go(block, block.done + need)
                self.wait_until(self.clock + self.speed / block.pull)
                self.speed = 0.0
            else:
                slower = math.sqrt(max(0.0, self.speed**2 - 2 * block.pull * left))
                self.wait_until(self.clock + (self.speed - slower) / block.pull)
                self.speed = slower
                self._go(block, block.mm)
                self.blocks.popleft()
        self.speed = 0.0
        if not self.blocks and not self.lines:
            self.state = "Idle"
            return
        self.state, self.sub = "Hold", 0
