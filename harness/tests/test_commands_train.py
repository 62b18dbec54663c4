"""`plan` and `train`: which runs are needed, what is done within the time, and what is said of the rest."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from harness.__main__ import main
from harness.commands import plan, train
from harness.commands.selection import Selection
from harness.data.image_set import Provenance
from harness.evidence import Archive, Entry
from harness.runs import Bench, Recipe, Result, Run, declared, ingredients
from harness.runs.gpu_cost import RATE, STEP
from harness.store import Store, content_key
from harness.system.stable_names import stable_name
from harness.tests.fake_recipes import Counted, Diverges, Draw, Fails, Part, Reads
from harness.tests.processes import handled
from harness.tests.test_training_together import CNN
from harness.training import Data, Network
from harness.training.network import operations
from harness.verdicts import Evidence

CLAIMS = """
from harness.tests.fake_recipes import Draw, Part

small, large = Draw(), Draw(Part(5))

@claim("XX-01", where="Eq. 1", rule=greater_than(-5.0), control="the same less ten", runs={"smoke": {"a": small}},
       seeds=range(4))
def test_means_are_not_small(lab):
    \"\"\"The mean is above minus five.\"\"\"
    means = [record.metrics["mean"] for record in lab.records(lab.runs["a"])]
    lab.measure(means)
    lab.control([mean - 10 for mean in means])

@claim("XX-02", where="Eq. 2", rule=less_than(0.0), control="one more", tier="smoke",
       runs={"smoke": {"a": small}, "laptop": {"a": small, "b": large}}, seeds=range(3))
def test_means_are_below_five(lab):
    \"\"\"The mean is below five.\"\"\"
    means = [record.metrics["mean"] for recipe in lab.runs.values() for record in lab.records(recipe)]
    lab.measure([mean - 5 for mean in means])
    lab.control([mean + 5 for mean in means])
