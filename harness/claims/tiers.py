"""How much a run of the suite may cost; each tier contains the ones before it."""

from __future__ import annotations

TIERS = ("smoke", "laptop", "nightly", "paper")


def reaches(tier: str, lowest: str) -> bool:
    """Whether a run at `tier` includes what is judged from tier `lowest` on."""
    return TIERS.index(tier) >= TIERS.index(lowest)
