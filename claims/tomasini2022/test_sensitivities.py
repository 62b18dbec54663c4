"""What the sensitivities measure, and the deformations that they are measured with (section 1)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from claims.tomasini2022.methods import diffeomorphism
from claims.tomasini2022.methods.matched_noise import matched_noise
from claims.tomasini2022.methods.sensitivity import mean_square_change, sensitivities, sensitivity
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.rules import Count, Exact, equals, equivalent_to, less_than, proportion_below, worst_case
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Tensor

    from claims.tomasini2022.methods.sensitivity import Average
    from harness.lab.lab import Lab

    Function = Callable[[Tensor], Tensor]


def example(seed: int, n: int = 7) -> tuple[Tensor, Tensor, Tensor, Function]:
    """Images, the same deformed and with noise, and a function of them."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(n, 1, 8, 8, dtype=torch.float64, generator=generator)
    deformed = diffeomorphism.deform(images, generator)
    weight = torch.randn(20, 64, dtype=torch.float64, generator=generator)
    return (
        images,
        deformed,
        images + matched_noise(images, deformed, generator),
        lambda x: (x.flatten(1) @ weight.T).relu(),
    )


def by_definition(f: Function, images: Tensor, perturbed: Tensor, different: bool, middle: bool) -> float:
    """Eq. 1 written out, one pair of images at a time."""
    values, changed = f(images).tolist(), f(perturbed).tolist()
    changes = sorted(math.dist(a, b) ** 2 for a, b in zip(values, changed, strict=True))
    numerator = changes[len(changes) // 2] if middle else sum(changes) / len(changes)
    pairs = [math.dist(a, b) ** 2 for a, b in itertools.product(values, repeat=2)]
    return float(numerator * (len(pairs) - different * len(values)) / sum(pairs))


@claim(
    "SP-01",
    where="Section 1, Eq. 1",
    kind=Kind.DEFINITION,
    readings={"pairs": ("all", "different images"), "average": ("mean", "median")},
    rule={"definition": equals(0.0, within=1e-9), "ratio": equals(0.0, within=1e-9), "scale": equals(0.0, within=1e-9)},
    control="f(x) + x in place of c f(x), which is another function; pairs counted by the other reading; D and G "
    "exchanged",
)
def test_sensitivities_are_relative_to_the_distance_between_images(lab: Lab, pairs: str, average: Average) -> None:
    """D and G are mean squared changes in units of the distance between images, R is D / G; none feels f's scale."""
    diagonal = pairs == "all"

    def definition(seed: int, different: bool = not diagonal) -> float:
        images, deformed, noisy, f = example(seed)
        measured = sensitivities(f, images, deformed, noisy, diagonal=diagonal, average=average)
        plain = [by_definition(f, images, x, different, average == "median") for x in (deformed, noisy)]
        return max(abs(float(a) / b - 1) for a, b in zip(measured[:2], plain, strict=True))

    def ratio(seed: int, exchanged: bool = False) -> float:
        images, deformed, noisy, f = example(seed)
        changes = [mean_square_change(f(images), f(x), average) for x in (deformed, noisy)]
        if exchanged:
            deformed, noisy = noisy, deformed
        relative = sensitivities(f, images, deformed, noisy, diagonal=diagonal, average=average).relative
        return abs(float(relative * changes[1] / changes[0]) - 1)

    def scale(seed: int, factor: float, other: bool = False) -> float:
        images, deformed, noisy, f = example(seed)

        def g(x: Tensor) -> Tensor:
            return f(x) + x.flatten(1).mean(1, keepdim=True) if other else factor * f(x)

        before, after = (
            [sensitivity(h(images), h(x), diagonal=diagonal, average=average) for x in (deformed, noisy)]
            for h in (f, g)
        )
        return max(abs(float(a / b) - 1) for a, b in zip(after, before, strict=True))

    seeds = st.integers(0, 2**31)
    lab.measure(
        definition=worst_case(definition, examples=10, seed=seeds),
        ratio=worst_case(ratio, examples=10, seed=seeds),
        scale=worst_case(scale, examples=10, seed=seeds, factor=st.floats(1e-3, 1e3)),
    )
    lab.control(
        definition=Exact(definition(0, different=diagonal)),
        ratio=Exact(ratio(0, exchanged=True)),
        scale=Exact(scale(0, 1.0, other=True)),
    )


@claim(
    "SP-73",
    where="Section 1, below Eq. 1",
    kind=Kind.DEFINITION,
    rule=equals(0.0, within=1e-9),
    control="each image with the noise of another",
)
def test_noise_is_as_large_as_the_deformation(lab: Lab) -> None:
    """The white noise η of Eq. 1 has the magnitude ∥τ(x) - x∥; largest relative difference, image by image."""

    def difference(seed: int, rolled: int = 0) -> float:
        images, deformed, noisy, _ = example(seed)
        noise, change = (other - images for other in (noisy, deformed))
        return float((noise.roll(rolled, 0).flatten(1).norm(dim=1) / change.flatten(1).norm(dim=1) - 1).abs().max())

    lab.measure(worst_case(difference, examples=20, seed=st.integers(0, 2**31)))
    lab.control(Exact(difference(0, rolled=1)))


SIZE, CUT = 32, 3


@claim(
    "SP-57",
    where="Section 1, after Petrini et al. 2021",
    paper="magnitude 1 pixel, cut 3 (the defaults of the authors' code)",
    kind=Kind.DERIVED,
    rule={
        "magnitude": less_than(1.0),
        "mean": equivalent_to(0.0, within=0.05),
        "beyond_cut": equals(0.0, within=1e-9),
        "folds": proportion_below(0.01),
    },
    control="fields at the highest temperature that their source allows; fields whose displacements are all to one "
    "side; fields of a higher cut",
)
def test_deformations_of_one_pixel_are_diffeomorphisms(lab: Lab) -> None:
    """Random deformations of a nominal magnitude of one pixel are smooth, without drift, and fold no image.

    The nominal magnitude is what the root mean square displacement tends to for a large cut.  Parts: how far the
    displacement is from one pixel, over the same for the next smaller cut of 3, 10, 30 and 100, the largest; the mean
    displacement; the share of energy beyond the cut; the share of fields that fold.
    """
    temperature, highest = diffeomorphism.temperature_of(1.0, CUT, SIZE), diffeomorphism.highest_temperature(CUT)

    def fields(temperature: float, cut: int = CUT) -> Tensor:
        return diffeomorphism.displacement_fields(SIZE, 1000, temperature=temperature, cut=cut, generator=lab.generator)

    def magnitude(temperature_of: Callable[[int], float]) -> Exact:
        def off(cut: int) -> float:
            squares = diffeomorphism.mean_square_displacement(512, temperature_of(cut), cut)
            return abs(float(squares.mean() ** 0.5) - 1)

        return Exact(max(off(larger) / off(smaller) for smaller, larger in itertools.pairwise((CUT, 10, 30, 100))))

    def mean(sample: Tensor) -> Tensor:
        return sample[:, 0].mean((1, 2))

    def beyond_cut(sample: Tensor) -> Exact:
        return Exact(float(energy_beyond_cut(sample).max()))

    def folded(sample: Tensor) -> Count:
        return Count(int(diffeomorphism.folds(sample).sum()), len(sample))

    smooth = fields(temperature)
    lab.measure(
        magnitude=magnitude(lambda cut: diffeomorphism.temperature_of(1.0, cut, 512)),
        mean=mean(smooth),
        beyond_cut=beyond_cut(smooth),
        folds=folded(smooth),
    )
    lab.control(
        magnitude=magnitude(lambda cut: highest),
        mean=mean(smooth.abs()),
        folds=folded(fields(highest)),
        beyond_cut=beyond_cut(fields(temperature, cut=CUT + 2)),
    )
    squares = diffeomorphism.mean_square_displacement(SIZE, temperature, CUT)
    whole, centre = float(squares.mean()) ** 0.5, float(squares[SIZE // 2, SIZE // 2]) ** 0.5
    lab.note(f"At cut 3 the root mean square displacement is {whole:.2f} pixels, and {centre:.2f} at the centre.")


def energy_beyond_cut(fields: Tensor) -> Tensor:
    """Share of each field's energy in sines of a frequency beyond the cut."""
    size = fields.shape[-1]
    frequency = torch.arange(1, size - 1, dtype=torch.float64)
    sines = torch.sin(math.pi * frequency[:, None] * torch.linspace(0, 1, size, dtype=torch.float64))
    energy = torch.einsum("bdrc,ir,jc->bdij", fields, sines, sines).square()
    beyond = frequency[:, None] ** 2 + frequency**2 >= (CUT + 0.5) ** 2
    return energy[..., beyond].sum((1, 2)) / energy.sum((1, 2, 3))
