# make setup   a virtual environment in .venv with everything ctvos needs
# make demo    set-up, then a made clip goes through the service and is scored, in demo/
# make test    set-up, then every check and test
# make lint    set-up, then the checks without the tests
# make clean   delete .venv and what tools left behind

SHELL := /bin/bash
BIN := .venv/bin
STAMP := .venv/.set-up

# A command of that name may exist and still not work (version managers leave such shims).
WORKS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for python in python3.12 python3.11 python3; do \
	if $$python -c '$(WORKS)' >/dev/null 2>&1; then echo $$python; break; fi; done)

.PHONY: setup demo test lint clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		if [ -z "$(PYTHON)" ]; then echo "make: expected Python 3.11 or 3.12 (with venv)" >&2; exit 1; fi; \
		echo "Making .venv with $(PYTHON)"; \
		$(PYTHON) -m venv --clear .venv; \
	fi
	@echo "Installing ctvos into .venv (PyTorch is a large download)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		-c constraints.txt -e '.[torch,service,dev]'
	@touch $@

demo: setup
	@$(BIN)/ctvos demo --service

lint: setup
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: lint
	@$(BIN)/python -m pytest

clean:
	rm -rf .venv *.egg-info build dist .*_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
