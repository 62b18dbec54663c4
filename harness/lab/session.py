"""What the claims of one session share: the store, the data, the device, and the runs done on the way."""

from __future__ import annotations

import contextlib
import functools
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data.dataset_errors import DatasetCorrupt, DatasetMissing
from harness.system.lazy import torch

if TYPE_CHECKING:
    from harness.data.detection_set import DetectionSet
    from harness.data.image_set import ImageSet, Provenance
    from harness.data.weights import Weights
    from harness.evidence import Archive, Entry, Freshness
    from harness.runs import Bench, Run
    from harness.runs.recipe import Recipe
    from harness.store import Record, Store


log = logging.getLogger(__name__)


class NotAvailable(Exception):
    """What a claim needs is not here: a data set, or a run that may not be started; the claim is not run."""


@dataclass(frozen=True)
class Found:
    """A record, and where it comes from.

    Attributes:
        record: what the run found out.
        title: the run's name for people.
        seed: of the run.
        source: "computed" on this machine, or "recorded" as evidence.
        freshness: what today's code says of it; a computed one is current.
        device, date, commit: on what, when it was recorded, and at which commit; the last two not for a computed one.
        provenances: of the data sets, for a recorded one; a computed one has read them here.
    """

    record: Record
    title: str
    seed: int
    source: str
    freshness: str
    device: str
    date: str | None = None
    commit: str | None = None
    provenances: tuple[Provenance, ...] = ()


def computed(run: Run, record: Record) -> Found:
    """A record of the store."""
    return Found(record, str(run), run.seed, "computed", "current", str(record.environment.get("device", "")))


def told_of_divergence(record: Record) -> str:
    """Where a run diverged, with its loss there and what else it left."""
    from harness.runs import RunDiverged

    found = record.metrics
    return str(RunDiverged(found["diverged_at"], found.get("loss", math.nan), found.get("detail", "")))


def told_by(run: Run, entry: Entry, freshness: Freshness) -> Found:
    """A record that is kept as evidence."""
    device = str(entry.environment.get("device", ""))
    record, sources = entry.record(), entry.sources
    return Found(record, str(run), run.seed, "recorded", str(freshness), device, entry.date, entry.commit, sources)


