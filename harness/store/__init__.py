"""Records of finished runs by content key: the only channel between training and judging."""

from __future__ import annotations

from harness.store.bundle import Merged, export, merge
from harness.store.canonical import content_key
from harness.store.errors import (
    BundleRefused,
    FormatUnknown,
    RecordConflict,
    RecordCorrupt,
    RecordNotWritten,
    StoreNotWritable,
    StoreProblem,
)
from harness.store.record import FORMAT, Record
from harness.store.store import Store

__all__ = [
    "FORMAT",
    "BundleRefused",
    "FormatUnknown",
    "Merged",
    "Record",
    "RecordConflict",
    "RecordCorrupt",
    "RecordNotWritten",
    "Store",
    "StoreNotWritable",
    "StoreProblem",
    "content_key",
    "export",
    "merge",
]
