"""The optimisers, of which the paper names none, that its trainings are read with."""

from __future__ import annotations

from harness.training import Adam, Sgd

OPTIMISERS = ("SGD", "Adam")

TRAINED_BY: dict[str, Adam | Sgd] = {"SGD": Sgd(1e-2), "Adam": Adam(1e-3)}
"""Plain gradient descent, at a rate with which a thousand steps are enough; and Adam at the rate of appendix B."""


def with_optimiser(name: str, optimiser: str) -> str:
    """The name of an arm that is trained by one of them; Adam goes without saying."""
    return name if optimiser == "Adam" else f"{name}, {optimiser}"
