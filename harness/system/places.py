"""Where things go unless told otherwise, below the root of the repository."""

from __future__ import annotations

from pathlib import Path

STORE = Path("reports/store")
EVIDENCE = Path("reports/evidence")

HISTORY = "history"
"""Of earlier reports, within the store unless told otherwise."""

REPORT = Path("reports/latest")
"""The report over all claims."""

SELECTION = Path("reports/selection")
"""A report over some of them, which must not replace that over all."""
