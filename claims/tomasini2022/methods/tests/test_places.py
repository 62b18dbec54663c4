"""The last of each kind of place that this paper has: what `where` names is looked up among no more than these."""

from __future__ import annotations

import pytest

from harness.tests.test_where import TEXTS, beyond


@pytest.mark.skipif(not TEXTS.is_dir(), reason="the papers' texts do not lie beside the checkout")
def test_the_last_of_each_kind_is_found_and_none_beyond():
    assert not beyond("tomasini2022", {"section": 5, "fig": 10, "table": 1, "eq": 9})