"""


@stable_name("fake-signals")
@dataclass(frozen=True)
class Signals(Recipe):
    """Is told to stop."""

    number: int = signal.SIGTERM

    def compute(self, seed: int, bench: Bench) -> Result:
        os.kill(os.getpid(), self.number)
        time.sleep(60)
        return Result({})


def harness(root, *arguments):
    """A command in a process of its own."""
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def calls(tmp_path):
    return tmp_path / "calls"


CLAIM: Any = SimpleNamespace(id="XX-01", tier_within=lambda tier: "smoke")


@pytest.fixture
def run_train(store, monkeypatch, capsys):
    """`train` for runs that need not be collected: the exit status, and what was printed."""

    def run(runs, **options):
        plain = {
            "minutes": None,
            "workers": 1,
            "bundle": None,
            "stalled": None,
            "until_decided": False,
            "require_data": False,
            "executor": None,
            "again": False,
            "arguments": ["train", "-k", "a b"],
        }
        selection = Selection({one: [CLAIM] for one in runs}, "smoke", store, Bench())
        monkeypatch.setattr(train, "selected", lambda chosen: selection)
        status = train.run(argparse.Namespace(**{**plain, **options}))
        return status, "".join(capsys.readouterr())

    return run


def took(store, seconds, recipe, seed):
    made_of = ingredients(Run(recipe, seed), Bench())
    store.put(content_key(made_of), made_of, Result({}), {}, seconds)


def counted(calls, marker, **options):
    return Counted(str(calls), marker=marker, **options)


def test_the_longest_run_is_done_first_and_those_of_unknown_cost_last(store, calls, run_train):
    for marker, seconds in ((1, 20.0), (2, 40.0), (3, 30.0)):
        took(store, seconds, counted(calls, marker), 0)
    status, said = run_train([Run(counted(calls, marker), 1) for marker in (0, 1, 2, 3)])
    assert calls.read_text().split() == ["2/1", "3/1", "1/1", "0/1"]
    assert status == 0
    assert "runs in the store: 4, 4 of them new" in said


def test_the_time_left_is_shown_as_far_as_it_is_known(store, calls, run_train):
    for marker, seconds in ((1, 20.0), (2, 40.0), (3, 30.0)):
        took(store, seconds, counted(calls, marker), 0)
    lines = run_train([Run(counted(calls, marker), 1) for marker in (1, 2, 3)])[1].splitlines()
    ended = [line for line in lines if "done in" in line]
    assert [line.partition(" s, ")[2] for line in ended] == ["about 50 s left", "about 20 s left", ""]


def test_a_run_that_would_not_end_in_time_is_left_and_shorter_ones_are_done(store, calls, run_train):
    took(store, 700.0, counted(calls, 1), 0)
    took(store, 5.0, counted(calls, 2), 0)
    runs = [Run(counted(calls, marker), 1) for marker in (1, 2)]
    status, said = run_train(runs, minutes=10.0)
    assert calls.read_text().split() == ["2/1"]
    assert status == 3
    assert "runs in the store: 1, 1 of them new; left: 1" in said
    assert f"left: {runs[0]} (about 11.7 min)" in said
    assert "go on with: python -m harness train -k 'a b'" in said
    status, said = run_train(runs, minutes=10.0)
    assert status == 1
    assert "no run could be finished within 10 minutes: give more" in said
    assert run_train(runs)[0] == 0


@contextlib.contextmanager
def time_is_up_once(condition):
    """Send this process the alarm that `--minutes` sets, when the condition holds."""

    over = threading.Event()

    def watch():
        while not over.wait(0.02):
            if condition():
                os.kill(os.getpid(), signal.SIGALRM)
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_under_way_when_the_time_is_up_is_given_up_and_leaves_nothing(
    store, calls, tmp_path, run_train, workers
):
    (tmp_path / "hold").touch()
    endless = [Run(counted(calls, marker, hold=str(tmp_path / "hold"))) for marker in range(workers)]
    with time_is_up_once(lambda: calls.exists() and len(calls.read_text().split()) == workers and store.keys()):
        status, said = run_train([Run(Draw(), 1), *endless], minutes=60.0, workers=workers)
    assert (status, len(store.keys())) == (3, 1)
    assert said.count("left: fake-counted, ") == workers
    assert "(given up after " in said or workers > 1
    assert store.verify() == []
    (tmp_path / "hold").unlink()
    assert run_train([Run(Draw(), 1), *endless])[0] == 0


def test_minutes_set_the_alarm(calls, tmp_path, run_train):
    (tmp_path / "hold").touch()
    status, said = run_train([Run(counted(calls, 1, hold=str(tmp_path / "hold")))], minutes=0.3 / 60)
    assert status == 1
    assert "left: 1" in said
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.fixture
def not_under_nohup():
    """Under which SIGHUP is ignored."""
    with handled(signal.SIGHUP, signal.SIG_DFL):
        yield


@pytest.mark.usefixtures("not_under_nohup")
def test_a_signal_ends_the_runs_keeps_the_finished_ones_and_still_writes_the_bundle(store, tmp_path, run_train):
    for number, expected in ((signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)):
        handler = signal.getsignal(number)
        bundle = tmp_path / f"{number}.zip"
        status, said = run_train([Run(Draw()), Run(Signals(int(number)))], bundle=bundle)
        assert status == expected
        assert "; left: 1" in said
        assert signal.getsignal(number) is handler
        assert main(["merge", str(bundle), "--store", str(tmp_path / f"other{number}")]) == 0
        assert len(Store(tmp_path / f"other{number}").keys()) == 1


def test_a_failed_run_costs_none_of_the_others_and_the_status_says_so(store, run_train):
    status, said = run_train([Run(Fails("<img>")), Run(Draw())])
    assert status == 1
    assert "runs in the store: 1, 1 of them new; failed: 1" in said
    assert "failed: fake-fails, message <img>, seed 0: FloatingPointError: <img>" in said


def test_a_run_that_diverged_is_stored_and_named(store, run_train):
    status, said = run_train([Run(Diverges()), Run(Draw())])
    assert status == 0
    assert "runs in the store: 2, 2 of them new; diverged: 1" in said
    assert "fake-diverges, seed 0 diverged at step 812 (loss nan): lr 0.1, last finite loss 3.2; nothing can be" in said


def test_runs_without_their_data_are_told_and_fail_only_where_data_are_required(run_train):
    runs = [Run(Reads("cifar10")), Run(Draw())]
    status, said = run_train(runs)
    assert status == 0
    assert "without their data: 1" in said
    assert "without data: cifar10" in said
    assert run_train(runs, require_data=True)[0] == 1


def test_a_store_that_can_only_be_read_is_said_before_anything_is_computed(store, calls, run_train):
    store.unwritable = "Read-only file system"
    status, said = run_train([Run(counted(calls, 1))])
    assert status == 1
    assert "is not writable" in said
    assert not calls.exists()


def test_a_plan_counts_what_is_there_what_is_missing_and_what_it_costs(store, calls):
    for seed, seconds in enumerate((60.0, 100.0, 80.0)):
        took(store, seconds, counted(calls, 1), seed)
    runs = [Run(counted(calls, 1), seed) for seed in range(5)] + [Run(Draw()), Run(Reads("cifar10"))]
    others: list[Any] = [SimpleNamespace(id="XX-02", tier_within=lambda tier: "laptop"), CLAIM]
    needs = {run: [CLAIM] if run.seed < 3 else others for run in runs} | {runs[-2]: others[:1]}
    found = plan.planned(Selection(needs, "laptop", store, Bench()))
    total = found["total"]
    assert (total["runs"], total["stored"], total["missing"], total["not_available"]) == (7, 3, 3, 1)
    assert (total["seconds"], total["unknown"]) == (160.0, 1)
    assert {tier: sums["runs"] for tier, sums in found["tiers"].items()} == {"smoke": 6, "laptop": 1}
    states = [(run["state"], run["seconds"]) for run in found["runs"]]
    assert states[2:5] == [("stored", 80.0), ("missing", 80.0), ("missing", 80.0)]
    assert json.loads(json.dumps(found)) == found

    lines = plan.readable({**found, "workers": 2})
    assert lines[1].split()[:7] == ["3", "of", "5", "80", "s", "2.7", "min"]
    assert "XX-01, XX-02  fake-counted, " in lines[1]
    assert max(map(len, lines[:4])) <= 100
    assert any("seconds" in line and line.endswith("fake-draw") for line in lines)
    assert any(line.startswith("not available: cifar10") for line in lines)
    assert not calls.exists()


def test_recipes_with_one_title_have_lines_of_their_own(store):
    needs = {Run(Draw(Part(size), called="draws"), seed): [CLAIM] for size in (3, 4) for seed in range(2)}
    found = plan.planned(Selection(needs, "laptop", store, Bench()))
    assert [len(runs) for runs in plan.by_recipe(found["runs"])] == [2, 2]
    assert [run["recipe"] for run in found["runs"]] == ["draws", "draws", "draws (2)", "draws (2)"]


def kept(tmp_path, seconds, run, data=None, **changes):
    """An archive with the run's record added."""
    made_of = {**declared(run), "device": "cpu", "data": data or {}, **changes}
    named = [(*name.partition("/")[::2], digest) for name, digest in made_of["data"].items()]
    sources = tuple(Provenance(name, split, digest, Evidence.PAPER, ()) for name, split, digest in named)
    entry = Entry(str(run), made_of, {"seed": run.seed}, {}, seconds, "2026-11-25", "0" * 40, sources)
    archive = Archive.read(tmp_path / "evidence")
    archive.add("toy2026/some", [entry])
    return archive


