"""Statements of the appendix on kernels that are wrong as printed, and what holds instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.ghosh2019.methods.kernel_updates import TrainedKernel, bound_constant, mean_hops, train_kernel, windows
from claims.ghosh2019.methods.orderness import orderness
from harness.claims.claim import claim
from harness.claims.kinds import Erratum
from harness.data.generated import textures
from harness.rules import Exact, equals
from harness.statistics.draws import normal
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab
    from harness.rules import Rule


def training(lab: Lab, size: int = 3, steps: int = 20, start: Tensor | None = None) -> tuple[Tensor, TrainedKernel]:
    """A kernel trained on 24 textures of 12 x 12 pixels in three classes."""
    images = textures(24, 12, 12, lab.generator).reshape(24, 12, 12)
    return images, train_kernel(images, torch.arange(24) % 3, size, steps, 0.1, lab.generator, start)


def violation(kernel: Tensor, training: TrainedKernel) -> Exact:
    """The share of a kernel's mean squared difference that the bound of theorem 1 does not cover; 0 where it holds."""
    difference = mean_hops(kernel, "four").one
    bound = bound_constant(training.coefficients) * mean_hops(training.windows, "four").one
    return Exact(max(0.0, 1 - bound / difference) if difference else 0.0)


def misfit(kernel: Tensor, change: Tensor) -> Exact:
    """Relative error of a formula for a kernel's change."""
    return Exact(float((kernel - change).norm() / change.norm()))


def printed_sum(training: TrainedKernel) -> Tensor:
    """Equation 8 as printed: C_n, the sum of an image's error signals, times the sum of all its windows."""
    return torch.einsum("n,nmpq->pq", training.coefficients.sum((0, 2)), training.windows)


def sum_of_updates(training: TrainedKernel) -> Tensor:
    """The sum of all updates, each window with its own error signal."""
    return torch.einsum("tnm,nmpq->pq", training.coefficients, training.windows)


THEOREM: dict[str, Rule] = {"before training": equals(0, within=1e-9), "equation 8": equals(0, within=1e-9)}


@claim(
    "E-SO5",
    where="Theorem 1, Eq. 8",
    rule=THEOREM,
    control="the corrected statement: the change of the kernel, as a sum over windows",
    erratum=Erratum(
        printed="After training, w(p) = sum over n and a of C_n X_n(a), with C_n the sum of the error signals of "
        "image n, and mean squared differences of w are at most alpha times those of X, with alpha = sum of C_n^2 "
        "N_total.",
        correct="The change w - w_0 of a kernel is the sum over updates u of c_u X(a_u + p), with one c_u for each "
        "step, image and window; the bound with alpha = sum of c_u^2 N_total holds for the change.",
        derivation="Equation 8 leaves out the initial kernel: without updates alpha is zero and a random kernel is "
        "not.  It also takes the error signal out of the sum over windows, though each window has its own; error "
        "signals of an image that sum to zero would change nothing.",
        consequence="The theorem speaks of trained kernels only where they start from zero or have forgotten their "
        "start, which section 5.2's small training sets do not ensure.  And two upper bounds do not bound the ratio "
        "of what they bound: from windows of ordered images, suitable error signals make a kernel of any orderness.  "
        "That ordered inputs give ordered kernels remains an empirical finding (SO-33).",
    ),
)
def test_theorem_bounds_trained_kernels(lab: Lab) -> None:
    """Differences in a trained kernel are at most alpha times those in its input, as w(p) = sum of C_n X_n(a)."""
    start = normal(lab.seed, 3, 3)
    _, untrained = training(lab, steps=1, start=start)
    untrained.coefficients.zero_()
    images, trained = training(lab)
    lab.measure(
        **{
            "before training": violation(untrained.start, untrained),
            "equation 8": misfit(printed_sum(trained), trained.end),
        }
    )
    lab.control(
        **{
            "before training": violation(untrained.start - start, untrained),
            "equation 8": misfit(sum_of_updates(trained), trained.end),
        }
    )
    _note_orderness(lab, images, trained)


def _note_orderness(lab: Lab, images: Tensor, trained: TrainedKernel) -> None:
    """Say how ordered the kernel is beside its input, and how unordered other error signals could have made it."""
    laid = windows(images, 3).flatten(0, 1).flatten(1)
    wanted = 1 - 2 * (torch.arange(9, dtype=torch.float64) % 2)
    signals = torch.linalg.lstsq(laid.T, wanted[:, None]).solution
    made = (laid.T @ signals).reshape(1, 1, 3, 3)
    _, random = training(lab, start=normal(lab.seed + 1, 3, 3))
    by_name = {
        "input": orderness(images[:, None]),
        "kernel trained from zero": orderness(trained.end[None, None]),
        "kernel trained from random weights": orderness(random.end[None, None]),
        "kernel by chosen error signals": orderness(made),
    }
    lab.note("orderness: " + ", ".join(f"{name} {value:.2f}" for name, value in by_name.items()))


