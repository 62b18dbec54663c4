"""The trainings whose maps are watched: networks, optimisers, rates, lengths by tier (section 4.2, appendix B).

The paper states three convolutions for MNIST and Fashion-MNIST and four for CIFAR-10 (Fig. 3); two at rate 1e-4
(Fig. 5) and three at rate 1e-3 (Fig. 6) on MNIST, for 50 epochs each.  It leaves open the optimiser, on which the
time of the peak depends: it lies where rate times steps is about 1.5 with plain stochastic gradient descent, and within
some tens of steps with Adam.  Both are readings.  A peak that shows at the ends of epochs fits the first one and
batches of 64, which tiers `nightly` and `paper` take; Fig. 3's rate is read as Fig. 6's.

Tier `laptop` trains on 6000 images in batches of 32.  With fewer steps an epoch, gradient descent takes ten times the
paper's rates; Adam, which is past its peak within the first epoch, has the paper's.  The paper's length is trained in
bfloat16, which takes a CPU half the time; maps are looked at in float32.  On 6000 images, in batches of 64 for 4 epochs
of gradient descent, that changed the orderness of no layer at any look by more than 0.003, where the seeds 100 and 101
differ by up to 0.047, and the accuracy by 0.008 at the most, where they differ by up to 0.18.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from claims.ghosh2019.methods.map_progress import MapProgress, looks
from harness.training import Adam, Data, Network, Sgd
from harness.training.training import Training

SEEDS = range(20, 26)
REACH = {"laptop": "reduced", "nightly": "paper", "paper": "paper"}

ON = {"laptop": ("mnist", "fashion-mnist"), "nightly": ("mnist", "fashion-mnist", "cifar10")}
"""The data sets of Fig. 3, by tier: four convolutions on CIFAR-10 take ten times as long."""

RATE = 1e-3


@dataclass(frozen=True)
class Length:
    """How long is trained at a tier.

    Attributes:
        count, held_out: training and validation images, of the training split.
        batch_size, epochs: as in `Training`.
        faster: by how much gradient descent is faster than the paper says.
        longer: by how much more epochs the run at a tenth of the rate has.
        precision: as in `Training`.
    """

    count: int
    held_out: int
    batch_size: int
    epochs: int
    faster: int = 1
    longer: int = 1
    precision: str = "float32"


SHORT = Length(count=6000, held_out=500, batch_size=32, epochs=10, faster=10, longer=2)
AS_THE_PAPER = Length(count=55_000, held_out=5000, batch_size=64, epochs=50, precision="bf16")
ON_CIFAR10 = replace(AS_THE_PAPER, count=45_000)


def length(tier: str, data: str) -> Length:
    """How long a network is trained on a data set; as the paper says from tier `nightly` on."""
    if tier == "laptop":
        return SHORT
    return ON_CIFAR10 if data == "cifar10" else AS_THE_PAPER


def network(data: str, depth: int) -> Network:
    """The paper's network for a data set, with so many convolutions."""
    if data == "cifar10":
        return Network.of("ghosh-cnn", depth=depth, width=64, pool_every=2, linear=2, channels=3, size=32)
    return Network.of("ghosh-cnn", depth=depth, width=64)


def progress(tier: str, data: str, optimiser: str) -> dict[str, MapProgress]:
    """The run of Fig. 3 on a data set; that on MNIST is Fig. 6's and Fig. 8's."""
    return {"network": _watched(tier, data, optimiser, depth=4 if data == "cifar10" else 3)}


def two_layers(tier: str, optimiser: str) -> dict[str, MapProgress]:
    """The run of Fig. 5: two convolutions, at a tenth of the rate."""
    return {"network": _watched(tier, "mnist", optimiser, depth=2, slower=10)}


def _watched(tier: str, data: str, optimiser: str, depth: int, slower: int = 1) -> MapProgress:
    long, rate = length(tier, data), RATE / slower
    training = Training(
        network=network(data, depth),
        data=Data(data, count=long.count, held_out=long.held_out),
        optimiser=Adam(rate) if optimiser == "Adam" else Sgd(long.faster * rate),
        epochs=long.epochs * (long.longer if slower > 1 else 1),
        batch_size=long.batch_size,
        precision=long.precision,
    )
    called = f"maps of {depth} layers, {data}, {optimiser}{', slowly' if slower > 1 else ''}"
    return MapProgress(
        training, steps=looks(training), called=called if tier != "laptop" else f"{called}, {long.count} images"
    )
