"""`python -m harness.benchmarks NAME`: measure one thing; a new one is a module with a `main(data)` and a line here."""

from __future__ import annotations

import argparse
import importlib
import os
from pathlib import Path

BENCHES = {
    "load": "seconds and memory of plan, verify and judging, with many claims and records and with ten times as many",
    "margins": "which verdicts change when every margin is halved or doubled",
    "rounding": "what rounding changes in a training, and what mistakes do: the tolerance of a recheck",
    "training": "images a second in training, against the plain PyTorch loop",
}


def main() -> None:
    """Run the bench that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m harness.benchmarks", description=__doc__.partition(":")[0])
    parser.add_argument("name", choices=BENCHES, help="; ".join(f"{name}: {what}" for name, what in BENCHES.items()))
    data = os.environ.get("CLAIMS_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), help="folder of the data sets")
    chosen = parser.parse_args()
    importlib.import_module(f"harness.benchmarks.{chosen.name}").main(chosen.data)


if __name__ == "__main__":
    main()
