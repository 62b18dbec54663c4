"""Evidence that is kept: records of trained runs as text, a line a record, committed beside the code.

A record is found by what it was made of.  Nothing in these files is believed before its digest was checked; what is
damaged, foreign or dependent on another record is named and set aside, never judged.
"""

from __future__ import annotations

from harness.evidence.archive import Archive, Problem
from harness.evidence.entry import Confirmation, Entry, Freshness, LineRefused

__all__ = ["Archive", "Confirmation", "Entry", "Freshness", "LineRefused", "Problem"]