@claim(
    "E-SO5-corrected",
    where="Theorem 1, Eq. 8",
    rule=THEOREM,
    control="the trained kernel itself, and the printed sum",
)
def test_theorem_bounds_changes_of_kernels(lab: Lab) -> None:
    """Differences in the change of a kernel are at most alpha times those in its input, as a sum over all updates."""
    start = normal(lab.seed, 3, 3)
    _, trained = training(lab, start=start)
    lab.measure(
        **{
            "before training": violation(trained.end - start, trained),
            "equation 8": misfit(sum_of_updates(trained), trained.end - start),
        }
    )
    _, untrained = training(lab, steps=1, start=start)
    untrained.coefficients.zero_()
    lab.control(
        **{
            "before training": violation(untrained.end, untrained),
            "equation 8": misfit(printed_sum(trained), trained.end - start),
        }
    )


def region_misfit(lab: Lab, printed: bool) -> Exact:
    """Error of equation 21 for the first 2 x 2 region of a 6 x 6 kernel, relative to the kernel's largest weight.

    `printed`: average w(q), for q next to the region, over p; else w(p).
    """
    _, trained = training(lab, size=6)
    average = trained.end[0, 2] if printed else trained.end[:2, :2].mean()
    regions = trained.windows[:, :, :2, :2].mean((2, 3))
    return Exact(float((average - (trained.coefficients * regions).sum()).abs() / trained.end.abs().max()))


@claim(
    "E-SO6",
    where="Corollary 1.2, Eq. 21",
    rule=equals(0, within=1e-9),
    control="the corrected equation, with w(p)",
    erratum=Erratum(
        printed="The average of w(q) over p in the region p_d is the sum of C_n times the average of X_n over a_d "
        "(Eq. 21); theorem 1 is the case c = 1.",
        correct="The average of w(p); theorem 1 is the case d = 1.",
        derivation="w(q) does not depend on p: its average over p is w(q) itself, one weight and no average.",
        consequence="None: slips of notation.",
    ),
)
def test_region_average_is_of_another_place(lab: Lab) -> None:
    """The average of w(q) over p in a region is the sum of all updates' averages over the regions that p meets."""
    lab.measure(region_misfit(lab, printed=True))
    lab.control(region_misfit(lab, printed=False))


@claim(
    "E-SO6-corrected",
    where="Corollary 1.2, Eq. 21",
    rule=equals(0, within=1e-9),
    control="the printed equation, with w(q)",
)
def test_region_average_is_of_its_own_places(lab: Lab) -> None:
    """The average of w(p) over p in a region is the sum of all updates' averages over the regions that p meets."""
    lab.measure(region_misfit(lab, printed=False))
    lab.control(region_misfit(lab, printed=True))


def miscounted_outputs(kernel: int, padding: int) -> Exact:
    """Difference between the outputs of a convolution on 28 x 28 pixels and (S - K + 1)^2."""
    image, weight = torch.zeros(1, 1, 28, 28), torch.zeros(1, 1, kernel, kernel)
    outputs = torch.nn.functional.conv2d(image, weight, padding=padding).numel()
    return Exact(float(abs(outputs - (28 - kernel + 1) ** 2)))


@claim(
    "E-SO7",
    where="Section 5.2, corollary 1.1",
    readings={"kernel": (3, 27)},
    rule=equals(0, within=0),
    control="the corrected statement: no padding",
    erratum=Erratum(
        printed="For zero-padded convolutions there are (S - K + 1)^2 updates, and K = S makes the layer fully "
        "connected.",
        correct="For convolutions without padding (padding = 0).",
        derivation="Padding with zeros keeps all S^2 = 784 outputs at any K; without padding there are 676 for K = 3 "
        "and 4 for K = 27.  Only K = 28 would leave one output, a fully connected layer; the largest in figure 4b is "
        "27.",
        consequence="The corollary is meant, and right, for padding 0, as section 5.2 says elsewhere.  At K = 27 four "
        "windows share each kernel.",
    ),
)
def test_zero_padded_convolutions_shrink_the_map(lab: Lab, kernel: int) -> None:
    """Zero-padded convolutions of an S x S input with K x K kernels have (S - K + 1)^2 outputs."""
    lab.measure(miscounted_outputs(kernel, kernel // 2))
    lab.control(miscounted_outputs(kernel, 0))


@claim(
    "E-SO7-corrected",
    where="Section 5.2, corollary 1.1",
    readings={"kernel": (3, 27)},
    rule=equals(0, within=0),
    control="zeros padded around the image",
)
def test_convolutions_without_padding_shrink_the_map(lab: Lab, kernel: int) -> None:
    """Convolutions of an S x S input with K x K kernels and no padding have (S - K + 1)^2 outputs."""
    lab.measure(miscounted_outputs(kernel, 0))
    lab.control(miscounted_outputs(kernel, kernel // 2))
