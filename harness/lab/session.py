"""What the claims of one session share: the store, the data, the device, and the runs done on the way."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.dataset_errors import DatasetMissing
from harness.system.lazy import torch

if TYPE_CHECKING:
    from harness.data.detection_set import DetectionSet
    from harness.data.image_set import ImageSet, Provenance
    from harness.data.weights import Weights
    from harness.runs import Bench, Run
    from harness.runs.recipe import Recipe
    from harness.store import Record, Store


class NotAvailable(Exception):
    """What a claim needs is not here: a data set, or a run that may not be started; the claim is not run."""


class Session:
    """Opened at the first use of anything that needs torch; a session that judges nothing opens none of it."""

    def __init__(
        self, *, tier: str, data: Path | None, store: Path, device: str, train: bool, download: bool = False
    ) -> None:
        self.tier = tier
        self._data = data
        self._store = store
        self._device = device
        self._train = train
        self._download = download
        self._failed: dict[Run, Exception] = {}
        self._records: dict[Run, Record] = {}

    @functools.cached_property
    def device(self) -> torch.device:
        """The device asked for; `auto` is a GPU where there is one, and of several the one of this process."""
        from harness.runs.devices import own_device

        return torch.device(own_device(self._device_name))

    @functools.cached_property
    def _device_name(self) -> str:
        if self._device == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        return self._device

    @functools.cached_property
    def store(self) -> Store:
        """The records of finished runs."""
        from harness.store import Store

        return Store(self._store)

    @functools.cached_property
    def workshop(self) -> Bench:
        """What a run works with."""
        from harness.runs import Bench

        return Bench(self._device_name, self._data, self._download)

    def images(self, name: str, split: str) -> ImageSet:
        """A data set of the catalogue, verified.

        Raises:
            NotAvailable: when it is not there; a damaged one raises `DatasetCorrupt`.
        """
        with _there():
            return self.workshop.images(name, split)

    def detection(self, name: str, split: str) -> DetectionSet:
        """The same for images with annotated objects."""
        with _there():
            return self.workshop.detection(name, split)

    def provenance(self, name: str, split: str) -> Provenance:
        """Where the images of a set come from; errors as in `images`."""
        with _there():
            return self.workshop.provenance(name, split)

    def weights(self, name: str) -> Weights:
        """Released weights of a network.

        Raises:
            NotAvailable: when they are not there; damaged ones raise `DatasetCorrupt`.
        """
        from harness.data.weights import weights

        with _there():
            return weights(name, self._data, download=self._download)

    def record(self, recipe: Recipe, seed: int) -> Record:
        """What a run found out, done now where the store lacks it; read and checked once a session.

        Raises:
            NotAvailable: when it may not be started, lacks its data, or is stored as diverged.
        """
        from harness.runs import Run, RunMissing, perform

        run = Run(recipe, seed)
        if run in self._failed:
            raise self._failed[run]
        if run not in self._records:
            try:
                self._records[run] = perform(run, self.store, self.workshop, compute=self._train)
            except (RunMissing, DatasetMissing) as missing:
                raise NotAvailable(str(missing)) from missing
        record = self._records[run]
        if record.diverged:
            raise NotAvailable(f"{run} diverged at step {record.metrics['diverged_at']}; nothing can be read off it")
        return record

    def prepare(self, runs: Iterable[Run], workers: int | None = None) -> None:
        """Do the runs that the store lacks; one that fails is told by the claims that need it.

        Args:
            runs: may name a run several times.
            workers: processes that share the work; as many as there are cores unless told.
        """
        from harness.runs import perform_all

        wanted = list(runs)
        if not (wanted and self._train):
            return
        for outcome in perform_all(wanted, self.store, self.workshop, workers=workers):
            if outcome.record is not None:
                self._records[outcome.run] = outcome.record
            elif outcome.key is not None and outcome.failure is not None:
                self._failed[outcome.run] = outcome.failure


@contextlib.contextmanager
def _there() -> Iterator[None]:
    try:
        yield
    except DatasetMissing as missing:
        raise NotAvailable(str(missing)) from missing
