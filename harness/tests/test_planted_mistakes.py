"""Small mistakes in the measures and interventions: each turns the verdict of a claim."""

from __future__ import annotations

import functools

import pytest

from harness.tests.planting import Mistake, planted, verdicts

MISTAKES = [
    Mistake(
        "a permutation shared across channels",
        "claims.fan2019.methods.shuffled_maps",
        "1 if aligned else shape[1])",
        "1)",
        "SH-01",
    ),
    Mistake(
        "a draw that is the identity",
        "claims.fan2019.methods.shuffled_maps",
        "return keys.argsort(-1).to(device)",
        "return keys.argsort(-1).argsort(-1).sort(-1).values.to(device)",
        "SH-03",
    ),
    Mistake(
        "a permutation of channels for each pixel",
        "claims.fan2019.methods.shuffled_maps",
        "rows = (n if per_image else 1, height * width if per_position else 1)",
        "rows = (n if per_image else 1, height * width)",
        "SH-06",
    ),
    Mistake(
        "patches left as they are",
        "claims.fan2019.methods.shuffled_maps",
        "return sources[..., members.flatten().argsort()]",
        "return pixels.flatten().expand(*shape, -1)",
        "SH-05",
    ),
    Mistake(
        "entropy without the number of patches",
        "claims.fan2019.methods.patch_entropy",
        "return height * width / pixels * math.lgamma(pixels + 1)",
        "return math.lgamma(pixels + 1)",
        "SH-45",
    ),
    Mistake(
        "a support of what does not depend",
        "harness.measures.support",
        "support |= (gradient != 0).any(1)[0]",
        "support |= (gradient == 0).any(1)[0]",
        "SH-48",
    ),
    Mistake(
        "GAP+FC one layer short",
        "claims.fan2019.methods.gap_surgery",
        "list(network.features).index(replaced[0])]",
        "list(network.features).index(replaced[0]) + 1]",
        "SH-31",
    ),
    Mistake(
        "a fully connected layer as wide as the kernel",
        "claims.fan2019.methods.gap_surgery",
        "torch.nn.Linear(convolution.in_channels, convolution.out_channels",
        "torch.nn.Linear(9 * convolution.in_channels, convolution.out_channels",
        "SH-33",
    ),
    Mistake(
        "a cosine without the root",
        "claims.gamba2020.methods.projections",
        "* ones**0.5), 0.0)",
        "* ones), 0.0)",
        "HP-12",
    ),
    Mistake(
        "<= read as <",
        "claims.gamba2020.methods.projections",
        "return (cosines <= 0).double().mean().item()",
        "return (cosines < 0).double().mean().item()",
        "HP-17",
    ),
    Mistake(
        "positive projections counted",
        "claims.gamba2020.methods.projections",
        "return (cosines <= 0)",
        "return (cosines >= 0)",
        "HP-17",
    ),
    Mistake(
        "a spread without the half",
        "claims.gamba2020.methods.projection_null",
        "return 0.5 / filters**0.5",
        "return 1.0 / filters**0.5",
        "HP-71",
    ),
    Mistake(
        "the border counted twice",
        "claims.gamba2020.methods.convolution_matrix",
        "matrix[:, i, j, :, y, x] += weight[:, :, p, q]",
        "matrix[:, i, j, :, y, x] += weight[:, :, p, q] * (1 + (y == 0))",
        "HP-02",
    ),
    Mistake(
        "a kernel mirrored",
        "claims.gamba2020.methods.convolution_matrix",
        "+= weight[:, :, p, q]",
        "+= weight[:, :, -1 - p, -1 - q]",
        "HP-02",
    ),
    Mistake(
        "padding on one side only",
        "claims.gamba2020.methods.convolution_matrix",
        "(size + 2 * padding - kernel)",
        "(size + padding - kernel)",
        "HP-05",
    ),
    Mistake(
        "two signs where one is meant",
        "claims.gamba2020.methods.projection_null",
        "return (2.0 if either_sign else 1.0) * 0.5**filters",
        "return filters * 0.5**filters",
        "HP-32",
    ),
    Mistake(
        "a sum of Zaslavsky, one term short",
        "claims.gamba2020.methods.arrangement",
        "for i in range(dimension + 1))",
        "for i in range(dimension))",
        "HP-64",
    ),
    Mistake(
        "an apex on one side of the bias",
        "claims.gamba2020.methods.arrangement",
        "torch.linalg.lstsq(matrix, -bias[:, None])",
        "torch.linalg.lstsq(matrix, bias[:, None])",
        "HP-06",
    ),
    Mistake(
        "two hops read as one",
        "claims.ghosh2019.methods.triples",
        "_count(two_hop, reach, rows, columns, height, width)",
        "_count(two_hop, step, rows, columns, height, width)",
        "SO-05",
    ),
    Mistake(
        "one hop counted as two",
        "claims.ghosh2019.methods.triples",
        "_count(one_hop, step, rows, columns, height, width)",
        "_count(one_hop, reach, rows, columns, height, width)",
        "SO-05",
    ),
    Mistake(
        "the less one forgotten",
        "claims.ghosh2019.methods.orderness",
        "return float(two.sum() / one.sum()) - 1",
        "return float(two.sum() / one.sum())",
        "SO-58",
    ),
    Mistake(
        "differences without the square",
        "claims.ghosh2019.methods.orderness",
        "out=squares).square_()",
        "out=squares).abs_()",
        "SO-05",
    ),
    Mistake(
        "a coarse scale by maxima",
        "claims.ghosh2019.methods.orderness",
        "unflatten(0, (-1, size)).mean(1).unflatten(1, (-1, size)).mean(2)",
        "unflatten(0, (-1, size)).amax(1).unflatten(1, (-1, size)).amax(2)",
        "SO-10",
    ),
    Mistake(
        "blocks overwritten, not swapped",
        "claims.ghosh2019.methods.blocks",
        "order.scatter_(1, first, at_second).scatter_(1, second, at_first)",
        "order.scatter_(1, first, at_second)",
        "SO-17",
    ),
    Mistake(
        "a swap of a block with itself",
        "claims.ghosh2019.methods.blocks",
        "torch.randint(1, items, (n, 1)",
        "torch.randint(0, items, (n, 1)",
        "SO-17",
    ),
    Mistake(
        "pixels left in place",
        "harness.interventions.pixels",
        "order = keys.argsort(1).to(images.device)",
        "order = keys.sort(1).values.argsort(1).to(images.device)",
        "SO-06",
    ),
    Mistake(
        "one mask for low and high pass",
        "claims.ghosh2019.methods.filters",
        "return apply_mask(images, radial_mask(height, width, cutoff))",
        "return apply_mask(images, ~radial_mask(height, width, cutoff))",
        "SO-44",
    ),
    Mistake(
        "variance of a box of F, not F squared",
        "claims.tomasini2022.methods.diffusion",
        "return (filter_size**2 - 1) / 12",
        "return (filter_size - 1) ** 2 / 12",
        "SP-37",
    ),
    Mistake(
        "rows that do not sum to one",
        "claims.tomasini2022.methods.diffusion",
        "matrix[rows, (rows * stride + offset) % length] += 1 / filter_size",
        "matrix[rows, (rows * stride + offset) % length] += 1",
        "SP-43",
    ),
    Mistake(
        "an even patch on the wrong side",
        "claims.tomasini2022.methods.diffusion",
        "left = filter_size // 2",
        "left = (filter_size - 1) // 2",
        "SP-43",
    ),
    Mistake(
        "a size without the root",
        "claims.tomasini2022.methods.receptive_field",
        "response / response.sum()).variance ** 0.5",
        "response / response.sum()).variance",
        "SP-37",
    ),
    Mistake(
        "a deformation of one pixel only",
        "claims.tomasini2022.methods.pooling_sensitivity",
        "return 4 * (q[0] - q[1]) + curvature[distances].mean() / 2",
        "return 4 * (q[0] - q[distances].mean()) + curvature[distances].mean() / 2",
        "SP-36",
    ),
    Mistake(
        "noise that is not rectified",
        "claims.tomasini2022.methods.pooling_sensitivity",
        "return variance * len(q) * ((0.5 - 0.5 / math.pi) * q[0] + 0.5 / math.pi * q.sum())",
        "return variance * len(q) * q[0]",
        "SP-35",
    ),
    Mistake(
        "a norm where its square belongs",
        "claims.tomasini2022.methods.sensitivity",
        ".flatten(1).square().sum(1)\n",
        ".flatten(1).square().sum(1).sqrt()\n",
        "SP-01",
    ),
    Mistake(
        "D and G exchanged",
        "claims.tomasini2022.methods.sensitivity",
        "return Sensitivities(deformation, noise, deformation / noise)",
        "return Sensitivities(noise, deformation, noise / deformation)",
        "SP-01",
    ),
    Mistake(
        "modes of a ring, not of a grid",
        "claims.tomasini2022.methods.filter_modes",
        "(torch.arange(size, dtype=torch.float64) + 0.5)",
        "torch.arange(size, dtype=torch.float64)",
        "SP-17",
    ),
    Mistake(
        "near read as far",
        "claims.tomasini2022.methods.scale_task",
        "torch.where(distance[kept] < scale, 1, -1)",
        "torch.where(distance[kept] < scale, -1, 1)",
        "SP-22",
    ),
    Mistake(
        "a field of twice the magnitude",
        "claims.tomasini2022.methods.diffeomorphism",
        "return 4 * magnitude**2 / (math.pi * size**2 * _log(cut))",
        "return 16 * magnitude**2 / (math.pi * size**2 * _log(cut))",
        "SP-57",
    ),
    Mistake(
        "the whole weight permuted",
        "claims.tomasini2022.methods.channels",
        "return weight[:, order.to(weight.device)]",
        "return weight.flatten()[torch.randperm(weight.numel(), generator=generator)].reshape(weight.shape)",
        "SP-13",
    ),
]


@functools.cache
def sound(id: str, folder) -> dict[str, str]:
    with planted(None):
        return verdicts(id, folder)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.claim}: {mistake.name}")
def test_a_mistake_turns_a_verdict(mistake, tmp_path, tmp_path_factory):
    before = sound(mistake.claim, tmp_path_factory.getbasetemp() / "sound")
    with planted(mistake):
        after = verdicts(mistake.claim, tmp_path)
    assert after != before, f"{mistake.claim} does not notice: {mistake.wrong}"


def test_there_are_enough_and_each_is_one_of_its_own():
    assert len({(mistake.module, mistake.right, mistake.wrong) for mistake in MISTAKES}) == len(MISTAKES) >= 25
