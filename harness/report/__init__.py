"""From the cases of a session to claims.json and the page that a reader opens."""

from __future__ import annotations

from harness.report.flat import frame

__all__ = ["frame"]
