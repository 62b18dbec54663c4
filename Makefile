# `make report` judges the claims and writes reports/latest/index.html; `make test` tests the suite and its verdicts.
# Both make .venv when it is missing; STORE, REPORT, DATA and ARGS may be given: make report ARGS='-k orderness'.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

export CLAIMS_DATA := $(or $(DATA),$(CLAIMS_DATA))

report: .venv/installed
	$(BIN)/python -m pytest claims --tier quick $(if $(REPORT),--report $(REPORT)) $(if $(STORE),--store $(STORE)) $(ARGS)

test: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest harness/tests -n 2 $(ARGS)
	$(BIN)/python -m pytest claims --tier quick -n 2 $(if $(STORE),--store $(STORE)) $(ARGS)

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv reports/latest reports/store

.PHONY: report test clean
