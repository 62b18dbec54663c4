"""Generated data are the same to the bit on every processor: evidence is found by their digests."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

DIGESTS = {
    "scenes train": "037b6072c2cda01b1adcb001ec03803ba987bcb5e8c7e14587faf1e936cf1aa1",
    "scenes test": "eba8ea2efafc747d7534ee57adfdf4defe6cdab67a3c5160873ef2f70167d7a4",
    "textures train": "58cff119fee679a5248e238790b5543fe72139089293a2af3cf0f5c7aa4ff443",
    "textures test": "1be59e8e7cd24124503dfa6690b673da577c445de5cb443786f74900ff2f01a1",
}

SHOWN = """
from harness.data.embedded import textures
from harness.data.scenes import scenes
for made in (scenes, textures):
    for split in ("train", "test"):
        print(made.__name__, split, made(split).digest)
"""


@pytest.mark.parametrize("mode", ["", "COMPATIBLE", "AVX2"])
def test_digests_do_not_depend_on_the_instructions_that_compute_exponentials(mode):
    """MKL chooses by the processor's make and model; by this variable it takes what another one would."""
    command = [sys.executable, "-c", SHOWN]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "MKL_CBWR": mode}, check=True)
    shown = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert shown == DIGESTS
