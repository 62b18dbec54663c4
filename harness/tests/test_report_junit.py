"""junit.xml as GitHub and GitLab read it: names of the suite's own, each once, reasons, nothing of this machine."""

from __future__ import annotations

import platform
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.report.junit import Outcome, junit
from harness.tests.made_up_cases import VERDICTS, case, judgement, not_run
from harness.tests.suite import Suite
from harness.tests.test_claims_as_tests import READINGS, REFUTED, SUPPORTED, UNDECIDED
from harness.tests.test_report import HOSTILE, described, documented
from harness.verdicts import Verdict


def read(folder: Path) -> dict[tuple[str, str], ElementTree.Element]:
    """The tests of a report by their class and name, as GitLab reads them: of equal names the first alone counts."""
    found: dict[tuple[str, str], ElementTree.Element] = {}
    for test in ElementTree.parse(folder / "junit.xml").iter("testcase"):
        named = test.get("classname", ""), test.get("name", "")
        assert named not in found
        found[named] = test
    return found


def test_a_case_has_the_claims_name_with_its_readings_and_the_papers_class(suite: Suite):
    suite.claims(SUPPORTED + READINGS)
    suite.run("--no-ledger", "-n", "2")
    names = {f"XX-04 [{how}, {unit}]" for how in ("one", "two") for unit in "ab"}
    assert read(suite.root / "reports/latest").keys() == {("paper2020", name) for name in {"XX-01", *names}}


def test_names_stay_when_function_and_file_are_renamed(suite: Suite):
    suite.claims(READINGS)
    suite.run("--no-ledger")
    before = read(suite.root / "reports/latest").keys()
    suite.claims(READINGS.replace("def test_", "def test_renamed_"), "test_elsewhere.py")
    (suite.root / "claims/paper2020/test_topic.py").unlink()
    suite.run("--no-ledger")
    assert read(suite.root / "reports/latest").keys() == before


def test_what_failed_or_was_skipped_says_why(suite: Suite):
    suite.claims(SUPPORTED + REFUTED + UNDECIDED + "\n    raise ValueError('out of luck')\n")
    suite.run("--no-ledger")
    found = read(suite.root / "reports/latest")
    assert [one.tag for one in found["paper2020", "XX-01"]] == ["properties"]
    assert "XX-02 is refuted" in found["paper2020", "XX-02"].find("failure").get("message")
    assert "out of luck" in found["paper2020", "XX-03"].find("failure").text


def test_a_module_that_cannot_be_collected_a_case_that_was_not_reached_and_a_changed_claim_are_failures(suite: Suite):
    suite.claims(SUPPORTED + REFUTED)
    suite.add_file("claims/paper2020/test_broken.py", "import nothing_of_this_name")
    suite.run("--continue-on-collection-errors")
    found = read(suite.root / "reports/latest")
    assert "nothing_of_this_name" in found["collection", "claims/paper2020/test_broken.py"].find("error").text
    cut = {
        **documented(described(), not_run("b", "the session ended before it")),
        "changed": ["XX-01: was", "XX-02: is"],
    }
    tests = {one.get("name"): one for one in ElementTree.fromstring(junit(cut, {})).iter("testcase")}
    assert tests["XX-01"].find("error").get("message") == "the session ended before it"
    assert tests["verdicts are as recorded"].find("failure").text == "XX-01: was\nXX-02: is"


def test_a_case_that_another_rung_has_is_called_by_its_claim_and_tier():
    told = documented(described(), case("b"))
    told["claims"][0]["ladder"][0]["nodeids"] = ["claims/p/test_x.py::test_one[mnist-four]"]
    tests = {name: Outcome("passed") for name in told["claims"][0]["ladder"][0]["nodeids"]}
    found = ElementTree.fromstring(junit(told, tests)).iter("testcase")
    tier = told["claims"][0]["ladder"][0]["tier"]
    assert [(one.get("classname"), one.get("name")) for one in found] == [
        (told["claims"][0]["paper"], "XX-01"),
        (told["claims"][0]["paper"], f"XX-01 [mnist-four], tier {tier}"),
    ]


def test_counts_are_of_the_tests_and_nothing_names_the_machine(suite: Suite):
    suite.claims(SUPPORTED + REFUTED)
    suite.run("--no-ledger")
    text = (suite.root / "reports/latest/junit.xml").read_text()
    (counted,) = ElementTree.fromstring(text)
    assert (counted.get("tests"), counted.get("failures"), counted.get("skipped")) == ("2", "1", "0")
    assert str(suite.root) not in text
    assert "hostname" not in text
    assert f'"{platform.node()}"' not in text


def test_hostile_text_is_text():
    document = documented(described(paper=HOSTILE), case(HOSTILE, parameters={"how": HOSTILE}))
    nodeid = document["claims"][0]["cases"][0]["nodeid"]
    (test,) = ElementTree.fromstring(junit(document, {nodeid: Outcome("failed", HOSTILE + "\ud800")})).iter("testcase")
    assert "<img src=x" in test.get("name")
    assert "<img src=x" in test.find("failure").text


@pytest.mark.parametrize("limit", [400_000, 150_000])
def test_texts_are_cut_until_the_file_is_within_the_limit(limit):
    cases = [
        case(f"{n}", judged=judgement({"x": VERDICTS[Verdict.REFUTED]}), parameters={"n": f"{n}"}) for n in range(300)
    ]
    document = documented(described(), *cases)
    tests = {one["nodeid"]: Outcome("failed", "&" * 100_000) for one in document["claims"][0]["cases"]}
    text = junit(document, tests, limit)
    assert len(text.encode()) <= limit
    assert len([*ElementTree.fromstring(text).iter("failure")]) == 300
