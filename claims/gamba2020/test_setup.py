"""What the experiments are made of: networks, learning rates, shuffled pixels (sections 3.1, A.1, A.6 and A.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from claims.gamba2020.methods.projections import convolutional_layers
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.data.generated import textures
from harness.interventions.pixels import permute_pixels
from harness.measures.complexity import parameters
from harness.rules import Exact, equals, equivalent_to, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from harness.lab.lab import Lab

    Schedule = Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler]


@claim(
    "HP-74",
    kind=Kind.DERIVED,
    where="Section 3.3",
    unit="millions",
    rule={"parameters": equals(139.6, within=0.05), "convolutional": equals(20.02, within=0.005)},
    control="the same network for ImageNet's 1000 classes (parameters); VGG16 (convolutional)",
)
def test_vgg19_for_small_images_keeps_the_head_for_large_ones(lab: Lab) -> None:
    """VGG19 on CIFAR10 has 139.6 million parameters, of which 20.0 million are convolutional (derived check).

    The authors train torchvision's network unchanged on 32 x 32 images.  Its last maps are 1 x 1 there and are repeated
    to 7 x 7 for the first dense layer, which therefore has 49 weights for each of its 512 inputs.
    """
    from harness.system.torchvision_compat import torchvision

    def millions(module: torch.nn.Module) -> Exact:
        return Exact(parameters(module) / 1e6, "millions")

    with torch.device("meta"):
        small, large = (torchvision.models.vgg19(num_classes=classes) for classes in (10, 1000))
        shallower = torchvision.models.vgg16(num_classes=10)
    lab.measure(parameters=millions(small), convolutional=millions(small.features))
    lab.control(parameters=millions(large), convolutional=millions(shallower.features))


@claim(
    "HP-65",
    where="Section A.7",
    paper=6,
    rule=equals(6, within=0),
    control="LeNet-5",
)
def test_the_lenet_variant_has_six_convolutional_layers(lab: Lab) -> None:
    """The variant of LeNet has six convolutional layers."""
    from claims.gamba2020.methods.lenet import LeNet

    lab.measure(Exact(len(convolutional_layers(LeNet()))))
    classic = torch.nn.Sequential(torch.nn.Conv2d(1, 6, 5), torch.nn.Conv2d(6, 16, 5), torch.nn.Conv2d(16, 120, 5))
    lab.control(Exact(len(convolutional_layers(classic))))


def learning_rates(schedule: Schedule, epochs: int) -> Tensor:
    """Learning rate in each epoch, from 0.01 on; `schedule` makes torch's scheduler for an optimiser."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    scheduler = schedule(optimiser)
    rates: list[float] = []
    for _ in range(epochs):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return torch.tensor(rates, dtype=torch.float64)


@claim(
    "HP-62",
    where="Section A.1",
    paper={"factor": 0.91201},
    rule={
        "factor": equals(0.91201, within=5e-6),
        "meets": equals(0, within=1e-9),
        "between": equals(0, within=1e-9),
    },
    control="the decay of 0.95 an epoch that the runs of figures 6 and 20 use",
)
def test_smooth_schedule_interpolates_the_step_schedule(lab: Lab) -> None:
    """Decayed by 10^(-1/25) an epoch, the learning rate interpolates between those of the step schedule.

    It meets the step schedule wherever that drops, every 25 epochs, and lies between neighbouring steps elsewhere: the
    smooth run has the lower rate in 24 epochs of 25, and two fifths of the step schedule's on average.
    """
    schedulers = torch.optim.lr_scheduler
    step = learning_rates(lambda optimiser: schedulers.StepLR(optimiser, 25, 0.1), 100)

    def decayed(factor: float) -> Tensor:
        return learning_rates(lambda optimiser: schedulers.ExponentialLR(optimiser, factor), 100)

    def compared(rates: Tensor) -> dict[str, Exact]:
        ratio = rates / step
        beyond = torch.maximum(ratio - 1, 0.1 - ratio).clamp_min(0)
        return {
            "factor": Exact(float(rates[1] / rates[0])),
            "meets": Exact(float((ratio[::25] - 1).abs().max())),
            "between": Exact(float(beyond.max())),
        }

    smooth = decayed(10 ** (-1 / 25))
    lab.measure(**compared(smooth))
    lab.control(**compared(decayed(0.95)))
    lab.series("step", range(100), step.tolist())
    lab.series("smooth", range(100), smooth.tolist())


def neighbour_correlation(images: Tensor) -> float:
    """Pearson's correlation of each pixel with those to its right and below, over images `(n, 1, height, width)`."""
    pixels = images - images.mean((1, 2, 3), keepdim=True)  # else bright images next to dark ones would correlate
    beside = (pixels[..., :-1], pixels[..., 1:]), (pixels[..., :-1, :], pixels[..., 1:, :])
    pairs = torch.stack([torch.cat([pair[end].flatten() for pair in beside]) for end in (0, 1)])
    return float(torch.corrcoef(pairs)[0, 1])


@claim(
    "HP-54",
    where="Section A.6",
    readings={"permutation": ("of each image", "of all images")},
    rule={
        "values": equals(0, within=0),
        "covariance": equals(0, within=1e-12),
        "neighbours": equivalent_to(0, within=0.02),
    },
    control="each pixel's channels exchanged at random (values); a permutation of its own for each channel "
    "(covariance); the images as they were (neighbours)",
)
def test_shuffled_pixels_keep_channel_statistics_and_lose_their_places(lab: Lab, permutation: str) -> None:
    """Shuffling the pixels of an image at random preserves channel-wise statistics and loses spatial information.

    Each channel keeps its values, and the channels of a pixel stay together.  What is lost is that pixels resemble
    their neighbours: in images with texture, neighbours correlate no more.
    """

    def shuffled(images: Tensor, generator: Generator) -> Tensor:
        return permute_pixels(images, generator, shared=permutation == "of all images")

    def values(images: Tensor) -> Tensor:
        return images.flatten(2).sort().values

    def covariance(images: Tensor) -> Tensor:
        return torch.stack([torch.cov(image.flatten(1)) for image in images])

    def change(
        statistic: Callable[[Tensor], Tensor], shuffle: Callable[[Tensor, Generator], Tensor], seed: int, size: int
    ) -> float:
        mix = normal(seed, 3, 3)
        images = torch.einsum("dc,nchw->ndhw", mix, normal(seed + 1, 2, 3, size, size))
        after = shuffle(images, torch.Generator().manual_seed(seed))
        return float((statistic(after) - statistic(images)).abs().max())

    def each_channel(images: Tensor, generator: Generator) -> Tensor:
        return permute_pixels(images.flatten(0, 1)[:, None], generator).reshape(images.shape)

    def across_channels(images: Tensor, generator: Generator) -> Tensor:
        return images.gather(1, torch.rand(images.shape, generator=generator).argsort(1))

    drawn: dict[str, Any] = {"seed": st.integers(0, 10**6), "size": st.integers(2, 8)}
    textured = [textures(16, 32, 32, lab.generator).reshape(-1, 1, 32, 32) for _ in range(8)]
    lab.measure(
        values=worst_case(lambda **case: change(values, shuffled, **case), 20, **drawn),
        covariance=worst_case(lambda **case: change(covariance, shuffled, **case), 20, **drawn),
        neighbours=[neighbour_correlation(shuffled(images, lab.generator)) for images in textured],
    )
    lab.control(
        values=Exact(change(values, across_channels, lab.seed, 8)),
        covariance=Exact(change(covariance, each_channel, lab.seed, 8)),
        neighbours=[neighbour_correlation(images) for images in textured],
    )
