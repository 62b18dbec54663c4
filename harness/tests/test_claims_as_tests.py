"""Outcomes, markers and options of claims under pytest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.system.lazy import Deferred

SUPPORTED = """
@claim("XX-01", where="Eq. 1", rule=equals(1.0), control="two", paper=1.0)
def test_one_is_one(lab):
    \"\"\"One is one.\"\"\"
    lab.measure(Exact(1.0))
    lab.control(Exact(2.0))
"""

REFUTED = """
@claim("XX-02", where="Eq. 2", rule=greater_than(0.5), control="minus one")
def test_zero_is_large(lab):
    \"\"\"Zero is more than a half.\"\"\"
    lab.measure(Exact(0.0))
    lab.control(Exact(-1.0))
"""

UNDECIDED = """
@claim("XX-03", where="Eq. 3", rule=greater_than(0.0), control="minus one")
def test_one_seed_decides(lab):
    \"\"\"One replicate is enough.\"\"\"
    lab.measure([1.0])
    lab.control(Exact(-1.0))
"""

READINGS = """
@claim("XX-04", where="Eq. 4", rule=equals(1.0), control="two", readings={"how": ("one", "two"), "unit": ("a", "b")})
def test_readings(lab, how, unit):
    \"\"\"One, however it is read.\"\"\"
    lab.measure(Exact(1.0 if how == "one" else 3.0))
    lab.control(Exact(2.0))
"""

ERRATUM = """
@claim("E-XX1", where="Eq. 5", rule=equals(4.0), control="the corrected sum",
       erratum=Erratum("2 + 2 = 5", "2 + 2 = 4", "count"))
def test_printed_sum(lab):
    \"\"\"Two and two is five.\"\"\"
    lab.measure(Exact(5.0))
    lab.control(Exact(4.0))
