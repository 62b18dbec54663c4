"""The shuffles of Fan et al. as a layer."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from claims.fan2019.methods import shuffled_maps as shuffle

KINDS = ("spatial", "patch", "channel", "channel-per-position")


class Shuffle(nn.Module):
    """Shuffles its input anew at every forward pass, in training and in evaluation (section 3.1).

    It has no parameters and no buffers.

    Args:
        kind: one of `KINDS`.
        patch: side of the patches, for the kind "patch".
        per_image: a permutation for each image instead of one for the batch.
        aligned: all channels move together (for "spatial" and "patch").
        fixed: draw once, at the first forward pass, and keep that permutation.
        generator: source of the permutations; None draws from the global generator of the input's device.

    Attributes:
        active: False lets the input pass unchanged.
        index: the permutation that every pass uses, where it is fixed or set.
    """

    def __init__(
        self,
        kind: str = "spatial",
        *,
        patch: int | None = None,
        per_image: bool = False,
        aligned: bool = False,
        fixed: bool = False,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"unknown shuffle {kind!r}; there are {', '.join(KINDS)}")
        if (kind == "patch") != (patch is not None):
            raise ValueError(f"a patch size belongs to the kind 'patch' and to no other; got {kind!r} and {patch}")
        self.kind, self.patch, self.per_image, self.aligned, self.fixed = kind, patch, per_image, aligned, fixed
        self.generator = generator
        self.active = True
        self.index: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Maps `(n, c, h, w)` in the same shape, shuffled."""
        if not self.active:
            return x
        index = self.draw(x) if self.index is None else self.index.to(x.device)
        if self.fixed:
            self.index = index
        move = shuffle.move_channels if self.kind.startswith("channel") else shuffle.move_pixels
        return move(x, index)

    @torch.inference_mode(False)  # a fixed index that is drawn in a test must serve in training too
    def draw(self, x: Tensor) -> Tensor:
        """The index of a new shuffle of maps like `x`."""
        if self.kind.startswith("channel"):
            per_position = self.kind == "channel-per-position"
            return shuffle.channel_index(x, self.generator, per_image=self.per_image, per_position=per_position)
        sharing = {"per_image": self.per_image, "aligned": self.aligned}
        if self.patch is not None:
            return shuffle.patch_index(x, self.patch, self.generator, **sharing)
        return shuffle.spatial_index(x, self.generator, **sharing)

    def extra_repr(self) -> str:
        """What `print(network)` shows."""
        return self.kind + (f", patch={self.patch}" if self.patch else "") + (", fixed" if self.fixed else "")
