"""What virtual machines draw is the plot: whole, in time, and whatever goes wrong."""

import random

import numpy as np
import pytest

from plotart.core.errors import InputError, Interrupted
from plotart.core.geometry import straight
from plotart.plot import Layer, Plot
from plotart.plot.drive.boards import connect, greeted
from plotart.plot.drive.line import Lost
from plotart.plot.drive.progress import Progress
from plotart.plot.motion import estimate
from tests.machines import Faults, Paper

from ..conftest import YELLOW, random_paths
from .conftest import MACHINES, Script, apart, farthest, polylines, session, small_plot


def plotted(kind, plot, file, *, faults=None, paper=None, control=None, progress=None, wait=False, copies=1, **board):
    """One life of a machine; the board, and the error that ended it, if any."""
    make, machine = MACHINES[kind]
    virtual = make(paper, faults, **board)
    try:
        made = session(plot, machine, virtual.direct(), file, control=control, progress=progress, wait=wait,
                       copies=copies)  # fmt: skip
        made.run()
    except (Lost, Interrupted, InputError) as error:
        return virtual, error
    return virtual, None


def assert_drawn(plot, strokes, within=0.1):
    want = polylines(plot)
    assert len(strokes) == len(want)
    for line, stroke in zip(want, strokes, strict=True):
        assert apart(line, stroke) < within
        assert np.hypot(*(stroke[0] - line[0])) < within and np.hypot(*(stroke[-1] - line[-1])) < within


def test_the_page_is_the_plot_and_takes_what_was_estimated(kind, tmp_path):
    plot = small_plot((30, 15))
    virtual, error = plotted(kind, plot, tmp_path / "p.json", travel=(430, 297))
    assert error is None
    assert_drawn(plot, virtual.paper.strokes)
    time = estimate(plot, MACHINES[kind][1])
    assert virtual.clock == pytest.approx(time.seconds - time.change_seconds, rel=0.03)
    np.testing.assert_allclose(virtual.carriage, 0, atol=0.01)
    assert not virtual.crashed and not virtual.down
    done = Progress.read(tmp_path / "p.json")
    assert done.state == "done" and done.strokes_done == plot.strokes and done.seconds_left == 0


def test_over_a_terminal_as_over_a_cable(kind, tmp_path):
    make, machine = MACHINES[kind]
    plot = small_plot((3, 2))
    with make(faults=Faults(slow=0.002)) as virtual:
        session(plot, machine, virtual.port, tmp_path / "p.json").run()
    assert_drawn(plot, virtual.paper.strokes)
    with make(faults=Faults(unplug_after=80)) as virtual, pytest.raises(Lost, match="--resume"):
        session(plot, machine, virtual.port, tmp_path / "p.json").run()


def test_long_and_tiny_strokes_keep_their_time_and_place(kind, tmp_path):
    plot = small_plot()
    paths = [straight([0, 0], [75, 60]), straight([75, 60], [75, 60.02]), *random_paths(3, 4, (60, 60), 4, 30)]
    plot = Plot(plot.page, 0, [Layer(YELLOW, [np.clip(p, 0, 80) for p in paths])])
    virtual, error = plotted(kind, plot, tmp_path / "p.json")
    assert error is None
    assert_drawn(plot, virtual.paper.strokes)
    assert virtual.clock == pytest.approx(estimate(plot, MACHINES[kind][1]).seconds, rel=0.03)


def test_faults_of_the_line_change_nothing_on_paper(tmp_path):
    plot = small_plot((6, 4))
    faults = Faults(noise=0.02, lost=0.004, misread=0.004, seed=3)
    make, machine = MACHINES["ebb"]
    virtual = make(None, faults)
    session(plot, machine, virtual.direct(), tmp_path / "p.json").run()
    assert_drawn(plot, virtual.paper.strokes)
    np.testing.assert_allclose(virtual.carriage, 0, atol=0.01)


def test_a_line_that_grbl_does_not_take_draws_that_stroke_again(tmp_path):
    plot = small_plot((6, 4))
    virtual, error = plotted("grbl", plot, tmp_path / "p.json", faults=Faults(noise=0.02, misread=0.02, seed=1))
    assert error is None
    want = polylines(plot)
    for line in want:  # each is there, whole; a broken try may lie beside it
        assert any(apart(line, stroke) < 0.1 for stroke in virtual.paper.strokes)
    for stroke in virtual.paper.strokes:  # and no try begins where no stroke does: the pen came down in its place
        assert min(np.hypot(*(stroke[0] - line[0])) for line in want) < 0.1
    assert len(want) < len(virtual.paper.strokes) <= 3 * len(want)


