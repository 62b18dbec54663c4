"""Equation 8 of the appendix, which is wrong as printed, and passages of it that slip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.ghosh2019.methods.kernel_updates import TrainedKernel, train_kernel, windows
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


def training(lab: Lab, size: int = 3, steps: int = 20, start: Tensor | None = None) -> tuple[Tensor, TrainedKernel]:
    """A kernel trained on 24 textures of 12 x 12 pixels in three classes."""
    images = textures(24, 12, 12, lab.generator).reshape(24, 12, 12)
    return images, train_kernel(images, torch.arange(24) % 3, size, steps, 0.1, lab.generator, start)


def misfit(kernel: Tensor, change: Tensor) -> Exact:
    """Relative error of a formula for a kernel's change."""
    return Exact(float((kernel - change).norm() / change.norm()))


def printed_sum(training: TrainedKernel) -> Tensor:
    """Equation 8 as printed: C_n, the sum of an image's error signals, times the sum of all its windows."""
    return torch.einsum("n,nmpq->pq", training.coefficients.sum((0, 2)), training.windows)


def sum_of_updates(training: TrainedKernel) -> Tensor:
    """The sum of all updates, each window with its own error signal."""
    return torch.einsum("tnm,nmpq->pq", training.coefficients, training.windows)


@claim(
    "E-SO5",
    where="Appendix A, Eq. 8",
    rule=equals(0, within=1e-9),
    control="the corrected statement: the change of the kernel, as a sum over all updates",
    erratum=Erratum(
        printed="the final kernel value for w(p) obtained after T epochs can be simplified as ... "
        "$\\sum_{n,a} C_n X_n(a)$ ... where $C_n = \\sum_{t,k} -\\eta(t)\\delta_k^n$",
        correct="The change $w - w_0$ of a kernel is the sum over updates u of $c_u X(a_u + p)$, with one $c_u$ for "
        "each step, image and window.",
        derivation="Equation 8 leaves out the kernel's initial value, which the training of section 5.2 draws at "
        "random.  That stays whatever the error signals are taken to be: with one for each window, as equation 14 may "
        "be read, the sum of all updates still misses the kernel by its start, and with one for each image, at the "
        "letter of C_n, by more.",
        consequence="The proof covers kernels that start from zero or have forgotten their start; in practice its "
        "alpha is so large that kernels from usual starts meet the bound all the same.  As theorem 1 is worded, with "
        "some alpha, both inequalities hold of every kernel on inputs whose so(X) is above -1.  Two upper bounds do "
        "not bound the ratio of what they bound: from windows of ordered images, suitable error signals make a kernel "
        "of any orderness.  That ordered inputs give ordered kernels remains an empirical finding (SO-33).",
    ),
)
def test_a_kernel_is_its_images_sums_times_their_windows(lab: Lab) -> None:
    """After training, w(p) is the sum over images and places of C_n X_n(a).

    The kernel starts from weights of a standard deviation of a third and is trained for 200 steps.  What counts is the
    smaller of two errors, of the sums of C_n and of those with an error signal for each window.
    """
    images, trained = training(lab, steps=200, start=normal(lab.seed, 3, 3) / 3)
    sums = printed_sum(trained), sum_of_updates(trained)
    lab.measure(min((misfit(trained.end, one) for one in sums), key=lambda error: error.value))
    lab.control(misfit(sum_of_updates(trained), trained.end - trained.start))
    _note_orderness(lab, images, trained)


def _note_orderness(lab: Lab, images: Tensor, trained: TrainedKernel) -> None:
    """Say how ordered the kernel is beside its input, and how unordered other error signals could have made it."""
    laid = windows(images, 3).flatten(0, 1).flatten(1)
    wanted = 1 - 2 * (torch.arange(9, dtype=torch.float64) % 2)
    signals = torch.linalg.lstsq(laid.T, wanted[:, None]).solution
    made = (laid.T @ signals).reshape(1, 1, 3, 3)
    by_name = {
        "input": orderness(images[:, None]),
        "kernel trained from random weights": orderness(trained.end[None, None]),
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
