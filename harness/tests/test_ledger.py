"""Expected verdicts: what passes, what turns red, what is recorded."""

from __future__ import annotations

import json

import pytest

from harness.claims.ledger import Ledger, Ledgers, LedgerUnreadable, basis
from harness.judging.claims import judge_claim
from harness.plugin.expected import recorded_under
from harness.tests.made_up_cases import case
from harness.tests.test_claims_as_tests import READINGS, REFUTED, SUPPORTED, UNDECIDED


def test_a_recorded_refutation_passes_and_a_changed_verdict_turns_red(suite):
    suite.claims(SUPPORTED + REFUTED + UNDECIDED)
    suite.run("--update-ledger").assert_outcomes(passed=3)
    suite.run().assert_outcomes(passed=3)
    suite.run("--no-ledger").assert_outcomes(passed=1, failed=1, skipped=1)
    suite.claims(SUPPORTED + REFUTED.replace("lab.measure(Exact(0.0))", "lab.measure(Exact(1.0))") + UNDECIDED)
    changed = suite.run()
    changed.assert_outcomes(passed=2, failed=1)
    changed.stdout.fnmatch_lines(
        ["XX-02 is supported, recorded was: refuted*rule: is above 0.5*", "paper2020, Eq. 2: Zero is*"]
    )


def test_claims_that_the_ledger_knows_nothing_of_are_named(suite):
    suite.claims(SUPPORTED)
    suite.run("--update-ledger")
    suite.claims(SUPPORTED + UNDECIDED)
    suite.run().stdout.fnmatch_lines(["no verdict is recorded of XX-03 (--update-ledger records it)"])
    suite.run("--no-ledger").stdout.no_fnmatch_line("*no verdict is recorded*")
    suite.run("--update-ledger")
    suite.run().stdout.no_fnmatch_line("*no verdict is recorded*")


def test_cases_that_differ_from_their_claim_are_recorded_each(suite):
    suite.claims(READINGS)
    suite.run("--update-ledger").assert_outcomes(passed=4)
    recorded = json.loads(suite.ledger.read_text())["claims"]["XX-04"]["smoke"]["exact"]
    assert recorded["verdict"] == "inconclusive"
    assert recorded["cases"] == {
        f"how: {first}, unit: {second}": verdict
        for first, verdict in (("one", "supported"), ("two", "refuted"))
        for second in "ab"
    }
    suite.run("-n", "2").assert_outcomes(passed=4)


def test_updating_a_selection_leaves_the_rest_of_the_ledger(suite):
    suite.claims(SUPPORTED + REFUTED)
    suite.run("--update-ledger")
    before = json.loads(suite.ledger.read_text())
    suite.run("--update-ledger", "-k", "one_is_one")
    assert json.loads(suite.ledger.read_text()) == before


def test_a_claim_whose_verdict_left_the_ledger_turns_the_session_red_though_its_cases_pass(suite):
    suite.claims(SUPPORTED)
    suite.run("--update-ledger")
    content = json.loads(suite.ledger.read_text())
    content["claims"]["XX-01"]["smoke"]["exact"] = {"verdict": "refuted", "cases": {"": "supported"}}
    suite.ledger.write_text(json.dumps(content))
    result = suite.run()
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["XX-01 (smoke): recorded refuted, now supported*"])


def test_real_images_and_those_that_stand_in_are_recorded_apart():
    ledger = Ledger()
    ledger.record("XX-01", "laptop", basis("proxy", stand_in=False), "supported", {})
    ledger.record("XX-01", "laptop", basis("proxy", stand_in=True), "refuted", {"textures": "refuted"})
    assert ledger.of_claim("XX-01", "laptop", "proxy") == "supported"
    assert ledger.of_case("XX-01", "laptop", "proxy, embedded images", "textures") == "refuted"


def test_a_claim_on_mixed_data_is_recorded_as_one_that_data_stood_in_for():
    """Whichever of its cases has the data that stand in."""
    for stand_ins in ((True, False), (False, True)):
        cases = [case(name, stand_in=stand_in) for name, stand_in in zip("ab", stand_ins, strict=True)]
        assert recorded_under(judge_claim(cases)) == ("smoke", "exact, embedded images")
    assert recorded_under(judge_claim([case("a"), case("b")])) == ("smoke", "exact")


def test_papers_of_a_project_share_a_ledger_and_one_elsewhere_has_its_own(tmp_path):
    ledgers = Ledgers(tmp_path / "claims")
    assert ledgers.file(tmp_path / "claims" / "one2020") == tmp_path / "claims/ledger.json"
    assert ledgers.of(tmp_path / "claims/one2020") is ledgers.of(tmp_path / "claims/two2021")
    assert ledgers.file(tmp_path / "toy2026") == tmp_path / "toy2026/ledger.json"


def test_a_damaged_ledger_is_an_error_that_names_the_file(tmp_path):
    file = tmp_path / "ledger.json"
    file.write_text("{")
    with pytest.raises(LedgerUnreadable, match=r"ledger\.json"):
        Ledger.read(file)
    file.write_text('{"schema": 99, "claims": {}}')
    with pytest.raises(LedgerUnreadable, match="schema 99"):
        Ledger.read(file)


