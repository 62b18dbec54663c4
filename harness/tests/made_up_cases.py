"""Cases of a claim as a session would come to them, for tests of what is made of them."""

from __future__ import annotations

from harness.judging.about import UNLIMITED
from harness.judging.cases import CaseJudgement, verdict_of
from harness.judging.claims import CaseResult
from harness.judging.correction import corrected
from harness.rules import Estimate, Exact, equals, greater_than
from harness.verdicts import Evidence, Verdict, conjunction

WEAK = Estimate(1.0, 0.5, 30, 29)
"""Above 0 with p of about 0.027: supported alone, not among three."""

ABOVE = greater_than(0.0)
REFUTED = equals(1.0).judge(Exact(2.0))


def judgement(parts, *, controls=None, faults=None, undecided=(), uncontrolled=None, erratum=False, standing=UNLIMITED):
    """What a case comes to whose parts are judged so, each part's control refuted unless told otherwise."""
    controls = dict.fromkeys(parts, REFUTED) if controls is None else controls
    (together,) = corrected([parts])
    verdict, reason = verdict_of(together, undecided, standing, erratum=erratum)
    control = conjunction(one.verdict for one in controls.values())
    return CaseJudgement(
        verdict=verdict,
        reason=reason,
        parts=together,
        control=control,
        control_parts=controls,
        control_faults=faults or {},
        control_undecided=tuple(undecided),
        uncontrolled=uncontrolled or {},
        erratum=erratum,
        standing=standing,
    )


def case(name="", sample=None, rule=None, *, judged=None, **changes):
    """A case of XX-01: by `judged`, else by a rule on a sample, else 1 = 1."""
    if judged is None:
        judged = judgement({"measured": (rule or equals(1.0)).judge(sample or Exact(1.0))})
    nodeid = f"claims/paper2020/test_topic.py::test_one[{name}]"
    given = {"tier": "smoke", "evidence": Evidence.EXACT, "seconds": 0.1, **changes}
    return CaseResult("XX-01", name, nodeid, judged=judged, **given)


def not_run(name, failure):
    """A case of XX-01 that lacks something."""
    return CaseResult("XX-01", name, f"test_one[{name}]", "smoke", Evidence.PROXY, None, failure)


def estimate(value, rule=ABOVE, n=30):
    """The judgement on a mean of this value with a standard error of one half."""
    return rule.judge(Estimate(float(value), 0.5, n, n - 1))


VERDICTS = {
    Verdict.SUPPORTED: estimate(5.0),
    Verdict.INCONCLUSIVE: estimate(0.3),
    Verdict.REFUTED: estimate(-5.0),
}
"""A judgement of each kind that survives any correction over a few."""
