"""Training a network on images: the recipe of most runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.networks import SCHEMES
from harness.runs.recipe import Effort, Recipe, Result
from harness.system.stable_names import stable_name
from harness.training import Augmentation, Constant, Data, Keep, Network
from harness.training.loss import LOSSES
from harness.training.optimisation import Optimiser, Schedule

if TYPE_CHECKING:
    from harness.runs.bench import Bench

PRECISIONS = ("float32", "float64", "bf16")

WHOLE = {"imagenet": 1_281_167, "small-imagenet": 1_281_167}
"""Training images by data set, where they are not 50,000 as in CIFAR."""


@stable_name("training")
@dataclass(frozen=True)
class Training(Recipe):
    """Minimise a network's loss on labelled images, from scratch.

    The seed decides the split, what is done to images and labels, the initial weights, the order of images and their
    augmentation.

    Attributes:
        network: the architecture.
        data: training and validation images.
        optimiser, schedule: how the weights are changed; schedules count epochs.
        epochs: how often each training image is seen; 0 leaves the network untrained.
        batch_size: images a step; the last batch of an epoch takes what is left.
        initialisation: a scheme by its name in `harness.networks.SCHEMES`; None as the architecture does it itself.
        precision: "float32", "float64", or "bf16" (autocast; weights stay float32).
        augmentation: of the training images.
        loss: "cross-entropy", "hinge" for networks with one score, or another by its name in
            `harness.training.loss.LOSSES`.
        keep: weights that the result holds besides the curves.
    """

    network: Network
    data: Data
    optimiser: Optimiser
    epochs: int
    batch_size: int
    schedule: Schedule = field(default_factory=Constant)
    initialisation: str | None = None
    precision: str = "float32"
    augmentation: Augmentation = field(default_factory=Augmentation)
    loss: str = "cross-entropy"
    keep: Keep = field(default_factory=Keep)

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}; it is one of {', '.join(PRECISIONS)}")
        LOSSES.target(self.loss)
        if self.initialisation is not None:
            SCHEMES.target(self.initialisation)
        if self.epochs < 0 or self.batch_size < 1:
            raise ValueError(f"{self.epochs} epochs of batches of {self.batch_size}: nothing to do")
        if beyond := [epoch for epoch in self.keep.epochs if not 0 <= epoch <= self.epochs]:
            raise ValueError(f"weights are to be kept after epochs {beyond}, but there are {self.epochs}")

    @property
    def title(self) -> str:
        """What people call it; by default the network, the data set, and what else is not at its default."""
        return super().title.removeprefix("training, ")

    def compute(self, seed: int, bench: Bench) -> Result:
        """Train; see `harness.training.loop.train` for what the result holds."""
        from harness.training.loop import train

        return train(self, seed, bench).result

    def modules(self) -> tuple[str, ...]:
        """Those of what it names, so that a change of another network, loss or initialisation is no change."""
        named = [self.network.module, LOSSES.module(self.loss)]
        if self.initialisation is not None:
            named.append(SCHEMES.module(self.initialisation))
        return tuple(named)

    def work(self) -> float:
        """Images that are seen in all, which the cost goes with for one architecture."""
        return float(self.epochs * (self.data.count or WHOLE.get(self.data.name, 50_000)))

    def effort(self, bench: Bench) -> Effort:
        """Operations of all steps; the validations are left out."""
        from harness.training.network import operations

        if self.data.side is None:
            n, shape = bench.extent(self.data.name)
        else:
            n, shape = len(bench.image_files(self.data.name)), (3, self.data.side, self.data.side)
        count = self.data.count or n - (self.data.held_out or 0)
        each = operations(self.network, shape)
        return Effort(float(each * count * self.epochs), self.epochs * -(-count // self.batch_size))

    def opening(self) -> Training | None:
        """Its first epoch; schedules count epochs and have lengths of their own, so that it begins as the whole."""
        return self.with_(epochs=1, keep=Keep()) if self.epochs > 1 else None

    def alone(self) -> bool:
        """Where images are decoded while the network trains, which keeps all processors busy."""
        return self.data.side is not None

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """The splits that training and validation read."""
        return self.data.splits()
