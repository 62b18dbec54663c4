"""What is held fixed while a run computes."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from harness.runs.conditions import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
np.ones(5_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(5_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc is asked to keep memory")
def test_freed_memory_is_kept_and_not_fetched_anew():
    fetched = {
        way: int(subprocess.run([sys.executable, "-c", FAULTS, way], check=True, capture_output=True).stdout)
        for way in ("keep", "give back")
    }
    assert fetched["keep"] < fetched["give back"] / 10
