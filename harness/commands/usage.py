"""Bad usage: one line that says what is wrong, and exit status 2."""

from __future__ import annotations

import argparse
import math
from typing import NoReturn


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
