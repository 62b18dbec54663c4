"""`python -m harness COMMAND`: what is done outside a test session."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m harness", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    report = commands.add_parser("report", help="draw index.html again from a report's claims.json")
    report.add_argument("folder", type=Path, nargs="?", default=Path("reports/latest"))
    report.set_defaults(run=redraw)

    doctor = commands.add_parser("doctor", help="say what is here: versions, device, data, store")
    doctor.add_argument("--data", type=Path, default=os.environ.get("CLAIMS_DATA") or None)
    doctor.add_argument("--store", type=Path, default=Path("reports/store"))
    doctor.set_defaults(run=examine)

    merge = commands.add_parser("merge", help="take the records of a bundle into the store")
    merge.add_argument("bundle", type=Path)
    merge.add_argument("--store", type=Path, default=Path("reports/store"))
    merge.set_defaults(run=take_in)

    chosen = parser.parse_args(arguments)
    return chosen.run(chosen)


def redraw(chosen: argparse.Namespace) -> int:
    """`report`: index.html from claims.json."""
    from harness.files import write_atomically
    from harness.report.page import render

    source = chosen.folder / "claims.json"
    if not source.exists():
        print(f"{source}: not there; `pytest claims --report {chosen.folder}` writes it", file=sys.stderr)
        return 2
    write_atomically(chosen.folder / "index.html", render(json.loads(source.read_text(encoding="utf-8"))))
    print(chosen.folder / "index.html")
    return 0


def examine(chosen: argparse.Namespace) -> int:
    """`doctor`: what a session on this machine would find; 1 where a data set that is there cannot be used."""
    import torch

    from harness.data import catalogue
    from harness.report.environment import environment
    from harness.store import Store

    facts = environment("auto")
    print(f"python {facts['python']} on {facts['platform']}, {facts['cores']} cores, device: {facts['device']}")
    print(", ".join(f"{name} {version}" for name, version in facts["packages"].items()))
    print(f"GPUs: {torch.cuda.device_count()}")
    states = catalogue.describe(Path(chosen.data) if chosen.data else None)
    for state in states:
        print(f"{state.name}: {'as ' + ', '.join(state.layouts) if state.usable else state.problem}")
    if chosen.store.exists():
        store = Store(chosen.store)
        problems = store.verify()
        print(f"store {store.path}: {len(store.keys())} records", *problems, sep="\n  ")
    else:
        print(f"store {chosen.store}: none yet")
    return int(any(state.layouts and not state.usable for state in states))


def take_in(chosen: argparse.Namespace) -> int:
    """`merge`: the records of a bundle, each checked, into the store."""
    from harness.store import Store, StoreProblem, merge

    try:
        merged = merge(chosen.bundle, Store(chosen.store))
    except (OSError, StoreProblem) as refusal:
        print(f"{chosen.bundle}: {refusal}", file=sys.stderr)
        return 1
    print(merged)
    return 0


if __name__ == "__main__":
    sys.exit(main())
