"""The folder of evidence: `<paper>/<experiment>.jsonl`, read whole, found by recipe and seed, added to by line."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.evidence.dependence import dependent
from harness.evidence.entry import Confirmation, Entry, Freshness, LineRefused, identity, parse
from harness.system.files import write_atomically

SUFFIX = ".jsonl"


@dataclass(frozen=True)
class Problem:
    """A line that was set aside: `file:line`, and why."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}; it is set aside"


@dataclass
class Archive:
    """All evidence under a folder.

    Attributes:
        folder: what it was read from.
        entries: by key.
        confirmations: by the key of the record that they confirm.
        problems: lines that were set aside.
    """

    folder: Path
    entries: dict[str, Entry] = field(default_factory=dict)
    confirmations: dict[str, list[Confirmation]] = field(default_factory=lambda: defaultdict(list))
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> Archive:
        """The evidence under `folder`, all of it checked; empty where there is no such folder."""
        archive = cls(folder)
        places: dict[str, str] = {}
        for file in sorted(folder.glob(f"*/*{SUFFIX}")):
            for number, line in enumerate(_lines(file), 1):
                archive._take(line, f"{file.relative_to(folder)}:{number}", places)
        for key, why in dependent(archive.entries).items():
            archive.problems.append(Problem(places[key], why))
            del archive.entries[key]
        archive._index()
        return archive

    def find(self, made_of: Mapping[str, Any], data: Mapping[str, str] | None = None) -> tuple[Entry, Freshness] | None:
        """The best record of a recipe with a seed, and what today's code says of it.

        Args:
            made_of: with at least `recipe`, `seed` and `code`, the digest of the code as it is now.
            data: digest of each data set as it lies here; None where that is not known.  A record of other data is no
                record of this run.

        Returns:
            None where there is none.  A current one is better than a confirmed one, that better than a stale one; of
            equals the one recorded last.
        """
        candidates = [
            entry for entry in self._by_identity.get(identity(made_of), ()) if data is None or entry.data == data
        ]
        rated = [(self.freshness(entry, str(made_of["code"])), entry) for entry in candidates]
        if not rated:
            return None
        order = list(Freshness)
        freshness, entry = min(rated, key=lambda pair: (order.index(pair[0]), *_latest_first(pair[1])))
        return entry, freshness

    def has(self, made_of: Mapping[str, Any]) -> bool:
        """Whether there is a record of a recipe with a seed."""
        return identity(made_of) in self._by_identity

    def freshness(self, entry: Entry, code: str) -> Freshness:
        """What code of this digest says of a record."""
        if entry.code == code:
            return Freshness.CURRENT
        confirmed = any(one.code == code for one in self.confirmations.get(entry.key, ()))
        return Freshness.CONFIRMED if confirmed else Freshness.STALE

    def add(self, place: str, lines: Iterable[Entry | Confirmation]) -> Path:
        """Write records into `<place>.jsonl`, where `place` is "paper/experiment"; those of equal key are replaced.

        Lines are in the order of titles and seeds, so that a diff shows what was added and nothing else.  Lines that
        are no records, of a later version of the suite or cut, stay as they are, behind the others.
        """
        file = self.folder / f"{_checked(place)}{SUFFIX}"
        kept: dict[tuple[str, ...], Entry | Confirmation] = {}
        for line in [*_sound(file), *lines]:
            kept[_sort_key(line)[-2:]] = line
        file.parent.mkdir(parents=True, exist_ok=True)
        ordered = sorted(kept.values(), key=_sort_key_in(kept.values()))
        write_atomically(file, "".join(f"{line}\n" for line in [*(one.line() for one in ordered), *_refused(file)]))
        for line in ordered:
            if isinstance(line, Entry):
                self.entries[line.key] = line
            elif line not in self.confirmations[line.confirms]:
                self.confirmations[line.confirms].append(line)
        self._index()
        return file

    def places(self) -> dict[str, str]:
        """In which file ("paper/experiment") each record stands, by its key; every file is read once."""
        return {
            line.key: file.relative_to(self.folder).with_suffix("").as_posix()
            for file in sorted(self.folder.glob(f"*/*{SUFFIX}"))
            for line in _sound(file)
            if isinstance(line, Entry)
        }

    def _index(self) -> None:
        self._by_identity: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries.values():
            self._by_identity[entry.identity].append(entry)

    def _take(self, line: str, where: str, places: dict[str, str]) -> None:
        try:
            said = parse(line)
        except LineRefused as refusal:
            self.problems.append(Problem(where, str(refusal)))
            return
        if isinstance(said, Confirmation):
            self.confirmations[said.confirms].append(said)
        elif said.key in self.entries:
            self.problems.append(Problem(where, f"{said.title}: recorded before, at {places[said.key]}"))
        else:
            self.entries[said.key], places[said.key] = said, where


def _lines(file: Path) -> Iterator[str]:
    text = file.read_bytes().decode("utf-8", "replace")
    return (line for line in text.split("\n") if line.strip())


def _refused(file: Path) -> Iterator[str]:
    for line in _lines(file) if file.exists() else ():
        try:
            parse(line)
        except LineRefused:
            yield line


def _sound(file: Path) -> Iterator[Entry | Confirmation]:
    for line in _lines(file) if file.exists() else ():
        try:
            yield parse(line)
        except LineRefused:
            continue


def _sort_key(line: Entry | Confirmation) -> tuple[str, ...]:
    return ("record", line.key) if isinstance(line, Entry) else (line.confirms, line.code)


def _sort_key_in(lines: Iterable[Entry | Confirmation]) -> Any:
    """Records by title and seed, each followed by what confirms it."""
    place = {line.key: (line.title, line.seed, line.key) for line in lines if isinstance(line, Entry)}

    def key(line: Entry | Confirmation) -> tuple[Any, ...]:
        if isinstance(line, Entry):
            return (*place[line.key], 0, "")
        return (*place.get(line.confirms, ("~", 0, line.confirms)), 1, line.code)

    return key


def _latest_first(entry: Entry) -> tuple[int, str]:
    return (-int(re.sub(r"\D", "", entry.date)[:8] or 0), entry.key)


def _checked(place: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9_-]*", place):
        raise ValueError(f"evidence stands under 'paper/experiment', in small letters and digits; got {place!r}")
    return place
