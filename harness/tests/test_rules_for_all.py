from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from harness.rules import Exact, equals, worst_case
from harness.verdicts import Verdict

floats = st.floats(-10, 10)


def test_an_identity_that_holds_is_supported():
    worst = worst_case(lambda a, b: abs((a + b) ** 2 - (a * a + 2 * a * b + b * b)), a=floats, b=floats)
    assert equals(0.0, within=1e-11).judge(worst).verdict is Verdict.SUPPORTED


def test_an_identity_that_fails_is_refuted_with_a_case():
    worst = worst_case(lambda a, b: abs((a + b) ** 2 - (a * a + b * b)), a=floats, b=floats)
    judged = equals(0.0, within=1e-11).judge(worst)
    assert judged.verdict is Verdict.REFUTED
    assert worst.where.startswith("a=")
    assert worst.where in judged.reason


def test_the_residual_returned_is_the_largest_seen():
    seen: list[Any] = []

    def residual(a):
        seen.append(abs(a))
        return abs(a)

    worst = worst_case(residual, examples=30, a=floats)
    assert worst.value == max(seen)
    assert worst.where == f"a={worst.value}" or worst.where == f"a={-worst.value}"
    assert 10 <= len(seen) <= 40


def test_explicit_cases_are_tried_first_and_count():
    seen: list[Any] = []

    def residual(a):
        seen.append(a)
        return float(a == 123.0)

    assert worst_case(residual, explicit=[{"a": 5.0}, {"a": 123.0}], a=floats) == Exact(1.0, where="a=123.0")
    assert seen[:2] == [5.0, 123.0]
    assert worst_case(residual, explicit=({"a": a} for a in (1.0, 2.0))) == Exact(0.0, where="a=1.0")


def noting(seen):
    """A residual of 0 that notes what it is asked for."""

    def residual(a):
        seen.append(a)
        return 0.0

    return residual


def test_the_search_climbs_towards_larger_residuals():
    """Drawn at random, the sum of 8 numbers up to 1000 stays below 7900."""
    numbers: dict[str, Any] = {f"n{i}": st.integers(0, 1000) for i in range(8)}
    at_random = np.random.default_rng(0).integers(0, 1001, (1000, 300, 8)).sum(-1).max(-1)
    assert (at_random < 7900).all()
    assert worst_case(lambda **case: sum(case.values()), examples=300, **numbers).value > 7900


@pytest.mark.parametrize("examples", [5, 200])
def test_as_many_cases_are_drawn_as_asked(examples):
    seen: list[Any] = []
    worst_case(noting(seen), examples=examples, a=st.integers(0, 10**9))
    assert examples / 2 <= len(seen) <= examples


def test_the_same_cases_are_drawn_again():
    def draws():
        seen: list[Any] = []
        worst_case(noting(seen), a=floats)
        return seen

    assert draws() == draws()


@pytest.mark.parametrize(
    ("drawn", "allowed"),
    [
        (range(3, 8), lambda a: a in range(3, 8)),
        (range(0, 10, 5), lambda a: a in (0, 5)),
        ((-0.5, 0.5), lambda a: isinstance(a, float) and -0.5 <= a <= 0.5),
    ],
)
def test_ranges_and_intervals_are_drawn_from(drawn, allowed):
    seen: list[Any] = []
    worst_case(noting(seen), a=drawn)
    assert all(map(allowed, seen))
    assert len(set(seen)) >= min(len(drawn), 5)


def test_nan_is_the_worst_residual_and_never_supports():
    worst = worst_case(lambda a: math.nan if a == 2 else a, explicit=[{"a": 1}, {"a": 2}, {"a": 3}])
    assert worst == Exact(math.inf, where="a=2")
    judged = equals(0.0, within=1e9).judge(worst)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.reason == "the value is inf (at a=2), no finite number"
    assert worst_case(lambda a: math.nan, a=floats).value == math.inf


def test_a_signed_residual_is_refused():
    with pytest.raises(ValueError, match=r"residual -1\.0 at a=1: give its size"):
        worst_case(lambda a: -1.0, explicit=[{"a": 1}])
    with pytest.raises(ValueError, match="give its size"):
        worst_case(lambda a: a - 20, a=floats)


def test_a_search_without_cases_is_refused():
    with pytest.raises(ValueError, match="no case to try"):
        worst_case(lambda: 0.0)


def test_an_error_in_the_residual_is_raised_as_it_is():
    with pytest.raises(ZeroDivisionError):
        worst_case(lambda a: 1 / (a - a), a=floats)


def test_numbers_of_any_library_are_residuals():
    single: Any = np.float32
    worst = worst_case(lambda a: single(a), explicit=[{"a": 0.5}])
    assert isinstance(worst.value, float)


def test_cases_may_be_assumed_away():
    def residual(a):
        assume(a > 0)
        return 1.0 if a <= 0 else 0.0

    assert worst_case(residual, a=floats).value == 0.0


def test_nothing_is_printed(capsys):
    worst_case(lambda a: abs(a), a=floats)
    with pytest.raises(ZeroDivisionError):
        worst_case(lambda a: 1 / (a - a), a=floats)
    assert capsys.readouterr() == ("", "")


def test_long_cases_are_shortened():
    worst = worst_case(lambda image: 0.0, explicit=[{"image": np.zeros((40, 40))}])
    assert len(worst.where) < 60


def test_the_search_does_not_depend_on_what_is_loaded(tmp_path, monkeypatch):
    def cases():
        seen: list[Any] = []

        def residual(number):
            seen.append(number)
            return 0.0

        worst_case(residual, 100, number=range(10**9))
        return seen

    before = cases()
    names = "\n".join(f"C{i} = {10**6 + 7919 * i}" for i in range(200))
    (tmp_path / "full_of_constants.py").write_text(names)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("full_of_constants")
    assert cases() == before
