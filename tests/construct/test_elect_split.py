"""Election and splits: deterministic, conserving, and leak-free."""

from __future__ import annotations

import hashlib

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.construct.elect import candidates, elect
from weft.construct.split import LeakError, assign, check_no_leak
from weft.errors import WeftError


def key(number: int) -> str:
    return hashlib.md5(str(number).encode()).hexdigest()


def rows(*members: tuple[str, str, int, int]) -> pl.DataFrame:
    sizes = {c: sum(c == m[1] for m in members) for _, c, _, _ in members}
    return pl.DataFrame(
        {
            "id": [m[0] for m in members],
            "shard": [0] * len(members),
            "row": range(len(members)),
            "deduplicate": [{"cluster": c, "size": sizes[c], "kind": "near"} for _, c, _, _ in members],
            "signals": [{"chars": n} for _, _, n, _ in members],
            "priority": [p for *_, p in members],
        }
    )


def test_priority_then_length_then_id() -> None:
    table = rows(
        ("a", "x", 10, 0),
        ("b", "x", 99, 0),
        ("c", "y", 5, 0),
        ("d", "y", 5, 0),
        ("e", "z", 1, 9),
        ("f", "z", 50, 0),
        ("g", "alone", 1, 0),
    )
    survivors, dropped = elect([candidates(table)])
    assert survivors["id"].to_list() == ["b", "c", "e"]
    assert dropped.select("id", "kept").rows() == [("a", "b"), ("d", "c"), ("f", "e")]


def test_consented_text_wins_over_longer_text_but_not_over_a_priority() -> None:
    table = rows(("a", "x", 10, 0), ("b", "x", 99, 0), ("c", "y", 5, 0), ("d", "y", 1, 1))
    survivors, _ = elect([candidates(table.with_columns(consent=pl.Series(["c-1", None, "c-2", None])))])
    assert survivors["id"].to_list() == ["a", "d"]


def test_without_signals_text_decides() -> None:
    table = rows(("a", "x", 0, 0), ("b", "x", 0, 0)).drop("signals", "priority")
    assert elect([candidates(table.with_columns(text=pl.Series(["a", "bbb"])))])[0]["id"].to_list() == ["b"]
    assert elect([])[0].height == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 2)), max_size=40), st.randoms())
def test_election_ignores_order_and_shards(made: list[tuple[int, int, int]], chance: object) -> None:
    table = (
        rows(*[(key(i), key(1000 + c), n, p) for i, (c, n, p) in enumerate(made)]) if made else rows(("a", "b", 1, 1))
    )
    found = candidates(table)
    survivors, dropped = elect([found])
    again = elect([found[1::2], found[::2]])
    assert again[0].equals(survivors) and again[1].equals(dropped)
    assert survivors["cluster"].n_unique() == survivors.height == found["cluster"].n_unique()


def corpus(start: int, stop: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [key(i) for i in range(start, stop)],
            "deduplicate": [{"cluster": key(i // 3 * 3), "size": 3, "kind": "near"} for i in range(start, stop)],
            "lid": [{"language": "swh_Latn" if i % 2 else "yor_Latn"} for i in range(start, stop)],
        }
    )


def test_shares_are_near_the_fractions_and_growth_moves_nothing() -> None:
    whole = corpus(0, 60_000)
    split = assign(whole)
    counts = dict(split.value_counts().rows())
    assert counts["train"] / 60_000 == pytest.approx(0.98, abs=0.005)
    assert counts["validation"] / 60_000 == pytest.approx(0.01, abs=0.004)
    assert assign(whole[:1000]).equals(split[:1000])
    assert not assign(whole, seed=1).equals(split)
    check_no_leak([whole.with_columns(split)])


def test_leak_is_found_across_tables() -> None:
    one = corpus(0, 1).with_columns(split=pl.lit("train"))
    two = corpus(1, 2).with_columns(split=pl.lit("test"))
    with pytest.raises(LeakError, match="several splits"):
        check_no_leak([one, two])
    check_no_leak([one, one])


def test_whole_languages_and_ids_without_clusters() -> None:
    table = corpus(0, 3000).drop("deduplicate")
    half = {"train": 0.5, "test": 0.5}
    split = assign(table, half, whole=["swh_Latn"])
    by_language = (
        table.with_columns(split).group_by(pl.col("lid").struct.field("language")).agg(pl.col("split").n_unique())
    )
    assert dict(by_language.rows()) == {"swh_Latn": 1, "yor_Latn": 2}
    odd = pl.DataFrame({"id": ["not hex", "", "Ω"]})
    assert assign(odd, half).equals(assign(odd, half))
    with pytest.raises(WeftError, match="add up"):
        assign(odd, {"train": 0.5})


def test_splits_are_fixed_for_all_time() -> None:
    split = assign(pl.DataFrame({"id": [key(i) for i in range(8)]}), {"train": 0.5, "test": 0.5}, seed=3)
    assert "".join(s[1] for s in split) == "rrerrere"
