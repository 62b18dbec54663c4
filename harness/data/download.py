"""Fetching published files: over https only, and nothing is written before it has proved to be the listed file.

torchvision's own download is not used: it repeats a failed https request over plain http, fetches Fashion-MNIST over
plain http in the first place, and unpacks archives to disk unchecked.  What is fetched here lies where torchvision
would put it.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path

from filelock import FileLock

from harness.data.dataset_errors import DownloadFailed
from harness.data.files import DataFile, Stored
from harness.system.files import write_atomically

TIMEOUT_SECONDS = 60


def fetch(files: Iterable[DataFile], root: Path) -> None:
    """Put files under `root`; one that is there is left as it is, for its reader to verify.

    Raises:
        DownloadFailed: no connection, a plain http address, or content of another size or SHA-256.
    """
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / ".download.lock"):
        for file in files:
            place = Stored(root, file)
            if not place.there:
                write_atomically(place.path, _fetched(file, place.path))


def received(url: str, limit: int, place: Path) -> bytes:
    """What is published at an address, cut off one byte behind the `limit`, so that a longer content shows.

    Raises:
        DownloadFailed: no connection, or a plain http address; names the place to put the file at by hand.
    """
    _refuse_plain_http(url)
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
            _refuse_plain_http(response.url)
            content: bytes = response.read(limit + 1)
    except (OSError, HTTPException) as error:
        raise DownloadFailed(f"{url}: {error}.  {advice(place)}") from error
    return content


def advice(place: Path) -> str:
    """What to do where a file that belongs there cannot be fetched."""
    return f"Check the connection, or put the file at {place} by hand."


def _fetched(file: DataFile, place: Path) -> bytes:
    content = received(file.url, file.size, place)
    if flaw := file.flaw(content):
        raise DownloadFailed(f"{file.url}: {flaw}; nothing was written.  {advice(place)}")
    return content


def _refuse_plain_http(url: str) -> None:
    if not url.startswith("https://"):
        raise DownloadFailed(f"{url}: refusing plain http; what is sent over it can be changed on the way")
