"""Images made by rule, whose spatial orderness is known (derivations beside each) or whose texture is that of nature.

All functions return float64 images of shape `(n, 1, height, width)` and take their randomness from a generator.  D is
the structure function, D(d) = E(X(p) - X(p + d))^2; orderness is the mean of D over two-hop pairs, weighted by triples,
over that of one-hop pairs, less one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor


def noise(n: int, height: int, width: int, generator: Generator, deviation: float = 1.0) -> Tensor:
    """Independent Gaussian pixels: D is constant, orderness 0 at every scale and under every reading."""
    shape = (n, 1, height, width)
    return deviation * torch.randn(shape, generator=generator, device=generator.device, dtype=torch.float64)


def levels_with_noise(n: int, height: int, width: int, generator: Generator, spread: float) -> Tensor:
    """I(i, j) = a(I) + N(0, 1) with a constant a(I) of standard deviation `spread` for each image.

    Neighbours correlate by `spread^2 / (spread^2 + 1)`; D is constant all the same, orderness 0.
    """
    levels = torch.randn((n, 1, 1, 1), generator=generator, device=generator.device, dtype=torch.float64)
    return spread * levels + noise(n, height, width, generator)


def axis_walk(n: int, height: int, width: int, generator: Generator, deviation: float = 1.0) -> Tensor:
    """The sum of a random walk along the rows and one along the columns, each step N(0, deviation).

    D(d) = deviation^2 (|rows| + |columns|): one step between four-neighbours, two steps over two hops.  Orderness is 1
    under "four" and under "straight", on a grid of any size.  Under "eight" the diagonal neighbours count two steps:
    88/52 - 1 = 9/13 on a large grid.
    """
    down, right = _walk(n, height, generator, deviation), _walk(n, width, generator, deviation)
    return down[:, None, :, None] + right[:, None, None, :]


def diagonal_walk(n: int, height: int, width: int, generator: Generator, deviation: float = 1.0) -> Tensor:
    """The sum of a random walk along each diagonal, each step N(0, deviation / sqrt 2).

    D(d) = deviation^2 (|rows + columns| + |rows - columns|) / 2 = deviation^2 max(|rows|, |columns|), the number of
    king's moves.  Orderness is 1 under "eight" and under "straight", on a grid of any size.  Under "four" it is 1/3
    on a large grid: of three two-hop triples two are diagonal, one step apart.
    """
    length, step = height + width - 1, deviation / 2**0.5
    falling, rising = _walk(n, length, generator, step), _walk(n, length, generator, step)
    rows = torch.arange(height, device=generator.device)[:, None]
    columns = torch.arange(width, device=generator.device)
    return (falling[:, rows + columns] + rising[:, rows - columns + width - 1])[:, None]


def autoregression(n: int, height: int, width: int, generator: Generator, correlation: float) -> Tensor:
    """Stationary images of unit variance, whose pixels correlate by `correlation ** (|rows| + |columns|)`.

    D(d) = 2 (1 - correlation^hops) under "four" and "straight": orderness is the correlation itself.
    """
    images = noise(n, height, width, generator)
    return _ar_root(height, correlation, images) @ images @ _ar_root(width, correlation, images).T


def textures(n: int, height: int, width: int, generator: Generator, exponent: float = 1.0) -> Tensor:
    """Gaussian textures with amplitudes 1 / frequency^exponent (1: those of natural scenes), mean 0, mean square 1.

    Cut from a periodic image of twice the size, so that opposite sides differ.
    """
    rows = torch.fft.fftfreq(2 * height, device=generator.device, dtype=torch.float64)
    columns = torch.fft.rfftfreq(2 * width, device=generator.device, dtype=torch.float64)
    frequency = torch.hypot(rows[:, None], columns)
    frequency[0, 0] = torch.inf
    spectrum = torch.fft.rfft2(noise(n, 2 * height, 2 * width, generator)) / frequency**exponent
    images = torch.fft.irfft2(spectrum, s=(2 * height, 2 * width))[..., :height, :width]
    images = images - images.mean((-2, -1), keepdim=True)
    return images / images.square().mean().sqrt()


def ramp(height: int, width: int) -> Tensor:
    """One image, as bright as its column's number.  Orderness 3 under "straight", 5/3 under "four" on a large grid."""
    return torch.arange(width, dtype=torch.float64).expand(1, 1, height, width).contiguous()


def checkerboard(height: int, width: int) -> Tensor:
    """One image of zeros and ones in turns: two hops lead back to the same value, orderness -1 ("four", "straight")."""
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    return ((rows + columns) % 2).double()[None, None]


def _walk(n: int, length: int, generator: Generator, deviation: float) -> Tensor:
    """Random walks from 0: shape `(n, length)`."""
    steps = torch.randn((n, length), generator=generator, device=generator.device, dtype=torch.float64)
    return deviation * (steps.cumsum(1) - steps[:, :1])


def _ar_root(side: int, correlation: float, like: Tensor) -> Tensor:
    """The Cholesky factor of the correlations along a side."""
    places = torch.arange(side, device=like.device, dtype=like.dtype)
    return torch.linalg.cholesky(correlation ** (places[:, None] - places).abs())
