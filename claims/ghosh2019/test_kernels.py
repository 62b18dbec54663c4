"""Orderness of trained kernels: how it follows the order of the images and the size of the kernels (section 5.2).

Of the experiment the paper states: three convolutions of 64 channels with 2 x 2 max-pooling behind each, one fully
connected layer, 1000 training images of MNIST, six random splits, new initial weights each time.  It leaves open, and
read here is: Adam at learning rate 1e-3 (the rate of appendix B), batches of 32, 50 epochs (as in appendix B), ReLU,
inputs standardised, swapped images cropped to 27 x 27 pixels, which blocks of 3 tile.  Tier `quick` trains for fewer
epochs, chosen by their cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.ghosh2019.methods.blocks import SwapBlocks
from claims.ghosh2019.methods.orderness import ESTIMATORS, orderness
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.claim import claim
from harness.interventions.pixels import permute_pixels
from harness.rules import Curve, greater_than, less_than, monotone
from harness.system.lazy import np, torch
from harness.training import Adam, Data, Keep, Network, kept_name
from harness.training.training import Training

if TYPE_CHECKING:
    from harness.lab.lab import Lab

EPOCHS = {"quick": 12, "nightly": 50}
SWAPS = (0, 25, 50, 100)
SIZES = (3, 7, 15, 27)
KERNELS = "layers.0.conv.weight"


def mnist_1000(epochs: int, swaps: tuple[SwapBlocks, ...] = (), **network: int) -> Training:
    """One training of the experiment; `network` is what differs in it from the paper's plain one."""
    return Training(
        network=Network.of("ghosh-cnn", depth=3, width=64, **network),
        data=Data("mnist", count=1000, held_out=200, interventions=swaps),
        optimiser=Adam(1e-3),
        epochs=epochs,
        batch_size=32,
        keep=Keep((KERNELS,), (0, epochs)),
    )


SWAPPED = {
    tier: {swaps: mnist_1000(epochs, (SwapBlocks(3, swaps),), size=27) for swaps in SWAPS}
    for tier, epochs in EPOCHS.items()
}
SIZED = {
    tier: {size: mnist_1000(epochs, first_kernel=size, first_padding=0) for size in SIZES}
    for tier, epochs in EPOCHS.items()
}


def first_kernels(lab, epoch: int | None = None) -> dict[int, list]:
    """The first layer's kernels, `(64, 1, size, size)`, of each run by arm and seed; the last epoch's unless told."""
    arms = {}
    for arm, recipe in lab.runs.items():
        name = kept_name(KERNELS, recipe.epochs if epoch is None else epoch)
        arms[arm] = [torch.from_numpy(record.tensors[name]) for record in lab.records(recipe)]
    return arms


def orderness_of(arms, neighbours: str, estimator: str) -> dict[int, np.ndarray]:
    """Orderness of the kernels of each run: an array over seeds for each arm."""
    return {
        arm: np.array([orderness(kernels, neighbours, estimator=estimator) for kernels in seeds])
        for arm, seeds in arms.items()
    }


def draw(lab, name: str, by_arm: dict[int, np.ndarray]) -> None:
    """Put the means over seeds into the report, as a curve of the paper's figure."""
    lab.series(name, x=list(by_arm), y=[values.mean() for values in by_arm.values()])


def note_accuracy(lab) -> None:
    """Say how well the networks classify, which shows that they were trained."""
    for arm, recipe in lab.runs.items():
        accuracy = np.mean([record.metrics["final_validation_accuracy"] for record in lab.records(recipe)])
        lab.note(f"{arm}: {accuracy:.1%} of the held-out images are classified correctly")


@claim(
    "SO-33",
    where="Section 5.2, Fig. 4a",
    paper="a sharp reduction over 0, 25, 50, 100 swaps of blocks of 3 x 3 pixels",
    tier="quick",
    data=("mnist",),
    readings={"estimator": ESTIMATORS, "neighbours": NEIGHBOURHOODS},
    runs=SWAPPED,
    seeds=range(6),
    reach={"quick": "reduced", "nightly": "reduced"},
    rule={"falls with swaps": monotone("decreasing"), "drop from 0 to 100 swaps": greater_than(0.0)},
    control="the same trained kernels, the weights of each put in a random order",
)
def test_less_ordered_images_give_less_ordered_kernels(lab: Lab, data: str, estimator: str, neighbours: str) -> None:
    """The less spatial order the training images have, the less the trained kernels of the first layer have."""
    trained = first_kernels(lab)
    disordered = {arm: [permute_pixels(one, lab.generator) for one in seeds] for arm, seeds in trained.items()}
    by_swaps, by_chance = (orderness_of(arms, neighbours, estimator) for arms in (trained, disordered))
    lab.measure(**falls_and_drops(by_swaps))
    lab.control(**falls_and_drops(by_chance))
    draw(lab, "trained", by_swaps)
    draw(lab, "untrained", orderness_of(first_kernels(lab, epoch=0), neighbours, estimator))
    note_accuracy(lab)


def falls_and_drops(by_swaps: dict[int, np.ndarray]) -> dict[str, object]:
    """What SO-33 judges, from the orderness at each number of swaps."""
    values = np.stack(list(by_swaps.values()))
    return {"falls with swaps": Curve.of(SWAPS, values), "drop from 0 to 100 swaps": values[0] - values[-1]}


@claim(
    "SO-37",
    where="Section 5.2, Fig. 4b",
    paper="almost by a factor of half from 3 x 3 to 27 x 27",
    tier="quick",
    data=("mnist",),
    readings={"estimator": ESTIMATORS, "neighbours": NEIGHBOURHOODS},
    runs=SIZED,
    seeds=range(6),
    reach={"quick": "reduced", "nightly": "reduced"},
    rule={"less than 2/3 of 3 x 3": less_than(0.0), "more than 1/3 of 3 x 3": greater_than(0.0)},
    control="the kernels before training",
)
def test_kernels_of_27_pixels_are_half_as_ordered_as_those_of_3(
    lab: Lab, data: str, estimator: str, neighbours: str
) -> None:
    """From kernels of 3 x 3 to kernels of 27 x 27 pixels the orderness of the first layer's kernels halves.

    A factor from 1.5 to 3 counts as one of two.  It is judged as so(27) - 2/3 so(3) < 0 < so(27) - 1/3 so(3), seed by
    seed, which a quotient of two noisy values would not allow.  The mean over kernels of each kernel's own ratio is
    above zero for small kernels of independent weights already (E-SO10); the untrained kernels show by how much.
    """
    trained, untrained = (orderness_of(first_kernels(lab, epoch), neighbours, estimator) for epoch in (None, 0))
    lab.measure(**around_half(trained))
    lab.control(**around_half(untrained))
    draw(lab, "trained", trained)
    draw(lab, "untrained", untrained)
    lab.note(f"so(27) / so(3): {trained[27].mean() / trained[3].mean():.2f} trained")
    lab.note(f"untrained: so(3) = {untrained[3].mean():.3f}, so(27) = {untrained[27].mean():.4f}")
    note_accuracy(lab)


def around_half(by_size: dict[int, np.ndarray]) -> dict[str, object]:
    """What SO-37 judges, from the orderness at each kernel size."""
    small, large = by_size[SIZES[0]], by_size[SIZES[-1]]
    return {"less than 2/3 of 3 x 3": large - 2 / 3 * small, "more than 1/3 of 3 x 3": large - small / 3}
