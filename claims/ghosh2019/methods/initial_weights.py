"""The initial weights, of which the paper says that they are random, that its trainings of kernels are read with."""

from __future__ import annotations

BY_FAN_IN, OF_ONE_SPREAD = "by fan-in", "of one spread"
INITIAL_WEIGHTS = (BY_FAN_IN, OF_ONE_SPREAD)
"""Smaller the more weights a unit has, as torch's layers start, or alike in all layers, as those of older recipes do.

With the first, kernels of 27 x 27 pixels start nine times as small as those of 3 x 3, so that more of what they become
is learnt.
"""

SCHEME = {BY_FAN_IN: None, OF_ONE_SPREAD: "normal-deviation-0.05"}
"""By name in `harness.networks.SCHEMES`; None is the layers' own."""


def with_initial_weights(name: str, initial: str) -> str:
    """The name of an arm that starts from some of them; those by fan-in go without saying."""
    return name if initial == BY_FAN_IN else f"{name}, weights {initial}"
