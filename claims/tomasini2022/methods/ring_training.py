"""Training the simple networks of appendix B.2 on the task in one dimension, far beyond where they fit it."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from claims.tomasini2022.methods.layer_sensitivities import layer_sensitivities
from claims.tomasini2022.methods.matched_noise import matched_noise
from claims.tomasini2022.methods.probes import Probes
from claims.tomasini2022.methods.scale_task import Gap, displace, moves, render, scale_detection_1d
from harness.runs.errors import RunDiverged
from harness.runs.recipe import Recipe, Result
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from claims.tomasini2022.methods.image_networks import LayeredNetwork
    from claims.tomasini2022.methods.scale_networks import ScaleDetectionCNN
    from claims.tomasini2022.methods.scale_task import ScaleDetection
    from harness.runs.bench import Bench

LENGTH, SCALE, GAP, FILTER = 32, 11, 4, 3
"""Pixels on the ring, ξ, g and F (appendix B.2)."""

ACTIVE = (LENGTH / 2) ** 0.5
"""Value of an active pixel, so that an image's mean square is 1; the authors' code."""

UNTRAINED, FITTED, TRAINED = "untrained", "as it fitted", "trained"
"""States: before training, at the interpolation time, and at the end."""

ALL, MEAN_FILTERS, MEAN_ACTIVITY = "all channels", "mean filters", "mean activity"
"""The network as it is; with every layer's filters replaced by their average, as the text says; and the average of a
layer's activity over its channels, which the authors' code takes."""


class Split(NamedTuple):
    """Images `(n, 1, LENGTH)` and labels (1 or -1) that a network is trained on, and all others of the task."""

    images: Tensor
    labels: Tensor
    unseen: Tensor
    unseen_labels: Tensor


@stable_name("ring-scale-detection")
@dataclass(frozen=True)
class RingTraining(Recipe):
    """Train, and go on until so many times the interpolation time; the training loss alone says when that is.

    The network is `scale_networks.AmplifiedCNN`.  Plain stochastic gradient descent on the hinge loss plus
    `ridge` Σw² / (width depth) over the convolutions, at `rate` times the width, as in the authors' code, which stops
    only where unseen images are right too.

    Attributes:
        width: channels of each layer; the paper's is 1000.
        bias: whether layers have biases, from N(0, 1), as in the authors' code; the text has none.
        multiple: of the interpolation time at which training stops; the paper's is 500.
        patterns: training images, half of each class.
        gap: the convention, see `methods.scale_task`.
        longest: epochs after which a network that has not fitted its images is given up.
    """

    width: int
    bias: bool
    multiple: int
    patterns: int = 48
    depth: int = 12
    gap: Gap = "full"
    rate: float = 0.01
    ridge: float = 0.01
    batch_size: int = 8
    longest: int = 2000

    def compute(self, seed: int, bench: Bench) -> Result:
        """Train and measure.

        Metrics: `interpolation_epoch`, the first, checked every tenth, after which no training image's hinge loss is
        above zero (null where none was); `epochs`; `errors` among `unseen` images, by state; `sensitivity[state][of]`
        with "deformation" and "noise", a list over layers each; `mean_filters[state]`, `(depth, 3)`.
        """
        split = split_of(self, seed)
        network = self.network(seed).to(bench.device)
        told: dict[str, dict[str, Any]] = {}

        def look(state: str) -> None:
            found = measured(network, self.gap, seed)
            found["errors"] = int((network(split.unseen.to(bench.device)).cpu() * split.unseen_labels <= 0).sum())
            for name, value in found.items():
                told.setdefault(name, {})[state] = value

        look(UNTRAINED)
        interpolation, end = None, self.longest
        generator, epoch = stream(seed, "order"), 0
        optimiser = torch.optim.SGD(network.parameters(), lr=self.rate * self.width)
        images, labels = split.images.to(bench.device), split.labels.to(bench.device)
        while epoch < end:
            for batch in torch.randperm(len(images), generator=generator).split(self.batch_size):
                self._step(network, optimiser, images[batch], labels[batch])
            epoch += 1
            bench.progress(epoch, end, "epochs")
            bench.give_way()
            if interpolation is None and epoch % LOOK_EVERY == 0:
                loss = hinge_loss(network, images, labels)
                if not math.isfinite(loss):
                    raise RunDiverged(epoch * -(-len(images) // self.batch_size), loss, "at the end of an epoch")
                if loss == 0:
                    interpolation, end = epoch, self.multiple * epoch
                    look(FITTED)
        look(TRAINED)
        last = hinge_loss(network, images, labels)
        return Result(
            {
                "interpolation_epoch": interpolation,
                "epochs": epoch,
                "train_hinge": last,
                "unseen": len(split.unseen),
                **told,
            }
        )

    def network(self, seed: int) -> ScaleDetectionCNN:
        """The network of this seed before its first step."""
        from claims.tomasini2022.methods.scale_networks import AmplifiedCNN

        return AmplifiedCNN(self.width, self.depth, FILTER, bias=self.bias, generator=stream(seed, "weights"))

    def modules(self) -> tuple[str, ...]:
        """That of the network."""
        return ("claims.tomasini2022.methods.scale_networks",)

    def work(self) -> float:
        """Multiplications of a step times the epochs, if it takes twenty to fit the images."""
        return float(20 * self.multiple * self.patterns * self.depth * self.width**2)

    def _step(
        self, network: ScaleDetectionCNN, optimiser: torch.optim.Optimizer, images: Tensor, labels: Tensor
    ) -> None:
        optimiser.zero_grad()
        squares = sum(weight.square().sum() for weight in filters(network))
        loss = (1 - labels * network(images)).clamp_min(0).mean() + self.ridge * squares / (self.width * self.depth)
        loss.backward()
        optimiser.step()


LOOK_EVERY = 10
"""Epochs between two looks at the hinge loss of all training images, as in the authors' code."""


