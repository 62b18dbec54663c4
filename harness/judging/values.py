"""The values behind a sample, one a replicate, for the report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from harness.rules import Curve, Estimate, Several
from harness.rules.sample import Sample

MOST = 64
"""Replicates that are told one by one; more are images or draws, not trainings."""

Places = dict[str, list[float]]


def values_of(sample: Sample) -> Places:
    """The replicates of a sample by the place that they belong to.

    Of an `Estimate` the place is ""; of `Several` samples it is the name of each; of a `Curve` each x, whose replicates
    are its y.  Nothing where they are not at hand, or more than `MOST` at one place.
    """
    places: dict[str, Sequence[float]] = {}
    if isinstance(sample, Estimate):
        places[""] = sample.replicates
    elif isinstance(sample, Several):
        for name, one in zip(sample.names, sample.samples, strict=True):
            places[name] = one.replicates if isinstance(one, Estimate) else ()
    elif isinstance(sample, Curve):
        points: dict[str, list[float]] = defaultdict(list)
        for x, y in zip(sample.x, sample.y, strict=True):
            points[f"{x:g}"].append(y)
        places |= points
    return {place: [float(value) for value in values] for place, values in places.items() if 0 < len(values) <= MOST}


def values_by_part(measured: Mapping[str, Sample]) -> dict[str, Places]:
    """The same of every part that has any."""
    return {part: found for part, sample in measured.items() if (found := values_of(sample))}
