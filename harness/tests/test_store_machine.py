"""Whatever happens to a store in whatever order (two writers, crashes at any step, damage), nothing kept is lost."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from harness.runs import Result
from harness.store import RecordConflict, Store, content_key
from harness.tests.test_store_crash import Crash, Faults

RUNS = [{"run": number} for number in range(3)]
KEYS = [content_key(run) for run in RUNS]
runs = st.integers(0, len(RUNS) - 1)
writers = st.integers(0, 1)


def result(run: int, other: bool = False) -> Result:
    """What a run gives: with arrays, but for the last one; `other` for what it must never give."""
    value = run + 0.5 * other
    return Result({"value": value}, {"w": np.full(3, value)} if run < 2 else {})


def holds(record, run: int) -> bool:
    found, expected = record.metrics["value"], result(run)
    arrays = {name: array.tolist() for name, array in record.tensors.items()}
    return found == run and arrays == {name: array.tolist() for name, array in expected.tensors.items()}


class StoreMachine(RuleBasedStateMachine):
    """A model beside the store.

    Attributes:
        kept: runs whose records it has acknowledged.
        perhaps: those that may have one, since a writer died.
        damaged: those whose record was damaged since anybody looked.
        set_aside: how many damaged files it must have kept.
    """

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory(prefix="store-")
        self.path = Path(self.folder.name) / "store"
        self.stores = [Store(self.path), Store(self.path)]
        self.kept: set[int] = set()
        self.perhaps: set[int] = set()
        self.damaged: set[int] = set()
        self.set_aside = 0

    def teardown(self):
        self.folder.cleanup()

    def put(self, writer: int, run: int, other: bool = False):
        return self.stores[writer].put(KEYS[run], RUNS[run], result(run, other), {}, 0.0)

    def noticed(self, run: int):
        """A damaged entry was seen by somebody who may move it."""
        if run in self.damaged:
            self.damaged.discard(run)
            self.set_aside += 2 if result(run).tensors else 1

    @rule(writer=writers, run=runs)
    def write(self, writer, run):
        assert holds(self.put(writer, run), run)
        assert not (self.path / "locks" / f"{KEYS[run]}.holder").exists()
        entry = {file for file in self.stores[writer].files(KEYS[run]) if file.exists()}
        assert set((self.path / "records").rglob(f"*{KEYS[run]}*")) == entry, "what a dead writer left is tidied up"
        assert len(entry) == (2 if result(run).tensors else 1)
        self.noticed(run)
        self.kept.add(run)
        self.perhaps.discard(run)

    @rule(writer=writers, run=runs)
    def read(self, writer, run):
        found = self.stores[writer].get(KEYS[run])
        self.noticed(run)
        assert found is None or holds(found, run)
        if run in self.kept:
            assert found is not None
        elif run not in self.perhaps:
            assert found is None

    @precondition(lambda self: self.kept)
    @rule(writer=writers, data=st.data())
    def write_another_result(self, writer, data):
        run = data.draw(st.sampled_from(sorted(self.kept)))
        with pytest.raises(RecordConflict):
            self.put(writer, run, other=True)

    @rule(writer=writers, run=runs, step=st.integers(1, 14))
    def die_while_writing(self, writer, run, step):
        with pytest.MonkeyPatch.context() as patch:
            faults = Faults(patch, step, deadly=True)
            try:
                self.put(writer, run)
                died = False
            except Crash:
                died = True
        was_damaged = run in self.damaged
        self.stores[writer] = Store(self.path)
        if not died:
            self.noticed(run)
            self.kept.add(run)
            self.perhaps.discard(run)
        elif was_damaged:
            self.settle_damaged(run)
        elif run not in self.kept:
            self.perhaps.add(run)
        assert died == faults.dead

    def settle_damaged(self, run: int):
        """After a death while a damaged entry was being replaced: it is damaged still, set aside, or written anew."""
        found = self.stores[0].get(KEYS[run])
        assert found is None or holds(found, run)
        self.damaged.discard(run)
        self.set_aside = self.quarantined()
        (self.kept if found is not None else self.perhaps).add(run)

    @rule(writer=writers)
    def open_again(self, writer):
        self.stores[writer] = Store(self.path)
        assert self.stores[writer].unwritable is None

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def damage(self, data):
        run = data.draw(st.sampled_from(sorted(self.kept)))
        files = [file for file in self.stores[0].files(KEYS[run]) if file.exists()]
        file = data.draw(st.sampled_from(files))
        content = file.read_bytes()
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            file.write_bytes(content[:place])
        else:
            file.write_bytes(content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :])
        self.kept.discard(run)
        self.damaged.add(run)

    @rule(writer=writers)
    def verify(self, writer):
        problems = self.stores[writer].verify()
        assert len(problems) == len(self.damaged)
        for run in sorted(self.damaged):
            self.noticed(run)
        assert self.stores[writer].verify() == []

    def quarantined(self) -> int:
        return sum(1 for _ in (self.path / "quarantine").glob("*/*"))

    @invariant()
    def nothing_is_deleted_that_was_damaged(self):
        if hasattr(self, "path"):
            assert self.quarantined() == self.set_aside


StoreMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_the_store_keeps_what_it_has_acknowledged():
    StoreMachine.TestCase("runTest").runTest()
