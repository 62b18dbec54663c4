"""How many seeds would decide what is undecided."""

from __future__ import annotations

import numpy as np
import pytest

from harness.claims.about import About
from harness.claims.claim import SINGLE, claim, declared
from harness.judging.about import Standing
from harness.judging.cases import judge_case
from harness.judging.seeds import MOST, NEVER, seeds_to_decide
from harness.rules import (
    Count,
    Curve,
    Estimate,
    Exact,
    Several,
    equivalent_to,
    greater_than,
    in_all,
    monotone,
    proportion_above,
)
from harness.statistics.seeds_and_images import over_seeds_and_images
from harness.verdicts import Evidence, Verdict

UNSURE = np.array([-1.0, 0.0, 1.0, 2.0, 0.5])
"""Five seeds whose mean is half a standard deviation above 0."""

REFUTED = {SINGLE: Estimate(-9.0, 0.1, 5, 4)}


def claimed(rule):
    @claim("XX-01", where="Eq. 1", rule=rule, control="another", runs={"laptop": {}}, tier="laptop")
    def function(lab):
        """Something."""

    return declared.pop()


def needed(rule, sample, control=None, seeds=5):
    controls = REFUTED if control is None else {SINGLE: control}
    return seeds_to_decide(claimed(rule), {SINGLE: sample}, controls, seeds=seeds)


def test_with_so_many_seeds_it_is_decided_and_with_fewer_it_is_not():
    rule = greater_than(0.0)
    found = needed(rule, Estimate.from_replicates(UNSURE))
    assert 5 < found < 5 * MOST
    verdicts = [
        rule.judge(Estimate.from_replicates(np.tile(UNSURE, found // 5 - less))).verdict for less in (0, 2)
    ]  # repeated values spread a little less than so many new ones would
    assert verdicts == [Verdict.SUPPORTED, Verdict.INCONCLUSIVE]


def test_it_grows_with_the_square_of_the_spread():
    near, far = (needed(greater_than(0.0), Estimate.from_replicates(0.5 + by * (UNSURE - 0.5))) for by in (2.0, 4.0))
    assert far == pytest.approx(4 * near, rel=0.15)


def test_a_suspect_run_is_no_matter_of_further_seeds():
    suspect = Standing(About.DIRECTION, Evidence.REDUCED, suspect="it ends at 0.9")
    of = claimed(greater_than(0.0)), {SINGLE: Estimate.from_replicates(UNSURE)}, REFUTED
    assert seeds_to_decide(*of, suspect, seeds=5) == seeds_to_decide(*of, seeds=5) > 5


def test_what_would_be_refuted_counts_too():
    assert 5 < needed(greater_than(0.0), Estimate.from_replicates(-UNSURE)) < 5 * MOST


@pytest.mark.parametrize(
    "sample",
    [
        Estimate.from_replicates(UNSURE - UNSURE.mean()),
        Estimate.from_replicates([0.0] * 5),
        Exact(0.0),
    ],
    ids=["on the threshold", "without variance", "exactly on it"],
)
def test_what_lies_on_the_threshold_is_never_decided(sample):
    assert needed(greater_than(0.0), sample) in (NEVER, 5)  # an exact value is decided as it is


def test_what_the_images_leave_open_no_seeds_decide():
    by_seed = np.array([0.29, 0.31, 0.30, 0.30, 0.30])
    sure = over_seeds_and_images(by_seed, 0.0, "points", "images", None)
    unsure = over_seeds_and_images(by_seed, 4.0, "points", "images", None)
    assert needed(equivalent_to(0.0, within=1.0, refuted_beyond=2), sure) == 5
    assert needed(equivalent_to(0.0, within=1.0, refuted_beyond=2), unsure) == NEVER


def test_shares_of_runs_stay_as_they_are():
    none = Count(0, 60)
    assert needed(proportion_above(0.5), Count(4, 5), Count(0, 5)) == 15
    assert needed(proportion_above(0.5), Count(3, 6), Count(0, 6), seeds=6) == NEVER
    assert needed(proportion_above(0.5), Count(4, 5), none) is None


def test_curves_have_as_many_more_points_at_each_place():
    curve = Curve.of((0, 1), np.stack([UNSURE, UNSURE + 0.6]))
    falling = Curve.of((0, 1), np.stack([UNSURE + 9, UNSURE]))
    found = needed(monotone("increasing"), curve, falling)
    assert found % 5 == 0
    assert found > 5


def test_several_places_are_all_surer():
    places = Several.of(np.stack([UNSURE, UNSURE + 3], 1), "layer")
    below = Several((REFUTED[SINGLE],) * 2, places.names)
    assert needed(in_all(greater_than(0.0)), places, below) == needed(
        greater_than(0.0), Estimate.from_replicates(UNSURE)
    )


@pytest.mark.parametrize("sample", [Estimate(0.1, 1.0, 500, 499), Count(260, 500)], ids=["estimate", "count"])
def test_what_is_not_over_seeds_says_nothing(sample):
    rule = greater_than(0.0) if isinstance(sample, Estimate) else proportion_above(0.5)
    assert needed(rule, sample) is None


def test_an_undecided_control_needs_seeds_as_well():
    sample, control = Estimate(9.0, 0.1, 5, 4), Estimate.from_replicates(-UNSURE)
    found = needed(greater_than(0.0), sample, control)
    assert found > 5
    assert judge_case(claimed(greater_than(0.0)), {SINGLE: sample}, {SINGLE: control}).verdict is Verdict.INCONCLUSIVE


def test_no_seeds_bring_what_is_out_of_reach():
    standing = Standing(about=About.SIZE, evidence=Evidence.PROXY)
    sample = {SINGLE: Estimate(9.0, 0.1, 5, 4)}
    assert seeds_to_decide(claimed(greater_than(0.0)), sample, REFUTED, standing, seeds=5) == NEVER
