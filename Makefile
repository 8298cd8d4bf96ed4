# `make example` and `make test` need git, make and Python 3.11 or later, nothing else. A virtual environment in .venv is made
# on the first call and used by every later one; it is brought up to date when pyproject.toml or constraints.txt changes.

SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help example test lint browser gallery docs fuzz soak bench bench-peers coverage matrix release
.DELETE_ON_ERROR:

help:
	@echo "make example   install gradviz into $(VENV) and trace the article's network with f2 detached"
	@echo "make test      install what the tests need, check style and types, run the tests"
	@echo "make gallery   make the pictures in outputs/ again"
	@echo "make docs      build the documentation into docs/_build/html"
	@echo "make fuzz      hold the verdicts of 5,000 random programs against autograd itself, and break 3,000 report files"
	@echo "make soak      2,000 traced steps, 8 threads, 5,000 interrupts, a full disk, two writers, ranks on two hosts"
	@echo "make coverage  run the tests and say which lines and branches they reach"
	@echo "make matrix    judge every case on several versions of torch and Python, each in an environment of its own"
	@echo "make bench     measure how much time gradviz takes"
	@echo "make bench-peers  gradviz and the tools beside it, side by side, in an environment of its own"
	@echo "make release   build and check what a release consists of; nothing is uploaded"

# with the engine that made the picture in outputs/, which it writes again
example: $(VENV)/.installed
	@echo "== Tracing the article's network, with the output of f2 detached: gradviz example --mode detach"
	@$(BIN)/gradviz example --mode detach --engine embedded

test: $(VENV)/.installed-for-tests lint browser
	@echo "== Running the tests"
	@$(BIN)/python -m pytest -n 2
	@echo "== All passed."

lint: $(VENV)/.installed-for-tests
	@echo "== Checking style (ruff), types (mypy) and the order of the rooms (import-linter)"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict viz/gradviz
	@$(BIN)/lint-imports --no-cache --no-logo

browser:
	@if { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "== Installing Chromium, for the tests that look at the pictures in a real browser"; \
		apt-get install -y chromium >/dev/null 2>&1 || { apt-get update && apt-get install -y chromium; } >/dev/null 2>&1 || \
		echo "== Chromium could not be installed: the tests that need a real browser are not run"; \
	else echo "== No Chromium here: the tests that look at the pictures in a real browser are not run"; fi

gallery: $(VENV)/.installed
	@echo "== Making the pictures in outputs/ again"
	@$(BIN)/gradviz example --all --engine embedded
	@python=$(abspath $(BIN)/python); cd outputs; for script in $$(grep -l 'engine="embedded"' ../examples/*.py); do \
		$$python $$script >/dev/null && echo "Made the picture of $$script" || exit 1; done

docs: $(VENV)/.installed-for-tests
	@echo "== Building the documentation; a warning is an error"
	@$(BIN)/python -m sphinx -q -E -W --keep-going -b html docs docs/_build/html
	@echo "== Built docs/_build/html/index.html"

fuzz: $(VENV)/.installed-for-tests
	@echo "== Holding the verdicts of 5,000 random programs against autograd itself"
	@GRADVIZ_FUZZ=5000 $(BIN)/python -m pytest -n 2 tests/fuzz
	@echo "== Reading and writing 3,000 report files in which something is wrong"
	@GRADVIZ_REPORTS=3000 $(BIN)/python -m pytest -n 2 tests/test_broken_reports.py

soak: $(VENV)/.installed-for-tests
	@echo "== Using gradviz for long, in threads, interrupted, on a full disk, and twice at once"
	@$(BIN)/python benchmarks/soak.py
	@echo "== Ranks on two hosts, ranks that are killed or hang, a mesh and a pipeline"
	@$(BIN)/python benchmarks/hosts.py

coverage: $(VENV)/.installed-for-tests
	@echo "== Running the tests, and counting the lines and branches that they reach"
	@$(INSTALL) 'coverage>=7.17'
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest -n 2
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report --include='viz/*' --skip-covered --sort=cover

# needs some 30 GB for the environments, which stay in ~/.cache/gradviz-matrix or in what GRADVIZ_MATRIX names
matrix: $(BIN)/python
	@echo "== Judging every case on several versions of torch and Python"
	@$(BIN)/python tests/matrix.py

bench: $(VENV)/.installed-for-tests
	@echo "== Measuring; every figure is a ratio or difference within one run"
	@for script in $$(grep -l __main__ benchmarks/*.py); do case $$script in */soak.py|*/hosts.py|*/gpu.py) continue; esac; \
		echo "-- $$script"; $(BIN)/python $$script || missed="$$missed $$script"; done; \
		test -z "$$missed" || { echo "== A bound does not hold in:$$missed"; exit 1; }

# in ~/.cache/gradviz-peers, or what GRADVIZ_PEERS names: none of these tools is needed by gradviz
bench-peers: $(BIN)/python
	@$(BIN)/python benchmarks/peers/run.py

release: $(VENV)/.installed-for-tests
	@echo "== Building the sdist and the wheel, and looking into them"
	@$(INSTALL) twine
	@$(BIN)/python tests/release.py

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "gradviz needs Python 3.11 or later, and finds none on PATH; name one with PYTHON=..."; exit 1; }
	@echo "== Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "== Installing gradviz and what it needs into $(VENV) (torch is large, so the first time takes some minutes)"
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.installed-for-tests: pyproject.toml constraints.txt | $(BIN)/python
	@echo "== Installing gradviz and what its tests need into $(VENV) (torch is large, so the first time takes some minutes)"
	@$(INSTALL) --editable '.[test]'
	@touch $(VENV)/.installed $@
