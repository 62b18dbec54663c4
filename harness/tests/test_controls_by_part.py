"""What a claim's source shows of its controls, and every claim here that has several parts."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.claims import claim as claims
from harness.claims.controls import coverage, coverages, named_in_control

CLAIMS = Path(__file__).parents[2] / "claims"


def literal(lab):
    lab.control(p=1.0)
    if lab.tier == "paper":
        lab.control(q=2.0, **{"r s": 3.0})


def nothing(lab):
    lab.measure(p=1.0)


def mapping(lab):
    lab.control(**lab.parameters)


def names_of_a_loop(lab):
    lab.control(**dict.fromkeys("pq", 1.0))


def handed_on(lab):
    lab.control(p=1.0)
    literal(lab)


@pytest.mark.parametrize(
    ("function", "named"),
    [(literal, {"p", "q", "r s"}), (nothing, set()), (mapping, None), (names_of_a_loop, None), (handed_on, None)],
)
def test_parts_are_seen_where_the_source_names_them(function, named):
    given: Any = SimpleNamespace(function=function)
    assert named_in_control(given) == named


def test_parts_left_out_are_those_that_no_reason_excuses():
    given: Any = SimpleNamespace(id="XX-01", rules=dict.fromkeys("pqtu"), uncontrolled={"t": "dear"}, function=literal)
    found = coverage(given)
    assert (found.named, found.left_out, found.excused) == (("p", "q"), ("u",), (("t", "dear"),))
    assert str(found) == "XX-01 (p, q, t, u): controls p, q; t has none: dear; LEFT OUT: u"


def all_claims():
    """Every claim of the papers here, from a fresh import of the files that declare them."""
    before = len(claims.declared)
    for file in sorted(CLAIMS.glob("*/test_*.py")):
        spec = importlib.util.spec_from_file_location(f"{file.parent.name}_{file.stem}_again", file)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    found = claims.declared[before:]
    del claims.declared[before:]
    return found


def test_no_claim_leaves_a_part_without_a_control_and_without_a_reason():
    several = coverages(all_claims())
    assert len(several) > 50
    assert [str(one) for one in several if one.left_out] == []
