"""How much of a claim its card shows, so that a page over many claims stays small enough to be sent and opened."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Detail:
    """The most of each that a card shows; claims.json has all.

    Attributes:
        panels: cases whose curves are drawn.
        cases: rows of the table of cases, those that decide among them; rows of its picture likewise.
        values: rows of values by seed.
        pictures: images with boxes.
        brief: whether a card has no drawing and no table: why, the numbers, rule, control and command alone.
    """

    panels: int
    cases: int
    values: int
    pictures: int
    brief: bool = False


ALL = 10**9

DETAILS = (
    Detail(8, ALL, ALL, pictures=ALL),
    Detail(2, 24, 24, pictures=4),
    Detail(0, 6, 6, pictures=2),
    Detail(0, 1, 0, pictures=1, brief=True),
)
"""From the most to the least."""

FAR = 1.25
"""Times the room that there is, beyond which cards are shortened to the least at once."""


def chosen(entry: Entry, cases: Sequence[Entry], most: int) -> list[Entry]:
    """So many of a claim's cases, in their order; the one that decides is among them."""
    decides = entry["deciding"] and entry["deciding"]["case"]
    ranked = sorted(range(len(cases)), key=lambda number: (cases[number]["case"] != decides, number))[:most]
    return [cases[number] for number in sorted(ranked)]


def fitted(
    card: Callable[[str, Detail], str], ids: Sequence[str], room: int, size: Callable[[str], int]
) -> dict[str, str]:
    """The cards of claims, with as much detail as there is room for: the longest are shortened first, step by step.

    Args:
        card: draws the card of an id.
        ids: of the claims.
        room: what all cards may have together.
        size: of a card as it was drawn.

    Returns:
        The cards by id; with the least detail where not even that fits.
    """
    cards = {id: card(id, DETAILS[0]) for id in ids}
    sizes = {id: size(one) for id, one in cards.items()}
    total, last = sum(sizes.values()), len(DETAILS) - 1
    longest = [(-sizes[id], place, 0) for place, id in enumerate(ids)]
    heapq.heapify(longest)
    while total > room and longest:
        _, place, step = heapq.heappop(longest)
        id, step = ids[place], step + 1 if total < FAR * room else last
        cards[id] = card(id, DETAILS[step])
        total -= sizes[id]
        sizes[id] = size(cards[id])
        total += sizes[id]
        if step < last:
            heapq.heappush(longest, (-sizes[id], place, step))
    return cards
