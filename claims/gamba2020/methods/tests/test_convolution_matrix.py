from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.gamba2020.methods.convolution_matrix import convolution_matrix, interior, output_size, same_padding


def draw(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    filters=st.integers(1, 3),
    channels=st.integers(1, 3),
    height=st.integers(3, 6),
    width=st.integers(3, 6),
    kernel=st.integers(1, 3),
    padding=st.integers(0, 2),
    stride=st.integers(1, 3),
)
def test_zero_padded_matrix_times_image_is_the_convolution(
    seed, filters, channels, height, width, kernel, padding, stride
):
    weight, image = draw(seed, filters, channels, kernel, kernel), draw(seed + 1, channels, height, width)
    matrix = convolution_matrix(weight, (height, width), padding=padding, stride=stride)
    plain = torch.nn.functional.conv2d(image[None], weight, padding=padding, stride=stride)[0]
    torch.testing.assert_close(matrix @ image.flatten(), plain.flatten())


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), height=st.integers(3, 6), width=st.integers(3, 6), kernel=st.sampled_from([1, 3]))
def test_circular_matrix_times_image_is_the_circular_convolution(seed, height, width, kernel):
    weight, image = draw(seed, 2, 2, kernel, kernel), draw(seed + 1, 2, height, width)
    matrix = convolution_matrix(weight, (height, width), padding=kernel // 2, mode="circular")
    padded = torch.nn.functional.pad(image[None], [kernel // 2] * 4, mode="circular")
    torch.testing.assert_close(matrix @ image.flatten(), torch.nn.functional.conv2d(padded, weight).flatten())


def test_a_kernel_wider_than_the_circle_wraps_onto_itself():
    matrix = convolution_matrix(torch.ones(1, 1, 1, 5), (1, 3), padding=(0, 2), mode="circular")
    assert matrix.sum(1).tolist() == [5.0, 5.0, 5.0]
    assert matrix[0].tolist() == [1.0, 2.0, 2.0]


def test_padding_may_differ_between_the_axes():
    assert convolution_matrix(draw(0, 1, 1, 1, 3), (1, 7), padding=(0, 1)).shape == (7, 7)


def test_rows_follow_filters_and_columns_channels():
    weight = draw(0, 2, 3, 3, 3)
    matrix = convolution_matrix(weight, (4, 5))
    assert matrix.shape == (2 * 2 * 3, 3 * 4 * 5)
    torch.testing.assert_close(matrix[6].reshape(3, 4, 5)[:, :3, :3], weight[1])


def test_matrix_keeps_dtype():
    assert convolution_matrix(torch.ones(1, 1, 1, 1, dtype=torch.float16), (2, 2)).dtype == torch.float16


def test_a_kernel_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="kernel of 5 does not fit 3 pixels"):
        convolution_matrix(draw(0, 1, 1, 5, 5), (3, 3))


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), [(8, 3, 1, 1), (28, 27, 1, 0), (224, 11, 4, 2)])
def test_output_size_is_that_of_the_library(size, kernel, stride, padding):
    image, weight = torch.zeros(1, 1, size, size), torch.zeros(1, 1, kernel, kernel)
    plain = torch.nn.functional.conv2d(image, weight, stride=stride, padding=padding)
    assert output_size(size, kernel, stride, padding) == plain.shape[-1]


@pytest.mark.parametrize("padding", [0, 1, 2])
def test_interior_rows_are_those_with_all_their_weights(padding):
    weight = torch.ones(1, 2, 3, 3)
    whole = convolution_matrix(weight, (5, 6), padding=padding).sum(1) == weight.sum()
    assert interior((5, 6), 3, padding=padding).tolist() == whole.tolist()


def test_small_maps_have_no_interior():
    assert not interior((2, 2), 3, padding=1).any()


def test_same_padding_keeps_the_size():
    assert output_size(9, 5, 1, same_padding(5)) == 9
    with pytest.raises(ValueError, match="even kernel"):
        same_padding(4)
