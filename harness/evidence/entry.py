"""What a line of evidence says: a record of a run, or that a later run confirmed one."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.data.image_set import Provenance
from harness.store.canonical import canonical, content_key
from harness.store.record import Record
from harness.verdicts import Evidence

FORMAT = 1
"""Version of the lines."""

LONGEST = 1 << 20
"""Bytes; a longer line is refused before it is read as JSON."""

DIGITS = 12
"""Significant decimal digits of a measured number: far below what separates two processors, far above what is read."""


class LineRefused(ValueError):
    """A line of evidence is not what this suite writes; the message says why."""


class Freshness(StrEnum):
    """What the code of today says of a record."""

    CURRENT = "current"
    """The code that made it is the code as it is now."""
    CONFIRMED = "confirmed"
    """The code changed, and a recheck under the code as it is now came to the same."""
    STALE = "stale"
    """The code changed, and nobody has rechecked."""


@dataclass(frozen=True)
class Entry:
    """The record of one run.

    Attributes:
        title: the run's name for people.
        made_of: what the result depends on, as `harness.runs.key.ingredients` has it.
        metrics: JSON values by name.
        environment: where it was computed: versions, processor or GPU, threads.
        seconds: what it cost.
        date: day on which it was recorded, ISO 8601, UTC.
        commit: of the repository, 40 hex digits; ends in "+" where files had been changed since.
        sources: provenance of each data set, for those who judge without it.
    """

    title: str
    made_of: Mapping[str, Any]
    metrics: Mapping[str, Any]
    environment: Mapping[str, Any]
    seconds: float
    date: str
    commit: str
    sources: tuple[Provenance, ...] = ()

    @property
    def key(self) -> str:
        """SHA-256 over what it is made of."""
        return content_key(self.made_of)

    @property
    def identity(self) -> str:
        """SHA-256 over recipe and seed: the same whatever code, data and device it was made with."""
        return identity(self.made_of)

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.made_of["seed"])

    @property
    def code(self) -> str:
        """Digest of the code that made it."""
        return str(self.made_of["code"])

    @property
    def data(self) -> Mapping[str, str]:
        """Digest of each data set, by "name/split"."""
        return dict(self.made_of["data"])

    def record(self) -> Record:
        """The same as the store hands it out."""
        return Record(self.key, self.made_of, self.metrics, self.environment, self.seconds, None, Path())

    def line(self) -> str:
        """The line of text, sealed by its digest; it ends without a newline."""
        sources = [{**asdict(source), "reach": str(source.reach)} for source in self.sources]
        body = {
            "format": FORMAT, "title": self.title, "key": self.key, "made_of": self.made_of,
            "metrics": rounded(self.metrics), "environment": self.environment, "seconds": round(self.seconds, 1),
            "date": self.date, "commit": self.commit, "sources": sources,
        }  # fmt: skip
        return sealed(body)


@dataclass(frozen=True)
class Confirmation:
    """A recheck of a record that came to the same under other code.

    Attributes:
        confirms: key of the record.
        code: digest of the code that it was rechecked under.
        epochs: so many were trained again; None for the whole run.
        exact: whether all numbers agreed to the bit, not only within the tolerance.
        date, commit, environment: as in `Entry`.
    """

    confirms: str
    code: str
    epochs: int | None
    exact: bool
    date: str
    commit: str
    environment: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """The line of text, sealed by its digest."""
        return sealed({"format": FORMAT, **asdict(self)})


def identity(made_of: Mapping[str, Any]) -> str:
    """Digest of the recipe and the seed in what a run is made of."""
    return content_key({"recipe": made_of["recipe"], "seed": made_of["seed"]})


def rounded(value: Any) -> Any:
    """JSON with each float to `DIGITS` significant digits.

    Raises:
        ValueError: for NaN and the infinities, which are no measurement.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is no measured number")
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {str(name): rounded(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    if hasattr(value, "tolist"):
        return rounded(value.tolist())
    return value


def sealed(body: Mapping[str, Any]) -> str:
    """JSON on one line that begins with the digest of all the rest."""
    text = canonical(body).decode("ascii")
    return f'{{"sha256":"{_digest(text)}",{text[1:]}'


def parse(line: str) -> Entry | Confirmation:
    """What a line says.

    Raises:
        LineRefused: it is not a line that this suite wrote, or was changed since.
    """
    body = _unsealed(line)
    try:
        return _confirmation(body) if "confirms" in body else _entry(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LineRefused(f"not a record: {type(error).__name__}: {error}") from error


def _unsealed(line: str) -> dict[str, Any]:
    if len(line) > LONGEST:
        raise LineRefused(f"{len(line)} bytes are more than a record has")
    start = '{"sha256":"'
    stated, rest = line[len(start) : len(start) + 64], "{" + line[len(start) + 66 :]
    if not line.startswith(start) or line[len(start) + 64 : len(start) + 66] != '",':
        raise LineRefused("it does not begin with its digest")
    if _digest(rest) != stated:
        raise LineRefused(f"its digest is {_digest(rest)[:12]}..., not {stated[:12]}... as stated: it was changed")
    try:
        body = json.loads(rest, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise LineRefused(f"not JSON: {error}") from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise LineRefused(f"not of format {FORMAT}: written by another version of the suite")
    return body


def _entry(body: dict[str, Any]) -> Entry:
    sources = tuple(source_of(source) for source in body["sources"])
    entry = Entry(
        str(body["title"]), dict(body["made_of"]), dict(body["metrics"]), dict(body["environment"]),
        float(body["seconds"]), str(body["date"]), str(body["commit"]), sources,
    )  # fmt: skip
    if entry.key != body["key"]:
        raise LineRefused(f"its key is that of something else ({body['key'][:12]}..., not {entry.key[:12]}...)")
    stated = {f"{source.name}/{source.split}": source.digest for source in sources}
    if stated != entry.data:
        raise LineRefused("the data sets that it names are not those that it was made of")
    entry.identity, entry.seed, entry.code  # noqa: B018  (raise for what is missing)
    return entry


def source_of(values: Mapping[str, Any]) -> Provenance:
    """The provenance of a data set from its JSON values."""
    reach, notes = Evidence(values["reach"]), tuple(map(str, values["notes"]))
    return Provenance(str(values["name"]), str(values["split"]), str(values["digest"]), reach, notes)


def _confirmation(body: dict[str, Any]) -> Confirmation:
    epochs = body["epochs"]
    return Confirmation(
        str(body["confirms"]), str(body["code"]), None if epochs is None else int(epochs), bool(body["exact"]),
        str(body["date"]), str(body["commit"]), dict(body["environment"]),
    )  # fmt: skip


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no measured number")
