"""The figures of a paper, redrawn: curves and numbers of its claims beside the paper's, or what they wait for."""

from __future__ import annotations

import dataclasses
import re
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.claims.papers import Figure, read
from harness.report.curves import HEIGHT, WIDTH, path
from harness.report.document import paper_to_json
from harness.report.figures import redrawn
from harness.report.page import draw
from harness.tests.made_up_cases import case, not_run
from harness.tests.test_papers_headlines import PAPER as TOML
from harness.tests.test_report import HOSTILE, PAPER, described, documented

CURVES = {"by depth": {"x": [1.0, 2.0], "y": [1.0, 4.0]}, "loss": {"x": [1.0, 2.0], "y": [9.0, 8.0]}}


def written(figure, *cases, **described_as):
    paper = paper_to_json(dataclasses.replace(PAPER, figures=(figure,)))
    return {**documented(described(**described_as), *cases), "papers": [paper]}


def drawn(document):
    entries, outside = ({one["id"]: one for one in document[which]} for which in ("claims", "outside"))
    return redrawn(document["papers"][0], entries, outside)[0]


def test_a_figure_is_a_few_lines_of_the_papers_file(tmp_path):
    (tmp_path / "paper.toml").write_text(
        TOML + '[[figures]]\nnumber = "Fig. 1"\nshows = "one"\nclaims = ["XX-01"]\ncurves = ["by *"]\nx = "depth"\n'
        "printed = { half = 0.5, dots = [[1, 2], [2, 3]] }\n"
    )
    printed = (("half", 0.5), ("dots", ((1.0, 2.0), (2.0, 3.0))))
    expected = Figure("Fig. 1", "one", ("XX-01",), ("by *",), x="depth", printed=printed)
    assert read(tmp_path).figures == (expected,)


@pytest.mark.parametrize(
    ("line", "error", "names"),
    [
        ('claims = ["YY-01"]', KeyError, "YY-01 is no id"),
        ('claims = ["XX-01"]\ncolour = "red"', TypeError, "colour"),
        ('x = "depth"', KeyError, "Fig. 1 has neither"),
    ],
)
def test_a_figure_of_another_shape_is_told(tmp_path, line, error, names):
    (tmp_path / "paper.toml").write_text(f'{TOML}[[figures]]\nnumber = "Fig. 1"\nshows = "one"\n{line}\n')
    with pytest.raises(error, match=names):
        read(tmp_path)


def test_curves_are_chosen_by_name_and_the_papers_heights_and_points_are_drawn_with_them():
    printed = (("half", 0.5), ("dots", ((1.0, 2.0), (2.0, 7.0))))
    figure = Figure("Fig. 1", "one", ("XX-01",), ("by *",), printed=printed)
    ((id, panel),) = drawn(written(figure, case(series=CURVES))).panels
    assert id == "XX-01"
    assert [(line.name, line.printed) for line in panel.lines] == [("by depth", False), ("half", True), ("dots", True)]
    curve, half, dots = (places(line.path) for line in panel.lines)
    (bottom, _), (_, top) = half, dots
    assert half[0][0] == curve[0][0], "a height goes from the first x to the last"
    assert half[1][0] == curve[1][0] == dots[1][0]
    assert bottom[1] == half[1][1] == 147.0, "the lowest of all, 2 % above the frame"
    assert top[1] == 3.0, "the highest"
    assert curve[1][1] == pytest.approx(147 - 144 * (4 - 0.5) / (7 - 0.5), abs=0.1)


def test_what_readings_draw_alike_is_drawn_once():
    other = {"by depth": {"x": [1.0, 2.0], "y": [1.0, 5.0]}}
    cases = [case(name, series=series) for name, series in (("a", CURVES), ("b", CURVES), ("c", other))]
    found = drawn(written(Figure("Fig. 1", "one", ("XX-01",)), *cases))
    assert [panel.title for _, panel in found.panels] == ["a", "c"]
    assert found.more == ()


def places(path: str) -> list[tuple[float, float]]:
    """The places that a path leads through."""
    numbers = [float(one) for one in re.findall(r"-?[0-9.]+", path)]
    return [*zip(accumulate(numbers[::2]), accumulate(numbers[1::2]), strict=True)]


@given(st.lists(st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT)), min_size=1, max_size=50))
def test_a_path_leads_through_its_points_to_a_tenth_of_a_unit_without_adding_up_errors(points):
    np.testing.assert_allclose(places(path(points)), points, rtol=0, atol=0.0501)


def test_the_papers_number_stands_beside_ours():
    figure = Figure("Table 1", "numbers", ("XX-01",))
    (row,) = drawn(written(figure, case(), paper_value=3.0, unit="points")).rows
    assert (row.label, row.paper) == ("", "3 points")
    assert row.ours.startswith("1")


def test_a_figure_without_data_says_what_it_waits_for_and_the_command():
    figure = Figure("Fig. 2", "two", ("XX-01", "XX-09"))
    document = written(figure, not_run("a", "no data"), trained=True)
    one = drawn(document)
    assert not one.drawn
    first, second = one.waits
    assert (first.id, first.reason) == ("XX-01", document["claims"][0]["reason"])
    assert first.command == document["claims"][0]["command"]
    assert "--data DIR" in first.command
    assert "--recorded" not in first.command
    assert (second.id, second.reason, second.command) == ("XX-09", "dear", "")
    page = draw(document)
    assert "It waits for" in page
    assert "0 of 1 with data" in page


def test_what_is_declared_of_a_figure_is_shown_literally():
    figure = Figure(HOSTILE, HOSTILE, ("XX-01",), x=HOSTILE, y=HOSTILE, printed=((HOSTILE, 1.0),), beside=HOSTILE)
    page = draw(written(figure, case(series={HOSTILE: CURVES["loss"]})))
    assert "<img" not in page
    assert "onerror=alert(1)&gt;" in page
