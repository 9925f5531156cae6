"""The notebooks run from the first cell to the last, at sizes of a second."""

import json

import pytest

from tests.docs.pages import ROOT

NOTEBOOKS = ROOT / "docs" / "notebooks"
TINY = {
    "photograph.ipynb": {
        '"size": 192, "steps": 100': '"size": 48, "steps": 4, "page.size": "50x50mm", "page.margin": 5, "threads": 1, '
        '"pens.palette": "fixed", "pens.set": "#111111,#d62728"',
        '"minutes": 15': '"minutes": 6',
        "minutes=8.0": "minutes=4.0",
        '"pens.palette": "fixed", "minutes": 8, **quick': '**quick, "pens.set": "#d62728,#1f4fb4", "minutes": 4',
    },
    "strokes.ipynb": {"size, strokes, steps = 96, 60, 150": "size, strokes, steps = 32, 10, 10"},
}


@pytest.mark.parametrize("file", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda file: file.name)
def test_notebooks_run(file, photo, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(photo.read_bytes())
    notebook = json.loads(file.read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for old, new in TINY[file.name].items():
        assert any(old in cell for cell in cells)
        cells = [cell.replace(old, new) for cell in cells]
    held = {}
    for number, cell in enumerate(cells):
        exec(compile(cell, f"{file.name}, cell {number}", "exec"), held)
    assert all(cell["outputs"] == [] for cell in notebook["cells"] if cell["cell_type"] == "code")
    assert capsys.readouterr().out.strip()
