"""Runs: what they are, their keys, and how they are done."""

from __future__ import annotations

from harness.runs.batch import Outcome, at_once, default_workers, perform_all, plan
from harness.runs.bench import Bench
from harness.runs.display import Display, display_for
from harness.runs.errors import RunDiverged, RunFailed, RunMissing
from harness.runs.execution import perform
from harness.runs.key import declared, ingredients
from harness.runs.recipe import Recipe, Result
from harness.runs.run import Run

__all__ = [
    "Bench",
    "Display",
    "Outcome",
    "Recipe",
    "Result",
    "Run",
    "RunDiverged",
    "RunFailed",
    "RunMissing",
    "at_once",
    "declared",
    "default_workers",
    "display_for",
    "ingredients",
    "perform",
    "perform_all",
    "plan",
]