"""


def test_a_supported_claim_passes_and_is_reported(suite):
    suite.claims(SUPPORTED)
    result = suite.run()
    result.assert_outcomes(passed=1)
    entry = suite.entry("XX-01")
    assert entry["verdict"] == "supported"
    assert entry["evidence"] == "exact"
    assert entry["paper_value"] == entry["measured"]["value"] == 1.0
    assert entry["statement"] == "One is one."
    assert entry["control"]["verdict"] == "refuted"
    result.stdout.fnmatch_lines(["report: *reports/latest/index.html"])


def test_a_refuted_claim_fails_an_undecided_one_is_skipped_with_its_reason(suite):
    suite.claims(REFUTED + UNDECIDED)
    result = suite.run("-rs", "--no-ledger")
    result.assert_outcomes(failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*XX-02 is refuted*rule: *0.5*"])
    lines = (suite.root / "claims/paper2020/test_topic.py").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "XX-03" in text)
    result.stdout.fnmatch_lines([f"SKIPPED [[]1[]] claims/paper2020/test_topic.py:{line}: XX-03 is inconclusive*"])


def test_a_control_that_is_supported_fails_the_test_whatever_the_ledger_says(suite):
    suite.claims(SUPPORTED.replace("Exact(2.0)", "Exact(1.0)"))
    for options in ([], ["--update-ledger"], ["--no-ledger"]):
        result = suite.run(*options)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*XX-01: its control does not do its work*(measured: supported)*"])
    assert suite.entry("XX-01")["verdict"] == "inconclusive"
    assert not suite.ledger.exists() or "XX-01" not in suite.ledger.read_text()


def test_a_control_that_cannot_be_judged_fails_the_test_too(suite):
    suite.claims(SUPPORTED.replace("Exact(2.0)", "Exact(float('nan'))"))
    result = suite.run()
    result.assert_outcomes(failed=1)
    why = "measured: inconclusive, the value is nan, no finite number"
    result.stdout.fnmatch_lines([f"*XX-01: its control does not do its work*({why})*"])
    assert suite.entry("XX-01")["reason"] == f"the control does not do its work ({why})"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("[1.0, 1.0, 1.0]", "the replicates do not vary"),
        ("[1.0]", "1 replicate cannot show how far chance moves the value"),
    ],
)
def test_neither_a_control_nor_a_claim_that_says_nothing_hides_why_the_other_does(suite, value, why):
    said = SUPPORTED.replace("equals(1.0)", "less_than(2.0)").replace("Exact(2.0)", "[3.0]")
    suite.claims(said.replace("Exact(1.0)", value))
    of_control = "(measured: inconclusive, 1 replicate cannot"
    suite.run().stdout.fnmatch_lines([f"*XX-01: *{of_control}*is itself inconclusive: {why}*"])
    reason = suite.entry("XX-01")["reason"]
    assert of_control in reason
    assert f"nor does the claim itself say anything: {why}" in reason


def test_a_claim_that_measures_nothing_or_has_no_control_at_hand_is_an_error(suite):
    suite.claims(SUPPORTED.replace("lab.control(Exact(2.0))", ""))
    result = suite.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*ControlMissing*XX-01*"])
    assert suite.entry("XX-01")["verdict"] == "not run"


def test_an_erratum_is_confirmed_by_its_rule_and_the_corrected_statement(suite):
    suite.claims(ERRATUM)
    suite.run().assert_outcomes(passed=1)
    entry = suite.entry("E-XX1")
    assert entry["verdict"] == "erratum"
    assert entry["erratum"]["correct"] == "2 + 2 = 4"
    suite.claims(ERRATUM.replace("lab.control(Exact(4.0))", "lab.control(Exact(6.0))"))
    result = suite.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*corrected statement fails the rule too*"])


def test_an_erratum_whose_printed_statement_holds_is_refuted(suite):
    suite.claims(ERRATUM.replace("lab.measure(Exact(5.0))", "lab.measure(Exact(4.0))"))
    suite.run().assert_outcomes(failed=1)
    assert suite.entry("E-XX1")["verdict"] == "refuted"


def test_readings_that_disagree_leave_the_claim_undecided_and_say_so(suite):
    suite.claims(READINGS)
    suite.run().assert_outcomes(passed=2, failed=2)
    entry = suite.entry("XX-04")
    assert entry["verdict"] == "inconclusive"
    assert entry["depends_on_reading"]
    assert entry["readings"][0]["name"] == "how: one, unit: a"
    assert len(entry["cases"]) == 4


BORDERLINE = """
from harness.rules import Estimate

VALUES = {"weak": 1.0, "weaker": 0.9, "wrong": -1.0, "none": 0.1, "strong": 9.0}

@claim("XX-05", where="Eq. 5", rule=greater_than(0.0), control="minus nine", readings={"how": tuple(VALUES)})
def test_borderline(lab, how):
    \"\"\"Above 0, as far as one can see.\"\"\"
    lab.measure(Estimate(VALUES[how], 0.5, 30, 29))
    lab.control(Estimate(-9.0, 0.5, 30, 29))

@claim("XX-06", where="Eq. 6", rule=dict.fromkeys("pqr", greater_than(0.0)), control="minus nine",
       readings={"how": ("weak", "strong")})
def test_three_parts(lab, how):
    \"\"\"The same three times.\"\"\"
    lab.measure(**dict.fromkeys("pqr", Estimate(VALUES[how], 0.5, 30, 29)))
    lab.control(**dict.fromkeys("pqr", Estimate(-9.0, 0.5, 30, 29)))

@claim("XX-07", where="Eq. 7", rule=greater_than(0.0), control="minus nine", readings={"seed": tuple(range(4))})
def test_weak_four_times(lab, seed):
    \"\"\"Each case alone is refuted, all of them together are not.\"\"\"
    lab.measure(Estimate(-1.0, 0.5, 30, 29))
    lab.control(Estimate(-9.0, 0.5, 30, 29))
