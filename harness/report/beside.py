"""A report beside the base that its branch goes to, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def beside(base: Mapping[str, Any] | None) -> list[str]:
    """What claims.json says of its base, a sentence each; nothing where none was asked for.

    Where there is no base to compare with it says so, and why: that is not the same as that nothing changed.
    """
    if base is None:
        return []
    if base["none"]:
        return [f"no base: {base['none']}"]
    counts = base["evidence"]
    lines = f"evidence: {counts['added']} lines added, {counts['removed']} taken out" if any(counts.values()) else ""
    return [
        f"beside {base['named']}: {len(base['changes']) or 'no'} verdict{'s' * (len(base['changes']) != 1)} changed",
        *base["changes"],
        *([lines] if lines else []),
    ]
