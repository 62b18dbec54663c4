"""The sets of images that are always at hand, by name.

A new one is a function from the name of a split to an `ImageSet`, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.data import embedded
from harness.data.image_set import ImageSet

BUILT_IN: dict[str, Callable[[str], ImageSet]] = {
    "digits": embedded.digits,
    "textures": embedded.textures,
    "two-digits": embedded.two_digits,
}
