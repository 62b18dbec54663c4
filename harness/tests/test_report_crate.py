"""A report in one file with all that its verdicts come from, which comes to them again anywhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.report.crate import METADATA, RECORDS
from harness.tests.test_commands_train import CLAIMS
from harness.tests.test_evidence_in_use import TRAINED, harness, recorded

LADDER = ("--tier", "nightly")


@pytest.fixture
def archived(suite):
    """The archive of a report whose claims rest on evidence at two tiers, on computed runs, and on neither."""
    suite.claims(TRAINED)
    suite.claims(CLAIMS.replace("XX-01", "XX-03"), "test_draws.py")
    suite.add_file("pyproject.toml", "[tool.pytest.ini_options]\n")
    suite.add_file("LICENSE", "Use it.\n")
    suite.add_file(".gitignore", "reports/store/\nreports/latest/\n.hypothesis\n__pycache__\n")
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=suite.root, check=True)
    recorded(suite, "-k", "XX-01")
    done = harness(suite, "record", *LADDER, "-k", "XX-01", "--evidence", "reports/evidence", "--allow-dirty")
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(suite.root / "reports/store")
    suite.run(*LADDER, "--no-ledger")
    assert [rung["tier"] for rung in suite.entry("XX-01")["ladder"]] == ["laptop", "nightly"]
    made = harness(suite, "report", "--archive", "out/report.zip")
    assert made.returncode == 0, made.stdout + made.stderr
    return suite.root / "out/report.zip"


def verify(folder: Path, file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness", "verify", "--archive", str(file)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def changed(file: Path, name: str, old: bytes, new: bytes) -> Path:
    """A copy of an archive in which one of its files is another."""
    other = file.with_name("other.zip")
    with zipfile.ZipFile(file) as given, zipfile.ZipFile(other, "w") as taken:
        for member in given.namelist():
            content = given.read(member)
            assert member != name or old in content
            taken.writestr(member, content.replace(old, new) if member == name else content)
    return other


def test_an_archive_comes_to_every_verdict_again_elsewhere(archived, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = verify(elsewhere, archived)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "report: 3 claims, 3 come to the same again" in done.stdout
    assert [*elsewhere.iterdir()] == []
    flipped = changed(archived, "reports/latest/claims.json", b'"verdict":"supported"', b'"verdict":"refuted"')
    assert verify(elsewhere, flipped).returncode == 1
    with zipfile.ZipFile(archived) as crate:
        (lines,) = (name for name in crate.namelist() if name.endswith(".jsonl"))
        assert len(crate.read(lines).splitlines()) == 8
    damaged = changed(archived, lines, b'"final_validation_accuracy":', b'"final_validation_accuracy":1')
    told = verify(elsewhere, damaged)
    assert told.returncode == 1
    assert "8 lines set aside" in told.stdout


def test_records_that_an_archive_lacks_are_named_and_those_that_are_damaged_are_told(archived, suite, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with zipfile.ZipFile(archived) as crate:
        bundle = crate.read(RECORDS)
    told = verify(elsewhere, changed(archived, RECORDS, bundle, bundle[: len(bundle) // 2]))
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    assert "records.zip" in told.stderr
    shutil.rmtree(suite.root / "reports/store")
    made = harness(suite, "report", "--archive", "out/less.zip")
    assert made.returncode == 1
    entry = suite.entry("XX-03")
    titles = {suite.document()["runs"][key]["title"] for rung in entry["ladder"] for key in rung["runs"]}
    assert titles
    for title in titles:
        assert f"  {title}\n" in made.stderr
    assert verify(elsewhere, suite.root / "out/less.zip").returncode == 1


def test_the_metadata_describe_what_is_there(archived):
    with zipfile.ZipFile(archived) as crate:
        names, told = set(crate.namelist()), json.loads(crate.read(METADATA))
        sizes = {one.filename: one.file_size for one in crate.infolist()}
    graph = {one["@id"]: one for one in told["@graph"]}
    assert graph[METADATA]["about"] == {"@id": "./"}
    parts = {one["@id"] for one in graph["./"]["hasPart"]}
    assert {"claims/", "reports/evidence/", "reports/latest/claims.json", "LICENSE", RECORDS} <= parts
    for part in parts:
        assert part in graph
        assert part in names or any(name.startswith(part) for name in names)
        assert graph[part].get("contentSize", str(sizes.get(part))) == str(sizes.get(part))
    referred = (*graph["./"]["hasPart"], *graph["./"]["mentions"], graph["./"]["license"], graph["./"]["author"])
    assert all(one["@id"] in graph for one in referred)
    assert not [name for name in names if name.startswith("/") or ".." in name]


def test_the_same_report_makes_the_same_bytes_and_lines_that_no_verdict_rests_on_stay_out(archived, suite):
    (file,) = (suite.root / "reports/evidence/paper2020").glob("*.jsonl")
    suite.claims(CLAIMS)
    (suite.root / "claims/paper2020/test_draws.py").unlink()
    suite.run("--no-ledger")
    names = []
    for out in ("a.zip", "b.zip"):
        assert harness(suite, "report", "--archive", out).returncode == 0
        with zipfile.ZipFile(suite.root / out) as crate:
            names.append(crate.namelist())
    assert (suite.root / "a.zip").read_bytes() == (suite.root / "b.zip").read_bytes()
    assert file.exists()
    assert not [name for name in names[0] if name.endswith(".jsonl")]


def test_what_is_no_archive_and_a_folder_without_git_are_told(suite, archived, tmp_path_factory):
    folder = tmp_path_factory.mktemp("none")
    (folder / "text.zip").write_text("text")
    with zipfile.ZipFile(folder / "empty.zip", "w"):
        pass
    for name in ("text.zip", "empty.zip", "gone.zip"):
        told = verify(folder, folder / name)
        assert told.returncode == 2
        assert "no archive of a report" in told.stderr
    (suite.root / ".git").rename(suite.root / "not-git")
    told = harness(suite, "report", "--archive", "out/again.zip")
    assert told.returncode == 2
    assert "use a checkout" in told.stderr
