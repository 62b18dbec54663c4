"""Runs in several processes: no run twice, no finished run lost, the same bytes as in one process."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from harness.networks import NETWORKS
from harness.runs import Bench, Run, perform, perform_all, serving
from harness.store import Store
from harness.tests.fake_recipes import Carelessly, Counted, Dies, Diverges, Draw, Ends, Fails
from harness.tests.processes import group_exists, wait_until
from harness.training import Network

SETUP = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background may have been told to ignore it
from harness.runs import Run, Bench, perform, perform_all
from harness.store import Store
from harness.tests.fake_recipes import *
store, bench = Store({store!r}), Bench()
"""


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def calls(tmp_path):
    return tmp_path / "calls"


@pytest.fixture
def hold(tmp_path):
    (tmp_path / "hold").touch()
    return tmp_path / "hold"


@contextlib.contextmanager
def process(store, script):
    """A Python of its own that runs the script, and what it says; none of it is left behind."""
    text = SETUP.format(store=str(store.path)) + script
    with tempfile.NamedTemporaryFile("w", dir=store.path) as said:
        child = subprocess.Popen([sys.executable, "-c", text], stdout=said, stderr=said, start_new_session=True)
        try:
            yield child, lambda: Path(said.name).read_text()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def lines(file):
    return file.read_text().splitlines() if file.exists() else []


def files(store):
    """The bytes of arrays, and the content of the rest: what is left differs in the seconds that it took."""
    tensors = {file.name: file.read_bytes() for file in (store.path / "records").glob("*.safetensors")}
    records = map(store.get, store.keys())
    return tensors, {record.key: (record.made_of, record.content) for record in records}


def test_of_several_processes_one_computes_and_when_it_is_killed_another_does(store, calls, hold):
    script = f"print(perform(Run(Counted({str(calls)!r}, hold={str(hold)!r})), store, bench).metrics)"
    with process(store, script) as (first, _):
        wait_until(lambda: lines(calls))
        with process(store, script) as (second, second_said), process(store, script) as (third, third_said):
            holder = f"being computed by process {first.pid} on {socket.gethostname()} since 20"
            for said in (second_said, third_said):
                wait_until(lambda said=said: holder in said() and said().endswith(" UTC, waiting\n"))
            first.kill()
            wait_until(lambda: len(lines(calls)) == 2)
            assert store.keys() == []
            hold.unlink()
            assert (second.wait(60), third.wait(60)) == (0, 0)
            assert second_said().endswith("waiting\n{'marker': 0}\n")
            assert third_said() == second_said()
    assert not list((store.path / "locks").glob("*.holder"))
    assert lines(calls) == ["0/0", "0/0"]


def test_a_killed_session_loses_no_finished_run_and_the_next_one_does_the_rest(store, calls, hold):
    runs = [Run(Counted(str(calls), marker=marker, hold=str(hold) * (marker == 3))) for marker in range(5)]
    with process(store, f"perform_all({runs}, store, bench, workers=1)") as (session, _):
        wait_until(lambda: "3/0" in lines(calls))
        session.kill()
        session.wait()
    assert len(store.keys()) == 3
    assert store.verify() == []

    calls.unlink()
    hold.unlink()
    outcomes = perform_all(runs, store, Bench(), workers=1, display=Heard())
    assert all(outcome.record for outcome in outcomes)
    assert lines(calls) == ["3/0", "4/0"]


class Heard:
    def __init__(self):
        self.said = []

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        pass

    def started(self, run):
        self.said.append(("started", run))

    def advanced(self, run, done, total, what):
        self.said.append(("advanced", run, done, total, what))

    def finished(self, run, seconds, problem):
        self.said.append(("finished", run, problem))


