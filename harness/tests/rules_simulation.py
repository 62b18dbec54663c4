"""Seeded repetitions of an experiment, for tests of the rules' error rates."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from hypothesis import strategies as st
from scipy import stats

from harness.rules import ALPHA, POWER, Estimate, Judgement, Rule
from harness.verdicts import Verdict

REPETITIONS = 2000

finite = st.floats(-100, 100)
estimates = st.builds(
    Estimate,
    value=finite,
    standard_error=st.floats(1e-3, 50),
    n=st.integers(2, 50),
    df=st.one_of(st.integers(1, 49), st.just(float("inf"))),
)


def experiments(mean: float, n: int, seed: int, spread: float = 1.0, repetitions: int = REPETITIONS) -> list[Estimate]:
    """Estimates from `n` normal replicates each, whose true value is `mean`."""
    rows = np.random.default_rng(seed).normal(mean, spread, (repetitions, n))
    return [Estimate.from_replicates(row) for row in rows]


def known_spread(value: float, n: int, spread: float = 1.0) -> Estimate:
    """The estimate whose standard error is the true one of `experiments`."""
    return Estimate(value, spread / n**0.5, n, n - 1)


def count(judgements: Iterable[Judgement], verdict: Verdict) -> int:
    return sum(judgement.verdict is verdict for judgement in judgements)


def judge_all(rule: Rule, samples: Iterable[Estimate]) -> list[Judgement]:
    return [rule.judge(sample) for sample in samples]


def is_at_most(hits: int, chance: float = ALPHA, repetitions: int = REPETITIONS) -> bool:
    """Whether so many hits are compatible with a probability of at most `chance`."""
    return stats.binomtest(hits, repetitions, chance, alternative="greater").pvalue > 1e-3


def is_about(hits: int, chance: float = POWER, repetitions: int = REPETITIONS) -> bool:
    """Whether so many hits are compatible with a probability of `chance`."""
    return stats.binomtest(hits, repetitions, chance).pvalue > 1e-3
