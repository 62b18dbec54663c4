"""Scenes with annotated objects, for detectors where no annotated photographs are at hand; evidence of reach `proxy`.

Objects are discs, boxes and triangles, plain or striped: six classes, of which those of one shape differ in texture
alone.  Shapes have hues of their own that overlap with the others'.  One to four objects lie on a cluttered background,
each from an eighth of the image's side to nearly all of it, in front of one another at times.  A scene is laid out in
shares of its side and rendered at any size.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from harness.data.detection_set import DetectionSet, digest_of
from harness.system.lazy import torch
from harness.verdicts import Evidence

if TYPE_CHECKING:
    from torch import Generator, Tensor

SHAPES, TEXTURES = ("disc", "box", "triangle"), ("plain", "striped")
CLASSES = tuple(f"{texture} {shape}" for shape in SHAPES for texture in TEXTURES)
SIMILAR = tuple(tuple(f"{texture} {shape}" for texture in TEXTURES) for shape in SHAPES)
COUNTS = {"train": 6000, "test": 1000}

MOST = 4
"""Objects in a scene, at most."""

SIDES = (0.15, 0.95)
"""Range of an object's side (the root of its box's area) as a share of the image's, uniform in the logarithm."""

ASPECT = 1.6
"""Largest ratio of an object's sides."""

COVERED = 0.3
"""Largest share of a box that another one may cover, of the smaller one of two."""

HUES = 0.2
"""How far the hue of an object is from that of its shape at most, in turns; those of two shapes are 1/3 apart."""

BARS = 5
"""Bars in the background."""

OCTAVES = (3, 6, 12, 24)
"""Cells along a side of the noise that the background is made of."""

GRID = 2**16
"""Edges of boxes lie at multiples of its reciprocal, which every processor rounds to alike."""

CHUNK = 250