def test_two_workers_give_the_same_bytes_as_one_process_and_no_failure_costs_another_run(tmp_path, calls):
    fails, dies, slow = Run(Fails("<img>")), Run(Dies()), Run(Counted(str(calls), seconds=1.0))
    runs = [Run(Draw(), 0), fails, Run(Draw(), 1), slow, Run(Carelessly(), 4), Run(Draw(), 0), Run(Diverges())]
    together, alone = Store(tmp_path / "together"), Store(tmp_path / "alone")
    heard = Heard()
    outcomes = perform_all([runs[0], dies, *runs[1:]], together, Bench(), workers=2, display=heard)
    here = perform_all(runs, alone, Bench(), workers=1, display=Heard())

    assert files(together) == files(alone)
    assert [outcome.run for outcome in outcomes] == list(dict.fromkeys([runs[0], dies, *runs]))
    assert [outcome.key for outcome in outcomes if outcome.run != dies] == [outcome.key for outcome in here]
    by_run = {outcome.run: outcome for outcome in outcomes}
    assert {run for run, outcome in by_run.items() if outcome.failure or not outcome.record} == {fails, dies}

    failed = by_run[fails].failure
    assert (failed.kind, failed.message) == ("FloatingPointError", "<img>")
    assert "in compute" in failed.trace
    assert str(failed) == str(here[1].failure) == "fake-fails, message <img>, seed 0: FloatingPointError: <img>"
    assert by_run[dies].failure.kind == "WorkerDied"
    assert "killed by SIGKILL" in str(by_run[dies].failure)

    assert Counter(said[1] for said in heard.said if said[0] == "finished") == Counter(str(run) for run in by_run)
    assert ("advanced", str(slow)) in {said[:2] for said in heard.said}


def test_a_process_that_dies_costs_its_own_run_alone_and_the_others_are_not_begun_again(store, calls):
    slow = [Run(Counted(str(calls), seconds=0.5, marker=marker)) for marker in range(4)]
    outcomes = perform_all([*slow[:1], Run(Dies()), *slow[1:], Run(Ends())], store, Bench(), workers=2, display=Heard())
    reasons = {outcome.run: outcome.failure.message for outcome in outcomes if outcome.failure}
    assert set(reasons) == {Run(Dies()), Run(Ends())}
    assert "killed by SIGKILL" in reasons[Run(Dies())]
    assert "ended with status 7" in reasons[Run(Ends())]
    assert sorted(lines(calls)) == [f"{marker}/0" for marker in range(4)]


