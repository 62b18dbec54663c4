"""Several runs at once on one GPU, which is kept busy by all of them while each waits for Python.

Every run computes what it computes alone: they take turns, a few steps each (`harness.runs.turns`), and each has a
stream of its own on the GPU.  A GPU without enough memory for all of them works on fewer, never on smaller batches.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from harness.runs.attempt import attempt, is_full
from harness.runs.conditions import one_thread
from harness.runs.display import Display
from harness.runs.errors import RunFailed
from harness.runs.run import Run
from harness.runs.turns import Turns
from harness.system.lazy import torch

if TYPE_CHECKING:
    from harness.runs.bench import Bench
    from harness.store.store import Store

log = logging.getLogger(__name__)

STEPS = 16
"""A run may give way so many times before the next has its turn: a turn costs as much as a few short steps."""

AT_ONCE = 8
"""Runs at once on one GPU."""


def together(
    runs: Sequence[Run],
    store: Store,
    bench: Bench,
    display: Display,
    admits: Callable[[Run], bool],
    at_once: int,
) -> list[RunFailed | None]:
    """Do those of the runs that `admits` lets begin, so many at once; what went wrong with each, or None."""
    group = Group(runs, store, bench, display, admits, at_once)
    with one_thread():
        try:
            return group.done()
        except BaseException:
            group.dismiss()
            raise


class Group:
    """Runs of which some are under way.

    Attributes:
        at_once: how many may be; halved whenever the GPU's memory does not suffice.
        failures: what went wrong with each run that ended or was left, or None, by its index.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        store: Store,
        bench: Bench,
        display: Display,
        admits: Callable[[Run], bool],
        at_once: int,
    ) -> None:
        self.at_once = at_once
        self._store, self._bench, self._display, self._admits = store, bench, display, admits
        self._waiting = deque(enumerate(runs))
        self.failures: dict[int, RunFailed | None] = {}
        self._turns = Turns()
        self._alone = False  # whether what began last wants no other beside it

    def done(self) -> list[RunFailed | None]:
        """Do them all."""
        while self.busy:
            self.turn()
        return [self.failures[index] for index in sorted(self.failures)]

    @property
    def busy(self) -> bool:
        """Whether anything waits or is under way."""
        return bool(self._waiting or self._turns.others)

    def add(self, index: int, run: Run) -> None:
        """Have one more wait."""
        self._waiting.append((index, run))

    def turn(self) -> None:
        """Let begin what may, and each that is under way go on for a while."""
        self._begin_some()
        self._turns.pass_on()

    def given_back(self) -> list[int]:
        """Take out those that wait, since there is no room for them; their indices."""
        back = [index for index, _ in self._waiting]
        self._waiting.clear()
        return back

    def dismiss(self) -> None:
        """Give up what is under way."""
        self._turns.dismiss()

    def _begin_some(self) -> None:
        while self._waiting and self._turns.others < self.at_once:
            if self._turns.others and (self._alone or self._waiting[0][1].recipe.alone()):
                return
            index, run = self._waiting.popleft()
            if any(map(is_full, self.failures.values())) or not self._admits(run):
                self.failures[index] = None
            else:
                self._alone = run.recipe.alone()
                self._turns.start(partial(self._do, index, run))

    def _do(self, index: int, run: Run) -> None:
        name, turns = str(run), self._turns
        self._display.started(name)
        progress = partial(self._display.advanced, name)
        bench = replace(self._bench, progress=progress, give_way=GiveWay(turns), clock=turns.clock)
        failure = attempt(run, self._store, bench)
        beside = turns.others - 1  # the maker of the turns waits too
        if failure is not None and failure.kind == "OutOfMemoryError" and beside:
            self._retreat(index, run, beside + 1)
            return
        self.failures[index] = failure
        self._display.finished(name, turns.clock(), failure.reason if failure else None)

    def _retreat(self, index: int, run: Run, under_way: int) -> None:
        self.at_once = max(1, min(self.at_once, under_way) // 2)
        self._waiting.appendleft((index, run))
        torch.cuda.empty_cache()
        log.warning("out of memory with %d runs at once: %d from now on; %s begins again", under_way, self.at_once, run)


class GiveWay:
    """Lets the others have their turn, every `STEPS` calls."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._calls = 0

    def __call__(self) -> None:
        """Called after a step."""
        self._calls += 1
        if self._calls % STEPS == 0:
            self._turns.pass_on()
