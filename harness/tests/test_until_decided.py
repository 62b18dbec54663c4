"""Looks at claims whose seeds are added: what they may spend, how often they err, what they save, how it is done."""

from __future__ import annotations

import functools
import math
import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import stats

from harness.commands.until_decided import needed
from harness.judging.about import ON_SUSPECT_RUNS
from harness.judging.looks import LOOKS, Look, at_look, looks_of
from harness.rules import ALPHA, Count, Estimate, Exact, equivalent_to, greater_than, proportion_above
from harness.rules.judgement import Judgement
from harness.tests.rules_simulation import is_at_most
from harness.tests.suite import DRAWS
from harness.verdicts import Verdict

PLAN = (5, 10, 15, 20)


class Course(NamedTuple):
    """What a claim came to, and with how many seeds."""

    verdict: Verdict
    seeds: int


def course(rule, sample, values) -> Course:
    """The way through the looks, as a session takes it: on to the next while it is undecided."""
    for number, seeds in enumerate(PLAN, 1):
        judged = at_look(rule.judge(sample(values[:seeds])), Look(number, PLAN))
        if judged.verdict is not Verdict.INCONCLUSIVE:
            break
    return Course(judged.verdict, seeds)


@functools.cache
def courses(rule: Any, kind: str, truth: float, repetitions: int = 1500) -> list[Course]:
    """Those of many experiments: normal replicates of spread 1, or trials that succeed with a probability."""
    random = np.random.default_rng(len(kind) + int(100 * truth))
    if kind == "count":
        return [course(rule, Count.of, random.random(PLAN[-1]) < truth) for _ in range(repetitions)]
    return [course(rule, Estimate.from_replicates, random.normal(truth, 1.0, PLAN[-1])) for _ in range(repetitions)]


def share(found: list[Course], verdict: Verdict) -> int:
    return sum(one.verdict is verdict for one in found)


NULLS = [
    pytest.param(greater_than(0.0), "normal", 0.0, Verdict.SUPPORTED, id="on the threshold, supported"),
    pytest.param(greater_than(0.0), "normal", 0.0, Verdict.REFUTED, id="on the threshold, refuted"),
    pytest.param(equivalent_to(0.0, within=1.0), "normal", 1.0, Verdict.SUPPORTED, id="on the margin, supported"),
    pytest.param(equivalent_to(0.0, within=1.0), "normal", 1.0, Verdict.REFUTED, id="on the margin, refuted"),
    pytest.param(proportion_above(0.5), "count", 0.5, Verdict.SUPPORTED, id="half of the runs, supported"),
    pytest.param(proportion_above(0.5), "count", 0.5, Verdict.REFUTED, id="half of the runs, refuted"),
]


@pytest.mark.parametrize(("rule", "kind", "truth", "wrong"), NULLS)
def test_over_all_looks_either_error_has_at_most_the_chance_that_is_stated(rule, kind, truth, wrong):
    found = courses(rule, kind, truth)
    assert is_at_most(share(found, wrong), ALPHA, len(found))


def test_judged_at_every_look_as_if_it_were_the_only_one_it_would_err_too_often():
    """That the simulation can tell."""
    rows = np.random.default_rng(1).normal(size=(1500, PLAN[-1]))
    rule = greater_than(0.0)
    hits = sum(
        any(rule.judge(Estimate.from_replicates(row[:n])).verdict is Verdict.SUPPORTED for n in PLAN) for row in rows
    )
    assert not is_at_most(hits, ALPHA, len(rows))


@pytest.mark.parametrize(("truth", "saves", "loses"), [(0.8, 5.0, 0.07), (1.0, 7.0, 0.03), (1.5, 10.0, 0.01)])
def test_seeds_are_saved_at_little_cost_in_power(truth, saves, loses):
    found = courses(greater_than(0.0), "normal", truth)
    assert np.mean([PLAN[-1] - one.seeds for one in found]) > saves
    fixed = stats.nct.sf(stats.t.ppf(1 - ALPHA, PLAN[-1] - 1), PLAN[-1] - 1, truth * PLAN[-1] ** 0.5)
    assert share(found, Verdict.SUPPORTED) / len(found) > fixed - loses


@pytest.mark.parametrize("plan", [PLAN, (3, 6, 9, 12), (5, 6, 7), (2, 3)])
def test_the_levels_of_all_looks_add_up_to_alpha_and_grow(plan):
    levels = [Look(number, plan).level for number in range(1, len(plan) + 1)]
    assert sum(levels) == pytest.approx(ALPHA)
    assert all(0 < level < ALPHA for level in levels)
    assert Look(1, plan).last == Look(len(plan), plan)


class Seeds(NamedTuple):
    """As much of a claim as its looks depend on."""

    own: int
    most_seeds: int | None

    def seeds_within(self, tier):
        return range(self.own)


@pytest.mark.parametrize(
    ("own", "most", "plan"),
    [(5, 20, PLAN), (3, 12, (3, 6, 9, 12)), (5, 7, (5, 6, 7)), (5, 5, ()), (5, 3, ()), (5, None, ()), (1, 2, (1, 2))],
)
def test_looks_are_evenly_spaced_from_the_claims_own_seeds_to_the_most(own, most, plan):
    claim: Any = Seeds(own, most)
    looks = looks_of(claim, "laptop")
    assert [look.seeds for look in looks] == list(plan)
    assert len(looks) <= LOOKS
    assert all(look.plan == plan for look in looks)