def test_slow_and_noisy_answers_of_grbl_change_nothing(tmp_path):
    plot = small_plot((6, 4))
    virtual, error = plotted("grbl", plot, tmp_path / "p.json", faults=Faults(noise=0.05))
    assert error is None and not virtual.overflowed
    assert_drawn(plot, virtual.paper.strokes)


def test_pause_in_a_stroke_lifts_the_pen_and_goes_on_there(kind, tmp_path):
    plot = Plot(small_plot().page, 0, [Layer(YELLOW, random_paths(1, 2, (60, 60), 4, 40))])
    plot = plot.map(lambda layer: [np.clip(p, 0, 80) for p in layer.paths])
    virtual, error = plotted(kind, plot, tmp_path / "p.json", control=Script({40: "pause", 45: "resume"}))
    assert error is None
    parts = virtual.paper.strokes
    assert len(parts) == 2
    np.testing.assert_allclose(parts[0][-1], parts[1][0], atol=0.05)
    (line,) = polylines(plot)
    assert apart(line, np.concatenate(parts)) < 0.1
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    assert virtual.paper.ink_mm == pytest.approx(length, rel=0.01)  # nothing twice


def test_cancelled_goes_home_and_resumes_to_the_same_page(kind, tmp_path):
    plot, file, paper = small_plot(), tmp_path / "p.json", Paper()
    virtual, error = plotted(kind, plot, file, paper=paper, control=Script({150: "cancel"}))
    assert isinstance(error, Interrupted) and "--resume" in str(error)
    np.testing.assert_allclose(virtual.carriage, 0, atol=0.01)
    assert not virtual.down
    at = Progress.read(file)
    assert at.state == "cancelled" and 0 < at.strokes_done < plot.strokes
    virtual, error = plotted(kind, plot, file, paper=paper, progress=at)
    assert error is None and Progress.read(file).state == "done"
    whole = float(sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in polylines(plot)))
    assert paper.ink_mm == pytest.approx(whole, rel=0.005)  # it went on in the stroke: nothing twice


def test_motors_are_off_after_all(tmp_path):
    for words in ({}, {150: "cancel"}):
        virtual, _ = plotted("ebb", small_plot(), tmp_path / "p.json", control=Script(words))
        assert not virtual.motors and virtual.heard[-2] == "EM,0,0"


def test_the_machines_button_pauses(tmp_path):
    plot, waited = small_plot(), Script()

    class Patient(Script):
        def poll(self):
            if Progress.read(tmp_path / "p.json").state == "paused":
                self.paused = True
                return "resume"
            return None

    waited = Patient()
    for kind in MACHINES:
        virtual, error = plotted(kind, plot, tmp_path / "p.json", control=waited, faults=Faults(press_at=[6.0]))
        assert error is None and waited.paused
        whole = float(sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in polylines(plot)))
        assert virtual.paper.ink_mm == pytest.approx(whole, rel=0.01)
        waited.paused = False


def resumed_after_cut(kind, plot, file, cut):
    """Power goes at `cut` seconds; the carriage is pushed home, and the plot goes on. The strokes of both lives."""
    paper = Paper()
    _, error = plotted(kind, plot, file, paper=paper, faults=Faults(cut_at=cut))
    assert isinstance(error, Lost) and "--resume" in str(error)
    first, paper.strokes = paper.strokes, []
    _, error = plotted(kind, plot, file, paper=paper, progress=Progress.read(file))
    assert error is None
    return first, paper.strokes


def test_power_cuts_at_random_moments_leave_nothing_out_and_draw_one_stroke_twice_at_most(kind, tmp_path):
    """25 moments on each machine."""
    plot = small_plot((7, 5))
    want = polylines(plot)
    whole = estimate(plot, MACHINES[kind][1])
    rng = random.Random(kind)
    for moment in range(25):
        cut = rng.uniform(0.4, whole.seconds - whole.change_seconds - whole.home_seconds)
        first, rest = resumed_after_cut(kind, plot, tmp_path / f"{moment}.json", cut)
        # the first life drew whole strokes, and perhaps a piece of one more
        done = sum(apart(a, b) < 0.1 for a, b in zip(want, first, strict=False))
        assert len(first) - done in (0, 1), cut
        if len(first) > done:
            assert farthest(first[-1], want[done]) < 0.1
        begun = len(want) - len(rest)
        assert begun in (done, done - 1), cut  # the stroke in hand may have been finished a moment before
        assert_drawn(Plot(plot.page, 0, [Layer(YELLOW, [p for x in plot.layers for p in x.paths][begun:])]), rest)