def test_a_plan_tells_what_is_kept_as_evidence_from_what_is_stored_or_missing(store, calls, tmp_path):
    took(store, 60.0, counted(calls, 1), 0)
    for seed, code in ((0, {}), (1, {}), (2, {"code": "0" * 64})):
        kept(tmp_path, 20.0, Run(counted(calls, 1), seed), **code)
    archive = kept(tmp_path, 5.0, Run(Reads("cifar10")), {"cifar10/train": "d1"})
    runs = [Run(counted(calls, 1), seed) for seed in range(4)] + [Run(Reads("cifar10")), Run(Reads("mnist"))]
    selection = Selection({run: [CLAIM] for run in runs}, "laptop", store, Bench())
    found = plan.planned(selection, archive)
    states = [run["state"] for run in found["runs"]]
    assert states == ["stored", "kept", "kept", "missing", "kept", "not available"]
    total = found["total"]
    assert (total["runs"], total["stored"], total["kept"], total["stale"], total["missing"]) == (6, 1, 3, 1, 1)
    lines = plan.readable(found)
    assert lines[0].split()[:2] == ["stored", "kept"]
    assert lines[1].split()[:4] == ["1", "of", "4", "2"]
    assert [line.split()[:4] for line in lines if line.endswith("cifar10")] == [["0", "of", "1", "1"]]
    assert any("6 runs, 1 in the store, 3 kept as evidence (1 of them stale), 1 missing" in line for line in lines)
    assert sum(line.startswith("not available") for line in lines) == 1
    assert max(map(len, lines[:4])) <= 100
    assert json.loads(json.dumps(found)) == found
    without = plan.planned(selection)
    assert without["total"]["kept"] == 0
    assert "evidence" not in " ".join(plan.readable(without))


def test_a_plan_with_an_empty_store_has_the_costs_of_the_evidence(store, calls, tmp_path):
    archive = kept(tmp_path, 20.0, Run(counted(calls, 1), 0))
    missing = Run(counted(calls, 1), 5)
    found = plan.planned(Selection({missing: [CLAIM]}, "laptop", store, Bench()), archive)
    assert [(run["state"], run["seconds"], run["basis"]) for run in found["runs"]] == [("missing", 20.0, "evidence")]
    assert "~20 s" in plan.readable(found)[1]
    took(store, 60.0, counted(calls, 1), 1)
    found = plan.planned(Selection({missing: [CLAIM]}, "laptop", store, Bench()), archive)
    assert [(run["seconds"], run["basis"]) for run in found["runs"]] == [(60.0, "this recipe")]


