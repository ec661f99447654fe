# make setup   a virtual environment in .venv with everything ctvos needs
# make demo    set-up, then a made clip goes through the service and is scored, in demo/
# make test    set-up, then every check and test
# make lint    set-up, then the checks without the tests; those of the page need Node.js with npm
# make fix     set-up, then mend what the formatters and linters can mend
# make docs    set-up, then the documentation as a site, in site/
# make clean   delete .venv and what tools left behind

SHELL := /bin/bash
BIN := .venv/bin
STAMP := .venv/.set-up

# A command of that name may exist and still not work (version managers leave such shims).
WORKS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for python in python3.12 python3.11 python3; do \
	if $$python -c '$(WORKS)' >/dev/null 2>&1; then echo $$python; break; fi; done)

.PHONY: setup demo test lint lint-page fix docs clean

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
	@$(MAKE) --no-print-directory lint-page docs

# ESLint needs a Node.js of package.json's `engines`.
NODE_WORKS := const [major, minor] = process.versions.node.split(".").map(Number); \
	process.exit((major == 20 && minor >= 19) || (major == 22 && minor >= 13) || major >= 24 ? 0 : 1)

lint-page:
	@if ! command -v npm >/dev/null || ! node -e '$(NODE_WORKS)' 2>/dev/null; then \
		echo "make: the page's JavaScript and CSS are NOT checked:" \
			"expected npm and Node.js 20.19, 22.13 or 24 and later"; \
	else \
		$(MAKE) --no-print-directory node_modules/.set-up && npm run --silent check; \
	fi

node_modules/.set-up: package.json package-lock.json
	@npm ci --silent --ignore-scripts
	@touch $@

fix: setup node_modules/.set-up
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@npm run --silent fix

docs: setup
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir site

# More for pytest, as `make test PYTEST="-m 'not gpu'"`.
PYTEST ?=

test: lint
	@$(BIN)/python -m pytest $(PYTEST)

clean:
	rm -rf .venv node_modules site .coverage *.egg-info build dist .*_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
