"""Hooks that other plugins may implement, as pytest's own."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.hookspec(firstresult=True)
def pytest_claims_judged(document: dict[str, Any]) -> bool | None:
    """Take the content of claims.json, before it is compared with earlier reports; True where it needs no report."""