class Session:
    """Opened at the first use of anything that needs torch; a session that judges nothing opens none of it."""

    def __init__(
        self,
        *,
        tier: str,
        data: Path | None,
        store: Path,
        device: str,
        train: bool,
        download: bool = False,
        evidence: Path | None = None,
        recorded: bool = False,
        stalled: float | None = None,
    ) -> None:
        """Set it up; nothing is opened.

        Args:
            tier: what was asked for.
            data: folder of the real data sets.
            store: folder of the records of finished runs.
            device: as torch spells it, or "auto".
            train: whether runs may be started.
            download: whether missing data sets may be fetched.
            evidence: folder of the evidence that is kept; None for none.
            recorded: judge trained claims from what is recorded: the evidence first, else the store; train nothing.
            stalled: seconds without progress after which a run is given up; None for never.
        """
        self.tier = tier
        self._stalled = stalled
        self._evidence = evidence
        self._recorded = recorded
        self._data = data
        self._store = store
        self._device = device
        self._train = train
        self._download = download
        self.rungs: dict[str, dict[str, Sequence[str]]] = {}
        """By the place of a claim: the tiers that it is judged at, with their data sets, as collection found them."""
        self._failed: dict[Run, Exception] = {}
        self._found: dict[Run, Found] = {}

    @functools.cached_property
    def device(self) -> torch.device:
        """The device asked for; `auto` is a GPU where there is one, and of several the one of this process."""
        from harness.runs.devices import own_device

        return torch.device(own_device(self.device_name))

    @functools.cached_property
    def device_name(self) -> str:
        """The same as torch spells it, for any of this session's processes."""
        from harness.runs.devices import surely_no_gpu

        if self._device == "auto":
            return "cpu" if surely_no_gpu() or not torch.cuda.is_available() else "cuda"
        return self._device

    @functools.cached_property
    def store(self) -> Store:
        """The records of finished runs."""
        from harness.store import Store

        return Store(self._store)

    @functools.cached_property
    def bench(self) -> Bench:
        """What a run works with."""
        from harness.runs import Bench

        return Bench(self.device_name, self._data, self._download)

    def images(self, name: str, split: str) -> ImageSet:
        """A data set of the catalogue, verified.

        Raises:
            NotAvailable: when it is not there; a damaged one raises `DatasetCorrupt`.
        """
        with _there():
            return self.bench.images(name, split)

    def detection(self, name: str, split: str) -> DetectionSet:
        """The same for images with annotated objects."""
        with _there():
            return self.bench.detection(name, split)

    def provenance(self, name: str, split: str) -> Provenance:
        """Where the images of a set come from; errors as in `images`."""
        with _there():
            return self.bench.provenance(name, split)

    def weights(self, name: str) -> Weights:
        """Released weights of a network.

        Raises:
            NotAvailable: when they are not there; damaged ones raise `DatasetCorrupt`.
        """
        from harness.data.weights import weights

        with _there():
            return weights(name, self._data, download=self._download)

    @functools.cached_property
    def archive(self) -> Archive:
        """The evidence that is kept; what is wrong with it is said once."""
        from harness.evidence import Archive

        archive = Archive.read(self._evidence) if self._evidence else Archive(Path())
        for problem in archive.problems:
            log.warning("evidence %s", problem)
        return archive

    def recorded(self, run: Run) -> tuple[Entry, Freshness] | None:
        """The record of a run that is kept as evidence, and what today's code says of it; of the data here, if any."""
        from harness.runs import declared

        if not self.archive.entries:
            return None
        return self.archive.find(declared(run), self._digests(run))

    def is_recorded(self, run: Run) -> bool:
        """Whether a record of a run is kept as evidence, of whatever data."""
        from harness.runs.key import known_by

        return self.archive.has(known_by(run))

    def is_at_hand(self, recipe: Recipe, seed: int) -> bool:
        """Whether a run's record is in the store or kept as evidence, so that nothing is to be trained."""
        from harness.runs import Run, ingredients
        from harness.store import content_key

        run = Run(recipe, seed)
        if run in self._found or self.recorded(run) is not None:
            return True
        try:
            return self.store.get(content_key(ingredients(run, self.bench))) is not None
        except DatasetMissing:
            return False

    def record(self, recipe: Recipe, seed: int, *, trained: bool = False) -> Found:
        """What a run found out: from the store, else from the evidence, else done now; looked up once a session.

        Args:
            recipe: of the run.
            seed: of the run.
            trained: whether a trained claim asks, which may be held to what is recorded.

        Raises:
            NotAvailable: when it may not be started, lacks its data, or is stored as diverged.
        """
        __tracebackhide__ = True
        from harness.runs import Run

        run = Run(recipe, seed)
        if run in self._failed:
            raise self._failed[run]
        if run not in self._found:
            self._found[run] = self._look_up(run, recorded=self._recorded and trained)
        record = self._found[run].record
        if record.diverged:
            raise NotAvailable(f"{run} {told_of_divergence(record)}; nothing can be read off it")
        return self._found[run]

    def _look_up(self, run: Run, *, recorded: bool) -> Found:
        from harness.runs import RunMissing, perform
        from harness.store import StoreNotWritable

        kept = self.recorded(run)
        if recorded and kept is not None:
            return told_by(run, *kept)
        try:
            compute = self._train and not recorded and kept is None
            return computed(run, perform(run, self.store, self.bench, compute=compute))
        except (RunMissing, DatasetMissing, StoreNotWritable) as missing:
            if kept is None:
                left = self.left_by(run)
                failed = f"{run} failed: {left['kind']}: {left['message']}" if left else ""
                raise NotAvailable(failed or f"{missing}{self._of_other_data(run)}") from missing
            return told_by(run, *kept)

    def _of_other_data(self, run: Run) -> str:
        """That a run which counts as missing is recorded, but of other data than those that lie here."""
        if self._digests(run) is None or not self.is_recorded(run):
            return ""
        names = ", ".join(dict.fromkeys(name for name, _ in run.recipe.data_sets()))
        return f"; it is recorded, but of other data than {names} as it is here"

    def left_by(self, run: Run) -> dict[str, Any] | None:
        """What a run left that failed here or diverged, see `harness.runs.remains.left`."""
        from harness.runs import ingredients
        from harness.runs.remains import left
        from harness.store import content_key

        try:
            return left(self.store, content_key(ingredients(run, self.bench)))
        except DatasetMissing:
            return None

    def _digests(self, run: Run) -> dict[str, str] | None:
        """Digest of each data set of a run, by "name/split"; None where one of them is not here."""
        try:
            return {
                f"{name}/{split}": self.bench.provenance(name, split).digest for name, split in run.recipe.data_sets()
            }
        except DatasetMissing:
            return None

    def _is_kept(self, run: Run) -> bool:
        """Whether evidence tells what a run found; of damaged data nothing does, and the run fails by itself."""
        try:
            return self.recorded(run) is not None
        except DatasetCorrupt:
            return False

    def prepare(self, runs: Iterable[Run], workers: int | None = None) -> None:
        """Do the runs that the store lacks; one that fails is told by the claims that need it.

        Args:
            runs: may name a run several times.
            workers: processes that share the work, beside this one; as many as there are cores unless told.
        """
        from harness.runs import perform_all

        if not self._train:
            return
        wanted = [run for run in runs if not self._is_kept(run)]
        if not wanted or self.store.unwritable:
            return
        apart = workers is not None or self.device.type == "cpu"  # on a GPU runs take turns in one process
        outcomes = perform_all(wanted, self.store, self.bench, workers=workers, apart=apart, stalled=self._stalled)
        for outcome in outcomes:
            if outcome.record is not None:
                self._found[outcome.run] = computed(outcome.run, outcome.record)
            elif outcome.missing:
                self._failed[outcome.run] = NotAvailable(f"{outcome.run} was left: the store takes no more records")
            elif outcome.failure is not None:
                self._failed[outcome.run] = outcome.failure


@contextlib.contextmanager
def _there() -> Iterator[None]:
    try:
        yield
    except DatasetMissing as missing:
        raise NotAvailable(str(missing)) from missing
