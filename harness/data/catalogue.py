"""Which data sets there are, and which of them can be had here; nothing in this module loads torch or numpy.

A set of images that is always at hand is a function from the name of a split to an `ImageSet`.  A paper registers its
own in `methods/__init__.py`: `DATA_SETS.register("stripes", "claims.toy2026.methods.images:stripes")`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.data import detection_catalogue
from harness.data.imagenet import IMAGENET, SIDE, SMALL
from harness.data.published import CIFAR10, CIFAR100, FASHION_MNIST, MNIST
from harness.data.spec import DataSpec, stored
from harness.system.registry import Registry, UnknownName

IN_FILES = (IMAGENET.name, SMALL)
"""ImageNet, and what is made from it."""

PUBLISHED: dict[str, DataSpec] = {spec.name: spec for spec in (MNIST, FASHION_MNIST, CIFAR10, CIFAR100)}


class DataSets(Registry):
    """The sets of images that are always at hand; none may take the name of one that lies in files."""

    def register(self, name: str, target: str) -> None:
        """As in `Registry.register`; ValueError also for a name of a published set."""
        if name in PUBLISHED or name in IN_FILES or name in detection_catalogue.names():
            raise ValueError(f"data set {name!r} is a published one; {target} needs another name")
        super().register(name, target)


DATA_SETS = DataSets("data set")
DATA_SETS.register("digits", "harness.data.embedded:digits")
DATA_SETS.register("textures", "harness.data.embedded:textures")
DATA_SETS.register("two-digits", "harness.data.embedded:two_digits")


@dataclass(frozen=True)
class Availability:
    """What a look at the data folder says of one published data set.

    Attributes:
        layouts: those in which its splits lie; empty where one of them is missing.
        problem: why it cannot be used; empty where nothing speaks against it.
    """

    name: str
    layouts: tuple[str, ...]
    problem: str

    @property
    def usable(self) -> bool:
        """Whether every file is there with the right size."""
        return not self.problem


def names() -> tuple[str, ...]:
    """All names that `load` knows, and those of images with annotated objects."""
    return (*PUBLISHED, *DATA_SETS, *IN_FILES, *detection_catalogue.names())


def check(name: str) -> None:
    """Raise UnknownName for a name that is none of `names`; the message lists all."""
    if name not in names():
        raise UnknownName(f"there is no data set {name!r}; there are {', '.join(names())}")


def find(name: str) -> DataSpec:
    """A published data set by its name; UnknownName that lists all names for one that there is not."""
    if name not in PUBLISHED:
        raise UnknownName(f"there is no data set {name!r}; there are {', '.join((*PUBLISHED, *DATA_SETS))}")
    return PUBLISHED[name]


def present(name: str, root: Path | None) -> bool:
    """Whether `load` would find all files of a data set; False for a name that the catalogue lacks.

    Only the files' existence is looked at, so that this is cheap enough for the collection of tests.
    """
    if name in detection_catalogue.names():
        return detection_catalogue.present(name, root)
    if name in IN_FILES:
        return IMAGENET.present(root)
    return name in DATA_SETS or (name in PUBLISHED and PUBLISHED[name].present(root))


def extent(name: str) -> tuple[int, tuple[int, int, int]]:
    """How many training images a set has that is held decoded, and their shape: channels, height, width.

    Nothing is read: sets that are at hand are made.  UnknownName for a name that `load` does not know.
    """
    if name == SMALL:
        return IMAGENET.part("train").images, (3, SIDE, SIDE)
    if name in DATA_SETS:
        _, channels, height, width = (images := DATA_SETS.load(name)("train").images).shape
        return len(images), (channels, height, width)
    spec = find(name)
    return spec.split("train").count, spec.shape


def describe(root: Path | None, specs: tuple[DataSpec, ...] = tuple(PUBLISHED.values())) -> list[Availability]:
    """For each published data set whether it is under `root`, in which layout, and if not, why.  No sum is computed."""
    return [_look(spec, root) for spec in specs]


def describe_folders(root: Path | None) -> list[Availability]:
    """The same for data sets of images in files, of which only the folders are looked at."""
    found = []
    for name in (IMAGENET.name, *detection_catalogue.PUBLISHED):
        there = present(name, root)
        where = f"not under {root}" if root else "no data folder is named"
        found.append(Availability(name, ("folders",) if there else (), "" if there else where))
    return found


def _look(spec: DataSpec, root: Path | None) -> Availability:
    layouts: dict[str, None] = {}
    problems: list[str] = []
    for split in spec.splits:
        layout = split.layout_under(root)
        if layout is None or root is None:
            return Availability(spec.name, (), str(spec.missing(split, root)))
        layouts[layout.name] = None
        flaws = ((one.path, one.size_flaw()) for one in stored(layout, root))
        problems += [f"{path}: {flaw}" for path, flaw in flaws if flaw]
    return Availability(spec.name, tuple(layouts), "; ".join(problems))
