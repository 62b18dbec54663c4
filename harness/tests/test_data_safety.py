"""What a hostile or broken archive, pickle or server can do: nothing."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import socket
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data import DatasetCorrupt, DatasetMissing, DownloadFailed, UnsafePickle
from harness.data.batches import Batches
from harness.data.files import Stored
from harness.data.idx import Idx
from harness.data.loading import load_spec
from harness.data.pickles import plain_pickle
from harness.tests import fake_data


class _Calls:
    """Pickles as a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call


def _read(content: bytes, root: Path) -> Any:
    return plain_pickle(content, Stored(root, fake_data.write(root, "batch", content)))


def test_a_malicious_pickle_executes_nothing(tmp_path: Path):
    canary = tmp_path / "canary"
    payload = pickle.dumps({"data": _Calls(os.system, f"touch {canary}"), "labels": []})
    spec = fake_data.spec(Batches((fake_data.write(tmp_path, "batch", payload),), "labels"))

    with pytest.raises(UnsafePickle, match=rf"{tmp_path}/batch: this pickle asks for posix\.system"):
        load_spec(spec, "train", tmp_path)
    assert not canary.exists()

    pickle.loads(payload)
    assert canary.exists(), "the payload is harmless, so that the test would prove nothing"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("function", [eval, exec, open, getattr, np.load, np.ctypeslib.load_library, pickle.loads])
def test_no_function_can_be_named_in_a_pickle(tmp_path: Path, function: Any, protocol: int):
    with pytest.raises(UnsafePickle, match="this pickle asks for"):
        _read(pickle.dumps(_Calls(function, "x"), protocol), tmp_path)


def test_arrays_of_objects_are_refused(tmp_path: Path):
    with pytest.raises(DatasetCorrupt, match="expected numbers"):
        _read(pickle.dumps(np.array([{}, None]), 4), tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x80\x02}(", b"not a pickle", b"\x80\x02U\xff."])
def test_what_is_not_a_pickle_is_reported_with_its_file(tmp_path: Path, content: bytes):
    with pytest.raises(DatasetCorrupt, match="batch: does not unpickle"):
        _read(content, tmp_path)


def test_plain_data_of_any_protocol_is_read(tmp_path: Path):
    plain = {"data": np.arange(6, dtype=np.uint8).reshape(2, 3), "labels": [1, 2], "name": "batch", "rest": (b"x", 1.5)}
    for protocol in (3, 4):
        found = _read(pickle.dumps(plain, protocol), tmp_path)
        np.testing.assert_array_equal(found.pop("data"), plain["data"])
        assert found == {name: value for name, value in plain.items() if name != "data"}


@pytest.mark.parametrize(
    "held",
    [
        [],
        {"labels": [0]},
        {"data": np.zeros((1, 5), np.uint8), "labels": [0]},
        {"data": np.zeros((1, 72)), "labels": [0]},
        {"data": np.zeros((1, 72), np.uint8), "labels": [0, 1]},
        {"data": np.zeros((1, 72), np.uint8), "labels": ["0"]},
    ],
)
def test_a_batch_without_rows_of_images_is_refused(tmp_path: Path, held: Any):
    layout = Batches((fake_data.write(tmp_path, "batch", pickle.dumps(held, 4)),), "labels")
    with pytest.raises(DatasetCorrupt, match="batch: expected rows of 72 bytes in 'data', integers in 'labels'"):
        load_spec(fake_data.spec(layout), "train", tmp_path)


def test_too_few_images_are_refused(tmp_path: Path):
    layout = fake_data.batches(tmp_path)
    with pytest.raises(DatasetCorrupt, match="found 3 images in it and the other batches, expected 5"):
        load_spec(fake_data.spec(Batches(layout.files[:1], "labels")), "train", tmp_path)


@pytest.mark.parametrize("name", ["../escape.webp", "/absolute.webp", "train_00000.webp/../../x", "extra.txt"])
def test_unexpected_members_of_a_zip_archive_are_named(tmp_path: Path, name: str):
    members = {**fake_data.strips(), name: b"payload"}
    spec = fake_data.spec(fake_data.packed(tmp_path / "root", images=fake_data.zipped(members)))
    with pytest.raises(
        DatasetCorrupt, match=rf"has the member '{name}', expected train_00000.webp to train_00004.webp"
    ):
        load_spec(spec, "train", tmp_path / "root")
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_a_missing_member_of_a_zip_archive_is_refused(tmp_path: Path):
    members = dict(list(fake_data.strips().items())[:2])
    spec = fake_data.spec(fake_data.packed(tmp_path, images=fake_data.zipped(members)))
    with pytest.raises(DatasetCorrupt, match="has 2 members, expected 3"):
        load_spec(spec, "train", tmp_path)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path):
    members = {**fake_data.strips(), "train_00002.webp": bytes(50_000_000)}
    images = fake_data.zipped(members, zipfile.ZIP_DEFLATED)
    assert len(images) < 100_000
    with pytest.raises(DatasetCorrupt, match=r"train_00002.webp has 50,000,000 bytes, expected [\d,]+ at most"):
        load_spec(fake_data.spec(fake_data.packed(tmp_path, images=images)), "train", tmp_path)


