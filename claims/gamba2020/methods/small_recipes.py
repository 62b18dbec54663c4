"""The small networks that tier `laptop` looks at where VGG-11 on CIFAR10 would take it too long.

Six 3 x 3 convolutions in three stages, of 16, 32 and 64 channels, and one dense layer, on the digits of 8 x 8 pixels
that come with scikit-learn: what noise, the schedule, the range of pixels and the number of classes do to the bias.
And LeNet: on these digits at tier `laptop`, since on MNIST it leaves its first plateau after a thousand steps, ten
times over, and on MNIST from tier `nightly` on.

Sizes and lengths were chosen by time, and by the accuracy of these networks on clean images, with seeds that no claim
uses, before any share of projections was looked at.  None of the small trainings is augmented: mirrored digits are no
digits, and four pixels are half of an image.

Runs that end where those of `SOUND` do not are suspect.  Some of these trainings tell nothing of the kind: LeNet, ten
digits of which there are 240, and pixels from 0 to 1 under the smooth schedule end anywhere between chance and .94.
"""

from __future__ import annotations

from dataclasses import replace

from claims.gamba2020.methods.criticality import Criticality
from claims.gamba2020.methods.recipes import gamba, gamba_noisy_labels, gamba_shuffled_pixels, gamba_smooth
from claims.gamba2020.methods.titles import titled
from harness.runs.recipe import Reference
from harness.training import Augmentation, Data, Exponential, Network, Steps
from harness.training.optimisation import Schedule
from harness.training.training import Training

LENET_SEEDS = range(20, 30)
"""With six filters in the first layer, ten networks have 60 of them."""

EPOCHS, DROPS, BATCH = 8, 3, 16
SMOOTH = Exponential(10 ** (-1 / DROPS))
NOISY_EPOCHS, NOISY_BATCH = 45, 8
COUNT, HELD_OUT = 800, 400
FEW = 160
"""Of these each is seen as often with random labels as at tier `nightly`."""

SOUND = {
    "steps": Reference(
        "validation_accuracy", (0.970, 0.927, 0.950, 0.935, 0.920, 0.943, 0.958, 0.963, 0.953, 0.953, 0.933, 0.945)
    ),
    "smooth": Reference(
        "validation_accuracy", (0.935, 0.855, 0.922, 0.895, 0.860, 0.903, 0.893, 0.918, 0.933, 0.893, 0.918, 0.928)
    ),
    "two digits": Reference(  # most of them validate 1.0
        "train_loss", (0.002, 0.005, 0.003, 0.003, 0.0020, 0.0032, 0.0024, 0.0035, 0.0017, 0.0033, 0.0014, 0.0024)
    ),
    "any class": Reference(  # with labels that leak it would be better
        "validation_accuracy", (0.05, 0.07, 0.13, 0.09, 0.06, 0.07, 0.11, 0.10, 0.11, 0.12, 0.04, 0.07)
    ),
    "another class": Reference(
        "validation_accuracy", (0.03, 0.01, 0.06, 0.02, 0.02, 0.03, 0.02, 0.05, 0.03, 0.01, 0.02, 0.01)
    ),
    "shuffled": Reference(
        "train_accuracy", (0.168, 0.169, 0.138, 0.171, 0.166, 0.171, 0.150, 0.136, 0.161, 0.166, 0.164, 0.161)
    ),
    "not shuffled": Reference(
        "validation_accuracy", (0.960, 0.963, 0.953, 0.970, 0.955, 0.968, 0.970, 0.965, 0.965, 0.955, 0.968, 0.975)
    ),
}
"""Where runs with the seeds 100 to 111 ended, by what is trained."""

TASKS = {"two digits": ("two-digits", 2), "ten digits": ("digits", 10)}
"""An easy and a harder task, by their data set and number of classes."""


def digits(*, schedule: Schedule | None = None, standardise: bool = True) -> Criticality:
    """A training on digits, by steps unless another schedule is given, and the layers' resets."""
    data = Data("digits", count=COUNT, held_out=HELD_OUT, standardise=standardise)
    training = gamba(_network(10), data).with_(schedule=schedule or Steps((DROPS, 2 * DROPS)))
    kind = "steps" if schedule is None else "smooth"
    return _titled(Criticality(_short(training), resets=(0, EPOCHS)), kind if standardise else "pixels from 0 to 1")


def smooth_digits(*, standardise: bool = True) -> Criticality:
    """The same by the exponential schedule that interpolates the steps."""
    return digits(schedule=SMOOTH, standardise=standardise)


def task(name: str) -> Criticality:
    """As many images of each of `TASKS`, by the exponential schedule, as in figures 16 and 17."""
    data, classes = TASKS[name]
    training = gamba(_network(classes), Data(data, count=240, held_out=40)).with_(schedule=SMOOTH)
    return _titled(Criticality(_short(training).with_(batch_size=BATCH // 2)), name)


def noisy_digits(reading: str) -> Criticality:
    """All training labels of few digits wrong."""
    training = gamba_noisy_labels(_network(10), Data("digits", count=FEW, held_out=100), reading)
    return _titled(Criticality(training.with_(epochs=NOISY_EPOCHS, batch_size=NOISY_BATCH)), reading)


def shuffled_digits(*, shuffled: bool = True) -> Criticality:
    """Digits with the pixels of each training image shuffled, or left alone under the same schedule."""
    training = gamba_shuffled_pixels(_network(10), _all_digits(), augmented=False)
    whole = replace(training.data, shuffle_pixels=False)
    recipe = Criticality(_short(training if shuffled else training.with_(data=whole)))
    return _titled(recipe, "shuffled" if shuffled else "not shuffled")


def lenet(tier: str) -> Criticality:
    """LeNet of six convolutions, by the exponential schedule of figure 21."""
    network = Network.of("gamba-lenet", classes=10, channels=1)
    if tier == "laptop":
        training = _short(gamba_smooth(network, _all_digits()))
        return titled(Criticality(training.with_(epochs=12, schedule=Exponential(10**-0.1))))
    epochs, drops = {"nightly": (30, 12), "paper": (75, 25)}[tier]
    training = gamba_smooth(network, Data("mnist", held_out=6000))
    return titled(Criticality(training.with_(epochs=epochs, schedule=Exponential(10 ** (-1 / drops)))))


def _titled(recipe: Criticality, trained: str) -> Criticality:
    """With its title, and where sound runs of what is trained end, where that is known."""
    return titled(recipe.with_(reference=SOUND.get(trained)))


def _all_digits() -> Data:
    return Data("digits", count=COUNT, held_out=HELD_OUT)


def _network(classes: int) -> Network:
    return Network.of("plain-vgg", classes=classes, channels=1, width=16, depth=7, head="linear")


def _short(training: Training) -> Training:
    return training.with_(epochs=EPOCHS, batch_size=BATCH, augmentation=Augmentation())
