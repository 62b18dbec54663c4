"""What a run leaves that did not come to its end: how far it was, its last lines, its stack, on what, for how long.

A run under way writes its last lines beside its checkpoints, so that they outlive its process.  What is left of one
that failed or diverged stands in the store's folder `failed`, under its key, until the run comes to its end after all.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.runs.checkpoint import Checkpoints
from harness.system.files import write_atomically
from harness.system.plain import visible

if TYPE_CHECKING:
    from harness.runs.bench import Bench
    from harness.runs.errors import RunFailed
    from harness.store.store import Store

FOLDER = "failed"

DIED = ("WorkerDied", "Stalled")
"""Kinds of failures that a run's process cannot tell of itself."""

LINES, LOSSES, STACK = 50, 20, 20_000
"""So many last lines, last losses, and last characters of a stack are kept."""

EVERY = 5.0
"""Seconds between two lines on the progress of a run, at least."""


class Watch(logging.Handler):
    """Writes down what a run says: its progress, and what is logged in its thread.

    A disk that takes no lines costs the run nothing.
    """

    def __init__(self, bench: Bench, folder: Path) -> None:
        super().__init__()
        self.file, self._bench, self._thread, self._said = folder / "log", bench, threading.get_ident(), -math.inf

    def progress(self, done: int, total: int, what: str) -> None:
        """As the bench has it, which is told too."""
        if time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            self.say(f"{what} {done}/{total}")
        self._bench.progress(done, total, what)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line that was logged in the run's thread."""
        if record.thread == self._thread:
            self.say(f"{record.levelname}: {record.getMessage()}")

    def say(self, text: str) -> None:
        """Write a line, with the time."""
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(f"{_now()} {visible(text)}\n")


@contextlib.contextmanager
def watched(bench: Bench, folder: Path) -> Iterator[Watch]:
    """Write down what the run says that is done meanwhile in this thread, in the folder of its checkpoints."""
    watch = Watch(bench, folder)
    watch.say("begins")
    logging.getLogger().addHandler(watch)
    try:
        yield watch
    finally:
        logging.getLogger().removeHandler(watch)


def leave(error: Exception, run: str, checkpoints: Checkpoints, store: Store, device: str) -> None:
    """Keep what a run leaves that ended in an exception."""
    stack = "".join(traceback.format_exception(error))
    _write(run, type(error).__name__, str(error), stack, checkpoints, store, device, reached(error))


def leave_for(failure: RunFailed, key: str, store: Store, device: str) -> None:
    """The same for a run whose process can tell nothing any more."""
    checkpoints = Checkpoints(store.path / "checkpoints" / key)
    _write(failure.run, failure.kind, failure.message, failure.trace, checkpoints, store, device, saved(checkpoints))


def left(store: Store, key: str) -> dict[str, Any] | None:
    """What a run left that failed, as JSON values; None where it left nothing that can be read.

    Returns:
        `run` and `key`; `at`, in UTC; `kind`, `message` and `stack` of what ended it; `log`, its last lines; `device`;
        `seconds` that it took; `reached`, its curves, numbers of epochs and steps, and last losses.
    """
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(_file(store, key).read_text(encoding="utf-8"))
        return found if isinstance(found, dict) and {"run", "key", "kind", "message"} <= found.keys() else None
    return None


def forget(store: Store, key: str) -> None:
    """The run came to its end."""
    with contextlib.suppress(OSError):
        _file(store, key).unlink(missing_ok=True)


def reached(error: Exception) -> dict[str, Any]:
    """How far the trainer was that the exception arose in; nothing where there was none."""
    found: Any = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        done = getattr(frame.f_locals.get("self"), "done", None)
        found = done if isinstance(getattr(done, "curves", None), Mapping) else found
    if found is None:
        return {}
    losses = []
    with contextlib.suppress(Exception):  # a GPU that failed gives no more numbers
        for loss in found.losses:
            losses.append(float(loss))
            if not math.isfinite(losses[-1]):
                break
    return _told(found.epochs, found.steps, found.curves, losses)


def saved(checkpoints: Checkpoints) -> dict[str, Any]:
    """How far a run was when it was last saved; nothing where it was not."""
    for file in sorted(checkpoints.folder.glob("*.checkpoint")):
        found = checkpoints.read(file.stem)
        if found is not None and "curves" in found.state:
            state, losses = found.state, found.arrays.get("losses", ())
            return _told(state["epochs"], state["steps"], state["curves"], [float(loss) for loss in losses])
    return {}


def _told(epochs: int, steps: int, curves: Mapping[str, list[float]], losses: list[float]) -> dict[str, Any]:
    told = {"epochs": epochs, "steps": steps, **curves, "last losses": losses[-LOSSES:]}
    return {name: [*map(_number, value)] if isinstance(value, list) else value for name, value in told.items()}


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _write(
    run: str, kind: str, message: str, stack: str, checkpoints: Checkpoints, store: Store, device: str, far: Any
) -> None:
    key, lines = checkpoints.folder.name, _last_lines(checkpoints.folder / "log")
    found = {
        "run": run, "key": key, "at": _now(), "kind": kind, "message": _short(message)[:STACK], "stack": _short(stack),
        "log": lines[-LINES:], "device": device, "seconds": round(_seconds(lines), 1), "reached": far,
    }  # fmt: skip
    with contextlib.suppress(OSError):
        write_atomically(_file(store, key), json.dumps(found, indent=1))


def _short(stack: str) -> str:
    """Its last part, without the folders that modules lie in, which are those of one machine."""
    for folder in sorted(filter(None, sys.path), key=len, reverse=True):
        stack = stack.replace(f"{folder.rstrip('/')}/", "")
    return visible(stack[-STACK:])


def _last_lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _seconds(lines: list[str]) -> float:
    """From when it began last until now."""
    begun = [line.partition(" ")[0] for line in lines if line.endswith(" begins")]
    with contextlib.suppress(ValueError, IndexError):
        return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(begun[-1])).total_seconds())
    return 0.0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _file(store: Store, key: str) -> Path:
    return store.path / FOLDER / f"{key}.json"
