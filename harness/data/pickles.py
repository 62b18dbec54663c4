"""Pickles of plain data, read without ever running anything that they name."""

from __future__ import annotations

import io
import pickle
from typing import Any

from harness.data.dataset_errors import UnsafePickle
from harness.data.files import Stored
from harness.system.lazy import np


def plain_pickle(content: bytes, file: Stored) -> Any:
    """What a pickle holds, if that is numbers, strings, bytes, containers of them and plain numpy arrays.

    Strings written by Python 2 are read as Latin-1, one character a byte.

    Args:
        content: the pickle, verified beforehand wherever a sum is known.
        file: named in errors.

    Raises:
        UnsafePickle: it names any other class or function; nothing that it names was imported or called.
        DatasetCorrupt: it is not a pickle.
    """
    try:
        return _PlainUnpickler(content, file).load()
    except UnsafePickle:
        raise
    except Exception as error:  # a damaged pickle may raise nearly anything
        raise file.corrupt(f"does not unpickle: {type(error).__name__}: {error}") from error


class _PlainUnpickler(pickle.Unpickler):
    def __init__(self, content: bytes, file: Stored) -> None:
        super().__init__(io.BytesIO(content), encoding="latin1")
        self._file = file

    def find_class(self, module: str, name: str) -> Any:
        """Only the three names that rebuild an array."""
        allowed = _array_parts().get((module, name))
        if allowed is None:
            flaw = f"this pickle asks for {module}.{name}, expected arrays, strings, numbers and containers only"
            raise self._file.corrupt(flaw, UnsafePickle)
        return allowed


def _array_parts() -> dict[tuple[str, str], Any]:
    reconstruct = np.empty(0).__reduce__()[0]
    return {
        ("numpy.core.multiarray", "_reconstruct"): reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): reconstruct,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): _numeric_dtype,
    }


def _numeric_dtype(code: str, *flags: Any) -> np.dtype:
    dtype = np.dtype(code, *map(bool, flags))
    if dtype.kind not in "biuf":
        raise pickle.UnpicklingError(f"an array of {dtype}, expected numbers")
    return dtype
