"""Images in a folder a class: listed, told apart, decoded beside the process, refused where they are not whole."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from harness.data import DatasetCorrupt, DatasetMissing, catalogue, load, provenance
from harness.data.folders import decoded
from harness.data.imagenet import load_files, shrunk
from harness.runs import Bench, Run, ingredients
from harness.tests.fake_imagenet import CLASSES, EACH, TINY, tiny_imagenet, write
from harness.tests.test_training_streamed import RECIPE
from harness.training.labelled import middle, random_part
from harness.verdicts import Evidence

__all__ = ["tiny_imagenet"]


@pytest.fixture
def files(tiny_imagenet):
    return load_files("imagenet", "train", tiny_imagenet)


def test_every_image_is_listed_with_the_class_of_its_folder(files, tiny_imagenet):
    assert len(files) == 3 * EACH["train"]
    assert files.classes == CLASSES
    assert [CLASSES[label] for label in files.labels] == [path.split("/")[-2] for path in files.files]
    assert files.reach is Evidence.PAPER
    validation = Bench(data=tiny_imagenet).image_files("imagenet", "test")
    assert len(validation) == 3 * EACH["val"]
    assert validation.digest != files.digest
    assert not set(files.files) & set(validation.files)


def test_a_set_is_known_by_names_and_sizes(files, tiny_imagenet, tmp_path):
    shutil.copytree(tiny_imagenet, tmp_path / "copy")
    assert TINY.load("train", tmp_path / "copy").digest == files.digest
    (tmp_path / "copy/imagenet/train/n02/n02_0.JPEG").rename(tmp_path / "copy/imagenet/train/n02/n02_9.JPEG")
    renamed = TINY.load("train", tmp_path / "copy").digest
    with (tmp_path / "copy/imagenet/train/n01/n01_3.JPEG").open("ab") as file:
        file.write(b"0")
    assert len({files.digest, renamed, TINY.load("train", tmp_path / "copy").digest}) == 3


def test_the_digest_is_part_of_a_runs_key(tiny_imagenet):
    made_of = ingredients(Run(RECIPE), Bench(data=tiny_imagenet))
    assert made_of["data"] == {
        f"imagenet/{split}": load_files("imagenet", split, tiny_imagenet).digest for split in ("train", "test")
    }


def test_presence_is_seen_in_folders_alone(tmp_path):
    assert not catalogue.present("imagenet", tmp_path)
    (tmp_path / "imagenet/train").mkdir(parents=True)
    assert not catalogue.present("small-imagenet", tmp_path)
    (tmp_path / "imagenet/val").mkdir()
    assert catalogue.present("imagenet", tmp_path)
    assert catalogue.present("small-imagenet", tmp_path)
    assert not catalogue.present("imagenet", None)


@pytest.mark.parametrize("root", [None, "nowhere"])
def test_what_is_not_there_says_what_to_do(root, tmp_path):
    with pytest.raises(DatasetMissing, match=r"Put imagenet/train and imagenet/val, .* --data DIR"):
        provenance("imagenet", "train", root and tmp_path / root)


def test_a_folder_that_is_not_whole_is_refused(tiny_imagenet):
    lost = tiny_imagenet / "imagenet/train/n03/n03_5.JPEG"
    lost.unlink()
    with pytest.raises(DatasetCorrupt, match=r"train: has 23 images in 3 folders, expected 24 in 3"):
        TINY.load("train", tiny_imagenet)
    shutil.rmtree(lost.parent)
    lost.parent.mkdir()
    with pytest.raises(DatasetCorrupt, match=r"imagenet/train: .*n03"):
        TINY.load("train", tiny_imagenet)


def another(folder, name):
    """One more image, below the folder of a class."""
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    shutil.copyfile(min(folder.glob("*.JPEG")), file)


@pytest.mark.parametrize(
    ("stray", "told"),
    [
        ("._n02_0.JPEG", r"25 images .*n02/\._n02_0\.JPEG and 0 more are hidden files .*: remove them"),
        ("n02/n02_0.JPEG", r"25 images .*n02/n02/n02_0\.JPEG and 0 more lie in folders within a class's: remove them"),
        ("n02_copy.JPEG", r"25 images .*the fewest, 8, in n01, the most, 9, in n02"),
    ],
)
def test_images_too_many_are_named(stray, told, tiny_imagenet):
    another(tiny_imagenet / "imagenet/train/n02", stray)
    with pytest.raises(DatasetCorrupt, match=told):
        TINY.load("train", tiny_imagenet)


@pytest.mark.parametrize("stray", [".DS_Store", "Thumbs.db", "n02_0.JPEG.part", "desktop.ini"])
def test_what_systems_and_downloads_leave_beside_images_changes_nothing(stray, files, tiny_imagenet):
    (tiny_imagenet / "imagenet/train/n02" / stray).write_bytes(b"left")
    assert TINY.load("train", tiny_imagenet).digest == files.digest


def test_a_class_may_be_called_what_is_no_utf_8(tiny_imagenet):
    digests = [TINY.load("train", tiny_imagenet).digest]
    for part in ("train", "val"):
        (tiny_imagenet / "imagenet" / part / "n02").rename(tiny_imagenet / "imagenet" / part / "n0\udcff")
    digests.append(TINY.load("train", tiny_imagenet).digest)
    assert len(set(digests)) == 2


def test_an_image_without_measure_is_refused_by_name(files, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # as one of 179 million pixels is
    with pytest.raises(DatasetCorrupt, match=r"n01_0\.JPEG: cannot be read as an image .*decompression bomb"):
        files.open(0)


def test_both_splits_have_the_same_classes(tiny_imagenet):
    (tiny_imagenet / "imagenet/val/n02").rename(tiny_imagenet / "imagenet/val/n04")
    with pytest.raises(DatasetCorrupt, match=r"has the class n02, for which there is no .*imagenet/val/n02"):
        TINY.load("train", tiny_imagenet)


def test_unknown_names_are_refused(tiny_imagenet):
    with pytest.raises(ValueError, match="no split 'val'; it has train, test"):
        load_files("imagenet", "val", tiny_imagenet)
    with pytest.raises(ValueError, match="'cifar10'; there is imagenet"):
        load_files("cifar10", "train", tiny_imagenet)


@pytest.mark.parametrize(("mode", "kind"), [
    ("L", "JPEG"), ("CMYK", "JPEG"), ("RGBA", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("1", "PNG"), ("P", "GIF"),
])  # fmt: skip
def test_all_kinds_of_pixels_are_opened_in_rgb_whatever_the_file_is_called(mode, kind, files):
    plain = Image.open(files.files[0]).convert("RGB")
    plain.convert(mode).save(files.files[0], kind, quality=95)
    assert files.open(0).mode == "RGB"
    assert files.open(0).size == plain.size


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0junk", b"Exif\0\0"])
def test_damaged_notes_in_a_file_change_no_pixel(exif, files):
    before = np.asarray(files.open(0))
    content = Path(files.files[0]).read_bytes()
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    Path(files.files[0]).write_bytes(content[:2] + segment + content[2:])
    assert np.array_equal(np.asarray(files.open(0)), before)


@pytest.mark.parametrize("processes", [0, 2])
def test_a_damaged_file_is_named(processes, files, monkeypatch):
    monkeypatch.setattr("harness.data.folders.processors", lambda: processes + 1)
    with open(files.files[3], "r+b") as file:
        file.truncate(300)
    with pytest.raises(DatasetCorrupt, match=r"n01_3\.JPEG: cannot be read as an image"):
        list(decoded(files, [[(2, 0), (3, 0)]], shrunk))


def test_other_processes_decode_the_same_and_draw_from_no_global_generator(files, monkeypatch):
    batches = [[(3, 5), (0, 6)], [(1, 7)]]
    found = []
    state = torch.get_rng_state()
    for processes in (0, 2):
        monkeypatch.setattr("harness.data.folders.processors", lambda processes=processes: processes + 1)
        found.append(list(decoded(files, batches, partial(random_part, side=14))))
    assert torch.equal(torch.get_rng_state(), state)
    assert [tuple(images.shape) for images in found[0]] == [(2, 3, 14, 14), (1, 3, 14, 14)]
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
    plain = torch.stack([random_part(files.open(number), seed, 14) for number, seed in batches[0]])
    assert torch.equal(found[0][0], plain)


def test_random_parts_are_what_torchvision_cuts(files):
    from harness.system.torchvision_compat import torchvision

    image = files.open(0)
    parts = [random_part(image, seed, 14) for seed in range(40)]
    assert len({part.numpy().tobytes() for part in parts}) > 30
    torch.manual_seed(7)
    expected = np.asarray(torchvision.transforms.RandomResizedCrop(14, scale=(0.08, 1), ratio=(3 / 4, 4 / 3))(image))
    assert np.array_equal(parts[7].permute(1, 2, 0).numpy(), expected)


def test_the_middle_is_that_of_torchvisions_evaluation(files):
    from harness.system.torchvision_compat import torchvision

    image = files.open(5)
    preset = torchvision.transforms._presets.ImageClassification(crop_size=224, resize_size=256, antialias=True)
    found = middle(image, 0, 224) / 255
    expected = preset(image) * torch.tensor(preset.std)[:, None, None] + torch.tensor(preset.mean)[:, None, None]
    torch.testing.assert_close(found, expected)
    assert (TINY.mean, TINY.spread) == (tuple(preset.mean), tuple(preset.std))


def test_small_imagenet_is_the_whole_images_averaged(tiny_imagenet):
    small = load("small-imagenet", "test", tiny_imagenet)
    files = load_files("imagenet", "test", tiny_imagenet)
    assert small.images.shape == (12, 3, 32, 32)
    assert torch.equal(small.labels, files.labels)
    for number in (0, 7, 11):
        expected = np.asarray(Image.open(files.files[number]).resize((32, 32), Image.Resampling.BOX))
        assert np.array_equal(small.images[number].permute(1, 2, 0).numpy(), expected)
    assert small.provenance == provenance("small-imagenet", "test", tiny_imagenet)
    assert small.digest != files.digest
    assert any("averaged down" in note for note in small.notes)
    assert load("small-imagenet", "test", tiny_imagenet) is small


def test_more_images_are_decoded_in_several_batches(tmp_path, monkeypatch, tiny_imagenet):
    monkeypatch.setattr("harness.data.imagenet.DECODED_AT_ONCE", 5)
    write(tmp_path / "again")
    assert torch.equal(
        load("small-imagenet", "train", tmp_path / "again").images,
        load("small-imagenet", "train", tiny_imagenet).images,
    )
