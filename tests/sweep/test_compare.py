"""Styles against none, in pairs."""

import numpy as np
import pytest

from plotart.cli import main
from plotart.core.errors import InputError
from plotart.sweep import Cell, compare, comparisons_text
from plotart.sweep.page import page_of


def figures(excitations):
    return {
        Cell(f"{neuron}{style}{seed}", neuron, style, seed): {"excitation": {"svg": excitation}}
        for (neuron, style, seed), excitation in excitations.items()
    }


def test_pairs_are_of_one_neuron_and_seed_and_neurons_count_once():
    found = compare(
        figures(
            {
                ("a:1", None, 0): 10, ("a:1", "m.jpg", 0): 12, ("a:1", None, 1): 10, ("a:1", "m.jpg", 1): 16,
                ("a:2", None, 0): 20, ("a:2", "m.jpg", 0): 18, ("a:3", None, 0): 5, ("a:3", "m.jpg", 1): 50,
            }
        )
    )  # fmt: skip
    (only,) = found
    assert (only.style, only.neurons, only.runs, only.interval) == ("m.jpg", 2, 3, None)
    assert (only.without, only.with_style, only.difference, only.share) == (15, 16, 1, 0.5)
    assert "more for 50% of 2 neurons" in comparisons_text(found)


def test_interval_holds_the_mean_and_is_as_wide_as_chance_makes_it():
    differences = np.random.default_rng(1).normal(2.0, 4.0, 40)
    excitations = {}
    for i, difference in enumerate(differences):
        excitations[f"a:{i}", None, 0] = 30.0
        excitations[f"a:{i}", "m.jpg", 0] = 30.0 + difference
    (found,) = compare(figures(excitations))
    error = differences.std() / 40**0.5
    low, high = found.interval
    assert low < found.difference < high
    assert (high - low) == pytest.approx(2 * 1.96 * error, rel=0.15)
    assert compare(figures(excitations))[0] == found


def test_dreams_alone_are_compared_and_shown_without_a_plot():
    dreams = {
        Cell(f"a{style}", "a:1", style, 0): {"excitation": {"free": excitation}}
        for style, excitation in ((None, 10.0), ("m.jpg", 12.5))
    }
    (only,) = compare(dreams)
    assert only.difference == 2.5
    page = page_of("dreams", list(dreams), dreams)
    assert "excitation 12.5</td>" in page and 'href="aNone/preview.png"' in page and "report.html" not in page


def test_what_cannot_be_compared_is_told():
    with pytest.raises(InputError, match="give --style none,FILE"):
        compare(figures({("a:1", None, 0): 10, ("a:2", "m.jpg", 0): 12}))


def test_compare_without_two_styles_is_refused_before_any_work(capsys, monkeypatch, tmp_path):
    arguments = ["plotart", "sweep", "--neurons", "conv4_3:1", "--compare", "--out", str(tmp_path / "s")]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "--compare" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()
