# `make report` judges the claims from what is recorded, writes reports/latest/index.html, and trains a sample of the
# recorded networks again; `make record` trains what no record covers, for hours.  `make test` tests the suite and its
# verdicts: `make lint`, `make types`, `make tests`, `make claims` and `make recheck`, one after the other.
# Each makes .venv when it is missing; STORE, REPORT, HISTORY, DATA and ARGS may be given: make report ARGS='-k orderness'.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
SECONDS_TO_RECHECK ?= 60
SECONDS_A_CLAIM ?= 1800

export CLAIMS_DATA := $(or $(DATA),$(CLAIMS_DATA))

# A claim that hangs ends with its stack; the others are judged.
OPTIONS = --timeout $(SECONDS_A_CLAIM) $(if $(REPORT),--report $(REPORT)) $(if $(STORE),--store $(STORE)) \
  $(if $(HISTORY),--history $(HISTORY)) $(ARGS)

# Two processes judge; where no module changed since cases were last judged, one alone, which remembers all and starts
# sooner.
JUDGED = $(or $(STORE),reports/store)/judged
CHANGED = $(shell test -d $(JUDGED) && find claims harness -name '*.py' -newer $(JUDGED) -print -quit || echo all)
PROCESSES = $(if $(CHANGED),-n 2 --dist worksteal)

RECHECK = $(BIN)/python -m harness recheck --tier laptop --seconds $(SECONDS_TO_RECHECK) $(if $(STORE),--store $(STORE))

# A verdict that is not the recorded one makes pytest exit with 1; the report was written all the same, and says so.
# A sample that came out again is not done a second time under the same commit, evidence and data.
# (hypothesis's pytest plugin, of no use here, loads all of it at the end of the session.)
report: .venv/installed
	$(BIN)/python -m pytest claims --tier laptop --recorded $(PROCESSES) -p no:hypothesispytest $(OPTIONS) || test $$? -eq 1
	@test ! -d $(JUDGED) || touch $(JUDGED)
	$(RECHECK) --once

# A sample of the records, another one for each commit, done again: whole where that is short, else the first epoch.
# (What ARGS says of a whole `make test` is meant for pytest.)
recheck: .venv/installed
	$(RECHECK) $(if $(filter test,$(MAKECMDGOALS)),,$(ARGS))

# MINUTES=60 ends after an hour; the same command goes on.
record: .venv/installed
	nice -n 19 $(BIN)/python -m harness record --tier laptop $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

# All that a machine does in a night: its state, a GPU's self-test where there is one, its speed, what no record covers as
# far as MINUTES go, evidence and a bundle of it to carry (BUNDLE), the report.  Runs that failed or are left end nothing.
nightly: .venv/installed
	$(BIN)/python -m harness doctor $(if $(STORE),--store $(STORE))
	$(BIN)/python -m harness doctor --gpu || test $$? -eq 2
	$(BIN)/python -m harness.benchmarks training
	$(BIN)/python -m harness record --tier nightly --minutes $(or $(MINUTES),40) \
	  --bundle $(or $(BUNDLE),reports/nightly.zip) $(if $(STORE),--store $(STORE)) $(ARGS) \
	  || case $$? in 1|3) ;; *) exit 1;; esac
	$(BIN)/python -m pytest claims --tier nightly --recorded --repeat-turned $(or $(MINUTES),40) $(OPTIONS)

test: lint types tests claims recheck

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

# Runs as tasks of a Slurm of one machine, which the tests start and end: apt-get install slurm-wlm munge, and be root.
test-slurm: .venv/installed
	TEST_SLURM=1 $(BIN)/python -m pytest harness/tests/test_cluster_slurm.py $(ARGS)

# The page in a real browser: what is pressed and searched, axe-core, and whether it is valid HTML (where there is java).
test-browser: .venv/browser
	$(BIN)/python -m pytest harness/tests/test_report_browser.py $(ARGS)

BROWSER = command -v chromium || command -v chromium-browser || command -v google-chrome

.venv/browser: .venv/installed
	$(BROWSER) || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,browser]'
	touch $@

# Trained claims are judged from the evidence that is kept, which gives the same verdicts on every machine; then from what
# is kept of other seeds, into a report of its own.
claims: .venv/installed
	$(BIN)/python -m pytest claims -n 2 $(OPTIONS)
	$(BIN)/python -m pytest claims --tier laptop --recorded -n 2 $(OPTIONS)
	$(BIN)/python -m pytest claims --tier laptop --recorded -m trained --fresh-seeds 1000 --timeout $(SECONDS_A_CLAIM)

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv reports/latest reports/store

.PHONY: report recheck record nightly test lint types tests test-browser test-slurm claims clean
