"""What claims read off the records of detectors: average precision and shares of errors, by seed and resample.

Arrays are `(seeds, 1 + replicates)`, in per cent: of each seed's detector on the test images, then on resampled ones.
They were computed in the run (`methods.detection_statistics`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from claims.fan2019.methods.average_precision import ALL_POINTS
from claims.fan2019.methods.detection_errors import KINDS, Kind
from claims.fan2019.methods.detection_statistics import (
    EVEN,
    LARGE_AP,
    LARGE_MISLOCALISED,
    MEAN_AP,
    ODD,
    SMALL_MISLOCALISED,
    WHOLE,
)
from claims.fan2019.methods.detector_test import DetectorTest
from harness.claims.claim import claim
from harness.lab.pictures import Box
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.lab.lab import Lab
    from harness.store.record import Record

    Floats = NDArray[np.floating]

SEEDS = {"laptop": range(10, 15), "nightly": range(3)}

claim_on_detectors = functools.partial(
    claim, tier="laptop", data={"laptop": ("scenes",), "nightly": ("voc2007",)}, proxies=("scenes",), seeds=SEEDS,
    reach={"laptop": "proxy", "nightly": "reduced", "paper": "paper"}, unit="points",
)  # fmt: skip
"""`claim` with what all claims on detectors declare."""


class Detectors:
    """The records of some arms: one a seed for each, all with the same test images."""

    def __init__(self, records: Mapping[str, Sequence[Record]]) -> None:
        self.records = records
        first = next(iter(records.values()))[0].metrics
        self.images: int = first["test_images"]
        self._grid: int = first["grid"]

    @classmethod
    def of(cls, lab: Lab) -> Detectors:
        """Those of a claim's runs that train a detector; the grid and every mAP go into the report."""
        detectors = {name: recipe for name, recipe in lab.runs.items() if isinstance(recipe, DetectorTest)}
        found = cls({name: lab.records(recipe) for name, recipe in detectors.items()})
        for line in found.notes():
            lab.note(line)
        return found

    def mean_ap(self, arm: str, on: str = WHOLE, *, rule: str = ALL_POINTS) -> Floats:
        """Mean average precision at an overlap of 0.5."""
        return self._read(arm, on, MEAN_AP, rule)

    def mean_ap_of_large(self, arm: str, on: str = WHOLE, *, by: str) -> Floats:
        """The same for large objects alone, with sizes told apart in one of the `SIZES`."""
        return self._read(arm, on, LARGE_AP, by)

    def shares(self, arm: str, convention: str, on: str = WHOLE) -> dict[Kind, Floats]:
        """Shares of the kinds of errors among the top predictions; on odd or even images, of correct and mislocalised.

        Kinds that the convention does not tell apart have none.
        """
        among = (Kind.CORRECT, Kind.LOCALISATION) if on in (ODD, EVEN) else [kind for kind in Kind if kind >= 0]
        told = {kind: self._read(arm, on, convention, kind.name.lower()) for kind in among if kind in KINDS[convention]}
        none = np.zeros_like(told[Kind.CORRECT])
        return {kind: told.get(kind, none) for kind in among}

    def mislocalised(self, arm: str, on: str = WHOLE, *, by: str) -> tuple[Floats, Floats]:
        """Localisation errors (of Hoiem et al.) among the top predictions: about small and large objects, for each."""
        return self._read(arm, on, SMALL_MISLOCALISED, by), self._read(arm, on, LARGE_MISLOCALISED, by)

    def boxes(self, arm: str, image: int) -> list[Box]:
        """What is in one of the first images, and the top predictions of the first seed's detector there."""
        return [Box(*box) for box in self.records[arm][0].metrics["pictured"][image]]

    def notes(self) -> list[str]:
        """Sentences for the report: the grid, and each arm's mean average precision by seed."""
        values = {arm: ", ".join(f"{one:.1f}" for one in self.mean_ap(arm)[:, 0]) for arm in self.records}
        grid = f"{self._grid} x {self._grid} cells; {self.images} test images"
        return [grid, *(f"mAP {arm}: {v}" for arm, v in values.items())]

    def _read(self, arm: str, on: str, group: str, name: str) -> Floats:
        """A statistic of every record of an arm, stacked over seeds; NaN where a record has no number."""
        return np.array([record.metrics["statistics"][on][group][name] for record in self.records[arm]], dtype=float)


def crossed(read: Callable[[str], Floats]) -> tuple[Floats, Floats]:
    """A statistic of detectors on even images, and of each next seed's on odd ones: the same thing twice, apart."""
    return read(EVEN), np.roll(read(ODD), 1, axis=0)
