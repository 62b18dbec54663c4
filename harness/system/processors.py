"""How many processors there are for this process."""

from __future__ import annotations

import os
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")


def processors(groups: Path = CONTROL_GROUPS) -> int:
    """Those that the process may use; all of the machine's where the system does not say.

    A container that may use two processors' time (`docker run --cpus 2`) still sees all of its host's.  A process for
    each of them would have its own copy of the data, and the memory would not suffice: so the quota counts too.
    """
    seen = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(groups)
    return seen if quota is None else max(1, min(seen, quota))


def _quota(groups: Path) -> int | None:
    """Processors that the container's share of time makes up, rounded up; None where it has no bounds.

    Version 2 of Linux's control groups says "200000 100000" in `cpu.max`, microseconds of each period, or "max 100000";
    version 1 has two files, and -1 for no bounds.
    """
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            share, period = " ".join((groups / file).read_text(encoding="ascii") for file in files).split()
            return -(-int(share) // int(period)) if int(share) > 0 else None
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return None
