"""What a network is trained and validated on: the images of a catalogued set, resident on the device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.lazy import torch
from harness.training.label_noise import LabelNoise
from harness.training.randomness import stream

if TYPE_CHECKING:
    from harness.runs.recipe import Workbench


@dataclass(frozen=True)
class SwapBlocks:
    """Swap random pairs of blocks of `size` x `size` pixels, `swaps` times in each image (ghosh2019, section 4.1).

    `fit` ("crop" or "pad") is what becomes of images that the blocks do not tile; with 0 swaps too, to compare.
    """

    size: int
    swaps: int
    fit: str = "crop"

    def apply(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """The images, shape `(n, c, h, w)`, each with swaps of its own."""
        from harness.interventions.blocks import swap_blocks

        return swap_blocks(images, self.size, self.swaps, generator, self.fit)


@dataclass(frozen=True)
class Data:
    """The images that a network is trained on, and those that validate it.

    Attributes:
        name: in the catalogue.
        count: training images, drawn at random by the run's seed; None takes all that are not held out.
        held_out: validation images, drawn from the training split too; None validates on the test split.
        interventions: done, in this order, to the training and to the validation images, once, before training.
        label_noise: of the training images; those that validate keep their labels.
        shuffle_pixels: put the pixels of each training image in a random order, its own and always the same, channels
            together; behind augmentation, as in the code of Gamba et al. 2020.  Images that validate stay as they are.
        standardise: subtract the training images' mean and divide by their standard deviation, channel by channel;
            otherwise pixels are scaled to [0, 1].
    """

    name: str
    count: int | None = None
    held_out: int | None = None
    interventions: tuple[SwapBlocks, ...] = ()
    standardise: bool = True
    label_noise: LabelNoise | None = None
    shuffle_pixels: bool = False

    def splits(self) -> tuple[tuple[str, str], ...]:
        """(name, split) of each catalogued set that this reads."""
        train = (self.name, "train")
        return (train,) if self.held_out is not None else (train, (self.name, "test"))


@dataclass(frozen=True)
class Labelled:
    """Images on the device, as stored: shape `(n, c, h, w)`, uint8 or floating point; labels of shape `(n,)`."""

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Prepared:
    """Both sets of a run, and how a network sees them.

    Attributes:
        training, validation: the sets.
        mean, spread: of the affine map from their pixels to a network's input, per channel `(c, 1, 1)`.
        orders: where each pixel of each training image comes from, `(n, h * w)`; None leaves all in place.
    """

    training: Labelled
    validation: Labelled
    mean: torch.Tensor
    spread: torch.Tensor
    orders: torch.Tensor | None = None

    def as_input(self, images: torch.Tensor) -> torch.Tensor:
        """Images ready for the network: normalised, channels last in memory, the dtype that the run computes in."""
        inputs = images.to(self.mean.dtype, memory_format=torch.channels_last, copy=True)
        return inputs.sub_(self.mean).div_(self.spread)

    def reordered(self, images: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """The training images `index`, augmented by now, with their pixels in the orders that are theirs."""
        if self.orders is None:
            return images
        flat = images.flatten(2)
        return flat.gather(2, self.orders[index].long()[:, None].expand_as(flat)).reshape(images.shape)


def prepare(data: Data, seed: int, bench: Workbench, dtype: torch.dtype) -> Prepared:
    """Draw the split, disturb the images as described, and put them on the device.

    Raises:
        ValueError: when the training split has too few images.
    """
    training, validation = (_disturbed(data, part, seed, name) for name, part in _split(data, seed, bench).items())
    mean, spread = _statistics(training.images, data.standardise)
    device = bench.device
    if data.label_noise is not None:
        labels = data.label_noise.apply(training.labels, _classes(data, bench), stream(seed, "label noise"))
        training = replace(training, labels=labels)
    return Prepared(
        Labelled(training.images.to(device), training.labels.to(device)),
        Labelled(validation.images.to(device), validation.labels.to(device)),
        mean.to(device, dtype),
        spread.to(device, dtype),
        _orders(training.images, seed).to(device) if data.shuffle_pixels else None,
    )


def _split(data: Data, seed: int, bench: Workbench) -> dict[str, Labelled]:
    whole = bench.images(data.name, "train")
    held_out = data.held_out or 0
    count = len(whole) - held_out if data.count is None else data.count
    if count < 1 or count + held_out > len(whole):
        raise ValueError(
            f"{data.name}: {count} training images and {held_out} held out were asked of a training split of "
            f"{len(whole)}; ask for fewer"
        )
    order = torch.randperm(len(whole), generator=stream(seed, "split"))
    training, rest = order[:count], order[count : count + held_out]
    validation = bench.images(data.name, "test") if data.held_out is None else None
    return {
        "training": Labelled(whole.images[training], whole.labels[training]),
        "validation": Labelled(validation.images, validation.labels)
        if validation
        else Labelled(whole.images[rest], whole.labels[rest]),
    }


def _classes(data: Data, bench: Workbench) -> int:
    return int(bench.images(data.name, "train").labels.max()) + 1


def _orders(images: torch.Tensor, seed: int) -> torch.Tensor:
    """A permutation of the pixels for each image, `(n, h * w)`, in the smallest type that counts them."""
    n, pixels = len(images), images[0, 0].numel()
    kind = torch.int16 if pixels <= torch.iinfo(torch.int16).max else torch.int32
    generator, found = stream(seed, "pixel shuffles"), torch.empty(n, pixels, dtype=kind)
    for order in found:
        order.copy_(torch.randperm(pixels, generator=generator))
    return found


def _disturbed(data: Data, part: Labelled, seed: int, name: str) -> Labelled:
    images = part.images
    for position, intervention in enumerate(data.interventions):
        images = intervention.apply(images, stream(seed, f"intervention {position} {name}"))
    return Labelled(images, part.labels)


def _statistics(images: torch.Tensor, standardise: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each channel, `(c, 1, 1)`, float64; 0 and the largest pixel value otherwise."""
    if not standardise:
        full = 1.0 if images.is_floating_point() else 255.0
        return torch.zeros(images.shape[1], 1, 1).double(), torch.full((images.shape[1], 1, 1), full).double()
    spread, mean = torch.std_mean(images.double(), dim=(0, 2, 3), correction=0)
    return mean[:, None, None], spread.clamp_min(1e-12)[:, None, None]
