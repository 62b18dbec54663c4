from __future__ import annotations

import itertools

import pytest

from harness.verdicts import Evidence, Verdict, conjunction, weakest

SUPPORTED, REFUTED, INCONCLUSIVE, OUT_OF_REACH, ERRATUM, NOT_RUN = Verdict


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], NOT_RUN),
        ([NOT_RUN], NOT_RUN),
        ([NOT_RUN, NOT_RUN], NOT_RUN),
        ([SUPPORTED], SUPPORTED),
        ([SUPPORTED, SUPPORTED], SUPPORTED),
        ([SUPPORTED, INCONCLUSIVE], INCONCLUSIVE),
        ([SUPPORTED, NOT_RUN], INCONCLUSIVE),
        ([INCONCLUSIVE, NOT_RUN], INCONCLUSIVE),
        ([SUPPORTED, REFUTED], REFUTED),
        ([INCONCLUSIVE, REFUTED], REFUTED),
        ([NOT_RUN, REFUTED], REFUTED),
        ([ERRATUM], ERRATUM),
        ([ERRATUM, ERRATUM], ERRATUM),
        ([ERRATUM, SUPPORTED], SUPPORTED),
        ([ERRATUM, REFUTED], REFUTED),
        ([ERRATUM, INCONCLUSIVE], INCONCLUSIVE),
        ([ERRATUM, NOT_RUN], INCONCLUSIVE),
        ([OUT_OF_REACH], OUT_OF_REACH),
        ([OUT_OF_REACH, SUPPORTED], OUT_OF_REACH),
        ([OUT_OF_REACH, ERRATUM], OUT_OF_REACH),
        ([OUT_OF_REACH, INCONCLUSIVE], INCONCLUSIVE),
        ([OUT_OF_REACH, NOT_RUN], INCONCLUSIVE),
        ([OUT_OF_REACH, SUPPORTED, INCONCLUSIVE], INCONCLUSIVE),
        ([OUT_OF_REACH, REFUTED], REFUTED),
    ],
)
def test_the_verdict_on_a_sentence_of_several_parts(parts, whole):
    assert {conjunction(order) for order in itertools.permutations(parts)} == {whole}
    assert conjunction(iter(parts)) is whole


def test_every_single_verdict_is_its_own_conjunction():
    assert [conjunction([verdict]) for verdict in Verdict] == list(Verdict)


def test_nothing_but_support_and_errata_is_supported():
    for parts in itertools.product(Verdict, repeat=3):
        if conjunction(parts) is SUPPORTED:
            assert set(parts) <= {SUPPORTED, ERRATUM}


def test_the_words_of_the_report():
    words = ["supported", "refuted", "inconclusive", "out of reach", "erratum", "not run"]
    assert [str(verdict) for verdict in Verdict] == words
    assert [str(reach) for reach in Evidence] == ["proxy", "reduced", "paper", "printed", "exact"]


def test_evidence_reaches_as_far_as_its_weakest_piece():
    order = [Evidence.PROXY, Evidence.REDUCED, Evidence.PAPER, Evidence.PRINTED, Evidence.EXACT]
    for i, j in itertools.product(range(5), repeat=2):
        assert weakest([order[i], order[j]]) is order[min(i, j)]
    assert weakest([]) is Evidence.EXACT
    assert weakest(iter(order)) is Evidence.PROXY
