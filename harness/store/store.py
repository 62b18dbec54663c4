"""Where records are kept: a folder that is only ever added to."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout

from harness.store.canonical import content_key
from harness.store.errors import (
    FormatUnknown,
    RecordConflict,
    RecordCorrupt,
    RecordNotWritten,
    StoreNotWritable,
    StoreProblem,
)
from harness.store.folder import prepare
from harness.store.record import Record, check_digest, decode, encode, unpack
from harness.system.files import write_atomically

if TYPE_CHECKING:
    from harness.runs.recipe import Result

log = logging.getLogger(__name__)

PASSING: Final = {"passing": True}
"""Marks what is logged for those who watch, and need not be said again at the end."""

_KEY = re.compile(r"[0-9a-f]{64}")


class Store:
    """Records by content key.  Readers take no lock; each key has one writer at a time.

    Attributes:
        path: the folder.
        unwritable: why it cannot be written to; None where it can.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).resolve()
        if self.path.exists() and not self.path.is_dir():
            raise StoreProblem(f"{self.path} is a file: the store is a folder, give another path")
        self.unwritable = prepare(self.path)
        if self.unwritable:
            log.warning("store not writable (%s: %s); reading only", self.path, self.unwritable)

    def require_writable(self) -> None:
        """Raise `StoreNotWritable` now rather than when a long run has ended."""
        if self.unwritable:
            raise StoreNotWritable(f"store {self.path} is not writable ({self.unwritable}); give another one")

    def keys(self) -> list[str]:
        """The keys of all records, in order; nothing is read of them."""
        return sorted(file.stem for file in self._records.glob("*.json") if _KEY.fullmatch(file.stem))

    def records(self) -> Iterator[Record]:
        """Every record, in the order of their keys, without reading arrays; what is damaged is passed over."""
        for key in self.keys():
            try:
                record = decode(key, self._json(key).read_bytes(), self._tensors(key))
            except (RecordCorrupt, FormatUnknown, OSError):
                continue
            yield record

    def get(self, key: str) -> Record | None:
        """The record of a key, or None.

        A corrupt one is moved to `quarantine/` and counts as missing, so that its run is done again.

        Raises:
            FormatUnknown: another version of the suite wrote it.
        """
        try:
            return self._read(key)
        except RecordCorrupt as error:
            self._set_aside(key, error)
            return None

    def put(
        self, key: str, made_of: Mapping[str, Any], result: Result, environment: Mapping[str, Any], seconds: float
    ) -> Record:
        """Keep a result, and return it as it can be read back.

        Raises:
            RecordConflict: the key has a record already, with another content.
            RecordNotWritten: the disk is full or broken; nothing of the record is left behind.
            StoreNotWritable: the store can only be read.
        """
        if key != content_key(made_of):
            raise ValueError(f"key {key} is not that of what the result is made of ({content_key(made_of)})")
        return self.enter(key, *encode(key, made_of, result, environment, seconds))

    def enter(self, key: str, data: bytes, tensors: bytes | None) -> Record:
        """Keep a record whose files' bytes are at hand; otherwise as `put`."""
        self.require_writable()
        new = decode(key, data, self._tensors(key))
        with self.lock(key):
            kept = self.get(key)
            if kept is None:
                self._write(key, data, tensors)
                kept = self._read(key)
        if kept is None or kept.content != new.content:
            raise RecordConflict(
                f"run {key} has a record with another content in {self.path}, which is kept: the run does not give "
                "the same result twice, or something that it depends on is missing from its key"
            )
        return kept

    @contextlib.contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Hold a key's lock, which the system releases when the process dies.  Reentrant within a thread.

        Who holds it stands in a file beside it, for those who wait; that of a process that died is written over.
        """
        lock = FileLock(self.path / "locks" / f"{_checked(key)}.lock", is_singleton=True)
        holder = self.path / "locks" / f"{key}.holder"
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.warning("run %s is being computed by %s, waiting", key[:12], _held_by(holder), extra=PASSING)
            lock.acquire()
        try:
            if lock.lock_counter == 1:
                _hold(holder)
            yield
        finally:
            try:
                if lock.lock_counter == 1:
                    holder.unlink(missing_ok=True)
            finally:
                lock.release()

    def files(self, key: str) -> tuple[Path, Path]:
        """Paths of a record's JSON file and of its tensor file, whether they exist or not."""
        return self._json(key), self._tensors(key)

    def verify(self) -> list[str]:
        """Read every record to its last array; a sentence for each that is corrupt (and set aside) or unreadable."""
        problems = []
        for key in self.keys():
            try:
                self._read_whole(key)
            except RecordCorrupt as error:
                problems.append(str(error))
                self._set_aside(key, error)
            except (FormatUnknown, OSError) as error:
                problems.append(f"record {key}: {error}")
        return problems

    @property
    def _records(self) -> Path:
        return self.path / "records"

    @property
    def _unfinished(self) -> Path:
        """Files that are being written: few, however many records there are, so that litter is found at once."""
        return self._records / ".unfinished"

    def _json(self, key: str) -> Path:
        return self._records / f"{_checked(key)}.json"

    def _tensors(self, key: str) -> Path:
        return self._records / f"{_checked(key)}.safetensors"

    def _read(self, key: str) -> Record | None:
        try:
            data = self._json(key).read_bytes()
        except FileNotFoundError:
            return None
        record = decode(key, data, self._tensors(key))
        if record.tensors_digest is not None:
            try:
                tensors = record.tensors_file.read_bytes()
            except FileNotFoundError:
                raise RecordCorrupt(f"store entry {key} corrupt: {record.tensors_file.name} is missing") from None
            check_digest(key, tensors, record.tensors_digest)
        return record

    def _read_whole(self, key: str) -> None:
        record = self._read(key)
        if record is not None and record.tensors_digest is not None:
            unpack(key, record.tensors_file.read_bytes())

    def _write(self, key: str, data: bytes, tensors: bytes | None) -> None:
        """Tensors first: the JSON file is what makes a record exist."""
        self._sweep(key)
        file = self._tensors(key)
        try:
            if tensors is not None:
                write_atomically(file, tensors, by_way_of=self._unfinished)
            file = self._json(key)
            write_atomically(file, data, by_way_of=self._unfinished)
        except BaseException as error:
            if not self._json(key).exists():
                self._sweep(key)
            if isinstance(error, OSError):
                raise RecordNotWritten(self._refusal(file, len(data) + len(tensors or b""), error)) from error
            raise

    def _refusal(self, file: Path, needed: int, error: OSError) -> str:
        free = shutil.disk_usage(self._records).free
        return (
            f"{file}: {error.strerror or error}; {needed} bytes needed, {free} free.  The {len(self.keys())} records "
            "already in the store are kept; make room and start again"
        )

    def _sweep(self, key: str) -> None:
        """Remove what a write that never ended has left of this key.  For the holder of its lock."""
        for file in (self._tensors(key), *self._unfinished.glob(f".{key}.*")):
            file.unlink(missing_ok=True)

    def _set_aside(self, key: str, error: RecordCorrupt) -> None:
        """Move a corrupt entry away, unless another process is at it or has replaced it by now."""
        if self.unwritable:
            log.warning("%s; not used (the store is only read)", error)
            return
        lock = FileLock(self.path / "locks" / f"{key}.lock", is_singleton=True)
        with contextlib.suppress(Timeout), lock.acquire(timeout=0):
            if self._is_corrupt(key):
                log.warning("%s; moved to %s, will be run again", error, self._quarantine(key))

    def _is_corrupt(self, key: str) -> bool:
        try:
            self._read_whole(key)
        except RecordCorrupt:
            return True
        return False

    def _quarantine(self, key: str) -> Path:
        """The JSON file goes last: while it is there, the entry is known to be corrupt."""
        number = 1 + sum(1 for _ in (self.path / "quarantine").glob(f"{key}-*"))
        folder = self.path / "quarantine" / f"{key}-{number}"
        folder.mkdir()
        for file in reversed(self.files(key)):
            if file.exists():
                file.rename(folder / file.name)
        return folder


def _hold(holder: Path) -> None:
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    with contextlib.suppress(OSError):  # a full disk: the lock holds all the same
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()} since {since}", encoding="utf-8")


def _held_by(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8", errors="replace") or "another process"
    except OSError:
        return "another process"


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key: 64 lower-case hex digits expected")
    return key
