"""Seeds that no claim states and no recipe was chosen with: does a verdict come out again with them?"""

from __future__ import annotations

LEAST = 1000
"""From here on; a claim's own seeds, those that may be added to them, and those of development are below."""

first: int | None = None
"""From where on the claims of this session take as many seeds as they state, in place of their own; None for their own.

Set when a session is configured, as are the claims that are declared.
"""
