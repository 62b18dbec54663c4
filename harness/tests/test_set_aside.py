"""Runs that kill their process, over several nights."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from harness.commands.set_aside import remember_deaths, set_aside
from harness.runs import Bench, Run, perform, plan
from harness.store import Store
from harness.tests.fake_recipes import Draw

CLAIMS = """
    from harness.tests.fake_recipes import Counted, Dies

    @claim("XX-01", where="Eq. 1", rule=greater_than(0.0), control="the same less ten", seeds=range(2),
           runs={{"smoke": {{"dies": Dies(), "sound": Counted("{calls}", marker=1)}}}})
    def test_markers(lab):
        \"\"\"Markers are above zero.\"\"\"
"""


def harness(suite, *arguments):
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, cwd=suite.root, capture_output=True, text=True, check=False)


def test_a_run_that_killed_its_process_twice_is_set_aside_in_later_nights_and_shown_by_plan(suite, tmp_path):
    calls = tmp_path / "calls"
    suite.claims(CLAIMS.format(calls=calls))
    nights = [harness(suite, "train", "--workers", "2") for _ in range(3)]
    assert [night.returncode for night in nights] == [1, 1, 0]
    assert [night.stderr.count("failed: ") for night in nights] == [2, 2, 0]
    assert "runs in the store: 2, 0 of them new; set aside: 2" in nights[2].stdout
    assert nights[2].stderr.count("killed its process 2 times; the last time, WorkerDied: its process") == 2
    assert sorted(calls.read_text().split()) == ["1/0", "1/1"]

    plan = json.loads(harness(suite, "plan", "--json").stdout)
    assert (plan["total"]["set_aside"], plan["total"]["missing"], plan["total"]["stored"]) == (2, 0, 2)
    said = harness(suite, "plan").stdout
    assert "4 runs, 2 in the store, 0 missing, 2 set aside" in said
    assert said.count("killed its process 2 times; the last time, WorkerDied") == 2

    again = harness(suite, "train", "--workers", "2", "--again")
    assert (again.returncode, again.stderr.count("failed: ")) == (1, 2)


@pytest.mark.parametrize(
    ("reasons", "is_aside"),
    [
        (["WorkerDied: out of memory?"], False),
        (["WorkerDied: out of memory?", "Stalled: no progress for 60 s"], True),
        (["TaskDied: its task gave no answer 2 times"], True),
        (["FloatingPointError: no such thing"] * 3, False),
    ],
)
def test_only_what_takes_its_process_along_counts_and_a_task_that_died_was_submitted_twice(tmp_path, reasons, is_aside):
    store, run = Store(tmp_path), Run(Draw())
    for reason in reasons:
        remember_deaths(plan([run], store, Bench()), {str(run): reason}, store)
    assert (str(run) in set_aside(plan([run], store, Bench()), store)) == is_aside
    perform(run, store, Bench())
    assert set_aside(plan([run], store, Bench()), store) == {}


@pytest.mark.parametrize("text", ['["cut sho', "{}", "3"])
def test_notes_of_deaths_that_cannot_be_read_set_nothing_aside(tmp_path, text):
    store, run = Store(tmp_path), Run(Draw())
    outcomes = plan([run], store, Bench())
    remember_deaths(outcomes, {str(run): "TaskDied: twice"}, store)
    (note,) = (store.path / "deaths").iterdir()
    note.write_text(text)
    assert set_aside(outcomes, store) == {}
    remember_deaths(outcomes, {str(run): "WorkerDied: killed"}, store)
    assert json.loads(note.read_text()) == ["WorkerDied: killed"]
