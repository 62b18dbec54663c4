"""`recheck`: what it picks, what it says when there is nothing to do, and which samples it does not do twice."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.__main__ import parser
from harness.commands import recheck
from harness.data.dataset_errors import DatasetMissing
from harness.evidence import Entry
from harness.evidence.recheck import Comparison, Difference

AGREES = Comparison((), True, 7)
DIFFERS = Comparison((Difference("train_loss", (2,), "epoch", 0.5, 0.7),), False, 7)


def git(*words: str) -> None:
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", *words], check=True, capture_output=True)


def candidate(title: str, seconds: float, epochs: int = 1) -> Any:
    made_of = {"recipe": {"name": title, "fields": {}}, "seed": 0, "code": "0" * 64, "data": {}}
    metrics = {"train_loss": [1.0] * epochs}
    entry = Entry(title, made_of, metrics, {}, seconds, "2026-11-25", "0" * 40)
    cut: Any = SimpleNamespace(recipe=SimpleNamespace(opening=lambda: "cut"), seed=0)
    return recheck.Candidate(cut, entry, "current")  # type: ignore[arg-type]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A repository with a file of evidence and one of data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLAIMS_DATA", raising=False)
    for name in ("code.py", "data/images", "reports/evidence/paper/some.jsonl"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    Path(".gitignore").write_text("reports/store\ndata\n")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "first")
    return tmp_path


@pytest.fixture
def call(here, monkeypatch):
    """The command in this process, with made-up records and made-up rechecks."""

    def called(
        *arguments: str, waiting: Any = (), comparison: Comparison = AGREES, collected: Any = lambda chosen: None
    ) -> tuple[int, list[str]]:
        done: list[str] = []

        def again(one: Any, *_: Any) -> tuple[Comparison, bool]:
            done.append(one.entry.title)
            return comparison, True

        monkeypatch.setattr(recheck, "selected", collected)
        monkeypatch.setattr(recheck, "candidates", lambda *_: iter(waiting))
        monkeypatch.setattr(recheck, "recheck", again)
        return recheck.run(chosen(*arguments)), done

    return called


def chosen(*arguments: str) -> argparse.Namespace:
    return parser().parse_args(["recheck", *arguments])


SHORT, LONG = candidate("short", 5.0), candidate("long", 500.0, epochs=2)


def test_records_that_fit_are_done_and_one_that_takes_longer_alone_is_left(call, capsys):
    assert call("--seconds", "60", waiting=[LONG, SHORT]) == (0, ["short"])
    assert "1 of 2 records rechecked, none did not come out again" in capsys.readouterr().out
    assert call("--seconds", "60", waiting=[LONG]) == (0, [])
    assert "no record fits into 60 s: the shortest takes about 250 s" in capsys.readouterr().out
    assert sorted(call("--all", waiting=[LONG, SHORT])[1]) == ["long", "short"]


def test_a_machine_that_turns_out_slower_is_given_less(call, monkeypatch):
    clock = [0.0]

    def monotonic() -> float:
        clock[0] += 15.0  # looked at before and after a recheck of 5 s
        return clock[0]

    monkeypatch.setattr(recheck.time, "monotonic", monotonic)
    _, done = call("--seconds", "65", waiting=[candidate(str(number), 5.0) for number in range(6)])
    assert len(done) == 2


def test_the_time_to_collect_is_none_of_the_seconds(call, monkeypatch):
    clock = [0.0]

    def collected(chosen: argparse.Namespace) -> None:
        clock[0] += 100.0

    monkeypatch.setattr(recheck.time, "monotonic", lambda: clock[0])
    assert call("--seconds", "60", waiting=[SHORT], collected=collected) == (0, ["short"])


def test_without_records_or_without_their_data_it_says_so_and_passes(call, here, capsys):
    assert call() == (0, [])
    assert "no records are kept" in capsys.readouterr().out
    (here / "reports/evidence/paper/some.jsonl").write_text(SHORT.entry.line() + "\n")
    assert call() == (0, [])
    assert "1 records are kept, and of the selected claims none whose data are here" in capsys.readouterr().out


def test_a_run_whose_released_weights_are_not_here_is_left_out(call, capsys, monkeypatch):
    weightless = candidate("weightless", 1.0)

    def again(one: Any, *_: Any) -> tuple[Comparison, bool]:
        if one is weightless:
            raise DatasetMissing("no weights")
        return AGREES, True

    assert call(waiting=[]) == (0, [])
    monkeypatch.setattr(recheck, "candidates", lambda *_: iter([weightless, SHORT]))
    monkeypatch.setattr(recheck, "recheck", again)
    assert recheck.run(chosen()) == 0
    told = capsys.readouterr()
    assert "1 of 1 records rechecked, none did not come out again" in told.out
    assert "left out: no weights" in told.err
    monkeypatch.setattr(recheck, "candidates", lambda *_: iter([weightless]))
    assert recheck.run(chosen()) == 0
    assert "0 of 0 records rechecked" in capsys.readouterr().out


def test_what_does_not_come_out_again_fails_and_is_named(call, capsys):
    for _ in range(2):
        assert call("--once", waiting=[SHORT], comparison=DIFFERS) == (1, ["short"])
        assert (
            "short (whole, 7 values): 1 values differ\n  train_loss [epoch 2]: recorded 0.5, now 0.7"
            in capsys.readouterr().out
        )


def test_a_sample_that_came_out_again_is_not_done_twice(call, capsys):
    assert call("--once", waiting=[SHORT, LONG]) == (0, ["short"])
    capsys.readouterr()
    assert call("--once", waiting=[SHORT, LONG]) == (0, [])
    said = capsys.readouterr().out
    assert said.startswith("already rechecked at 20")
    assert said.endswith(": 1 of 2 records agreed; `make recheck` does it again\n")
    assert call(waiting=[SHORT]) == (0, ["short"])


def _commit() -> None:
    git("commit", "-q", "--allow-empty", "-m", "second")


CHANGES = {
    "a commit": _commit,
    "a changed file": lambda: Path("code.py").write_text("1"),
    "a new file": lambda: Path("new.py").touch(),
    "evidence": lambda: Path("reports/evidence/paper/some.jsonl").write_text("\n"),
    "new evidence": lambda: Path("reports/evidence/paper/other.jsonl").touch(),
    "data": lambda: Path("data/images").write_text("new"),
    "what is remembered": lambda: [file.write_text("{") for file in Path("reports/store/rechecked").iterdir()],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_sample_is_done_again_once_anything_changed(call, change):
    how = ("--once", "--data", "data")
    Path("data/nowhere").symlink_to("missing")
    assert call(*how, waiting=[SHORT])[1] == ["short"]
    assert call(*how, waiting=[SHORT])[1] == []
    CHANGES[change]()
    assert call(*how, waiting=[SHORT])[1] == ["short"]


@pytest.mark.parametrize("option", [("--tier", "laptop"), ("--seconds", "61"), ("-k", "x"), ("--data", "data")])
def test_another_sample_is_done_all_the_same(call, option):
    assert call("--once", waiting=[SHORT])[1] == ["short"]
    assert call("--once", *option, waiting=[SHORT])[1] == ["short"]


def test_what_was_rechecked_with_changed_files_is_not_remembered(call, here):
    Path("code.py").write_text("1")
    for _ in range(2):
        assert call("--once", waiting=[SHORT])[1] == ["short"]
    assert not (here / "reports/store").exists()


def test_files_that_change_while_a_sample_is_done_leave_nothing_remembered(call, here, monkeypatch):
    told = recheck.told

    def meanwhile(*arguments: Any) -> str:
        Path("code.py").write_text("1")
        return told(*arguments)

    monkeypatch.setattr(recheck, "told", meanwhile)
    assert call("--once", waiting=[SHORT])[1] == ["short"]
    git("checkout", "code.py")
    assert call("--once", waiting=[SHORT])[1] == ["short"]


def test_a_sample_that_is_known_is_told_without_torch(call, here):
    assert call("--once", waiting=[SHORT]) == (0, ["short"])
    root = Path(recheck.__file__).parents[2]
    look = "import sys; from harness.__main__ import main; main(['recheck', '--once']); print('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", look], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0].startswith("already rechecked at")
    assert done.stdout.splitlines()[1] == "False"
