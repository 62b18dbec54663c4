"""A few kills at random moments; `python -m harness.tests.killing DIR --kills 200` does many."""

from __future__ import annotations

import os

import pytest

from harness.tests.killing import kill_at_random


@pytest.mark.skipif("CLAIMS_KILLS" not in os.environ, reason="takes a minute: CLAIMS_KILLS=1 runs it")
def test_nothing_finished_is_lost_and_nothing_half_written_is_believed(tmp_path, monkeypatch):
    monkeypatch.delenv("CLAIMS_DATA", raising=False)
    found = kill_at_random(tmp_path, kills=2)
    assert found["records"] >= 30
    assert found["evidence"] >= 30
