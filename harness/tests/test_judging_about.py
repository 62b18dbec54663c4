"""Which evidence may decide a sentence, by what the sentence is about: every combination."""

from __future__ import annotations

import itertools
import math

import pytest

from harness.claims.about import About, problems
from harness.judging.about import Standing
from harness.rules import all_runs, equivalent_to, greater_than, in_all, matches, monotone
from harness.verdicts import Evidence, Verdict

PROXY, REDUCED, PAPER, PRINTED, EXACT = Evidence
SUPPORTED, REFUTED, INCONCLUSIVE, OUT_OF_REACH, ERRATUM, NOT_RUN = Verdict
GATES = (True, False)
BASELINES = ((None, None), (0.5, None), (None, 1.0), (0.5, 1.0), (-0.5, 1.0), (1.5, 1.0), (-1.5, 1.0), (math.nan, 1.0))
NEAR = ((0.5, 1.0), (-0.5, 1.0))


def may(about, action, evidence, gate, baseline):
    """The table of the module, said another way: which of a sentence's verdicts the evidence may give."""
    table = {
        About.MECHANISM: True,
        About.DIRECTION: True,
        About.EQUIVALENCE: True,
        About.REGIME: gate or evidence in (PRINTED, EXACT),
        About.SIZE: evidence in (PAPER, PRINTED, EXACT)
        or (action == "support" and evidence is REDUCED and baseline in NEAR),
        None: action == "support" or evidence is not PROXY,
    }
    return table[about]


@pytest.mark.parametrize(("about", "evidence"), [*itertools.product([*About, None], Evidence)])
def test_every_combination(about, evidence):
    for verdict, gate, baseline in itertools.product(Verdict, GATES, BASELINES):
        found = Standing(about, evidence, gate, *baseline).limit(verdict, "")
        supports, refutes = (may(about, action, evidence, gate, baseline) for action in ("support", "refute"))
        stands = {
            SUPPORTED: supports,
            REFUTED: refutes,
            ERRATUM: refutes,
            INCONCLUSIVE: supports or refutes,
            OUT_OF_REACH: True,
            NOT_RUN: True,
        }[verdict]
        assert found.verdict is (verdict if stands else OUT_OF_REACH)
        assert bool(found.reason) == (not stands)


def test_no_proxy_decides_a_size():
    for verdict in (SUPPORTED, REFUTED, ERRATUM, INCONCLUSIVE):
        found = Standing(About.SIZE, PROXY, distance=0.0, within=1.0).limit(verdict, "")
        assert found.verdict is OUT_OF_REACH
    assert found.reason == "a proxy cannot refute a size: that takes the paper's own data and networks"


def test_what_is_missing_is_said():
    far = Standing(About.SIZE, REDUCED, distance=-23.4, within=1).limit(SUPPORTED, "")
    assert far.reason == "the unmodified network is 23.4 from the paper's; within 1 it could support a size"
    assert "not in the regime" in Standing(About.REGIME, PAPER, gate=False).limit(REFUTED, "").reason
    assert "cannot refute a size" in Standing(About.SIZE, REDUCED).limit(REFUTED, "").reason
    assert "whose distance is stated" in Standing(About.SIZE, REDUCED).limit(SUPPORTED, "").reason


def test_a_suspect_run_decides_nothing():
    suspect = Standing(About.DIRECTION, PROXY, suspect="it ends at 0.9")
    for verdict in (SUPPORTED, REFUTED, ERRATUM):
        assert suspect.limit(verdict, "why") == (INCONCLUSIVE, "rests on a suspect run: it ends at 0.9")
    assert suspect.limit(INCONCLUSIVE, "why") == (INCONCLUSIVE, "why; rests on a suspect run: it ends at 0.9")
    assert suspect.limit(NOT_RUN, "why") == (NOT_RUN, "why")
    assert Standing(About.SIZE, PROXY, suspect="x").limit(REFUTED, "why").verdict is OUT_OF_REACH
    assert Standing(suspect="x").limit(SUPPORTED, "why").verdict is INCONCLUSIVE


@pytest.mark.parametrize("evidence", Evidence)
def test_a_regime_needs_its_gate_stated(evidence):
    with pytest.raises(ValueError, match="needs a gate"):
        Standing(About.REGIME, evidence)
    assert Standing(About.MECHANISM, evidence).limit(SUPPORTED, "") == (SUPPORTED, "")


@pytest.mark.parametrize(
    ("about", "rule", "wrong"),
    [
        (About.EQUIVALENCE, equivalent_to(0.0, 1.0), "refuted_beyond=2, not 1"),
        (About.EQUIVALENCE, in_all(equivalent_to(0.0, 1.0)), "refuted_beyond=2, not 1"),
        (About.EQUIVALENCE, greater_than(0.0), "state equivalent_to"),
        (About.EQUIVALENCE, equivalent_to(0.0, 1.0, refuted_beyond=2.0), ""),
        (About.DIRECTION, matches(4.0, 2.0), "tested by its sign"),
        (About.DIRECTION, greater_than(0.1), ""),
        (About.DIRECTION, monotone("increasing"), ""),
        (About.SIZE, matches(4.0, 2.0), ""),
        (About.REGIME, all_runs(), ""),
        (About.MECHANISM, equivalent_to(0.0, 1.0), ""),
    ],
)
def test_a_rule_must_suit_what_the_sentence_is_about(about, rule, wrong):
    found = list(problems(about, rule))
    assert len(found) == bool(wrong)
    assert all(wrong in problem for problem in found)
