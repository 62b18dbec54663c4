"""What a control must come to, and what mirrors the measurement may."""

from __future__ import annotations

import itertools

import pytest

from harness.claims.about import About
from harness.claims.claim import SINGLE, claim, declared
from harness.judging.cases import judge_case
from harness.rules import Estimate, greater_than
from harness.verdicts import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
MEASURED = {SUPPORTED: Estimate(9.0, 0.5, 5, 4), REFUTED: Estimate(-9.0, 0.5, 5, 4), INCONCLUSIVE: Estimate(0, 1, 5, 4)}


def claimed(**options):
    """A claim that something is above 0; on trained networks, where an undecided control is no fault."""

    @claim(
        "XX-01", where="Eq. 1", rule=greater_than(0.0), control="another", runs={"laptop": {}}, tier="laptop", **options
    )
    def function(lab):
        """Something is above 0."""

    return declared.pop()


@pytest.mark.parametrize(("measured", "control"), [*itertools.product(MEASURED, MEASURED)])
@pytest.mark.parametrize("mirrored", [(), (SINGLE,)])
def test_only_what_mirrors_a_refuted_measurement_may_be_supported(mirrored, measured, control):
    found = judge_case(claimed(mirrored=mirrored), {SINGLE: MEASURED[measured]}, {SINGLE: MEASURED[control]})
    may_be = bool(mirrored) and measured is REFUTED
    assert found.control_faults == ({SINGLE: "supported"} if control is SUPPORTED and not may_be else {})
    assert found.control_undecided == ((SINGLE,) if control is INCONCLUSIVE else ())
    assert found.verdict is (INCONCLUSIVE if (measured, control) == (SUPPORTED, INCONCLUSIVE) else measured)


def test_what_a_sentence_is_about_may_be_said_in_a_word():
    assert claimed(about="regime").about is About.REGIME
    assert claimed(about="something").about == "something"  # said at collection, with all other problems
