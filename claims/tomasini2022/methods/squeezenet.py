"""SqueezeNet, as it was released with its weights for ImageNet: the layers of a network that somebody else has trained.

Input is 227 x 227 pixels, blue first, from 0 to 255 less a mean.  Behind each convolution there is a ReLU; a Fire
module squeezes by filters of one pixel and puts side by side what filters of one and of 3 x 3 pixels make of that.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional

from harness.data.files import Stored
from harness.data.pretrained import PRETRAINED

SIZE = 227
MEAN = (104.0, 117.0, 123.0)

FIRES = range(2, 10)
POOLS = {"SqueezeNet v1.1": ("conv1", "fire3", "fire5"), "SqueezeNet v1.0, compressed": ("conv1", "fire4", "fire8")}
"""Behind what there is a pool."""

Parameters = Mapping[str, Tensor]


class SqueezeNet(NamedTuple):
    """The network of some weights.

    Attributes:
        parameters: `<layer>.weight` and `<layer>.bias` of each convolution.
        pools: layers behind which there is a pool.
    """

    parameters: Parameters
    pools: tuple[str, ...]

    def layer_names(self) -> list[str]:
        """The first convolution, the Fire modules, and the scores."""
        return ["conv1", *(f"fire{number}" for number in FIRES), "scores"]

    def representations(self, x: Tensor) -> Iterator[Tensor]:
        """The values of each layer, of images `(n, 3, SIZE, SIZE)` as `as_input` makes them."""
        for name in self.layer_names()[:-1]:
            x = self._convolved(x, name, stride=2) if name == "conv1" else self._fire(x, name)
            yield x
            if name in self.pools:
                x = functional.max_pool2d(x, 3, stride=2, ceil_mode=True)
        yield self._convolved(x, "conv10").mean((2, 3))

    def _fire(self, x: Tensor, name: str) -> Tensor:
        squeezed = self._convolved(x, f"{name}/squeeze1x1")
        one, three = self._convolved(squeezed, f"{name}/expand1x1"), self._convolved(squeezed, f"{name}/expand3x3", 1)
        return torch.cat([one, three], 1)

    def _convolved(self, x: Tensor, name: str, padding: int = 0, stride: int = 1) -> Tensor:
        weight, bias = (self.parameters[f"{name}.{kind}"] for kind in ("weight", "bias"))
        return functional.conv2d(x, weight, bias, stride, padding).relu()


def released(name: str, root: Path | None) -> SqueezeNet:
    """The network of a file that `harness.data.pretrained` lists, verified; float64.

    Raises:
        FileNotFoundError: there is no data folder, or no such file in it.
        DatasetCorrupt: the file is not the listed one.
    """
    if root is None:
        raise FileNotFoundError(f"the weights of {name} are looked for in a data folder, and none is named")
    with np.load(io.BytesIO(Stored(root, PRETRAINED[name]).read()), allow_pickle=False) as arrays:
        parameters = {key: torch.from_numpy(arrays[key].astype(np.float64)) for key in arrays.files}
    return SqueezeNet(parameters, POOLS[name])


def drawn_anew(network: SqueezeNet, generator: Generator) -> SqueezeNet:
    """The same network with normal weights of variance 2 / fan-in, and no biases."""
    drawn = {}
    for name, value in network.parameters.items():
        scale = (2 / value[0].numel()) ** 0.5 if name.endswith(".weight") else 0.0
        drawn[name] = scale * torch.randn(value.shape, generator=generator, dtype=value.dtype)
    return network._replace(parameters=drawn)


def enlarged(images: Tensor) -> Tensor:
    """Images `(n, 3, size, size)`, red first, from 0 to 255, brought to the network's size: float64."""
    return functional.interpolate(images.double(), SIZE, mode="bicubic", align_corners=False).clamp(0, 255)


def as_input(images: Tensor) -> Tensor:
    """Enlarged images as the network takes them."""
    return images.flip(1) - images.new_tensor(MEAN)[:, None, None]
