"""A convolution as a matrix, and how nearly that matrix is circulant (section 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims.gamba2020.methods.convolution_matrix import Mode, convolution_matrix, interior, output_size
from claims.gamba2020.methods.paddings import COMMON, PADDINGS, matrix_of
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.measures.complexity import map_sizes
from harness.rules import Exact, equals, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab

SEEDS = range(10**6)
SIDES = range(3, 7)
CHANNELS = range(1, 4)
LAYERS: dict[str, Any] = {"seed": SEEDS, "filters": CHANNELS, "channels": CHANNELS, "height": SIDES, "width": SIDES}


@claim(
    "HP-01",
    where="Section 2",
    readings={"padding": COMMON},
    rule={"shape": equals(0, within=0), "entries": equals(0, within=0)},
    control="a layer that is fully connected: one row a filter, with CHW entries",
)
def test_rows_of_the_matrix_have_as_many_entries_as_a_filter(lab: Lab, padding: str) -> None:
    """The vectorised weights have one row a receptive field, Fr in all, of length CHW with C x k x k non-zero entries.

    Rows that touch zero padding have fewer: 28 of the 64 of an 8 x 8 map have 4/9 or 6/9 of them, whatever C.
    """

    def matrix(seed: int, filters: int, channels: int, height: int, width: int) -> Tensor:
        return matrix_of(normal(seed, filters, channels, 3, 3), (height, width), padding)

    def wrong_shape(matrix: Tensor, filters: int, channels: int, height: int, width: int) -> float:
        fields = 1 if padding == "none" else 3
        rows = filters * (height - 3 + fields) * (width - 3 + fields)
        return abs(matrix.shape[0] - rows) + abs(matrix.shape[1] - channels * height * width)

    def wrong_entries(matrix: Tensor, channels: int) -> float:
        return float(((matrix != 0).sum(1) - channels * 9).abs().max())

    lab.measure(
        shape=worst_case(lambda seed, **size: wrong_shape(matrix(seed, **size), **size), 20, **LAYERS),
        entries=worst_case(lambda channels, **case: wrong_entries(matrix(channels=channels, **case), channels), 20,
                           **LAYERS),
    )  # fmt: skip
    filters, channels, height, width = 2, 3, 4, 5
    dense = normal(lab.seed, filters, channels * height * width)
    lab.control(
        shape=Exact(wrong_shape(dense, filters, channels, height, width)), entries=Exact(wrong_entries(dense, channels))
    )


@claim(
    "HP-02",
    where="Section 2",
    readings={"padding": COMMON},
    rule=equals(0, within=1e-10),
    control="the image flattened with its channels last",
)
def test_convolution_is_multiplication_by_the_matrix_plus_bias(lab: Lab, padding: str) -> None:
    """Convolving is multiplying the flattened input by the matrix and adding each filter's bias."""
    pixels, mode = PADDINGS[padding]

    def difference(
        seed: int, filters: int, channels: int, height: int, width: int, channels_last: bool = False
    ) -> float:
        weight, bias = normal(seed, filters, channels, 3, 3), normal(seed + 1, filters)
        image = normal(seed + 2, channels, height, width)
        padded = torch.nn.functional.pad(image[None], [pixels] * 4, mode={"zeros": "constant"}.get(mode, mode))
        convolved = torch.nn.functional.conv2d(padded, weight, bias)[0].flatten(1)
        vector = image.permute(1, 2, 0).flatten() if channels_last else image.flatten()
        product = (matrix_of(weight, (height, width), padding) @ vector).reshape(filters, -1) + bias[:, None]
        return float((convolved - product).abs().max())

    lab.measure(worst_case(difference, 30, **LAYERS))
    lab.control(Exact(difference(lab.seed, 2, 2, 4, 5, channels_last=True)))


PLANES: dict[str, tuple[tuple[int, int], Mode]] = {
    "line, circular": ((1, 7), "circular"),
    "plane, circular": ((6, 7), "circular"),
    "plane, zeros": ((6, 7), "zeros"),
}


