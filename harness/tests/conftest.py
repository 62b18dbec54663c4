"""Fixtures that several test modules share."""

from __future__ import annotations

import pytest

from harness.tests.suite import Suite


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    return Suite(pytester)
