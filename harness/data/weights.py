"""Weights that others have released for the networks that papers look at, wherever they lie.

A file is looked for in the folder `pretrained` of the data folder, and torchvision's also where torch keeps what it
downloads.  `.safetensors` and `.npz` hold arrays alone; torchvision's `.pth` files are state dicts, of which torch
unpickles nothing but tensors.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.dataset_errors import DatasetCorrupt, DatasetMissing, DownloadFailed
from harness.data.download import received
from harness.system.files import write_atomically
from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

TORCHVISION = {
    "torchvision VGG-11": "vgg11-8a719046.pth",
    "torchvision VGG-13": "vgg13-19584684.pth",
    "torchvision VGG-16": "vgg16-397923af.pth",
    "torchvision VGG-19": "vgg19-dcbb9e9d.pth",
    "torchvision AlexNet": "alexnet-owt-7be5be79.pth",
}
"""Released files; the eight digits in a name begin the file's SHA-256."""

MATCONVNET = ("MatConvNet VGG-16", "MatConvNet AlexNet")
"""Of these nobody lists a checksum; they come converted, by whoever has them."""

PUBLISHED_AT = "https://download.pytorch.org/models/"
LARGEST = 1_000_000_000
"""Bytes; the largest of the files, VGG-19's, has 0.57 GB."""
SUFFIXES = (".safetensors", ".npz")


@dataclass(frozen=True)
class Weights:
    """The convolutions of one network.

    Attributes:
        file: where they lie.
        sha256: of the file, as found.
        kernels: weights `(filters, channels, kernel, kernel)` by the layer's name, first to last.
    """

    file: Path
    sha256: str
    kernels: Mapping[str, NDArray[np.float32]]


def weights(name: str, root: Path | None, *, download: bool = False) -> Weights:
    """The weights of a network of `TORCHVISION` or `MATCONVNET`.

    Args:
        name: of the network.
        root: the data folder.
        download: fetch what torchvision released and is not here; it is kept where torch keeps such files.

    Raises:
        DatasetMissing: none of the files that could hold them is here.
        DownloadFailed: nor can it be fetched.
        DatasetCorrupt: it is not what was released, or holds no kernels.
        ValueError: there is no such network.
    """
    if name not in (*TORCHVISION, *MATCONVNET):
        raise ValueError(f"nothing is known of {name!r}; there are {', '.join((*TORCHVISION, *MATCONVNET))}")
    places = _places(name, root)
    file = next((place for place in places if place.is_file()), None)
    if file is None and download and name in TORCHVISION:
        file = _fetched(TORCHVISION[name])
    if file is None:
        raise DatasetMissing(
            f"the weights of {name} are not here: none of {', '.join(map(str, places)) or 'no data folder'}.  Put one "
            "of these files there"
            + (", or allow them to be fetched with `pytest claims --download`" if name in TORCHVISION else "")
        )
    return _read(file)


def digest(name: str, root: Path | None) -> str | None:
    """SHA-256 of the file that `weights` would read, without reading weights from it; None where there is none."""
    file = next((place for place in _places(name, root) if place.is_file()), None)
    return hashlib.sha256(file.read_bytes()).hexdigest() if file else None


def _places(name: str, root: Path | None) -> list[Path]:
    stem = re.sub(r"[^a-z0-9]+", "_", name.lower())
    folders = [root / "pretrained"] if root is not None else []
    places = [folder / f"{stem}{suffix}" for folder in folders for suffix in SUFFIXES]
    if name in TORCHVISION:
        places += [folder / TORCHVISION[name] for folder in (*folders, _downloads())]
    return places


def _downloads() -> Path:
    """Where torch keeps downloaded weights, found without loading it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "torch"
    return Path(os.environ.get("TORCH_HOME", cache)).expanduser() / "hub" / "checkpoints"


def _fetched(name: str) -> Path:
    file, url = _downloads() / name, f"{PUBLISHED_AT}{name}"
    content = received(url, LARGEST, file)
    sha256 = hashlib.sha256(content).hexdigest()
    if not sha256.startswith(name[-12:-4]):
        raise DownloadFailed(f"{url}: found SHA-256 {sha256}, expected {name[-12:-4]}...; nothing was written.")
    write_atomically(file, content)
    return file


def _read(file: Path) -> Weights:
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    released = re.search(r"-([0-9a-f]{8})\.pth$", file.name)
    if released and not sha256.startswith(released[1]):
        raise DatasetCorrupt(f"{file}: its SHA-256 is {sha256}, and should begin with {released[1]}; fetch it again")
    try:
        found = {name: array for name, array in _arrays(file.suffix, content).items() if _is_kernel(name, array)}
    except Exception as error:  # each format's library has its own errors
        raise DatasetCorrupt(f"{file}: holds no plain arrays ({error})") from error
    if not found:
        raise DatasetCorrupt(f"{file}: none of its arrays is a kernel, `<layer>.weight` with four axes")
    ordered = {name.removesuffix(".weight"): found[name].astype(np.float32) for name in sorted(found, key=_natural)}
    return Weights(file, sha256, ordered)


def _arrays(suffix: str, content: bytes) -> dict[str, NDArray[np.generic]]:
    if suffix == ".safetensors":
        from safetensors.numpy import load

        return dict(load(content))
    if suffix == ".npz":
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return {name: tensor.numpy() for name, tensor in state.items()}


def _is_kernel(name: str, array: NDArray[np.generic]) -> bool:
    return name.endswith(".weight") and array.ndim == 4


def _natural(name: str) -> list[tuple[int, str]]:
    """Orders `features.2` before `features.10`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
