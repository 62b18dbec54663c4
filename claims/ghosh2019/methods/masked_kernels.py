"""Kernels of networks trained on images under a mask, and what the networks make of images under other masks.

Section 6 discusses a study in which networks were trained on images unfiltered, under a low pass and under a random
mask of their frequencies, and tested on all of these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from claims.ghosh2019.methods.distortions import Distortion
from claims.ghosh2019.methods.kernel_orderness import KERNELS, readings
from harness.runs.recipe import Result
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training import Keep, kept_name
from harness.training.experiment import Experiment

if TYPE_CHECKING:
    from harness.runs.bench import Bench
    from harness.training.loop import Fitted


@stable_name("masked-kernels")
@dataclass(frozen=True)
class MaskedKernels(Experiment):
    """Train, read the orderness of the first layer's kernels, and classify validation images under several masks.

    Attributes:
        training: how the network is trained; its data's only intervention is the mask, if there is any.  What it keeps
            is replaced.
        masks: under which the validation images are classified, besides none.
    """

    masks: tuple[Distortion, ...] = ()

    def compute(self, seed: int, bench: Bench) -> Result:
        """Metrics: those of the training; `orderness` as `KernelOrderness` has it; and `accuracies`.

        `accuracies` are the shares of the validation images that are right, without a mask first, then under each.
        """
        from harness.training.loop import train

        ends = (0, self.training.epochs)
        fitted = train(self.training.with_(keep=Keep((KERNELS,), ends)), seed, bench)
        untrained, trained = (torch.from_numpy(fitted.result.tensors[kept_name(KERNELS, epoch)]) for epoch in ends)
        return Result(
            {
                **fitted.result.metrics,
                "orderness": readings(untrained, trained, seed),
                "accuracies": self._accuracies(fitted, seed, bench),
            }
        )

    def _accuracies(self, fitted: Fitted, seed: int, bench: Bench) -> list[float]:
        """All masks see the same validation images, and the network sees them as it saw its training images."""
        from harness.training.data import prepare

        plain = prepare(replace(self.training.data, interventions=()), seed, bench, torch.float32).validation
        found = []
        for mask in (None, *self.masks):
            right = 0
            for images, labels in plain.batches(500):
                seen = images if mask is None else mask.apply(images, torch.Generator())
                with torch.inference_mode():
                    scores = fitted.network(fitted.data.as_input(seen))
                right += int((scores.argmax(1) == labels).sum())
            found.append(right / len(plain))
        return found