def test_a_pulled_cable_is_one_sentence(kind, tmp_path):
    _, error = plotted(kind, small_plot(), tmp_path / "p.json", faults=Faults(unplug_after=60))
    assert isinstance(error, Lost) and "--resume" in str(error) and "\n" not in str(error)
    assert Progress.read(tmp_path / "p.json").state == "lost"


def test_soft_limits_are_refused_before_the_pen_moves(kind, tmp_path):
    big = small_plot()
    far = Plot(big.page, 0, [Layer(YELLOW, [straight([0, 0], [500, 10])])])
    virtual, error = plotted(kind, far, tmp_path / "p.json")
    assert isinstance(error, InputError) and "500.0" in str(error)
    assert virtual.clock < 0.1 and not virtual.paper.strokes
    assert not any(line.startswith(("SM", "G1")) for line in virtual.heard)


def test_the_boards_own_soft_limits_count_too(tmp_path):
    plot = Plot(small_plot().page, 0, [Layer(YELLOW, [straight([0, 0], [150, 10])])])
    virtual, error = plotted("grbl", plot, tmp_path / "p.json", settings={20: 1, 130: 120.0})
    assert isinstance(error, InputError) and "120 x" in str(error)
    assert not any(line.startswith("G1") for line in virtual.heard)


def test_pens_are_waited_for_at_home(kind, tmp_path):
    plot, seen = small_plot((4, 3)), []

    class User(Script):
        def poll(self):
            at = Progress.read(tmp_path / "p.json")
            if at.state in ("pen", "paper"):
                if not seen or seen[-1] != (at.copy_, at.state, at.pen):
                    seen.append((at.copy_, at.state, at.pen))
                return "resume"
            return None

    virtual, error = plotted(kind, plot, tmp_path / "p.json", control=User(), wait=True, copies=2)
    assert error is None
    names = [layer.pen.name for layer in plot.layers]
    assert seen == [(0, "pen", names[0]), (0, "pen", names[1]), (1, "paper", names[1]), (1, "pen", names[0]),
                    (1, "pen", names[1])]  # fmt: skip
    assert_drawn(Plot(plot.page, 0, [*plot.layers, *plot.layers]), virtual.paper.strokes)


def test_progress_is_on_disk_before_each_stroke(tmp_path, monkeypatch):
    plot, file = small_plot(), tmp_path / "p.json"
    made = []
    lower = "plotart.plot.drive.ebb.EbbController.lower"
    from plotart.plot.drive.ebb import EbbController

    old = EbbController.lower

    def note(self):
        at = Progress.read(file)
        made.append((at.state, at.layer, at.stroke))
        old(self)

    monkeypatch.setattr(lower, note)
    plotted("ebb", plot, file)
    assert made == [("plotting", i, k) for i, x in enumerate(plot.layers) for k in range(len(x.paths))]


def test_a_board_left_in_the_middle_walks_home_first(tmp_path):
    make, machine = MACHINES["ebb"]
    plot = small_plot()
    virtual = make()
    broken = greeted(machine, virtual.direct())
    broken.arrive()
    broken.begin()
    broken.travel(np.array([40.0, 25.0]))
    broken.finish()  # now the process is gone, the board is not
    np.testing.assert_allclose(virtual.carriage, [40, 25], atol=0.02)
    session(plot, machine, virtual.direct(), tmp_path / "p.json").run()
    assert_drawn(plot, virtual.paper.strokes)


def test_nobody_there_and_the_wrong_board():
    from tests.machines import VirtualEbb, VirtualGrbl

    ebb, grbl = MACHINES["ebb"][1], MACHINES["grbl"][1]
    with pytest.raises(InputError, match="cannot be opened"):
        connect(ebb, "/dev/no-plotter")
    with pytest.raises(InputError, match=r"2\.4\.4"):
        greeted(ebb, VirtualEbb(version="2.2.1").direct())
    servo = grbl.model_copy(update={"board": grbl.board.model_copy(update={"lift": ("M3 S{height}",)})})
    with pytest.raises(InputError, match="laser"):
        greeted(servo, VirtualGrbl(settings={32: 1}).direct())
    with pytest.raises(InputError, match="no EiBotBoard"):
        greeted(ebb, VirtualGrbl().direct())
    with pytest.raises(InputError, match="board"):
        connect(ebb.model_copy(update={"board": None}), None)
    fast = ebb.model_copy(update={"pen_up_speed": 400.0})
    with pytest.raises(InputError, match="400"):
        greeted(fast, VirtualEbb().direct())
