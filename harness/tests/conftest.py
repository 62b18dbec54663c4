"""Fixtures that several test modules share."""

from __future__ import annotations

import pytest

from harness.tests.suite import Suite


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.delenv("CLAIMS_DATA", raising=False)
    return Suite(pytester)
