"""The commands that move the pen, as a user meets them."""

import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from plotart.cli import cli
from plotart.plot.drive.control import Keyboard, send
from plotart.plot.drive.progress import Progress, control_file, progress_file
from plotart.plot.svg import write_svg
from tests.machines import VirtualEbb
from tests.plot.drive.conftest import small_plot


@pytest.fixture
def drawing(tmp_path):
    return write_svg(small_plot((3, 2)), tmp_path / "drawing.svg")


def call(*words):
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_preview_needs_no_machine_and_says_what_would_be_done(drawing):
    made = call("plot", drawing, "--preview", "--machine", "axidraw-a3", "--layer", "yellow", "--copies", 2)
    assert made.exit_code == 0
    assert "yellow" in made.output and "88/40" not in made.output and "2 copies" in made.output
    assert "80 mm wide" in made.output
    assert not progress_file(drawing).exists()


def test_plots_and_then_refuses_to_resume(drawing):
    with VirtualEbb() as board:
        made = call("plot", drawing, "--port", board.port, "--no-wait")
    assert made.exit_code == 0, made.output
    assert "plotted 5 strokes" in made.output and len(board.paper.strokes) == 5
    assert Progress.read(progress_file(drawing)).state == "done"
    again = call("plot", drawing, "--resume")
    assert again.exit_code != 0 and "finished" in str(again.exception)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--layer", "green"], "1 'yellow'"),
        (["--start-at", "9"], "start"),
        (["--resume"], "nothing has been plotted"),
        (["--resume", "--copies", "2"], "--copies"),
        (
            ["--machine", "axidraw-minikit", "--turn", "--start-at", "2", "--port", "/dev/none"],
            "cannot be opened: there is no such port",
        ),
        (["--machine", "nothing"], "axidraw"),
    ],
)
def test_wrong_input_is_one_sentence_before_anything_moves(drawing, words, said):
    made = call("plot", drawing, *words)
    assert made.exit_code != 0 and said in str(made.exception)
    assert "\n" not in str(made.exception)


def test_a_page_that_does_not_fit_is_said_before_work_starts(tmp_path):
    big = small_plot((3, 2))
    file = write_svg(big.map(lambda layer: [3 * path for path in layer.paths]), tmp_path / "big.svg")
    made = call("plot", file, "--machine", "axidraw-minikit", "--preview")
    assert "160 x 101.6 mm" in str(made.exception)


def test_another_program_pauses_and_goes_on_by_the_control_file(tmp_path):
    file = control_file(tmp_path / "drawing.svg")
    keys = Keyboard(file)
    with keys.listening():
        said = []
        for word in ("pause", "resume", "cancel"):
            send(file, word)
            keys._next = 0.0
            said.append(keys.poll())
            assert not file.exists()
        file.write_text("dance")
        keys._next = 0.0
        assert keys.poll() is None
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
        assert keys.poll() == "cancel"
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        with pytest.raises(KeyboardInterrupt):
            keys.poll()
    assert said == ["pause", "resume", "cancel"]


def test_a_killed_process_is_resumed_from_where_the_board_stands(drawing):
    """The board outlives the process: it is asked for its steps, walks home, and the stroke in hand is drawn again."""
    with VirtualEbb(pace=8) as board:
        command = [sys.executable, "-m", "plotart", "plot", str(drawing), "--port", board.port, "--no-wait"]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if progress_file(drawing).exists() and Progress.read(progress_file(drawing)).stroke >= 1:
                break
            time.sleep(0.01)
        child.kill()
        child.wait()
        before = Progress.read(progress_file(drawing))
        assert before.state == "plotting" and not before.alive
        board.pace = 0.0
        made = call("plot", drawing, "--resume", "--no-wait", "--port", board.port)
        assert made.exit_code == 0, (made.output, made.exception)
    strokes = len(board.paper.strokes)
    assert 5 <= strokes <= 6
    assert Progress.read(progress_file(drawing)).state == "done"


def test_setting_the_machine_up(tmp_path):
    with VirtualEbb() as board:
        assert "height 30" in call("pens", "down", "--port", board.port).output
        assert board.down
        assert "height 60" in call("pens", "up", "--port", board.port).output
        assert not board.down
        mine = tmp_path / "mine.yaml"
        made = call("pens", "heights", "--port", board.port, "--up", 55, "--down", 41, "--save", mine)
        assert "up 55, down 41" in made.output
        assert board.servo[5] == round(9855 + (27831 - 9855) * 0.41)
        assert "height 41" in call("pens", "down", "--machine", mine, "--port", board.port).output
        told = call("pens", "home", "--port", board.port)
        assert "by hand" in str(told.exception)
