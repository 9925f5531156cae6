PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
# what ends within two hours; glyphs, pictures, posters and all seeds of the palettes take longer
BENCHMARKS := renderer fills excitation route minutes calibration shapes paper

.PHONY: setup check-setup demo test check docs bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python tools/install.py
	@touch $@

# whether pip finds versions that fit together, with its default index alone too; installs nothing
check-setup:
	$(PYTHON) tools/check_setup.py $(QUICK)

demo: $(STAMP)
	$(BIN)/plotart generate --neuron conv4_3:12 --style mondrian.jpg --minutes 30

test: $(STAMP)
	$(BIN)/python -m pytest -n 2

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# the manual as a site in site/; strict: no broken link, no public name without a docstring
docs: $(STAMP)
	$(BIN)/python tools/reference.py
	@test -x $(BIN)/mkdocs || $(BIN)/python -m pip install -q -c constraints.txt mkdocs-material
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -q

bench: $(STAMP)
	for file in $(BENCHMARKS); do $(BIN)/python benchmarks/$$file.py || exit 1; done
	$(BIN)/python benchmarks/palette.py --counts 4 --seeds 0

clean:
	rm -rf .venv build dist site *.egg-info
