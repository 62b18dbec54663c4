"""What a run has come to, kept on the disk so that one that is cut off goes on from there.

One file for each part of a run that asks for one; its first line is the digest of the rest, arrays in the safetensors
format.  A file is replaced whole or not at all, and one that is damaged is as good as none.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.store.errors import RecordCorrupt
from harness.store.record import pack, unpack
from harness.system.files import write_atomically
from harness.system.lazy import np

log = logging.getLogger(__name__)

_STATE = "state as JSON"
_SECONDS = "seconds so far"


class Checkpoint(NamedTuple):
    """A state: JSON values (NaN and infinities too) and arrays, each by name."""

    state: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


class Checkpoints:
    """The checkpoints of one run, in a folder that is made when the first is written.

    They are for the holder of the run's lock, and belong to its key: another recipe, code or device has other ones.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """The run begins now, or goes on; `clock` gives its seconds."""
        self.folder = folder
        self._clock = clock
        self._since = clock()
        self._earlier = 0.0

    def seconds(self) -> float:
        """How long the run has taken, with what it took before it was cut off and went on from a checkpoint."""
        return self._earlier + self._clock() - self._since

    @property
    def run(self) -> str:
        """The beginning of the run's key, after which the folder is named."""
        return self.folder.name[:12]

    def read(self, name: str) -> Checkpoint | None:
        """The checkpoint of this name, or None where there is none that is whole."""
        file = self._file(name)
        try:
            if not file.exists():
                return None
            digest, _, body = file.read_bytes().partition(b"\n")
            if hashlib.sha256(body).hexdigest().encode() != digest:
                raise RecordCorrupt("its digest is wrong")
            arrays = unpack(self.folder.name, body)
            state = json.loads(arrays.pop(_STATE).tobytes())
            self._earlier = max(self._earlier, float(state.pop(_SECONDS)))
            return Checkpoint(state, arrays)
        except (OSError, RecordCorrupt, KeyError, ValueError) as error:
            log.warning("checkpoint %s is not used (%s): the run begins anew", file, error)
            return None

    def write(self, name: str, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Replace the checkpoint of this name.  A disk that refuses it is told of, and costs the run nothing."""
        text = json.dumps({**state, _SECONDS: self.seconds()})
        body = pack({**arrays, _STATE: np.frombuffer(text.encode(), dtype=np.uint8)})
        file = self._file(name)
        try:
            write_atomically(file, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        except OSError as error:
            log.warning("checkpoint %s is not written (%s): a cut would cost more of the run", file, error)

    def clear(self) -> None:
        """Remove them all, when the run is over."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.checkpoint"
