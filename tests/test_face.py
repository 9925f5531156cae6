"""What `import plotart` offers, and what it costs."""

import subprocess
import sys

import plotart


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_dir_shows_what_there_is_and_all_of_it_exists():
    assert dir(plotart) == sorted(plotart.__all__)
    for name in plotart.__all__:
        assert getattr(plotart, name) is not None


def test_the_names_are_sorted():
    assert plotart.__all__ == sorted(plotart.__all__)


def test_an_unknown_name_is_an_attribute_error():
    try:
        plotart.draw  # noqa: B018 - the access itself is what is tested
    except AttributeError as error:
        assert "'draw'" in str(error)
    else:
        raise AssertionError("plotart.draw exists")


def test_importing_plotart_does_not_import_torch():
    assert run("import sys, plotart; print('torch' in sys.modules, 'pydantic' in sys.modules)") == "False False"


def test_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert plotart.__version__ == version("plotart")
