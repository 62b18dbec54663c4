"""What a report says of its session, and what it does not say of the machine."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness.claims.papers import Headline
from harness.judging.claims import judge_claims
from harness.report.document import document
from harness.report.session import commit, session, without_folders
from harness.report.terminal import summary
from harness.tests.made_up_cases import VERDICTS, case, judgement, not_run
from harness.tests.suite import Suite
from harness.tests.test_report import OPTIONS, PAPER, described
from harness.verdicts import Verdict


def test_a_session_has_its_date_commit_and_options(tmp_path):
    told = session(tmp_path, started=1.75e9, now=1.75e9 + 2.04, data=True)
    assert told == {"date": "2025-06-15", "commit": None, "seconds": 2.0, "data": True}
    for words in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=b", "commit", "-q", "--allow-empty", "-m", "c"],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    assert len(clean := commit(tmp_path)) == 40
    (tmp_path / "file").touch()
    subprocess.run(["git", "-C", str(tmp_path), "add", "file"], check=True)
    assert commit(tmp_path) == f"{clean}+"


def test_folders_have_names_the_innermost_first():
    folders = [(Path("/a"), "."), (Path("/a/store"), "the store")]
    assert without_folders({"x": ["not in /a/store/b", 1.5], "y": "/a/c"}, folders) == {
        "x": ["not in the store/b", 1.5],
        "y": "./c",
    }


CLAIMS = """
    @claim("XX-01", where="Eq. 1", rule=equals(1.0), control="two")
    def test_one(lab):
        \"\"\"One is one.\"\"\"
        lab.measure(Exact(1.0))
        lab.control(Exact(2.0))
        lab.note(__file__)

    @claim("XX-02", where="Eq. 2", rule=equals(2.0), control="one")
    def test_two(lab):
        \"\"\"Two is two.\"\"\"
        lab.measure(Exact(2.0))
        lab.control(Exact(1.0))
"""


@pytest.mark.parametrize("chosen", [["-k", "test_one"], ["claims/paper2020/test_topic.py::test_one"]])
def test_a_report_on_some_claims_does_not_replace_the_one_on_all(suite: Suite, chosen):
    suite.claims(CLAIMS)
    suite.run()
    whole = (suite.root / "reports/latest/claims.json").read_bytes()
    assert str(suite.root).encode() not in whole
    how = ["-p", "no:cacheprovider", *chosen]
    suite.pytester.runpytest_subprocess(*([] if "::" in chosen[-1] else ["claims"]), *how)
    assert (suite.root / "reports/latest/claims.json").read_bytes() == whole
    part = json.loads((suite.root / "reports/selection/claims.json").read_text())
    assert [entry["id"] for entry in part["claims"]] == ["XX-01"]
    assert part["claims"][0]["command"].endswith("::test_one --tier smoke --report reports/selection")


def test_the_terminal_names_headlines_first_and_then_the_verdicts_in_their_order():
    headlines = (Headline("Is one one?", ("XX-01", "XX-02")), Headline("Another?", ("XX-03",)))
    told = PAPER.__class__(**{**vars(PAPER), "headlines": headlines})
    refuted = case(judged=judgement({"x": VERDICTS[Verdict.REFUTED]}))
    cases = [refuted, replace(case(), id="XX-04"), replace(not_run("", "no data"), id="XX-05")]
    verdicts = judge_claims(cases)
    written = document(verdicts, {id: described(id=id) for id in verdicts}, [told], **OPTIONS)
    assert summary(written) == [
        "Is one one?  XX-01 refuted (exact)",
        "             supported  refuted  not run  in all",
        "Nobody 2020          1        1        1       3",
        "refuted: XX-01 (exact)",
        "1 not run, each with its reason in the report",
    ]
    blind = {**written, "session": {"data": False}}
    assert summary(blind)[-1].endswith("; no folder of data was given (--data DIR)")
    two = {**written, "papers": [*written["papers"], {**written["papers"][0], "key": "other", "authors": "A. Other"}]}
    two["claims"] = [*written["claims"], {**written["claims"][1], "paper": "other"}]
    assert [line.split()[0] for line in summary(two) if line[:3] in ("Nob", "Oth", "all")] == ["Nobody", "Other", "all"]
