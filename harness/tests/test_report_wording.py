"""The sentence that says why a claim has its verdict."""

from __future__ import annotations

import dataclasses

import pytest

from harness.claims.about import About
from harness.judging.about import Standing
from harness.report.stated import stated
from harness.report.wording import ours, would_refute
from harness.rules import (
    Estimate,
    Exact,
    equals,
    equivalent_to,
    greater_than,
    in_all,
    in_some,
    less_than,
    matches,
    monotone,
)
from harness.rules.sample import Several
from harness.tests.made_up_cases import VERDICTS, case, judgement, not_run
from harness.tests.test_report import described, documented
from harness.verdicts import Evidence, Verdict

FIVE = Estimate.from_replicates([4.0, 5.0, 6.0, 5.5, 4.5], "points")


def why(rule, *cases, **changes):
    told = described(stated={"measured": stated(rule)}, unit="points", **{"paper_value": None, **changes})
    return documented(told, *cases)["claims"][0]["why"]


def test_effect_interval_seeds_margin_and_the_papers_number():
    rule = matches(4.0, within=2.0)
    told = why(rule, case(sample=FIVE, rule=rule, seeds=range(5)), paper_value=4.0)
    assert told == (
        "Ours is 5 points with a 90 % interval of [4.246, 5.754] over 5 seeds, within 4 ± 2, as the rule asks; "
        "the interval excludes the paper's 4."
    )
    assert "includes the paper's 5" in why(rule, case(sample=FIVE, rule=rule), paper_value=5.0)
    assert "paper" not in why(rule, case(sample=FIVE, rule=rule))
    assert "paper" not in why(rule, case(sample=FIVE, rule=rule), paper_value="about 4")


def test_a_number_that_the_rule_itself_would_not_support_is_one_of_another_quantity():
    for rule, paper, said in [
        (matches(4.0, within=2.0), 5.9, True),
        (matches(4.0, within=2.0), 6.1, False),
        (greater_than(0.0), 16.0, True),
        (greater_than(0.0), -1.0, False),
    ]:
        assert ("the paper's" in why(rule, case(sample=FIVE, rule=rule), paper_value=paper)) == said


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (greater_than(1.0), "above 1, as the rule asks."),
        (greater_than(5.0), "on both sides of 5, so that it decides nothing."),
        (greater_than(9.0), "below 9, against the rule."),
        (equivalent_to(0.0, 1.0), "outside 0 ± 1, against the rule."),
        (equivalent_to(5.0, 0.5), "partly within and partly outside 5 ± 0.5, so that it decides nothing."),
    ],
    ids=lambda value: getattr(value, "sentence", value),
)
def test_where_the_interval_lies(rule, says):
    assert why(rule, case(sample=FIVE, rule=rule)).endswith(says)


@pytest.mark.parametrize(("value", "says"), [(1.0, "equal to 1, as the rule asks"), (2.0, "not equal to 1, against")])
def test_what_was_computed_has_no_interval(value, says):
    told = why(equals(1.0), case(sample=Exact(value)), paper_value=1.0)
    assert says in told
    assert told.endswith("the paper has 1.")
    assert "interval" not in told


def test_it_speaks_of_the_case_whose_number_is_shown_and_of_one_only():
    rule = greater_than(0.0)
    cases = [case(name, Estimate(value, 0.5, 30, 29), rule) for name, value in (("a", 5.0), ("b", -4.0), ("c", -3.0))]
    told = why(rule, *cases)
    assert told.startswith("The least favourable of 3 numbers (b) is -4 points with a 90 % interval of [-4.85, -3.15]")
    assert told.count("interval") == 1


def test_above_the_number_stands_whose_it_is_and_whether_the_papers_is_another():
    def told(rule, *cases, paper):
        return documented(described(stated={"measured": stated(rule)}, paper_value=paper), *cases)["claims"][0]

    rule = greater_than(1.0)
    one, other = (case(name, FIVE, rule, parameters={"how": name}) for name in "ab")
    assert ours(told(rule, one, paper=7.0)) == "ours"
    assert ours(told(rule, one, paper=0.5)) == "ours, of another quantity than the paper's"
    assert ours(told(rule, one, paper="below 0.5")) == "ours"
    assert ours(told(rule, one, other, paper=7.0)) == "ours, the least favourable of 2 numbers (a)"
    assert ours(told(rule, not_run("a", "no data"), paper=0.5)) == "ours"


