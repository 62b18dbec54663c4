"""Nights that nobody watches: people are told once, of what changed and of a night that died."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.__main__ import main

ROOT = Path(__file__).parents[2]

GH = """#!{python} -I
import json, sys
from pathlib import Path

state = Path({state!r})
issues, said = json.loads(state.read_text())
words = sys.argv[1:]
given = dict(zip(words, words[1:]))
if words[:2] == ["issue", "list"]:
    ours = [one for one in issues if one["open"] and one["label"] == given["--label"]]
    print(json.dumps([{{"number": one["number"], "body": one["body"]}} for one in ours]))
elif words[:2] == ["issue", "create"]:
    issues.append({{"number": len(issues) + 1, "open": True, "label": given["--label"], "body": given["--body"]}})
    said.append(given["--body"])
    print("issues/%d" % len(issues))
elif words[0] == "issue":
    one = issues[int(words[2]) - 1]
    if words[1] == "edit":
        one["body"] = given["--body"]
    else:
        one["open"] = words[1] != "close"
        said.append(given["--comment" if words[1] == "close" else "--body"])
elif words[:2] != ["label", "create"]:
    sys.exit("unknown command")
state.write_text(json.dumps([issues, said]))
"""


class Repository:
    """Issues, and what people were told, as a `gh` on the path keeps them."""

    def __init__(self, folder: Path) -> None:
        self.state, self.gh = folder / "issues.json", folder / "gh"
        self.state.write_text("[[], []]")
        self.gh.write_text(GH.format(python=sys.executable, state=str(self.state)))
        self.gh.chmod(0o755)

    @property
    def said(self) -> list[str]:
        return json.loads(self.state.read_text())[1]

    @property
    def open(self) -> list[int]:
        return [one["number"] for one in json.loads(self.state.read_text())[0] if one["open"]]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return Repository(tmp_path)


@pytest.fixture
def report(tmp_path):
    """Writes the claims.json of a night."""

    def write(*changed: str, missing: int = 0) -> str:
        document = {"changed": changed, "session": {"missing": missing * [None]}, "partial": bool(missing)}
        folder = tmp_path / "report"
        folder.mkdir(exist_ok=True)
        (folder / "claims.json").write_text(json.dumps(document))
        return str(folder)

    return write


NIGHTS = """
    import os, signal

    @claim("XX-01", where="Eq. 1", paper=0.0, rule=equals(0.0, within=0.1), control="one")
    def test_zero(lab):
        \"\"\"It is zero.\"\"\"
        {before}
        lab.measure(Exact({value}))
        lab.control(Exact(1.0))
"""


def test_of_three_nights_the_change_and_the_crash_are_told_and_the_same_again_is_not(suite, repository):
    """Sessions of pytest, the third of which ends with its interpreter."""

    def night(number: int, value: float, before: str = "") -> int:
        suite.claims(NIGHTS.format(value=value, before=before))
        done = suite.run("--report", f"night{number}")
        (suite.root / "log").write_text(done.stdout.str() + done.stderr.str())
        result = "success" if done.ret == 0 else "failure"
        told = len(repository.said)
        assert main(["notify", f"night{number}", "--log", "log", "--result", result, "--link", "https://night"]) == 0
        return len(repository.said) - told

    suite.claims(NIGHTS.format(value=0.0, before=""))
    assert suite.run("--update-ledger").ret == 0
    assert [night(1, 0.5), night(2, 0.51), night(3, 0.5, "os.kill(os.getpid(), signal.SIGSEGV)")] == [1, 0, 1]
    change, crash = repository.said
    assert "XX-01 (smoke): recorded supported, now refuted" in change
    assert "no report was made" in crash
    assert "Segmentation fault" in crash
    assert all("https://night" in one for one in repository.said)
    assert repository.open == [1]


def test_what_is_found_next_is_told_in_the_issue_that_is_open(repository, report, capsys):
    assert main(["notify", report("SO-01: recorded supported, now refuted: 0.31")]) == 0
    assert main(["notify", report("SO-01: recorded supported, now refuted: -1.5e-07")]) == 0
    assert "issue 1 tells it already" in capsys.readouterr().out
    assert main(["notify", report("SO-02: recorded supported, now refuted: 0.3")]) == 0
    assert main(["notify", report("SO-02: recorded supported, now refuted: 0.3", missing=3)]) == 0
    assert "left 3 tests without a judgement" in repository.said[2]
    assert (len(repository.said), repository.open) == (3, [1])
    assert main(["notify", report()]) == 0
    assert (len(repository.said), repository.open) == (4, [])
    assert main(["notify", report("SO-02: recorded supported, now refuted: 0.3")]) == 0
    assert repository.open == [2]


def test_a_night_that_failed_though_its_report_is_as_recorded_is_told_with_its_last_lines(repository, report, tmp_path):
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(99)) + "\x1b[31mrecord: no space left ``` @all\n")
    arguments = ["notify", report(), "--log", str(log), "--result"]
    assert main([*arguments, "success"]) == 0
    assert repository.said == []
    assert main([*arguments, "failure"]) == main([*arguments, "failure"]) == 0
    (told,) = repository.said
    assert "    \\u001b[31mrecord: no space left ``` @all\n" in told
    assert "line 98" in told
    assert "line 1\n" not in told
    assert len(told) < 60_000


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"changed": 3}'])
def test_a_report_that_cannot_be_read_is_none(repository, tmp_path, content):
    if content is not None:
        (tmp_path / "claims.json").write_text(content)
    assert main(["notify", str(tmp_path), "--log", str(tmp_path / "nothing")]) == 0
    (told,) = repository.said
    assert "no report was made" in told


def test_long_lists_are_cut_and_a_gh_that_refuses_is_said(repository, report, capsys):
    assert main(["notify", report(*(f"SO-{number}: {'word ' * 500}" for number in range(3000)))]) == 0
    assert "and 2900 more" in repository.said[0]
    assert len(repository.said[0]) < 60_000
    repository.state.write_text("damaged")
    assert main(["notify", report()]) == 1
    assert "nobody could be told: Traceback" in capsys.readouterr().err


def test_it_runs_where_nothing_is_installed(tmp_path, report):
    """As on the machine that tells, which has none of the suite's packages."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from harness.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-I", "-S", "-c", code, "notify", report()]
    gh = Repository(tmp_path)
    done = subprocess.run(command, env={"PATH": str(gh.gh.parent)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "all is as it was recorded\n"), done.stderr
