"""Statements on the experiments' set-up from which the authors' code differs, at its last version, 867d0fd."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from claims.gamba2020.methods.projections import convolutional_layers
from harness.claims.claim import claim
from harness.claims.kinds import Kind, Remark
from harness.rules import Exact, equals
from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from torch.nn import Conv2d

    from harness.lab.lab import Lab


def alexnet_start(weight_variance: Callable[[Conv2d], float], bias_deviation: float) -> dict[str, Exact]:
    """How torchvision's AlexNet starts, against a stated variance of weights and deviation of biases (by layer).

    `weights`: largest relative error of the variance; `biases`: error of the deviation in units of 1 / sqrt(fan-in).
    """
    from harness.system.torchvision_compat import torchvision

    with torch.device("meta"):
        features = torchvision.models.alexnet().features
    features.to_empty(device="cpu")
    errors, biases = [], []
    for layer in convolutional_layers(features).values():
        with torch.random.fork_rng(devices=[]):  # torch's own initialisation takes no generator
            torch.manual_seed(0)
            layer.reset_parameters()
        errors.append(abs(float(layer.weight.detach().var()) / weight_variance(layer) - 1))
        if layer.bias is not None:
            biases.append(layer.bias.detach() * layer.weight[0].numel() ** 0.5)
    deviation = float(torch.cat(biases).square().mean().sqrt())
    return {"weights": Exact(max(errors)), "biases": Exact(abs(deviation - bias_deviation))}


def stated_start() -> dict[str, Exact]:
    """Kaiming's normal start and zero biases, as printed."""
    return alexnet_start(lambda layer: 2 / (layer.out_channels * layer.weight[0, 0].numel()), 0.0)


def actual_start() -> dict[str, Exact]:
    """Weights and biases uniform within 1 / sqrt(fan-in)."""
    return alexnet_start(lambda layer: 1 / (3 * layer.weight[0].numel()), 3**-0.5)


START = {"weights": equals(0, within=0.05), "biases": equals(0, within=0.05)}


@claim(
    "N-HP7",
    where="Section 3.1",
    rule=START,
    control="the start that is printed",
    formerly=("E-HP7", "E-HP7-corrected"),
    remark=Remark(
        Kind.CODE_DIFFERS,
        printed="all layers are initialized using Kaiming normal initialization [12]. All bias terms are initialized "
        "to zero.",
        meant="In the released code (867d0fd) that is so for VGG's convolutions.  AlexNet starts from torch's "
        "defaults, weights and biases uniform within 1 / sqrt(fan-in).",
        derivation="The code takes torchvision's AlexNet, which has no initialisation of its own, and changes its "
        "first layer only where images are not RGB.  It gives LeNet Xavier's uniform start and VGG's dense layers a "
        "standard deviation of 0.01.  Measured is the error of a variance of the weights, and of a deviation of the "
        "biases, for torchvision's AlexNet.  Nothing changes for n_l by chance, which is one half for any symmetric "
        "start (HP-71).",
    ),
)
def test_alexnet_starts_uniform_with_biases(lab: Lab) -> None:
    """AlexNet in the released code starts with weights and biases uniform within 1 / sqrt(fan-in)."""
    lab.measure(**actual_start())
    lab.control(**stated_start())


def output_size_at_start(deviation: float) -> Exact:
    """Root mean square of VGG19's scores for inputs of mean square one, in expectation.

    Each layer multiplies the mean square by fan-in x variance, each ReLU halves it; borders and pooling are left out.
    """
    from harness.networks.initialise import weighted_layers
    from harness.system.torchvision_compat import torchvision

    with torch.device("meta"):
        fan_in = [layer.weight[0].numel() for layer in weighted_layers(torchvision.models.vgg19())]
    mean_square = np.prod([fan * deviation**2 for fan in fan_in]) / 2 ** (len(fan_in) - 1)
    return Exact(float(np.sqrt(mean_square)))


@claim(
    "N-HP9",
    where="Section 3.2, Fig. 15",
    rule=equals(0, within=0.01),
    control="a variance of 0.01, as printed",
    formerly=("E-HP9", "E-HP9-corrected"),
    remark=Remark(
        Kind.CODE_DIFFERS,
        printed="VGG19 fails to converge on ImageNet if weights are sampled from $\\mathcal{N}(0,10^{-2})$. Using the "
        "same initialization scheme ... with initial weights sampled from $\\mathcal{N}(0,0.01)$",
        meant="The released code (867d0fd) draws the weights of figure 15's network with a standard deviation of "
        "0.01, that is from N(0, 10^-4).",
        derivation="Section 3.2 writes N(0, s^2), so that the second number is a variance.  What the first version of "
        "[28] says was not looked up.  The mean square of the signal is multiplied by fan-in x s^2 / 2 a layer.  With "
        "s = 0.1 in every layer the scores are of the order of 10^10, and no loss is constant, as figure 15's is; with "
        "s = 0.01 they vanish, and the loss is ln 1000 whatever the image.  See HP-75 for what moves the weights then.",
    ),
)
def test_network_that_fails_to_converge_has_deviation_a_hundredth(lab: Lab) -> None:
    """VGG19 gives a constant loss, its scores being the same for all, when its weights have standard deviation 0.01."""
    lab.measure(output_size_at_start(0.01))
    lab.control(output_size_at_start(0.1))


NORMALISED = {"cifar10": (-2.43, 2.75), "mnist": (-0.43, 2.88), "imagenet": (-2.12, 2.64)}
"""Ranges to two decimals, as the remark has them."""

MEANS_AND_DEVIATIONS = {
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "mnist": ((0.1307,), (0.3015,)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
"""By which the authors' loaders normalise pixels in [0, 1], channel by channel."""


def misstated_range(images: str, stated: tuple[float, float]) -> Exact:
    """Largest distance between the ends of a stated range of pixels and those after normalisation."""
    mean, deviation = map(np.array, MEANS_AND_DEVIATIONS[images])
    lowest, highest = ((0 - mean) / deviation).min(), ((1 - mean) / deviation).max()
    return Exact(float(max(abs(lowest - stated[0]), abs(highest - stated[1]))))


@claim(
    "N-HP10",
    where="Section A.7, Fig. 21",
    readings={"images": tuple(NORMALISED)},
    rule=equals(0, within=0.01),
    control="the printed [-1, 1]",
    formerly=("E-HP10", "E-HP10-corrected"),
    remark=Remark(
        Kind.CODE_DIFFERS,
        printed="Pixel values of all datasets besides CIFAR10/+ are represented in [-1,1].",
        meant="In the released code (867d0fd) in [-2.43, 2.75] for CIFAR10, [-0.43, 2.88] for MNIST and [-2.12, 2.64] "
        "for ImageNet.",
        derivation="The loaders subtract each channel's mean and divide by its standard deviation; black and white go "
        "to the ends of these ranges.  MNIST's background goes to -0.43, so that its images are far from balanced "
        "about zero.  Whether the first layer's bias depends on the range of pixels was tested between [0, 1] and this "
        "range.",
    ),
)
def test_pixels_lie_about_zero_in_standard_deviations(lab: Lab, images: str) -> None:
    """Pixel values range from -2.43 to 2.75 (CIFAR10), -0.43 to 2.88 (MNIST) and -2.12 to 2.64 (ImageNet)."""
    lab.measure(misstated_range(images, NORMALISED[images]))
    lab.control(misstated_range(images, (-1, 1)))
