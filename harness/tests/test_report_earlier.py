"""What lies in a report's folder while a session is on its way (`harness.report.earlier`)."""

from __future__ import annotations

from pathlib import Path

from harness.report.earlier import OUTPUTS, forget, put_back, set_aside


def report(folder: Path, number: int) -> dict[str, str]:
    """Write one, and return its files."""
    made = {name: f"<h1>Claims report</h1>{name} {number}" for name in OUTPUTS}
    for name, text in made.items():
        (folder / name).write_text(text)
    return made


def files(folder: Path) -> dict[str, str]:
    """What programs and people find."""
    return {file.name: file.read_text() for file in folder.iterdir() if file.is_file()}


def test_only_a_page_that_says_so_is_left_and_all_can_be_put_back(tmp_path):
    before = report(tmp_path, 1)
    for began in ("at one", "at two"):  # the first one died
        set_aside(tmp_path, began)
        (page,) = files(tmp_path).values()
        assert page.startswith("<h1>Claims report</h1><p ")
        assert page.endswith("index.html 1")
        assert page.count(f"A session that began {began} has not written its report.") == page.count("<p ") == 1
    put_back(tmp_path)
    assert files(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == len(OUTPUTS)


def test_where_nothing_was_reported_there_is_nothing_to_set_aside(tmp_path):
    set_aside(tmp_path, "now")
    put_back(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_report_that_was_written_meanwhile_is_the_earlier_one_next_time(tmp_path):
    report(tmp_path, 1)
    set_aside(tmp_path, "at one")
    newer = report(tmp_path, 2)  # by a session that died before it forgot the first one, or by another
    set_aside(tmp_path, "at two")
    put_back(tmp_path)
    assert files(tmp_path) == newer
    set_aside(tmp_path, "at three")
    newest = report(tmp_path, 3)
    forget(tmp_path)
    put_back(tmp_path)
    assert files(tmp_path) == newest
