"""Evidence as text: what is written is read again, what is damaged, foreign or dependent is named and set aside."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.image_set import Provenance
from harness.evidence import Archive, Confirmation, Entry, Freshness, LineRefused
from harness.evidence.entry import parse, rounded, sealed
from harness.verdicts import Evidence

PLACE = "toy2026/stripes"
CURVE = [0.1 * number + 0.01 for number in range(12)]


def entry(
    seed: int = 0, *, code: str = "c1", numbers: float = 0.0, date: str = "2026-01-02", **metrics: object
) -> Entry:
    """A record like those of trainings; `numbers` is added to its curve."""
    stated = {
        "train_loss": [value + seed + numbers for value in CURVE],
        "fingerprints": {"initial weights": f"w{seed}", "order of images": f"o{seed}"},
        "shared_images": {"test": [1, 1000]},
        **metrics,
    }
    made_of = {
        "recipe": {"name": "training", "fields": {"epochs": 3}}, "seed": seed, "data": {"stripes/train": "d1"},
        "code": code, "device": "cpu", "threads": 1, "torch": "2.13",
    }  # fmt: skip
    sources = (Provenance("stripes", "train", "d1", Evidence.PROXY, ("generated",)),)
    return Entry(f"stripes, seed {seed}", made_of, stated, {"python": "3.11"}, 12.34, date, "0" * 40, sources)


def wanted(seed: int = 0, code: str = "c1") -> dict[str, object]:
    return {**entry(seed).made_of, "code": code}


def written(tmp_path, *entries: Entry | Confirmation) -> Archive:
    Archive.read(tmp_path).add(PLACE, entries)
    return Archive.read(tmp_path)


def test_what_is_written_is_read_again_and_found(tmp_path):
    archive = written(tmp_path, entry(0), entry(1))
    assert not archive.problems
    found, freshness = archive.find(wanted(1)) or pytest.fail("not found")
    assert (found.seed, freshness, found.seconds) == (1, Freshness.CURRENT, 12.3)
    assert found.sources == entry(1).sources
    assert found.record().metrics["train_loss"] == pytest.approx(entry(1).metrics["train_loss"])
    assert archive.find(wanted(2)) is None
    assert archive.places()[found.key] == PLACE


def test_lines_that_are_no_records_stay_as_they_are(tmp_path):
    file = tmp_path / f"{PLACE}.jsonl"
    written(tmp_path, entry(0))
    foreign = ['{"format": 2, "of": "a later version"}', entry(1).line()[:50]]
    file.write_text("\n".join([foreign[0], file.read_text().strip(), foreign[1]]) + "\n")
    archive = written(tmp_path, entry(2))
    assert file.read_text().splitlines()[2:] == foreign
    assert sorted(one.seed for one in archive.entries.values()) == [0, 2]
    assert len(archive.problems) == 2


def test_a_line_a_record_in_order_so_that_a_diff_is_what_was_added(tmp_path):
    archive = written(tmp_path, entry(2), entry(0))
    file = tmp_path / f"{PLACE}.jsonl"
    before = file.read_text().splitlines()
    archive.add(PLACE, [entry(1)])
    after = file.read_text().splitlines()
    assert [line for line in after if line not in before] == [after[1]]
    assert [json.loads(line)["title"] for line in after] == [f"stripes, seed {seed}" for seed in range(3)]
    archive.add(PLACE, [entry(1)])
    assert file.read_text().splitlines() == after


@given(
    st.recursive(st.floats(allow_nan=False, allow_infinity=False) | st.text() | st.integers(), st.lists, max_leaves=5)
)
def test_numbers_keep_twelve_digits_and_survive_a_second_writing(value):
    once = rounded({"value": value})
    assert rounded(once) == once
    again = parse(dataclasses.replace(entry(), metrics={"value": value}).line())
    assert isinstance(again, Entry)
    assert again.metrics == once


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_recorded(number):
    with pytest.raises(ValueError, match="is no measured number"):
        dataclasses.replace(entry(), metrics={"loss": [1.0, number]}).line()


def changed(line: str, **changes: object) -> str:
    """A line with other content under a seal that fits."""
    body = json.loads(line)
    del body["sha256"]
    return sealed(body | changes)


HOSTILE = {
    "a changed number": (lambda line: line.replace("2026-01-02", "2026-01-03"), "it was changed"),
    "another seed": (lambda line: changed(line, made_of=dict(entry(7).made_of)), "that of something else"),
    "no seal": (lambda line: "{" + line.split(",", 1)[1], "does not begin with its digest"),
    "cut off": (lambda line: line[: len(line) // 2], "it was changed"),
    "NaN": (lambda line: changed(line).replace('"commit":"0', '"commit":NaN,"x":"0'), "it was changed"),
    "of another format": (lambda line: changed(line, format=99), "another version"),
    "too long": (lambda line: line + " " * (1 << 20), "more than a record has"),
    "other data than it was made of": (lambda line: changed(line, sources=[]), "not those that it was made of"),
    "no numbers": (lambda line: changed(line, metrics=3), "not a record"),
    "deeply nested": (lambda line: '{"sha256":"' + "0" * 64 + '",' + "[" * 10_000, "it was changed"),
    "text": (lambda line: "supported \ud800 \x00".encode("utf-8", "replace").decode(), "does not begin"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_or_damaged_line_is_named_and_set_aside_and_the_others_count(tmp_path, kind):
    written(tmp_path, entry(0), entry(1))
    spoil, why = HOSTILE[kind]
    file = tmp_path / f"{PLACE}.jsonl"
    first, second = file.read_text().splitlines()
    file.write_text(f"{spoil(first)}\n{second}\n", encoding="utf-8")
    archive = Archive.read(tmp_path)
    (problem,) = archive.problems
    assert str(problem).startswith(f"{PLACE}.jsonl:1: ")
    assert why in str(problem)
    assert [one.seed for one in archive.entries.values()] == [1]
    with pytest.raises(LineRefused, match=why):
        parse(spoil(first))


def test_the_best_record_is_current_before_confirmed_before_stale_and_late_before_early(tmp_path):
    old, new = entry(code="c1"), entry(code="c2", numbers=1e-6, date="2026-02-01")
    archive = written(tmp_path, old, new)

    def found(code: str) -> tuple[str, Freshness]:
        best, freshness = archive.find(wanted(code=code)) or pytest.fail("not found")
        return best.code, freshness

    assert found("c1") == ("c1", Freshness.CURRENT)
    assert found("c3") == ("c2", Freshness.STALE)
    archive.add(PLACE, [Confirmation(old.key, "c3", 1, False, "2026-03-01", "1" * 40)])
    assert found("c3") == ("c1", Freshness.CONFIRMED)
    archive = Archive.read(tmp_path)
    assert found("c3") == ("c1", Freshness.CONFIRMED)
    assert found("c4")[1] is Freshness.STALE


def test_a_record_of_other_data_is_no_record_of_this_run(tmp_path):
    archive = written(tmp_path, entry())
    assert archive.find(wanted(), {"stripes/train": "d1"})
    assert archive.find(wanted(), {"stripes/train": "another"}) is None
    assert archive.find(wanted(), None)


def test_a_record_that_was_copied_under_another_seed_is_refused_and_so_is_the_original(tmp_path):
    copy = dataclasses.replace(entry(0), title="stripes, seed 5", made_of=entry(5).made_of)
    archive = written(tmp_path, entry(0), copy, entry(1))
    assert [one.seed for one in archive.entries.values()] == [1]
    assert all("seeds 0, 5 have the same" in problem.why for problem in archive.problems)


@pytest.mark.parametrize("same", ["initial weights", "order of images"])
def test_seeds_that_share_what_a_seed_decides_are_refused(tmp_path, same):
    shared = {"initial weights": "a", "order of images": "b"}
    first = entry(0, fingerprints=shared)
    second = entry(1, fingerprints={name: "a" if name == same else f"x{name}" for name in shared})
    first = dataclasses.replace(first, metrics={**first.metrics, "fingerprints": {**shared, same: "a"}})
    problems = written(tmp_path, first, second).problems
    assert {problem.why for problem in problems} == {
        f"stripes, seed {i}: seeds 0, 1 have the same {same}" for i in (0, 1)
    }


def test_one_seed_under_two_versions_of_the_code_may_share_everything(tmp_path):
    assert not written(tmp_path, entry(code="c1"), entry(code="c2", numbers=1e-9)).problems


def test_test_images_that_were_trained_on_and_development_seeds_are_refused(tmp_path):
    leaked = entry(3, shared_images={"validation": [0, 100], "test": [40, 1000]})
    archive = written(tmp_path, leaked, entry(101), entry(4))
    assert [one.seed for one in archive.entries.values()] == [4]
    said = {problem.why for problem in archive.problems}
    assert said == {
        "stripes, seed 3: it was trained on test images",
        "stripes, seed 101: seed 101 is a development seed",
    }


@pytest.mark.parametrize("place", ["../outside/x", "toy", "toy/../x", "/toy/x", "toy/x/y", "Toy/x", ""])
def test_evidence_stands_where_it_belongs(tmp_path, place):
    with pytest.raises(ValueError, match="evidence stands under"):
        Archive.read(tmp_path).add(place, [entry()])


def test_no_folder_is_no_evidence(tmp_path):
    archive = Archive.read(tmp_path / "nothing")
    assert not archive.entries
    assert archive.find(wanted()) is None
