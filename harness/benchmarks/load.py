"""What many claims and records cost: seconds and memory of plan, verify and judging, at three sizes.

    python -m harness.benchmarks load

A project is written whose claims rest on made-up records: 300 claims on 1,000 records, then more of both up to 3,000 on
10,000.  Seconds are those of the processor in the process itself, whatever else the machine does meanwhile.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.runs import Bench, Recipe, Result, Run, ingredients
from harness.store import Store, content_key
from harness.store.record import encode
from harness.system.files import write_atomically
from harness.system.stable_names import stable_name

SIZES = ((300, 1_000), (1_000, 3_300), (3_000, 10_000))
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
    print(f"{'claims':18}{''.join(f'{claims:22,}' for claims, _ in SIZES)}")
    print(f"{'records':18}{''.join(f'{records:22,}' for _, records in SIZES)}   memory a claim")
    added = SIZES[-1][0] - SIZES[0][0]
    for name, figures in found.items():
        told = "".join(f"{seconds:9.1f} s {memory:7.0f} MiB" for seconds, memory in figures)
        print(f"{name:18}{told}   {1024 * (figures[-1][1] - figures[0][1]) / added:10.0f} KiB")


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds of the processor that a command takes, and the most memory of it, in MiB.

    Raises:
        subprocess.CalledProcessError: it fails.
    """
    whole, quiet = [sys.executable, *command], subprocess.DEVNULL
    process = subprocess.Popen(whole, cwd=folder, stdout=quiet, stderr=quiet)
    _, status, usage = os.wait4(process.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise subprocess.CalledProcessError(code, command)
    return usage.ru_utime + usage.ru_stime, peak(usage)


def peak(usage: resource.struct_rusage) -> float:
    """The most memory of a process that has ended, in MiB."""
    return usage.ru_maxrss / (1024 if sys.platform != "darwin" else 2**20)
