"""What belongs together, and the check that none of it is in two splits."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from tests.construct.test_elect_split import key
from tests.text.test_sides import batch

from weft.construct.borders import BORDER, borders, check_borders
from weft.construct.elect import candidates, elect
from weft.construct.group_card import units_text
from weft.construct.group_links import group_links
from weft.construct.groups import belonging, too_large
from weft.construct.split import LeakError, assign
from weft.errors import ShardError

PAIRS: list[dict[str, str] | None] = [
    {"eng_Latn": "Good day", "swh_Latn": "Habari"},
    {"eng_Latn": "good  day", "fra_Latn": "Bonjour"},
    {"fra_Latn": "Good day", "swh_Latn": "Salama"},
    None,
]


def grouped(groups: list[str | None]) -> pa.Table:
    return batch(PAIRS).append_column("group_id", pa.array(groups, pa.string()))


def keys(groups: list[str | None], least: int = 1) -> list[set[int]]:
    found = belonging(grouped(groups), least)
    return [set(found.filter(row=n)["key"]) for n in range(len(PAIRS))]


def test_a_side_across_languages_of_the_other_and_a_group() -> None:
    one, two, three, plain = keys([None, None, "story", "story"])
    assert len(one & two) == 1, "the English side, whatever the other one is"
    assert not three & (one | two), "the same words as a French side are another side"
    assert three & plain == plain and len(plain) == 1


def test_short_sides_keep_nothing_together_but_groups_do() -> None:
    one, two, three, plain = keys(["a", None, "a", None], least=8)
    assert len(one & two) == 1 and len(one & three) == 1 and not plain  # "Good day" has 8 characters
    one, two, three, _ = keys(["a", None, "a", None], least=9)
    assert not one & two and one == {*one & three}


def test_a_group_is_no_side() -> None:
    (side,) = belonging(grouped([None] * 4), 1).filter(row=0, language="eng_Latn")["key"]
    assert side not in set(belonging(grouped(["side eng_Latn", "eng_Latn", "Good day", "good day"]), 99)["key"])


def test_links_go_to_the_first_of_a_key() -> None:
    held = {"key": [7, 9, 7, 7, 9, 8], "shard": [2, 0, 1, 1, 0, 0], "row": [0, 4, 5, 3, 4, 0]}
    kinds = {"key": pa.uint64(), "shard": pa.int32(), "row": pa.int32()}
    made = group_links()(pa.table({name: pa.array(held[name], kind) for name, kind in kinds.items()}))
    assert [tuple(row.values()) for row in made.to_pylist()] == [(1, 3, 1, 5), (1, 3, 2, 0)]


def test_units_decide_the_split_before_clusters_and_ids() -> None:
    rows = 300
    frame = pl.DataFrame(
        {
            "id": [key(n) for n in range(rows)],
            "deduplicate": [{"cluster": key(n // 2 * 2), "size": 2, "kind": "near"} for n in range(rows)],
            "split_unit": [
                {"id": key(n // 6 * 6), "size": 6, "whole": False} if n < 150 else None for n in range(rows)
            ],
        }
    )
    half = {"train": 0.5, "test": 0.5}
    split = assign(frame, half)
    assert split[150:].to_list() == assign(frame.drop("split_unit"), half)[150:].to_list()
    ends = frame.select(pl.col("split_unit").struct.field("id")).with_columns(split)
    assert ends.drop_nulls("id").group_by("id").agg(pl.col("split").n_unique())["split"].max() == 1
    assert set(split[:150]) == {"train", "test"}
    alone = frame.drop("deduplicate")
    assert assign(alone, half)[:150].to_list() == split[:150].to_list()


def test_a_unit_that_is_whole_is_in_the_largest_split() -> None:
    frame = pl.DataFrame({"id": [key(n) for n in range(200)]})
    frame = frame.with_columns(split_unit=pl.struct(id="id", size=1, whole=pl.int_range(200) % 2 == 0))
    shares = {"train": 0.2, "validation": 0.1, "test": 0.7}
    drawn = assign(frame.drop("split_unit"), shares)
    split = assign(frame, shares)
    assert split[1::2].to_list() == drawn[1::2].to_list() and set(split[1::2]) == set(shares)
    assert set(split[::2]) == {"test"}


def test_what_is_too_large() -> None:
    assert too_large(np.array([1, 100, 101, 500]), 1000, 0.1).tolist() == [False, False, True, True]
    assert too_large(np.array([100, 101]), 200, 0.1).tolist() == [False, True]
    assert not too_large(np.array([5000]), 5000, 1).any()


def test_the_card_says_what_stays_together() -> None:
    given = {"documents": 1000, "units": 20, "rows_out": 400, "largest_unit": 300, "whole": 300}
    text = units_text(given | {"least_characters": 1, "largest": 0.1})
    assert "400 of 1,000 documents are in 20 units, the largest of 300 (30.0%)" in text
    assert "more than 10% of all documents" in text and "300 documents" in text
    text = units_text(given | {"whole": 0, "least_characters": 20, "largest": 0.1})
    assert "20 characters or more" in text and "not drawn" not in text


def told(splits: list[str], passes: list[bool] | None = None) -> pl.DataFrame:
    held = {"id": ["d0", "d1", "d2", "d3"], "split": splits, "passes": passes or [True] * 4}
    return pl.DataFrame(held)


def found(
    groups: list[str | None], splits: list[str], passes: list[bool] | None = None, least: int = 1
) -> pl.DataFrame:
    made = borders(told(splits, passes), grouped(groups), least)
    assert made.columns == BORDER.names
    return made


def test_a_group_and_a_side_in_two_splits_are_named() -> None:
    check_borders([found([None, None, "story", "story"], ["test", "test", "train", "train"])])
    with pytest.raises(
        LeakError, match=r"1 groups or sides.*the group story: test \(document d3\), train \(document d2\)"
    ):
        check_borders([found([None, None, "story", "story"], ["test", "test", "train", "test"])])
    with pytest.raises(LeakError, match=r"one side in eng_Latn: test \(document d1\), train \(document d0\)"):
        check_borders([found([None] * 4, ["train", "test", "train", "train"])])
    assert issubclass(LeakError, ShardError)


def test_what_is_left_out_and_what_is_too_short_leaks_nothing() -> None:
    check_borders([found([None] * 4, ["train", "test", "train", "train"], [True, False, True, True])])
    check_borders([found([None] * 4, ["train", "test", "train", "train"], least=9)])
    check_borders([])


def test_every_leak_is_counted_over_all_tables() -> None:
    one = found([None, None, "story", "story"], ["train", "test", "train", "test"])
    middle = one["key"].sort()[one.height // 2]
    with pytest.raises(LeakError, match="2 groups or sides"):
        check_borders([one.filter(pl.col("key") < middle), one.filter(pl.col("key") >= middle)])


def test_one_row_of_each_kind_stays_in_a_cluster() -> None:
    languages = [{"eng_Latn": "a", "swh_Latn": "b"}, {"eng_Latn": "a", "swc_Latn": "b"}]
    rows = pa.concat_tables([batch([None, None]), batch(languages[:1], "sft"), batch([*languages, languages[0]])])
    frame = pl.DataFrame(pl.from_arrow(rows)).with_row_index("row")
    frame = frame.with_columns(
        id=pl.Series(list("abcdef")),
        shard=pl.lit(0),
        deduplicate=pl.struct(cluster=pl.lit("a"), size=pl.lit(6), kind=pl.lit("near")),
    )
    survivors, dropped = elect([candidates(frame)])
    assert survivors["id"].to_list() == ["a", "c", "d", "e"]
    assert dropped.select("id", "kept").rows() == [("b", "a"), ("f", "d")]
