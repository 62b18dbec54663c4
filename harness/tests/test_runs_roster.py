"""Several runs at once on each of several devices: who begins what, how much room there is, who is at fault."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.runs import Bench, Run, batch, perform_all
from harness.runs.display import Display
from harness.runs.roster import Roster
from harness.runs.together import AT_ONCE
from harness.runs.workers import in_processes
from harness.store import Store
from harness.system.stable_names import stable_name
from harness.tests.fake_recipes import Counted, Dies, Draw
from harness.tests.test_runs_processes import Heard, lines
from harness.tests.test_runs_together import CNN, RUNS, alone, contents  # noqa: F401 - a fixture


@stable_name("fake-lonely")
@dataclass(frozen=True)
class Lonely(Draw):
    """Wants no other beside it."""

    def alone(self):
        return True


def begun(roster):
    """Let all begin that have room; which worker began which run."""
    places = []
    while (place := roster.next()) is not None:
        roster.begin(place)
        places.append((place.worker, place.number))
    return places


@given(gpus=st.integers(1, 8), at_once=st.integers(1, 8), count=st.integers(0, 80))
def test_each_of_several_gpus_takes_as_many_runs_as_one_does_and_all_as_many_as_each_other(gpus, at_once, count):
    roster = Roster([Run(Draw(), seed) for seed in range(count)], gpus, at_once)
    places = begun(roster)
    assert [number for _, number in places] == list(range(min(count, gpus * at_once)))
    shares = Counter(worker for worker, _ in places)
    assert max(shares.values(), default=0) <= at_once
    assert max(shares.values(), default=0) - min(shares.get(gpu, 0) for gpu in range(gpus)) <= 1
    assert roster.waiting == (count > gpus * at_once)


def test_the_next_run_goes_where_one_has_ended():
    roster = Roster([Run(Draw(), seed) for seed in range(6)], 2, 2)
    assert begun(roster) == [(0, 0), (1, 1), (0, 2), (1, 3)]
    roster.end(1, 1)
    assert begun(roster) == [(1, 4)]


def test_a_gpu_without_enough_memory_has_room_for_fewer_and_what_it_gives_back_is_the_next():
    roster = Roster([Run(Draw(), seed) for seed in range(10)], 2, 4)
    assert len(begun(roster)) == 8
    for number in (6, 4):
        roster.give_back(0, number, 2)
    assert begun(roster) == []
    roster.end(1, 1)
    assert begun(roster) == [(1, 4)], "the other one has room"
    roster.end(0, 0)
    assert begun(roster) == [(0, 6)]
    roster.end(0, 2)
    roster.end(0, 6)
    assert begun(roster) == [(0, 8), (0, 9)]


def test_of_several_that_a_worker_died_with_each_is_done_again_alone():
    roster = Roster([Run(Draw(), seed) for seed in range(5)], 2, 2)
    assert begun(roster) == [(0, 0), (1, 1), (0, 2), (1, 3)]
    assert roster.lose(0) is None
    assert begun(roster) == [(0, 0)]
    assert roster.lose(0) == 0, "it was alone"
    assert begun(roster) == [(0, 2)]
    roster.end(0, 2)
    assert begun(roster) == [(0, 4)]


def test_what_wants_no_other_beside_it_waits_for_a_worker_that_is_at_nothing():
    roster = Roster([Run(Draw(), 0), Run(Draw(), 1), Run(Lonely()), Run(Draw(), 2)], 2, 2)
    assert begun(roster) == [(0, 0), (1, 1)]
    roster.end(1, 1)
    assert begun(roster) == [(1, 2), (0, 3)]


class Peak(Heard, Display):
    """How many runs were under way at most."""

    most = 0

    def _count(self):
        told = Counter(said[0] for said in self.said)
        self.most = max(self.most, told["started"] - told["finished"])

    def started(self, run):
        super().started(run)
        self._count()


def test_a_process_that_does_several_at_once_gives_what_each_gives_alone(tmp_path, alone, monkeypatch):  # noqa: F811
    store, peak = Store(tmp_path / "store"), Peak()
    failures = in_processes(RUNS, store, Bench(), 1, peak, lambda run: True, at_once=3)
    assert failures == [None] * len(RUNS)
    assert contents(RUNS, store) == alone
    assert peak.most == 3


def test_a_run_that_kills_the_process_of_several_costs_itself_alone(tmp_path):
    calls, store = tmp_path / "calls", Store(tmp_path / "store")
    runs = [Run(CNN), Run(Dies()), Run(Counted(str(calls)))]
    failures = in_processes(runs, store, Bench(), 1, Heard(), lambda run: True, stalled=600.0, at_once=3)
    assert [failure and failure.kind for failure in failures] == [None, "WorkerDied", None]
    assert "killed by SIGKILL" in failures[1].message
    assert len(store.keys()) == 2
    assert set(lines(calls)) == {"0/0"}


@pytest.mark.parametrize(("device", "several"), [("cuda", AT_ONCE), ("cuda:1", AT_ONCE), ("cpu", 1)])
@pytest.mark.parametrize("stalled", [None, 60.0])
def test_several_gpus_have_a_process_each_which_does_several_at_once(device, several, stalled, tmp_path, monkeypatch):
    """The GPUs are made up, and no process is started."""
    asked: dict[str, int] = {}

    def note(runs, store, bench, workers, display, admits, stalled, at_once):
        asked.update(workers=workers, at_once=at_once)
        return [None] * len(runs)

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda number: "big")
    monkeypatch.setattr("harness.runs.key.device_class", lambda device: str(device))
    monkeypatch.setattr(batch, "in_processes", note)
    monkeypatch.setattr(batch, "_looked_up", lambda run, store, bench: batch.Outcome(run, f"{run.seed:064x}"))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    runs = [Run(Draw(), seed) for seed in range(40)]
    perform_all(runs, Store(tmp_path), Bench(device), display=Heard(), stalled=stalled, apart=True)
    assert asked["at_once"] == several
    if device != "cpu":
        assert asked["workers"] == (4 if device == "cuda" else 1)


def test_a_worker_of_xdist_does_one_at_a_time(monkeypatch):
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert batch.at_once(Bench("cuda")) == 1
