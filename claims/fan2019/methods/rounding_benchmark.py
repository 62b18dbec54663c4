"""How far rounding alone takes the first steps of a detector, and mistakes: see `harness.benchmarks.rounding`.

The laptop detectors, unshuffled and shuffled, begin as they are and as another processor would; the largest difference
of each of the first losses is printed, as a share of it, and beside mistakes the smallest too.

    python -m claims.fan2019.methods.rounding_benchmark
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest import mock

from claims.fan2019.methods.detection_arms import arm
from claims.fan2019.methods.detection_augmentation import DetectionAugmentation
from claims.fan2019.methods.detector_test import DetectorTest
from harness.benchmarks.rounding import ELSEWHERE

NAMES = ("plain", "branch", "both")
SEEDS = (100, 101, 102)

MISTAKES: dict[str, Callable[[DetectorTest], DetectorTest]] = {
    "rate 10 % too large": lambda recipe: recipe.with_(
        optimiser=replace(recipe.optimiser, rate=1.1 * recipe.optimiser.rate)
    ),
    "augmentation left out": lambda recipe: recipe.with_(augmentation=DetectionAugmentation()),
}
"""Each gives the recipe that mistaken code would take in place of this one."""

Losses = dict[str, list[float]]


def begin(recipe: DetectorTest, seed: int) -> list[float]:
    """Losses of the first steps of a detector, which is trained no further."""
    from claims.fan2019.methods import detection_training
    from harness.runs import Bench

    bench = Bench()
    data = recipe._training_set(seed, bench)
    with mock.patch.object(detection_training.DetectorTrainer, "run"):
        losses: list[float] = detection_training.train(recipe, data, seed, bench).metrics["opening_losses"]
    return losses


def main() -> None:
    """Print a line for each machine and mistake."""
    plain = _apart({})
    for where, variables in ELSEWHERE.items():
        print(f"{where:24s}", _told(plain, _apart(variables), max), flush=True)
    for mistake in MISTAKES:
        mistaken = _apart({"ROUNDING_MISTAKE": mistake})
        print(f"{mistake:24s}", _told(plain, mistaken, max), " at least", _told(plain, mistaken, min), flush=True)


def _told(plain: Losses, others: Losses, choice: Callable[[list[float]], float]) -> str:
    steps = range(min(map(len, plain.values())))
    shares = [choice([abs(others[name][step] / plain[name][step] - 1) for name in plain]) for step in steps]
    return "  ".join(f"{share:.0e}" for share in shares)


def _apart(variables: dict[str, str]) -> Losses:
    command = [sys.executable, "-m", __name__ if __name__ != "__main__" else __spec__.name, "here"]
    done = subprocess.run(command, env={**os.environ, **variables}, check=True, capture_output=True, text=True)
    losses: Losses = json.loads(done.stdout)
    return losses


def _here() -> dict[str, Any]:
    import torch

    torch.set_num_threads(int(os.environ.get("ROUNDING_THREADS", "1")))
    change = MISTAKES.get(os.environ.get("ROUNDING_MISTAKE", ""), lambda recipe: recipe)
    with contextlib.ExitStack() as stack:
        if os.environ.get("ROUNDING_CHANNELS") == "first":
            stack.enter_context(mock.patch.object(torch, "channels_last", torch.contiguous_format))
        recipes = {name: change(arm(name, "laptop", "scenes")) for name in NAMES}
        return {f"{name}, {seed}": begin(recipe, seed) for name, recipe in recipes.items() for seed in SEEDS}


if __name__ == "__main__":
    if sys.argv[1:] == ["here"]:
        print(json.dumps(_here()))
    else:
        main()
