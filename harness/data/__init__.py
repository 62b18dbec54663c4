"""Images: what can be had, where it lies, and how it is verified and read."""

from __future__ import annotations

from harness.data.catalogue import DATA_SETS
from harness.data.dataset_errors import DatasetCorrupt, DatasetError, DatasetMissing, DownloadFailed, UnsafePickle
from harness.data.image_set import ImageSet, Provenance
from harness.data.loading import load, provenance

__all__ = [
    "DATA_SETS",
    "DatasetCorrupt",
    "DatasetError",
    "DatasetMissing",
    "DownloadFailed",
    "ImageSet",
    "Provenance",
    "UnsafePickle",
    "load",
    "provenance",
]
