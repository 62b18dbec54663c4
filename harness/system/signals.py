"""What a process does when it is told to end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Mapping
from types import FrameType
from typing import Any

TOLD_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a request to end, the end of the terminal."""

Handler = Callable[[int, FrameType | None], Any]


def heed(numbers: Iterable[int], handler: Handler) -> dict[int, Any]:
    """Have signals handled so; what did before.

    SIGHUP that is ignored stays so: who started the process with `nohup` wants it to go on.
    """
    ignored = {number for number in (signal.SIGHUP,) if signal.getsignal(number) is signal.SIG_IGN}
    return {number: signal.signal(number, handler) for number in numbers if number not in ignored}


def put_back(before: Mapping[int, Any]) -> None:
    """Have what `heed` gave handle them again."""
    for number, handler in before.items():
        signal.signal(number, handler)