DECIDED = """
@claim("XX-01", where="Eq. 1", rule=equals(1.0, within=0.02), control="two", readings={"how": ("one", "two")})
def test_one_is_one(lab, how):
    \"\"\"One is one.\"\"\"
    lab.measure(Exact(1.0))
    lab.control(Exact(1.0 + lab.parameters["how"].count("o")))
"""


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("within=0.02", "within=0.2", "rules was"),
        ("Exact(1.0 + lab.parameters", "Exact(99.0 + 0 * lab.parameters", "the control of how: one measured"),
        ('control="two"', 'control="anything"', "control was"),
        ('("one", "two")', '("one", "two", "o")', "readings was"),
    ],
    ids=["margin", "control", "control in words", "readings"],
)
def test_what_decides_can_not_change_unseen_though_every_verdict_stays(suite, right, wrong, told):
    suite.claims(DECIDED)
    assert suite.run("--update-ledger").ret == 0
    assert suite.run("--judge-anew").ret == 0
    suite.claims(DECIDED.replace(right, wrong))
    changed = suite.run()
    assert changed.ret == 1
    changed.stdout.fnmatch_lines([f"XX-01*: {told}*re-record with --update-ledger*"])
    suite.run("--update-ledger")
    assert suite.run().ret == 0


def test_the_margin_of_a_claim_that_nothing_here_can_judge_does_not_change_unseen_either(suite):
    beyond = DECIDED.replace("XX-01", "XX-02").replace("one_is_one", "two").replace("rule=", 'tier="paper", rule=')
    suite.claims(SUPPORTED + beyond)
    assert suite.run("--update-ledger").ret == 0
    suite.claims(SUPPORTED + beyond.replace("within=0.02", "within=0.2"))
    changed = suite.run()
    assert changed.ret == 1
    changed.stdout.fnmatch_lines(["XX-02: rules was*re-record*"])
    suite.run("--update-ledger", "-k", "one_is_one")
    assert suite.run().ret == 1


def test_a_claim_that_vanishes_is_red_unless_allowed_and_a_renamed_one_says_so(suite):
    suite.claims(SUPPORTED + REFUTED)
    suite.run("--update-ledger").assert_outcomes(passed=2)
    suite.claims(SUPPORTED)
    gone = suite.run()
    assert gone.ret == pytest.ExitCode.TESTS_FAILED
    gone.stdout.fnmatch_lines(["XX-02: recorded, and no claim declares it*--allow-not-run*"])
    assert suite.run("--allow-not-run").ret == pytest.ExitCode.OK
    assert suite.run("-k", "XX-01").ret == pytest.ExitCode.OK  # a selection says nothing of the others
    suite.claims(SUPPORTED + REFUTED.replace('"XX-02", ', '"XX-03", formerly=("XX-02",), '))
    renamed = suite.run()
    renamed.assert_outcomes(passed=2)
    assert renamed.ret == pytest.ExitCode.OK
    suite.run("--update-ledger")
    assert {"XX-01", "XX-03"} == set(json.loads(suite.ledger.read_text())["claims"])


@pytest.mark.parametrize("id", ["XX-99", "E-XX1", "N-XX99", "E-XX1-corrected"])
def test_no_recorded_claim_that_is_no_more_stays_unseen_whatever_it_was_called(suite, id):
    suite.claims(SUPPORTED)
    suite.run("--update-ledger")
    content = json.loads(suite.ledger.read_text())
    content["claims"][id] = content["claims"]["XX-01"]
    suite.ledger.write_text(json.dumps(content))
    gone = suite.run()
    assert gone.ret == pytest.ExitCode.TESTS_FAILED
    gone.stdout.fnmatch_lines([f"{id}: recorded, and no claim declares it*"])
    suite.run("--update-ledger")
    assert set(json.loads(suite.ledger.read_text())["claims"]) == {"XX-01"}


def test_a_verdict_of_a_tier_that_is_too_low_for_its_claim_now_is_told_and_forgotten(suite):
    suite.claims(SUPPORTED + REFUTED)
    suite.run("--update-ledger")
    suite.claims(SUPPORTED + REFUTED.replace("where=", 'tier="paper", where='))
    changed = suite.run()
    assert changed.ret == pytest.ExitCode.TESTS_FAILED
    changed.stdout.fnmatch_lines(["XX-02 (smoke): recorded, now not run: it is judged from tier paper on*"])
    suite.run("--update-ledger")
    assert "smoke" not in json.loads(suite.ledger.read_text())["claims"].get("XX-02", {})
    assert suite.run().ret == pytest.ExitCode.OK


def test_a_recorded_claim_that_lacks_its_data_is_listed_first_and_red(suite):
    """Where a folder of data was given: without one, nobody expects real images."""
    body = SUPPORTED.replace("def test_one_is_one(lab)", "def test_one_is_one(lab, data)").replace(
        'control="two", ', 'control="two", tier="laptop", data=("mnist",), '
    )
    suite.claims(body)
    suite.run("--tier", "laptop", "--update-ledger").assert_outcomes(passed=1)
    suite.claims(body.replace("lab.measure(", "lab.images(data)\n    lab.measure("))
    empty = suite.root / "no images"
    empty.mkdir()
    red = suite.run("--tier", "laptop", "--data", str(empty))
    red.assert_outcomes(skipped=1)
    assert red.ret == pytest.ExitCode.TESTS_FAILED
    red.stdout.fnmatch_lines(["XX-01 (laptop): recorded, now not run: *mnist*"])
    assert suite.run("--tier", "laptop").ret == pytest.ExitCode.OK
