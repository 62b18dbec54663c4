"""Spatial orderness of 60,000 images of 28 x 28 at several scales under every reading, against plain numpy.

Two plain versions, both vectorised over images in float64, for each scale and reading by itself: one follows the
definition, triple by triple of offsets; the other has worked out how many triples hold each pair.

    python -m claims.ghosh2019.methods.benchmark [--data DIR]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from claims.ghosh2019.methods.orderness import hop_sums_at_scales
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS, hops, pair_slices, pair_weights
from harness.system.lazy import np, torch

SCALES = (1, 2, 4, 7)
COUNT = 60_000
AGREEMENT = 1e-6

Table = dict[tuple[int, str], float]


def by_triples(images: np.ndarray) -> Table:
    """Orderness as equation 6 reads: over each pair of offsets, the squared differences of shifted images."""
    return {(scale, reading): _over_triples(_coarse(images, scale), reading) for scale, reading in _cases()}


def by_pairs(images: np.ndarray) -> Table:
    """The same over pairs of pixels, weighted by the number of triples that hold them."""
    return {(scale, reading): _over_pairs(_coarse(images, scale), reading) for scale, reading in _cases()}


def suite(images: torch.Tensor) -> Table:
    """What the suite does."""
    sums = hop_sums_at_scales(images, NEIGHBOURHOODS, SCALES)
    return {case: sums[case].orderness() for case in _cases()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and compare."""
    parser = argparse.ArgumentParser(prog="python -m claims.ghosh2019.methods.benchmark", description=__doc__)
    parser.add_argument(
        "--data", type=Path, help="folder of the data sets; generated textures where MNIST is not there"
    )
    compare(parser.parse_args(arguments).data)


def compare(data: Path | None) -> None:
    """Print the processor times, on one thread each, and their ratios; fail where the results differ."""
    images, name = _images(data)
    pixels = images[:, 0].numpy()
    print(
        f"{len(images):,} images of 28 x 28 ({name}), scales {', '.join(map(str, SCALES))}, every reading, one thread"
    )
    torch.set_num_threads(1)
    with threadpool_limits(1):
        ours, seconds = _timed(suite, images)
        print(f"{'suite':<10} {seconds:7.2f} s")
        for label, plain in (("by pairs", by_pairs), ("by triples", by_triples)):
            theirs, plain_seconds = _timed(plain, pixels)
            apart = max(abs(theirs[case] - ours[case]) for case in _cases())
            print(f"{label:<10} {plain_seconds:7.2f} s  {plain_seconds / seconds:5.1f} x  apart by {apart:.1e} at most")
            if not apart <= AGREEMENT:
                raise SystemExit(f"results are apart by {apart:.1e}, more than {AGREEMENT:.0e}: one of them is wrong")


def _images(data: Path | None) -> tuple[torch.Tensor, str]:
    from harness.data import generated
    from harness.data.catalogue import present

    if present("mnist", data):
        from harness.data import load

        return load("mnist", "train", data).images, "MNIST"
    made = generated.textures(COUNT // 20, 28, 28, torch.Generator().manual_seed(0))
    return (made * 40 + 128).clamp(0, 255).to(torch.uint8).repeat(20, 1, 1, 1), "generated textures"


def _timed(job: Callable[[Any], Table], images: Any) -> tuple[Table, float]:
    """The result and its processor time (other programs' load aside): the least of two runs, in seconds."""
    times = []
    for _ in range(2):
        start = time.process_time()
        result = job(images)
        times.append(time.process_time() - start)
    return result, min(times)


def _cases() -> list[tuple[int, str]]:
    return [(scale, reading) for scale in SCALES for reading in NEIGHBOURHOODS]


def _coarse(images: np.ndarray, scale: int) -> np.ndarray:
    n, height, width = images.shape
    return images.reshape(n, height // scale, scale, width // scale, scale).mean((2, 4))


def _over_triples(images: np.ndarray, reading: str) -> float:
    height, width = images.shape[1:]
    one = two = 0.0
    for step, reach in hops(reading):
        top, left = (max(0, -step[i], -reach[i]) for i in (0, 1))
        rows, columns = height - max(0, step[0], reach[0]) - top, width - max(0, step[1], reach[1]) - left
        p, q, r = (
            images[:, top + down : top + down + rows, left + right : left + right + columns]
            for down, right in ((0, 0), step, reach)
        )
        one += ((p - q) ** 2).sum()
        two += ((p - r) ** 2).sum()
    return float(two / one) - 1


def _over_pairs(images: np.ndarray, reading: str) -> float:
    weights = pair_weights(reading, *images.shape[1:])
    one, two = (
        sum((_squares(images, lag) @ counts.numpy().ravel()).sum() for lag, counts in pairs.items())
        for pairs in (weights.one_hop, weights.two_hop)
    )
    return float(two / one) - 1


def _squares(images: np.ndarray, lag: tuple[int, int]) -> np.ndarray:
    behind, ahead = pair_slices(lag)
    return ((images[:, *ahead] - images[:, *behind]) ** 2).reshape(len(images), -1)


if __name__ == "__main__":
    main()
