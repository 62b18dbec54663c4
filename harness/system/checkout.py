"""The commit that a checkout is at, and what was changed since."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

SECONDS = 30.0
"""After which git is given up."""


@dataclass(frozen=True)
class Checkout:
    """What git says; as text the commit, with "+" where files were changed.

    Attributes:
        commit: its full hash.
        changed: files that are not as in the commit, untracked ones among them.
    """

    commit: str
    changed: tuple[str, ...]

    def __str__(self) -> str:
        return self.commit + "+" * bool(self.changed)


def checkout(root: Path, apart: Path | None = None) -> Checkout:
    """The state of the files under `root`; those under `apart`, below it, do not count.

    Raises:
        OSError, subprocess.SubprocessError: there is no git, no repository, or no answer in time.
    """
    below = ["--", ".", *([f":!{apart}"] if apart else [])]
    changed = _git(root, "status", "--porcelain", *below)
    return Checkout(_git(root, "rev-parse", "HEAD"), tuple(line[3:] for line in changed.splitlines()))


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS).stdout.rstrip("\n")
