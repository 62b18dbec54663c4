"""`train --executor local`: runs as tasks of a queue, here of submitit's own."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.__main__ import main
from harness.commands import cluster
from harness.commands.cluster import Queue, differs, ended_when_stalled, perform_as_tasks
from harness.commands.usage import BadUsage
from harness.runs import Bench, Run, ingredients, perform
from harness.runs.remains import left
from harness.store import Store, content_key
from harness.tests.fake_recipes import Counted, Draw, Fails, Stepwise
from harness.tests.queued import SMALL, Killed, Told, begin, record

LOCAL = Queue("local", at_once=3, minutes=10.0)


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(cluster, "LOOK_EVERY", 0.1)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def key_of(run):
    return content_key(ingredients(run, Bench()))


def test_a_killed_task_is_done_again_a_finished_one_never_and_failures_cost_no_other(store, tmp_path):
    killed = Run(Killed(str(tmp_path / "killed"), times=1))
    hopeless = Run(Killed(str(tmp_path / "hopeless"), times=9))
    counted, trained, fails = Run(Counted(str(tmp_path / "calls"), marker=1)), Run(SMALL), Run(Fails())
    runs, told = [killed, hopeless, counted, trained, fails], Told()
    perform_as_tasks(dict.fromkeys(runs), store, Bench(), LOCAL, told)
    assert [told.ended[str(run)] for run in (killed, counted, trained)] == [None] * 3
    assert told.ended[str(fails)] == "FloatingPointError: no such thing"
    assert told.ended[str(hopeless)].startswith("TaskDied: its task gave no answer 2 times")
    assert Path(told.ended[str(hopeless)].rpartition(" ")[2]).exists()
    remains = left(store, key_of(hopeless))
    assert (remains["kind"], remains["device"]) == ("TaskDied", "cpu")
    assert remains["message"].startswith("its task gave no answer 2 times")
    assert remains["log"][0].endswith(" begins")
    assert remains["stack"] == "about to be killed\n", "what its task wrote last"
    assert left(store, key_of(fails))["kind"] == "FloatingPointError"
    assert left(store, key_of(killed)) is None, "it was done after all"
    assert set(told.began) == {str(run) for run in runs}
    assert [len((tmp_path / name).read_text().split()) for name in ("killed", "hopeless", "calls")] == [2, 2, 1]
    here = perform(trained, Store(tmp_path / "here"), Bench())
    assert record(store, trained).metrics == here.metrics


def test_logs_of_tasks_are_removed_where_none_died_and_a_run_that_is_there_is_not_done_again(store, tmp_path):
    counted, stepwise = Run(Counted(str(tmp_path / "calls"))), Run(Stepwise(str(tmp_path / "steps")))
    for runs in ([counted], [counted, stepwise]):
        perform_as_tasks(dict.fromkeys(runs), store, Bench(), LOCAL, Told())
    assert list((store.path / "tasks").iterdir()) == []
    assert (tmp_path / "calls").read_text().split() == ["0/0"]
    assert record(store, stepwise).metrics == {"steps": 4}


def test_a_task_begins_only_if_its_run_is_expected_to_end_in_time_and_is_cut_off_then(store, tmp_path):
    long, short = (Run(Counted(str(tmp_path / "calls"), marker=marker)) for marker in (1, 2))
    told = Told()
    perform_as_tasks({long: 7200.0, short: 1.0}, store, Bench(), LOCAL, told, ends=time.time() + 3600)
    assert told.ended == {str(short): None}
    assert (tmp_path / "calls").read_text().split() == ["2/0"]
    (tmp_path / "hold").touch()
    held = Run(Counted(str(tmp_path / "calls"), marker=3, hold=str(tmp_path / "hold")))
    perform_as_tasks({held: None}, store, Bench(), LOCAL, told, ends=time.time() + 3)
    assert str(held) not in told.ended
    assert record(store, held) is None


@pytest.mark.parametrize("sigint", [signal.default_int_handler, signal.SIG_IGN], ids=["foreground", "background"])
def test_tasks_end_when_the_wait_for_them_does(store, tmp_path, sigint):
    (tmp_path / "hold").touch()
    before = signal.signal(signal.SIGINT, sigint)
    held = Run(Counted(str(tmp_path / "calls"), marker=1, hold=str(tmp_path / "hold")))

    class Stops(Told):
        def finished(self, run, seconds, problem):
            while not (tmp_path / "calls").exists():
                time.sleep(0.05)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        perform_as_tasks({held: None, Run(Draw()): None}, store, Bench(), LOCAL, Stops())
    assert signal.signal(signal.SIGINT, before) is sigint
    (tmp_path / "hold").unlink()
    with store.lock(next((store.path / "locks").glob("*.lock")).stem):  # else waits for the task
        assert record(store, held) is None


HANGS = """
import time
from harness.commands import cluster
from harness.runs import Bench, workers