"""
"""Verdicts that the correction over parts and cases changes."""


def outcomes(suite):
    """Outcome and verdict of each case, by id and name, as pytest's own report has them, `mine.xml`."""
    found = {}
    for test in ElementTree.parse(suite.root / "mine.xml").iter("testcase"):
        properties = {one.get("name"): one.get("value") for one in test.iter("property")}
        outcome = next((kind for kind in ("failure", "skipped") if test.find(kind) is not None), "passed")
        case = test.get("name").partition("[")[2].removesuffix("]")
        found[properties["claim"], case] = outcome, properties["verdict"]
    return found


def reported(suite):
    """The verdict of each case as claims.json has it."""
    return {(one["id"], one["case"]): one["verdict"] for entry in suite.document()["claims"] for one in entry["cases"]}


def test_pytest_and_the_report_agree_on_every_case_whatever_is_corrected(suite):
    suite.claims(BORDERLINE)
    of_verdict = {"supported": "passed", "refuted": "failure", "inconclusive": "skipped"}
    for options in (["--no-ledger"], ["--no-ledger", "-n", "2"]):
        suite.run(*options, "--junit-xml", "mine.xml")
        assert reported(suite) == {case: verdict for case, (_, verdict) in outcomes(suite).items()}
        assert {case: of_verdict[verdict] for case, verdict in reported(suite).items()} == {
            case: outcome for case, (outcome, _) in outcomes(suite).items()
        }
        assert set(reported(suite).values()) == set(of_verdict)
    assert suite.entry("XX-07")["verdict"] == "inconclusive"
    assert {case["verdict"] for case in suite.entry("XX-07")["cases"]} == {"refuted"}


def test_what_is_recorded_of_borderline_cases_passes_again_and_agrees_with_the_report(suite):
    suite.claims(BORDERLINE)
    suite.run("--update-ledger").assert_outcomes(passed=11)
    before = reported(suite)
    recorded = json.loads(suite.ledger.read_text())["claims"]
    assert recorded["XX-07"]["smoke"]["exact"]["verdict"] == "inconclusive"
    assert recorded["XX-07"]["smoke"]["exact"]["cases"] == {f"seed: {i}": "refuted" for i in range(4)}
    again = suite.run("--junit-xml", "mine.xml")
    again.assert_outcomes(passed=11)
    assert again.ret == pytest.ExitCode.OK
    assert reported(suite) == before == {case: verdict for case, (_, verdict) in outcomes(suite).items()}


def test_a_selection_of_a_claims_cases_is_held_to_the_ledger_case_by_case_only(suite):
    suite.claims(BORDERLINE)
    suite.run("--update-ledger")
    before = suite.ledger.read_text()
    some = suite.run("-k", "XX-07 and 1")
    some.assert_outcomes(passed=1, deselected=10)
    assert some.ret == pytest.ExitCode.OK
    assert suite.entry("XX-07")["verdict"] == "inconclusive"
    assert suite.entry("XX-07")["reason"].startswith("1 of 4 cases")
    suite.run("--update-ledger", "-k", "XX-07 and 1")
    assert suite.ledger.read_text() == before


def test_results_are_the_same_in_two_processes(suite):
    suite.claims(SUPPORTED + REFUTED + UNDECIDED + READINGS + ERRATUM)
    suite.run()
    alone = suite.document()
    suite.run("-n", "2")
    together = suite.document()
    for one, other in zip(alone["claims"], together["claims"], strict=True):
        assert (one["previous"], other["previous"]) == (None, one["verdict"])
        assert comparable(one) == comparable(other)


def comparable(entry):
    """An entry without what two sessions over the same claims differ in."""
    cases = [{key: value for key, value in case.items() if key != "seconds"} for case in entry["cases"]]
    return {**entry, "seconds": 0, "previous": None, "cases": cases}


