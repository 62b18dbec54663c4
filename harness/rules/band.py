"""A target with a margin to each side: what four of the rules compare with."""

from __future__ import annotations

from dataclasses import dataclass

from harness.rules.judgement import not_finite


@dataclass(frozen=True)
class Band:
    """The values from `target - within` to `target + within`, both included."""

    target: float
    within: float

    @property
    def lower(self) -> float:
        """Lower end."""
        return self.target - self.within

    @property
    def upper(self) -> float:
        """Upper end."""
        return self.target + self.within

    def problems(self) -> list[str]:
        """Numbers that are not, and a margin that nothing sampled could keep."""
        problems = list(not_finite(self))
        if self.within <= 0:
            problems.append(f"{type(self).__name__}: the margin must be positive; within is {self.within}")
        return problems

    def covers(self, low: float, high: float) -> bool:
        """Whether an interval lies wholly inside."""
        return self.lower <= low and high <= self.upper

    def misses(self, low: float, high: float) -> bool:
        """Whether an interval lies wholly outside."""
        return high < self.lower or self.upper < low
