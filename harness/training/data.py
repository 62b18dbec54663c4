"""What a network is trained and validated on: the images of a catalogued set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from harness.data import catalogue
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training.label_noise import LabelNoise
from harness.training.labelled import Resident, Streamed
from harness.training.randomness import stream

if TYPE_CHECKING:
    from harness.data.folders import ImageFiles
    from harness.runs.bench import Bench
    from harness.training.labelled import Labelled


class Disturbance(Protocol):
    """What is done to images before training: a frozen, torch-free dataclass of JSON values, part of the recipe."""

    def apply(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """The images, shape `(n, c, h, w)`, each disturbed by draws of its own."""


@stable_name("data")
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
            together; behind augmentation.  Images that validate stay as they are.
        standardise: subtract the training images' mean and divide by their standard deviation, channel by channel;
            otherwise pixels are scaled to [0, 1].
        side: of the squares in pixels that images in files are cut to (`harness.training.labelled.Streamed`); None for
            sets that are held decoded.  Files are neither disturbed nor reordered nor relabelled, and standardised by
            the mean and standard deviation that the catalogue has.
    """

    name: str
    count: int | None = None
    held_out: int | None = None
    interventions: tuple[Disturbance, ...] = ()
    standardise: bool = True
    label_noise: LabelNoise | None = None
    shuffle_pixels: bool = False
    side: int | None = None

    def __post_init__(self) -> None:
        catalogue.check(self.name)
        if self.side is not None and (self.interventions or self.label_noise or self.shuffle_pixels):
            raise ValueError(f"{self.name}: images in files can be neither disturbed, relabelled nor reordered")

    def splits(self) -> tuple[tuple[str, str], ...]:
        """(name, split) of each catalogued set that this reads."""
        train = (self.name, "train")
        return (train,) if self.held_out is not None else (train, (self.name, "test"))


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


def prepare(data: Data, seed: int, bench: Bench, dtype: torch.dtype) -> Prepared:
    """Draw the split, disturb the images as described, and put them on the device, or make ready to decode them.

    Raises:
        ValueError: when the training split has too few images.
    """
    found = _resident(data, seed, bench) if data.side is None else _streamed(data, data.side, seed, bench)
    return replace(found, mean=found.mean.to(bench.device, dtype), spread=found.spread.to(bench.device, dtype))


def images_for_test(data: Data, bench: Bench, count: int | None = None) -> Labelled:
    """The test split, or so many of its first images, as they are."""
    if data.side is not None:
        files = bench.image_files(data.name, "test")
        return Streamed(files, torch.arange(len(files))[:count], data.side, bench.device)
    test = bench.images(data.name, "test")
    return Resident(test.images[:count], test.labels[:count]).to(bench.device)


def _resident(data: Data, seed: int, bench: Bench) -> Prepared:
    whole = bench.images(data.name, "train")
    chosen, held_out = _drawn(data, len(whole), seed)
    labels = whole.labels[chosen]
    if data.label_noise is not None:
        labels = data.label_noise.apply(labels, int(whole.labels.max()) + 1, stream(seed, "label noise"))
    training = Resident(_disturbed(data, whole.images[chosen], seed, "training"), labels)
    validation = (
        bench.images(data.name, "test")
        if held_out is None
        else Resident(whole.images[held_out], whole.labels[held_out])
    )
    return Prepared(
        training.to(bench.device),
        Resident(_disturbed(data, validation.images, seed, "validation"), validation.labels).to(bench.device),
        *_statistics(training.images, data.standardise),
        _orders(training.images, seed).to(bench.device) if data.shuffle_pixels else None,
    )


def _streamed(data: Data, side: int, seed: int, bench: Bench) -> Prepared:
    whole = bench.image_files(data.name, "train")
    chosen, held_out = _drawn(data, len(whole), seed)
    return Prepared(
        Streamed(whole, chosen, side, bench.device),
        images_for_test(data, bench) if held_out is None else Streamed(whole, held_out, side, bench.device),
        *_published_statistics(whole, data.standardise),
    )


def _drawn(data: Data, n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Numbers of the training images, and of those that are held out; None where the test split validates."""
    held_out = data.held_out or 0
    count = n - held_out if data.count is None else data.count
    if count < 1 or count + held_out > n:
        raise ValueError(
            f"{data.name}: {count} training images and {held_out} held out were asked of a training split of {n}; ask "
            "for fewer"
        )
    order = torch.randperm(n, generator=stream(seed, "split"))
    return order[:count], order[count : count + held_out] if data.held_out is not None else None


def _orders(images: torch.Tensor, seed: int) -> torch.Tensor:
    """A permutation of the pixels for each image, `(n, h * w)`, in the smallest type that counts them."""
    n, pixels = len(images), images[0, 0].numel()
    kind = torch.int16 if pixels <= torch.iinfo(torch.int16).max else torch.int32
    generator, found = stream(seed, "pixel shuffles"), torch.empty(n, pixels, dtype=kind)
    for order in found:
        order.copy_(torch.randperm(pixels, generator=generator))
    return found


def _disturbed(data: Data, images: torch.Tensor, seed: int, name: str) -> torch.Tensor:
    for position, intervention in enumerate(data.interventions):
        images = intervention.apply(images, stream(seed, f"intervention {position} {name}"))
    return images


def _statistics(images: torch.Tensor, standardise: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each channel, `(c, 1, 1)`, float64; 0 and the largest pixel value otherwise."""
    if not standardise:
        full = 1.0 if images.is_floating_point() else 255.0
        return torch.zeros(images.shape[1], 1, 1).double(), torch.full((images.shape[1], 1, 1), full).double()
    if images.is_floating_point():
        spread, mean = torch.std_mean(images.double(), dim=(0, 2, 3), correction=0)
    else:  # counted, so that no copy of a large set is made
        shares = torch.stack([one.flatten().bincount(minlength=256).double() / one.numel() for one in images.unbind(1)])
        values = torch.arange(256).double()
        mean = shares @ values
        spread = (shares * (values - mean[:, None]) ** 2).sum(1).sqrt()
    return mean[:, None, None], spread.clamp_min(1e-12)[:, None, None]


def _published_statistics(files: ImageFiles, standardise: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The same for images in files, from the catalogue."""
    mean, spread = (files.mean, files.spread) if standardise else ((0.0,) * 3, (1.0,) * 3)
    return 255 * torch.tensor(mean).double()[:, None, None], 255 * torch.tensor(spread).double()[:, None, None]