def test_the_command_looks_into_the_evidence_of_the_project(suite):
    suite.claims(CLAIMS)
    folder = suite.root / "elsewhere"
    made_of = ingredients(Run(Draw(), 0), Bench())
    entry = Entry("draws", made_of, {"mean": 0.1}, {}, 7.0, "2026-11-25", "0" * 40)
    for place in (folder, suite.root / "reports/evidence"):
        Archive.read(place).add("paper2020/draws", [entry])
    for options in ((), ("--evidence", str(folder))):
        planned = harness(suite.root, "plan", *options)
        assert "4 runs, 0 in the store, 1 kept as evidence, 3 missing; about" in planned.stdout


def test_a_plan_for_a_gpu_goes_by_the_operations_and_steps_of_the_training(store):
    small = CNN.with_(data=Data("digits", count=100, held_out=20), batch_size=30, epochs=2)
    vgg = Network.of("plain-vgg", depth=16, head="average", classes=4, channels=1)
    large = CNN.with_(network=vgg, data=Data("textures", 500, 20), epochs=30, batch_size=100)
    needs = {Run(small, 0): [CLAIM], Run(large, 0): [CLAIM], Run(Draw(), 0): [CLAIM]}
    found = plan.planned(Selection(needs, "smoke", store, Bench()), gpu=True)
    seconds = [run["seconds"] for run in found["runs"]]
    each = operations(vgg, (1, 32, 32))
    assert seconds == [8 * STEP, pytest.approx(30 * 500 * each / RATE), None]
    assert 6 * 310e6 < each < 6 * 350e6
    assert (found["device"], found["workers"], found["total"]["unknown"]) == ("assumed GPU", 1, 1)
    assert "~" in plan.readable(found)[1]


def test_runs_are_chosen_by_words_of_their_names(suite):
    suite.claims(CLAIMS)
    trained = harness(suite.root, "train", "--tier", "laptop", "--workers", "1", "--runs", "size 5, seed 1")
    assert trained.returncode == 0, trained.stderr
    assert "runs in the store: 1, 1 of them new" in trained.stdout
    planned = harness(suite.root, "plan", "--tier", "laptop", "--runs", "SIZE 5")
    assert "laptop on cpu: 3 runs, 1 in the store, 2 missing" in planned.stdout
    none = harness(suite.root, "plan", "--tier", "laptop", "--runs", "size 7")
    assert none.returncode == 2
    assert "--runs 'size 7': no run is called so, but e.g. fake-draw" in none.stderr


def test_from_a_plan_to_the_same_verdicts_in_another_store(suite):
    suite.claims(CLAIMS)
    planned = harness(suite.root, "plan", "--tier", "laptop")
    assert planned.returncode == 0, planned.stderr
    assert "all: 7 runs, 0 in the store, 7 missing; 7 that train nothing, in seconds each" in planned.stdout
    assert "0 of 4        seconds  seconds   smoke   XX-01, XX-02  fake-draw" in planned.stdout

    trained = harness(suite.root, "train", "--tier", "laptop", "--workers", "1")
    assert trained.returncode == 0, trained.stderr
    assert "runs in the store: 7, 7 of them new" in trained.stdout
    again = harness(suite.root, "train", "--tier", "laptop", "-k", "below", "--bundle", "some.zip")
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines() == ["some.zip: 6 records", "runs in the store: 6, 0 of them new"]
    assert again.stderr == ""

    assert main(["merge", str(suite.root / "some.zip"), "--store", str(suite.root / "other")]) == 0
    suite.run("--tier", "laptop", "--no-train", "--store", "other").assert_outcomes(passed=1, skipped=1)
    assert suite.entry("XX-01")["verdict"] == "not run"
    merged = suite.entry("XX-02")
    suite.run("--tier", "laptop", "--no-train").assert_outcomes(passed=2)
    first = suite.entry("XX-02")
    assert (merged["verdict"], merged["measured"], merged["runs"]) == (
        first["verdict"],
        first["measured"],
        first["runs"],
    )
    assert first["verdict"] == "supported"


def test_a_selection_without_claims_is_bad_usage(suite):
    suite.claims(CLAIMS)
    refused = harness(suite.root, "plan", "-k", "no_such_claim")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr == ("python -m harness plan: no claim is selected by --tier=smoke -kno_such_claim claims\n")
