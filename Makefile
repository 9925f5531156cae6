PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
# what ends within the hour; palette and glyphs take hours
BENCHMARKS := renderer excitation route minutes calibration shapes

.PHONY: setup demo test check bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP)
	$(BIN)/plotart generate --neuron conv4_3:12 --style mondrian.jpg

test: $(STAMP)
	$(BIN)/python -m pytest -n 2

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	for file in $(BENCHMARKS); do $(BIN)/python benchmarks/$$file.py || exit 1; done

clean:
	rm -rf .venv build dist *.egg-info