@pytest.mark.parametrize("strip", [fake_data.webp(fake_data.COLOUR[:1]), b"RIFF no picture", b""])
def test_a_member_that_is_not_the_picture_is_refused(tmp_path: Path, strip: bytes):
    images = fake_data.zipped({**fake_data.strips(), "train_00002.webp": strip})
    with pytest.raises(DatasetCorrupt, match=r"train_images.zip: member train_00002.webp (is RGB of|does not decode)"):
        load_spec(fake_data.spec(fake_data.packed(tmp_path, images=images)), "train", tmp_path)


def test_a_file_that_is_no_archive_is_reported(tmp_path: Path):
    layout = fake_data.packed(tmp_path, images=b"no archive at all")
    with pytest.raises(DatasetCorrupt, match=r"train_images\.zip: does not read as a zip archive"):
        load_spec(fake_data.spec(layout), "train", tmp_path)


def _member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, target, size
    return member


@pytest.mark.parametrize(
    "member",
    [
        _member("../escape"),
        _member("/absolute"),
        _member("batches/link", tarfile.SYMTYPE, "/etc/passwd"),
        _member("batches/hard", tarfile.LNKTYPE, "batches/first"),
        _member("batches/device", tarfile.CHRTYPE),
        _member("batches/pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda member: member.name,
)
def test_unsafe_members_of_a_tar_archive_are_named(tmp_path: Path, member: tarfile.TarInfo):
    spec = fake_data.spec(fake_data.archive(tmp_path / "root", member))
    with pytest.raises(DatasetCorrupt, match=f"has the unsafe member '{member.name}'"):
        load_spec(spec, "train", tmp_path / "root")
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_folders_and_small_files_beside_the_batches_are_ignored(tmp_path: Path):
    layout = fake_data.archive(tmp_path, _member("batches", tarfile.DIRTYPE), _member("batches/readme.html", size=9))
    assert len(load_spec(fake_data.spec(layout), "train", tmp_path)) == fake_data.COUNT


def test_a_tar_bomb_is_refused(tmp_path: Path):
    layout = fake_data.archive(tmp_path, _member("batches/bomb", size=5_000_000))
    with pytest.raises(DatasetCorrupt, match=r"member 'batches/bomb' has 5,000,000 bytes, expected \d+ at most"):
        load_spec(fake_data.spec(layout), "train", tmp_path)


def test_a_batch_changed_inside_the_archive_is_found(tmp_path: Path):
    layout = fake_data.archive(tmp_path)
    first, second = layout.batches.files
    other = fake_data.listed(second.path, b"x" * second.size)
    spec = fake_data.spec(type(layout)(layout.archive, Batches((first, other), "labels")))
    with pytest.raises(DatasetCorrupt, match="member 'batches/second': found SHA-256"):
        load_spec(spec, "train", tmp_path)


def test_a_gzip_bomb_is_unpacked_no_further_than_the_size_that_is_expected(tmp_path: Path, monkeypatch):
    asked: list[int] = []
    read = gzip.GzipFile.read

    def reading(self, size=-1):
        asked.append(size)
        return read(self, size)

    monkeypatch.setattr(gzip.GzipFile, "read", reading)
    bomb = fake_data.write(tmp_path, "images.gz", gzip.compress(bytes(5_000_000)))
    with pytest.raises(DatasetCorrupt, match=r"images\.gz: not an idx file"):
        Idx(bomb, bomb).read(tmp_path, fake_data.COUNT, (1, 4, 6))
    assert asked == [16 + 5 * 4 * 6 + 1]


class _Response(io.BytesIO):
    def __init__(self, url: str, content: bytes) -> None:
        super().__init__(content)
        self.url = url


@pytest.fixture
def published(tmp_path: Path, monkeypatch):
    """A gzipped data set on a server, which says what it was asked for; nothing under the data folder."""
    server = tmp_path / "server"
    layout = fake_data.zipped_idx(server)
    contents = {f"https://example.org/{file.path}": (server / file.path).read_bytes() for file in layout.files}
    images, labels = (fake_data.listed(url.split("/", 3)[3], content, url) for url, content in contents.items())
    asked: list[str] = []

    def urlopen(url: str, timeout: float) -> _Response:
        asked.append(url)
        return _Response(url, contents[url])

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    spec = fake_data.spec(fake_data.idx(tmp_path / "bare"), Idx(images, labels, "idx.gz"), images=fake_data.GREY)
    return spec, contents, asked


def _files(root: Path) -> set[str]:
    return {path.name for path in root.rglob("*") if path.is_file()} - {".download.lock"}


def test_a_missing_data_set_is_fetched_only_when_that_is_asked_for(tmp_path: Path, published, monkeypatch):
    spec, _, asked = published
    root = tmp_path / "root"
    with monkeypatch.context() as offline:
        offline.setattr(socket, "socket", None)
        with pytest.raises(DatasetMissing):
            load_spec(spec, "train", root)
    assert asked == []
    assert not root.exists()

    found = load_spec(spec, "train", root, download=True)
    assert found.images.tolist() == fake_data.GREY.tolist()
    assert _files(root) == {"images.gz", "labels.gz"}
    assert all((root / "raw" / name).stat().st_mode & 0o777 == 0o644 for name in _files(root)), "others may read them"
    assert len(asked) == 2

    load_spec(spec, "train", root, download=True)
    assert len(asked) == 2


@pytest.mark.parametrize(
    "change", [lambda content: content[:-1], lambda content: content + b"x", lambda content: b"<html>"]
)
def test_bytes_that_are_not_the_listed_ones_never_reach_the_data_folder(tmp_path: Path, published, change):
    spec, contents, _ = published
    url = "https://example.org/raw/labels.gz"
    contents[url] = change(contents[url])
    with pytest.raises(DownloadFailed, match=rf"{url}: found .* bytes, expected .*; nothing was written"):
        load_spec(spec, "train", tmp_path / "root", download=True)
    assert _files(tmp_path / "root") == {"images.gz"}


def test_plain_http_is_refused_also_where_a_server_redirects_to_it(tmp_path: Path, published, monkeypatch):
    spec, contents, asked = published
    content = contents["https://example.org/raw/images.gz"]
    redirected = _Response("http://example.org/elsewhere", content)
    monkeypatch.setattr("urllib.request.urlopen", lambda url, timeout: redirected)
    with pytest.raises(DownloadFailed, match=r"http://example\.org/elsewhere: refusing plain http"):
        load_spec(spec, "train", tmp_path / "root", download=True)

    first, second = (fake_data.listed(path, b"", f"http://example.org/{path}") for path in ("a", "b"))
    plain = Idx(first, second)
    with pytest.raises(DownloadFailed, match=r"http://example\.org/a: refusing plain http"):
        load_spec(fake_data.spec(plain, images=fake_data.GREY), "train", tmp_path / "root", download=True)
    assert asked == []
    assert _files(tmp_path / "root") == set()


def test_a_lost_connection_is_reported_with_the_address_and_the_place(tmp_path: Path, published, monkeypatch):
    spec, _, _ = published

    def refuse(url: str, timeout: float) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(DownloadFailed, match=r"images.gz: timed out.*put the file at .*root/raw/images.gz by hand"):
        load_spec(spec, "train", tmp_path / "root", download=True)