def test_the_least_favourable_of_several_places_is_named():
    rule = in_all(greater_than(0.0))
    several = Several((FIVE, dataclasses.replace(FIVE, value=1.0)), ("layer 1", "layer 2"))
    assert why(rule, case(sample=several, rule=rule)).startswith(
        "Ours, at layer 2, the least favourable of 2, is 1 points with a 90 % interval"
    )


def test_what_the_evidence_cannot_decide_is_said_behind_the_number():
    size = Standing(About.SIZE, Evidence.PROXY)
    told = why(greater_than(0.0), case(judged=judgement({"measured": VERDICTS[Verdict.SUPPORTED]}, standing=size)))
    assert "above 0, as the rule asks, but a proxy cannot support a size" in told


def test_readings_are_told_by_the_parameter_that_tells_them_apart():
    cases = [
        case(how + more, judged=judgement({"measured": VERDICTS[verdict]}), parameters={"how": how, "more": more})
        for how, verdict in (("one", Verdict.SUPPORTED), ("two", Verdict.REFUTED))
        for more in "xy"
    ]
    told = why(greater_than(0.0), *cases)
    assert told.startswith(
        'The verdict depends on the reading: supported with how "one", refuted with how "two"; the least'
    )
    mixed = [dataclasses.replace(one, parameters={"how": "one", "more": one.case}) for one in cases]
    assert 'supported with more "onex" or "oney"' in why(greater_than(0.0), *mixed)


def test_what_did_not_run_a_control_at_fault_and_an_erratum():
    assert why(greater_than(0.0), not_run("a", "no data")) == "Not judged: no data."
    faulty = case(judged=judgement({"measured": VERDICTS[Verdict.SUPPORTED]}, faults={"measured": "supported"}))
    assert why(greater_than(0.0), faulty).startswith("The control does not do its work (measured: supported)")
    wrong = judgement({"measured": VERDICTS[Verdict.REFUTED]}, erratum=True)
    assert why(greater_than(0.0), case(judged=wrong)).startswith(
        "As printed the statement fails and the corrected one holds: ours is -5"
    )


def test_a_judgement_without_an_interval_says_what_is_wrong():
    rule = greater_than(0.0)
    told = why(rule, case(sample=Estimate.from_replicates([1.0]), rule=rule))
    assert told.startswith("Ours is 1 points: 1 replicate cannot show how far chance moves the value")


@pytest.mark.parametrize(
    ("needed", "says"),
    [
        (None, "so that it decides nothing."),
        (15, "so that it decides nothing; 15 seeds that come out like these 5 would decide it."),
        (0, "so that it decides nothing; 320 seeds that come out like these 5 would not decide it either."),
    ],
)
def test_how_many_seeds_would_decide_what_is_undecided(needed, says):
    rule = greater_than(5.0)
    assert why(rule, case(sample=FIVE, rule=rule, seeds=range(5), seeds_to_decide=needed)).endswith(says)
    decided = greater_than(1.0)
    assert why(decided, case(sample=FIVE, rule=decided, seeds=range(5), seeds_to_decide=needed)).endswith("rule asks.")


@pytest.mark.parametrize(
    ("needed", "says"),
    [
        ((15, 30), "30 seeds that come out like these 5 would decide all of its 2 undecided cases."),
        ((15, 0, 20), "20 seeds that come out like these 5 would decide 2 of its 3 undecided cases, 320 not 1 others."),
        ((15, None), "15 seeds that come out like these 5 would decide 1 of its 2 undecided cases."),
        ((0, 0), "320 seeds that come out like these 5 would not decide it either."),
        ((None, None), "so that it decides nothing."),
    ],
)
def test_seeds_are_told_of_all_undecided_cases(needed, says):
    rule = greater_than(5.0)
    cases = [
        case(f"c{number}", FIVE, rule, seeds=range(5), seeds_to_decide=seeds) for number, seeds in enumerate(needed)
    ]
    assert why(rule, *cases).endswith(f" {says}")


