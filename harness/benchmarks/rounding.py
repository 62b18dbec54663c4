"""How far rounding alone takes a training: the tolerance of a recheck comes from here.

Each of some short trainings is done as it is, and again as another processor would do it: with another number of
threads, with older instructions, with channels first in memory.  Beside that stands what mistakes in the training code
change: a recheck must tell the two apart.

Whole trainings, down to a small learning rate, say how far apart what is read off a trained network may lie: accuracies
at the end, and numbers that are smooth in its weights or count among its filters.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from harness.system.lazy import np
from harness.training import SHIFT_AND_FLIP, Adam, Augmentation, Cosine, Data, Keep, Network, Sgd, kept_name
from harness.training.training import Training

DATA = "cifar10"
SEEDS = (0, 1)
STEPS = (0, 1, 2, 3)
"""Steps whose losses are told."""

EPOCHS = 3
"""Of a whole training."""

ELSEWHERE: dict[str, dict[str, str]] = {
    "two threads": {"ROUNDING_THREADS": "2"},
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    "SSE4.1": {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"},
    "channels first": {"ROUNDING_CHANNELS": "first"},
}
"""What another machine may do otherwise, as environment variables of a process."""


def trainings() -> dict[str, Training]:
    """The trainings that are looked at, by name: with and without batch norm, both optimisers, both precisions."""
    narrow = Network.of("vgg16", classes=10, width=16)
    plain = Network.of("plain-vgg", classes=10, channels=3, width=16, depth=11, head="linear")
    base = Training(
        network=narrow,
        data=Data(DATA, count=2000, held_out=500),
        optimiser=Sgd(0.05, 0.9, 5e-4),
        schedule=Cosine(8),
        epochs=1,
        batch_size=50,
        augmentation=SHIFT_AND_FLIP,
    )
    start = base.with_(network=plain, optimiser=Sgd(0.01, 0.9, 5e-4))
    kinds = {"batch norm": base, "plain": start, "Adam": base.with_(optimiser=Adam(4e-3))}
    return {
        f"{name}, {precision}": training.with_(precision=precision)
        for name, training in kinds.items()
        for precision in ("float32", "bf16")
    }


def main(data: Path | None) -> None:
    """Print, by training, how much rounding changed at most, and mistakes: in the first epoch, then in whole runs."""
    if data is None:
        raise SystemExit(f"rounding is measured on {DATA}: say with --data where it lies")
    first_epochs(data)
    whole_runs(data)


def whole_runs(data: Path) -> None:
    """Print, by training, the largest differences that rounding made in a whole run."""
    for training in trainings():
        print(f"\n{training}, {EPOCHS} epochs", flush=True)
        plain = [_elsewhere(training, data, seed, {"ROUNDING_WHOLE": "1"}) for seed in SEEDS]
        for where, variables in ELSEWHERE.items():
            others = [_elsewhere(training, data, seed, {"ROUNDING_WHOLE": "1", **variables}) for seed in SEEDS]
            print(f"  {where:28s}", _told_of_whole(plain, others), flush=True)


def first_epochs(data: Path) -> None:
    """Print, by training, the largest differences of the first epoch that rounding made, and those of mistakes."""
    for training in trainings():
        plain = [_elsewhere(training, data, seed, {}) for seed in SEEDS]
        print(f"\n{training}", flush=True)
        for where, variables in ELSEWHERE.items():
            others = [_elsewhere(training, data, seed, variables) for seed in SEEDS]
            print(f"  {where:28s}", _told(plain, others), flush=True)
        for mistake in MISTAKES:
            others = [_elsewhere(training, data, seed, {"ROUNDING_MISTAKE": mistake}) for seed in SEEDS]
            print(f"  {mistake:28s}", _told(plain, others), flush=True)


def _told(plain: list[dict[str, Any]], others: list[dict[str, Any]]) -> str:
    pairs = list(zip(plain, others, strict=True))
    opening = [
        max(abs(one["opening_losses"][step] / other["opening_losses"][step] - 1) for one, other in pairs)
        for step in STEPS
    ]
    loss = max(abs(one["train_loss"][0] - other["train_loss"][0]) / one["train_loss"][0] for one, other in pairs)
    accuracy = max(
        abs(a - b)
        for one, other in pairs
        for name in ("train_accuracy", "validation_accuracy")
        for a, b in zip(one[name], other[name], strict=True)
    )
    exact = all(one[name] == other[name] for one, other in pairs for name in ("rate", "shared_images"))
    steps = "  ".join(f"{value:.0e}" for value in opening)
    return f"steps {steps}  loss {loss:.1e}  accuracy {accuracy:.3f}  {'' if exact else 'EXACT FACTS DIFFER'}"


def _told_of_whole(plain: list[dict[str, Any]], others: list[dict[str, Any]]) -> str:
    pairs = list(zip(plain, others, strict=True))

    def largest(name: str, difference: Callable[[float, float], float]) -> float:
        return max(difference(a, b) for one, other in pairs for a, b in zip(one[name], other[name], strict=True))

    def relative(a: float, b: float) -> float:
        return abs(a - b) / abs(a)

    def absolute(a: float, b: float) -> float:
        return abs(a - b)

    accuracy = max(largest(name, absolute) for name in ("train_accuracy", "validation_accuracy"))
    return (
        f"loss {largest('train_loss', relative):.1e}  accuracy {accuracy:.3f}  moved {largest('moved', relative):.1e}  "
        f"alike {largest('alike', absolute):.1e}  filters below zero {largest('below', absolute):.3f}"
    )


def _whole(recipe: Training) -> Training:
    """A training with more epochs, down to a small rate, that keeps its kernels."""
    keep = Keep(("*.weight",), (0, EPOCHS))
    return recipe.with_(epochs=EPOCHS, schedule=Cosine(EPOCHS), keep=keep)


def _of_weights(tensors: Mapping[str, np.ndarray]) -> dict[str, list[float]]:
    """What may be read off the kernels of each layer, as claims do.

    `moved`: how far they went, relative to where they began; `alike`: the correlation of two neighbouring weights;
    `below`: the share of filters whose weights sum to less than zero.
    """
    found: dict[str, list[float]] = {"moved": [], "alike": [], "below": []}
    for name in [name.removesuffix("@0") for name, value in tensors.items() if name.endswith("@0") and value.ndim == 4]:
        first, last = (tensors[kept_name(name, epoch)].astype(np.float64) for epoch in (0, EPOCHS))
        found["moved"].append(float(np.linalg.norm(last - first) / np.linalg.norm(first)))
        found["alike"].append(float(np.corrcoef(last[..., 1, 1].ravel(), last[..., 1, 2].ravel())[0, 1]))
        found["below"].append(float((last.sum((1, 2, 3)) < 0).mean()))
    return found


def _elsewhere(training: str, data: Path, seed: int, variables: Mapping[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", __name__, training, str(data), str(seed)]
    done = subprocess.run(command, env={**os.environ, **variables}, check=True, capture_output=True, text=True)
    metrics: dict[str, Any] = json.loads(done.stdout)
    return metrics


def _here(training: str, data: str, seed: int) -> None:
    import torch

    from harness.runs import Bench

    recipe = trainings()[training]
    torch.set_num_threads(int(os.environ.get("ROUNDING_THREADS", "1")))
    with contextlib.ExitStack() as stack:
        if os.environ.get("ROUNDING_CHANNELS") == "first":
            stack.enter_context(mock.patch.object(torch, "channels_last", torch.contiguous_format))
        if mistake := os.environ.get("ROUNDING_MISTAKE"):
            recipe = stack.enter_context(MISTAKES[mistake](recipe))
        recipe = _whole(recipe) if os.environ.get("ROUNDING_WHOLE") else recipe
        result = recipe.compute(seed, Bench(data=Path(data)))
        print(json.dumps({**result.metrics, **_of_weights(result.tensors)}))


@contextlib.contextmanager
def wrong_rate(recipe: Training) -> Iterator[Training]:
    """A learning rate that is a tenth too large."""
    yield recipe.with_(optimiser=replace(recipe.optimiser, rate=1.1 * recipe.optimiser.rate))


@contextlib.contextmanager
def no_augmentation(recipe: Training) -> Iterator[Training]:
    """Training images as they are."""
    yield recipe.with_(augmentation=Augmentation())


@contextlib.contextmanager
def late_schedule(recipe: Training) -> Iterator[Training]:
    """Each epoch with the rate of the one after it."""
    plain = type(recipe.schedule).share
    with mock.patch.object(type(recipe.schedule), "share", lambda self, epoch: plain(self, epoch + 1)):
        yield recipe


@contextlib.contextmanager
def leaked_images(recipe: Training) -> Iterator[Training]:
    """A tenth of the training images are those that validate."""
    from harness.training import loop

    plain = loop.prepare

    def leaking(*arguments: Any) -> Any:
        prepared = plain(*arguments)
        count = len(prepared.training) // 10
        training: Any = prepared.training
        training.images[:count] = prepared.validation.images[:count]  # type: ignore[attr-defined]
        training.labels[:count] = prepared.validation.labels[:count]  # type: ignore[attr-defined]
        return prepared

    with mock.patch.object(loop, "prepare", leaking):
        yield recipe


@contextlib.contextmanager
def no_decay(recipe: Training) -> Iterator[Training]:
    """Weights that do not decay."""
    yield recipe.with_(optimiser=replace(recipe.optimiser, weight_decay=0.0))


MISTAKES = {
    "rate 10 % too large": wrong_rate,
    "augmentation left out": no_augmentation,
    "schedule off by one epoch": late_schedule,
    "validation images trained on": leaked_images,
    "weight decay left out": no_decay,
}
"""Mistakes in the code of a training, each a context that gives the recipe as the mistaken code would take it."""


if __name__ == "__main__":
    _here(sys.argv[1], sys.argv[2], int(sys.argv[3]))