def test_a_run_that_hangs_is_given_up_with_its_stack_and_the_others_go_on(store, calls, hold, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    hangs = Run(Counted(str(calls), seconds=1.0, hold=str(hold)))
    outcomes = perform_all(
        [hangs, Run(Draw()), Run(Draw(), 1)], store, Bench(), workers=1, display=Heard(), stalled=1.0
    )
    assert [outcome.record is not None for outcome in outcomes] == [False, True, True]
    failure = outcomes[0].failure
    assert failure.kind == "Stalled"
    assert "no progress for 1 s" in failure.message
    assert 'fake_recipes.py", line' in failure.message
    assert "in compute" in failure.trace
    with store.lock(outcomes[0].key):  # given back by the process that was killed
        assert not list(tmp_path.glob("stack-*"))


def test_a_run_that_shows_progress_is_not_given_up_however_long_it_takes(store, calls):
    (outcome,) = perform_all([Run(Counted(str(calls), seconds=4.0))], store, Bench(), display=Heard(), stalled=3.0)
    assert outcome.record is not None


@contextlib.contextmanager
def files_of_at_most(size):
    """The system refuses to write more bytes into any file, in this process and in those that it starts."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("apart", [False, True])
def test_once_the_store_takes_no_more_records_no_run_begins(store, calls, apart):
    runs = [Run(Counted(str(calls), marker=marker)) for marker in range(3)]
    with files_of_at_most(100):
        outcomes = perform_all(runs, store, Bench(), workers=1, display=Heard(), apart=apart)
    assert outcomes[0].failure.kind == "RecordNotWritten"
    assert [outcome.missing for outcome in outcomes] == [False, True, True]
    assert lines(calls) == ["0/0"]


VISITOR = """
from dataclasses import dataclass
from harness.networks import NETWORKS
from harness.runs import Recipe, Result
from harness.system.stable_names import stable_name
from harness.tests.processes import group_exists, wait_until
from harness.training import Network

@stable_name("visitors-count")
@dataclass(frozen=True)
class Count(Recipe):
    network: Network

    def compute(self, seed, bench):
        return Result({"weights": sum(one.numel() for one in self.network.build().parameters())})
"""
NETWORK = """
from torch import nn

def build(size):
    return nn.Linear(size, 1)
"""


def test_workers_know_the_folders_and_the_registered_names_of_their_parent(store, tmp_path, monkeypatch):
    """As of a paper in a folder of its own, whose network is registered by code that no worker imports."""
    (tmp_path / "visiting").mkdir()
    (tmp_path / "visiting" / "counting.py").write_text(VISITOR)
    (tmp_path / "visiting" / "linear.py").write_text(NETWORK)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(NETWORKS, "_targets", dict(NETWORKS._targets))
    NETWORKS.register("visitors-linear", "visiting.linear:build")
    count = importlib.import_module("visiting.counting").Count
    runs = [Run(count(Network.of("visitors-linear", size=size))) for size in (3, 4)]
    outcomes = perform_all(runs, store, Bench(), workers=2, display=Heard())
    assert [outcome.failure for outcome in outcomes] == [None, None]
    assert [outcome.record.metrics["weights"] for outcome in outcomes] == [4, 5]


def test_ctrl_c_ends_the_workers_at_once_and_keeps_what_is_done(store, calls, hold):
    runs = [Run(Counted(str(calls), marker=marker, hold=str(hold) * (marker > 0))) for marker in range(4)]
    with process(store, f"perform_all({runs}, store, bench, workers=2)") as (session, said):
        wait_until(lambda: len(lines(calls)) == 3)
        os.killpg(session.pid, signal.SIGINT)
        assert session.wait(30) == -signal.SIGINT
        wait_until(lambda: not group_exists(session.pid))
        assert "stopped with 1 of 4 runs done; these are kept" in said()
    assert len(lines(calls)) == 3
    assert len(store.keys()) == 1
    assert store.verify() == []


def live_as_a_worker(started):
    """What a worker process does when it has nothing to do."""
    serving.settle(serving.Setup(Path(), Bench(), 1, sys.path, {}, None))
    started.write_text(str(os.getpid()))
    time.sleep(600)


def test_a_worker_leaves_ctrl_c_to_its_parent_and_does_not_outlive_it(store, tmp_path):
    started = tmp_path / "started"
    script = f"""
from multiprocessing import get_context
from pathlib import Path
from harness.tests.test_runs_processes import live_as_a_worker
get_context("spawn").Process(target=live_as_a_worker, args=(Path({str(started)!r}),)).start()
"""
    with process(store, script) as (session, _):
        wait_until(lambda: lines(started))
        os.kill(int(started.read_text()), signal.SIGINT)
        time.sleep(0.3)
        os.kill(int(started.read_text()), 0)
        session.kill()
        session.wait()
        wait_until(lambda: not group_exists(session.pid))


def test_nothing_is_said_when_there_is_nothing_to_do(store, capsys):
    perform(Run(Draw()), store, Bench())
    (outcome,) = perform_all([Run(Draw()), Run(Draw())], store, Bench())
    assert outcome.record is not None
    assert perform_all([], store, Bench()) == []
    assert capsys.readouterr() == ("", "")


def test_lines_are_written_where_standard_error_is_no_terminal(store, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    perform_all([Run(Draw()), Run(Fails())], store, Bench(), workers=1)
    assert stream.getvalue().splitlines()[0] == "fake-draw, seed 0: started"
    assert stream.getvalue().splitlines()[1].startswith("[1/2] fake-draw, seed 0: done in ")
    assert stream.getvalue().splitlines()[2:] == [
        "fake-fails, seed 0: started",
        "[2/2] fake-fails, seed 0: FloatingPointError: no such thing",
    ]
