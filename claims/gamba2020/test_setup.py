"""What the experiments are made of: networks, learning rates, shuffled pixels (sections 3.1, A.1, A.6 and A.7)."""

from __future__ import annotations

from claims.gamba2020.methods.projections import convolutional_layers
from claims.ghosh2019.methods.orderness import orderness
from harness.claims.claim import claim
from harness.data.generated import textures
from harness.interventions.pixels import permute_pixels
from harness.measures.complexity import parameters
from harness.rules import Exact, equals, equivalent_to, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import st, torch


@claim(
    "HP-74",
    where="Section 3.3",
    unit="millions",
    rule={"parameters": equals(139.6, within=0.05), "convolutional": equals(20.02, within=0.005)},
    control="the same network for ImageNet's 1000 classes",
)
def test_vgg19_for_small_images_keeps_the_head_for_large_ones(lab):
    """VGG19 on CIFAR10 has 139.6 million parameters, of which 20.0 million are convolutional (derived check).

    The authors train torchvision's network unchanged on 32 x 32 images.  Its last maps are 1 x 1 there and are repeated
    to 7 x 7 for the first dense layer, which therefore has 49 weights for each of its 512 inputs.
    """
    from harness.system.torchvision_compat import torchvision

    with torch.device("meta"):
        small, large = (torchvision.models.vgg19(num_classes=classes) for classes in (10, 1000))
    lab.measure(
        parameters=Exact(parameters(small) / 1e6, "millions"),
        convolutional=Exact(parameters(small.features) / 1e6, "millions"),
    )
    lab.control(parameters=Exact(parameters(large) / 1e6, "millions"))


@claim(
    "HP-65",
    where="Section A.7",
    paper=6,
    rule=equals(6, within=0),
    control="LeNet-5",
)
def test_the_lenet_variant_has_six_convolutional_layers(lab):
    """The variant of LeNet has six convolutional layers."""
    from claims.gamba2020.methods.lenet import LeNet

    lab.measure(Exact(len(convolutional_layers(LeNet()))))
    classic = torch.nn.Sequential(torch.nn.Conv2d(1, 6, 5), torch.nn.Conv2d(6, 16, 5), torch.nn.Conv2d(16, 120, 5))
    lab.control(Exact(len(convolutional_layers(classic))))


def learning_rates(schedule, epochs):
    """Learning rate in each epoch, from 0.01 on; `schedule` makes torch's scheduler for an optimiser."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    scheduler = schedule(optimiser)
    rates = []
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
def test_smooth_schedule_interpolates_the_step_schedule(lab):
    """Decayed by 10^(-1/25) an epoch, the learning rate interpolates between those of the step schedule.

    It meets the step schedule wherever that drops, every 25 epochs, and lies between neighbouring steps elsewhere: the
    smooth run has the lower rate in 24 epochs of 25, and two fifths of the step schedule's on average.
    """
    schedulers = torch.optim.lr_scheduler
    step = learning_rates(lambda optimiser: schedulers.StepLR(optimiser, 25, 0.1), 100)

    def compare(factor):
        smooth = learning_rates(lambda optimiser: schedulers.ExponentialLR(optimiser, factor), 100)
        ratio = smooth / step
        beyond = torch.maximum(ratio - 1, 0.1 - ratio).clamp_min(0)
        return smooth, {"meets": Exact(float((ratio[::25] - 1).abs().max())), "between": Exact(float(beyond.max()))}

    factor = 10 ** (-1 / 25)
    smooth, found = compare(factor)
    lab.measure(factor=Exact(factor), **found)
    lab.control(**compare(0.95)[1])
    lab.series("step", range(100), step)
    lab.series("smooth", range(100), smooth)


@claim(
    "HP-54",
    where="Section A.6",
    readings={"permutation": ("of each image", "of all images")},
    rule={
        "values": equals(0, within=0),
        "covariance": equals(0, within=1e-12),
        "orderness": equivalent_to(0, within=0.02),
    },
    control="a permutation of its own for each channel",
)
def test_shuffled_pixels_keep_channel_statistics_and_lose_their_places(lab, permutation):
    """Shuffling the pixels of an image at random preserves channel-wise statistics and loses spatial information.

    Each channel keeps its values, and the channels of a pixel stay together.
    """

    def shuffled(images, generator):
        return permute_pixels(images, generator, shared=permutation == "of all images")

    def covariance(images):
        return torch.stack([torch.cov(image.flatten(1)) for image in images])

    def change(statistic, shuffle, seed, size):
        mix = normal(seed, 3, 3)
        images = torch.einsum("dc,nchw->ndhw", mix, normal(seed + 1, 2, 3, size, size))
        after = shuffle(images, torch.Generator().manual_seed(seed))
        return (statistic(after) - statistic(images)).abs().max()

    def each_channel(images, generator):
        return permute_pixels(images.flatten(0, 1)[:, None], generator).reshape(images.shape)

    drawn = {"seed": st.integers(0, 10**6), "size": st.integers(2, 8)}
    statistics = {"values": lambda images: images.flatten(2).sort().values, "covariance": covariance}
    order = [
        orderness(shuffled(textures(16, 32, 32, lab.generator), lab.generator).reshape(-1, 1, 32, 32)) for _ in range(8)
    ]
    lab.measure(
        orderness=order,
        **{
            name: worst_case(lambda seed, size, s=statistic: change(s, shuffled, seed, size), 20, **drawn)
            for name, statistic in statistics.items()
        },
    )
    lab.control(covariance=Exact(float(change(covariance, each_channel, lab.seed, 8))))
