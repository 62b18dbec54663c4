"""Recorded verdicts are tried with seeds that no claim states."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

from harness.claims import fresh
from harness.claims.ledger import Again, Ledger
from harness.tests.suite import DRAWS
from harness.verdicts import Verdict

CLAIMS = f"""
{DRAWS}
@claim(**given(1, 3.0, range(4)))
def test_whatever_the_seeds(lab):
    \"\"\"Draws are below 3 on average.\"\"\"
    decide(lab)

@claim(**given(2, 3.0, range(4)))
def test_of_its_own_seeds_alone(lab):
    \"\"\"Draws are below 3 on average, or, with other seeds, above.\"\"\"
    lab.measure([min(seed, 900) / 100 + seed % 4 / 50 for seed in lab.seeds])
    lab.control([20.0 + record.metrics["mean"] for record in lab.records(lab.runs["draws"])])

@claim(**given(4, 3.0, (0,)))
def test_what_is_there_once(lab):
    \"\"\"A network that was released, which there is once whatever the seeds, is below 3.\"\"\"
    value = lab.record(lab.runs["draws"]).metrics["mean"]
    lab.measure(Exact(value))
    lab.control(Exact(value + 10))

@claim(id="XX-03", where="x", rule=less_than(1.0), control="two")
def test_nothing_is_trained(lab):
    \"\"\"A half is below one.\"\"\"
    lab.measure(Exact(0.5))
    lab.control(Exact(2.0))
"""


def expected_of(suite):
    """What the ledger has of each claim."""
    return json.loads(suite.ledger.read_bytes())["claims"]


def rung_of(expected, id):
    """What the ledger has of a claim at tier smoke, where it rests on one thing alone."""
    (rung,) = expected[id]["smoke"].values()
    return rung


def seeds(suite):
    return sorted(run["seed"] for run in suite.document()["runs"].values())


def test_a_verdict_that_rests_on_its_seeds_is_named_and_turns_the_session_red(suite):
    suite.claims(CLAIMS)
    assert suite.run("--update-ledger").ret == 0
    recorded = suite.ledger.read_bytes()
    assert suite.run().ret == 0
    latest = (suite.root / "reports/latest/claims.json").read_bytes()
    found = suite.run("--fresh-seeds", "2000", "-k", "not XX-02")
    assert found.ret == 0, found.outlines
    found.stdout.fnmatch_lines(["*seeds from 2000 on: 1 of 1 recorded verdicts come out again; 1 of 1 that decide*"])
    assert seeds(suite) == [0, *range(2000, 2004)]
    found = suite.run("--fresh-seeds", "2000")
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    found.stdout.fnmatch_lines(
        [
            "*seeds from 2000 on: 1 of 2 recorded verdicts come out again; 1 of 2 that decide*",
            "*XX-02 (smoke): recorded supported, with fresh seeds refuted: *",
        ]
    )
    assert suite.ledger.read_bytes() == recorded
    assert (suite.root / "reports/latest/claims.json").read_bytes() == latest, "it replaces no report over own seeds"
    assert suite.run().ret == 0, "what was judged with other seeds is not remembered as judged with its own"


def test_what_other_seeds_come_to_is_recorded_beside_the_verdict_told_on_the_page_and_expected_from_then_on(suite):
    suite.claims(CLAIMS)
    suite.run("--update-ledger")
    own = expected_of(suite)
    assert suite.run("--fresh-seeds", "2000", "--update-ledger").ret == 0
    with_others = expected_of(suite)
    again = rung_of(with_others, "XX-02").pop("again")
    assert (again["first"], again["verdict"]) == (2000, "refuted")
    assert again["low"] < again["value"] < again["high"]
    assert rung_of(with_others, "XX-01").pop("again")["verdict"] == "supported"
    assert with_others == own, "nothing else is recorded, and nothing of what other seeds do not change"
    assert suite.run("--fresh-seeds", "2000").ret == 0, "that it turns with these seeds is known"
    assert suite.run("--fresh-seeds", "3000", "-k", "XX-02").ret == pytest.ExitCode.TESTS_FAILED, "with these it is not"
    assert suite.run("--update-ledger").ret == 0
    assert rung_of(expected_of(suite), "XX-02")["again"] == again, "its own seeds came to what they came to before"
    told = [rung["again"] for id in ("XX-02", "XX-03", "XX-04") for rung in suite.entry(id)["ladder"]]
    assert told == [again, None, None]


def test_what_other_seeds_came_to_is_forgotten_with_the_numbers_that_it_stands_beside():
    ledger = Ledger()
    under = "XX-01", "smoke", "paper"
    again = Again(1000, Verdict.REFUTED, 1.5, 1.0, math.inf)
    ledger.record_again(*under, again)
    assert ledger.again(*under) is None, "there is nothing that it could stand beside"
    ledger.record(*under, "supported", {}, numbers={"a": {"": [1.0, 0.5, 1.5, 5]}})
    ledger.record_again(*under, again)
    assert ledger.again(*under) == again._replace(high=None)
    ledger.record(*under, "supported", {}, numbers={"a": {"": [1.0, 0.5, 1.5, 5]}})
    assert ledger.again(*under) is not None
    ledger.record(*under, "supported", {}, numbers={"a": {"": [1.1, 0.5, 1.5, 5]}})
    assert ledger.again(*under) is None


@pytest.mark.parametrize("how", [[], ["--no-ledger"]])
def test_a_refutation_by_other_seeds_of_what_no_ledger_speaks_of_is_red(suite, how):
    suite.claims(CLAIMS)
    if how:
        suite.run("--update-ledger")
    suite.run("--fresh-seeds", "2000", "-k", "XX-02", *how).assert_outcomes(failed=1)


def test_train_and_plan_are_about_the_same_seeds(suite):
    suite.claims(CLAIMS)
    command = [sys.executable, "-m", "harness", "train", "--fresh-seeds", "1000", "-k", "XX-01"]
    done = subprocess.run(command, cwd=suite.root, capture_output=True, text=True)
    assert "runs in the store: 4, 4 of them new" in done.stdout, done.stdout + done.stderr
    command[3] = "plan"
    assert "4 runs, 4 in the store" in subprocess.run(command, cwd=suite.root, capture_output=True, text=True).stdout
    suite.run("--update-ledger", "--no-train")
    suite.run("--fresh-seeds", "1000", "--no-train", "-k", "XX-01")
    assert seeds(suite) == [*range(1000, 1004)]


def test_no_seed_that_a_claim_may_state_is_a_fresh_one(suite):
    suite.claims(CLAIMS)
    found = suite.run("--fresh-seeds", "12")
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    found.stderr.fnmatch_lines(["*--fresh-seeds takes a number of 1000 or more*"])


@pytest.mark.parametrize("own", [100, fresh.LEAST])
def test_no_claim_on_trained_networks_states_a_fresh_seed_or_one_of_development(suite, own):
    suite.claims(CLAIMS.replace("given(1, 3.0, range(4))", f"given(1, 3.0, ({own},))"))
    suite.run("--collect-only").stdout.fnmatch_lines(["*XX-01: its seeds reach those of development, 100 and above*"])
