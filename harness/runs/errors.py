"""What can go wrong with a run: one exception a failure."""

from __future__ import annotations

from typing import Any


class RunDiverged(Exception):
    """Training broke down.  A finding like any other: it is stored, and the run is not tried again.

    Attributes:
        step: when it was seen.
        loss: the loss there, usually not finite.
        detail: what else helps the reader: learning rate, last finite loss.
    """

    def __init__(self, step: int, loss: float, detail: str = "") -> None:
        super().__init__(step, loss, detail)
        self.step = step
        self.loss = loss
        self.detail = detail

    def __str__(self) -> str:
        return f"diverged at step {self.step} (loss {self.loss})" + (f": {self.detail}" if self.detail else "")

    @property
    def metrics(self) -> dict[str, Any]:
        """What a record of the run holds."""
        return {"diverged_at": int(self.step), "loss": float(self.loss), "detail": self.detail}


class RunMissing(Exception):
    """A run is not in the store and may not be computed now."""


class RunFailed(Exception):
    """A run ended in an exception, perhaps in another process.

    Attributes:
        run: the run, as text.
        kind: the exception's class name.
        message: the exception's message.
        trace: its traceback, as text.
    """

    def __init__(self, run: str, kind: str, message: str, trace: str = "") -> None:
        super().__init__(run, kind, message, trace)
        self.run = run
        self.kind = kind
        self.message = message
        self.trace = trace

    def __str__(self) -> str:
        return f"{self.run}: {self.reason}"

    @property
    def reason(self) -> str:
        """Kind and message."""
        return f"{self.kind}: {self.message}"
