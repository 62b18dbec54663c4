"""Bundles: what one store holds arrives in another, and nothing else does."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.runs import Result
from harness.store import (
    BundleRefused,
    FormatUnknown,
    Merged,
    Store,
    StoreNotWritable,
    StoreProblem,
    bundle,
    content_key,
    export,
    merge,
)
from harness.store.record import encode, seal


def made_of(number):
    return {"seed": number}


def key(number):
    return content_key(made_of(number))


def put(store, number, accuracy=0.5):
    tensors = {"w": np.arange(3.0) + number} if number % 2 else {}
    return store.put(key(number), made_of(number), Result({"accuracy": accuracy}, tensors), {}, 1.0)


@pytest.fixture
def source(tmp_path):
    store = Store(tmp_path / "source")
    for number in range(3):
        put(store, number)
    return store


@pytest.fixture
def target(tmp_path):
    return Store(tmp_path / "target")


@pytest.fixture
def file(source, tmp_path):
    file = tmp_path / "records.bundle"
    export(source, source.keys(), file)
    return file


def content(store):
    return {path.name: path.read_bytes() for path in (store.path / "records").glob("[!.]*")}


def write(file, members, **options):
    """A zip file with any members, named as they like."""
    with zipfile.ZipFile(file, "w", **options) as made:
        for name, data in members:
            made.writestr(name, data)


def members(file):
    with zipfile.ZipFile(file) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_what_was_exported_arrives_byte_for_byte(source, target, file):
    assert merge(file, target) == Merged(added=sorted(source.keys()))
    assert content(target) == content(source)
    np.testing.assert_array_equal(target.get(key(1)).tensors["w"], [1.0, 2.0, 3.0])


def test_only_the_keys_asked_for_are_exported_and_the_same_ones_give_the_same_bytes(source, target, tmp_path):
    for name in ("one", "two"):
        export(source, [key(2), key(0), key(2)], tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    merge(tmp_path / "one", target)
    assert target.keys() == sorted([key(0), key(2)])


def test_merging_twice_adds_nothing(target, file):
    merge(file, target)
    before = content(target)
    assert merge(file, target) == Merged(skipped=target.keys())
    assert content(target) == before


def test_a_record_with_the_same_content_is_skipped_though_its_cost_differs(target, file):
    target.put(key(0), made_of(0), Result({"accuracy": 0.5}), {"torch": "another"}, 77.0)
    assert key(0) in merge(file, target).skipped
    assert target.get(key(0)).seconds == 77.0


def test_a_conflicting_record_is_reported_and_the_stores_own_is_kept(target, file):
    put(target, 1, accuracy=0.9)
    merged = merge(file, target)
    assert list(merged.conflicts) == [key(1)]
    assert "another content" in merged.conflicts[key(1)]
    assert merged.added == sorted([key(0), key(2)])
    assert target.get(key(1)).metrics == {"accuracy": 0.9}


def test_a_corrupt_record_of_the_store_is_replaced_from_the_bundle(source, target, file):
    put(target, 1)
    target.files(key(1))[1].write_bytes(b"")
    assert key(1) in merge(file, target).added
    assert content(target) == content(source)


def test_exporting_a_run_without_a_record_is_refused_and_leaves_no_file(source, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(StoreProblem, match=key(9)):
        export(source, [key(0), key(9)], tmp_path / "out" / "bundle")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_corrupt_record_is_not_exported(source, tmp_path):
    source.files(key(1))[1].write_bytes(b"")
    with pytest.raises(StoreProblem, match=key(1)):
        export(source, source.keys(), tmp_path / "bundle")


def test_a_failed_export_keeps_the_bundle_that_was_there(source, file, monkeypatch):
    before = file.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        export(source, [key(0)], file)
    assert file.read_bytes() == before
    assert sorted(path.name for path in file.parent.iterdir()) == ["records.bundle", "source"]


HOSTILE = [
    "../evil.json",
    f"../{'0' * 64}.json",
    f"/{'0' * 64}.json",
    f"{'0' * 64}/../../evil",
    f"{'0' * 64}.json/",
    f"{'0' * 64}.exe",
    f"{'0' * 63}.json",
    f"{'A' * 64}.json",
    f"{'0' * 64}.json\n",
    f"..\\{'0' * 64}.json",
    "records/",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_member_with_an_unsafe_name_refuses_the_whole_bundle(target, file, tmp_path, name):
    write(file, [*members(file).items(), (name, b"x")])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BundleRefused, match="not named as a record"):
        merge(file, target)
    assert sorted(tmp_path.rglob("*")) == before
    assert content(target) == {}


def test_a_link_is_read_as_bytes_and_never_made(target, file):
    link = zipfile.ZipInfo(f"{'0' * 64}.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    write(file, [(link, b"/etc/passwd")])
    assert list(merge(file, target).corrupt) == ["0" * 64]
    assert content(target) == {}


def test_compressed_members_are_refused_unread(target, file):
    write(file, [(f"{'0' * 64}.json", b"0" * 10**6)], compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(BundleRefused, match="a bundle's are stored"):
        merge(file, target)


@pytest.mark.parametrize(("limit", "kind"), [("LARGEST_JSON", "json"), ("LARGEST_TENSORS", "safetensors")])
def test_members_that_are_too_large_are_refused(target, file, monkeypatch, limit, kind):
    monkeypatch.setattr(bundle, limit, 10)
    with pytest.raises(BundleRefused, match=f"{kind} has .* bytes, more than 10"):
        merge(file, target)
    assert content(target) == {}


def test_two_members_of_one_name_are_refused(target, file):
    name, data = next(iter(members(file).items()))
    with pytest.warns(UserWarning, match="Duplicate"):
        write(file, [(name, data), (name, data)])
    with pytest.raises(BundleRefused, match="two members"):
        merge(file, target)


def test_members_that_claim_more_bytes_than_the_file_has_are_refused(target, file):
    data = bytearray(file.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (10**7).to_bytes(4, "little")
    file.write_bytes(data)
    with pytest.raises(BundleRefused, match="larger than the file"):
        merge(file, target)


def test_a_file_that_is_no_zip_file_is_refused(target, tmp_path):
    (tmp_path / "text").write_text("hello")
    with pytest.raises(BundleRefused, match="no bundle"):
        merge(tmp_path / "text", target)


def test_a_store_that_can_only_be_read_is_not_merged_into(target, file):
    target.unwritable = "Read-only file system"
    with pytest.raises(StoreNotWritable):
        merge(file, target)


def test_a_record_with_wrong_digests_is_left_out_and_the_others_enter(target, file):
    damaged = members(file)
    damaged[f"{key(1)}.safetensors"] = damaged[f"{key(1)}.safetensors"][:-1] + b"\x01"
    damaged[f"{key(0)}.json"] = damaged[f"{key(0)}.json"].replace(b"0.5", b"0.9")
    write(file, damaged.items())
    merged = merge(file, target)
    assert set(merged.corrupt) == {key(0), key(1)}
    assert "sha256" in merged.corrupt[key(0)]
    assert merged.added == [key(2)] == target.keys()


def test_arrays_that_are_missing_or_do_not_belong_are_noticed(target, file):
    changed = members(file)
    arrays = changed.pop(f"{key(1)}.safetensors")
    changed[f"{key(0)}.safetensors"] = arrays
    changed[f"{key(5)}.safetensors"] = arrays
    write(file, changed.items())
    assert set(merge(file, target).corrupt) == {key(0), key(1), key(5)}
    assert target.keys() == [key(2)]


def test_a_forged_key_is_noticed(target, file):
    data, _ = encode("0" * 64, made_of(0), Result({"accuracy": 1.0}), {}, 0.0)
    write(file, [(f"{'0' * 64}.json", data)])
    assert list(merge(file, target).corrupt) == ["0" * 64]


def test_arrays_that_cannot_be_parsed_do_not_enter(target, file):
    body = json.loads(encode(key(0), made_of(0), Result({}), {}, 0.0)[0])
    del body["sha256"]
    data = seal(body | {"tensors": hashlib.sha256(b"junk").hexdigest()})
    write(file, [(f"{key(0)}.json", data), (f"{key(0)}.safetensors", b"junk")])
    assert "cannot be read" in merge(file, target).corrupt[key(0)]
    assert content(target) == {}


def test_a_bundle_of_a_newer_suite_says_so_and_nothing_enters(target, file):
    changed = members(file)
    changed[f"{key(2)}.json"] = seal({"format": 99})
    write(file, changed.items())
    with pytest.raises(FormatUnknown, match="upgrade the suite"):
        merge(file, target)
    assert content(target) == {}


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_bundle_with_any_bytes_changed_brings_in_nothing_false(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("bundle")
    source, target = Store(folder / "source"), Store(folder / "target")
    put(source, 1)
    file = folder / "bundle"
    export(source, source.keys(), file)
    original = file.read_bytes()
    place = data.draw(st.integers(0, len(original) - 1))
    change = data.draw(st.binary(max_size=6))
    file.write_bytes(original[:place] + change + original[place + len(change) + data.draw(st.integers(0, 2)) :])
    try:
        merge(file, target)
    except BundleRefused:
        assert target.keys() == []
    assert content(target) in ({}, content(source))
