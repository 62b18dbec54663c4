"""How training makes a kernel out of the windows of its input (Ghosh et al. 2019, theorem 1).

A step of gradient descent adds to a K x K kernel a multiple of every window of every image that it was laid on.  So the
change of a kernel is `sum over updates u of c_u * window_u`, with one update for each step, image and window, and the
Cauchy-Schwarz inequality bounds its mean squared differences by those of the windows, times `sum of c_u^2` times the
number of updates (equation 10).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from claims.ghosh2019.methods.orderness import hop_sums
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor


class Hops(NamedTuple):
    """Mean squared differences between pixels one hop and two hops apart, over all two-hop triples."""

    one: float
    two: float


@dataclass(frozen=True)
class TrainedKernel:
    """A kernel before and after training, and the updates in between.

    Attributes:
        start, end: shape `(K, K)`.
        coefficients: of the updates, shape `(steps, images, windows)`: learning rate times error signal, negative.
        windows: what they multiply, shape `(images, windows, K, K)`; the same in every step.
    """

    start: Tensor
    end: Tensor
    coefficients: Tensor
    windows: Tensor


def windows(images: Tensor, size: int) -> Tensor:
    """All `size` x `size` windows of images `(n, height, width)`, row by row: shape `(n, windows, size, size)`."""
    return images.unfold(1, size, 1).unfold(2, size, 1).flatten(1, 2)


def mean_hops(images: Tensor, neighbours: str, scale: int = 1) -> Hops:
    """Mean squared differences over images `(..., height, width)`; both are 0 for equal pixels.

    Args:
        images: kernels, windows or whole images.
        neighbours: a reading of the two-hop arrangement, see `methods.triples`.
        scale: side of the blocks that are averaged first.
    """
    sums = hop_sums(images.reshape(-1, 1, *images.shape[-2:]), neighbours, scale)
    return Hops(*(float(hop.mean() / sums.triples) for hop in (sums.one_hop, sums.two_hop)))


def bound_constant(coefficients: Tensor) -> float:
    """The factor of theorem 1, `sum of c^2` times the number of updates (equation 10)."""
    return float(coefficients.square().sum() * coefficients.numel())


def largest_hops(updates: Tensor, neighbours: str, scale: int = 1) -> Hops:
    """The largest mean squared differences that updates can give a kernel, for a `bound_constant` of 1.

    They are the largest eigenvalues of two quadratic forms in the coefficients, found from the differences in sums of
    two windows; each is reached by coefficients of its own.

    Args:
        updates: windows, shape `(updates, K, K)`; memory grows with the square of their number.
        neighbours: as in `mean_hops`.
        scale: likewise.
    """
    count, size = len(updates), updates.shape[-1]
    pairs = (updates[:, None] + updates[None]).reshape(-1, 1, size, size)
    both, single = hop_sums(pairs, neighbours, scale), hop_sums(updates[:, None], neighbours, scale)
    largest = []
    for together, alone in ((both.one_hop, single.one_hop[:, 0]), (both.two_hop, single.two_hop[:, 0])):
        form = (together.reshape(count, count) - alone[:, None] - alone) / 2
        largest.append(float(torch.linalg.eigvalsh(form)[-1]) / (single.triples * count))
    return Hops(*largest)


def train_kernel(
    images: Tensor,
    labels: Tensor,
    size: int,
    steps: int,
    rate: float,
    generator: Generator,
    start: Tensor | None = None,
) -> TrainedKernel:
    """Train one kernel by gradient descent: convolution without padding, ReLU, a dense layer, cross-entropy.

    Args:
        images: shape `(n, height, width)`, floating point.
        labels: shape `(n,)`, int64.
        size: of the kernel.
        steps: each on all images.
        rate: learning rate of the kernel; the dense layer stays as it was drawn.
        generator: of the dense layer, on the images' device.
        start: initial kernel, shape `(size, size)`; zeros unless given.
    """
    laid = windows(images, size)
    start = images.new_zeros(size, size) if start is None else start
    readout = torch.randn(
        laid.shape[1], int(labels.max()) + 1, generator=generator, dtype=images.dtype, device=images.device
    )
    kernel, coefficients = start.clone(), []
    for _ in range(steps):
        outputs = (torch.einsum("nmpq,pq->nm", laid, kernel) + 0.1).requires_grad_()
        loss = torch.nn.functional.cross_entropy(outputs.relu() @ readout, labels)
        coefficients.append(-rate * torch.autograd.grad(loss, outputs)[0])
        kernel = kernel + torch.einsum("nm,nmpq->pq", coefficients[-1], laid)
    return TrainedKernel(start, kernel, torch.stack(coefficients), laid)
