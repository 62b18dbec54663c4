# `make report` judges the claims and writes reports/latest/index.html; `make test` tests the suite and its verdicts:
# `make lint`, `make types`, `make tests` and `make claims`, one after the other.
# Each makes .venv when it is missing; STORE, REPORT, DATA and ARGS may be given: make report ARGS='-k orderness'.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

export CLAIMS_DATA := $(or $(DATA),$(CLAIMS_DATA))

OPTIONS = $(if $(REPORT),--report $(REPORT)) $(if $(STORE),--store $(STORE)) $(ARGS)

# A verdict that is not the recorded one makes pytest exit with 1; the report was written all the same, and says so.
# (hypothesis's pytest plugin, of no use here, loads all of it at the end of the session.)
report: .venv/installed
	$(BIN)/python -m pytest claims --tier quick -n 2 --dist worksteal -p no:hypothesispytest $(OPTIONS) || test $$? -eq 1

test: lint types tests claims

# deptry: what is imported is declared, what is declared is used.
lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/deptry .

types: .venv/installed
	$(BIN)/mypy

# The tests of what a paper alone needs stand in its folder `methods`, which `pytest claims` leaves out.
tests: .venv/installed
	$(BIN)/python -m pytest harness/tests claims/*/methods -n 2 $(ARGS)

# Trained verdicts are left to `make report` and the nightly run: they cost minutes, and bfloat16 differs between CPUs.
claims: .venv/installed
	$(BIN)/python -m pytest claims --tier quick -m 'not trained' $(OPTIONS)

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv reports/latest reports/store

.PHONY: report test lint types tests claims clean
