"""Waiting for other processes."""

from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path


@contextlib.contextmanager
def handled(number, handler):
    """A signal is handled so, whatever whoever started the tests does with it: `nohup` ignores SIGHUP."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def group_exists(group):
    """Whether a living process of the group is left (a zombie that nobody has waited for is none)."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = status.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                return True
    return False
