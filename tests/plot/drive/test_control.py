"""Words for a plot at work: keys of a terminal here and on Windows, signals, and the control file."""

import errno
import os
import pty
import signal
import sys
import types

import pytest
import serial

from plotart.core.errors import InputError
from plotart.plot.drive import control
from plotart.plot.drive.control import Keyboard, send
from plotart.plot.drive.line import Line


@pytest.fixture
def keyboard(tmp_path, monkeypatch):
    monkeypatch.setattr(control, "LOOK_SECONDS", 0.0)
    return Keyboard(tmp_path / "drawing.plot.control")


@pytest.fixture
def terminal(monkeypatch):
    """The end of a terminal at which a user types."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r", closefd=True) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield ours
    os.close(ours)


def test_keys_of_a_terminal(keyboard, terminal):
    with keyboard.listening():
        assert keyboard.poll() is None
        os.write(terminal, b"pxR\nq")
        assert [keyboard.poll() for _ in range(6)] == ["pause", None, "resume", "resume", "cancel", None]


def test_keys_of_windows(keyboard, terminal, monkeypatch):
    """Where msvcrt is, it is asked: select takes no terminal there."""
    typed = list("p Q")
    windows = types.SimpleNamespace(kbhit=lambda: bool(typed), getwch=lambda: typed.pop(0))
    monkeypatch.setitem(sys.modules, "msvcrt", windows)
    monkeypatch.setattr(control.select, "select", lambda *ends: pytest.fail("a terminal cannot be selected on"))
    assert [keyboard.poll() for _ in range(4)] == ["pause", "pause", "cancel", None]


def test_words_in_the_file(keyboard):
    send(keyboard.file, "resume")
    with keyboard.listening():
        assert keyboard.poll() is None  # it was meant for an earlier plot
        for word in ("pause", "dance", "cancel"):
            send(keyboard.file, word)
            assert keyboard.poll() == (None if word == "dance" else word)
            assert not keyboard.file.exists()


def test_one_ctrl_c_cancels_and_a_second_stops_at_once(keyboard):
    before = signal.getsignal(signal.SIGINT)
    with keyboard.listening():
        os.kill(os.getpid(), signal.SIGINT)
        assert [keyboard.poll(), keyboard.poll()] == ["cancel", None]
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            keyboard.poll()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(("number", "told"), [(errno.EACCES, "dialout"), (errno.EBUSY, "another program has it")])
def test_why_a_port_cannot_be_had_is_told_in_plain_words(monkeypatch, number, told):
    def refusing(*given, **more):
        raise serial.SerialException(number, f"could not open port: [Errno {number}]")

    monkeypatch.setattr(serial, "Serial", refusing)
    with pytest.raises(InputError, match=told) as error:
        Line("/dev/ttyACM0")
    assert "Errno" not in str(error.value)
