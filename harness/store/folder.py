"""The store's folder: made whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

FOLDERS = ("records", "quarantine", "locks")

_FILES = {
    "README.md": """# Records of finished runs

Written and read by the claims suite; a file's name is the digest of all that its run depends on (recipe, seed, data,
code, device).

- `records/`: one JSON file a run, with its arrays beside it.  Every read checks their digests.
- `quarantine/`: entries whose digest was wrong.  They are not used, and kept for you to look at.
- `checkpoints/`: how far a run has come that was cut off; it goes on from there, and removes them when it ends.
- `failed/`: what runs left that failed or diverged: how far they were, their last lines, stack, device, seconds.
- `judged/`: what cases of claims came to, so that they are not judged again while nothing that they come from changes.
- `locks/`: files that keep two processes from computing the same run, and say which one does.

Deleting this folder loses no more than the time that its runs took.
""",
    ".gitignore": "*\n",
    "CACHEDIR.TAG": """Signature: 8a477f597d28d172789f06886806bc55
# This file marks a folder that can be computed again, so that backups may leave it out.
# See https://bford.info/cachedir/
""",
}


def prepare(path: Path) -> str | None:
    """Make the folder where it is missing.

    Returns:
        Why it cannot be written to; None where it can.
    """
    try:
        if not path.exists() or not any(path.iterdir()):
            _make(path)
        for name in FOLDERS:
            (path / name).mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=path / "records"):
            pass
    except OSError as error:
        return error.strerror or str(error)
    return None


def _make(path: Path) -> None:
    """Build it beside its place and rename it; whoever comes second in a race uses the first one's.

    An empty folder that nothing can take the place of, since a file system is mounted there, is filled instead.
    """
    if path.is_mount():
        _fill(path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        beside.chmod(0o755)
        _fill(beside)
        os.rename(beside, path)
    except OSError:
        if not path.is_dir() or not any(path.iterdir()):
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _fill(folder: Path) -> None:
    for name, text in _FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
