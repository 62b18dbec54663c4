"""The suite's pytest plugin, one module a feature; options come first, since the others read them."""

from __future__ import annotations

pytest_plugins = [
    "harness.plugin.options",
    "harness.plugin.collection",
    "harness.plugin.judging",
    "harness.plugin.preparing",
    "harness.plugin.reporting",
    "pytester",
]
