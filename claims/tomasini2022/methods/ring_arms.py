"""What the claims on simple networks train, by tier: the networks of appendix B.2, on the task in one dimension.

Under the reading "text" of `biases` they have none, under "code" those of the authors' code.  Tier `laptop` has
networks of 64 channels in place of 1000, trained to 20 times the interpolation time in place of 500.
"""

from __future__ import annotations

from claims.tomasini2022.methods.ring_fields import RingFields
from claims.tomasini2022.methods.ring_training import RingTraining

SEEDS = range(6)
"""The paper has four."""

SIZES = {"laptop": (64, 20), "nightly": (256, 500), "paper": (1000, 500)}
"""Width, and the multiple of the interpolation time at which training stops."""

REACH = {"laptop": "proxy", "nightly": "proxy", "paper": "paper"}
BIASES = {"text": False, "code": True}
ENOUGH, FEW = "48 images", "8 images"
ONE_PIXEL = "filters of one pixel"

UNABLE = 200
"""Epochs after which networks whose filters have one pixel are given up: they cannot tell two images apart."""


def simple_network(tier: str, biases: str, patterns: int = 48) -> RingTraining:
    """The network of a tier; `biases` as the text has them, or the authors' code."""
    width, multiple = SIZES[tier]
    title = f"simple network of {width} channels, {patterns} images, {multiple} times, biases of the {biases}"
    return RingTraining(width, BIASES[biases], multiple, patterns, called=title)


def on_48_images(tier: str, biases: str) -> dict[str, RingTraining]:
    """The paper's training set; nothing at tier `smoke`, which trains nothing."""
    return {} if tier == "smoke" else {ENOUGH: simple_network(tier, biases)}


def on_48_and_on_8_images(tier: str, biases: str) -> dict[str, RingTraining]:
    """And one that is too small to tell the task by."""
    return {**on_48_images(tier, biases), FEW: simple_network(tier, biases, 8)}


def fields_of_both_filter_sizes(tier: str, biases: str) -> dict[str, RingFields]:
    """The same networks with their receptive fields, and networks whose fields cannot grow."""
    training = simple_network(tier, biases)
    unable = training.with_(longest=UNABLE)
    return {
        ENOUGH: RingFields(training, called=f"{training.called}, receptive fields"),
        ONE_PIXEL: RingFields(unable, filter_size=1, called=f"{training.called}, {ONE_PIXEL}"),
    }
