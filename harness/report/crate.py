"""A report in one zip file with all that its verdicts come from: the suite, the evidence and the records it used.

The file is an RO-Crate 1.1 (https://w3id.org/ro/crate/1.1): its `ro-crate-metadata.json` says what lies where.
Unpacked it is a checkout without history, in which `python -m harness verify` comes to every verdict again.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from harness.evidence import Archive, Confirmation, Entry
from harness.store import Store, export
from harness.system.places import EVIDENCE, REPORT

METADATA = "ro-crate-metadata.json"

RECORDS = "reports/records.zip"
"""The bundle of the records that were computed and not taken from the evidence; `merge` takes it in."""

VERSION = "https://w3id.org/ro/crate/1.1"

AUTHOR = {"@id": "#contributors", "@type": "Organization", "name": "The contributors of spatial-claims"}

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip, so that the same content makes the same bytes."""

TYPES = {
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".csv": "text/csv",
    ".xml": "application/xml",
    ".svg": "image/svg+xml",
    ".zip": "application/zip",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".toml": "application/toml",
    ".cff": "application/yaml",
}

DESCRIBED = {
    "reports/latest/index.html": "The claims report",
    "reports/latest/claims.json": "Every verdict with what it comes from",
    "reports/latest/claims.csv": "The same as a table, a row a case and part",
    "claims/ledger.json": "The verdicts that are expected",
    "constraints.txt": "The version of every package",
    "pyproject.toml": "What the suite needs",
    "LICENSE": "The licence of the suite",
    "CITATION.cff": "How to cite it",
    "README.md": "How to use it",
    RECORDS: "Records of what was computed without training; `python -m harness merge` takes them in",
}
"""Files that the metadata tells of one by one; the others are told of by their folder."""

FOLDERS = {
    "claims/": "The claims of each paper, as tests",
    "harness/": "What trains, judges and reports",
    "reports/evidence/": "Records of trained networks that verdicts rest on, a line each",
}


def write_crate(
    document: Mapping[str, Any], report: Path, sources: Mapping[str, bytes], evidence: Path, store: Path, file: Path
) -> set[str]:
    """Write the zip file; the same bytes for the same content.

    Args:
        document: the content of claims.json.
        report: the folder of the report; its files go in as they are.
        sources: the files of the suite, by their names below its root.
        evidence: the folder of evidence; lines that no verdict rests on stay out.
        store: the folder of records.
        file: where to.

    Returns:
        The keys of runs that verdicts rest on and whose records are in neither: the file lacks them.
    """
    recorded, computed = by_source(document)
    files = dict(sources)
    files |= {f"{REPORT.as_posix()}/{one.name}": one.read_bytes() for one in sorted(report.iterdir()) if one.is_file()}
    archive = Archive.read(evidence)
    files |= used(archive, recorded)
    computed |= recorded - archive.entries.keys()
    stored = {key for key in computed if Store(store).get(key) is not None} if computed else set()
    if stored:
        files |= bundled(store, stored)
    files[METADATA] = json.dumps(metadata(document, files), indent=1, ensure_ascii=False).encode() + b"\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as crate:
        for name in sorted(files):
            crate.writestr(zipfile.ZipInfo(name, EPOCH), files[name], zipfile.ZIP_DEFLATED)
    return computed - stored


def by_source(document: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The keys of the runs that a report rests on: those taken from evidence, and those that were computed."""
    rungs = [rung for entry in document["claims"] for rung in entry["ladder"]]
    known = {key: run["source"] for key, run in document["runs"].items()}
    sources = {key: known.get(key, rung["source"]) for rung in rungs for key in rung["runs"]}
    recorded = {key for key, source in sources.items() if source == "recorded"}
    return recorded, sources.keys() - recorded


def used(archive: Archive, keys: Iterable[str]) -> dict[str, bytes]:
    """The lines of evidence with these keys, and those that confirm them, by the name of their file."""
    lines: dict[str, list[Entry | Confirmation]] = {}
    places = archive.places()
    for key in sorted(archive.entries.keys() & set(keys)):
        lines.setdefault(places[key], []).extend([archive.entries[key], *archive.confirmations.get(key, [])])
    with tempfile.TemporaryDirectory() as scratch:
        chosen = Archive(Path(scratch))
        written = [chosen.add(place, some) for place, some in lines.items()]
        return {(EVIDENCE / file.relative_to(scratch)).as_posix(): file.read_bytes() for file in written}


def bundled(folder: Path, keys: Iterable[str]) -> dict[str, bytes]:
    """The store's records with these keys as one bundle."""
    with tempfile.TemporaryDirectory() as scratch:
        bundle = Path(scratch, "records.zip")
        export(Store(folder), keys, bundle)
        return {RECORDS: bundle.read_bytes()}


def metadata(document: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    """The content of ro-crate-metadata.json.

    Args:
        document: the content of claims.json.
        files: what else is in the crate, by name.
    """
    session = document["session"]
    parts = [name for name in DESCRIBED if name in files]
    folders = [name for name in FOLDERS if any(one.startswith(name) for one in files)]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": "Claims report",
        "description": "Verdicts on the claims of papers, with the suite and the evidence that they come from.",
        "datePublished": session.get("date") or "1980-01-01",
        "license": {"@id": "LICENSE"},
        "author": {"@id": AUTHOR["@id"]},
        "publisher": {"@id": AUTHOR["@id"]},
        "hasPart": [{"@id": name} for name in (*folders, *parts)],
        "mentions": [{"@id": f"#{paper['key']}"} for paper in document["papers"]],
        **({"version": session["commit"]} if session.get("commit") else {}),
    }
    about = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": VERSION},
    }
    return {
        "@context": f"{VERSION}/context",
        "@graph": [
            about,
            root,
            AUTHOR,
            *({"@id": name, "@type": "Dataset", "name": FOLDERS[name]} for name in folders),
            *(_file(name, files[name]) for name in parts),
            *(_paper(paper) for paper in document["papers"]),
        ],
    }


def _file(name: str, content: bytes) -> dict[str, Any]:
    kind = TYPES.get(PurePosixPath(name).suffix, "text/plain")
    told = {"name": DESCRIBED[name], "encodingFormat": kind, "contentSize": str(len(content))}
    return {"@id": name, "@type": "File", **told, "identifier": f"sha256:{hashlib.sha256(content).hexdigest()}"}


def _paper(paper: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@id": f"#{paper['key']}",
        "@type": "ScholarlyArticle",
        "name": paper["title"],
        "author": paper["authors"],
        "datePublished": str(paper["year"]),
    }
