"""The trainings of plain VGG networks whose projections and critical layers are looked at, by tier and data set.

Tiers `nightly` and `paper`: VGG-19 as the authors build and start it, on all of the data but 10 %, which validates.
Nightly, the learning rate drops twice as often as in the paper.  Tier `quick`: VGG-11 with a quarter of the channels
and one dense layer, on a part of the data, in small batches; all of it chosen by what two cores can do in 100 seconds.
Of VGG-11's convolutions as many stand in the first three stages, and in the last two, as of VGG-19's: half of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.experiments.criticality import Criticality
from harness.experiments.training import Training
from harness.training import Augmentation, Data, Exponential, Network, Sgd, Steps
from harness.training.optimisation import Schedule

SEEDS = range(4)
"""The paper has 3; with 4 a t interval is a third narrower."""

FAILING_SEEDS = range(7)
"""As many as an exact binomial test over two readings needs to be decided by unanimous runs."""

PAPER_SGD = Sgd(0.01, momentum=0.9, weight_decay=5e-4)
PAPER_AUGMENTATION = Augmentation(shift=4, flip=True)


@dataclass(frozen=True)
class Images:
    """What a recipe must know of a data set: classes, channels, and how many images `quick` takes and holds out.

    A small set has no more of them, and the other tiers take as many.
    """

    classes: int
    channels: int
    count: int
    held_out: int
    small: bool = False


IMAGES = {
    "cifar10": Images(10, 3, count=5000, held_out=1000),
    "cifar100": Images(100, 3, count=5000, held_out=1000),
    "textures": Images(4, 1, count=1600, held_out=400, small=True),
}


@dataclass(frozen=True)
class Length:
    """How long a training is: epochs, after how many of them the learning rate drops to a tenth each time, resets."""

    epochs: int
    drops: int
    resets: tuple[int, ...]


LENGTHS = {
    "quick": Length(10, 8, (0, 1, 2, 5, 10)),
    "nightly": Length(30, 12, (0, 1, 2, 3, 5, 8, 12, 18, 24, 30)),
    "paper": Length(75, 25, (0, 1, 2, 3, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75)),
}


def steps(tier: str) -> Schedule:
    """The step schedule of section A.1 of Gamba et al., shortened with the training."""
    length = LENGTHS[tier]
    return Steps(tuple(range(length.drops, length.epochs, length.drops)))


def smooth(tier: str) -> Schedule:
    """The exponential schedule that interpolates `steps`."""
    return Exponential(10 ** (-1 / LENGTHS[tier].drops))


def watched(tier: str, data: str, *, resets: bool = True, schedule: Schedule | None = None) -> Criticality:
    """A training of the experiment on this data set, with the layers' resets or without."""
    length = LENGTHS[tier]
    training = _training(tier, data, schedule or steps(tier))
    return Criticality(training, length.resets if resets else (), test_images=2000 if tier == "quick" else None)


def failing(tier: str, data: str, deviation: float | None) -> Criticality:
    """Ten epochs from normal weights of one standard deviation (None: Kaiming's start), on few images."""
    training = _training(tier, data, steps("paper"), deviation).with_(
        epochs=10,
        data=Data(data, count=256 if tier == "quick" or IMAGES[data].small else 10_000, held_out=100),
        precision="float32",
    )
    return Criticality(training, breakdown=True)


def _training(tier: str, data: str, schedule: Schedule, deviation: float | None = None) -> Training:
    images, small = IMAGES[data], tier == "quick"
    network = {"classes": images.classes, "channels": images.channels, "deviation": deviation}
    network |= {"depth": 11, "width": 16, "head": "linear"} if small else {"depth": 19}
    return Training(
        network=Network.of("vgg.plain", **network),
        data=Data(data, images.count, images.held_out) if small or images.small else Data(data, held_out=5000),
        optimiser=PAPER_SGD,
        epochs=LENGTHS[tier].epochs,
        batch_size=64 if small else 128,
        schedule=schedule,
        initialisation=None if small or deviation is not None else "vgg",
        precision="bf16",
        augmentation=PAPER_AUGMENTATION,
    )
