"""The files of a data set: what each must be, and reading one only after it has proved to be that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from harness.data.dataset_errors import DatasetCorrupt


@dataclass(frozen=True)
class DataFile:
    """One file that the catalogue lists.

    Attributes:
        path: below the data folder, with forward slashes.
        size: in bytes.
        sha256: hexadecimal.
        url: where it is published, over https; empty where it is not published as such.
    """

    path: str
    size: int
    sha256: str
    url: str = ""

    def flaw(self, content: bytes) -> str | None:
        """What sets some content apart from this file's, or None."""
        if len(content) != self.size:
            return f"found {len(content):,} bytes, expected {self.size:,} bytes"
        found = hashlib.sha256(content).hexdigest()
        return None if found == self.sha256 else f"found SHA-256 {found}, expected {self.sha256}"


@dataclass(frozen=True)
class Stored:
    """A listed file as it lies under a data folder."""

    root: Path
    file: DataFile

    @property
    def path(self) -> Path:
        """Where it should lie."""
        return self.root / self.file.path

    @property
    def there(self) -> bool:
        """Whether there is a file of that name, whatever it holds."""
        return self.path.is_file()

    def size_flaw(self) -> str | None:
        """What is wrong with its size, or None; its content is not looked at."""
        size = self.path.stat().st_size
        return None if size == self.file.size else f"found {size:,} bytes, expected {self.file.size:,} bytes"

    def read(self) -> bytes:
        """Its content, verified.

        Raises:
            DatasetCorrupt: size or SHA-256 are not those of the catalogue.
        """
        if flaw := self.size_flaw():
            raise self.corrupt(flaw)
        content = self.path.read_bytes()
        if flaw := self.file.flaw(content):
            raise self.corrupt(flaw)
        return content

    def corrupt(self, flaw: str, kind: type[DatasetCorrupt] = DatasetCorrupt) -> DatasetCorrupt:
        """The error that names this file, what is wrong with it and what to do."""
        source = f" (published at {self.file.url})" if self.file.url else ""
        return kind(
            f"{self.path}: {flaw}.  Nothing of it was used.  Delete it and fetch the data set again with "
            f"`pytest claims --data {self.root} --download`, or put an intact copy in its place{source}."
        )