def test_a_look_takes_back_what_does_not_convince_at_its_level_and_nothing_else():
    supported = Judgement(Verdict.SUPPORTED, 1.0, 0.5, 1.5, 5, p=0.01, p_refute=0.99, reason="above")
    first, last = Look(1, PLAN), Look(4, PLAN)
    assert first.level < 0.01 < last.level
    withdrawn = at_look(supported, first)
    assert withdrawn.verdict is Verdict.INCONCLUSIVE
    assert withdrawn.reason == "above; not supported at look 1 of 4, which asks for p up to 0.0031, not 0.01"
    kept = at_look(supported, last)
    assert (kept.verdict, kept.p, kept.p_refute) == (Verdict.SUPPORTED, pytest.approx(0.01 * ALPHA / last.level), 1.0)
    assert at_look(supported, None) is supported
    exact = greater_than(0.0).judge(Exact(1.0))
    assert at_look(exact, first) is exact


CLAIMS = f"""
{DRAWS}
@claim(**given(1, 0.4, range(3), most_seeds=12))
def test_two_looks(lab):
    \"\"\"Draws are below 0.4 on average.\"\"\"
    decide(lab)

@claim(**given(2, 0.1, range(3), most_seeds=12))
def test_hopeless(lab):
    \"\"\"Draws are below 0.1 on average, as almost half of them are.\"\"\"
    decide(lab)

@claim(**given(3, 1.5, range(3), most_seeds=12))
def test_one_look(lab):
    \"\"\"Draws are below 1.5 on average.\"\"\"
    decide(lab)

@claim(**given(4, 0.2, range(3)))
def test_its_own_seeds_alone(lab):
    \"\"\"Draws are below 0.2 on average.\"\"\"
    decide(lab)
"""


def harness(suite, *arguments):
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, cwd=suite.root, capture_output=True, text=True, check=False)


def records(suite):
    return len(list((suite.root / "reports/store/records").glob("*.json")))


def test_seeds_are_added_until_a_claim_is_decided_and_to_none_that_is_hopeless_or_decided(suite):
    suite.claims(CLAIMS)
    trained = harness(suite, "train", "--until-decided", "--minutes", "10")
    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert "XX-01: undecided at look 1 of 4, 3 of 12 seeds; about 6 seeds would decide it; adding" in trained.stdout
    assert "XX-02: undecided at look 1 of 4, 3 of 12 seeds; seeds decide nothing" in trained.stdout
    assert "XX-03" not in trained.stdout
    assert "XX-04" not in trained.stdout
    assert records(suite) == 4 * 3 + 3

    suite.run()
    first, hopeless, third, plain = (suite.entry(f"XX-0{number}") for number in (1, 2, 3, 4))
    assert [one["verdict"] for one in (first, hopeless, third, plain)] == [
        "supported", "inconclusive", "supported", "inconclusive",
    ]  # fmt: skip
    assert [len(one["runs"]) for one in (first, hopeless, third, plain)] == [6, 3, 3, 3]
    assert first["measured"]["n"] == 6
    assert "look 2 of 4, fixed beforehand at 3, 6, 9, 12 seeds" in first["cases"][0]["notes"][-1]
    assert not plain["cases"][0]["notes"]

    again = harness(suite, "train", "--until-decided")
    assert again.returncode == 0
    assert "adding" not in again.stdout
    assert records(suite) == 4 * 3 + 3


@pytest.mark.parametrize(
    ("reason", "seeds", "expected"),
    [("too few", 6, 6), ("too few", 0, math.inf), ("too few", None, math.inf),
     (f"too few; {ON_SUSPECT_RUNS}: it ends at 0.9", 6, math.inf)],
)  # fmt: skip
def test_a_suspect_run_that_stays_makes_further_seeds_hopeless(reason, seeds, expected):
    assert needed({"reason": reason, "seeds_to_decide": seeds}) == expected


def test_seeds_beyond_the_look_that_decides_change_nothing(suite):
    suite.claims(CLAIMS.replace("range(3)", "range(12)").replace("most_seeds=12", "most_seeds=13"))
    assert harness(suite, "train").returncode == 0
    suite.claims(CLAIMS)
    suite.run()
    assert suite.entry("XX-01")["measured"]["n"] == 6
    assert suite.entry("XX-02")["measured"]["n"] == 12
    assert "look 4 of 4" in suite.entry("XX-02")["cases"][0]["notes"][-1]


def test_where_no_claim_states_the_most_seeds_it_is_bad_usage(suite):
    suite.claims(CLAIMS)
    found = harness(suite, "train", "--until-decided", "-k", "XX-04")
    assert found.returncode == 2
    assert "no selected claim states the most seeds" in found.stderr


@pytest.mark.parametrize(
    ("most", "problem"),
    [
        ("3", "most_seeds is 3; it is a whole number above that of its seeds"),
        ("4.5", "most_seeds is 4.5; it is a whole number above that of its seeds"),
        ("200", "its seeds up to most_seeds reach those of development"),
    ],
)
def test_the_most_seeds_make_sense(suite, most, problem):
    suite.claims(
        CLAIMS.replace("given(1, 0.4, range(3), most_seeds=12)", f"given(1, 0.4, range(3), most_seeds={most})")
    )
    suite.run("--collect-only").stdout.fnmatch_lines([f"*XX-01: {problem}*"])


def test_the_ledger_holds_the_most_seeds(suite):
    suite.claims(CLAIMS)
    suite.run("--update-ledger", "-k", "XX-03")
    suite.claims(CLAIMS.replace("given(3, 1.5, range(3), most_seeds=12)", "given(3, 1.5, range(3), most_seeds=24)"))
    result = suite.run("-k", "XX-03")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*XX-03*most seeds*"])