workers.STARTING = 1.0
with cluster.ended_when_stalled(Bench(), 0.0) as bench:
    bench.progress(1, 10, "steps")
    time.sleep(60)
"""


def test_a_task_without_progress_ends_and_leaves_its_stack():
    ended = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert 'File "<string>", line 9 in <module>' in ended.stderr


def test_a_task_that_shows_progress_goes_on():
    told = []
    with ended_when_stalled(Bench(progress=lambda *words: told.append(words)), 60.0) as bench:
        bench.progress(1, 10, "steps")
    assert told == [(1, 10, "steps")]


def test_a_machine_that_would_make_another_record_is_told():
    made_of = {**ingredients(Run(Draw()), Bench()), "device": "Some GPU"}
    failure = differs(Run(Draw()), made_of, Bench())
    assert "has device cpu, not Some GPU" in failure.message
    assert differs(Run(Draw()), ingredients(Run(Draw()), Bench()), Bench()) is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--executor", "slurm"), "there is no sbatch on this machine"),
        (("--executor", "local", "--sbatch", "mem"), "--sbatch mem: say OPTION=VALUE"),
    ],
)
def test_a_queue_that_cannot_be_asked_is_told_before_anything_is_collected(options, said, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    assert main(["train", *options]) == 2
    assert said in capsys.readouterr().err


def test_without_submitit_the_command_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(cluster.importlib.util, "find_spec", lambda name: None)
    assert main(["train", "--executor", "local"]) == 2
    assert "pip install '.[cluster]'" in capsys.readouterr().err


@pytest.fixture
def fake_slurm(tmp_path, monkeypatch):
    """An sbatch that refuses everything, and an srun that submitit looks for."""
    for name, script in (("sbatch", "echo 'sbatch: error: invalid partition: nowhere' >&2; exit 1"), ("srun", "")):
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")


def test_what_sbatch_is_asked_for_reaches_it(fake_slurm, tmp_path):
    queue = Queue("slurm", "long", 7, 90.0, {"mem": "8G"})
    for device, gpus in (("cpu", None), ("cuda", 1)):
        asked = queue.opened(tmp_path / "claims-1", device)._executor.parameters
        assert (asked["partition"], asked["array_parallelism"], asked["time"]) == ("long", 7, 90)
        assert (asked["additional_parameters"], asked.get("gpus_per_node")) == ({"mem": "8G"}, gpus)
        assert asked["job_name"] == "claims-1"


def test_options_of_sbatch_may_be_written_as_sbatch_has_them(fake_slurm):
    chosen = argparse.Namespace(
        executor="slurm", partition=None, workers=None, task_minutes=5.0, sbatch=["--cpus-per-task=2", "mem=8G"]
    )
    asked = cluster.queue(chosen)
    assert (asked.asked, asked.at_once) == ({"cpus_per_task": "2", "mem": "8G"}, cluster.AT_ONCE)


def test_tasks_that_slurm_does_not_take_are_bad_usage(fake_slurm, store):
    with pytest.raises(BadUsage, match="the tasks are not taken: sbatch: error: invalid partition: nowhere"):
        perform_as_tasks({Run(Draw()): None}, store, Bench(), Queue("slurm", "nowhere"), Told())


def test_the_command_trains_what_is_missing_and_goes_on_from_there(suite):
    suite.claims(
        """
        from harness.tests.fake_recipes import Draw

        @claim("XX-01", where="Eq. 1", rule=greater_than(-5.0), control="the same less ten",
               runs={"smoke": {"a": Draw()}}, seeds=range(3))
        def test_means_are_not_small(lab):
            \"\"\"The mean is above minus five.\"\"\"
            means = [record.metrics["mean"] for record in lab.records(lab.runs["a"])]
            lab.measure(means)
            lab.control([mean - 10 for mean in means])
        """
    )
    for new in (3, 0):
        process = begin(suite, "local", "--workers", "3")
        out, err = process.communicate()
        assert process.returncode == 0, err
        assert f"runs in the store: 3, {new} of them new" in out
    suite.run("--no-train").assert_outcomes(passed=1)
