"""What a network's convolutions are good for on images that it was not trained on: a new head on frozen kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claims.ghosh2019.methods.kernel_orderness import KERNELS, readings
from harness.runs.recipe import Result
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training import Data, Keep, kept_name
from harness.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

    from harness.runs.bench import Bench
    from harness.training.data import Prepared
    from harness.training.labelled import Labelled

TRAINED, UNTRAINED = "trained", "untrained"
"""The convolutions that a head is put on."""

PENALTY = 1.0
"""On the squared weights of a head, per image, where features have variance 1."""

BATCH = 500


@stable_name("kernel-transfer")
@dataclass(frozen=True)
class KernelTransfer(Experiment):
    """Train a `GhoshCnn`; freeze its convolutions, and fit new heads to what they give of other images (section 5.1).

    A head is linear, fitted by least squares to the classes with a penalty on its weights: that has one solution, so
    that nothing but the features differs.

    Attributes:
        training: how the convolutions are trained; what it keeps is replaced.
        onto: images that heads are fitted to and tested on, by a name each: those of the training with other
            interventions.
    """

    onto: tuple[tuple[str, Data], ...] = ()

    def __post_init__(self) -> None:
        own = self.training.data
        for name, data in self.onto:
            if (data.name, data.count, data.held_out) != (own.name, own.count, own.held_out):
                raise ValueError(f"the head {name!r} takes other images than the training of the convolutions")

    def compute(self, seed: int, bench: Bench) -> Result:
        """Metrics: those of the training, `orderness` as `KernelOrderness` has it, and `heads[images][convolutions]`.

        The last is the share of the validation images that are right, of `TRAINED` and `UNTRAINED` convolutions.
        """
        from harness.training.data import prepare
        from harness.training.loop import initial_network, train

        ends = (0, self.training.epochs)
        fitted = train(self.training.with_(keep=Keep((KERNELS,), ends)), seed, bench)
        before, after = (torch.from_numpy(fitted.result.tensors[kept_name(KERNELS, epoch)]) for epoch in ends)
        untrained: Any = initial_network(self.training, seed).to(bench.device).eval()
        networks: dict[str, Any] = {TRAINED: fitted.network, UNTRAINED: untrained}
        heads: dict[str, dict[str, float]] = {}
        for name, data in self.onto:
            prepared = prepare(data, seed, bench, torch.float32)
            heads[name] = {kernels: accuracy_of_head(network.layers, prepared) for kernels, network in networks.items()}
        return Result({**fitted.result.metrics, "orderness": readings(before, after, seed), "heads": heads})


def accuracy_of_head(layers: torch.nn.Module, data: Prepared) -> float:
    """The share of the validation images that a linear head, fitted to the training images' features, gets right."""
    features, labels = features_of(layers, data, data.training)
    mean, spread = features.mean(0), features.std(0, correction=0).clamp_min(1e-6)
    inputs = (features - mean) / spread
    targets = torch.nn.functional.one_hot(labels).to(inputs.dtype)
    penalty = PENALTY * len(inputs) * torch.eye(inputs.shape[1], dtype=inputs.dtype, device=inputs.device)
    centre = targets.mean(0)
    weights = torch.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ (targets - centre))
    seen, truth = features_of(layers, data, data.validation)
    scores = (seen - mean) / spread @ weights + centre
    return float((scores.argmax(1) == truth).double().mean())


def features_of(layers: torch.nn.Module, data: Prepared, images: Labelled) -> tuple[Tensor, Tensor]:
    """What the layers give of some images, `(n, features)` in float64, and the labels."""
    with torch.inference_mode():
        found = [(layers(data.as_input(batch)).flatten(1).double(), labels) for batch, labels in images.batches(BATCH)]
    return torch.cat([features for features, _ in found]), torch.cat([labels for _, labels in found])
