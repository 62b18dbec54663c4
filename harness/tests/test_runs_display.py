"""What is shown of runs, on a terminal and elsewhere; and plans, which compute nothing."""

from __future__ import annotations

import contextlib
import io
import re

import pytest

from harness.data import DatasetMissing
from harness.runs import Bench, Run, display, display_for, perform, perform_all, plan
from harness.runs.display import Bars, Lines
from harness.store import Store, StoreNotWritable
from harness.tests.fake_recipes import Draw, Reads


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(display, "time", clock)
    return clock


def test_bars_are_for_a_process_alone_at_a_terminal_and_lines_for_the_rest(monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    assert isinstance(display_for(1, Terminal()), Bars)
    assert isinstance(display_for(1, io.StringIO()), Lines)
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    assert isinstance(display_for(1, Terminal()), Lines)


def test_a_run_has_one_line_in_five_seconds_at_most(clock):
    stream = io.StringIO()
    with Lines(1, stream) as lines:
        lines.started("a")
        for second in range(12):
            clock.now = 100.0 + second
            lines.advanced("a", second, 12, "epochs")
        lines.finished("a", 12.0, None)
    assert stream.getvalue().splitlines() == [
        "a: started",
        "a: epochs 5/12",
        "a: epochs 10/12",
        "[1/1] a: done in 12.0 s",
    ]


def test_lines_say_how_far_it_came_when_stopped(clock):
    stream = io.StringIO()
    with contextlib.suppress(KeyboardInterrupt), Lines(3, stream) as lines:
        lines.started("a")
        lines.finished("a", 1.0, None)
        raise KeyboardInterrupt
    assert stream.getvalue().splitlines()[-1] == "stopped with 1 of 3 runs done; these are kept"


def test_runs_that_failed_are_not_among_those_that_are_kept():
    stream = io.StringIO()
    with contextlib.suppress(KeyboardInterrupt), Lines(3, stream) as lines:
        lines.finished("a", 1.0, None)
        lines.finished("b", 1.0, "RecordNotWritten: no space left")
        raise KeyboardInterrupt
    assert stream.getvalue().splitlines()[-1] == "stopped with 1 of 3 runs done, 1 failed; these are kept"


def test_bars_show_failures_and_take_markup_literally():
    stream = Terminal()
    with Bars(2, stream) as bars:
        bars.started("[red]a")
        bars.started("[red]a")
        bars.advanced("[red]a", 1, 2, "epochs")
        bars.advanced("never started", 1, 2, "epochs")
        bars.finished("[red]a", 1.0, "ValueError: [/b] no")
        bars.finished("never started", 1.0, None)
    assert "[red]a: ValueError: [/b] no" in stream.getvalue()
    assert "2/2" in stream.getvalue()


@pytest.mark.parametrize("shown", [Lines, Bars])
def test_names_and_failures_move_no_cursor_set_no_title_and_fill_no_screen(shown):
    stream = Terminal()
    hostile = "\x1b]0;title\x07\x1b[2J\u202e\0\n"
    with shown(1, stream) as lines:
        lines.started(hostile)
        lines.advanced(hostile, 1, 2, hostile)
        lines.finished(hostile, 1.0, "x" * 100_000)
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue()) if shown is Bars else stream.getvalue()
    assert not {"\x07", "\x1b", "\u202e", "\0"} & set(said)
    assert "\\u001b]0;title\\u0007" in said
    assert said.count("x") < 2000


def test_a_plan_says_what_is_there_and_what_is_missing(tmp_path):
    store, bench = Store(tmp_path / "store"), Bench()
    perform(Run(Draw(), 1), store, bench)
    there, missing = plan([Run(Draw(), 1), Run(Draw(), 2), Run(Draw(), 1)], store, bench)
    assert (there.missing, missing.missing) == (False, True)
    assert there.record.key == there.key
    assert missing.run == Run(Draw(), 2)
    assert len(store.keys()) == 1


def test_a_run_whose_data_are_missing_costs_none_of_the_others(tmp_path):
    store = Store(tmp_path / "store")
    lost, drawn = perform_all([Run(Reads("cifar10")), Run(Draw())], store, Bench(), workers=1)
    assert lost.key is None
    assert lost.failure.kind == "DatasetMissing"
    assert isinstance(lost.failure.__cause__, DatasetMissing)
    assert drawn.record is not None


def test_a_store_that_is_only_read_is_found_out_before_anything_is_computed(tmp_path):
    store = Store(tmp_path / "store")
    perform(Run(Draw()), store, Bench())
    store.unwritable = "Read-only file system"
    assert perform_all([Run(Draw())], store, Bench())[0].record
    with pytest.raises(StoreNotWritable):
        perform_all([Run(Draw()), Run(Draw(), 1)], store, Bench())
