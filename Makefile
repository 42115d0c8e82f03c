PYTHON ?= python3
BIN := .venv/bin
# holds what builds the package to the same versions: the first is read by older pips, the second by newer ones
BUILD := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt
PIP ?= $(BUILD) $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help setup demo check test pytest lint bench tables screenshots clean

help:
	@echo "make demo    install, score a shipped model on mini-v1, build the leaderboard"
	@echo "make check   install, style, types and the fast tests, in about two minutes"
	@echo "make test    install, style, types and every test"
	@echo "make setup   install alone: then use .venv/bin/icl-bench"
	@echo "make lint    style and types"
	@echo "make bench   the figures of tests/performance/README.md"
	@echo "make tables  the tables of the references' and the zoo's pages, of what is recorded here"
	@echo "make screenshots   README's pictures of the leaderboard, of what is recorded here"

setup: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	@touch $@

.venv/installed-for-tests: .venv/installed
	$(PIP) --editable ".[test]"
	@touch $@

demo: setup
	$(BIN)/icl-bench evaluate reference/gpt2 --suite mini --output results/demo.json
	$(BIN)/icl-bench leaderboard build

check: lint
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow"

test: lint pytest

pytest: .venv/installed-for-tests
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lint: .venv/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed-for-tests
	$(BIN)/python tests/performance/bench.py

tables: .venv/installed-for-tests
	$(BIN)/python tests/community/reference_page.py

screenshots: .venv/installed-for-tests
	$(BIN)/python tests/leaderboard/screenshots.py

clean:
	rm -rf .venv results runs _site
