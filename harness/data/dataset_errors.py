"""What can be wrong with a data set."""

from __future__ import annotations


class DatasetError(Exception):
    """A data set cannot be used; the message says why and what to do."""


class DatasetMissing(DatasetError):
    """No layout of the data set is complete under the data folder."""


class DatasetCorrupt(DatasetError):
    """A file is not, byte for byte, the one that the catalogue lists, or does not hold what it should."""


class UnsafePickle(DatasetCorrupt):
    """A pickle asks for something other than plain arrays, strings, numbers, lists, tuples and dictionaries."""


class DownloadFailed(DatasetError):
    """A file could not be fetched, or what came is not the file that the catalogue lists."""
