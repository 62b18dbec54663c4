"""What git knows of a checkout: the commit that it is at, what was changed since, where it left another branch."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

SECONDS = 30.0
"""After which git is given up."""


class NoMergeBase(Exception):
    """A checkout and another branch have no commit in common that git knows of; the message says why."""


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


def tracked(root: Path) -> list[str]:
    """The names of the files under `root` that git keeps and that are there, below `root`.  Errors as `checkout`."""
    return [name for name in _git(root, "ls-files", "-z").split("\0") if name and (root / name).is_file()]


def merge_base(root: Path, ref: str) -> str:
    """The commit at which the history of a checkout left that of another branch, or of a commit.

    Raises:
        NoMergeBase: there is none that git knows of here; the message says why.
        OSError, subprocess.SubprocessError: as `checkout`.
    """
    try:
        _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except subprocess.CalledProcessError as error:
        raise NoMergeBase(f"no branch or commit here is called {ref}") from error
    try:
        return _git(root, "merge-base", "HEAD", ref)
    except subprocess.CalledProcessError as error:
        if _git(root, "rev-parse", "--is-shallow-repository") == "true":
            raise NoMergeBase(f"this clone is shallow, and does not reach back to {ref}; fetch its history") from error
        raise NoMergeBase(f"{ref} has no commit in common with this checkout") from error


def file_at(root: Path, commit: str, file: Path) -> bytes | None:
    """What a file below `root` held at a commit; None where it was not there.  Errors as `checkout`."""
    name = file.relative_to(root).as_posix()
    if not _git(root, "ls-tree", commit, "--", name):
        return None
    command = ["git", "-C", str(root), "show", f"{commit}:./{name}"]
    return subprocess.run(command, capture_output=True, check=True, timeout=SECONDS).stdout


def lines_since(root: Path, commit: str, folder: Path) -> tuple[int, int]:
    """How many lines of the files in a folder below `root` were added and taken out since a commit."""
    told = _git(root, "diff", "--numstat", commit, "--", folder.relative_to(root).as_posix())
    counts = [line.split("\t")[:2] for line in told.splitlines()]
    added, gone = (sum(int(one[side]) for one in counts if one[side].isdigit()) for side in (0, 1))
    return added, gone


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS).stdout.rstrip("\n")
