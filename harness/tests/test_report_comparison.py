"""`python -m harness report --compare`: reports of any kind, at the terminal, as Markdown and as a page."""

from __future__ import annotations

import json

import pytest

from harness.__main__ import main
from harness.report.history import keep
from harness.report.snapshot import snapshot
from harness.report.write import write
from harness.tests.made_up_cases import case, judgement, not_run
from harness.tests.test_report import HOSTILE, Elements, described, documented
from harness.tests.test_report_history import AT, REFUTED, SUPPORTED
from harness.verdicts import Evidence


def document(day, *cases, commit="a" * 40, **changes):
    session = {"date": f"2026-11-0{day}", "commit": commit, "selection": False}
    return documented(described(**changes), *(cases or [case()]), session=session)


@pytest.fixture
def reports(tmp_path):
    """A folder of a report with XX-01 supported, a claims.json with it refuted, and both in a history."""
    before, after = document(1, case(judged=judgement(SUPPORTED))), document(2, case(judged=judgement(REFUTED)))
    write(before, tmp_path / "before", {})
    write(after, tmp_path / "after", {})
    kept = [keep(snapshot(one, AT.format(day)), tmp_path / "history") for day, one in ((1, before), (2, after))]
    return (tmp_path / "before", tmp_path / "after/claims.json"), kept


def test_folders_files_and_history_are_compared_alike(reports, capsys):
    told = []
    for before, after in reports:
        assert main(["report", "--compare", str(before), str(after)]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert told[0].splitlines() == [
        "2026-11-01, commit aaaaaaaaaa -> 2026-11-02, commit aaaaaaaaaa: 0 claims are what they were",
        "changed sides (1)",
        "  XX-01: supported (exact), now refuted (exact)",
    ]
    before, _ = reports[0]
    assert main(["report", "--compare", str(before), str(before)]) == 0
    assert capsys.readouterr().out.endswith(": 1 claims are what they were\n")


def test_the_comparison_is_also_a_page_and_markdown_with_hostile_text_as_text(tmp_path, capsys):
    lost = [document(1), document(2, not_run("b", HOSTILE), commit="b" * 40)]
    for name, one in zip("ab", lost, strict=True):
        write(one, tmp_path / name, {})
    names = [str(tmp_path / name) for name in "ab"]
    for suffix in ("html", "md"):
        assert main(["report", "--compare", *names, "--to", str(tmp_path / f"to.{suffix}")]) == 0
    page = Elements((tmp_path / "to.html").read_text())
    assert "Was not run (1)" in page.text
    assert "XX-01: supported (exact), now not run" in page.text
    assert not {"img", "script", "b"} & {tag for tag, _ in page.tags}
    assert "\\<img" in (tmp_path / "to.md").read_text()
    assert "was not run (1)" in capsys.readouterr().out


def test_what_is_no_report_is_told(reports, tmp_path, capsys):
    (before, _), _ = reports
    (tmp_path / "other.json").write_text(json.dumps({"schema": 99}))
    for name, why in (("other.json", "schema 99"), ("none", "No such file"), ("", "not there")):
        assert main(["report", "--compare", str(before), str(tmp_path / name)]) == 2
        assert why in capsys.readouterr().err
    assert main(["report", "--compare", str(before), str(before), "--to", "x.pdf"]) == 2


def test_the_reach_is_told_too(tmp_path, capsys):
    for name, reach in zip("ab", (Evidence.PROXY, Evidence.PAPER), strict=True):
        other = {"proxy": SUPPORTED, "paper": REFUTED}[str(reach)]
        write(document(1, case(judged=judgement(other), evidence=reach)), tmp_path / name, {})
    main(["report", "--compare", str(tmp_path / "a"), str(tmp_path / "b")])
    assert "supported (proxy), now refuted (paper)" in capsys.readouterr().out
