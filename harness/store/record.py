"""A record of a finished run, and its two files: sealed JSON, and safetensors for the arrays."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.store.canonical import canonical, content_key
from harness.store.errors import FormatUnknown, RecordCorrupt
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.runs.recipe import Result

FORMAT = 1
"""Version of the files' layout.  The seal is the same in every version: an intact newer file is known as such."""

_SEAL = b'{"sha256": "'
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Record:
    """What a run found out, as it was stored.

    Attributes:
        key: SHA-256 over `made_of`.
        made_of: all that the result depends on.
        metrics: JSON values by name.
        environment: where it was computed, for the reader.
        seconds: what it cost.
        tensors_digest: SHA-256 of the file of arrays; None where there are none.
    """

    key: str
    made_of: Mapping[str, Any]
    metrics: Mapping[str, Any]
    environment: Mapping[str, Any]
    seconds: float
    tensors_digest: str | None
    tensors_file: Path = field(repr=False, compare=False)

    @functools.cached_property
    def tensors(self) -> Mapping[str, np.ndarray]:
        """Arrays by name, read at first use; the bytes that are used are the ones whose digest was checked."""
        if self.tensors_digest is None:
            return {}
        data = self.tensors_file.read_bytes()
        check_digest(self.key, data, self.tensors_digest)
        return unpack(self.key, data)

    @property
    def diverged(self) -> bool:
        """Whether training broke down, so that there is nothing else to read."""
        return "diverged_at" in self.metrics

    @property
    def content(self) -> str:
        """Digest of what was found out; not of what it cost and where."""
        return hashlib.sha256(canonical([self.metrics, self.tensors_digest], allow_nan=True)).hexdigest()


def encode(
    key: str, made_of: Mapping[str, Any], result: Result, environment: Mapping[str, Any], seconds: float
) -> tuple[bytes, bytes | None]:
    """The bytes of a record's JSON file and of its tensor file (None where the result has no arrays)."""
    tensors = pack(result.tensors) if result.tensors else None
    body = {
        "format": FORMAT,
        "key": key,
        "made_of": made_of,
        "metrics": dict(result.metrics),
        "tensors": hashlib.sha256(tensors).hexdigest() if tensors is not None else None,
        "environment": environment,
        "seconds": seconds,
    }
    return seal(body), tensors


def decode(key: str, data: bytes, tensors_file: Path) -> Record:
    """The record in the bytes of a JSON file.

    Raises:
        RecordCorrupt: the bytes are not those that were written, or were not written for this key.
        FormatUnknown: the bytes are whole but of another format.
    """
    body = unseal(key, data)
    version = body.get("format") if isinstance(body, dict) else None
    if type(version) is not int:
        raise RecordCorrupt(f"store entry {key} corrupt: its format is {version!r}, and no number")
    if version != FORMAT:
        raise FormatUnknown(
            f"record {key} has format {version!r}, this suite reads format {FORMAT}: upgrade the suite "
            "(or, for an older record, use the version that its environment names)"
        )
    try:
        record = Record(
            key=body["key"],
            made_of=dict(body["made_of"]),
            metrics=dict(body["metrics"]),
            environment=dict(body["environment"]),
            seconds=float(body["seconds"]),
            tensors_digest=body["tensors"],
            tensors_file=tensors_file,
        )
        intact = record.key == key == content_key(record.made_of) and _is_digest_or_none(record.tensors_digest)
    except (KeyError, TypeError, ValueError) as error:
        raise RecordCorrupt(f"store entry {key} corrupt: {type(error).__name__}: {error}") from error
    if not intact:
        raise RecordCorrupt(f"store entry {key} corrupt: its content belongs to key {content_key(record.made_of)}")
    return record


def seal(body: Mapping[str, Any]) -> bytes:
    """JSON that begins with the digest of the rest of its bytes; NaN is written as Python's json does."""
    rest = b'", ' + json.dumps(body, default=_plain).encode("ascii")[1:] + b"\n"
    return _SEAL + hashlib.sha256(rest).hexdigest().encode("ascii") + rest


def unseal(key: str, data: bytes) -> dict[str, Any]:
    """The JSON object in sealed bytes."""
    start = len(_SEAL)
    stated, rest = data[start : start + 64].decode("ascii", "replace"), data[start + 64 :]
    found = hashlib.sha256(rest).hexdigest()
    if not data.startswith(_SEAL) or stated != found:
        raise RecordCorrupt(f"store entry {key} corrupt (sha256 of {len(data)} bytes: {found} ≠ {stated!r} as stated)")
    try:
        body: dict[str, Any] = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RecordCorrupt(f"store entry {key} corrupt: {type(error).__name__}: {error}") from error
    return body


def check_digest(key: str, data: bytes, stated: str) -> None:
    """Raise `RecordCorrupt` unless the bytes of a tensor file have the digest that the record states."""
    found = hashlib.sha256(data).hexdigest()
    if found != stated:
        raise RecordCorrupt(f"store entry {key} corrupt (sha256 of its {len(data)} tensor bytes: {found} ≠ {stated})")


def pack(tensors: Mapping[str, np.ndarray]) -> bytes:
    """Arrays as the bytes of a safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import save

    try:
        return save({name: np.array(tensor, order="C") for name, tensor in tensors.items()})
    except SafetensorError as error:
        kinds = {name: str(np.asarray(tensor).dtype) for name, tensor in tensors.items()}
        raise TypeError(f"a result's tensors are arrays of numbers or booleans, not {kinds}: {error}") from error


def unpack(key: str, data: bytes) -> dict[str, np.ndarray]:
    """Arrays from the bytes of a safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise RecordCorrupt(f"store entry {key} corrupt: its tensors cannot be read: {error}") from error


def _is_digest_or_none(value: Any) -> bool:
    return value is None or (isinstance(value, str) and _DIGEST.fullmatch(value) is not None)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a result's metrics are JSON values, not {type(value).__name__} ({value!r})")
