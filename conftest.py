"""Loads the suite's pytest plugin, and pytest's own for tests that run pytest."""

from __future__ import annotations

pytest_plugins = ["harness.plugin", "pytester"]
