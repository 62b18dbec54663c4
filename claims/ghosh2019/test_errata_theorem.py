"""Equation 8 of the appendix, which is wrong as printed, and passages of it that slip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.ghosh2019.methods.kernel_updates import TrainedKernel, bound_constant, mean_hops, train_kernel, windows
from claims.ghosh2019.methods.orderness import orderness
from harness.claims.claim import claim
from harness.claims.kinds import Erratum, Kind, Remark
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
    of_images = float(training.coefficients.sum((0, 2)).square().sum() * training.coefficients.numel())
    alpha = max(of_images, bound_constant(training.coefficients))
    bound = alpha * mean_hops(training.windows, "four").one
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


THEOREM: dict[str, Rule] = {"equation 8": equals(0, within=1e-9), "bound": equals(0, within=1e-9)}


@claim(
    "E-SO5",
    where="Appendix A, Eqs. 8 and 10",
    rule=THEOREM,
    control="the corrected statement: the change of the kernel, as a sum over all updates",
    erratum=Erratum(
        printed="the final kernel value for w(p) obtained after T epochs can be simplified as ... "
        "$\\sum_{n,a} C_n X_n(a)$ ... where $C_n = \\sum_{t,k} -\\eta(t)\\delta_k^n$ ... where $\\alpha = "
        "\\sum_{n} (C_n)^2 N_{total}$",
        correct="The change w - w_0 of a kernel is the sum over updates u of c_u X(a_u + p), with one c_u for each "
        "step, image and window; the bound of theorem 1 holds for the change, with alpha = sum of c_u^2 N_total.",
        derivation="Equation 8 takes the error signals out of the sum over windows, though each window has its own: "
        "signals of an image that sum to zero would change nothing.  It also leaves out the kernel's initial value, "
        "which the training of section 5.2 draws at random.  One step from a start of standard deviation 10 leaves a "
        "kernel whose mean squared difference is above the bound with the proof's alpha, by C_n or by c_u.",
        consequence="The proof covers kernels that start from zero or have forgotten their start.  In practice its "
        "alpha is so large that kernels from usual starts meet the bound all the same; and with any alpha, as "
        "theorem 1 is worded, both inequalities hold of every kernel on inputs that are not constant.  Two upper "
        "bounds do not bound the ratio of what they bound: from windows of ordered images, suitable error signals "
        "make a kernel of any orderness.  That ordered inputs give ordered kernels remains an empirical finding "
        "(SO-33).",
    ),
)
def test_a_kernel_is_its_images_sums_times_their_windows(lab: Lab) -> None:
    """After training, w(p) is the sum over images and places of C_n X_n(a), and alpha = sum of C_n^2 N_total bounds it.

    The larger of the two constants counts, that of the printed sums C_n and that of single updates.
    """
    images, trained = training(lab)
    _, large = training(lab, steps=1, start=10 * normal(lab.seed, 3, 3))
    lab.measure(**{"equation 8": misfit(printed_sum(trained), trained.end), "bound": violation(large.end, large)})
    change = large.end - large.start
    lab.control(**{"equation 8": misfit(sum_of_updates(large), change), "bound": violation(change, large)})
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


def region_misfit(lab: Lab, printed: bool) -> Exact:
    """Error of equation 21 for the first 2 x 2 region of a 6 x 6 kernel, relative to the kernel's largest weight.

    `printed`: average w(q), for q next to the region, over p; else w(p).
    """
    _, trained = training(lab, size=6)
    average = trained.end[0, 2] if printed else trained.end[:2, :2].mean()
    regions = trained.windows[:, :, :2, :2].mean((2, 3))
    return Exact(float((average - (trained.coefficients * regions).sum()).abs() / trained.end.abs().max()))


@claim(
    "N-SO6",
    where="Corollary 1.2, Eq. 21",
    formerly=("E-SO6",),
    rule=equals(0, within=1e-9),
    control="the printed equation at its letter, with w(q)",
    remark=Remark(
        Kind.SLIP,
        printed="Note that the above is simply a generalization of Theorem 1 (c = 1) to arbitrary scales ... "
        "Extending that equation to the average of kernel values across a region of size ... $[w(q)]$, we have",
        meant="In the text we read: the average of w(p) over p in the region p_d, and theorem 1 as the case d = 1.",
        derivation="w(q) does not depend on p: its average over p is w(q) itself, one weight and no average; and "
        "the scale is called d.  With w(p), and one error signal for each window (E-SO5), the equation holds.",
    ),
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
    "N-SO7",
    where="Section 5.2, corollary 1.1",
    formerly=("E-SO7",),
    readings={"kernel": (3, 27)},
    rule=equals(0, within=0),
    control="zeros padded around the image, half a kernel on each side",
    remark=Remark(
        Kind.SLIP,
        printed="the convolution padding of the first layer was zero ... We consider zero-padded convolutions in the "
        "first layer ... is proportional to $(S - K + 1)^2 N$ (for zero-padded convolutions)",
        meant="Convolutions without padding: a padding of 0, as section 5.2 says.",
        derivation="Padding with zeros keeps all S^2 = 784 outputs for odd K; without padding there are 676 for K = 3 "
        "and 4 for K = 27, which are (S - K + 1)^2.",
    ),
)
def test_convolutions_without_padding_shrink_the_map(lab: Lab, kernel: int) -> None:
    """Convolutions of an S x S input with K x K kernels and no padding have (S - K + 1)^2 outputs."""
    lab.measure(miscounted_outputs(kernel, 0))
    lab.control(miscounted_outputs(kernel, kernel // 2))
