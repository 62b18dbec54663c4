"""Writing a file so that a reader sees the old one or the new one, whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_atomically(file: Path, content: str | bytes, *, lasting: bool = True, by_way_of: Path | None = None) -> None:
    """Replace `file` by `content`: written beside it, flushed to the disk, renamed, and the folder flushed too.

    Without `lasting` nothing is flushed, which takes milliseconds: after a power cut the file may be cut short.  What
    is not whole yet stands in the folder `by_way_of`, on the same file system, if one is given.
    """
    data = content.encode("utf-8", errors="backslashreplace") if isinstance(content, str) else content
    unfinished = by_way_of or file.parent
    for folder in (file.parent, unfinished):
        folder.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=unfinished, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            if lasting:
                stream.flush()
                os.fsync(stream.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, file)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    if not lasting:
        return
    parent = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
