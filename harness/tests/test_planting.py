"""A planted mistake reaches everyone who knows the function, and is gone afterwards."""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import Any

import pytest

from harness.tests.planting import Mistake, planted


@pytest.fixture
def paper(monkeypatch):
    """A module with a function and its cache, a second that imported the function, and a class."""
    home: Any
    user: Any
    home, user = ModuleType("claims.toy.home"), ModuleType("claims.toy.user")
    home.double = lambda x: 2 * x
    home.cached = functools.cache(lambda x: home.double(x))
    home.Thing = type("Thing", (), {"size": lambda self: 3})
    user.twice = home.double
    for module in (home, user):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return home, user


def test_it_is_in_every_place_and_in_none_afterwards(paper):
    home, user = paper
    assert home.cached(4) == 8
    with planted(Mistake("one more", "claims.toy.home:double", lambda right: lambda x: right(x) + 1, "XX-01")):
        assert (home.double(4), user.twice(4), home.cached(4)) == (9, 9, 9)
    assert (home.double(4), user.twice(4), home.cached(4)) == (8, 8, 8)


def test_it_may_be_a_method(paper):
    home, _ = paper
    with planted(Mistake("larger", "claims.toy.home:Thing.size", lambda right: lambda self: right(self) + 1, "XX-01")):
        assert home.Thing().size() == 4
    assert home.Thing().size() == 3


def test_a_function_that_is_not_there_is_told(paper):
    with (
        pytest.raises(AttributeError, match="triple"),
        planted(Mistake("gone", "claims.toy.home:triple", lambda right: right, "XX-01")),
    ):
        pass


def test_what_is_imported_with_it_in_place_is_told(paper, monkeypatch):
    with (
        pytest.raises(AssertionError, match="judge the claim without the mistake first"),
        planted(Mistake("same", "claims.toy.home:double", lambda right: lambda x: x, "XX-01")),
    ):
        monkeypatch.setitem(sys.modules, "claims.toy.late", ModuleType("claims.toy.late"))