def test_readings_that_are_undecided_are_told_their_seeds_unless_the_others_disagree():
    def read(*values):
        return [
            case(
                name, Estimate(value, 1.0, 5, 4), rule, parameters={"how": name}, seeds=range(5), seeds_to_decide=needed
            )
            for name, (value, needed) in zip("abc", values, strict=False)
        ]

    rule = greater_than(0.0)
    supported, refuted, undecided = (9.0, None), (-9.0, None), (0.5, 40)
    assert why(rule, *read(supported, undecided)).endswith("40 seeds that come out like these 5 would decide it.")
    assert "40 seeds" not in why(rule, *read(supported, undecided, refuted))


def test_a_suspect_run_is_told_where_the_number_decides_nothing_anyway():
    rule = greater_than(5.0)
    suspect = Standing(About.DIRECTION, Evidence.REDUCED, suspect="seed 3: it ends at 0.9")
    judged = judgement({"measured": rule.judge(FIVE)}, standing=suspect)
    told = why(rule, case(judged=judged, seeds=range(5), seeds_to_decide=15))
    assert told.endswith(
        "so that it decides nothing; it rests on a suspect run, which is to be replaced first: seed 3: it ends at 0.9; "
        "15 seeds that come out like these 5 would decide it."
    )
    decided = greater_than(1.0)
    judged = judgement({"measured": decided.judge(FIVE)}, standing=suspect)
    told = why(decided, case(judged=judged, seeds=range(5), seeds_to_decide=5))
    assert told.endswith(
        "as the rule asks, but rests on a suspect run: seed 3: it ends at 0.9; "
        "as many sound seeds that come out like these 5 would decide it."
    )


def test_the_obstacle_is_that_of_the_case_whose_number_is_told():
    rule = greater_than(0.0)
    weakly = Estimate(-2.3, 1.0, 5, 4)  # refuted by itself, and not among many
    cases = [case(f"c{number}", Estimate(0.1, 1.0, 5, 4), rule, parameters={"x": f"c{number}"}) for number in range(8)]
    told = why(rule, *cases, case("worst", weakly, rule, parameters={"x": "worst"}))
    assert "(worst) is -2.3 points" in told
    assert "but not after Holm's correction" in told


def test_a_part_whose_interval_would_decide_alone_says_that_it_is_one_of_many():
    rule = in_all(greater_than(0.0))
    samples = [Estimate(9.0, 1.0, 5, 4)] * 7 + [Estimate(-2.3, 1.0, 5, 4)]
    told = why(rule, case(sample=Several(tuple(samples), tuple(f"layer {n}" for n in range(8))), rule=rule))
    assert "below 0, so that it decides nothing after Holm's correction" in told


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (greater_than(1.0), "an interval below 1"),
        (less_than(1.0), "an interval above 1"),
        (equals(3.0), "another value than 3"),
        (equals(3.0, within=0.5), "another value than 3 ± 0.5"),
        (matches(4.0, within=2.0), "an interval outside 4 ± 2"),
        (equivalent_to(0.0, within=2.0, refuted_beyond=2.0), "an interval outside 0 ± 4"),
        (monotone("increasing"), "a trend the other way"),
        (in_all(greater_than(0.0)), "in any sample, an interval below 0"),
        (in_some(greater_than(0.0)), "in every sample, an interval below 0"),
    ],
)
def test_what_would_refute_a_claim_is_said_beforehand(rule, says):
    assert would_refute({"rules": {"measured": stated(rule)}}) == says
    both = {"rules": {"a part": stated(rule), "b": stated(less_than(9.0))}}
    assert would_refute(both) == f"a part: {says}; b: an interval above 9"


@pytest.mark.parametrize("reach", Evidence)
def test_a_refutation_by_less_than_the_papers_own_recipe_says_that_it_is_not_reproduced_there_and_no_more(reach):
    refuted = case(judged=judgement({"measured": VERDICTS[Verdict.REFUTED]}), evidence=reach)
    told = why(greater_than(0.0), refuted)
    assert ("not reproduced at reach" in told) == (reach in (Evidence.PROXY, Evidence.REDUCED))
    assert not [word for word in ("wrong", "false", "disproved") if word in told]
    assert "not reproduced" not in why(greater_than(0.0), case(evidence=reach))
