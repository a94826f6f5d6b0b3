# `make run` and `make test` need nothing but make and Python 3.11 or newer: every target that needs
# the environment makes it first, once, and again when pyproject.toml or constraints.txt changes.

PYTHON ?= python3
# What is installed beside the development tools, for the tests of their backends to run; without
# (`make setup LIBRARIES=`) these tests skip.
LIBRARIES ?= all-cpu,cupy

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run test test-slow lint format typecheck bench catalogue build clean

help:  ## show this help
	@echo "Usage: make TARGET [PYTHON=python3.12]"; echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | \
		awk -F '|' '{ printf "%-12s %s\n", $$1, $$2 }'

setup: $(READY)  ## make .venv with halfulp and all development tools, versions pinned

run: $(READY)  ## carry out the study `quick` and say where its report is (1 to 3 minutes)
	@report=$$($(BIN)/halfulp run quick); code=$$?; \
		test -z "$$report" || echo "The report is in $$report"; exit $$code

test: $(READY)  ## run the tests, on all cores
	$(BIN)/pytest -n auto

test-slow: $(READY)  ## run the tests that take minutes, or that install from the network
	$(BIN)/pytest -m "slow and not gpu"

lint: $(READY)  ## check style, formatting and the rules of import
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

format: $(READY)  ## format the code, and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

typecheck: $(READY)  ## check the types
	$(BIN)/mypy

bench: $(READY)  ## time the hot loops
	$(BIN)/pytest -m benchmark tests/benchmarks

catalogue: $(READY)  ## write docs/catalogue.md from the records of the functions
	$(BIN)/python -m halfulp.functions.page docs/catalogue.md

build: $(READY)  ## build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

clean:  ## remove the environment, caches and built files; runs in halfulp-runs/ stay
	rm -rf $(VENV) dist build .benchmarks .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The wheel is built without isolation, so that its build tool is a pinned one too.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		found=$$($(PYTHON) --version 2>&1) || found="not installed"; \
		echo "halfulp needs Python 3.11 or newer, but $(PYTHON) is $$found." \
			"Name another one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt hatchling
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation \
		--group dev --editable .$(if $(LIBRARIES),[$(LIBRARIES)])
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable tests/plugin
	@touch $@
