"""Simple one-dimensional networks for the scale-detection task (Tomasini et al. 2022, § 4 and appendix B.2)."""

from __future__ import annotations

import itertools
from typing import cast

import torch
from torch import Tensor, nn

from claims.tomasini2022.methods.diffusion import patch


class RingConv1d(nn.Conv1d):
    """A convolution on a ring whose patch is placed as `methods.diffusion.patch` places it.

    The weight acts divided by the square root of the fan-in if `scaled`, as weights drawn from N(0, 1) need.
    """

    def __init__(
        self, channels_in: int, channels_out: int, filter_size: int, stride: int = 1, *, bias: bool, scaled: bool
    ) -> None:
        super().__init__(channels_in, channels_out, filter_size, stride, bias=bias)
        around = patch(filter_size)
        self.around = (-around[0], around[-1])
        self.gain = (channels_in * filter_size) ** -0.5 if scaled else 1.0

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, channels, length)` to `(n, filters, length / stride)`."""
        around = nn.functional.pad(x, self.around, mode="circular")
        return nn.functional.conv1d(around, self.weight * self.gain, self.bias, self.stride)


class RingStack(nn.Module):
    """Convolutions on a ring, each followed by ReLU."""

    def __init__(self, layers: list[RingConv1d]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def representations(self, x: Tensor) -> list[Tensor]:
        """The activity of each layer after its ReLU, `(n, channels, length)`."""
        found = []
        for layer in self.layers:
            x = torch.relu(layer(x))
            found.append(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """The last layer's activity."""
        return self.representations(x)[-1]


class ScaleDetectionCNN(RingStack):
    """The network of appendix B.2: equal layers on a ring, the average over it, a linear readout of mean 1/width.

    Weights are drawn from N(0, 1) and act divided by the square root of the fan-in.  The paper's text has no biases;
    with `bias` there are some, drawn from N(0, 1), as the authors' released code has them.
    """

    def __init__(
        self,
        width: int = 1000,
        depth: int = 12,
        filter_size: int = 3,
        stride: int = 1,
        *,
        bias: bool = False,
        generator: torch.Generator,
    ) -> None:
        channels = [1] + [width] * depth
        super().__init__(
            [
                RingConv1d(before, after, filter_size, stride, bias=bias, scaled=True)
                for before, after in itertools.pairwise(channels)
            ]
        )
        self.readout = nn.Parameter(torch.empty(width))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.normal_(generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """One score an image, `(n,)`: positive for active pixels nearer than the scale."""
        return super().forward(x).mean(-1) @ self.readout / len(self.readout)


class AmplifiedCNN(ScaleDetectionCNN):
    """The same with each layer's activity multiplied by the root of the filter size, as the authors' code has it.

    Otherwise a ReLU takes half of the variance of what weights of one variance hand on: after twelve layers nothing of
    the images is left beside the biases, and training does not begin.
    """

    def representations(self, x: Tensor) -> list[Tensor]:
        """The activity of each layer, `(n, channels, length)`."""
        found = []
        for layer in self.layers:
            x = cast("RingConv1d", layer).kernel_size[0] ** 0.5 * torch.relu(layer(x))
            found.append(x)
        return found


def pooling_stack(filter_size: int, depth: int, stride: int = 1, channels: int = 1) -> RingStack:
    """The homogeneous network of appendix A, float64: filters [1/F, ..., 1/F] averaged over input channels, no bias.

    Its first layer reads one channel.
    """
    widths = [1] + [channels] * depth
    layers = [
        RingConv1d(before, after, filter_size, stride, bias=False, scaled=False).double()
        for before, after in itertools.pairwise(widths)
    ]
    for layer in layers:
        nn.init.constant_(layer.weight, 1 / (filter_size * layer.in_channels))
    return RingStack(layers)
