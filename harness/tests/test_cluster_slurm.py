"""`train --executor slurm` on a real Slurm of one machine, which these tests start and end: `make test-slurm`.

Elsewhere they are skipped, also where Slurm is installed: its daemons are started where that is asked for alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness.commands import cluster
from harness.commands.cluster import Queue, perform_as_tasks
from harness.runs import Bench, Run, perform
from harness.store import Store
from harness.tests import slurm
from harness.tests.fake_recipes import Fails
from harness.tests.queued import SMALL, Killed, Told, begin, record

pytestmark = pytest.mark.skipif(
    "TEST_SLURM" not in os.environ, reason="starts Slurm's daemons: make test-slurm, with slurm-wlm, munge, as root"
)

CLAIMS = """
    from harness.tests.fake_recipes import Counted
    from harness.tests.queued import SMALL

    CALLS = "{calls}"

    @claim("XX-01", where="Eq. 1", rule=greater_than(0.0), control="the same less ten", seeds=range(4),
           runs={{"smoke": {{"a": Counted(CALLS, marker=1, hold="{hold}"), "b": Counted(CALLS, marker=2)}}}})
    def test_markers(lab):
        \"\"\"Markers are above zero.\"\"\"

    @claim("XX-02", where="Eq. 2", rule=greater_than(0.0), control="the same less ten", seeds=range(2),
           runs={{"smoke": {{"a": SMALL}}}})
    def test_networks(lab):
        \"\"\"Networks learn.\"\"\"
"""
"""Eight runs that leave a line when they begin, four of which wait for a file to go, and two trained networks."""


@pytest.fixture(scope="module")
def running():
    assert not slurm.missing(), f"not here: {', '.join(slurm.missing())}"
    with slurm.slurm() as settings:
        yield settings
    assert slurm.processes_of(settings.parent) == []


@pytest.fixture
def queue(running, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", str(running))
    monkeypatch.setattr(cluster, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(cluster, "ASK_EVERY", 0.5)
    yield Queue("slurm", "short", at_once=2, minutes=10.0)
    assert queued() == []


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def train(queue, suite):
    begun = []

    def train(*options):
        begun.append(begin(suite, "slurm", *options))
        return begun[-1]

    yield train
    for process in begun:
        process.terminate()
        process.communicate(timeout=120)


def queued(state="all"):
    command = ["squeue", "--noheader", "--array", "--format=%i %T"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in lines if state in ("all", line.split()[1])]


def wait_for(process, there):
    ends = time.monotonic() + 120
    while not (found := there()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < ends
        time.sleep(0.2)
    return found


def lines(file):
    return sorted(file.read_text().split()) if file.exists() else []


def python_of_tasks(folder):
    """Processes that are at a task of the store."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = process.joinpath("cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if (
            b"submitit.core._submit" in command
            and str(folder).encode() in b" ".join(command)
            and b"srun" not in command[0]
        ):
            found.append(int(process.name))
    return found


def test_killed_tasks_are_done_again_failures_cost_no_other_and_records_are_as_here(queue, store, tmp_path):
    killed = Run(Killed(str(tmp_path / "killed"), times=1))
    hopeless = Run(Killed(str(tmp_path / "hopeless"), times=9))
    trained, fails = [Run(SMALL, seed) for seed in (0, 1)], Run(Fails())
    runs, told = [killed, hopeless, *trained, fails], Told()
    perform_as_tasks(dict.fromkeys(runs), store, Bench(), queue, told)
    assert [told.ended[str(run)] for run in (killed, *trained)] == [None] * 3
    assert told.ended[str(fails)] == "FloatingPointError: no such thing"
    assert told.ended[str(hopeless)].startswith("TaskDied: its task gave no answer 2 times")
    assert Path(told.ended[str(hopeless)].rpartition(" ")[2]).exists()
    assert [len(lines(tmp_path / name)) for name in ("killed", "hopeless")] == [2, 2]
    here = Store(tmp_path / "here")
    assert [record(store, run).metrics for run in trained] == [perform(run, here, Bench()).metrics for run in trained]


def test_a_command_that_is_stopped_leaves_no_task_and_the_same_one_goes_on(train, suite, tmp_path):
    calls, hold = tmp_path / "calls", tmp_path / "hold"
    hold.touch()
    suite.claims(CLAIMS.format(calls=calls, hold=hold))
    options = ("--partition", "short", "--workers", "2")

    first = train(*options)
    wait_for(first, lambda: len(lines(calls)) >= 2 and len(queued("RUNNING")) == 2)  # K at once, and held
    assert len(queued("RUNNING")) == 2
    assert len(queued("PENDING")) == 8
    first.send_signal(signal.SIGTERM)
    out, err = first.communicate(timeout=90)
    assert first.returncode == 143, err
    assert "go on with: python -m harness train --executor slurm --partition short --workers 2" in out
    assert queued() == []
    cut = lines(calls)

    second = train(*options)
    victim = wait_for(second, lambda: len(lines(calls)) >= len(cut) + 2 and python_of_tasks(suite.root))[0]
    os.kill(victim, signal.SIGKILL)
    hold.unlink()
    out, err = second.communicate(timeout=300)
    assert second.returncode == 0, err
    assert "runs in the store: 10, 10 of them new" in out
    done = lines(calls)
    assert sorted(set(done)) == [f"{marker}/{seed}" for marker in (1, 2) for seed in range(4)]
    assert len(done) == 8 + len(cut) + 1  # those cut off, and the one that was killed, began twice

    third = train(*options)
    out, err = third.communicate(timeout=120)
    assert (third.returncode, lines(calls)) == (0, done), err
    assert "runs in the store: 10, 0 of them new" in out
    assert len(list(Store(suite.root / "reports/store").records())) == 10


def test_tasks_end_when_the_time_is_up(train, suite, tmp_path):
    calls, hold = tmp_path / "calls", tmp_path / "hold"
    hold.touch()
    suite.claims(CLAIMS.format(calls=calls, hold=hold))
    process = train("--minutes", "0.25", "-k", "XX-01", "--workers", "2")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1, err
    assert "no run could be finished within 0.25 minutes" in err
    assert queued() == []
    assert python_of_tasks(suite.root) == []


def test_a_partition_that_is_not_there_is_bad_usage(train, suite, tmp_path):
    suite.claims(CLAIMS.format(calls=tmp_path / "calls", hold=tmp_path / "hold"))
    process = train("--partition", "nowhere")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "the tasks are not taken: sbatch: error:" in err
