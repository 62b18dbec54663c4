"""Say what is here: versions, device, data sets, store; 1 where a data set that is there cannot be used."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from harness.system.places import STORE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    data = os.environ.get("CLAIMS_DATA") or None
    parser.add_argument("--data", type=Path, default=data, metavar="DIR", help="data sets (default: $CLAIMS_DATA)")
    parser.add_argument("--store", type=Path, default=STORE, metavar="DIR", help=f"records (default: {STORE})")


def run(chosen: argparse.Namespace) -> int:
    """Print what a session on this machine would find."""
    import torch

    from harness.report.environment import environment

    facts = environment("auto")
    print(f"python {facts['python']} on {facts['platform']}, {facts['cores']} cores, device: {facts['device']}")
    print(", ".join(f"{name} {version}" for name, version in facts["packages"].items()))  # type: ignore[attr-defined]
    print(f"GPUs: {torch.cuda.device_count() or 'none'}; {torch.get_num_threads()} threads a process")
    print(f"memory: {memory() / 2**30:.1f} GiB; free on the disk of the store: {free(chosen.store) / 2**30:.1f} GiB")
    sound = describe_data(chosen.data)
    describe_store(chosen.store)
    return int(not sound)


def describe_data(root: Path | None) -> bool:
    """Print the state of each data set, and return whether those that are there can be used."""
    from harness.data import catalogue

    folder = Path(root) if root else None
    states = [*catalogue.describe(folder), *catalogue.describe_folders(folder)]
    if root is None:
        names = ", ".join(state.name for state in states)
        print(f"data: no folder is named (--data DIR or $CLAIMS_DATA), so {names} are not here")
        return True
    for state in states:
        print(f"{state.name}: {'as ' + ', '.join(state.layouts) if state.usable else state.problem}")
    return not any(state.layouts and not state.usable for state in states)


def memory() -> int:
    """The machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def free(folder: Path) -> int:
    """Bytes that are free where a folder is, or will be."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


def describe_store(folder: Path) -> None:
    """Print how many records there are, and which of them are damaged."""
    from harness.store import Store

    if folder.exists():
        store = Store(folder)
        problems = store.verify()
        print(f"store {store.path}: {len(store.keys())} records", *problems, sep="\n  ")
    else:
        print(f"store {folder}: none yet")
