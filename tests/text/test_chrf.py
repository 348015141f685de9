"""chrF beside values of sacrebleu 2.6.0 (CHRF.sentence_score and corpus_score), which weft does not depend on."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from weft.text.chrf import chrf, counts, scores

# Hypothesis, reference, chrF, chrF++, chrF of up to four characters and one word with beta 1. Not reviewed by native
# speakers: the texts need only be of many scripts.
CASES = [
    (
        "The cat sat on the mat.",
        "The cat is sitting on the mat.",
        49.6485170311433,
        54.2551855194941,
        66.86458863275513,
    ),
    ("", "", 0.0, 0.0, 0.0),
    ("abc", "", 0.0, 0.0, 0.0),
    ("", "abc", 0.0, 0.0, 0.0),
    ("a", "a", 100.0, 100.0, 100.0),
    (
        "Habari ya asubuhi, rafiki!",
        "Habari za asubuhi rafiki.",
        61.650686752002805,
        53.468049005267915,
        69.48337360479222,
    ),
    ("(neno) “x” ... ok", "neno (x) ok ...", 31.482694073968066, 34.479747699453924, 49.316705316835396),
    ("မင်္ဂလာပါ ခင်ဗျာ", "မင်္ဂလာပါ ရှင့်", 56.92094709444996, 48.94697506203913, 58.67177557123947),
    ("今日は良い天気です。", "今日はいい天気ですね。", 38.39482888334086, 32.90985332857787, 44.52133257924645),
    ("ሰላም ለዓለም።", "ሰላም ለሁሉም።", 30.912698412698408, 29.434523809523803, 47.09523809523809),
    ("aaaaaaaa aaaa", "aaaa aaaaaaaaaaaa", 74.36178185509806, 62.1156767669206, 77.33744980152743),
    ("tab\tand\xa0nbsp\u3000wide\u2028line\x1fsep", "tab and nbsp wide line sep", 100.0, 100.0, 100.0),
    ("!a b! !! -", "a! !b ! --", 22.61904761904762, 33.92857142857143, 44.28571428571429),
    ("𞤀𞤣𞤤𞤢𞤥 😀😀", "𞤀𞤣𞤤𞤢𞤥 😀", 93.25876662636034, 76.2968151995626, 81.70470962149668),
    ("ߊߟߎ߫ ߣߌ߫ ߛߐ߲߬ߜߐߡߊ߬", "ߊߟߎ߫ ߛߐ߲߬ߜߐߡߊ߬", 78.8764085082186, 70.56420423992016, 81.72391819242264),
    ("x", "completely different words here", 0.0, 0.0, 0.0),
]
CORPUS = (53.374701898178465, 53.02357686094754)
HYPOTHESES, REFERENCES = (pa.array([case[n] for case in CASES]) for n in (0, 1))


@pytest.mark.parametrize(("order", "words", "beta", "column"), [(6, 0, 2.0, 2), (6, 2, 2.0, 3), (4, 1, 1.0, 4)])
def test_values_are_those_of_sacrebleu(order: int, words: int, beta: float, column: int) -> None:
    expected = [case[column] for case in CASES]
    assert chrf(HYPOTHESES, REFERENCES, order, words, beta) == pytest.approx(expected, abs=1e-9)


def test_sums_of_counts_are_a_corpus() -> None:
    found = [float(scores(counts(HYPOTHESES, REFERENCES, 6, words).sum(axis=0, keepdims=True))[0]) for words in (0, 2)]
    assert found == pytest.approx(CORPUS, abs=1e-9)


def test_texts_of_any_arrow_kind_sliced_or_null() -> None:
    sliced = pa.chunked_array([HYPOTHESES.slice(6, 2), HYPOTHESES.slice(8, 2)])
    expected = chrf(HYPOTHESES, REFERENCES)[6:10]
    assert np.array_equal(chrf(sliced, REFERENCES.slice(6, 4).cast(pa.large_string())), expected)
    assert chrf(pa.array([None, "neno"]), pa.array(["neno", "neno"])).tolist() == [0.0, 100.0]
    assert len(chrf(pa.array([], pa.string()), pa.array([], pa.string()))) == 0


def test_long_texts_and_repeats_are_counted_as_they_are() -> None:
    long = "abc " * 50_000
    assert chrf(pa.array([long]), pa.array([long])).tolist() == [100.0]
    here, there, both = counts(pa.array(["aaaa"]), pa.array(["aab"]), 2)[0].reshape(2, 3).T.tolist()
    assert (here, there, both) == ([4, 3], [3, 2], [2, 1])


def test_as_many_hypotheses_as_references() -> None:
    with pytest.raises(ValueError, match="2 hypotheses and 1 references"):
        chrf(pa.array(["a", "b"]), pa.array(["a"]))
