"""Finding, verifying and decoding data sets in every layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data import DatasetCorrupt, DatasetMissing, load, loading
from harness.data.contents import known_digest
from harness.data.digest import content_digest
from harness.data.loading import load_spec
from harness.data.spec import Layout
from harness.tests import fake_data
from harness.verdicts import Evidence

Writer = Callable[[Path], Layout]
COLOUR_LAYOUTS: list[Writer] = [fake_data.batches, fake_data.archive, fake_data.packed]
GREY_LAYOUTS: list[Writer] = [fake_data.idx, fake_data.zipped_idx]


def _spec(layout: Layout, write: Writer):
    return fake_data.spec(layout, images=fake_data.GREY if write in GREY_LAYOUTS else fake_data.COLOUR)


def _cases() -> list:
    counts: dict[Writer, int] = {fake_data.archive: 1}
    return [
        pytest.param(write, number, id=f"{getattr(write, '__name__', '')}-{number}")
        for write in [*COLOUR_LAYOUTS, *GREY_LAYOUTS]
        for number in range(counts.get(write, 2))
    ]


@pytest.mark.parametrize("write", COLOUR_LAYOUTS + GREY_LAYOUTS)
def test_every_layout_gives_the_images_that_were_written(tmp_path: Path, write: Writer):
    spec = _spec(write(tmp_path), write)
    written = fake_data.GREY if write in GREY_LAYOUTS else fake_data.COLOUR

    found = load_spec(spec, "train", tmp_path)

    assert found.images.dtype == torch.uint8
    assert found.images.is_contiguous()
    assert torch.equal(found.images, torch.from_numpy(written))
    assert found.labels.dtype == torch.int64
    assert found.labels.tolist() == fake_data.LABELS.tolist()
    assert (found.name, found.split, found.classes) == ("fake", "train", fake_data.CLASSES)
    assert found.reach is Evidence.PAPER
    assert len(found) == fake_data.COUNT


@pytest.mark.parametrize("writers", [COLOUR_LAYOUTS, GREY_LAYOUTS])
def test_all_layouts_of_the_same_images_have_the_same_digest(tmp_path: Path, writers: list[Writer]):
    digests = set()
    for write in writers:
        root = tmp_path / write.__name__
        digests.add(load_spec(_spec(write(root), write), "train", root).digest)
    assert len(digests) == 1
    assert len(digests.pop()) == 64


def test_the_digest_tells_pixels_labels_shape_and_type_apart():
    images, labels = torch.zeros(2, 1, 2, 3, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64)
    other = images.clone()
    other[1, 0, 1, 2] = 1
    digests = {
        content_digest(images, labels),
        content_digest(other, labels),
        content_digest(images, labels + 1),
        content_digest(images.view(2, 1, 3, 2), labels),
        content_digest(images.view(torch.int8), labels),
    }
    assert len(digests) == 5
    strided = torch.zeros(3, 2, 1, 2, dtype=torch.uint8).permute(3, 2, 1, 0)
    assert content_digest(strided, labels) == content_digest(images, labels)


@pytest.mark.parametrize(("write", "number"), _cases())
def test_a_truncated_file_is_named_with_both_sizes_and_a_remedy(tmp_path: Path, write: Writer, number: int):
    layout = write(tmp_path)
    file = layout.files[number]
    path = tmp_path / file.path
    path.write_bytes(path.read_bytes()[: file.size // 2])

    with pytest.raises(DatasetCorrupt) as caught:
        load_spec(_spec(layout, write), "train", tmp_path)

    message = str(caught.value)
    assert str(path) in message
    assert f"found {file.size // 2:,} bytes, expected {file.size:,} bytes" in message
    assert f"pytest claims --data {tmp_path} --download" in message


@pytest.mark.parametrize(("write", "number"), _cases())
def test_a_changed_byte_is_found_before_the_content_is_used(tmp_path: Path, write: Writer, number: int):
    layout = write(tmp_path)
    file = layout.files[number]
    path = tmp_path / file.path
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    with pytest.raises(DatasetCorrupt, match=f"{file.path}: found SHA-256 [0-9a-f]{{64}}, expected {file.sha256}"):
        load_spec(_spec(layout, write), "train", tmp_path)


@settings(deadline=None, max_examples=50)
@given(content=st.binary(min_size=1, max_size=200), data=st.data())
def test_any_other_content_is_told_from_the_listed_one(content: bytes, data: st.DataObject):
    file = fake_data.listed("any", content)
    other = data.draw(st.binary(max_size=200).filter(lambda drawn: drawn != content))
    flipped = bytearray(content)
    flipped[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert file.flaw(content) is None
    assert file.flaw(other) is not None
    assert file.flaw(bytes(flipped)) is not None


@pytest.mark.parametrize(("write", "number"), _cases())
def test_a_missing_file_is_named_with_the_commands_that_help(tmp_path: Path, write: Writer, number: int):
    layout = write(tmp_path)
    (tmp_path / layout.files[number].path).unlink()

    with pytest.raises(DatasetMissing) as caught:
        load_spec(_spec(layout, write), "train", tmp_path)

    message = str(caught.value)
    assert f"as {layout.name}: no {layout.files[number].path}" in message
    assert "pytest claims --data DIR" in message
    assert "CLAIMS_DATA" in message
    assert f"pytest claims --data {tmp_path} --download" in message


def test_without_a_data_folder_the_message_asks_for_one():
    with pytest.raises(DatasetMissing, match=r"cifar10 \(test\) needs a data folder.*--data.*CLAIMS_DATA"):
        load("cifar10", "test", None)


def test_unknown_names_and_splits_list_what_there_is(tmp_path: Path):
    with pytest.raises(ValueError, match="'imagenet'; there are mnist, fashion-mnist, cifar10, cifar100, digits"):
        load("imagenet", "train", tmp_path)
    with pytest.raises(ValueError, match="mnist has no split 'validation'; it has train, test"):
        load("mnist", "validation", tmp_path)


def test_the_first_complete_layout_is_taken(tmp_path: Path):
    exact, packed = fake_data.batches(tmp_path), fake_data.packed(tmp_path, inexact=[1, 4])
    spec = fake_data.spec(exact, packed)
    assert load_spec(spec, "train", tmp_path).notes == ()
    (tmp_path / exact.files[0].path).unlink()
    assert load_spec(spec, "train", tmp_path).notes != ()


def test_inexact_images_are_counted_in_the_notes(tmp_path: Path):
    spec = fake_data.spec(fake_data.packed(tmp_path, inexact=[1, 4]))
    (note,) = load_spec(spec, "train", tmp_path).notes
    assert note.startswith("2 of 5 images are decoded JPEGs of the published ones, not exact")
    assert "packed/inexact.json" in note


def test_nothing_is_written_beside_the_data_and_a_split_is_decoded_once(tmp_path: Path):
    specs = [_spec(write(tmp_path), write) for write in COLOUR_LAYOUTS + GREY_LAYOUTS]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    for spec in specs:
        assert load_spec(spec, "train", tmp_path) is load_spec(spec, "train", tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_labels_outside_the_classes_are_refused(tmp_path: Path):
    layout = fake_data.packed(tmp_path)
    spec = fake_data.spec(layout)
    narrow = type(spec)("fake", spec.shape, spec.classes[:2], spec.splits)
    with pytest.raises(DatasetCorrupt, match=r"labels\.npz: has labels outside 0 to 1"):
        load_spec(narrow, "train", tmp_path)


def test_idx_files_of_another_shape_are_refused(tmp_path: Path):
    layout = fake_data.idx(tmp_path)
    with pytest.raises(DatasetCorrupt, match=r"raw/labels: not an idx file of unsigned bytes of shape \(5, 4, 6\)"):
        type(layout)(layout.labels, layout.labels).read(tmp_path, fake_data.COUNT, (1, 4, 6))


@pytest.fixture
def known(monkeypatch):
    """Let the content digest of every layout be known."""
    digests: dict[str, str] = {}
    monkeypatch.setattr(loading, "known_digest", lambda files: digests["content"])
    return digests


def _provenance(spec, root: Path):
    return loading._provenance(*loading._placed(spec, "train", root, False))


@pytest.mark.parametrize("write", COLOUR_LAYOUTS + GREY_LAYOUTS)
def test_with_a_known_digest_nothing_is_decoded_and_the_files_are_verified(tmp_path: Path, write: Writer, known):
    layout = write(tmp_path)
    spec = _spec(layout, write)
    written = fake_data.GREY if write in GREY_LAYOUTS else fake_data.COLOUR
    known["content"] = content_digest(torch.from_numpy(written), torch.from_numpy(fake_data.LABELS))
    expected = load_spec(spec, "train", tmp_path).provenance
    assert _provenance(spec, tmp_path) == expected
    path = tmp_path / layout.files[0].path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    loading._provenance.cache_clear()
    with pytest.raises(DatasetCorrupt, match="found SHA-256"):
        _provenance(spec, tmp_path)


def test_images_that_decode_to_something_else_than_is_known_are_refused(tmp_path: Path, known):
    spec = fake_data.spec(fake_data.packed(tmp_path))
    known["content"] = "0" * 64
    with pytest.raises(RuntimeError, match="a decoder has changed"):
        load_spec(spec, "train", tmp_path)


def test_files_that_are_not_the_listed_ones_have_no_known_digest(tmp_path: Path):
    from harness.data import catalogue

    for spec in catalogue.PUBLISHED.values():
        for split in spec.splits:
            files = next(layout.files for layout in split.layouts if known_digest(layout.files))
            assert known_digest([type(file)(file.path, file.size + 1, file.sha256) for file in files]) is None
