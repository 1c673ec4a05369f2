# Every target works as the only command on a machine with Python 3.11 or newer and pip (or uv):
# .venv is made when it is missing and refreshed when pyproject.toml has changed.

SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test check bench bench-peers snapshots soak kill-trial docs clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

$(READY): pyproject.toml
	@sh scripts/make_venv.sh $(VENV)
	@touch $@

demo: $(READY) ## review sample data made on the spot
	@$(PY) -m tuiview demo

test: $(READY) ## run the tests; PYTEST="-k name -x" passes options on
	@# One more than two cores: the tests at a terminal wait for it more than they compute.
	$(PY) -m pytest -n 3 --dist worksteal $(PYTEST)

check: $(READY) ## lint, types, layers and documents
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	PYTHONPATH=src $(VENV)/bin/lint-imports
	$(PY) scripts/check_docs.py

bench: $(READY) ## measure; BENCH=--quick for a short run
	@status=0; for script in benchmarks/*.py; do \
	  [ "$$script" = benchmarks/peers.py ] && continue; \
	  printf '\n== %s\n' "$$script"; $(PY) "$$script" $(BENCH) || status=1; \
	done; exit $$status

bench-peers: $(READY) ## measure beside other programs where they are installed
	$(PY) benchmarks/peers.py $(BENCH)

snapshots: $(READY) ## make the pictures of the documents and the SVG snapshots anew
	$(PY) -m pytest tests/ui --snapshot-update
	$(PY) scripts/screenshots.py

soak: $(READY) ## run the long trials
	$(PY) -m pytest -m soak $(PYTEST)

KILLS := 100
kill-trial: $(READY) ## kill the program KILLS=100 times while it is used, and compare
	KILLS=$(KILLS) $(PY) -m pytest -n 2 -m soak -rP tests/terminal/test_program_kill.py

docs: $(READY) ## write the generated parts of docs/ anew
	$(PY) scripts/check_docs.py --write

clean: ## remove what was built, the environment too
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +
