"""Bad usage: one line that says what is wrong, and exit status 2."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from typing import NoReturn

from harness.system.places import EVIDENCE


class BadUsage(Exception):
    """A command cannot do what it was asked for; the message says why."""


class Parser(argparse.ArgumentParser):
    """A parser that complains in one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where help is; end the process."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def positive(text: str) -> float:
    """A number above zero, from the command line."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero")
    return number


def at_least_one(text: str) -> int:
    """A whole number above zero, from the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def folder(option: str, named: Path) -> Path:
    """A folder that an option names.

    Raises:
        BadUsage: it is none.
    """
    if not named.is_dir():
        raise BadUsage(f"{option} {named}: there is no such folder")
    return named


def evidence_folder(named: Path | None, *, to_write: bool = False) -> Path:
    """Where evidence is kept: in the folder that is named, which is there, or is to be made where it is `to_write`.

    Raises:
        BadUsage: it is no folder, or nothing can be written there where that is asked for.
    """
    place = named or EVIDENCE
    if named and not (to_write and not named.exists()):
        folder("--evidence", named)
    there = next(one for one in (place, *place.absolute().parents) if one.exists())
    if to_write and not os.access(there, os.W_OK):
        raise BadUsage(f"{place}: no evidence can be written there")
    return place
