"""What can go wrong with the store: one exception a failure."""

from __future__ import annotations


class StoreProblem(Exception):
    """Anything that the store refuses; the message says what to do."""


class StoreNotWritable(StoreProblem):
    """A record was to be written into a store that can only be read."""


class RecordCorrupt(StoreProblem):
    """The bytes of a record are not those that were written."""


class RecordConflict(StoreProblem):
    """A key already has a record, with another content."""


class RecordNotWritten(StoreProblem):
    """The disk refused a record."""


class FormatUnknown(StoreProblem):
    """A record is intact, and of a format that this version of the suite does not read."""


class BundleRefused(StoreProblem):
    """A bundle is not what `export` writes; nothing of it has entered the store."""