def hinge_loss(network: ScaleDetectionCNN, images: Tensor, labels: Tensor) -> float:
    """Mean hinge loss; 0 where every image has a margin of 1."""
    with torch.no_grad():
        return float((1 - labels * network(images)).clamp_min(0).mean())


def split_of(recipe: RingTraining, seed: int) -> Split:
    """The images of this seed: so many of each class, drawn at random, and the rest.

    Raises:
        ValueError: when a class has too few.
    """
    task = scale_detection_1d(LENGTH, SCALE, GAP, recipe.gap)
    generator, each = stream(seed, "split"), recipe.patterns // 2
    seen = torch.zeros(len(task.labels), dtype=torch.bool)
    for label in (1, -1):
        members = (task.labels == label).nonzero().flatten()
        if len(members) <= each:
            raise ValueError(f"{each} training images were asked of a class of {len(members)}, which leaves none")
        seen[members[torch.randperm(len(members), generator=generator)[:each]]] = True
    images = ACTIVE * task.images(torch.float32)
    return Split(images[seen], task.labels[seen].float(), images[~seen], task.labels[~seen].float())


def measured(network: ScaleDetectionCNN, gap: Gap, seed: int) -> dict[str, Any]:
    """D and G of each layer over all images of the task, in float64, and each layer's average filter."""
    exact = copy.deepcopy(network).double()
    device = next(exact.parameters()).device
    asked = Probes(*(each.to(device) for each in ring_probes(scale_detection_1d(LENGTH, SCALE, GAP, gap), seed)))
    read = {
        ALL: _Layers(exact),
        MEAN_FILTERS: _Layers(with_mean_filters(exact)),
        MEAN_ACTIVITY: _Layers(exact, mean=True),
    }
    found = {name: layer_sensitivities(cast("LayeredNetwork", layers), asked) for name, layers in read.items()}
    return {
        "sensitivity": {
            name: {"deformation": _written(each.deformation), "noise": _written(each.noise)}
            for name, each in found.items()
        },
        "mean_filters": [_written(weight.detach().mean((0, 1))) for weight in filters(exact)],
    }


def ring_probes(task: ScaleDetection, seed: int) -> Probes:
    """Every image of the task, moved by a pixel around the ring, and with rectified noise.

    By its first pixel, from which the other is the shorter way ahead, an image takes one of the four joint moves of
    both pixels.  The images of one distance are one another's translations: so that averages over all moves of each.
    """
    every, pairs = moves(1), task.pairs
    ahead = (pairs[:, 1] - pairs[:, 0]) % LENGTH
    pairs = pairs.where((ahead <= LENGTH // 2)[..., None], pairs.flip(1))
    images = ACTIVE * task.images(torch.float64)
    moved = displace(pairs, every[pairs[:, 0, 0] % len(every)], (LENGTH,), ring=True)
    deformed = ACTIVE * render(moved, (LENGTH,), torch.float64)
    noise = matched_noise(images, deformed, stream(seed, "noise"), match="mean square").relu()
    return Probes(images, deformed, images + noise)


def with_mean_filters(network: ScaleDetectionCNN) -> ScaleDetectionCNN:
    """A copy in which all filters of a layer are their average; biases stay."""
    copied = copy.deepcopy(network)
    with torch.no_grad():
        for weight in filters(copied):
            weight.copy_(weight.mean((0, 1), keepdim=True).expand_as(weight))
    return copied


def filters(network: ScaleDetectionCNN) -> list[Tensor]:
    """Those of each layer, `(out, in, F)`."""
    return [cast("Tensor", layer.weight) for layer in network.layers]


class _Layers:
    """The layers of a network as `layer_sensitivities` takes them; their mean over channels, if asked."""

    def __init__(self, network: ScaleDetectionCNN, *, mean: bool = False) -> None:
        self._network, self._mean = network, mean

    def layer_names(self) -> list[str]:
        """A ReLU each."""
        return ["relu"] * len(self._network.layers)

    def representations(self, x: Tensor) -> Iterator[Tensor]:
        """After each ReLU."""
        for values in self._network.representations(x):
            yield values.mean(1) if self._mean else values


def _written(values: Tensor) -> list[float | None]:
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in values.tolist()]
