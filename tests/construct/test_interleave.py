"""Interleaved documents: who takes turns with whom, and that the text of every member is in them."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.construct.interleave import INDEX, MEMBER, Turns, assembled, units

LANGUAGES = ["swh_Latn", "eng_Latn", "amh_Ethi", "yor_Latn"]
DOCUMENTS = st.lists(
    st.tuples(st.sampled_from("gh"), st.sampled_from(LANGUAGES), st.integers(1, 3), st.integers(1, 3)), max_size=30
)


def index_of(documents: list[tuple[str, str, int, int]]) -> pl.DataFrame:
    rows = [
        (row, f"d{row}", group, language, copy, 10)
        for row, (group, language, _, times) in enumerate(documents)
        for copy in range(1, times + 1)
    ]
    return pl.DataFrame(rows, schema=INDEX, orient="row")


@settings(deadline=None)
@given(DOCUMENTS, st.one_of(st.none(), st.integers(2, 3)), st.integers(0, 3))
def test_units_hold_every_reading_at_most_once_and_no_language_twice(
    documents: list[tuple[str, str, int, int]], most: int | None, seed: int
) -> None:
    index = index_of(documents)
    found = units(index, Turns(most=most, seed=seed))
    pairs = list(found.select("row", "copy").iter_rows())
    assert len(set(pairs)) == len(pairs) and set(pairs) <= set(index.select("row", "copy").iter_rows())
    each = found.group_by("unit", maintain_order=True).agg(
        pl.col("group", "copy").n_unique(),
        pl.len().alias("size"),
        pl.col("language").n_unique().alias("languages"),
        pl.col("place"),
        pl.col("row").min().alias("first"),
        pl.col("copy").first().alias("time"),
    )
    assert each["unit"].to_list() == list(range(each.height))
    for row in each.iter_rows(named=True):
        assert row["group"] == row["copy"] == 1 and row["languages"] == row["size"] > 1
        assert row["place"] == list(range(row["size"])) and (most is None or row["size"] <= most)
    order = list(each.select("time", "first").iter_rows())
    assert order == sorted(order), "an epoch apart"
    if most is None:  # what stays alone has no other language left to go with
        alone = index.join(found, on=["row", "copy"], how="anti")
        assert all(n == 1 for n in alone.group_by("group", "copy").agg(pl.col("language").n_unique())["language"])
    assert units(index.sample(fraction=1, shuffle=True, seed=seed), Turns(most=most, seed=seed)).equals(found)


def test_stated_languages_come_first_and_others_are_drawn() -> None:
    documents = [(str(number), language, 1, 1) for number in range(40) for language in LANGUAGES]
    found = units(index_of(documents), Turns(languages=("yor_Latn", "eng_Latn")))
    orders = found.group_by("unit", maintain_order=True).agg("language")["language"].to_list()
    assert all(order[:2] == ["yor_Latn", "eng_Latn"] for order in orders)
    assert {tuple(order[2:]) for order in orders} == {("swh_Latn", "amh_Ethi"), ("amh_Ethi", "swh_Latn")}


def rows_of(texts: dict[str, str], **more: list[object]) -> pl.DataFrame:
    size = len(texts)
    made = {
        "unit": [0] * size,
        "place": list(range(size)),
        "copy": [1] * size,
        "group": ["g"] * size,
        "text": list(texts.values()),
        "language": list(texts),
        "id": [f"d{n}" for n in range(size)],
        "license": ["CC0-1.0"] * size,
        "redistribute": [True] * size,
    }
    held = pl.DataFrame(made | more).with_columns(pl.col("unit").cast(pl.Int64), pl.col("place", "copy").cast(pl.Int32))
    absent = [field.name for field in MEMBER if field.name not in held.columns]
    return held.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)


def only(table: pa.Table) -> dict[str, object]:
    (row,) = table.to_pylist()
    return dict(row)


@pytest.mark.parametrize(
    ("texts", "method", "text"),
    [
        (["a 1\nb\n\nc\n", "x\n \n\ny z"], "paragraphs", "a 1\nb\n\nx\n\nc\n\ny z"),
        (["a\nb\n", "x\ny"], "lines", "a\n\nx\n\nb\n\ny"),
        (["a\n\nb", "x\n\ny\n\nz"], "documents", "a\n\nb\n\nx\n\ny\n\nz"),
        (["a\nb", "x\n\ny"], "documents", "a\nb\n\nx\n\ny"),
        (["a", "ሰላም"], "documents", "a\n\nሰላም"),
    ],
)
def test_turns(texts: list[str], method: str, text: str) -> None:
    row = only(assembled(rows_of(dict(zip(LANGUAGES, texts, strict=False))), "paragraphs"))
    assert (row["method"], row["text"]) == (method, text)
    assert row["languages"] == LANGUAGES[:2] and row["language"] == "mul_Zyyy" and row["split"] == "train"
    joined: dict[int, str] = {}
    for span in row["spans"]:  # type: ignore[attr-defined]
        joined[span["member"]] = joined.get(span["member"], "") + text[span["begin"] : span["end"]]
    assert ["".join(joined[n].split()) for n in range(2)] == ["".join(one.split()) for one in texts]
    whole = only(assembled(rows_of(dict(zip(LANGUAGES, texts, strict=False))), "documents"))
    assert whole["text"] == "\n\n".join(texts) and whole["method"] == "documents"
    assert (whole["id"] == row["id"]) == (method == "documents")


def test_what_may_be_done_is_what_may_be_done_with_every_member() -> None:
    texts = dict.fromkeys(LANGUAGES[:2], "a")
    cases = [
        (["CC-BY-4.0", "CC0-1.0"], "CC-BY-4.0 AND CC0-1.0"),
        (["MIT", "MIT"], "MIT"),
        (["MIT OR Apache-2.0", "CC0-1.0"], "(MIT OR Apache-2.0) AND CC0-1.0"),
        (["unknown", "CC0-1.0"], "unknown"),
        ([None, "CC0-1.0"], "unknown"),
    ]
    for licenses, joined in cases:
        assert only(assembled(rows_of(texts, license=list(licenses)), "documents"))["license"] == joined
    for may, every in (([True, True], True), ([True, None], None), ([None, False], False)):
        made = only(assembled(rows_of(texts, redistribute=list(may), consent=["c1", None]), "documents"))
        assert made["redistribute"] is every
        assert [member["consent"] for member in made["members"]] == ["c1", None]  # type: ignore[attr-defined]


@settings(deadline=None)
@given(st.lists(st.lists(st.text("ab \n\tቀ\u2028", max_size=20), min_size=2, max_size=4), min_size=1, max_size=6))
def test_no_character_is_lost_and_spans_hold_each_members_text(groups: list[list[str]]) -> None:
    parts = []
    for unit, texts in enumerate(groups):
        rows = rows_of({f"l{n}": text for n, text in enumerate(texts)})
        parts.append(rows.with_columns(pl.lit(unit, pl.Int64).alias("unit"), pl.col("id") + f"-{unit}"))
    table = assembled(pl.concat(parts), "paragraphs")
    assert table.num_rows == len(groups)
    for row, texts in zip(table.to_pylist(), groups, strict=True):
        held = [""] * len(texts)
        end = -2
        for span in row["spans"]:
            assert span["begin"] == end + 2 <= span["end"]
            end = span["end"]
            held[span["member"]] += row["text"][span["begin"] : end]
        assert end == len(row["text"])
        assert ["".join(one.split()) for one in held] == ["".join(text.split()) for text in texts]
    one_by_one = [assembled(part, "paragraphs") for part in parts]
    assert pa.concat_tables(one_by_one).equals(table), "the same in any company"
