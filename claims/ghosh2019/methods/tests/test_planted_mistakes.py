"""Small mistakes in triples, orderness and distortions: each turns the verdict of a claim."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from claims.ghosh2019.methods import filters
from claims.ghosh2019.methods.kernel_updates import Hops
from claims.ghosh2019.methods.tiling import block_means, fit_to_blocks
from claims.ghosh2019.methods.triples import pair_slices
from harness.tests.planting import Mistake, turned

ORDERNESS = "claims.ghosh2019.methods.orderness"
TRIPLES = "claims.ghosh2019.methods.triples"
BLOCKS = "claims.ghosh2019.methods.blocks"
UPDATES = "claims.ghosh2019.methods.kernel_updates"


def sums_of_absolute_differences(table, pixels):
    coarse = block_means(pixels.permute(2, 0, 1), table.scale, table.fit).permute(1, 2, 0)
    sums = coarse.new_zeros(2 * len(table.triples), coarse.shape[-1])
    for lag, counts in table.counts.items():
        behind, ahead = pair_slices(lag)
        sums += counts @ (coarse[ahead] - coarse[behind]).abs().flatten(0, 1)
    return sums


def block_maxima(pixels, size, fit):
    tiled = fit_to_blocks(pixels.permute(2, 0, 1), size, fit).permute(1, 2, 0)
    return tiled.unflatten(0, (-1, size)).amax(1).unflatten(1, (-1, size)).amax(2).contiguous()


def overwritten(right):
    """A place whose own block went elsewhere keeps what came, and that is not removed from where it came from."""

    def order(n, items, swaps, generator):
        places = torch.arange(items, device=generator.device).repeat(n, 1)
        for _ in range(swaps):
            first, second = torch.rand(n, items, generator=generator, device=generator.device).argsort(1)[:, :2].T
            places.scatter_(1, first[:, None], places.gather(1, second[:, None]))
        return places

    return order


def with_itself(right):
    def order(n, items, swaps, generator):
        places, rows = torch.arange(items, device=generator.device).repeat(n, 1), torch.arange(n)
        for _ in range(swaps):
            first, second = torch.randint(items, (2, n), generator=generator, device=generator.device)
            places[rows, first], places[rows, second] = places[rows, second], places[rows, first]
        return places

    return order


def doubled_two_hops(right):
    def sums(*given, **how):
        found = right(*given, **how)
        return replace(found, two_hop=2 * found.two_hop)

    return sums


def averaged_signals(training):
    means = training.coefficients.mean(2, keepdim=True)
    return replace(training, coefficients=means.expand_as(training.coefficients))


def exchanged(errors):
    return replace(errors, from_neighbours=errors.from_two_hops, from_two_hops=errors.from_neighbours)


MISTAKES = [
    Mistake(
        "two hops read as one",
        f"{TRIPLES}:pair_weights",
        lambda right: lambda *grid: replace(right(*grid), two_hop=right(*grid).one_hop),
        "SO-05",
    ),
    Mistake(
        "one hop counted as two",
        f"{TRIPLES}:pair_weights",
        lambda right: lambda *grid: replace(right(*grid), one_hop=right(*grid).two_hop),
        "SO-05",
    ),
    Mistake(
        "the less one forgotten",
        f"{ORDERNESS}:HopSums.orderness",
        lambda right: lambda *arguments, **how: right(*arguments, **how) + 1,
        "SO-58",
    ),
    Mistake(
        "differences without the square",
        f"{ORDERNESS}:_PairTable.sums",
        lambda right: sums_of_absolute_differences,
        "SO-05",
    ),
    Mistake("a coarse scale by maxima", f"{ORDERNESS}:_block_means", lambda right: block_maxima, "SO-10"),
    Mistake("blocks overwritten, not swapped", f"{BLOCKS}:swapped_order", overwritten, "SO-17"),
    Mistake("a swap of a block with itself", f"{BLOCKS}:swapped_order", with_itself, "SO-17"),
    Mistake(
        "pixels left in place",
        "harness.interventions.pixels:permute_pixels",
        lambda right: lambda images, *arguments, **how: images,
        "SO-06",
    ),
    Mistake(
        "one mask for low and high pass",
        "claims.ghosh2019.methods.filters:high_pass",
        lambda right: filters.low_pass,
        "SO-44",
    ),
    Mistake("the two hops doubled in the sums", f"{ORDERNESS}:hop_sums", doubled_two_hops, "SO-58"),
    Mistake(
        "one average for two",
        f"{ORDERNESS}:HopSums.orderness",
        lambda right: lambda sums, estimator="pooled": right(sums),
        "SO-59",
    ),
    Mistake(
        "neighbours and two hops exchanged",
        "claims.ghosh2019.methods.interpolation_error:interpolation_errors",
        lambda right: lambda *given, **how: exchanged(right(*given, **how)),
        "SO-12",
    ),
    Mistake(
        "blocks torn by a pixel",
        f"{BLOCKS}:swap_blocks",
        lambda right: lambda images, *given, **how: right(images.roll(1, -1), *given, **how),
        "SO-11",
    ),
    Mistake(
        "no block swapped",
        f"{BLOCKS}:swapped_order",
        lambda right: lambda n, items, swaps, generator: right(n, items, 0, generator),
        "SO-14",
    ),
    Mistake(
        "one error signal for all windows of an image",
        f"{UPDATES}:train_kernel",
        lambda right: lambda *given, **how: averaged_signals(right(*given, **how)),
        "E-SO5",
    ),
    Mistake(
        "twice the largest difference",
        f"{UPDATES}:largest_hops",
        lambda right: lambda *given, **how: Hops(*(2 * hop for hop in right(*given, **how))),
        "SO-39",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_turns_a_verdict(mistake, tmp_path):
    before, after = turned(mistake, tmp_path)
    assert after != before, f"{mistake.claim} does not notice"
