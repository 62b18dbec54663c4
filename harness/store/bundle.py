"""Records in one file, to carry them from one machine to another."""

from __future__ import annotations

import os
import re
import struct
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.store.errors import BundleRefused, RecordConflict, RecordCorrupt, StoreProblem
from harness.store.record import check_digest, decode, unpack
from harness.store.store import Store

LARGEST_JSON = 64 * 2**20
LARGEST_TENSORS = 8 * 2**30
"""Bytes; a larger member of a bundle is refused."""

_MEMBER = re.compile(r"([0-9a-f]{64})\.(json|safetensors)")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNREADABLE = (zipfile.BadZipFile, OSError, ValueError, KeyError, EOFError, RuntimeError, struct.error)
"""What zipfile raises for bytes that are no sound zip file."""


@dataclass
class Merged:
    """What became of a bundle's records, by key.

    Attributes:
        added: entered the store.
        skipped: in the store already, with the same content.
        conflicts: in the store already, with another content, which was kept; a sentence each.
        corrupt: damaged in the bundle, left out; a sentence each.
    """

    added: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    conflicts: dict[str, str] = field(default_factory=dict)
    corrupt: dict[str, str] = field(default_factory=dict)


def export(store: Store, keys: Iterable[str], file: Path | str) -> None:
    """Write records into a bundle: a zip file, stored, the same bytes for the same records.

    Raises:
        StoreProblem: the store has no intact record of one of the keys; nothing is written.
    """
    file = Path(file)
    beside = file.with_name(f".{file.name}.part")
    try:
        with beside.open("wb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as bundle:
                for key in sorted(set(keys)):
                    _pack(key, store, bundle)
            os.fsync(stream.fileno())
        os.replace(beside, file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _pack(key: str, store: Store, bundle: zipfile.ZipFile) -> None:
    record = store.get(key)
    if record is None:
        raise StoreProblem(f"no record of run {key} in {store.path}: train it before it is bundled")
    json_file, tensors_file = store.files(key)
    bundle.writestr(zipfile.ZipInfo(json_file.name, _EPOCH), json_file.read_bytes())
    if record.tensors_digest is not None:
        bundle.writestr(zipfile.ZipInfo(tensors_file.name, _EPOCH), tensors_file.read_bytes())


def merge(file: Path | str, store: Store) -> Merged:
    """Add the records of a bundle to a store.  All are checked before the first one enters.

    Raises:
        BundleRefused: the file is no bundle, or has a member that `export` would not have written.
        FormatUnknown: a record was written by another version of the suite.
    """
    store.require_writable()
    merged = Merged()
    with Path(file).open("rb") as stream:
        try:
            bundle = zipfile.ZipFile(stream)
        except _UNREADABLE as error:
            raise BundleRefused(f"{file} is no bundle, or was cut: {error}") from error
        with bundle:
            for key in _intact(bundle, _members(bundle, Path(file).stat().st_size), merged):
                _add(key, bundle, store, merged)
    return merged


def _members(bundle: zipfile.ZipFile, size: int) -> set[str]:
    """The bundle's members, if their names and sizes are those of records."""
    names: set[str] = set()
    for member in bundle.infolist():
        name = member.filename
        match = _MEMBER.fullmatch(name)
        if match is None:
            raise BundleRefused(f"{bundle.filename}: member {name!r} is not named as a record is")
        if name in names:
            raise BundleRefused(f"{bundle.filename}: two members are named {name}")
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
            raise BundleRefused(f"{bundle.filename}: member {name} is compressed or encrypted; a bundle's are stored")
        largest = LARGEST_JSON if match[2] == "json" else LARGEST_TENSORS
        if member.file_size > largest:
            raise BundleRefused(f"{bundle.filename}: member {name} has {member.file_size} bytes, more than {largest}")
        names.add(name)
    if sum(member.file_size for member in bundle.infolist()) > size:
        raise BundleRefused(f"{bundle.filename}: its members are larger than the file")
    return names


def _intact(bundle: zipfile.ZipFile, names: set[str], merged: Merged) -> list[str]:
    """Keys of the records whose every digest is right; the others are noted."""
    keys = []
    for key in sorted({name.split(".")[0] for name in names}):
        try:
            _check(key, *_bytes(key, bundle))
        except (RecordCorrupt, *_UNREADABLE) as error:
            merged.corrupt[key] = str(error)
        else:
            keys.append(key)
    return keys


def _bytes(key: str, bundle: zipfile.ZipFile) -> tuple[bytes, bytes | None]:
    tensors = f"{key}.safetensors"
    return bundle.read(f"{key}.json"), bundle.read(tensors) if tensors in bundle.namelist() else None


def _check(key: str, data: bytes, tensors: bytes | None) -> None:
    record = decode(key, data, Path())
    if (record.tensors_digest is None) != (tensors is None):
        raise RecordCorrupt(f"store entry {key} corrupt: its tensors are missing, or do not belong to it")
    if record.tensors_digest is not None and tensors is not None:
        check_digest(key, tensors, record.tensors_digest)
        unpack(key, tensors)


def _add(key: str, bundle: zipfile.ZipFile, store: Store, merged: Merged) -> None:
    there = store.get(key) is not None
    try:
        store.enter(key, *_bytes(key, bundle))
    except RecordConflict as error:
        merged.conflicts[key] = str(error)
    else:
        (merged.skipped if there else merged.added).append(key)
