"""Fetching published files: over https only, and nothing is written before it has proved to be the listed file.

torchvision's own download is not used: it repeats a failed https request over plain http, fetches Fashion-MNIST over
plain http in the first place, and unpacks archives to disk unchecked.  What is fetched here lies where torchvision
would put it.
"""

from __future__ import annotations

import os
import tempfile
import urllib.request
from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path

from filelock import FileLock

from harness.data.dataset_errors import DownloadFailed
from harness.data.files import DataFile, Stored

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
                _write(place.path, _fetched(file, place.path))


def _fetched(file: DataFile, path: Path) -> bytes:
    advice = f"Check the connection, or put the file at {path} by hand."
    _refuse_plain_http(file.url)
    try:
        with urllib.request.urlopen(file.url, timeout=TIMEOUT_SECONDS) as response:
            _refuse_plain_http(response.url)
            content = response.read(file.size + 1)
    except (OSError, HTTPException) as error:
        raise DownloadFailed(f"{file.url}: {error}.  {advice}") from error
    if flaw := file.flaw(content):
        raise DownloadFailed(f"{file.url}: {flaw}; nothing was written.  {advice}")
    return content


def _refuse_plain_http(url: str) -> None:
    if not url.startswith("https://"):
        raise DownloadFailed(f"{url}: refusing plain http; what is sent over it can be changed on the way")


def _write(path: Path, content: bytes) -> None:
    """Under its name there is all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
