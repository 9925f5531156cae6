"""An EiBotBoard with firmware 2.7.0: a queue of one behind the command that runs, two steppers, a servo, a button."""

import math

import numpy as np

from .board import Board

STEPS_PER_MM = 80


class VirtualEbb(Board):
    """Answers OK to a motion command when it has entered the queue, as the board does."""

    def __init__(self, *rest, version="2.7.0", steps_per_mm=STEPS_PER_MM, **named):
        super().__init__(*rest, **named)
        self.version, self.steps_per_mm = version, steps_per_mm
        self.motors = False
        self.counters = np.zeros(2, dtype=int)
        self.servo = {4: 12000, 5: 16000, 10: 400, 11: 400, 12: 400}
        self.servo_moves = []
        self._text = ""
        self._running = None  # (start, end, command)
        self._queued = None
        self._presses = sorted(self.faults.press_at)

    # the queue

    def _start(self, command, when):
        kind, numbers = command
        self._running = (when, when + numbers[0] / 1000, command)
        if kind == "pen":
            up = numbers[1] == 1
            pulse = self.servo[4 if up else 5]
            self.servo_moves.append((when, pulse, numbers[0]))
            self.pen(not up)
        elif kind == "motors":
            self.motors = bool(numbers[1])
            self.counters[:] = 0
        elif numbers[1] or numbers[2]:
            self.motors = True

    def _end(self, share=1.0):
        _, _, (kind, numbers) = self._running
        if kind == "move":
            whole = np.array(numbers[1:])
            part = np.rint(whole * share).astype(int)
            self.counters += part
            one, other = part / self.steps_per_mm
            if part.any():
                self.carry(self.carriage + np.array([one + other, one - other]) / 2)

    def run_until(self, when):
        """Finish what is due until then, in order."""
        while self._running is not None:
            start, end, _ = self._running
            if end > when:
                break
            cut = self.faults.cut_at
            if cut is not None and end >= cut:
                self._end(max(0.0, min(1.0, (cut - start) / max(1e-9, end - start))))
                self._running = None
            self.wait_until(end)
            self._end()
            self._running = None
            if self._queued is not None:
                queued, self._queued = self._queued, None
                self._start(queued, end)
        if self._running is None:
            self.wait_until(when)

    def _enqueue(self, command):
        """Wait for a place in the queue, then take it."""
        self.run_until(self._now())
        if self._running is None:
            self._start(command, self._now())
            return
        if self._queued is not None:
            self.run_until(self._running[1])
        if self._running is None:
            self._start(command, self._now())
        else:
            self._queued = command

    def _now(self):
        return max(self.clock, self.real()) if self.pace else self.clock

    def idle(self):
        if self.pace:
            self.run_until(self._now())

    # the words

    def receive(self, got):
        self._text += got.decode("ascii", "replace")
        while "\r" in self._text:
            line, _, self._text = self._text.partition("\r")
            line = line.strip("\n")
            if line:
                self.heard.append(line)
                self._obey(self.misread(line))

    def _obey(self, line):
        name, *words = line.split(",")
        numbers = []
        for word in words:
            try:
                numbers.append(int(word))
            except ValueError:
                return self._refuse(line)
        name = name.upper()
        handler = getattr(self, f"_do_{name.lower()}", None) if name.isalpha() else None
        if handler is None:
            return self._refuse(line)
        try:
            return handler(*numbers)
        except TypeError:
            return self._refuse(line)

    def _refuse(self, line):
        self.answer(f"!8 Err: Unknown command '{line[:20]}'\r\n")

    def _ok(self):
        self.answer("OK\r\n")

    def _do_v(self):
        self.answer(f"EBBv13_and_above EB Firmware Version {self.version}\r\n")

    def _do_sm(self, ms, one, other=0):
        if not 1 <= ms <= 16_777_215 or max(abs(one), abs(other)) / ms > 25:
            self.answer("!5 Err: <axis1> step rate is too high\r\n")
            return
        for steps in (one, other):
            if steps and abs(steps) / ms * 1000 < 1.31:
                self.answer("!5 Err: <axis1> step rate is too low\r\n")
                return
        self._enqueue(("move", (ms, one, other)))
        self._ok()

    def _do_xm(self, ms, a, b):
        self._do_sm(ms, a + b, a - b)

    def _do_sp(self, value, ms=0, pin=1):
        self._enqueue(("pen", (ms, value)))
        self._ok()

    def _do_em(self, one, other=None):
        self._enqueue(("motors", (0, one)))
        self._ok()

    def _do_sc(self, parameter, value):
        self.servo[parameter] = value
        self._ok()

    def _do_cs(self):
        self.run_until(self._now())
        self.counters[:] = 0
        self._ok()

    def _do_qm(self):
        self._pass(0.002)
        busy = self._running is not None
        moving = busy and self._running[2][0] == "move"
        self.answer(f"QM,{busy:d},{moving:d},{moving:d},{self._queued is not None:d}\n\r")

    def _pass(self, seconds):
        """A question takes a little of the machine's time; in leaps, up to the end of what it does."""
        if self.pace or self._running is None:
            self.run_until(self._now() + (0 if self.pace else seconds))
        else:
            self.run_until(self._running[1])

    def _do_qs(self):
        self.run_until(self._now())
        self.answer(f"{self.counters[0]},{self.counters[1]}\n\rOK\r\n")

    def _do_qp(self):
        self.answer(f"{not self.down:d}\n\rOK\r\n")

    def _do_qb(self):
        now = self._now()
        pressed = bool(self._presses) and self._presses[0] <= now
        while self._presses and self._presses[0] <= now:
            self._presses.pop(0)
        self.answer(f"{pressed:d}\r\nOK\r\n")

    def press(self):
        """Push the button now."""
        self._presses.append(-math.inf)

    def _do_es(self, off=0):
        if self._running is not None:
            start, end, _ = self._running
            self._end((self._now() - start) / max(1e-9, end - start))
        self._running = self._queued = None
        self.answer("1,0,0,0,0\n\rOK\r\n")
