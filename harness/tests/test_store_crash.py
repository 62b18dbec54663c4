"""A write that fails or dies at any step leaves the record whole or not there, and nothing beside it."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from harness.runs import Result
from harness.store import RecordNotWritten, Store, content_key

MADE_OF = {"recipe": "r"}
KEY = content_key(MADE_OF)
OLD_MADE_OF = {"recipe": "old"}
OLD_KEY = content_key(OLD_MADE_OF)
RESULT = Result({"accuracy": 0.5}, {"w": np.arange(6.0)})
STEPS = ("open", "fdopen", "fsync", "chmod", "replace")


class Crash(BaseException):
    """The process is gone: from here on nothing that it does reaches the disk."""


class Faults:
    """Makes the n-th call of any of the steps fail; `deadly` makes every later one fail as well."""

    def __init__(self, patch, at, *, deadly):
        self.calls = 0
        self.dead = False
        for step in (*STEPS, *(("unlink", "rename") if deadly else ())):
            patch.setattr(os, step, self.failing(getattr(os, step), at, deadly, counts=step in STEPS))

    def failing(self, step, at, deadly, *, counts):
        def call(*arguments, **named):
            self.calls += counts
            if self.dead:
                raise Crash
            if counts and self.calls == at:
                self.dead = deadly
                raise Crash if deadly else OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return step(*arguments, **named)

        return call


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    store.put(OLD_KEY, OLD_MADE_OF, RESULT, {}, 0.0)
    return store


def put(store):
    return store.put(KEY, MADE_OF, RESULT, {}, 0.0)


def names(store):
    return {file.name for file in (store.path / "records").rglob("*") if file.is_file()}


WHOLE = {f"{key}{suffix}" for key in (KEY, OLD_KEY) for suffix in (".json", ".safetensors")}
OLD = {name for name in WHOLE if name.startswith(OLD_KEY)}


def steps_of_a_write(tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        store = Store(tmp_path / "counted")
        faults = Faults(patch, at=-1, deadly=False)
        put(store)
    return faults.calls


def test_a_write_takes_the_steps_that_are_made_to_fail_here(tmp_path):
    # Two files, each opened, written through a stream, given its mode, flushed and renamed, with its folder flushed.
    assert steps_of_a_write(tmp_path) >= 2 * 6


def test_an_error_at_any_step_leaves_all_or_nothing(store, tmp_path):
    for at in range(1, steps_of_a_write(tmp_path) + 1):
        with pytest.MonkeyPatch.context() as patch:
            Faults(patch, at, deadly=False)
            with pytest.raises((RecordNotWritten, OSError)):
                put(store)
        assert names(store) == (WHOLE if store.get(KEY) else OLD), f"step {at}"
        for file in store.files(KEY):
            file.unlink(missing_ok=True)


def test_a_crash_at_any_step_leaves_all_or_nothing_and_the_next_write_tidies_up(store, tmp_path):
    outcomes = set()
    for at in range(1, steps_of_a_write(tmp_path) + 1):
        with pytest.MonkeyPatch.context() as patch:
            Faults(patch, at, deadly=True)
            with pytest.raises(Crash):
                put(store)
        again = Store(store.path)
        found = again.get(KEY)
        outcomes.add(found is not None)
        assert found is None or np.array_equal(found.tensors["w"], RESULT.tensors["w"])
        assert again.verify() == []
        put(again)
        assert names(again) == WHOLE, f"step {at}"
        assert np.array_equal(again.get(OLD_KEY).tensors["w"], RESULT.tensors["w"])
        assert not list((store.path / "quarantine").iterdir())
        for file in store.files(KEY):
            file.unlink()
    assert outcomes == {True, False}


def test_a_full_disk_is_reported_with_path_needed_and_free_bytes(store, monkeypatch):
    class Full:
        def __init__(self, stream):
            self.stream = stream

        def __enter__(self):
            return self

        def __exit__(self, *raised):
            self.stream.close()

        def write(self, data):
            self.stream.write(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    fdopen = os.fdopen
    monkeypatch.setattr(os, "fdopen", lambda *arguments: Full(fdopen(*arguments)))
    with pytest.raises(RecordNotWritten) as raised:
        put(store)
    message = str(raised.value)
    assert str(store.files(KEY)[1]) in message
    assert "No space left on device" in message
    assert "bytes needed" in message
    assert " free" in message
    assert "1 records already in the store are kept" in message
    assert names(store) == OLD


def test_an_interrupt_while_writing_leaves_nothing(store, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        put(store)
    assert names(store) == OLD


def test_a_write_lists_no_records_however_many_there_are(store, monkeypatch):
    listed = []

    def noted(step):
        def call(path):
            listed.append(str(path))
            return step(path)

        return call

    for name in ("scandir", "listdir"):
        monkeypatch.setattr(os, name, noted(getattr(os, name)))
    put(store)
    assert str(store.path / "records") not in listed
