"""The optimisers, of which the paper names none, that its trainings are read with."""

from __future__ import annotations

from harness.training import Adam, Sgd

OPTIMISERS = ("SGD", "Adam")


def trained_by(optimiser: str, rate: float) -> Adam | Sgd:
    """Plain gradient descent at a rate, or Adam at that of appendix B.

    What is said of trained networks needs some that are: at the rate of 1e-2, which has the peak of Fig. 3 within an
    epoch, kernels of 27 x 27 pixels are at chance after 12 epochs of 1000 images.  So each recipe states a rate of its
    own, chosen on seeds that are not judged by the accuracy of the networks whose images are as they are.
    """
    return Adam(1e-3) if optimiser == "Adam" else Sgd(rate)


def with_optimiser(name: str, optimiser: str) -> str:
    """The name of an arm that is trained by one of them; Adam goes without saying."""
    return name if optimiser == "Adam" else f"{name}, {optimiser}"
