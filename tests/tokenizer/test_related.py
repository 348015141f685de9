"""Related languages in one sequence: which belong together, that they alternate, and that no token is lost."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tokenizer.test_packing import check_whole

from weft.errors import ShardError
from weft.model.relatives import lineage, name
from weft.tokenizer.packing import Pieces, Reading, check_conserved, fitted, stream
from weft.tokenizer.related import alternating, by_strand, moved, strands

CODES = ["ces_Latn", "swh_Latn", "zul_Latn", "pol_Latn", "kor_Hang", "rus_Cyrl"]
ROWS = st.lists(st.tuples(st.sampled_from(CODES), st.integers(1, 40), st.integers(1, 2)), max_size=60)


def test_a_language_belongs_to_groups_from_narrow_to_wide_then_to_its_script() -> None:
    assert lineage("ces_Latn") == ("zlw", "sla", "ine", "Latn", "other")
    assert lineage("kor_Hang") == ("Hang", "other") and lineage("und_Latn") == ("Latn", "other")
    assert lineage("zho_Hans")[0] == lineage("yue_Hant")[0] == "zhx"
    assert (name("bnt"), name("Latn"), name("other")) == ("Bantu languages", "Latin", "other")


def test_what_is_too_small_for_a_sequence_joins_its_nearest_relatives() -> None:
    tokens = {"ces_Latn": 500, "pol_Latn": 400, "rus_Cyrl": 50, "swh_Latn": 300, "deu_Latn": 900, "kor_Hang": 10}
    assert strands(tokens, 1) == {
        **{"ces_Latn": "zlw", "pol_Latn": "zlw", "rus_Cyrl": "zle"},
        **{"swh_Latn": "bnt", "deu_Latn": "gmw", "kor_Hang": "Hang"},
    }
    found = strands(tokens, 100)
    assert {found[code] for code in ("ces_Latn", "pol_Latn", "rus_Cyrl")} == {"sla"} and found["deu_Latn"] == "gmw"
    assert found["kor_Hang"] == found["swh_Latn"] == "other", "no relative and no script: the smallest strand"
    assert set(strands(tokens, 10_000).values()) == {"other"}
    assert strands({"kor_Hang": 1}, 10_000) == {"kor_Hang": "Hang"} and strands({}, 5) == {}


def interleaved(rows: list[tuple[str, int, int]], least: int) -> tuple[Reading, np.ndarray, np.ndarray, pl.Series]:
    languages = pl.Series([code for code, _, _ in rows], dtype=pl.String)
    lengths = np.array([size for _, size, _ in rows], np.int64)
    before = Reading(np.arange(len(rows)), np.array([copy for _, _, copy in rows], np.int64))
    tokens = dict(pl.DataFrame({"l": languages, "t": lengths}).group_by("l").agg(pl.col("t").sum()).iter_rows())
    of = strands(tokens, least)
    reading, strand, _ = alternating(before, languages, lengths, of, by_value=False)
    assert sorted(reading.document.tolist()) == list(range(len(rows))), "every reading once"
    assert np.array_equal(reading.copy, before.copy[reading.document]) and np.all(np.diff(strand) >= 0)
    return reading, strand, lengths[reading.document], languages.gather(reading.document)


@given(ROWS, st.integers(2, 30))
def test_every_token_is_packed_once_and_no_strands_mix(rows: list[tuple[str, int, int]], length: int) -> None:
    reading, strand, lengths, languages = interleaved(rows, length)
    numbers = languages.rank("dense").cast(pl.Int64).to_numpy() if len(rows) else np.empty(0, np.int64)
    pieces = by_strand(partial(fitted, length=length), lengths, reading.copy, strand, numbers)
    check_whole(pieces, lengths, length)
    check_conserved(pieces, lengths, length)
    for sequence in range(pieces.sequences):
        own = pieces.reading[pieces.sequence == sequence]
        assert len(set(strand[own].tolist())) == 1 and len(set(reading.copy[own].tolist())) == 1
        seen: dict[str, int] = {}
        turns = [seen.update({code: seen.get(code, 0) + 1}) or seen[code] for code in languages.gather(own)]
        assert turns == sorted(turns), "no language has its second document before each has its first"
    other = moved(pieces, np.arange(pieces.sequences)[::-1] % 3, last_stays=False)
    check_whole(other, lengths, length)
    line = stream(lengths, length, keep_last=False)
    check_conserved(line, lengths, length)


def test_languages_alternate_as_evenly_as_their_sizes_allow() -> None:
    rows = [("ces_Latn", 5, 1)] * 30 + [("swh_Latn", 7, 1)] * 12 + [("pol_Latn", 5, 1)] * 30 + [("zul_Latn", 7, 1)] * 4
    _, _, _, languages = interleaved(rows, 1)
    assert languages.to_list()[16:] == ["ces_Latn", "pol_Latn"] * 30
    bantu = "".join("z" if code == "zul_Latn" else "s" for code in languages.to_list()[:16])
    assert bantu == "sszsssszsssszsss" or [len(run) for run in bantu.split("z")] in ([2, 3, 3, 3, 1], [1, 3, 3, 3, 2])


def test_tokens_that_are_missing_or_twice_there_are_an_error() -> None:
    lengths = np.array([5, 8])
    good = stream(lengths, 6, keep_last=True)
    check_conserved(good, lengths, 6)
    columns = {key: getattr(good, key) for key in ("sequence", "reading", "start", "length")}
    for column, place, value in (("length", 0, 4), ("reading", 0, 1), ("start", 2, 0), ("sequence", 2, 0)):
        wrong = {key: held.copy() for key, held in columns.items()}
        wrong[column][place] = value
        with pytest.raises(ShardError, match="expected each once"):
            check_conserved(Pieces(**wrong, dropped=0, cut=good.cut), lengths, 6)
