"""Fixtures that several test modules share."""

from __future__ import annotations

import pytest

# Here, before any test: `pytester` puts sys.modules back after its test, and a torch that was first imported within one
# would be loaded a second time by the next, which kills the interpreter.
import torch  # noqa: F401

from harness.tests.suite import Suite


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.delenv("CLAIMS_DATA", raising=False)
    return Suite(pytester)
