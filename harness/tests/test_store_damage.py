"""No damaged entry is ever a record: it is set aside, kept, and the run counts as missing."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.runs import Result
from harness.store import RecordCorrupt, Store, content_key
from harness.store.record import _SEAL, check_digest, decode, encode, seal

MADE_OF = {"recipe": "r", "seed": 3, "words": ["ü", 1e-7, 1e22]}
KEY = content_key(MADE_OF)
RESULT = Result({"accuracy": 0.1 + 0.2, "curve": [1e-5, 2e17]}, {"w": np.arange(4, dtype=np.float32)})
JSON, TENSORS = encode(KEY, MADE_OF, RESULT, {"torch": "2.13"}, 1.5)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def fill(store, data=JSON, tensors=TENSORS):
    """Write the files as they are, damaged or not."""
    for file, content in zip(store.files(KEY), (data, tensors), strict=True):
        file.write_bytes(content)


def is_record(data, tensors, tmp_path):
    try:
        record = decode(KEY, data, tmp_path)
        check_digest(KEY, tensors, record.tensors_digest)
    except RecordCorrupt:
        return False
    return True


def test_the_undamaged_bytes_are_a_record(store, tmp_path):
    assert is_record(JSON, TENSORS, tmp_path)
    fill(store)
    assert store.get(KEY).metrics == RESULT.metrics


def test_a_record_that_is_cut_anywhere_is_none(tmp_path):
    assert not any(is_record(JSON[:end], TENSORS, tmp_path) for end in range(len(JSON)))
    assert not any(is_record(JSON, TENSORS[:end], tmp_path) for end in range(len(TENSORS)))


def test_a_record_with_any_one_bit_flipped_is_none(tmp_path):
    def flipped(data):
        for place in range(len(data)):
            for bit in range(8):
                yield data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]

    assert not any(is_record(data, TENSORS, tmp_path) for data in flipped(JSON))
    assert not any(is_record(JSON, tensors, tmp_path) for tensors in flipped(TENSORS))


damages = st.one_of(
    st.tuples(st.just("cut"), st.integers(0, len(JSON) - 1)),
    st.tuples(st.just("cut tensors"), st.integers(0, len(TENSORS) - 1)),
    st.tuples(st.just("replace"), st.binary(max_size=200)),
    st.tuples(st.just("append"), st.binary(min_size=1, max_size=20)),
)


@settings(deadline=None, max_examples=25)
@given(damage=damages)
def test_whatever_the_damage_the_entry_is_set_aside_with_its_bytes_and_can_be_written_again(tmp_path_factory, damage):
    store = Store(tmp_path_factory.mktemp("store"))
    kind, detail = damage
    data = {"cut": lambda: JSON[:detail], "replace": lambda: detail, "append": lambda: JSON + detail}
    data = data.get(kind, lambda: JSON)()
    tensors = TENSORS[:detail] if kind == "cut tensors" else TENSORS
    fill(store, data, tensors)

    assert store.get(KEY) is None
    assert store.keys() == []
    kept = {file.suffix: file.read_bytes() for file in (store.path / "quarantine").rglob("*.*")}
    assert kept == {".json": data, ".safetensors": tensors}

    store.put(KEY, MADE_OF, RESULT, {}, 0.0)
    assert store.get(KEY).metrics == RESULT.metrics
    shutil.rmtree(store.path)


def test_the_message_has_both_digests_and_the_place(store, caplog):
    fill(store, tensors=TENSORS[:-1])
    store.get(KEY)
    assert hashlib.sha256(TENSORS).hexdigest() in caplog.text
    assert hashlib.sha256(TENSORS[:-1]).hexdigest() in caplog.text
    assert str(store.path / "quarantine" / f"{KEY}-1") in caplog.text
    assert "will be run again" in caplog.text


def test_an_entry_that_is_corrupt_twice_is_kept_twice(store):
    for _ in range(2):
        fill(store, data=b"")
        assert store.get(KEY) is None
    assert len(list((store.path / "quarantine").iterdir())) == 2


def test_an_entry_that_another_process_is_working_on_is_left_to_it(store):
    fill(store, data=JSON[:-1])
    hold = (
        f"from harness.store import Store\nwith Store({str(store.path)!r}).lock({KEY!r}):\n"
        "    print('held', flush=True)\n    input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        assert store.get(KEY) is None
        assert store.files(KEY)[0].exists()
        holder.communicate("\n")
    assert store.get(KEY) is None
    assert not store.files(KEY)[0].exists()


def test_an_entry_that_was_replaced_while_it_was_read_is_left_alone(store, monkeypatch):
    fill(store)
    read = store._read

    def read_before_it_was_replaced(key):
        monkeypatch.setattr(store, "_read", read)
        raise RecordCorrupt("as it was")

    monkeypatch.setattr(store, "_read", read_before_it_was_replaced)
    assert store.get(KEY) is None
    assert store.get(KEY) is not None
    assert list((store.path / "quarantine").iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"made_of": {"x": 1}},
        {"key": "0" * 64},
        {"metrics": 3},
        {"tensors": "../../x"},
        {"tensors": 5},
        {"seconds": "s"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_well_sealed_nonsense_is_no_record(store, change):
    body = json.loads(JSON)
    del body["sha256"]
    fill(store, data=seal(body | change))
    assert store.get(KEY) is None


def test_sealed_json_that_is_nested_without_end_is_no_record(store):
    rest = b'", "x": ' + b"[" * 100_000
    fill(store, data=_SEAL + hashlib.sha256(rest).hexdigest().encode() + rest)
    assert store.get(KEY) is None


def test_arrays_with_the_right_digest_that_cannot_be_parsed_are_found_by_verify(store):
    body = json.loads(JSON)
    del body["sha256"]
    fill(store, data=seal(body | {"tensors": hashlib.sha256(b"junk").hexdigest()}), tensors=b"junk")
    with pytest.raises(RecordCorrupt, match="cannot be read"):
        _ = store.get(KEY).tensors
    assert "cannot be read" in store.verify()[0]
    assert store.keys() == []