@claim(
    "HP-03",
    where="Section 2",
    readings={"map": tuple(PLANES)},
    rule=equals(0, within=0),
    control="stride 2, for which the claim is not made",
)
def test_each_row_is_the_previous_one_shifted(lab: Lab, map: str) -> None:
    """With stride 1, each row is the one before it, shifted cyclically by one place to the right.

    True on a circle of pixels only.  On a plane the shift fails where a row of the image ends; what holds there is that
    the matrix is doubly block-circulant (HP-68), as section 2.1 has it.
    """
    size, mode = PLANES[map]

    def mismatch(seed: int, stride: int = 1) -> float:
        kernel = (1, 3) if size[0] == 1 else (3, 3)
        padding = (kernel[0] // 2, kernel[1] // 2)
        matrix = convolution_matrix(normal(seed, 1, 1, *kernel), size, padding=padding, mode=mode, stride=stride)
        return float((matrix[1:] - matrix[:-1].roll(1, dims=1)).abs().max())

    lab.measure(worst_case(mismatch, 20, seed=SEEDS))
    lab.control(Exact(mismatch(lab.seed, stride=2)))


@claim(
    "HP-68",
    where="Section 2.1",
    readings={"padding": ("circular", "zeros")},
    rule=equals(0, within=0),
    control="a layer whose rows share no weights",
)
def test_each_filter_has_a_doubly_block_circulant_matrix(lab: Lab, padding: str) -> None:
    """The matrix of each filter is doubly block-circulant: field and input moved together change nothing.

    Exact under circular padding only.
    """

    def unequal(matrix: Tensor, channels: int, height: int, width: int) -> float:
        blocks = matrix.reshape(height, width, channels, height, width)
        moved = (blocks.roll((1, 1), dims=(0, 3)), blocks.roll((1, 1), dims=(1, 4)))
        return max(float((blocks - other).abs().max()) for other in moved)

    def mismatch(seed: int, channels: int, height: int, width: int) -> float:
        return unequal(matrix_of(normal(seed, 1, channels, 3, 3), (height, width), padding), channels, height, width)

    lab.measure(worst_case(mismatch, 20, seed=SEEDS, channels=CHANNELS, height=SIDES, width=SIDES))
    lab.control(Exact(unequal(normal(lab.seed, 20, 20), 1, 4, 5)))


@claim(
    "HP-04",
    where="Footnote 1",
    readings={"two_pixels": ("on each side", "in all")},
    rule=equals(0, within=0),
    control="kernels two pixels wider than the padding suits",
)
def test_two_pixels_of_padding_give_as_many_fields_as_inputs(lab: Lab, two_pixels: str) -> None:
    """With one channel, stride 1, padding p = 2 and 3 x 3 kernels there are as many receptive fields as inputs.

    It depends on what p counts: 2 pixels in all (1 on each side) keep the size of the map, 2 on each side enlarge it.
    """
    padding = 2 if two_pixels == "on each side" else 1

    def excess(height: int, width: int, kernel: int = 3) -> float:
        return abs(output_size(height, kernel, 1, padding) * output_size(width, kernel, 1, padding) - height * width)

    sides = st.integers(3, 300)
    lab.measure(worst_case(excess, 50, height=sides, width=sides))
    control_kernel = 7 if two_pixels == "on each side" else 5
    lab.control(Exact(excess(32, 32, control_kernel)))


@claim(
    "HP-05",
    where="Section 2.1",
    rule=equals(0, within=0),
    control="the same without the stride",
)
def test_stride_padding_and_kernel_size_determine_the_receptive_fields(lab: Lab) -> None:
    """The number of receptive fields follows from input size, stride, zero padding and kernel size."""

    def miscount(height: int, width: int, kernel: int, stride: int, padding: int, counted: int | None = None) -> float:
        image, weight = torch.zeros(1, 1, height, width), torch.zeros(1, 1, kernel, kernel)
        fields = torch.nn.functional.conv2d(image, weight, stride=stride, padding=padding).numel()
        formula = [output_size(side, kernel, counted or stride, padding) for side in (height, width)]
        return abs(fields - formula[0] * formula[1])

    lab.measure(
        worst_case(
            miscount,
            50,
            explicit=[{"height": 224, "width": 224, "kernel": 11, "stride": 4, "padding": 2}],
            height=st.integers(11, 40),
            width=st.integers(11, 40),
            kernel=st.integers(1, 11),
            stride=st.integers(1, 5),
            padding=st.integers(0, 5),
        )
    )
    lab.control(Exact(miscount(224, 224, 11, 4, 2, counted=1)))


@claim(
    "HP-73",
    kind=Kind.DERIVED,
    where="Section 2.3, Fig. 7",
    rule=equals(0, within=0),
    control="layers 9 to 12, on maps of 4 x 4",
)
def test_last_layers_of_vgg19_have_no_hyperplane_with_the_whole_filter(lab: Lab) -> None:
    """On 32 x 32 images no hyperplane of VGG19's layers 13 to 16 has the whole filter as its normal (derived check).

    Their maps are 2 x 2: of each 3 x 3 receptive field five ninths are zero padding.  There the projection of equation
    1 is that of no hyperplane; on the larger maps of the layers before, it is that of 25 to 88 % of them.
    """
    from harness.system.torchvision_compat import torchvision

    with torch.device("meta"):
        sizes = list(map_sizes(torchvision.models.vgg19(), (1, 3, 32, 32)).values())
    shares = [float(interior(size, 3, padding=1).double().mean()) for size in sizes]
    lab.measure(Exact(max(shares[12:])))
    lab.control(Exact(min(shares[8:12])))
    lab.series("share of hyperplanes with the whole filter, by layer", range(1, 17), shares)
