# make run    test the bundled server; reports go to reports/<time>/
# make test   the project's own tests
# make lint   style, types, import laws
# make bench  benchmarks; never part of a test
#
# ARGS is handed on:  make run ARGS="--area voice -k Answer"      make test ARGS="tests/judge -x"
# WORKERS is how many processes run the tests (0: this one, as --pdb wants it).
# PYTHON names the interpreter (3.11 or newer), VENV the folder of the virtual environment.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	"$$name" -c '$(USABLE)' >/dev/null 2>&1 && { echo "$$name"; break; }; done)
VENV ?= .venv
ARGS ?=
WORKERS ?= auto
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# The project itself goes in as an editable install, with a build backend that is pinned like everything else.
INSTALL_PROJECT := $(PIP) install --no-deps --no-build-isolation --editable .
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

.PHONY: help run test lint format bench wheel lock hooks clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 14

run: $(VENV)/.installed-run ## test the bundled server and write the reports
	@$(BIN)/gws-conformance run $(ARGS)

test: $(VENV)/.installed-dev ## the project's own tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

lint: $(VENV)/.installed-dev ## ruff, mypy, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.installed-dev ## let ruff format and mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.installed-dev ## benchmarks: cost of a run, of judging, of a notification
	@$(BIN)/python benchmarks/run.py $(ARGS)

wheel: $(VENV)/.installed-dev ## build the wheel into dist/
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist .

lock: $(VENV)/.installed-dev ## pin again what pyproject.toml asks for (ARGS=--upgrade: the newest of everything)
	$(COMPILE) $(ARGS) --output-file requirements/run.lock pyproject.toml
	$(COMPILE) $(ARGS) --extra dev --constraint requirements/run.lock --output-file requirements/dev.lock pyproject.toml
	$(COMPILE) $(ARGS) --only-build-deps --all-build-deps --constraint requirements/dev.lock \
		--output-file requirements/build.lock pyproject.toml

hooks: $(VENV)/.installed-dev ## install the pre-commit hooks
	@$(BIN)/pre-commit install

clean: ## remove the virtual environment, caches and build products; reports stay
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@"$(PYTHON)" -c '$(USABLE)' >/dev/null 2>&1 || { \
		echo "Python 3.11 or newer with the modules venv and ensurepip is needed, and $(if $(PYTHON),$(PYTHON) is not that,none was found)." >&2; \
		echo "Install it (Debian, Ubuntu: apt install python3 python3-venv), or name one: make PYTHON=/path/to/python3.11 ..." >&2; \
		exit 1; }
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/.installed-run: requirements/run.lock requirements/build.lock pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV) ..."
	@$(PIP) install --require-hashes --requirement requirements/run.lock --requirement requirements/build.lock
	@$(INSTALL_PROJECT)
	@touch $@

$(VENV)/.installed-dev: requirements/dev.lock requirements/build.lock pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV) ..."
	@$(PIP) install --require-hashes --requirement requirements/dev.lock --requirement requirements/build.lock
	@$(INSTALL_PROJECT)
	@touch $@
