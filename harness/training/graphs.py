"""A step's forward and backward passes, captured once as a CUDA graph and replayed from then on.

Small networks keep a GPU waiting for Python: a step is a hundred short kernels, each launched by hand.  A replay
launches them all at once.  It runs the kernels that the plain step runs, on the same memory each time, so that losses
and gradients are the plain step's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    Passes = Callable[[Tensor], tuple[Tensor, Tensor]]

WARM_UP = 3
"""Steps that are done plainly before the capture, so that the libraries have chosen and allocated what they need."""


class Graphed:
    """Passes over batches of one size; smaller ones, of which an epoch has one at its end, go through plainly.

    Every call leaves the gradients of the batch in the parameters, as the plain passes do.
    """

    def __init__(self, size: int, parameters: Sequence[nn.Parameter], generators: Sequence[Generator]) -> None:
        """Begin.

        Args:
            size: of the batches' last dimension.
            parameters: that the passes set gradients of.
            generators: on the GPU, besides the global one, from which they draw.
        """
        self._size = size
        self._parameters = parameters
        self._generators = generators
        self._plain = 0
        self._batch: Any = None

    def __call__(self, passes: Passes, batch: Tensor) -> tuple[Tensor, Tensor]:
        """What the plain passes give.

        Args:
            passes: always the same: from a batch to two scalars; sets the gradients anew, whatever they were before.
                All that it reads but the batch stays where it is in memory.
            batch: on the GPU.
        """
        if batch.shape[-1] != self._size or self._plain < WARM_UP:
            self._plain += batch.shape[-1] == self._size
            return passes(batch)
        if self._batch is None:
            self._capture(passes, batch)
        self._batch.copy_(batch)
        self._replay()
        for parameter, gradient in zip(self._parameters, self._gradients, strict=True):
            parameter.grad = gradient
        loss, right = self._outcome
        return loss.clone(), right.clone()

    def _capture(self, passes: Passes, batch: Tensor) -> None:
        for parameter in self._parameters:
            parameter.grad = None
        self._batch = static = batch.clone()
        self._outcome, self._replay = captured(lambda: passes(static), self._generators)
        self._gradients = [parameter.grad for parameter in self._parameters]


def captured(
    passes: Callable[[], tuple[Tensor, Tensor]], generators: Sequence[Generator]
) -> tuple[tuple[Tensor, Tensor], Callable[[], None]]:
    """Capture what `passes` launches on the current stream, which is not the default one; nothing is computed yet.

    Returns:
        Where each replay leaves what `passes` gives; and the replay.
    """
    graph = torch.cuda.CUDAGraph()
    for generator in generators:
        graph.register_generator_state(generator)
    stream = torch.cuda.current_stream()
    with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
        outcome = passes()
    return outcome, graph.replay
