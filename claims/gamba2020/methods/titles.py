"""Short names of the trainings, for people: "VGG-19 plain, CIFAR-10, steps, 30 epochs"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.training import Exponential, Steps

if TYPE_CHECKING:
    from claims.gamba2020.methods.criticality import Criticality
    from harness.training import Data, Network
    from harness.training.optimisation import Schedule

DATA = {
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "imagenet": "ImageNet",
    "mnist": "MNIST",
    "two-digits": "two digits",
}
"""Data sets that are written in another way than they are registered."""

FULL_WIDTH = 64
"""Channels of the first stage of a VGG as published."""


def title(recipe: Criticality) -> str:
    """What tells a training from the others: network, data, what is odd about it, schedule and length."""
    training = recipe.training
    parts = [
        _network(training.network),
        DATA.get(training.data.name, training.data.name),
        *_oddities(training.network, training.data),
        _schedule(training.schedule),
        f"{training.epochs} epochs",
    ]
    return ", ".join(part for part in parts if part)


def titled(recipe: Criticality) -> Criticality:
    """The same recipe, with that title for people."""
    return recipe.with_(called=title(recipe))


def _network(network: Network) -> str:
    if network.name != "plain-vgg":
        return {"alexnet": "AlexNet", "gamba-lenet": "LeNet"}[network.name]
    parameters = dict(network.parameters)
    width = parameters.get("width", FULL_WIDTH)
    return f"VGG-{parameters['depth']} {'plain' if width == FULL_WIDTH else 'narrow'}"


def _oddities(network: Network, data: Data) -> list[str]:
    """What is unusual about the start or the images, in words."""
    deviation = dict(network.parameters).get("deviation")
    odd = {
        f"weights of deviation {deviation}": deviation is not None,
        f"random labels ({data.label_noise.reading})" if data.label_noise else "": data.label_noise is not None,
        "shuffled pixels": data.shuffle_pixels,
        "pixels from 0 to 1": not data.standardise,
    }
    return [words for words, holds in odd.items() if holds]


def _schedule(schedule: Schedule | None) -> str:
    if isinstance(schedule, Steps):
        return "steps"
    return f"rate times {schedule.factor:.3g} an epoch" if isinstance(schedule, Exponential) else ""
