"""Whether a process lives, here and on Windows."""

import ctypes
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from plotart.core import processes
from plotart.core.processes import lives


def test_this_process_lives_and_one_that_ended_does_not():
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    ended.wait()
    assert lives(os.getpid())
    assert not any(map(lives, (ended.pid, 0, -1, 2**70)))


def test_a_process_of_another_user_lives(monkeypatch):
    def refused(pid, signal):
        raise PermissionError

    monkeypatch.setattr(os, "kill", refused)
    assert lives(4711)


@pytest.fixture
def windows(monkeypatch):
    """A stand-in for its kernel: process 10 runs, 11 has ended with code 0, 12 is another user's, no other is there."""
    told = SimpleNamespace(closed=[], asked=[], error=0)

    def open_process(access, inherit, pid):
        told.asked.append(access)
        told.error = {12: 5}.get(pid, 87)
        return {10: 100, 11: 110}.get(pid)

    def exit_code(handle, code):
        code._obj.value = {100: 259, 110: 0}[handle.value]
        return 1

    def kill(*args):
        raise AssertionError("on Windows this ends the process")

    kernel = SimpleNamespace(
        OpenProcess=open_process,
        GetExitCodeProcess=exit_code,
        CloseHandle=lambda handle: told.closed.append(handle.value),
    )
    monkeypatch.setattr(processes, "os", SimpleNamespace(name="nt", kill=kill))
    monkeypatch.setattr(ctypes, "WinDLL", lambda name, use_last_error: kernel, raising=False)
    monkeypatch.setattr(ctypes, "get_last_error", lambda: told.error, raising=False)
    return told


def test_on_windows_the_kernel_is_asked_and_nothing_is_killed(windows):
    assert [lives(pid) for pid in (10, 11, 12, 13, 2**40)] == [True, False, True, False, False]
    assert windows.closed == [100, 110]
    assert set(windows.asked) == {0x1000}
