"""Say what is here: versions, device, data sets, store; with --gpu, test what only a GPU can show.

The test takes about two minutes on each GPU, and is to be done once before the first night on a machine: first steps
against the CPU's, captured graphs against plain steps, runs that take turns against runs alone, memory that runs out,
and trainings done twice.

Exit status: 1 where a data set that is there cannot be used, or the test finds anything; 2 for bad usage, and where
there is no GPU to test.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from harness.commands.usage import BadUsage, folder
from harness.system.places import STORE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    data = os.environ.get("CLAIMS_DATA") or None
    parser.add_argument("--data", type=Path, default=data, metavar="DIR", help="data sets (default: $CLAIMS_DATA)")
    parser.add_argument("--store", type=Path, default=STORE, metavar="DIR", help=f"records (default: {STORE})")
    parser.add_argument("--gpu", action="store_true", help="test the GPUs, about two minutes each, and nothing else")


def run(chosen: argparse.Namespace) -> int:
    """Print what a session on this machine would find, or what its GPUs do wrong."""
    import torch

    if chosen.gpu:
        return int(not test_gpus())

    from harness.report.environment import environment
    from harness.system import bfloat16

    data = chosen.data and folder("--data", chosen.data)
    facts = environment("auto")
    print(f"python {facts['python']} on {facts['platform']}, {facts['cores']} cores, device: {facts['device']}")
    print(", ".join(f"{name} {version}" for name, version in facts["packages"].items()))  # type: ignore[attr-defined]
    if not bfloat16.native():
        print("bfloat16: this processor has none; kernels of float32 compute it, at their speed")
    print(f"GPUs: {torch.cuda.device_count() or 'none'}; {torch.get_num_threads()} threads a process")
    print(f"memory: {memory() / 2**30:.1f} GiB; free on the disk of the store: {free(chosen.store) / 2**30:.1f} GiB")
    sound = describe_data(data)
    describe_store(chosen.store)
    return int(not sound)


def test_gpus() -> bool:
    """Test every GPU that runs would be done on; whether all are sound.

    Raises:
        BadUsage: there is none.
    """
    from harness.commands.gpu_check import check
    from harness.runs import Bench
    from harness.runs.devices import gpus

    if not gpus():
        raise BadUsage("--gpu: torch finds no GPU on this machine, so that there is nothing to test")
    sound = [check(Bench(f"cuda:{number}")) for number in gpus()]
    return all(sound)


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
    """Print how many records there are, and which of them are damaged; BadUsage where there can be no store."""
    from harness.store import Store, StoreProblem

    if folder.exists():
        try:
            store = Store(folder)
        except StoreProblem as problem:
            raise BadUsage(str(problem)) from problem
        problems = store.verify()
        print(f"store {store.path}: {len(store.keys())} records", *problems, sep="\n  ")
    else:
        print(f"store {folder}: none yet")
