"""Training a network, then reading the orderness of its first layer's kernels, and of these rearranged.

The weights themselves are not kept: what claims need of them are the few numbers that are here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims.ghosh2019.methods.orderness import ESTIMATORS, orderness
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.interventions.pixels import permute_pixels
from harness.runs.recipe import Result
from harness.system.lazy import np, torch
from harness.system.stable_names import stable_name
from harness.training import Keep, kept_name
from harness.training.experiment import Experiment
from harness.training.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray
    from torch import Tensor

    from harness.runs.bench import Bench
    from harness.store.record import Record

    Readings = dict[str, dict[str, dict[str, float]]]
    """Orderness by kernels, estimator and neighbours."""

KERNELS = "layers.0.conv.weight"

UNTRAINED, TRAINED = "untrained", "trained"
FAR_APART, RANDOM_ORDER = "trained, neighbours from far apart", "trained, in a random order"
"""The kernels whose orderness is read: as they are, and rearranged for controls."""

FROM_FAR_APART = {
    "four": (0, 5, 1, 6, 2, 7, 3, 8, 4),
    "straight": (0, 5, 1, 6, 2, 7, 3, 8, 4),
    "eight": (0, 2, 1, 6, 8, 7, 3, 5, 4),
}
"""Which of the nine weights of a 3 x 3 kernel each place takes, row by row.

Upper weights and lower ones in turns, as on a checkerboard; or, where diagonal neighbours count, the second and the
third row exchanged, and likewise the columns.  A smooth kernel then has less order than one of independent weights, the
less the smoother it was; that of independent weights stays as it is.
"""


@stable_name("kernel-orderness")
@dataclass(frozen=True)
class KernelOrderness(Experiment):
    """Train, and write down the orderness of the kernels of the first layer (ghosh2019, section 5.2).

    The seed decides the training, of a network whose first kernels are called `KERNELS`, and from a stream of its own
    the random order.  What the training keeps is replaced.
    """

    def compute(self, seed: int, bench: Bench) -> Result:
        """Metrics: those of the training, and `orderness[kernels][estimator][neighbours]`, see `readings`."""
        from harness.training.loop import train

        ends = (0, self.training.epochs)
        kept = train(self.training.with_(keep=Keep((KERNELS,), ends)), seed, bench).result
        untrained, trained = (torch.from_numpy(kept.tensors[kept_name(KERNELS, epoch)]) for epoch in ends)
        return Result({**kept.metrics, "orderness": readings(untrained, trained, seed)})


def readings(untrained: Tensor, trained: Tensor, seed: int) -> Readings:
    """Orderness of the kernels of one run, `(n, 1, size, size)` each, under every reading.

    Those of 3 x 3 are also read with their weights put `FROM_FAR_APART`, all with each kernel's in a random order.
    """
    random_order = permute_pixels(trained, stream(seed, "random order of kernels"))
    found = {UNTRAINED: _read(lambda _: untrained), TRAINED: _read(lambda _: trained)}
    found[RANDOM_ORDER] = _read(lambda _: random_order)
    if trained.shape[-2:] == (3, 3):
        found[FAR_APART] = _read(lambda neighbours: rearrange(trained, neighbours))
    return found


def rearrange(kernels: Tensor, neighbours: str) -> Tensor:
    """Kernels `(n, 1, 3, 3)` with their weights put `FROM_FAR_APART`."""
    return kernels.flatten(2)[..., list(FROM_FAR_APART[neighbours])].reshape(kernels.shape)


def orderness_of(records: Iterable[Record], kernels: str, estimator: str, neighbours: str) -> NDArray[np.float64]:
    """One reading of each record."""
    return np.array([record.metrics["orderness"][kernels][estimator][neighbours] for record in records])


def _read(kernels: Callable[[str], Tensor]) -> dict[str, dict[str, float]]:
    return {
        estimator: {
            neighbours: orderness(kernels(neighbours), neighbours, estimator=estimator) for neighbours in NEIGHBOURHOODS
        }
        for estimator in ESTIMATORS
    }
