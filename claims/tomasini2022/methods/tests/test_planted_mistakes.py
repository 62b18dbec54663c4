"""Small mistakes in diffusion, sensitivities, modes and the scale task: each turns the verdict of a claim."""

from __future__ import annotations

import math

import pytest
import torch

from harness.tests.planting import Mistake, turned

DIFFUSION = "claims.tomasini2022.methods.diffusion"
POOLING = "claims.tomasini2022.methods.pooling_sensitivity"
SENSITIVITY = "claims.tomasini2022.methods.sensitivity"
TASK = "claims.tomasini2022.methods.scale_task"


def even_patch_on_the_wrong_side(filter_size):
    left = (filter_size - 1) // 2
    return range(-left, filter_size - left)


def half_of(right):
    return lambda filter_size: right(filter_size) / 2


def always_of_size_3(right):
    return lambda filter_size, steps: right(3, steps)


def all_to_the_right(right):
    def walk(filter_size, steps):
        found = right(filter_size, steps)
        return type(found)(found.positions * steps, found.weights)

    return walk


def one_pixel_only(right):
    return lambda q, distances: right(q, distances) + 4 * (q[1] - q[distances].mean())


def norm_change(clean, perturbed, average="mean"):
    norms = (perturbed.double() - clean.double()).flatten(1).norm(dim=1)
    return norms.mean() if average == "mean" else norms.median()


def exchanged(right):
    def sensitivities(*arguments, **how):
        found = right(*arguments, **how)
        return type(found)(found.noise, found.deformation, 1 / found.relative)

    return sensitivities


def modes_of_a_ring(right):
    def modes(size, dims=2):
        places = torch.arange(size, dtype=torch.float64)
        line = torch.cos(places[:, None] * math.pi / size * places)
        line = line / line.norm(dim=1, keepdim=True)
        values = 2 - 2 * torch.cos(places * math.pi / size)
        order = (values[:, None] + values).flatten().round(decimals=9).argsort(stable=True)
        return right(size, dims)._replace(vectors=line if dims == 1 else torch.kron(line, line)[order])

    return modes


def near_as_far(right):
    def kept(*arguments):
        task = right(*arguments)
        return task._replace(labels=-task.labels)

    return kept


def shares_of_all_gaps(right):
    return lambda distance, scale, gap, convention: right(distance, scale, 3 * gap, convention)


def spread_around_zero(taps):
    return float(taps.double().square().mean().sqrt())


def moved_far(right):
    return lambda pairs, move, shape, ring=False: right(pairs, 5 * move, shape, ring)


def with_a_bias(right):
    return lambda layer, x: right(layer, x) + 0.1


def steps_without_a_stride(right):
    return lambda length, filter_size, depth, stride=1: right(length, filter_size, depth, 1)


def power_of_the_fluctuation_alone(right):
    return lambda q, variance, rectified: right(q, variance, rectified) - rectified * variance * len(q) * q.sum() / 6.28


def whole_weight_permuted(weight, generator):
    return weight.flatten()[torch.randperm(weight.numel(), generator=generator)].reshape(weight.shape)


MISTAKES = [
    Mistake(
        "variance of a box of F, not F squared",
        f"{DIFFUSION}:step_variance",
        lambda right: lambda filter_size: (filter_size - 1) ** 2 / 12,
        "SP-37",
    ),
    Mistake(
        "rows that do not sum to one",
        f"{DIFFUSION}:diffusion_matrix",
        lambda right: lambda length, filter_size, stride=1: filter_size * right(length, filter_size, stride),
        "SP-43",
    ),
    Mistake(
        "an even patch on the wrong side", f"{DIFFUSION}:patch", lambda right: even_patch_on_the_wrong_side, "SP-43"
    ),
    Mistake(
        "a size without the root",
        "claims.tomasini2022.methods.receptive_field:effective_size",
        lambda right: lambda response, centre: right(response, centre) ** 2,
        "SP-37",
    ),
    Mistake("a deformation of one pixel only", f"{POOLING}:deformation_power", one_pixel_only, "SP-36"),
    Mistake(
        "noise that is not rectified",
        f"{POOLING}:noise_power",
        lambda right: lambda q, variance, rectified: right(q, variance, False),
        "SP-35",
    ),
    Mistake("a norm where its square belongs", f"{SENSITIVITY}:mean_square_change", lambda right: norm_change, "SP-01"),
    Mistake("D and G exchanged", f"{SENSITIVITY}:sensitivities_by_layer", exchanged, "SP-01"),
    Mistake(
        "modes of a ring, not of a grid", "claims.tomasini2022.methods.filter_modes:modes", modes_of_a_ring, "SP-17"
    ),
    Mistake("near read as far", f"{TASK}:_kept", near_as_far, "SP-22"),
    Mistake(
        "a field of twice the magnitude",
        "claims.tomasini2022.methods.diffeomorphism:temperature_of",
        lambda right: lambda *arguments: 4 * right(*arguments),
        "SP-57",
    ),
    Mistake("steps whose variance is half", f"{DIFFUSION}:step_variance", half_of, "SP-46"),
    Mistake(
        "a layer with a bias", "claims.tomasini2022.methods.scale_networks:RingConv1d.forward", with_a_bias, "SP-44"
    ),
    Mistake("a walk of one filter size for all", f"{DIFFUSION}:walk", always_of_size_3, "N-SP4"),
    Mistake("a walk that never rests", f"{DIFFUSION}:walk", all_to_the_right, "N-SP5"),
    Mistake(
        "a Gaussian of twice the variance",
        f"{DIFFUSION}:gaussian",
        lambda right: lambda positions, mean, variance: right(positions, mean, 2 * variance),
        "SP-38",
    ),
    Mistake("noise of the fluctuation alone", f"{POOLING}:noise_power", power_of_the_fluctuation_alone, "SP-48"),
    Mistake("no strides", f"{POOLING}:overlaps", steps_without_a_stride, "SP-50"),
    Mistake(
        "a gap three times as wide", "claims.tomasini2022.methods.scale_task:outside_gap", shares_of_all_gaps, "SP-60"
    ),
    Mistake("pixels that jump", f"{TASK}:displace", moved_far, "SP-24"),
    Mistake(
        "a filter's size for its spread",
        "claims.tomasini2022.methods.filter_modes:coefficient_of_variation",
        lambda right: spread_around_zero,
        "SP-31",
    ),
    Mistake(
        "channels shuffled one by one",
        "claims.tomasini2022.methods.channels:shuffle_input_channels",
        lambda right: whole_weight_permuted,
        "N-SP7",
    ),
    Mistake(
        "the whole weight permuted",
        "claims.tomasini2022.methods.channels:shuffle_input_channels",
        lambda right: whole_weight_permuted,
        "SP-13",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_turns_a_verdict(mistake, tmp_path):
    before, after = turned(mistake, tmp_path)
    assert after != before, f"{mistake.claim} does not notice"
