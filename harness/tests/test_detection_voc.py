"""VOC's layout: read exactly, and refused with the file and the object where it is malformed."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from harness.data import DatasetCorrupt, DatasetMissing, catalogue
from harness.data.detection_catalogue import PUBLISHED
from harness.data.voc import CLASSES, SIMILAR, VOC2007, VOC2007_2012, Part, Voc
from harness.runs import Bench
from harness.verdicts import Evidence

CPU = torch.device("cpu")
SMALL = Voc("voc-small", (Part(2007, "trainval", 2),), (Part(2007, "test", 1),))

OBJECT = """<object><name>{name}</name><difficult>{difficult}</difficult>
<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox>
<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part></object>"""


def annotation(*objects, width=40, height=20):
    written = "".join(OBJECT.format(**{"difficult": 0, **one}) for one in objects)
    size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
    return f"<annotation><filename>x.jpg</filename>{size}{written}</annotation>"


DOG, CAT = {"name": "dog", "box": (1, 1, 40, 20)}, {"name": "cat", "box": (11, 6, 20, 10), "difficult": 1}


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "VOCdevkit" / "VOC2007"
    for part in ("Annotations", "ImageSets/Main", "JPEGImages"):
        (folder / part).mkdir(parents=True)
    (folder / "ImageSets/Main/trainval.txt").write_text("000005\n000007\n")
    (folder / "ImageSets/Main/test.txt").write_text("000001\n")
    for number, name in enumerate(("000005", "000007", "000001")):
        (folder / "JPEGImages" / f"{name}.jpg").write_bytes(jpeg(40 + 60 * number))
        (folder / "Annotations" / f"{name}.xml").write_text(annotation(DOG, CAT))
    return tmp_path


def jpeg(grey, size=(40, 20)):
    stream = io.BytesIO()
    Image.new("RGB", size, (grey, grey, grey)).save(stream, "JPEG")
    return stream.getvalue()


def write(root, text, name="000007"):
    (root / f"VOCdevkit/VOC2007/Annotations/{name}.xml").write_text(text)


def test_boxes_count_from_one_and_include_both_ends(root):
    found = SMALL.load("train", root)
    whole, part = [0, 0, 1, 1], [10 / 40, 5 / 20, 20 / 40, 10 / 20]
    torch.testing.assert_close(found.boxes, torch.tensor([whole, part, whole, part]))
    assert found.labels.tolist() == [CLASSES.index("dog"), CLASSES.index("cat")] * 2
    assert found.owners.tolist() == [0, 0, 1, 1]
    assert found.difficult.tolist() == [False, True] * 2
    assert (len(found), found.reach) == (2, Evidence.PAPER)


def test_pixels_come_in_the_order_of_the_list_at_any_size(root):
    found = SMALL.load("train", root)
    pixels = found.pixels(8, CPU)
    assert (pixels.dtype, pixels.shape) == (torch.uint8, (2, 3, 8, 8))
    np.testing.assert_allclose(pixels.float().mean((1, 2, 3)), [40, 100], atol=2)
    assert found.chosen(torch.tensor([1])).pixels(5, CPU).float().mean() == pytest.approx(100, abs=2)


def test_an_image_without_objects_is_one(root):
    write(root, annotation())
    found = SMALL.load("train", root)
    assert found.owners.tolist() == [0, 0]
    assert len(found) == 2
    write(root, annotation(), "000001")
    assert SMALL.load("test", root).boxes.shape == (0, 4)


MALFORMED = {
    "beyond the right edge": (annotation(DOG, {"name": "cat", "box": (5, 5, 41, 9)}), r"object 2 \('cat'\).*leaves"),
    "beyond the top edge": (annotation({"name": "cat", "box": (5, 0, 9, 9)}), r"object 1 \('cat'\).*leaves the image"),
    "turned left to right": (annotation(DOG, DOG, {"name": "cow", "box": (9, 5, 5, 9)}), r"object 3 \('cow'\).*ends"),
    "upside down": (annotation({"name": "cow", "box": (5, 9, 9, 5)}), r"object 1 \('cow'\).*ends before it begins"),
    "unknown class": (annotation(DOG, {"name": "unicorn", "box": (1, 1, 2, 2)}), r"object 2 \('unicorn'\).*unknown"),
    "no class": (annotation({"name": "", "box": (1, 1, 2, 2)}), r"object 1 \(''\).*unknown class"),
    "no number": (annotation({"name": "cow", "box": ("a", 1, 2, 2)}), r"object 1 \('cow'\).*'a' for 'xmin'"),
    "not a number": (annotation({"name": "cow", "box": ("nan", 1, 2, 2)}), r"object 1 \('cow'\).*'nan' for 'xmin'"),
    "infinite": (annotation({"name": "cow", "box": (1, 1, "inf", 2)}), r"object 1 \('cow'\).*'inf' for 'xmax'"),
    "odd difficulty": (annotation({**DOG, "difficult": 2}), r"object 1 \('dog'\).*'difficult' is '2'"),
    "no box": (annotation().replace("</annotation>", "<object><name>dog</name></object></annotation>"),
               r"object 1 \('dog'\).*None for 'xmin'"),
    "no size": ("<annotation></annotation>", "its size has None for 'width'"),
    "no extent": (annotation(DOG, width=0), "its size is 0 x 20"),
    "no XML": ("these are no annotations", "is no annotation in XML"),
    "cut short": (annotation(DOG)[:-20], "is no annotation in XML"),
    "empty": ("", "is no annotation in XML"),
    "another document": ("<html></html>", "begins with 'html', expected 'annotation'"),
    "entities": ('<!DOCTYPE a [<!ENTITY b "dog">]>' + annotation({"name": "&b;", "box": (1, 1, 2, 2)}),
                 "declares a document type"),
    "huge": (annotation(DOG) + " " * 2**20, "expected 1,048,576 at most"),
}  # fmt: skip


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_annotation_is_an_error_that_names_file_and_object(kind, root):
    text, message = MALFORMED[kind]
    write(root, text)
    with pytest.raises(DatasetCorrupt, match=f"000007.xml: .*{message}"):
        SMALL.load("train", root)


def test_entities_are_refused_in_any_encoding(root):
    text = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY b "dog">]>' + annotation(DOG)
    (root / "VOCdevkit/VOC2007/Annotations/000007.xml").write_bytes(text.encode("utf-16"))
    with pytest.raises(DatasetCorrupt, match="declares a document type"):
        SMALL.load("train", root)


def test_missing_files_are_errors_that_name_them(root):
    folder = root / "VOCdevkit/VOC2007"
    (folder / "JPEGImages/000005.jpg").unlink()
    with pytest.raises(DatasetCorrupt, match=r"000005.xml: its image .*000005.jpg is missing"):
        SMALL.load("train", root)
    (folder / "Annotations/000005.xml").unlink()
    with pytest.raises(DatasetCorrupt, match=r"000005.xml: is missing, though its image is listed"):
        SMALL.load("train", root)


@pytest.mark.parametrize(
    ("content", "message"),
    [(jpeg(9, (20, 20)), r"\(20, 20\) pixels.*says \(40, 20\)"), (b"none", "is no image in JPEG")],
)
def test_an_image_that_is_not_what_its_annotation_says_is_an_error(content, message, root):
    (root / "VOCdevkit/VOC2007/JPEGImages/000005.jpg").write_bytes(content)
    found = SMALL.load("train", root)
    with pytest.raises(DatasetCorrupt, match=f"000005.jpg: .*{message}"):
        found.pixels(8, CPU)


def test_an_image_that_changes_under_way_is_an_error(root):
    found = SMALL.load("train", root)
    (root / "VOCdevkit/VOC2007/JPEGImages/000005.jpg").write_bytes(jpeg(77))
    with pytest.raises(DatasetCorrupt, match="has changed since"):
        found.pixels(8, CPU)


PART = "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>"
PLAIN = annotation(DOG, CAT)
AS_PEOPLE_HAVE_THEM = {
    "line ends of Windows": PLAIN.replace(">\n<", ">\r\n<").replace("><", ">\r\n<").encode(),
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": ('<?xml version="1.0" encoding="utf-16"?>' + PLAIN).encode("utf-16"),
    "coordinates with decimals": PLAIN.replace(">40<", ">40.0<").replace(">11<", ">11.0<").encode(),
    "blanks around numbers": PLAIN.replace("<xmin>11</xmin>", "<xmin> 11\n</xmin>").encode(),
    "a part before its object's own name": PLAIN.replace("<object>", f"<object>{PART}").encode(),
    "several parts": PLAIN.replace("</object>", f"{PART}{PART}</object>").encode(),
    "no word on difficulty": PLAIN.replace("<difficult>0</difficult>", "").encode(),
    "an empty word on difficulty": PLAIN.replace("<difficult>0</difficult>", "<difficult></difficult>").encode(),
    "fields that others have": PLAIN.replace("<size>", "<source/><segmented>0</segmented><size>").encode(),
    "a share for truncated": PLAIN.replace("<bndbox>", "<truncated>0.0597</truncated><bndbox>", 1).encode(),
}


@pytest.mark.parametrize("kind", AS_PEOPLE_HAVE_THEM)
def test_annotations_as_people_have_them_say_the_same(kind, root):
    plain = SMALL.load("train", root)
    (root / "VOCdevkit/VOC2007/Annotations/000007.xml").write_bytes(AS_PEOPLE_HAVE_THEM[kind])
    found = SMALL.load("train", root)
    assert torch.equal(found.boxes, plain.boxes)
    assert torch.equal(found.labels, plain.labels)
    assert torch.equal(found.difficult, plain.difficult)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_images_of_other_colours_are_read_in_rgb(mode, root):
    file = root / "VOCdevkit/VOC2007/JPEGImages/000007.jpg"
    Image.new("RGB", (40, 20), (100, 100, 100)).convert(mode).save(file, "JPEG")
    pixels = SMALL.load("train", root).pixels(8, CPU)[1]
    assert pixels.shape == (3, 8, 8)
    assert pixels.float().mean() == pytest.approx(100, abs=3)


@pytest.mark.parametrize("name", [b"../../secret", b"a/b", b"a.b", b"00000\xe9", b"00000\xff"])
def test_lists_lead_nowhere_else_and_name_what_is_no_name(name, root):
    (root / "VOCdevkit/VOC2007/ImageSets/Main/trainval.txt").write_bytes(b"000005\n" + name + b"\n")
    with pytest.raises(DatasetCorrupt, match=r"trainval\.txt: '.*' is no image's name"):
        SMALL.load("train", root)


def test_a_list_has_as_many_images_as_published(root):
    with pytest.raises(DatasetCorrupt, match="lists 2 images, expected 5011"):
        VOC2007.load("train", root)


def test_what_is_not_there_is_said(tmp_path):
    assert not VOC2007.present(None)
    assert not catalogue.present("voc2007", tmp_path)
    with pytest.raises(DatasetMissing, match=r"voc2007 is not here: no .*trainval.txt"):
        VOC2007.load("train", tmp_path)
    with pytest.raises(DatasetMissing, match="no data folder is named"):
        Bench().detection("voc2007", "test")
    with pytest.raises(ValueError, match="voc2007 has no split 'val'; it has train, test"):
        VOC2007.load("val", tmp_path)


def test_both_years_need_both_folders(root):
    assert VOC2007.present(root)
    assert catalogue.present("voc2007", root)
    assert not VOC2007_2012.present(root)
    assert PUBLISHED.keys() == {"voc2007", "voc2007+2012"}


def test_the_digest_changes_with_images_and_annotations(root):
    digests = {SMALL.load("train", root).digest}
    assert SMALL.load("train", root).digest in digests
    for change in ({"name": "cat", "box": DOG["box"]}, {**DOG, "box": (1, 1, 39, 20)}, {**DOG, "difficult": 1}):
        write(root, annotation(change, CAT))
        digests.add(SMALL.load("train", root).digest)
    write(root, annotation(DOG, CAT))
    (root / "VOCdevkit/VOC2007/JPEGImages/000005.jpg").write_bytes(jpeg(77))
    digests |= {SMALL.load("train", root).digest, SMALL.load("test", root).digest}
    both = replace(SMALL, train=(*SMALL.train, *SMALL.test))
    assert len(digests | {both.load("train", root).digest}) == 7


def test_classes_are_vocs():
    assert (len(CLASSES), CLASSES[0], CLASSES[-1]) == (20, "aeroplane", "tvmonitor")
    assert all(name in CLASSES for group in SIMILAR for name in group)
