"""Initial weights of one spread in all layers, by name in `harness.networks.SCHEMES`."""

from __future__ import annotations

from torch import Generator

from harness.networks.initialise import Weighted, normal


def normal_of_deviation(layer: Weighted, generator: Generator | None) -> None:
    """Normal of standard deviation 0.05, which is Keras' default of random normal weights, and zero bias."""
    normal(0.05)(layer, generator)
