"""What tells two trainings apart that should differ, and whether a network has seen what it is tested on.

Evidence that is kept is checked for both: two seeds with one fingerprint are one run told twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Sized
from typing import TYPE_CHECKING

from harness.system.lazy import torch
from harness.training.labelled import Resident
from harness.training.randomness import stream

if TYPE_CHECKING:
    from harness.training.labelled import Labelled

LENGTH = 16
"""Hexadecimal digits of a fingerprint."""


def fingerprints(seed: int, network: torch.nn.Module, training: Sized) -> dict[str, str]:
    """Digests of what a run's seed decides: the initial weights, and the order of the first epoch.

    Args:
        seed: the run's.
        network: before its first step.
        training: the images that it is trained on.
    """
    order = torch.randperm(len(training), generator=stream(seed, "order"))
    return {"initial weights": _digest(list(network.state_dict().values())), "order of images": _digest([order])}


def shared_images(training: Labelled, others: Labelled) -> list[int]:
    """How many of `others` are training images too, pixel by pixel, and how many there are.

    Images that are decoded while a network trains are told by their numbers alone, which cannot be shared: none.
    """
    if not (isinstance(training, Resident) and isinstance(others, Resident)):
        return [0, len(others)]
    seen = {_pixels(image) for image in training.images}
    return [sum(_pixels(image) in seen for image in others.images), len(others)]


def _pixels(image: torch.Tensor) -> bytes:
    return hashlib.blake2b(image.contiguous().cpu().numpy().tobytes(), digest_size=16).digest()


def _digest(tensors: Sequence[torch.Tensor]) -> str:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.detach().contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()[:LENGTH]
