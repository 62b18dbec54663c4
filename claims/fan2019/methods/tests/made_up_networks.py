"""Made-up records of networks with these accuracies, and of detectors that make these mistakes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from claims.fan2019.methods.arms import PERCEPTRON, RANDOM_LABELS
from claims.fan2019.methods.detection_statistics import Findings, pictured, statistics
from claims.fan2019.methods.detections import Detections, Objects
from claims.fan2019.methods.shuffle_test import AS_TRAINED, ShuffleTest
from harness.runs.recipe import Recipe, Result

Accuracies = Mapping[str | tuple[str, str], float]
"""Points above chance by arm, or by the trained arm and the arm as which it is tested."""

AS_PRINTED: dict[str | tuple[str, str], float] = {
    "plain": 73.10,
    "spatial 4": 73.07,
    "spatial 7": 70.44,
    "spatial 10": 56.05,
    "spatial 4 of each image": 73.0,
    "strided spatial 4": 73.0,
    "stride 4": 73.1,
    "channel 1": 70.44,
    "channel 4": 66.56,
    "channel 10": 3.84,
    "fixed channel 4": 73.0,
    "gap-fc 4": 72.6,
    "gap-fc 10": 55.0,
    "truncated 4": 65.0,
    "spatial at 1": 15.02,
    f"spatial at 1{RANDOM_LABELS}": 0.0,
    "spatial at 4": 56.5,
    "spatial at 10": 72.5,
    "patch 2 at 10": 72.8,
    "patch 4 at 1": 69.1,
    PERCEPTRON: 24.61,
    "resnet50": 75.0,
    "resnet50 spatial 8": 72.5,
    "resnet50 gap-fc 8": 72.0,
    "resnet50 branch 8": 74.0,
    "before training": 0.0,
    ("spatial 4", "plain"): 72.74,
    ("channel 4", "plain"): 66.80,
    ("channel 4", "spatial 4"): 66.5,
    ("plain", "spatial 4"): 22.49,
    ("plain", "strided spatial 4"): 20.0,
    ("plain", "channel 4"): 0.04,
    ("plain", "stride 4"): 40.0,
}
"""As the paper has it, where it has a number, and as it would have it elsewhere."""

EPOCHS = 4


def networks(accuracies: Accuracies, *, chance: bool = True, **more: float) -> Callable[[str, Recipe, int], Result]:
    """Networks that differ from those of `AS_PRINTED` in these accuracies.

    Args:
        accuracies: what is different.
        chance: whether accuracies are given in points above chance, not in per cent of the images.
        more: `peak`, by how many points the last but one epoch is better than the last on the validation images (with
            each seed a little more); `first`, which share of the last epoch's points above chance the first one has;
            `fitted`, the share of the training images that is right in the last epoch, where it is not that of the test
            images; `images`, how many there are to test and to validate on, 10,000 unless given.
    """
    known = {**AS_PRINTED, **accuracies}

    def made(name: str, recipe: Recipe, seed: int) -> Result:
        assert isinstance(recipe, ShuffleTest)
        classes = int(dict(recipe.training.network.parameters)["classes"] or 0)
        noise = 0.03 * np.random.default_rng([seed, *name.encode()]).normal(size=len(recipe.conditions) + 1)

        def share(points: float, by: float) -> float:
            return float(points + by) / 100 + chance / classes

        last = share(known[name], noise[0])
        others = zip([other.name for other in recipe.conditions], noise[1:], strict=True)
        tested = {other: [share(known[name, other], by)] for other, by in others}
        curve = np.linspace(more.get("first", 0.25), 1, EPOCHS) * (last - 1 / classes) + 1 / classes
        before = share(known["before training"], noise[0]) if chance else 1 / classes
        validation = [before, *curve]
        validation[-2] = validation[-1] + more.get("peak", 0.0) * (1 + seed / 10) / 100
        images = int(more.get("images", 10_000))
        metrics = {
            "test_accuracy": {AS_TRAINED: [last], **tested},
            "test_images": images,
            "shared_images": {"validation": [0, images], "test": [0, images]},
            "best_validation_accuracy": last,
            "validation_accuracy": validation,
            "train_accuracy": [*curve[:-1], more.get("fitted", curve[-1])],
        }
        return Result(metrics)

    return made


@dataclass(frozen=True)
class Mistakes:
    """What share of the objects a detector gets wrong.

    Attributes:
        small, large: of the objects of a kind, those whose box it shifts by half its width.
        misnamed: of all objects, those that it takes for one of another class.
        even, odd: by how much the shares of small and of large ones are higher in even and in odd images.
    """

    small: float = 0.25
    large: float = 0.25
    misnamed: float = 0.05
    even: tuple[float, float] = (0.0, 0.0)
    odd: tuple[float, float] = (0.0, 0.0)


IMAGES, SIDE, CLASSES = 400, 64, ("disc", "box", "cross")


def detectors(mistakes: Mapping[str, Mistakes], *, alike: bool = False) -> Callable[[str, Recipe, int], dict[str, Any]]:
    """Detectors that make these mistakes, by arm; `alike` puts the same objects into every image."""

    def made(name: str, recipe: Recipe, seed: int) -> dict[str, Any]:
        return _detector(mistakes[name], seed, alike)

    return made


@functools.cache
def _detector(mistakes: Mistakes, seed: int, alike: bool) -> dict[str, Any]:
    """One that finds every object, and is the less sure of those that it gets wrong; and something where nothing is."""
    labels, images, boxes, large = _objects(alike)
    n = len(labels)
    rank = (np.arange(n) * 0.6180339887 + 0.137 * seed) % 1  # evenly spread, so that chance plays little part
    more = np.where((images % 2)[:, None], mistakes.odd, mistakes.even)
    shifted = np.where(large, mistakes.large + more[:, 1], mistakes.small + more[:, 0])
    mislocalised = rank < shifted
    misnamed = ~mislocalised & (rank < shifted + mistakes.misnamed)
    by = np.where(mislocalised, 0.5 * (boxes[:, 2] - boxes[:, 0]), 0.0)
    source = np.random.default_rng(seed)
    real = {
        "boxes": boxes + by[:, None] * [1, 0, 1, 0],
        "scores": np.where(mislocalised | misnamed, 0.1, 0.5) + source.uniform(0.0, 0.4, n),
        "labels": np.where(misnamed, (labels + 1) % len(CLASSES), labels),
        "images": images,
    }
    # Its own number of these, so that differences between arms vary over seeds.
    own = np.random.default_rng([seed, *repr(mistakes).encode()])
    nowhere = IMAGES // 10 + seed + int(own.integers(4))
    unreal = {
        "boxes": np.tile([58.0, 10.0, 63.0, 15.0], (nowhere, 1)),
        "scores": source.uniform(0.5, 0.9, nowhere),
        "labels": source.integers(0, len(CLASSES), nowhere),
        "images": source.choice(IMAGES, nowhere, replace=False),
    }
    found = Detections(**{part: np.concatenate([real[part], unreal[part]]) for part in real})
    there = Objects(boxes, labels, images, np.zeros(n, dtype=bool))
    tested = Findings(found, there, IMAGES, SIDE, CLASSES, [])
    return {"test_images": IMAGES, "grid": 4, "statistics": statistics(tested), "pictured": pictured(tested)}


def _objects(alike: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Labels, images and boxes of two objects in every image, apart from each other, and which of them are large."""
    images, second = np.repeat(np.arange(IMAGES), 2), np.tile([False, True], IMAGES)
    if alike:
        large, labels = second, second.astype(int)
        extent, top = np.where(second, 24.0, 6.0), np.zeros(len(images))
    else:
        source = np.random.default_rng(0)
        large, labels = source.random(len(images)) < 0.5, source.integers(0, len(CLASSES), len(images))
        extent = np.where(large, source.uniform(20, 24, len(images)), source.uniform(5, 8, len(images)))
        top = source.uniform(0, SIDE - extent)
    left = np.where(second, 32.0, 0.0)
    return labels, images, np.stack([left, top, left + extent, top + extent], 1), large
