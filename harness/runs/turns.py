"""Threads of one process that take turns: one is awake, and says itself when the next may go on.

What the threads share without wanting to (global random generators, settings of the libraries) is put back as it was
for each of them when its turn comes, so that each computes what it would compute alone.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from torch import Generator, Tensor


class Dismissed(BaseException):
    """Raised in a thread that is to end before its job is done."""


class Turns:
    """A ring of threads; the one that makes it is awake and belongs to it.

    Only the thread that is awake may call anything here.
    """

    def __init__(self) -> None:
        self._maker = self._awake = Seat()
        self._ring: deque[Seat] = deque()
        self._dismissed = False
        self._problem: BaseException | None = None

    @property
    def others(self) -> int:
        """How many threads wait for their turn."""
        return len(self._ring)

    def start(self, job: Callable[[], None]) -> None:
        """Let a thread do the job, from its first turn on.  An error ends the maker's turn too."""
        seat = Seat()
        threading.Thread(target=self._do, args=(job, seat, Shared.now()), daemon=True).start()
        self._ring.append(seat)

    def pass_on(self) -> None:
        """Let all the others have their turn, and come back."""
        if not self._ring:
            return
        mine, shared = self._awake, Shared.now()
        self._ring.append(mine)
        self._wake_next()
        mine.wait()
        shared.put_back()
        if self._dismissed and mine is not self._maker:
            raise Dismissed
        if self._problem is not None and mine is self._maker:
            problem, self._problem = self._problem, None
            raise problem

    def clock(self) -> float:
        """Seconds that the thread which is awake has been so, in all its turns."""
        return self._awake.seconds()

    def dismiss(self) -> None:
        """End all threads but the maker's, each when its turn comes; called by the maker, awake or not."""
        self._dismissed = True
        if self._awake is not self._maker:
            self._maker.wait()
        while self._ring:
            self.pass_on()

    def _do(self, job: Callable[[], None], seat: Seat, shared: Shared) -> None:
        seat.wait()
        try:
            if not self._dismissed:
                shared.put_back()
                job()
        except Dismissed:
            pass
        except BaseException as problem:
            self._problem = problem
        finally:
            self._wake_next()

    def _wake_next(self) -> None:
        self._awake.sleep()
        self._awake = self._ring.popleft()
        self._awake.wake()


class Seat:
    """One thread's place, and how long it has been awake."""

    def __init__(self) -> None:
        self._call = threading.Event()
        self._spent = 0.0
        self._since = time.monotonic()

    def wait(self) -> None:
        """Until it is woken."""
        self._call.wait()
        self._call.clear()

    def wake(self) -> None:
        """Called by another thread."""
        self._since = time.monotonic()
        self._call.set()

    def sleep(self) -> None:
        """It is about to wait, or to end."""
        self._spent = self.seconds()

    def seconds(self) -> float:
        """How long it has been awake; of the thread that is."""
        return self._spent + time.monotonic() - self._since


class Shared(NamedTuple):
    """What all threads of a process share: the states of the global generators, and how cuDNN chooses.

    Of a GPU's generator it is the object that holds the state: a CUDA graph draws from that which it was captured with.
    """

    python: tuple[object, ...]
    numpy: dict[str, object]
    cpu: Tensor
    gpus: list[Generator]
    cudnn: tuple[bool, bool]

    @classmethod
    def now(cls) -> Shared:
        """As it is."""
        cudnn = torch.backends.cudnn
        gpus = [generator.graphsafe_get_state() for generator in torch.cuda.default_generators]
        numpy = np.random.get_state(legacy=False)
        return cls(random.getstate(), numpy, torch.get_rng_state(), gpus, (cudnn.deterministic, cudnn.benchmark))

    def put_back(self) -> None:
        """Make it so again."""
        random.setstate(self.python)
        np.random.set_state(self.numpy)
        torch.set_rng_state(self.cpu)
        for generator, state in zip(torch.cuda.default_generators, self.gpus, strict=False):
            generator.graphsafe_set_state(state)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = self.cudnn
