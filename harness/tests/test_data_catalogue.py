"""The catalogue's facts, what it says of a data folder, and the image sets that need none."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from harness.data import DATA_SETS, catalogue, contents, load, loading, provenance
from harness.data.contents import known_digest
from harness.data.embedded import TEXTURE_SLOPES
from harness.data.image_set import ImageSet
from harness.data.spec import DataSpec
from harness.tests import fake_data
from harness.verdicts import Evidence

COARSE_LABELS = [
    4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11, 6, 11, 5, 10, 7, 6, 13, 15, 3, 15, 0, 11, 1,
    10, 12, 14, 16, 9, 11, 5, 5, 19, 8, 8, 15, 13, 14, 17, 18, 10, 16, 4, 17, 4, 2, 0, 17, 4, 18, 17, 10, 3, 2,
    12, 12, 16, 12, 1, 9, 19, 2, 10, 0, 1, 16, 12, 9, 13, 15, 13, 16, 19, 2, 4, 6, 19, 5, 5, 8, 19, 18, 1, 2, 15,
    6, 0, 17, 8, 14, 13,
]  # fmt: skip
EMBEDDED = ("digits", "textures", "two-digits")
FOLDER = Path(os.environ["CLAIMS_DATA"]) if "CLAIMS_DATA" in os.environ else None


def test_looking_for_data_sets_loads_no_heavy_library(tmp_path: Path):
    code = (
        "import sys, pathlib; from harness.data import DATA_SETS, catalogue, load\n"
        f"root = pathlib.Path({str(tmp_path)!r})\n"
        "assert not catalogue.present('mnist', root) and catalogue.present('digits', None)\n"
        "assert len(catalogue.describe(root)) == 4\n"
        "heavy = {'torch._C', 'numpy._core', 'PIL', 'torchvision', 'sklearn', 'scipy'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("spec", catalogue.PUBLISHED.values(), ids=lambda spec: spec.name)
def test_every_listed_file_has_a_size_a_sum_and_a_safe_path(spec: DataSpec):
    for split in spec.splits:
        assert split.count in (10_000, 50_000, 60_000)
        for file in (file for layout in split.layouts for file in layout.files):
            assert file.size > 0
            assert len(bytes.fromhex(file.sha256)) == 32
            assert not file.path.startswith("/")
            assert ".." not in file.path
            assert not file.url or (file.url.startswith("https://") and file.url.endswith(Path(file.path).name))
        assert any(all(file.url for file in layout.files) for layout in split.layouts), "there is a layout to fetch"


@pytest.mark.parametrize("spec", catalogue.PUBLISHED.values(), ids=lambda spec: spec.name)
def test_no_two_listed_files_are_the_same(spec: DataSpec):
    files = {file for split in spec.splits for layout in split.layouts for file in layout.files}
    assert len({file.path for file in files}) == len({file.sha256 for file in files}) == len(files)


def test_the_layout_is_the_one_that_torchvision_reads():
    from harness.system.torchvision_compat import torchvision

    datasets = torchvision.datasets
    for spec, source in (
        (catalogue.find("cifar10"), datasets.CIFAR10),
        (catalogue.find("cifar100"), datasets.CIFAR100),
    ):
        for split, listed in zip(spec.splits, (source.train_list, source.test_list), strict=True):
            batches, archive, _ = split.layouts
            assert [file.path for file in batches.files] == [f"{source.base_folder}/{name}" for name, _ in listed]
            assert [(file.path, file.url) for file in archive.files] == [(source.filename, source.url)]
    for spec, source in (
        (catalogue.find("mnist"), datasets.MNIST),
        (catalogue.find("fashion-mnist"), datasets.FashionMNIST),
    ):
        paths = {file.path for split in spec.splits for file in split.layouts[1].files}
        assert paths == {f"{source.__name__}/raw/{name}" for name, _ in source.resources}
    assert datasets.MNIST.mirrors[0] in catalogue.find("mnist").splits[0].layouts[1].files[0].url
    assert catalogue.find("fashion-mnist").classes == tuple(datasets.FashionMNIST.classes)


def test_names_are_those_that_claims_use():
    assert catalogue.names()[:6] == ("mnist", "fashion-mnist", "cifar10", "cifar100", "digits", "textures")
    assert len(set(catalogue.names())) == len(catalogue.names())


def test_embedded_sets_are_always_present_and_others_need_all_their_files(tmp_path: Path):
    assert all(catalogue.present(name, None) for name in EMBEDDED)
    assert not any(catalogue.present(name, None) for name in catalogue.PUBLISHED)
    assert not catalogue.present("no such set", tmp_path)
    files = [file for split in catalogue.find("mnist").splits for file in split.layouts[1].files]
    for file in files:
        assert not catalogue.present("mnist", tmp_path)
        fake_data.write(tmp_path, file.path, b"")
    assert catalogue.present("mnist", tmp_path)


def test_a_folder_is_not_a_file(tmp_path: Path):
    layout = fake_data.idx(tmp_path)
    assert fake_data.spec(layout).present(tmp_path)
    (tmp_path / layout.images.path).unlink()
    (tmp_path / layout.images.path).mkdir()
    assert not fake_data.spec(layout).present(tmp_path)


def test_a_description_names_the_layout_or_the_problem(tmp_path: Path):
    layout = fake_data.batches(tmp_path)
    spec = fake_data.spec(fake_data.idx(tmp_path / "elsewhere"), layout)
    (found,) = catalogue.describe(tmp_path, (spec,))
    assert (found.name, found.layouts, found.problem, found.usable) == ("fake", ("batches",), "", True)

    first = tmp_path / layout.files[0].path
    first.write_bytes(b"short")
    (found,) = catalogue.describe(tmp_path, (spec,))
    assert found.layouts == ("batches",)
    assert found.problem == f"{first}: found 5 bytes, expected {layout.files[0].size} bytes"
    assert not found.usable

    first.unlink()
    (found,) = catalogue.describe(tmp_path, (spec,))
    assert found.layouts == ()
    assert "as idx: no raw/images; as batches: no batches/first" in found.problem
    assert not found.usable


def test_a_description_without_a_folder_says_how_to_name_one():
    found = catalogue.describe(None)
    assert [one.name for one in found] == list(catalogue.PUBLISHED)
    assert all("--data" in one.problem and "CLAIMS_DATA" in one.problem for one in found)


@pytest.mark.parametrize("name", [*EMBEDDED, *catalogue.PUBLISHED])
def test_the_extent_is_that_of_the_training_split(name: str):
    if not catalogue.present(name, FOLDER):
        pytest.skip(f"{name} is not here")
    count, shape = catalogue.extent(name)
    assert load(name, "train", FOLDER).images.shape == (count, *shape)


def test_sets_in_folders_are_told_by_their_folders(tmp_path: Path):
    states = {one.name: one for one in catalogue.describe_folders(tmp_path)}
    assert list(states) == ["imagenet", "voc2007", "voc2007+2012"]
    assert {(one.usable, one.problem) for one in states.values()} == {(False, f"not under {tmp_path}")}
    for part in ("train", "val"):
        (tmp_path / "imagenet" / part).mkdir(parents=True)
    states = {one.name: one for one in catalogue.describe_folders(tmp_path)}
    assert (states["imagenet"].usable, states["imagenet"].layouts) == (True, ("folders",))
    assert not states["voc2007"].usable
    assert {one.problem for one in catalogue.describe_folders(None)} == {"no data folder is named"}


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_sets_are_the_same_each_time_and_only_a_proxy(name: str, split: str):
    first, second = DATA_SETS.load(name)(split), load(name, split, None)
    assert first.digest == second.digest
    assert torch.equal(first.images, second.images)
    assert (first.name, first.split, first.reach) == (name, split, Evidence.PROXY)
    assert first.images.ndim == 4
    assert first.labels.dtype == torch.int64
    assert len(first) == len(first.labels)
    assert load(name, split, None) is second
    with pytest.raises(ValueError, match="no split 'both'"):
        load(name, "both", None)


@pytest.mark.parametrize(
    ("name", "split", "digest"),
    [
        ("digits", "train", "0afb02a34cca37074918950bbeed6d24ab3a201e177a2bbb9799293fce876b4a"),
        ("digits", "test", "81acbbdcfef602cebf161b290ca67244b84d0ef273c4027693107d13b78b6d98"),
        ("two-digits", "train", "f19d801182c5a0e8e5dd89639e9696ae60f5675abad7dcacebf424aa3ffe502c"),
        ("two-digits", "test", "39b4849c2dfe176ff460a4e265cb54f45138e436ab31a36e7f224685d2b6403f"),
    ],
)
def test_the_digits_are_those_that_records_were_made_of(name, split, digest):
    assert load(name, split, None).digest == digest


def test_digits_are_all_there_once_and_spread_over_the_grey_levels():
    train, test = load("digits", "train", None), load("digits", "test", None)
    assert train.images.dtype == torch.uint8
    assert len(train) + len(test) == 1797
    assert train.images.shape[1:] == (1, 8, 8)
    assert set(train.images.unique().tolist()) == {round(level * 255 / 16) for level in range(17)}
    shares = test.labels.bincount() / (test.labels.bincount() + train.labels.bincount())
    assert shares.sub(0.2).abs().max() < 0.01


def test_textures_have_the_spectral_slopes_of_their_classes():
    train, test = load("textures", "train", None), load("textures", "test", None)
    assert train.images.shape == (2000, 1, 32, 32)
    assert train.images.dtype == torch.uint8
    assert train.labels.bincount().tolist() == [500] * 4
    assert train.labels[:8].tolist() == [0, 1, 2, 3] * 2
    assert train.images.flatten(1).unique(dim=0).shape[0] == 2000
    assert train.digest != test.digest
    slopes = [_slope(train, label) for label in range(4)]
    assert slopes == sorted(slopes)
    for found, stated in zip(slopes, TEXTURE_SLOPES, strict=True):
        assert found == pytest.approx(stated, abs=0.15)


def _slope(textures: ImageSet, label: int) -> float:
    """The slope of mean log amplitude over log frequency, under a window that hides the images' borders."""
    images = textures.images[textures.labels == label, 0].double() - 127.5
    window = torch.hann_window(32, periodic=False, dtype=torch.float64)
    power = torch.fft.rfft2(images * window * window[:, None]).abs().square().mean(0)
    frequency = torch.hypot(torch.fft.fftfreq(32)[:, None], torch.fft.rfftfreq(32)).double()
    chosen = (frequency > 0.08) & (frequency < 0.4)
    x, y = frequency[chosen].log(), power[chosen].log() / 2
    return -float(((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum())


def _real(name: str) -> ImageSet:
    if not catalogue.present(name, FOLDER):
        pytest.skip(f"{name} is not under CLAIMS_DATA")
    return load(name, "test", FOLDER)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10", "cifar100"])
def test_where_real_images_come_from_is_known_without_decoding_them(name: str, monkeypatch):
    expected = _real(name).provenance
    layout = catalogue.find(name).split("test").layout_under(FOLDER)
    if known_digest(layout.files) is not None:
        monkeypatch.setattr(type(layout), "read", None)
    loading._provenance.cache_clear()
    assert provenance(name, "test", FOLDER) == expected


@pytest.mark.parametrize(("name", "counts"), [("mnist", [980, 1135, 1032, 1010]), ("fashion-mnist", [1000] * 4)])
def test_real_grey_images_are_read(name: str, counts: list[int]):
    found = _real(name)
    assert found.images.shape == (10_000, 1, 28, 28)
    assert found.labels.bincount()[:4].tolist() == counts
    assert found.notes == ()


def test_real_cifar100_is_byte_for_byte_the_published_binary_version():
    """There a record is a byte of coarse label, one of fine label, then the pixels; the sum is that of `test.bin`."""
    found = _real("cifar100")
    assert found.images.shape == (10_000, 3, 32, 32)
    assert found.labels.bincount().tolist() == [100] * 100
    labels = torch.stack([torch.tensor(COARSE_LABELS)[found.labels], found.labels], dim=1).to(torch.uint8)
    records = torch.cat([labels, found.images.flatten(1)], dim=1)
    assert hashlib.sha1(records.numpy().data).hexdigest() == "8fb6623e830365ff53cf14adec797474f5478006"


def test_real_cifar10_says_how_many_images_are_inexact():
    found = _real("cifar10")
    assert found.labels.bincount().tolist() == [1000] * 10
    packed = catalogue.find("cifar10").split("test").layouts[2]
    if catalogue.find("cifar10").split("test").layout_under(FOLDER) == packed:
        assert found.notes == (
            "21 of 10,000 images are decoded JPEGs of the published ones, not exact (CIFAR10/inexact.json)",
        )
    else:
        assert found.notes == ()


def test_labels_are_those_of_the_fine_classes_in_the_published_order():
    """Both releases name their classes in alphabetical order, which their labels count."""
    for name, key, packed_keys in (
        ("cifar10", "labels", ("train", "test")),
        ("cifar100", "fine_labels", ("train_fine", "test_fine")),
    ):
        spec = catalogue.find(name)
        assert list(spec.classes) == sorted(spec.classes)
        for split, packed_key in zip(spec.splits, packed_keys, strict=True):
            batches, _, packed = cast(Any, split.layouts)  # all three kinds have labels here
            assert (batches.label_key, packed.label_key) == (key, packed_key)
    assert catalogue.find("mnist").classes == tuple("0123456789")


def test_what_listed_files_decode_to_is_as_it_was_found():
    """A changed line would name other images; the files themselves are not always there to tell."""
    table = repr(sorted(contents._BY_PATH.items()))
    found = "1fb682e73bf61e948e4feb85635ca5f16842d14f228df4386d74326fe28780d6"
    assert hashlib.sha256(table.encode()).hexdigest() == found


@pytest.mark.parametrize(
    ("name", "split", "digest"),
    [
        ("digits", "train", "0afb02a34cca37074918950bbeed6d24ab3a201e177a2bbb9799293fce876b4a"),
        ("digits", "test", "81acbbdcfef602cebf161b290ca67244b84d0ef273c4027693107d13b78b6d98"),
        ("two-digits", "train", "f19d801182c5a0e8e5dd89639e9696ae60f5675abad7dcacebf424aa3ffe502c"),
        ("two-digits", "test", "39b4849c2dfe176ff460a4e265cb54f45138e436ab31a36e7f224685d2b6403f"),
    ],
)
def test_embedded_digits_are_split_as_they_were_when_runs_were_stored(name: str, split: str, digest: str):
    assert load(name, split, None).digest == digest


def test_textures_have_the_stated_mean_and_spread():
    grey = load("textures", "train", None).images.double()
    assert grey.mean().item() == pytest.approx(127.5, abs=0.5)
    assert grey.std().item() == pytest.approx(40, abs=0.5)
