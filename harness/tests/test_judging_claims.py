"""From cases to the verdict of a claim: correction, readings, controls, and which part decides."""

from __future__ import annotations

import dataclasses
import itertools
import json

import pytest

from harness.judging.cases import least_favourable
from harness.judging.claims import judge_claim, judge_claims
from harness.judging.exchange import case_from_json, case_to_json, claim_to_json
from harness.rules import Estimate, Exact, equals
from harness.tests.made_up_cases import ABOVE, VERDICTS, WEAK, case, estimate, judgement, not_run
from harness.verdicts import Evidence, Verdict

SUPPORTED, REFUTED, INCONCLUSIVE, OUT_OF_REACH, ERRATUM, NOT_RUN = Verdict


def test_holm_over_the_cases_takes_back_what_one_of_many_would_not_refute_but_no_cases_own_verdict():
    """A sentence that says several things has as many chances to be refuted wrongly as there are of them."""
    below = ABOVE.judge(dataclasses.replace(WEAK, value=-WEAK.value))
    weak = {name: case(name, judged=judgement({"measured": below})) for name in "abc"}
    assert judge_claim([weak["a"]]).verdict is REFUTED
    together = judge_claim([*weak.values()])
    assert together.verdict is INCONCLUSIVE
    assert "after Holm's correction over 3 tests" in together.reason
    assert {share.verdict for share in together.shares} == {INCONCLUSIVE}
    assert {share.case.verdict for share in together.shares} == {REFUTED}


def test_holm_counts_the_parts_of_all_cases():
    below = ABOVE.judge(dataclasses.replace(WEAK, value=-WEAK.value))
    assert judge_claim([case(judged=judgement({"p": below}))]).verdict is REFUTED
    assert judge_claim([case(judged=judgement({"p": below, "q": estimate(9.0)}))]).verdict is INCONCLUSIVE


def test_support_by_every_part_of_every_case_needs_no_correction():
    """Berger 1982: where any part is false, that one's test alone keeps the claim from being supported wrongly."""
    assert judge_claim([case(name, WEAK, ABOVE) for name in "abcdefgh"]).verdict is SUPPORTED
    one_undecided = [case("a", WEAK, ABOVE), case("b", dataclasses.replace(WEAK, value=0.1), ABOVE)]
    assert judge_claim(one_undecided).verdict is INCONCLUSIVE


@pytest.mark.parametrize("kinds", list(itertools.permutations(VERDICTS)))
def test_refuted_decides_before_undecided_and_undecided_before_supported(kinds):
    """Whatever the order in which they were measured, in one case or in several."""
    parts = {str(kind): VERDICTS[kind] for kind in kinds}
    for wanted in (REFUTED, INCONCLUSIVE, SUPPORTED):
        assert least_favourable(parts) == str(wanted)
        named = dict(zip("abc", parts.values(), strict=False))
        deciding = judge_claim([case(name, judged=judgement({"x": one})) for name, one in named.items()]).deciding
        assert deciding.judgement.verdict is wanted
        del parts[str(wanted)]


def test_among_parts_of_one_verdict_the_largest_p_decides():
    parts = {"sure": estimate(9.0), "least sure": estimate(2.0), "rather sure": estimate(5.0)}
    assert least_favourable(parts) == "least sure"
    assert judge_claim([case(judged=judgement(parts))]).deciding.part == "least sure"


@pytest.mark.parametrize("names", list(itertools.permutations("abc")))
def test_value_and_interval_of_the_headline_are_the_deciding_cases(names):
    """The refuted one among supported ones, wherever its name sorts it."""
    cases = [
        case(name, judged=judgement({"x": estimate(value)})) for name, value in zip(names, (-4, 3, 5), strict=True)
    ]
    verdict = judge_claim(cases)
    assert verdict.verdict is REFUTED
    assert verdict.deciding.case == names[0]
    measured = claim_to_json(verdict, unit="points", control="")["measured"]
    alone = estimate(-4)
    assert measured == {"value": -4.0, "low": alone.low, "high": alone.high, "n": 30, "unit": "points"}
    assert alone.low < -4 < alone.high


def test_the_reason_of_a_supported_claim_is_the_deciding_cases():
    verdict = judge_claim(
        [case(name, judged=judgement({"x": estimate(v)})) for name, v in (("a", 5), ("b", 2), ("c", 9))]
    )
    assert verdict.verdict is SUPPORTED
    assert verdict.deciding.case == "b"
    assert verdict.reason == estimate(2).reason


def test_readings_are_judged_over_all_data_sets_and_must_agree():
    kinds = {
        ("mnist", "one"): SUPPORTED,
        ("svhn", "one"): SUPPORTED,
        ("mnist", "two"): SUPPORTED,
        ("svhn", "two"): REFUTED,
    }
    cases = [
        case(f"{data}-{how}", judged=judgement({"x": VERDICTS[kind]}), parameters={"data": data, "how": how})
        for (data, how), kind in kinds.items()
    ]
    verdict = judge_claim(cases)
    assert {reading.name: reading.verdict for reading in verdict.readings} == {
        "how: one": SUPPORTED,
        "how: two": REFUTED,
    }
    assert verdict.depends_on_reading
    assert verdict.verdict is INCONCLUSIVE
    assert verdict.reason == "the verdict depends on the reading: supported under how: one; refuted under how: two"
    same = judge_claim(cases[:3])
    assert not same.depends_on_reading
    assert same.verdict is SUPPORTED


