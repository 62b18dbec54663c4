"""A trained verdict that turns is unsteady until fresh seeds, and its numbers, say that it has changed."""

from __future__ import annotations

import json

import pytest

CLAIMS = """
from pathlib import Path

from harness.tests.fake_recipes import Draw, Part

RUNS = {"draws": Draw(Part(kind="of the claim"))}

@claim("XX-01", where="x", rule=less_than(3.0), control="ten more", runs=lambda: RUNS, seeds=range(4),
       reach={"smoke": "proxy"}, about="direction")
def test_draws(lab):
    \"\"\"Draws are below 3 on average.\"\"\"
    values = [record.metrics["mean"] for record in lab.records(lab.runs["draws"])]
    moved = {"nothing": (), "luck": range(4), "all": lab.seeds}[Path(__file__).with_name("moved.txt").read_text()]
    lab.measure([value + 9.0 * (seed in moved) for value, seed in zip(values, lab.seeds)])
    lab.control([value + 20.0 for value in values])
"""


@pytest.fixture
def recorded(suite):
    suite.claims(CLAIMS)
    suite.add_file("claims/paper2020/moved.txt", "nothing")
    assert suite.run("--update-ledger").ret == 0
    return suite


def night(suite, moved):
    suite.add_file("claims/paper2020/moved.txt", moved)
    found = suite.run("--repeat-turned", "5", "--judge-anew")
    document = suite.document()
    return found, document["changed"], document["unsteady"]


def test_nothing_turns_and_nothing_is_repeated(recorded):
    found, changed, unsteady = night(recorded, "nothing")
    assert (found.ret, changed, unsteady) == (0, [], [])
    assert len([*(recorded.root / "reports/store/records").glob("*.json")]) == 4


def test_what_turned_by_its_own_seeds_alone_is_unsteady_and_turns_no_session_red(recorded):
    found, changed, unsteady = night(recorded, "luck")
    assert (found.ret, changed) == (0, []), found.outlines
    assert unsteady == [
        "XX-01 (smoke): recorded supported, now refuted, with fresh seeds supported: chance may do as much"
    ]
    found.stdout.fnmatch_lines(["*unsteady: XX-01 (smoke)*"])
    assert "Unsteady: not the recorded verdicts" in (recorded.root / "reports/latest/index.html").read_text()


def test_what_fresh_seeds_turn_as_well_has_changed(recorded):
    found, changed, unsteady = night(recorded, "all")
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    assert unsteady == []
    (line,) = changed
    assert line.startswith(
        "XX-01 (smoke): recorded supported, now refuted, with fresh seeds too, and its numbers have moved: "
    )


def test_a_case_that_turned_is_told_where_its_claim_did_not(suite):
    undecided = """
@claim("XX-02", where="x", rule=less_than(3.0), control="ten more", runs=lambda: RUNS, seeds=range(4),
       reach={"smoke": "proxy"}, about="direction", readings={"kind": ("plain", "wide")})
def test_wide_draws(lab, kind):
    \"\"\"Draws are below 3 on average.\"\"\"
    moved = {"nothing": (), "luck": range(4), "all": lab.seeds}[Path(__file__).with_name("moved.txt").read_text()]
    wide = 20.0 * (kind == "wide")
    values = [wide * (-1) ** seed + 9.0 * (seed in moved) + seed % 4 / 50 for seed in lab.seeds]
    lab.measure(values)
    lab.control([value + 60.0 for value in values])
"""
    suite.claims(CLAIMS + undecided)
    suite.add_file("claims/paper2020/moved.txt", "nothing")
    assert suite.run("--update-ledger", "-k", "XX-02").ret == 0
    suite.add_file("claims/paper2020/moved.txt", "luck")
    found = suite.run("--repeat-turned", "5", "--judge-anew", "-k", "XX-02")
    told = "XX-02 (smoke): not as recorded of kind: plain (supported), with fresh seeds"
    assert (found.ret, suite.document()["unsteady"]) == (0, [f"{told} inconclusive: chance may do as much"])
    suite.add_file("claims/paper2020/moved.txt", "all")
    assert suite.run("--repeat-turned", "5", "--judge-anew", "-k", "XX-02").ret == pytest.ExitCode.TESTS_FAILED
    assert suite.document()["changed"][0].startswith(
        "XX-02 (smoke): not as recorded of kind: plain (supported), with fresh"
    )


def test_without_recorded_numbers_nothing_has_moved(recorded):
    ledger = json.loads(recorded.ledger.read_text())
    (entry,) = ledger["claims"]["XX-01"]["smoke"].values()
    assert len(entry.pop("numbers")[""]["measured"]) == 4
    recorded.ledger.write_text(json.dumps(ledger))
    found, changed, unsteady = night(recorded, "all")
    assert (found.ret, changed, len(unsteady)) == (0, [], 1)


def test_otherwise_a_session_is_red_at_once(recorded):
    recorded.add_file("claims/paper2020/moved.txt", "luck")
    assert recorded.run("--judge-anew").ret == pytest.ExitCode.TESTS_FAILED


def test_minutes_are_a_number(recorded):
    assert recorded.run("--repeat-turned", "0").ret == pytest.ExitCode.USAGE_ERROR
