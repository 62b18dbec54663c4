"""The data sets of the papers: where their files lie, in torchvision's layout of a data folder and in a packed one.

Layouts with the published pixels come first; the packed CIFAR-10 holds 98 images that are not exact.
"""

from __future__ import annotations

from harness.data.batches import BatchArchive, Batches
from harness.data.idx import Idx
from harness.data.packed import Packed
from harness.data.spec import DataSpec, Split
from harness.data.sums import listed

CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
OBJECTS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FINE_OBJECTS = tuple(
    """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
    camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
    dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower
    leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid
    otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
    road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
    sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
    wardrobe whale willow_tree wolf woman worm
    """.split()  # noqa: SIM905 (a hundred words read better unquoted)
)

MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist"
FASHION_MNIST_URL = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion"
CIFAR_URL = "https://www.cs.toronto.edu/~kriz"


def _idx_split(name: str, count: int, prefix: str, folder: str, url: str) -> Split:
    images, labels = f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"
    bare = Idx(listed(f"{folder}/{images}"), listed(f"{folder}/{labels}"))
    zipped = Idx(
        listed(f"{folder}/{images}.gz", f"{url}/{images}.gz"),
        listed(f"{folder}/{labels}.gz", f"{url}/{labels}.gz"),
        name="idx.gz",
    )
    return Split(name, count, (bare, zipped))


def _batch_split(name: str, count: int, archive: str, batches: Batches, packed: Packed) -> Split:
    return Split(name, count, (batches, BatchArchive(listed(archive, f"{CIFAR_URL}/{archive}"), batches), packed))


def _cifar10(name: str, count: int, *batches: str) -> Split:
    return _batch_split(
        name,
        count,
        "cifar-10-python.tar.gz",
        Batches(tuple(listed(f"cifar-10-batches-py/{batch}") for batch in batches), "labels"),
        Packed(
            listed(f"CIFAR10/{name}_images.zip"),
            listed("CIFAR10/labels.npz"),
            split=name,
            label_key=name,
            inexact=listed("CIFAR10/inexact.json"),
        ),
    )


def _cifar100(name: str, count: int) -> Split:
    return _batch_split(
        name,
        count,
        "cifar-100-python.tar.gz",
        Batches((listed(f"cifar-100-python/{name}"),), "fine_labels"),
        Packed(
            listed(f"CIFAR100/{name}_images.zip"),
            listed("CIFAR100/labels.npz"),
            split=name,
            label_key=f"{name}_fine",
        ),
    )


MNIST = DataSpec(
    "mnist",
    shape=(1, 28, 28),
    classes=tuple("0123456789"),
    splits=(
        _idx_split("train", 60_000, "train", "MNIST/raw", MNIST_URL),
        _idx_split("test", 10_000, "t10k", "MNIST/raw", MNIST_URL),
    ),
)

FASHION_MNIST = DataSpec(
    "fashion-mnist",
    shape=(1, 28, 28),
    classes=CLOTHES,
    splits=(
        _idx_split("train", 60_000, "train", "FashionMNIST/raw", FASHION_MNIST_URL),
        _idx_split("test", 10_000, "t10k", "FashionMNIST/raw", FASHION_MNIST_URL),
    ),
)

CIFAR10 = DataSpec(
    "cifar10",
    shape=(3, 32, 32),
    classes=OBJECTS,
    splits=(
        _cifar10("train", 50_000, *(f"data_batch_{number}" for number in range(1, 6))),
        _cifar10("test", 10_000, "test_batch"),
    ),
)

CIFAR100 = DataSpec(
    "cifar100",
    shape=(3, 32, 32),
    classes=FINE_OBJECTS,
    splits=(_cifar100("train", 50_000), _cifar100("test", 10_000)),
)
