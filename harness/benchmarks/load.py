"""What many claims and records cost: seconds and memory of plan, verify and judging, at one size and at ten times it.

    python -m harness.benchmarks load

A project is written whose claims rest on made-up records: 300 claims on 1,000 records, then 3,000 on 10,000.  What
grows with their number alone takes ten times as long and as much more memory at most.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from harness.runs import Bench, Recipe, Result, Run, ingredients
from harness.store import Store, content_key
from harness.store.record import encode
from harness.system.files import write_atomically
from harness.system.stable_names import stable_name

SIZES = ((300, 1_000), (3_000, 10_000))
"""Claims, and records."""

PAPER = """
prefix = "XX"
title = "A paper that does not exist"
authors = "Nobody"
year = 2020
venue = "Nowhere"
claims = {claims}
errata = 0
"""

HEAD = """
from harness.benchmarks.load import Number
from harness.claims.claim import claim
from harness.rules import greater_than
"""

CLAIM = '''
@claim("XX-{id:02d}", where="Section {id}", rule=greater_than(0.0), control="one less", about="direction",
       runs={{"smoke": {{"a": Number({id})}}}}, seeds=range({seeds}), reach={{"smoke": "proxy"}})
def test_{id}(lab):
    """Number {id} is above zero."""
    values = [record.metrics["value"] for record in lab.records(lab.runs["a"])]
    lab.measure(values)
    lab.control([value - 10 for value in values])
'''


@stable_name("load-number")
@dataclass(frozen=True)
class Number(Recipe):
    """A run that finds out next to nothing."""

    number: int

    def run(self, seed: int, bench: Bench) -> Result:
        """A number that goes with the seed."""
        return Result({"value": 1.0 + 0.01 * seed + 0.001 * (self.number % 7)})


def project(folder: Path, claims: int, records: int) -> None:
    """Write a project with so many claims, and a store with the records that they need, about so many in all."""
    seeds = -(-records // claims)
    paper = folder / "claims/paper2020"
    paper.mkdir(parents=True)
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (folder / "conftest.py").write_text('pytest_plugins = ["harness.plugin"]\n')
    (paper / "paper.toml").write_text(PAPER.format(claims=claims))
    for first in range(1, claims + 1, 100):
        ids = range(first, min(first + 100, claims + 1))
        text = HEAD + "".join(CLAIM.format(id=id, seeds=seeds) for id in ids)
        (paper / f"test_from_{first}.py").write_text(text)
    store, bench = Store(folder / "reports/store"), Bench()
    for id in range(1, claims + 1):
        recipe = Number(id)
        for seed in range(seeds):
            made_of = ingredients(Run(recipe, seed), bench)
            key = content_key(made_of)
            file, _ = store.files(key)
            write_atomically(file, encode(key, made_of, recipe.run(seed, bench), {}, 0.01)[0], lasting=False)


def main(data: Path | None) -> None:
    """Print the figures; the data sets are of no use here."""
    commands = {
        "plan": ["-m", "harness", "plan"],
        "judge and report": ["-m", "pytest", "claims", "--no-train", "-q", "-p", "no:cacheprovider"],
        "the same again": ["-m", "pytest", "claims", "--no-train", "-q", "-p", "no:cacheprovider"],
        "draw the page": ["-m", "harness", "report"],
        "verify": ["-m", "harness", "verify"],
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for claims, records in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            project(Path(folder), claims, records)
            for name, command in commands.items():
                found[name].append(measured(command, Path(folder)))
    (few, some), (many, most) = SIZES
    print(f"{'':18}{few:,} claims, {some:,} records   {many:,} claims, {most:,} records   ratio")
    for name, ((seconds, memory), (longer, larger)) in found.items():
        told = f"{seconds:8.1f} s {memory:7.0f} MiB        {longer:8.1f} s {larger:7.0f} MiB"
        print(f"{name:18}{told}          {longer / seconds:5.1f} x time, {larger / memory:.1f} x memory")


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds that a command takes, and the most memory of it, in MiB.

    Raises:
        subprocess.CalledProcessError: it fails.
    """
    started = time.perf_counter()
    whole, quiet = [sys.executable, *command], subprocess.DEVNULL
    process = subprocess.Popen(whole, cwd=folder, stdout=quiet, stderr=quiet)
    _, status, usage = os.wait4(process.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise subprocess.CalledProcessError(code, command)
    return time.perf_counter() - started, peak(usage)


def peak(usage: resource.struct_rusage) -> float:
    """The most memory of a process that has ended, in MiB."""
    return usage.ru_maxrss / (1024 if sys.platform != "darwin" else 2**20)
