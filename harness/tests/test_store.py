"""The store: what goes in comes out, once, and whoever cannot write is told so at once."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from harness.runs import Result
from harness.store import (
    FORMAT,
    FormatUnknown,
    RecordConflict,
    RecordCorrupt,
    Store,
    StoreNotWritable,
    StoreProblem,
    content_key,
)
from harness.store.record import seal

MADE_OF = {"recipe": "r", "seed": 3}
KEY = content_key(MADE_OF)
RESULT = Result({"accuracy": 0.5, "curve": [1.0, float("nan")]}, {"w": np.arange(6.0).reshape(2, 3)})
FACTS = {"torch": "2.13", "threads": 1}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def put(store, result=RESULT, made_of=MADE_OF):
    return store.put(content_key(made_of), made_of, result, FACTS, 1.5)


def files(store):
    return sorted(file.name for file in (store.path / "records").glob("[!.]*"))


def test_a_record_comes_back_as_it_was_put(store):
    put(store)
    record = Store(store.path).get(KEY)
    assert record.key == KEY
    assert record.made_of == MADE_OF
    assert record.environment == FACTS
    assert record.seconds == 1.5
    assert record.metrics["accuracy"] == 0.5
    assert record.metrics["curve"][0] == 1.0
    assert np.isnan(record.metrics["curve"][1])
    np.testing.assert_array_equal(record.tensors["w"], RESULT.tensors["w"])
    assert not record.diverged
    assert store.keys() == [KEY]


def test_put_returns_what_get_returns(store):
    assert put(store, Result({"pair": (1, 2)})) == store.get(KEY)


def test_a_record_without_arrays_has_one_file(store):
    assert dict(put(store, Result({"x": 1})).tensors) == {}
    assert files(store) == [f"{KEY}.json"]


@pytest.mark.parametrize(
    "tensor",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12)[::3],
        np.float32(2.5),
        np.zeros((0, 3)),
        np.array([True, False]),
        np.arange(3, dtype=">f8"),
        np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3)),
    ],
    ids=["transposed", "strided", "scalar", "empty", "bool", "big-endian", "fortran"],
)
def test_arrays_of_any_layout_come_back(store, tensor):
    read = put(store, Result({}, {"t": tensor})).tensors["t"]
    assert read.shape == tensor.shape
    np.testing.assert_array_equal(read, tensor)


@pytest.mark.parametrize(
    "tensor", [np.array(["a"]), np.array([None]), np.array([1j])], ids=["text", "object", "complex"]
)
def test_arrays_that_are_not_numbers_are_refused_with_their_names(store, tensor):
    with pytest.raises(TypeError, match="weights"):
        put(store, Result({}, {"weights": tensor}))
    assert files(store) == []


def test_metrics_may_be_scalars_and_arrays_of_numpy_and_torch(store):
    import torch

    metrics = {"a": np.float32(0.5), "b": np.int64(3), "c": np.array([1.5, 2.5]), "d": torch.tensor(2.0)}
    assert put(store, Result(metrics)).metrics == {"a": 0.5, "b": 3, "c": [1.5, 2.5], "d": 2.0}


def test_metrics_that_are_no_json_values_are_refused(store):
    with pytest.raises(TypeError, match="set"):
        put(store, Result({"x": {1, 2}}))
    assert files(store) == []


def test_hostile_text_comes_back_literally(store):
    text = "</script>\u202e\x00\x1b[31m\ud800 ü"
    assert put(store, Result({text: text})).metrics == {text: text}


@pytest.mark.parametrize("key", ["", "ab", "../" * 21 + "a", KEY.upper(), KEY + "\n", "g" * 64])
def test_a_key_is_64_hex_digits(store, key):
    with pytest.raises(ValueError, match="no key"):
        store.get(key)
    with pytest.raises(ValueError, match="no key"), store.lock(key):
        pass


def test_a_key_must_be_that_of_what_the_record_is_made_of(store):
    with pytest.raises(ValueError, match=KEY):
        store.put("0" * 64, MADE_OF, RESULT, FACTS, 0.0)


def test_an_unknown_key_has_no_record(store):
    assert store.get(KEY) is None
    assert store.keys() == []


def test_the_same_result_twice_is_one_record(store):
    first = put(store)
    second = store.put(KEY, MADE_OF, RESULT, {"torch": "other"}, 99.0)
    assert second == first


def test_another_result_under_the_same_key_is_refused_and_the_first_is_kept(store):
    put(store)
    with pytest.raises(RecordConflict, match="not give the same result twice"):
        put(store, Result({"accuracy": 0.6}))
    assert store.get(KEY).metrics["accuracy"] == 0.5


def test_strangers_in_the_folder_are_no_records(store):
    put(store)
    (store.path / "records" / "notes.json").write_text("{}")
    (store.path / "records" / f".{KEY}.json.x").write_text("{}")
    assert store.keys() == [KEY]
    assert store.verify() == []


def test_the_folder_says_what_it_is(store):
    assert (store.path / "README.md").read_text().startswith("# Records")
    assert (store.path / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert (store.path / ".gitignore").read_text() == "*\n"


def test_an_empty_folder_becomes_a_store_and_a_full_one_keeps_its_files(tmp_path):
    (tmp_path / "empty").mkdir()
    assert (Store(tmp_path / "empty").path / "CACHEDIR.TAG").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "README.md").write_text("mine")
    put(Store(tmp_path / "full"))
    assert (tmp_path / "full" / "README.md").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full"]


def test_an_empty_folder_that_a_file_system_is_mounted_on_is_filled(tmp_path, monkeypatch):
    (tmp_path / "volume").mkdir()

    def refuse(source, target):
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(target))

    monkeypatch.setattr(os, "rename", refuse)
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "volume")
    store = Store(tmp_path / "volume")
    assert store.unwritable is None
    assert (store.path / "CACHEDIR.TAG").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["volume"]


def test_many_may_make_the_folder_at_once(tmp_path):
    stores = []
    threads = [threading.Thread(target=lambda: stores.append(Store(tmp_path / "a" / "store"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.unwritable for store in stores] == [None] * 8
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["store"]


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "store").write_text("")
    with pytest.raises(StoreProblem, match="is a file"):
        Store(tmp_path / "store")


def read_only(monkeypatch):
    """As on a file system that is mounted read-only; root may write anywhere else."""
    opened = os.open

    def refuse(path, flags, *rest, **named):
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return opened(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", refuse)


def test_a_store_that_cannot_be_written_says_so_at_the_start_and_is_read(store, monkeypatch, caplog):
    put(store)
    read_only(monkeypatch)
    reading = Store(store.path)
    assert "not writable" in caplog.text
    assert "reading only" in caplog.text
    assert "Read-only file system" in reading.unwritable
    assert reading.get(KEY).metrics["accuracy"] == 0.5
    with pytest.raises(StoreNotWritable, match="Read-only"):
        put(reading, made_of={"other": 1})


def test_a_store_that_cannot_even_be_made_is_empty(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "store")
    assert "reading only" in caplog.text
    assert store.keys() == []


def test_a_corrupt_record_of_a_read_only_store_stays_where_it_is_and_is_not_used(store, monkeypatch, caplog):
    put(store)
    file, _ = store.files(KEY)
    file.write_bytes(file.read_bytes()[:-5])
    read_only(monkeypatch)
    assert Store(store.path).get(KEY) is None
    assert "not used" in caplog.text
    assert file.exists()


@pytest.mark.parametrize("version", [FORMAT + 1, FORMAT - 1])
def test_an_intact_record_of_another_format_is_left_alone_and_says_what_to_do(store, version):
    put(store)
    file, _ = store.files(KEY)
    body = json.loads(file.read_bytes())
    del body["sha256"]
    file.write_bytes(seal(body | {"format": version}))
    with pytest.raises(FormatUnknown, match="upgrade the suite"):
        store.get(KEY)
    assert file.exists()
    assert "upgrade the suite" in store.verify()[0]


@pytest.mark.parametrize("version", ["x", None, True, 1.0])
def test_a_sealed_record_without_a_number_for_its_format_is_corrupt(store, version):
    put(store)
    file, _ = store.files(KEY)
    body = json.loads(file.read_bytes())
    del body["sha256"]
    file.write_bytes(seal(body | {"format": version}))
    assert store.get(KEY) is None
    assert not file.exists()


def test_a_record_under_another_name_is_corrupt(store):
    put(store)
    other = content_key({"other": 1})
    for file, target in zip(store.files(KEY), store.files(other), strict=True):
        target.write_bytes(file.read_bytes())
    assert store.get(other) is None
    assert store.get(KEY) is not None


def test_arrays_that_change_after_the_record_was_opened_are_not_used(store):
    record = put(store)
    record.tensors_file.write_bytes(b"x")
    with pytest.raises(RecordCorrupt, match="sha256"):
        _ = record.tensors


def test_verify_names_what_is_wrong_and_sets_it_aside(store):
    put(store)
    put(store, made_of={"other": 1})
    put(store, made_of={"third": 1})
    lost = content_key({"other": 1})
    store.files(lost)[1].unlink()
    problems = store.verify()
    assert len(problems) == 1
    assert lost in problems[0]
    assert "missing" in problems[0]
    assert len(store.keys()) == 2
    assert store.verify() == []


def test_the_lock_is_reentrant_within_a_thread(store):
    with store.lock(KEY), store.lock(KEY):
        put(store)
    assert store.get(KEY) is not None


def test_another_thread_waits_for_the_lock(store, caplog):
    order = []

    def second():
        with store.lock(KEY):
            order.append("second")

    thread = threading.Thread(target=second)
    with store.lock(KEY):
        thread.start()
        for _ in range(1000):
            if "waiting" in caplog.text:
                break
            thread.join(0.01)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def hold_for_a_moment(store):
    with store.lock(KEY):
        pass


def test_who_waits_is_told_who_holds_the_lock_and_since_when_as_far_as_that_is_known(store, caplog):
    with store.lock(KEY), store.lock(KEY):
        pass
    assert not (store.path / "locks" / f"{KEY}.holder").exists()
    holder = store.path / "locks" / f"{KEY}.holder"
    for told in ("process 12 on elsewhere since 2026-01-02 03:04:05 UTC", "another process"):
        with store.lock(KEY):
            holder.unlink() if told == "another process" else holder.write_text(told)
            waits = threading.Thread(target=hold_for_a_moment, args=(store,))
            waits.start()
            for _ in range(1000):
                if told in caplog.text:
                    break
                waits.join(0.01)
        waits.join()
        assert f"is being computed by {told}, waiting" in caplog.text
