"""What a sentence is about, and so which evidence may decide it.

| about | supported from | refuted from |
| --- | --- | --- |
| mechanism: for any network, or by construction | proxy | proxy |
| direction: more, less, falls, above chance | proxy | proxy; the rule sees to the opposite sign |
| equivalence: two arms of one set-up are alike | proxy | proxy; the rule sees to twice the margin |
| regime: of converged, over-parametrised networks | proxy, when its gate holds | the same |
| size: the paper's own number, or 'costs nothing' | paper; reduced near the paper's baseline | paper |
| not said: no network is trained | proxy | reduced: data that stand in for the paper's refute nothing |

What is exact has nothing to scale, and what was printed is the paper's own: both decide any sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from harness.claims.about import About
from harness.verdicts import Evidence, Verdict


@dataclass(frozen=True)
class Standing:
    """What the evidence of a case may decide.

    Attributes:
        about: what the claim's sentence is about; None where nobody has said.
        evidence: how far it reaches.
        gate: whether the networks are in the regime that the sentence needs; None where it needs none.
        distance, within: how far the unmodified network is from the paper's, in the paper's unit, and how far it may
            be, as stated beforehand; without both, reduced evidence supports no size.
        suspect: what is unsound about runs that it rests on; empty where nothing is.
    """

    about: About | None = None
    evidence: Evidence = Evidence.EXACT
    gate: bool | None = None
    distance: float | None = None
    within: float | None = None
    suspect: str = ""

    def __post_init__(self) -> None:
        if self.about is About.REGIME and self.gate is None:
            raise ValueError(
                "a sentence about a regime needs a gate, fixed beforehand, that says whether it was reached"
            )

    def limit(self, verdict: Verdict, reason: str) -> Limited:
        """What is left of a verdict of the rules, and why.

        A verdict that the evidence may not give becomes `out of reach`; so does an inconclusive one where the evidence
        could give neither, since more of it would decide nothing.  What did not run stays as it is.

        Args:
            verdict: what the rules say, controls included.  An erratum, or a statement that is held to be one, counts
                as a refutation of what is printed.
            reason: why they say so.
        """
        if verdict not in LEFT_OPEN:
            obstacles = {action: self._obstacle(action) for action in ("support", "refute")}
            action = DECIDED.get(verdict)
            obstacle = obstacles[action] if action else all(obstacles.values()) and obstacles["refute"]
            if obstacle:
                return Limited(Verdict.OUT_OF_REACH, obstacle)
        if self.suspect and verdict in DECIDED:
            return Limited(Verdict.INCONCLUSIVE, f"{ON_SUSPECT_RUNS}: {self.suspect}")
        if self.suspect and verdict is Verdict.INCONCLUSIVE:
            return Limited(verdict, f"{reason}; {ON_SUSPECT_RUNS}: {self.suspect}")
        return Limited(verdict, reason)

    def _obstacle(self, action: str) -> str:
        """Why this evidence cannot support, or refute, such a sentence; empty when it can."""
        if self.evidence in (Evidence.EXACT, Evidence.PRINTED):
            return ""
        if self.about is None:
            return OF_OTHER_DATA if action == "refute" and self.evidence is Evidence.PROXY else ""
        if self.about is About.REGIME and not self.gate:
            return "the networks at hand are not in the regime that the sentence is about: its gate does not hold"
        if self.about is not About.SIZE or self.evidence is Evidence.PAPER:
            return ""
        if self.evidence is Evidence.PROXY:
            return f"a proxy cannot {action} a size: that takes the paper's own data and networks"
        if action == "refute":
            return "a recipe shorter than the paper's cannot refute a size"
        if self.distance is None or self.within is None:
            return "a recipe shorter than the paper's supports a size only beside a baseline whose distance is stated"
        if not abs(self.distance) <= self.within:  # a distance of NaN is none
            return (
                f"the unmodified network is {abs(self.distance):.3g} from the paper's; "
                f"within {self.within:g} it could support a size"
            )
        return ""


class Limited(NamedTuple):
    """A verdict after what the evidence cannot decide is taken from it, and why it was; no reason where it stands."""

    verdict: Verdict
    reason: str


UNLIMITED = Standing()
"""Of what is exact, which may decide whatever its sentence is about."""

ON_SUSPECT_RUNS = "rests on a suspect run"
OF_OTHER_DATA = "data that stand in for the paper's cannot refute what it says of its own"

DECIDED = {Verdict.SUPPORTED: "support", Verdict.REFUTED: "refute", Verdict.ERRATUM: "refute"}
LEFT_OPEN = {Verdict.NOT_RUN, Verdict.OUT_OF_REACH}
