"""From a trained run to evidence, and from evidence to verdicts: a ladder, with no store, no data and no training."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from harness.evidence import Archive

TRAINED = """
from harness.training import Data, Network, Sgd
from harness.training.training import Training

NET = Network.of("mlp", inputs=64, width=8, classes=10)
SHORT = Training(NET, Data("digits", 400, 100), Sgd(0.1, 0.9), 2, 20)
RUNS = {"laptop": {"mlp": SHORT}, "nightly": {"mlp": SHORT.with_(epochs=3)}}

@claim("XX-01", where="Fig. 1", rule=greater_than(0.15), control="before training", tier="laptop",
       data=("digits",), runs=RUNS, seeds=range(4), reach={"laptop": "proxy", "nightly": "reduced"}, about="mechanism")
def test_it_learns(lab, data):
    \"\"\"A trained network gets more right than by chance.\"\"\"
    records = lab.records(lab.runs["mlp"])
    lab.measure([record.metrics["final_validation_accuracy"] for record in records])
    lab.control([record.metrics["validation_accuracy"][0] - 0.1 for record in records])
"""

QUICK = ("--tier", "laptop")


@pytest.fixture
def project(suite):
    """A repository with one trained claim."""
    suite.claims(TRAINED)
    suite.add_file("pyproject.toml", "[tool.pytest.ini_options]\n")
    suite.add_file(".gitignore", "reports/store/\nreports/latest/\n.hypothesis\n__pycache__\n")
    for words in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", *words], cwd=suite.root, check=True)
    return suite


def harness(project, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)


def evidence(project):
    (file,) = (project.root / "reports/evidence/paper2020").glob("*.jsonl")
    return file


def recorded(project, *arguments: str) -> None:
    done = harness(project, "record", *QUICK, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_from_training_to_a_verdict_without_a_store(project):
    recorded(project)
    file = evidence(project)
    assert file.name == "training-digits.jsonl"
    lines = file.read_text().splitlines()
    assert len(lines) == 4
    assert all(len(line) < 4096 for line in lines)
    assert {json.loads(line)["commit"][-1] for line in lines} <= set("0123456789abcdef")
    shutil.rmtree(project.root / "reports/store")
    project.run(*QUICK, "--recorded", "--no-ledger").assert_outcomes(passed=1)
    entry = project.entry("XX-01")
    (rung,) = entry["ladder"]
    assert (entry["verdict"], entry["evidence"]) == ("supported", "proxy")
    assert (rung["tier"], rung["source"], rung["freshness"], rung["recorded"]) == ("laptop", "recorded", "current", 4)
    assert rung["date"] == min(json.loads(line)["date"] for line in lines)
    assert project.document()["carried"] == {"records": 4, "oldest": rung["date"], "stale": 0}
    assert not (project.root / "reports/store" / "records").exists() or not harness(project, "plan").stdout.count(
        "stored 4"
    )


def test_what_other_seeds_come_to_is_recorded_judged_without_a_store_and_told_on_the_card(project):
    recorded(project)
    recorded(project, "--fresh-seeds", "1000")
    seeds = [json.loads(line)["made_of"]["seed"] for line in evidence(project).read_text().splitlines()]
    assert sorted(seeds) == sorted([*range(4), *range(1000, 1004)])
    shutil.rmtree(project.root / "reports/store")
    for how in ([], ["--fresh-seeds", "1000"]):
        project.run(*QUICK, "--recorded", *how, "--update-ledger").assert_outcomes(passed=1)
    project.run(*QUICK, "--recorded").assert_outcomes(passed=1)
    (rung,) = project.entry("XX-01")["ladder"]
    assert (rung["recorded"], rung["again"]["first"], rung["again"]["verdict"]) == (4, 1000, "supported")
    assert " from 1000 on: " in (project.root / "reports/latest/index.html").read_text()


def test_a_judged_case_is_remembered_as_long_as_the_evidence_is_the_same(project):
    recorded(project)
    shutil.rmtree(project.root / "reports/store")
    judge = (*QUICK, "--recorded", "--no-ledger")
    project.run(*judge).assert_outcomes(passed=1)
    (first,) = project.entry("XX-01")["ladder"]
    again = project.run(*judge)
    again.stdout.fnmatch_lines(["1 cases were judged before*"])
    assert project.entry("XX-01")["ladder"] == [first]
    file = evidence(project)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-1]))
    project.run(*judge).assert_outcomes(skipped=1)
    file.write_text("".join(lines[::-1]))
    project.run(*judge).stdout.no_fnmatch_line("*judged before*")


def test_what_evidence_covers_is_not_trained_again(project):
    """Neither on another machine, whose store is empty, nor for a bundle."""
    recorded(project)
    shutil.rmtree(project.root / "reports" / "store")
    again = harness(project, "record", *QUICK)
    assert again.returncode == 0
    assert "nothing to record" in again.stdout
    assert "runs in the store: 0, 0 of them new" in again.stdout


def test_runs_that_diverged_are_named_and_not_recorded(project):
    file = project.root / "claims/paper2020/test_topic.py"
    file.write_text(file.read_text().replace("Sgd(0.1, 0.9)", "Sgd(1e30, 0.9)"))
    done = harness(project, "record", *QUICK, "--allow-dirty")
    told = next(line for line in done.stdout.splitlines() if "runs diverged" in line)
    assert told.startswith("4 runs diverged and leave nothing to record: ")
    assert [f"seed {seed}" in told for seed in range(4)] == [True] * 4
    assert "kept already" not in done.stdout
    assert not (project.root / "reports/evidence").exists()


def test_a_run_that_cannot_be_kept_as_text_is_named_and_costs_no_other_its_record(project):
    file = project.root / "claims/paper2020/test_topic.py"
    changed = file.read_text().replace('"mlp": SHORT}', '"mlp": Unmeasured()}').replace("data=(", "proxies=(")
    file.write_text(changed.replace("from harness.training import", NAN_TOO).replace("(lab, data)", "(lab)"))
    done = harness(project, "record", *QUICK, "--allow-dirty")
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if "cannot be recorded" in line] == [
        "cannot be recorded: fake-unmeasured, seed 3: nan is no measured number"
    ]
    assert len(evidence(project).read_text().splitlines()) == 3


NAN_TOO = "from harness.tests.fake_recipes import Unmeasured\nfrom harness.training import"


def test_nothing_is_trained_for_evidence_that_cannot_be_written(project):
    (project.root / "reports").mkdir(exist_ok=True)
    (project.root / "reports/evidence").write_text("a file")
    done = harness(project, "record", *QUICK, "--evidence", "reports/evidence", "--allow-dirty")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--evidence reports/evidence: there is no such folder" in done.stderr


def test_an_empty_store_is_told_apart_from_one_of_which_all_is_kept(project):
    done = harness(project, "record", *QUICK, "--no-train")
    assert "nothing to record: the store has none of their runs" in done.stdout


def test_a_bundle_that_would_not_be_written_is_refused(project):
    done = harness(project, "record", *QUICK, "--no-train", "--bundle", "all.zip")
    assert (done.returncode, done.stdout) == (2, "")
    assert "bundled by `train --bundle`" in done.stderr


def test_where_there_is_no_repository_gits_own_words_are_told(suite):
    suite.claims(TRAINED)
    done = harness(suite, "record", *QUICK)
    assert done.returncode == 2
    assert "evidence says which commit made it, and git does not: fatal: not a git repository" in done.stderr


def test_a_changed_file_is_not_recorded_from_unless_told(project):
    file = project.root / "claims/paper2020/test_topic.py"
    file.write_text(file.read_text() + "\n# changed\n")
    refused = harness(project, "record", *QUICK)
    assert refused.returncode == 2
    assert "files were changed since the last commit" in refused.stderr
    assert not (project.root / "reports/evidence").exists()
    recorded(project, "--allow-dirty")
    assert all(json.loads(line)["commit"].endswith("+") for line in evidence(project).read_text().splitlines())


def test_a_claim_is_judged_at_every_tier_that_has_records_and_the_best_rung_that_decides_speaks(project):
    recorded(project)
    assert harness(project, "record", "--tier", "nightly").returncode == 0
    shutil.rmtree(project.root / "reports/store")
    for tier in ("smoke", "laptop", "nightly"):
        project.run("--tier", tier, "--recorded", "--no-ledger").assert_outcomes(passed=2)
        entry = project.entry("XX-01")
        assert [(rung["tier"], rung["reach"]) for rung in entry["ladder"]] == [
            ("laptop", "proxy"),
            ("nightly", "proxy"),
        ]
        assert entry["tier"] == "nightly"
    project.run("--tier", "laptop", "--recorded", "--update-ledger")
    ledger = json.loads(project.ledger.read_text())["claims"]["XX-01"]
    assert set(ledger) == {"decides", "laptop", "nightly"}
    project.run("--tier", "laptop", "--recorded").assert_outcomes(passed=2)


def test_a_record_that_is_not_believed_is_not_judged(project):
    recorded(project)
    shutil.rmtree(project.root / "reports/store")
    file = evidence(project)
    first, *others = file.read_text().splitlines()
    file.write_text("\n".join([first.replace('"seed":', '"seed": '), *others]) + "\n")
    project.run(*QUICK, "--recorded", "--no-ledger").assert_outcomes(skipped=1)
    assert project.entry("XX-01")["verdict"] == "not run"
    told = harness(project, "verify")
    assert told.returncode == 1
    assert "1 lines set aside" in told.stdout


def test_where_only_records_of_other_data_are_kept_it_says_so(project):
    recorded(project)
    shutil.rmtree(project.root / "reports/store")
    file = evidence(project)
    kept = Archive.read(file.parents[1]).entries.values()
    file.unlink()
    others = [
        replace(
            one,
            made_of={**one.made_of, "data": {name: digest[::-1] for name, digest in one.data.items()}},
            sources=tuple(replace(source, digest=source.digest[::-1]) for source in one.sources),
        )
        for one in kept
    ]
    Archive(file.parents[1]).add("paper2020/training-digits", others)
    found = project.run(*QUICK, "--recorded", "--no-ledger", "-rs")
    found.assert_outcomes(skipped=1)
    found.stdout.fnmatch_lines(["*it is recorded, but of other data than digits as it is here*"])


def test_what_is_recorded_comes_out_again_and_what_was_changed_does_not(project):
    recorded(project)
    again = harness(project, "recheck", *QUICK, "--all")
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("agrees to the last digit") == 4
    assert "4 of 4 records rechecked, none did not come out again" in again.stdout
    from harness.evidence import Archive, Entry

    archive = Archive.read(project.root / "reports/evidence")
    entry = next(iter(archive.entries.values()))
    loss = [entry.metrics["train_loss"][0] * 1.3, *entry.metrics["train_loss"][1:]]
    claimed = entry.metrics["final_validation_accuracy"] - 0.01
    forged = Entry(
        **{**vars(entry), "metrics": {**entry.metrics, "train_loss": loss, "final_validation_accuracy": claimed}}
    )
    archive.add("paper2020/training-digits", [forged])
    told = harness(project, "recheck", *QUICK, "--all")
    assert told.returncode == 1
    assert "train_loss [epoch 0]: recorded" in told.stdout
    assert f"final_validation_accuracy: recorded {claimed:.6g}, now {claimed + 0.01:.6g}" in told.stdout
    assert "4 of 4 records rechecked, 1 did not come out again" in told.stdout


def test_what_came_out_again_is_not_done_a_second_time_where_once_is_enough(project):
    recorded(project)
    once = ("recheck", *QUICK, "--once")
    assert "4 of 4 records rechecked, none did not come out again" in harness(project, *once).stdout
    told = harness(project, *once)
    assert told.returncode == 0
    assert "4 of 4 records agreed; `make recheck` does it again" in told.stdout
    assert "4 of 4 records rechecked" in harness(project, *once[:-1]).stdout
    shutil.rmtree(project.root / "reports/store")
    assert "4 runs, 0 in the store, 4 kept as evidence, 0 missing" in harness(project, "plan", *QUICK).stdout