def test_cases_that_differ_in_data_alone_are_no_readings():
    verdict = judge_claim([case(name, parameters={"data": name}) for name in ("mnist", "svhn")])
    assert verdict.readings == ()
    assert not verdict.depends_on_reading


def test_a_claim_lacking_one_of_its_data_sets_is_never_supported():
    verdict = judge_claim([case("mnist"), not_run("cifar10", "cifar10 is not there")])
    assert verdict.verdict is INCONCLUSIVE
    assert verdict.reason == "cifar10: cifar10 is not there"
    assert not verdict.judged
    nothing = judge_claim([not_run("cifar10", "cifar10 is not there")])
    assert (nothing.verdict, nothing.deciding, nothing.control.holds) == (NOT_RUN, None, None)


def test_a_claim_of_whose_cases_some_were_not_selected_is_never_supported_but_may_be_refuted():
    some = judge_claim([case("mnist", siblings=3)])
    assert (some.verdict, some.judged) == (INCONCLUSIVE, False)
    assert some.reason.startswith("1 of 3 cases")
    assert judge_claim([case("mnist", Exact(2.0), siblings=3)]).verdict is REFUTED
    assert judge_claim([case(name, siblings=3) for name in "abc"]).judged


def test_evidence_is_that_of_the_weakest_case_that_ran():
    assert judge_claim([case("a", evidence=Evidence.PAPER), case("b", evidence=Evidence.REDUCED)]).evidence == "reduced"
    assert judge_claim([case("a", evidence=Evidence.PAPER), not_run("b", "missing")]).evidence == "paper"


@pytest.mark.parametrize(("first", "second", "whole"), [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1)])
def test_data_that_stand_in_for_one_case_count_for_the_claim(first, second, whole):
    assert judge_claim([case("a", stand_in=bool(first)), case("b", stand_in=bool(second))]).stand_in is bool(whole)


def test_a_control_that_fails_in_one_part_of_one_case_is_told_with_both():
    good = judgement({"p": VERDICTS[SUPPORTED], "q": VERDICTS[SUPPORTED]})
    bad = judgement(good.parts, controls={"p": VERDICTS[REFUTED], "q": VERDICTS[SUPPORTED]}, faults={"q": "supported"})
    verdict = judge_claim([case("a", judged=good), case("b", judged=bad)])
    assert verdict.verdict is INCONCLUSIVE
    assert verdict.reason == "the control does not do its work (q: supported (b))"
    assert (verdict.control.holds, verdict.judged) == (False, False)
    assert verdict.control.parts == {"p": REFUTED, "q": REFUTED}


def test_an_undecided_control_leaves_the_claim_undecided_after_the_correction_too():
    judged = judgement({"p": VERDICTS[SUPPORTED], "q": VERDICTS[SUPPORTED]}, undecided=("q",))
    verdict = judge_claim([case("a", judged=judged), case("b", judged=judgement(judged.parts))])
    assert verdict.verdict is INCONCLUSIVE
    assert "control undecided of q" in verdict.reason
    assert verdict.control.undecided == ("q",)
    assert verdict.control.holds
    refuted = judgement({"p": VERDICTS[REFUTED], "q": VERDICTS[SUPPORTED]}, undecided=("q",))
    assert judge_claim([case("a", judged=refuted)]).verdict is REFUTED


def test_errata_are_confirmed_when_the_printed_statement_fails():
    wrong = judgement({"x": equals(1.0).judge(Exact(2.0))}, erratum=True)
    assert (wrong.verdict, judge_claim([case(judged=wrong)]).verdict) == (ERRATUM, ERRATUM)
    right = judgement({"x": equals(1.0).judge(Exact(1.0))}, erratum=True)
    assert (right.verdict, judge_claim([case(judged=right)]).verdict) == (REFUTED, REFUTED)


def test_cases_survive_the_way_through_json():
    parts = {"p": VERDICTS[SUPPORTED], "q": equals(0.0).judge(Exact(2.0)), "r": ABOVE.judge(Estimate(1.0, 0.0, 3, 2))}
    full = case(
        "a",
        judged=judgement(parts, faults={"p": "has no control"}, undecided=("q",), uncontrolled={"r": "dear"}),
        parameters={"data": "mnist"},
        data=[{"name": "mnist"}],
        runs=["ab"],
        notes=["a note"],
        series={"curve": {"x": [1.0], "y": [2.0]}},
        pictures=[{"png": ""}],
        stand_in=True,
        siblings=4,
    )
    for one in (full, not_run("b", "missing")):
        values = case_to_json(one)
        again = case_from_json(json.loads(json.dumps(values)))
        assert case_to_json(again) == values
        assert (again.verdict, again.reason, again.judged and again.judged.control_faults) == (
            one.verdict,
            one.reason,
            one.judged and one.judged.control_faults,
        )
        assert judge_claim([again]).verdict is judge_claim([one]).verdict


def test_each_claim_gets_its_own_cases():
    cases = [case("a"), case("b", Exact(2.0))]
    assert {id: ladder.best.verdict for id, ladder in judge_claims(cases).items()} == {"XX-01": REFUTED}
