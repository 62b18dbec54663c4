# `make report` judges the claims and writes reports/latest/index.html; `make test` tests the suite and its verdicts.
# Both make .venv when it is missing; STORE, REPORT, DATA and ARGS may be given: make report ARGS='-k orderness'.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

export CLAIMS_DATA := $(or $(DATA),$(CLAIMS_DATA))

OPTIONS = $(if $(REPORT),--report $(REPORT)) $(if $(STORE),--store $(STORE)) $(ARGS)

# A verdict that is not the recorded one makes pytest exit with 1; the report was written all the same, and says so.
# (hypothesis's pytest plugin, of no use here, loads all of it at the end of the session.)
report: .venv/installed
	$(BIN)/python -m pytest claims --tier quick -n 2 --dist worksteal -p no:hypothesispytest $(OPTIONS) || test $$? -eq 1

# Trained verdicts are left to `make report` and the nightly run: they cost minutes, and bfloat16 differs between CPUs.
test: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest harness/tests -n 2 $(ARGS)
	$(BIN)/python -m pytest claims --tier quick -m 'not trained' $(OPTIONS)

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv reports/latest reports/store

.PHONY: report test clean
