"""Weights of trained networks, as arrays in `.npz` files below the data folder."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.dataset_errors import DatasetMissing
from harness.data.files import DataFile, Stored
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRETRAINED = {
    "SqueezeNet v1.1": DataFile(
        "pretrained/squeezenet_v1.1.npz",
        3_643_461,
        "92b00f35367e114e5d369bd86c3fd042f935affb5d94f971555fc272ea9597b6",
    ),
    "SqueezeNet v1.0, compressed": DataFile(
        "pretrained/squeezenet_v1.0_deepcompressed.npz",
        926_077,
        "a22e7b5a7c8bf0365d681e31b24bcbdd72e6548765567d7f19941773be8cf196",
    ),
}
"""Both trained on ImageNet and released with their paper (BSD 2-clause); two thirds of the weights of v1.0 are zero."""


def kernels(name: str, root: Path | None) -> dict[str, NDArray[np.float32]]:
    """The weights of each convolution, `(filters, channels, kernel, kernel)`, by the layer's name, first to last.

    Args:
        name: a key of `PRETRAINED`.
        root: the data folder.

    Raises:
        DatasetMissing: the file is not there.
        DatasetCorrupt: it is not the one that is listed, or holds no arrays.
        ValueError: there is no such network.
    """
    if name not in PRETRAINED:
        raise ValueError(f"there are no weights of {name!r}; there are those of {', '.join(PRETRAINED)}")
    file = PRETRAINED[name]
    if root is None or not Stored(root, file).there:
        raise DatasetMissing(
            f"the weights of {name} are not here: no {file.path} under {root or 'a data folder'}.  Name a folder that "
            "has them with `pytest claims --data DIR` or the environment variable CLAIMS_DATA."
        )
    return read_kernels(Stored(root, file))


def read_kernels(stored: Stored) -> dict[str, NDArray[np.float32]]:
    """The arrays named `<layer>.weight` of a verified file, in its order; nothing is ever unpickled.

    Raises:
        DatasetCorrupt: the file is not the listed one, or holds no plain arrays.
    """
    content = stored.read()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            named = {name: arrays[name] for name in arrays.files if name.endswith(".weight")}
            return {name.removesuffix(".weight"): value.astype(np.float32) for name, value in named.items()}
    except (ValueError, OSError, zipfile.BadZipFile, AttributeError) as error:
        raise stored.corrupt(f"is no archive of arrays ({error})") from error
