"""Recipes that take milliseconds and need no torch of their own, in a module that worker processes can import."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.runs import Bench, Recipe, Result, RunDiverged
from harness.system.lazy import np
from harness.system.stable_names import stable_name


@stable_name("fake-part")
@dataclass(frozen=True)
class Part:
    size: int = 3
    kind: str = "plain"


@stable_name("fake-draw")
@dataclass(frozen=True)
class Draw(Recipe):
    """Numbers that depend on the seed, and on nothing else that changes."""

    part: Part = Part()
    scale: float = 1.0

    def compute(self, seed: int, bench: Bench) -> Result:
        values = self.scale * np.random.default_rng(seed).normal(size=(self.part.size, 2))
        bench.progress(1, 1, "draws")
        return Result({"mean": values.mean(), "curve": values[:, 0]}, {"values": values})


@stable_name("fake-unmeasured")
@dataclass(frozen=True)
class Unmeasured(Recipe):
    """One number, which with one seed is none."""

    def compute(self, seed: int, bench: Bench) -> Result:
        return Result({"mean": float("nan") if seed == 3 else float(seed)})


@stable_name("fake-carelessly")
@dataclass(frozen=True)
class Carelessly(Recipe):
    """Uses the global generators, and as many threads as it is given."""

    def compute(self, seed: int, bench: Bench) -> Result:
        import torch

        threads = [torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]]
        return Result({"torch": torch.rand(3), "numpy": np.random.rand(3), "threads": threads})


@stable_name("fake-counted")
@dataclass(frozen=True)
class Counted(Recipe):
    """Leaves a line in a file when it begins; takes its time, and never ends while the file `hold` is there."""

    file: str
    seconds: float = 0.0
    marker: int = 0
    hold: str = ""

    def compute(self, seed: int, bench: Bench) -> Result:
        with Path(self.file).open("a") as stream:
            stream.write(f"{self.marker}/{seed}\n")
        for step in range(10):
            time.sleep(self.seconds / 10)
            bench.progress(step + 1, 10, "steps")
        while self.hold and Path(self.hold).exists():
            time.sleep(0.02)
        return Result({"marker": self.marker})


@stable_name("fake-stepwise")
@dataclass(frozen=True)
class Stepwise(Recipe):
    """Leaves a line in a file at each of its four steps, and a checkpoint after it."""

    file: str

    def compute(self, seed: int, bench: Bench) -> Result:
        checkpoint = bench.checkpoints.read("steps")
        for step in range(checkpoint.state["done"] if checkpoint else 0, 4):
            with Path(self.file).open("a") as stream:
                stream.write(f"{step}\n")
            bench.checkpoints.write("steps", {"done": step + 1}, {})
            bench.progress(step + 1, 4, "steps")
        return Result({"steps": 4})


@stable_name("fake-fails")
@dataclass(frozen=True)
class Fails(Recipe):
    message: str = "no such thing"

    def compute(self, seed: int, bench: Bench) -> Result:
        raise FloatingPointError(self.message)


@stable_name("fake-diverges")
@dataclass(frozen=True)
class Diverges(Recipe):
    def compute(self, seed: int, bench: Bench) -> Result:
        raise RunDiverged(812, float("nan"), "lr 0.1, last finite loss 3.2")


@stable_name("fake-dies")
@dataclass(frozen=True)
class Dies(Recipe):
    """Takes its process along."""

    def compute(self, seed: int, bench: Bench) -> Result:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")


@stable_name("fake-ends")
@dataclass(frozen=True)
class Ends(Recipe):
    """Ends its process without a word."""

    def compute(self, seed: int, bench: Bench) -> Result:
        os._exit(7)


@stable_name("fake-reads")
@dataclass(frozen=True)
class Reads(Recipe):
    """Looks at a data set; may write into it, which no recipe should."""

    data: str = "squares"
    overwrites: bool = False

    def compute(self, seed: int, bench: Bench) -> Result:
        images = bench.images(self.data).images
        total = float(images.sum())
        if self.overwrites:
            images.add_(1)
        return Result({"sum": total})

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        return ((self.data, "train"),)


@stable_name("fake-wrong-type")
@dataclass(frozen=True)
class WrongType(Recipe):
    def compute(self, seed: int, bench: Bench) -> Any:
        return {"accuracy": 1.0}
