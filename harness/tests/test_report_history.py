"""Reports of before: what is kept of them, and what became of claims since."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timedelta

import pytest

from harness.report.compare import Became, compare
from harness.report.history import NoSnapshot, comparable, keep, lines, read, read_one, thinned
from harness.report.markdown import summary
from harness.report.page import render
from harness.report.since import since, told
from harness.report.snapshot import snapshot
from harness.report.stated import stated
from harness.rules import equals, equivalent_to
from harness.tests.made_up_cases import VERDICTS, case, estimate, judgement, not_run
from harness.tests.test_report import HOSTILE, described, documented
from harness.verdicts import Verdict

AT = "2026-11-0{}T02:17:00.000000+00:00"
SIDES = {verdict: {"x": judged} for verdict, judged in VERDICTS.items()}
SUPPORTED, REFUTED = SIDES[Verdict.SUPPORTED], SIDES[Verdict.REFUTED]
RUN = {
    "key": "k",
    "title": "a net, seed 0",
    "seed": 0,
    "source": "recorded",
    "freshness": "current",
    "device": "cpu",
    "date": "2026-01-01",
    "seconds": 1.0,
    "code": "c0de",
    "data": {"mnist/train": "da7a"},
}


def taken(*cases, day=1, commit="a" * 40, selection=False, partial=False, **changes):
    session = {"date": f"2026-11-0{day}", "commit": commit, "selection": selection}
    document = documented(described(**changes), *(cases or [case()]), session=session, partial=partial)
    return snapshot(document, AT.format(day))


def judged(parts, **changes):
    return case(judged=judgement(parts), **changes)


def only(before, after):
    (change,) = compare(before, after)
    return change


def test_the_same_again_is_no_change_whatever_the_commit():
    assert compare(taken(), taken(day=2, commit="b" * 40)) == []


@pytest.mark.parametrize(
    ("before", "after", "became"),
    [
        (judged(SUPPORTED), judged(REFUTED), Became.SIDES),
        (judged(SUPPORTED), judged(SIDES[Verdict.INCONCLUSIVE]), Became.VERDICT),
        (judged(SUPPORTED), not_run("", "no data"), Became.LOST),
        (not_run("", "no data"), judged(SUPPORTED), Became.RECOVERED),
        (judged({"x": estimate(5.0)}), judged({"x": estimate(9.0)}), Became.MOVED),
    ],
    ids=str,
)
def test_what_became_of_a_claim(before, after, became):
    assert only(taken(before), taken(after)).became is became


def test_a_number_within_its_interval_is_no_change_and_every_part_is_looked_at():
    before = judged({"x": estimate(5.0), "y": estimate(9.0)})
    assert compare(taken(before), taken(judged({"x": estimate(5.3), "y": estimate(9.3)}))) == []
    moved = only(taken(before), taken(judged({"x": estimate(5.3), "y": estimate(20.0)})))
    assert moved.told.startswith("y was 9 [")


def test_the_reason_why_a_claim_did_not_run_is_told():
    assert "no data" in str(only(taken(judged(SUPPORTED)), taken(not_run("", "no data"))))


def test_claims_appear_and_go_but_not_for_a_selection():
    one = taken()
    assert [change.became for change in compare(one, {**one, "claims": {}})] == [Became.GONE]
    assert [change.became for change in compare({**one, "claims": {}}, one)] == [Became.APPEARED]
    for mark in ("selection", "partial"):
        assert compare(one, {**one, "claims": {}, mark: True}) == []
        assert compare({**one, "claims": {}, mark: True}, one) == []
    renamed = {**one, "claims": {"XX-02": {**one["claims"]["XX-01"], "formerly": ["XX-01"]}}}
    assert compare(one, renamed) == []


MARGINS = [{"stated": {"measured": stated(equivalent_to(5.0, margin))}} for margin in (1.0, 2.0)]


def decides(**changes):
    return {**described()["decides"], **changes}


@pytest.mark.parametrize(
    ("before", "after", "piece"),
    [
        ({}, {"statement": "Another."}, "statement"),
        ({}, {"stated": {"measured": stated(equals(2.0))}, "decides": decides(rules={"measured": "is 2"})}, "rule"),
        (*MARGINS, "margin"),
        ({}, {"decides": decides(readings={"how": ["one", "two"]})}, "readings"),
        ({}, {"decides": decides(control="three")}, "control"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_question_that_changed_is_never_compared_by_its_numbers(before, after, piece):
    """And its line is cut there, also where the verdict stays."""
    then, now = taken(judged(SUPPORTED), **before), taken(judged(REFUTED), day=2, **after)
    change = only(then, now)
    assert (change.became, change.causes) == (Became.QUESTION, (piece,))
    assert [point["cut"] for point in lines([then, now])["XX-01"]] == [[], [piece]]


def with_run(**changes):
    return judged(REFUTED, runs=[{**RUN, **changes}])


@pytest.mark.parametrize(
    ("after", "cause"),
    [
        (with_run(data={"mnist/train": "0ther"}), "data"),
        (with_run(code="0ther"), "code"),
        (with_run(device="A GPU"), "device"),
        (with_run(seed=1), "seeds"),
    ],
    ids=["data", "code", "device", "seeds"],
)
def test_a_change_is_attributed_to_what_its_runs_are_made_of(after, cause):
    change = only(taken(judged(SUPPORTED, runs=[RUN])), taken(after))
    assert change.causes == (cause,)
    assert f"[changed: {cause}]" in str(change)


def test_a_change_that_no_digest_tells_of_is_the_codes_where_the_commit_differs():
    before = taken(judged(SUPPORTED))
    assert only(before, taken(judged(REFUTED), commit="b" * 40)).causes == ("code",)
    assert only(before, taken(judged(REFUTED), commit="a" * 40)).causes == ()


def test_snapshots_come_back_in_order_and_what_is_damaged_or_of_the_future_is_named(tmp_path):
    for day in (3, 1, 2):
        keep(taken(day=day), tmp_path)
    (tmp_path / "damaged.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "future.json").write_text(json.dumps({**taken(), "schema": 99}))
    found, skipped = read(tmp_path)
    assert found == [taken(day=day) for day in (1, 2, 3)]
    assert [line.partition(":")[0] for line in skipped] == ["damaged.json", "future.json", "list.json"]
    assert "schema 99" in skipped[1]
    with pytest.raises(NoSnapshot, match="not of this suite's history"):
        read_one(tmp_path / "nowhere.json")
    assert read(tmp_path / "none") == ([], [])


def test_two_sessions_that_end_at_the_same_time_keep_both(tmp_path):
    keep(taken(), tmp_path)
    keep(taken(commit="b" * 40), tmp_path)
    assert len(read(tmp_path)[0]) == 2


def test_the_last_thirty_are_shown_and_one_a_week_before_them():
    start = datetime.fromisoformat(AT.format(1))
    days = [{"at": (start + timedelta(days=day)).isoformat()} for day in range(100)]
    shown = [days.index(one) for one in thinned(days)]
    assert shown == [*range(0, 70, 7), *range(70, 100)]
    assert thinned(days[:30]) == days[:30]
    assert thinned([]) == []


def test_a_report_is_compared_with_the_last_over_all_claims_of_its_tier():
    whole, other = taken(), taken(day=2)
    others = [{**other, "selection": True}, {**other, "partial": True}, {**other, "tier": "paper"}]
    assert comparable([whole, *others], "smoke") == whole
    assert comparable(others, "smoke") is None


def test_a_line_leaves_out_what_repeats_but_its_last_point():
    past = [taken(day=1), taken(day=2), taken(day=3)]
    line = told(past, taken(day=4))["lines"]["XX-01"]
    assert [point["at"] for point in line] == ["2026-11-01", "2026-11-04"]
    past[1]["claims"]["XX-01"]["value"] = 7.0
    line = told(past, taken(day=4))["lines"]["XX-01"]
    assert [(point["at"][-1], point["value"]) for point in line] == [("1", 1.0), ("2", 7.0), ("3", 1.0), ("4", 1.0)]


def report_of(past, *cases, **changes):
    document = documented(described(**changes), *cases, session={"date": "", "commit": None, "selection": False})
    return {**document, "history": told(past, snapshot(document, AT.format(9)))}


def test_page_markdown_and_terminal_say_what_changed_that_nothing_did_or_that_there_is_no_base():
    first = report_of([], judged(SUPPORTED))
    same = report_of([taken(judged(SUPPORTED))], judged(SUPPORTED))
    other = report_of([taken(judged(SUPPORTED))], judged(REFUTED))
    for document, words in ((first, "no base"), (same, "no claim changed"), (other, "XX-01 changed sides")):
        assert words in "\n".join(since(document))
    assert "No base" in summary(first)
    assert "No claim changed since 2026\\-11\\-01" in summary(same)
    assert "XX\\-01 changed sides" in summary(other)
    assert "Since the last report" not in render(first)
    assert "no claim changed" in render(same)
    assert "<li>XX-01 changed sides: supported (exact), now refuted (exact)" in render(other)


def test_hostile_reasons_of_a_change_are_shown_literally():
    page = render(report_of([taken(judged(SUPPORTED))], not_run("", HOSTILE)))
    assert "<img" not in page
    assert page.count("&lt;img src=x onerror") >= 2


CLAIM = """
    @claim("XX-01", where="Eq. 1", rule=equals(1.0, within=0.5), control="three")
    def test_one(lab):
        \"\"\"One is one.\"\"\"
        lab.measure(Exact(1.0))
        lab.control(Exact(3.0))