class Layout(NamedTuple):
    """All that there is to know of some scenes; `n` of them with `MOST` places for objects, rear to front.

    Attributes:
        there: whether a place has an object, `(n, MOST)`.
        boxes: left, top, right, bottom as shares of the side, `(n, MOST, 4)`.
        labels: of the objects, `(n, MOST)`.
        colours: of each object, and of its stripes, `(n, MOST, 2, 3)`.
        textures: period (as a share of the image's side), direction and phase of each texture, `(n, MOST, 3)`.
        noise: of the background, for each octave one `(n, 3, cells, cells)`.
        bars: centre (2), half length, half width, direction and colour (3) of the bars behind all, `(n, BARS, 8)`.
    """

    there: Tensor
    boxes: Tensor
    labels: Tensor
    colours: Tensor
    textures: Tensor
    noise: tuple[Tensor, ...]
    bars: Tensor

    def chosen(self, images: Tensor) -> Layout:
        """Some of the scenes, by their numbers."""
        return self._each(lambda part: part[images])

    def to(self, device: torch.device) -> Layout:
        """The same on a device."""
        return self._each(lambda part: part.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Layout:
        parts = self._asdict()
        noise = tuple(change(octave) for octave in parts.pop("noise"))
        return Layout(**{name: change(part) for name, part in parts.items()}, noise=noise)


def scenes(split: str) -> DetectionSet:
    """The generated set: 6000 scenes to train on and 1000 others to test with, always the same."""
    if split not in COUNTS:
        raise ValueError(f"there is no split {split!r}; scenes have {' and '.join(COUNTS)}")
    made = _laid_out(split)
    owners, places = made.there.nonzero(as_tuple=True)
    boxes, labels = made.boxes[owners, places], made.labels[owners, places]

    def draw(images: Tensor, size: int, device: torch.device) -> Tensor:
        return torch.cat([render(made.chosen(some).to(device), size) for some in images.split(CHUNK)])

    return DetectionSet(
        "scenes", split, COUNTS[split], draw, boxes, labels, owners, torch.zeros(len(labels), dtype=torch.bool),
        CLASSES, SIMILAR, digest_of(boxes, labels, owners), Evidence.PROXY,
    )  # fmt: skip


@functools.cache
def _laid_out(split: str) -> Layout:
    return lay_out(COUNTS[split], torch.Generator().manual_seed(list(COUNTS).index(split)))


def lay_out(n: int, generator: Generator) -> Layout:
    """Draw `n` scenes."""

    def uniform(*shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand(n, *shape, generator=generator)

    boxes = _boxes(uniform(MOST, 4))
    periods = (boxes[..., 2:] - boxes[..., :2]).amin(-1) / uniform(MOST, low=2.0, high=5.0)
    textures = torch.stack([periods.clamp(0.07, 0.16), uniform(MOST, high=torch.pi), uniform(MOST)], -1)
    labels = torch.randint(len(CLASSES), (n, MOST), generator=generator)
    hues = (labels // len(TEXTURES)) / len(SHAPES) + uniform(MOST, low=-HUES, high=HUES)
    own = _colours(hues, uniform(MOST, low=0.4), uniform(MOST, low=0.4))
    colours = torch.stack([own, uniform(MOST, 1).expand(-1, -1, 3)], 2)
    wanted = 1 + torch.randint(MOST, (n, 1), generator=generator)
    bars = torch.cat(
        [
            uniform(BARS, 2), uniform(BARS, 1, low=0.05, high=0.3), uniform(BARS, 1, low=0.01, high=0.03),
            uniform(BARS, 1, high=torch.pi), uniform(BARS, 3),
        ],
        -1,
    )  # fmt: skip
    return Layout(
        _apart(boxes) & (torch.arange(MOST) < wanted), boxes, labels, colours, textures,
        tuple(torch.randn(n, 3, cells, cells, generator=generator) for cells in OCTAVES), bars,
    )  # fmt: skip


def render(layout: Layout, size: int) -> Tensor:
    """The scenes at a size: uint8 `(n, 3, size, size)`."""
    places = (torch.arange(size, device=layout.boxes.device) + 0.5) / size
    x, y = places.expand(size, size), places[:, None].expand(size, size)
    image = _background(layout, size)
    for number in range(layout.bars.shape[1]):
        bar = layout.bars[:, number]
        image = torch.where(_bar(bar, x, y)[:, None], bar[:, 5:, None, None], image)
    for place in range(layout.there.shape[1]):
        mask = _mask(layout, place, x, y) & layout.there[:, place, None, None]
        image = torch.where(mask[:, None], _surface(layout, place, x, y), image)
    return (255 * image).round().clamp(0, 255).to(torch.uint8)


def _boxes(drawn: Tensor) -> Tensor:
    """Boxes within the image from four uniform numbers each, the same to the bit on every processor.

    Exponentials differ in their last bits between processors, in float32 enough to be other data: they are taken in
    float64, and the edges rounded to `GRID`.
    """
    drawn = drawn.double()
    lowest, highest = map(math.log, SIDES)
    side = torch.exp(lowest + (highest - lowest) * drawn[..., 0])
    stretch = torch.exp((2 * drawn[..., 1] - 1) * math.log(ASPECT) / 2)
    sides = torch.stack([side * stretch, side / stretch], -1).clamp(max=SIDES[1])
    corner = drawn[..., 2:] * (1 - sides)
    return (torch.cat([corner, corner + sides], -1) * GRID).round().float() / GRID


def _apart(boxes: Tensor) -> Tensor:
    """Which boxes, `(n, MOST)`, stay when those go that cover too much of an earlier one, or the other way round."""
    area = (boxes[..., 2:] - boxes[..., :2]).prod(-1)
    low = torch.maximum(boxes[:, :, None, :2], boxes[:, None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], boxes[:, None, :, 2:])
    shared = (high - low).clamp_min(0).prod(-1) / torch.minimum(area[:, :, None], area[:, None, :])
    stays = torch.ones_like(area, dtype=torch.bool)
    for place in range(1, boxes.shape[1]):
        stays[:, place] = ~((shared[:, place, :place] > COVERED) & stays[:, :place]).any(1)
    return stays


def _background(layout: Layout, size: int) -> Tensor:
    octaves = (
        torch.nn.functional.interpolate(noise, (size, size), mode="bilinear") / 1.5**number
        for number, noise in enumerate(layout.noise)
    )
    noise = torch.stack([*octaves]).sum(0)
    return 0.5 + 0.08 * noise + 0.16 * noise.mean(1, keepdim=True)


def _bar(bar: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Which pixels, `(n, size, size)`, a bar covers."""
    dx, dy = (axis - centre[:, None, None] for axis, centre in zip((x, y), bar[:, :2].unbind(-1), strict=True))
    length, width, angle = (value[:, None, None] for value in bar[:, 2:5].unbind(-1))
    along, across = dx * angle.cos() + dy * angle.sin(), dy * angle.cos() - dx * angle.sin()
    return (along.abs() < length) & (across.abs() < width)


def _mask(layout: Layout, place: int, x: Tensor, y: Tensor) -> Tensor:
    """Which pixels, `(n, size, size)`, the objects at a place cover: shapes that touch all sides of their boxes."""
    left, top, right, bottom = (edge[:, None, None] for edge in layout.boxes[:, place].unbind(-1))
    u, v = (2 * x - left - right) / (right - left), (2 * y - top - bottom) / (bottom - top)
    shape = (layout.labels[:, place] // len(TEXTURES))[:, None, None]
    inside = (u.abs() < 1) & (v.abs() < 1)
    outline = torch.where(shape == 0, u.square() + v.square() < 1, inside)
    return torch.where(shape == 2, inside & (u.abs() < 0.15 + 0.85 * (1 + v) / 2), outline)


def _surface(layout: Layout, place: int, x: Tensor, y: Tensor) -> Tensor:
    """The colours of the objects at a place, `(n, 3, size, size)`: one, or two in stripes."""
    period, angle, phase = (value[:, None, None] for value in layout.textures[:, place].unbind(-1))
    striped = (layout.labels[:, place] % len(TEXTURES) == 1)[:, None, None]
    waves = (x * angle.cos() + y * angle.sin()) / period + phase
    colours = layout.colours[:, place, :, :, None, None]
    return torch.where((striped & (waves % 1 < 0.5))[:, None], colours[:, 1], colours[:, 0])


def _colours(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Red, green and blue, `(..., 3)`, of a hue in turns, a saturation and a value."""
    distance = (6 * (hue[..., None] - torch.tensor([0, 1 / 3, 2 / 3])) + 3) % 6 - 3
    pure = (2 - distance.abs()).clamp(0, 1)
    return value[..., None] * (1 - saturation[..., None] * (1 - pure))
