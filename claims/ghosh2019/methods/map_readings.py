"""How the looks at a network's maps are read: where a layer's orderness peaks, and what accuracy does before and after.

A peak is the highest look between the first and the last one, of one half of the probes; how high it is, is read from
the other half, since the highest of many noisy values is too high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from claims.ghosh2019.methods.map_progress import MapProgress, steps_of
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.store.record import Record

    Numbers = NDArray[np.float64]

CHOSEN, TESTED = 0, 1
"""The halves of the probes: the peak's place is chosen on one, its height tested on the other."""

GRIDS = ("ends of epochs", "all looks")
"""At which looks a curve is read: the paper's, or those within epochs as well."""

QUARTILES = ("lower quartile", "median", "upper quartile")
MEDIAN = 1
"""Among them."""


@dataclass(frozen=True)
class Progress:
    """What the looks at some networks of one recipe saw.

    Attributes:
        epochs: at each look, shape `(looks,)`.
        orderness: shape `(seeds, layers, halves, looks)`.
        last_layer: `QUARTILES` over the last layer's maps on the second half, shape `(seeds, 3, looks)`.
        accuracy: shape `(seeds, looks)`.
    """

    epochs: Numbers
    orderness: Numbers
    last_layer: Numbers
    accuracy: Numbers

    @classmethod
    def of(cls, recipe: MapProgress, records: Sequence[Record], neighbours: str, grid: str) -> Progress:
        """Those of the records of a recipe, under a reading of neighbours, at the looks of one of `GRIDS`."""
        an_epoch = steps_of(recipe.training.with_(epochs=1))
        steps = np.array(records[0].metrics["look_steps"])
        taken = np.ones(len(steps), dtype=bool) if grid == "all looks" else steps % an_epoch == 0
        orderness = np.array([record.metrics["orderness"][neighbours] for record in records])
        last_layer = np.array([record.metrics["last_layer"][neighbours] for record in records])
        accuracy = np.array([record.metrics["look_accuracy"] for record in records])
        return cls(steps[taken] / an_epoch, orderness[..., taken], last_layer[..., taken], accuracy[:, taken])

    def reversed(self) -> Progress:
        """The same as if time ran backwards, with what was lost counted as gained, so that accuracy rises again."""
        ends = self.accuracy[:, :1] + self.accuracy[:, -1:]
        return Progress(
            self.epochs[-1] - self.epochs[::-1],
            self.orderness[..., ::-1],
            self.last_layer[..., ::-1],
            ends - self.accuracy[:, ::-1],
        )

    @property
    def peaks(self) -> NDArray[np.intp]:
        """The look of each layer's peak, neither the first nor the last one: shape `(seeds, layers)`."""
        found: NDArray[np.intp] = self.orderness[:, :, CHOSEN, 1:-1].argmax(-1) + 1
        return found

    @property
    def rises(self) -> Numbers:
        """By how much each layer's orderness is higher at its peak than at the start, `(seeds, layers)`."""
        return self._at_peaks() - self.orderness[:, :, TESTED, 0]

    @property
    def falls(self) -> Numbers:
        """By how much it is higher at its peak than at the end, `(seeds, layers)`."""
        return self._at_peaks() - self.orderness[:, :, TESTED, -1]

    @property
    def peak_epochs(self) -> Numbers:
        """When each layer peaks, in epochs: `(seeds, layers)`."""
        return self.epochs[self.peaks]

    @property
    def falls_most(self) -> Numbers:
        """By how much each layer falls more than any other, `(seeds, layers)`; below zero for all but one."""
        falls = self.falls
        others = [np.delete(falls, layer, 1).max(1) for layer in range(falls.shape[1])]
        return falls - np.stack(others, 1)

    @property
    def median_falls(self) -> Numbers:
        """By how much the median over the last layer's maps is higher at that layer's peak than at the end."""
        median = self.last_layer[:, MEDIAN]
        return self._pick(median, self.peaks[:, -1]) - median[:, -1]

    def gained_after(self, place: str) -> Numbers:
        """The share of the whole gain of accuracy that comes after the last layer's peak, one a seed.

        Args:
            place: "top", or "half way up": the first look at which that layer has come half of the way up to its peak;
                the peak where it is no higher than the start.
        """
        at = self._risen(place)
        first, last = self.accuracy[:, 0], self.accuracy[:, -1]
        return (last - self._pick(self.accuracy, at)) / (last - first)

    def improving_before(self, place: str) -> Numbers:
        """The share of the stretches between two looks, up to a `place` as above, in which accuracy improves."""
        improves = np.diff(self.accuracy, axis=1) > 0
        ends = self._risen(place)
        found: Numbers = np.array([of[:end].mean() for of, end in zip(improves, ends, strict=True)])
        return found

    def steadied(self) -> Progress:
        """The same with the accuracies of each network in ascending order, so that they improve throughout."""
        return replace(self, accuracy=np.sort(self.accuracy, axis=1))

    @property
    def jumps_after(self) -> NDArray[np.bool_]:
        """Whether accuracy gains most after the last layer's peak, of all stretches between two looks; one a seed.

        Looks are even in time at the ends of epochs, and even in its logarithm within the first ones: the gain of one
        step, of two a row, would be that of chance.
        """
        found: NDArray[np.bool_] = np.diff(self.accuracy, axis=1).argmax(1) >= self.peaks[:, -1]
        return found

    def _at_peaks(self) -> Numbers:
        tested = self.orderness[:, :, TESTED]
        return np.take_along_axis(tested, self.peaks[..., None], -1)[..., 0]

    def _risen(self, place: str) -> NDArray[np.intp]:
        return self.peaks[:, -1] if place == "top" else self._half_way_up()

    def _half_way_up(self) -> NDArray[np.intp]:
        last, peaks = self.orderness[:, -1, CHOSEN], self.peaks[:, -1]
        start, top = last[:, 0], self._pick(last, peaks)
        reached = (last >= (start + top)[:, None] / 2).argmax(1)
        found: NDArray[np.intp] = np.where(top > start, reached, peaks)
        return found

    @staticmethod
    def _pick(values: Numbers, looks: NDArray[np.intp]) -> Numbers:
        picked: Numbers = np.take_along_axis(values, looks[:, None], 1)[:, 0]
        return picked