"""


def test_history_survives_clean_checkouts_and_tells_what_changed(suite, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept") / "history"
    kept = f"--history={folder}"
    git = ["git", "-C", str(suite.root), "-c", "user.name=a", "-c", "user.email=b"]
    suite.claims(CLAIM)
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "claims"]):
        subprocess.run([*git, *words], check=True)
    for selected in ([], ["-k", "test_one"], []):
        said = suite.run(kept, *selected)
        subprocess.run([*git, "clean", "-ffdxq"], check=True)
    assert "no claim changed" in said.stdout.str()
    assert [one["selection"] for one in read(folder)[0]] == [False, True, False]
    suite.claims(CLAIM.replace("Exact(1.0)", "Exact(2.0)"))
    changed = suite.run(kept)
    changed.stdout.fnmatch_lines(["since the last report (*): 1 changed sides", "  XX-01 changed sides: *code*"])
    suite.claims(CLAIM.replace("0.5", "0.7"))
    suite.run(kept).stdout.fnmatch_lines(["  XX-01 asks something else: *[[]changed: margin]"])


def test_a_report_over_all_is_kept_in_the_store_and_one_over_some_is_not(suite):
    suite.claims(CLAIM)
    suite.run("-k", "test_one")
    assert not (suite.root / "reports/store/history").exists()
    suite.run("-n", "2")
    (kept,) = read(suite.root / "reports/store/history")[0]
    assert list(kept["claims"]) == ["XX-01"]
    assert suite.document()["history"]["before"] is None


def test_a_history_that_cannot_be_written_costs_no_report(suite):
    suite.claims(CLAIM)
    said = suite.run("--history", "/proc/history")  # where nobody can make a folder
    said.assert_outcomes(passed=1)
    said.stdout.fnmatch_lines(["history: the history was not added to*"])
    assert suite.entry("XX-01")["verdict"] == "supported"
