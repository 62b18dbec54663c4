"""What tests of runs as tasks share: a recipe that is killed, a display that remembers, claims that need runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.runs import Bench, Recipe, Result, ingredients
from harness.store import content_key
from harness.system.stable_names import stable_name
from harness.tests.test_training_together import CNN
from harness.training import Data

SMALL = CNN.with_(data=Data("digits", count=60, held_out=20))
"""A network on some of the embedded digits."""


@stable_name("fake-killed")
@dataclass(frozen=True)
class Killed(Recipe):
    """Leaves a line in a file when it begins; its process is killed the first few times."""

    file: str
    times: int

    def compute(self, seed: int, bench: Bench) -> Result:
        with Path(self.file).open("a") as stream:
            stream.write("begun\n")
        if len(Path(self.file).read_text().split()) <= self.times:
            print("about to be killed", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return Result({"times": self.times})


class Told:
    """A display that remembers what became of each run."""

    def __init__(self):
        self.began: list[str] = []
        self.ended: dict[str, str | None] = {}

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        pass

    def started(self, run):
        self.began.append(run)

    def advanced(self, run, done, total, what): ...

    def finished(self, run, seconds, problem):
        assert run not in self.ended
        self.ended[run] = problem


def record(store, run):
    return store.get(content_key(ingredients(run, Bench())))


def begin(suite, executor, *options):
    """The command, begun in the suite's folder."""
    command = [sys.executable, "-m", "harness", "train", "--executor", executor, *options]
    return subprocess.Popen(command, cwd=suite.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
