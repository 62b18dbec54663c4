"""Records that are no independent evidence: what should differ between two seeds and does not.

A training writes down fingerprints of what its seed decides: the initial weights, the order of images, the split.  Two
seeds that share one, or all their numbers, are one run told twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from harness.evidence.entry import Entry
from harness.store.canonical import content_key

FINGERPRINTS = "fingerprints"
"""The metric that holds digests of what the seed decides, by what it is."""

SHARED_IMAGES = "shared_images"
"""The metric that counts images which a network was both trained and tested on: [shared, tested] by what they test."""

MOST_SHARED = 0.01
"""Share of the test images that may be training images too: published sets hold a few duplicates."""

TELLING = 10
"""So many numbers, all the same, do not come out of two seeds."""

DEVELOPMENT_SEEDS = range(100, 1000)
"""Seeds on which recipes are chosen; what was chosen by them is not judged by them."""


def dependent(entries: Mapping[str, Entry]) -> dict[str, str]:
    """Why a record is refused, by key; of two that depend on each other both are, since neither can be believed."""
    refused: dict[str, str] = {}
    for key, entry in entries.items():
        if entry.seed in DEVELOPMENT_SEEDS:
            refused[key] = f"{entry.title}: seed {entry.seed} is a development seed"
        elif leaks := leaked(entry):
            refused[key] = f"{entry.title}: it was trained on {' and '.join(leaks)} images"
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries.values():
        for what, digest in _decided_by_the_seed(entry).items():
            groups[content_key({"recipe": entry.made_of["recipe"], "data": entry.data}) + what, digest].append(entry)
    for (where, _), same in groups.items():
        if len({entry.seed for entry in same}) > 1:
            what = where[64:]
            seeds = ", ".join(str(seed) for seed in sorted({entry.seed for entry in same}))
            refused |= {entry.key: f"{entry.title}: seeds {seeds} have the same {what}" for entry in same}
    return refused


def leaked(entry: Entry) -> list[str]:
    """The sets of images, "validation" or "test", of which more than a few duplicates were trained on."""
    counts: Any = entry.metrics.get(SHARED_IMAGES, {})
    return [str(what) for what, (shared, of) in counts.items() if shared > MOST_SHARED * of]


def _decided_by_the_seed(entry: Entry) -> dict[str, str]:
    """What must differ between seeds, by its name; without fingerprints of its own, all numbers together."""
    stated: Any = entry.metrics.get(FINGERPRINTS)
    found = {str(name): str(digest) for name, digest in stated.items()} if isinstance(stated, Mapping) else {}
    if len(list(islice(_numbers(entry.metrics), TELLING))) == TELLING:
        found["numbers"] = content_key({"metrics": entry.metrics})
    return found


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, float):
        yield value