def test_selection_works_as_pytest_users_expect(suite):
    suite.claims(SUPPORTED + REFUTED + READINGS)
    suite.run("-k", "readings and one").assert_outcomes(passed=2, deselected=4)
    suite.run("-m", "claim").assert_outcomes(passed=3, failed=3)
    listed = suite.run("--collect-only", "-q")
    listed.stdout.fnmatch_lines(["claims/paper2020/test_topic.py::test_readings[[]one-a[]]"])
    suite.run("-k", "nothing_of_that_name").assert_outcomes(deselected=6)
    assert suite.run("-k", "nothing_of_that_name").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_ids_select_claims_as_keywords(suite):
    suite.claims(SUPPORTED + REFUTED + READINGS + ERRATUM)
    for expression, selected in {
        "XX-01": 1,
        "xx-04": 4,
        "XX-01 or XX-04": 5,
        "XX-04 and one": 2,
        "not XX-04": 3,
        "E-XX1": 1,
        "XX-0": 6,
        "XX-9": 0,
    }.items():
        result = suite.run("--collect-only", "-q", "-k", expression)
        assert sum("::test_" in line for line in result.outlines) == selected, expression
    assert suite.run("-m", "XX01").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_tier_that_is_not_reached_is_left_out_and_listed(suite):
    suite.claims(SUPPORTED + REFUTED.replace('where="Eq. 2"', 'where="Eq. 2", tier="nightly"'))
    suite.run("--tier", "laptop").assert_outcomes(passed=1, deselected=1)
    assert [(row["id"], row["reason"]) for row in suite.document()["outside"]] == [("XX-02", "needs --tier nightly")]
    suite.run("--tier", "laptop", "-n", "2")
    assert [row["id"] for row in suite.document()["outside"]] == ["XX-02"]


def test_pytests_own_junit_file_is_written_where_asked_and_names_claim_and_verdict(suite):
    suite.claims(SUPPORTED)
    suite.run("--junit-xml", "mine.xml").assert_outcomes(passed=1)
    mine = (suite.root / "mine.xml").read_text()
    assert '<property name="claim" value="XX-01"' in mine
    assert '<property name="verdict" value="supported"' in mine
    assert 'name="test_one_is_one"' in mine


def test_collecting_every_claim_loads_none_of_the_heavy_libraries():
    command = """
import sys, pytest
pytest.main(["claims", "--collect-only", "-q", "-p", "no:cacheprovider"])
print([name for name in ("torch", "numpy", "scipy", "PIL", "sklearn") if name in sys.modules])
"""
    root = Path(__file__).parents[2]
    result = subprocess.run([sys.executable, "-c", command], cwd=root, capture_output=True, text=True, check=True)
    *collected, loaded = result.stdout.splitlines()
    assert any("::test_" in line for line in collected)
    assert loaded == "[]"


def test_a_deferred_module_is_loaded_by_its_own_names_only():
    module = Deferred("colorsys")
    sys.modules.pop("colorsys", None)
    assert getattr(module, "_mock_name", None) is None
    assert getattr(module, "pytestmark", None) is None
    assert "colorsys" not in sys.modules
    assert module.rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_a_control_is_judged_without_the_correction_that_would_help_it_fail(suite):
    parts = ", ".join(f'"p{i}": greater_than(0.0)' for i in range(4))
    values = ", ".join(f"p{i}=Estimate(1.0, 0.5, 30, 29)" for i in range(4))  # p about 0.027 each
    suite.claims(f'''
        from harness.rules import Estimate
        @claim("XX-01", where="Eq. 1", rule={{{parts}}}, control="the same again")
        def test_four(lab):
            """Four at once."""
            lab.measure({values})
            lab.control({values})
    ''')  # fmt: skip
    suite.run().assert_outcomes(failed=1)
    case = suite.entry("XX-01")["cases"][0]
    assert case["verdict"] == "supported"
    assert case["control"]["verdict"] == "supported"
