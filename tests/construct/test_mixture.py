"""Mixtures of whole documents: targets met to within one, caps kept, nobody lost, the same however rows are cut."""

from __future__ import annotations

import hashlib
import math
import random
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.construct import mixture as mixtures
from weft.construct import repeats
from weft.construct.allocate import temperature, unimax
from weft.construct.facets import unit_of
from weft.construct.mixture import check_held_out, mix, solve
from weft.construct.mixture_settings import Mixture
from weft.construct.split import LeakError
from weft.errors import WeftError

LANGUAGES = ("eng_Latn", "hin_Deva", "swh_Latn", "yor_Latn")


def corpus(counts: dict[str, int], seed: int = 3, longest: int = 900) -> pl.DataFrame:
    draw = random.Random(seed)
    rows = [
        {
            "id": hashlib.md5(f"{language}-{number}".encode()).hexdigest(),
            "lid": {"language": language},
            "source": draw.choice(["books", "web", "wiki"]),
            "text": "x" * draw.randint(1, longest),
        }
        for language, count in counts.items()
        for number in range(count)
    ]
    schema = {"id": pl.String, "lid": pl.Struct({"language": pl.String}), "source": pl.String, "text": pl.String}
    return pl.DataFrame(rows, schema=schema)


def drawn(frame: pl.DataFrame, times: pl.Series) -> dict[str, int]:
    """Characters read of each language."""
    size = pl.col("text").str.len_bytes().cast(pl.Int64).clip(1) * pl.col("repeats")
    language = pl.col("lid").struct.field("language").alias("language")
    return dict(frame.with_columns(times).group_by(language).agg(size.sum()).rows())


def sizes(frame: pl.DataFrame) -> dict[str, int]:
    return drawn(frame, pl.Series("repeats", [1] * frame.height, dtype=pl.Int32))


BIG = {"eng_Latn": 3000, "hin_Deva": 700, "swh_Latn": 150, "yor_Latn": 20}


@pytest.mark.parametrize("budget", [100_000, 600_000, 1_700_000, 3_000_000])
def test_unimax_and_temperature_are_the_direct_computation_to_within_a_document(budget: int) -> None:
    frame = corpus(BIG)
    held = sizes(frame)
    for settings_, wanted in (
        ({"method": "unimax"}, unimax(held, Fraction(budget), Fraction(4))),
        ({"method": "temperature", "alpha": 0.3}, temperature(held, Fraction(budget), 0.3, Fraction(4))),
    ):
        times, table = mix(frame, Mixture(budget=budget, **settings_))
        found = drawn(frame, times)
        assert dict(table.select("group", "sampled").rows()) == found
        assert all(abs(found[name] - wanted[name]) < 900 for name in BIG)
        assert 0 <= budget - sum(found.values()) < 900


def test_a_language_of_twenty_documents_is_not_lost_by_rounding() -> None:
    frame = corpus({"eng_Latn": 4000, "yor_Latn": 20})
    for settings_ in ({"method": "natural"}, {"method": "temperature", "alpha": 1.0}):
        times, table = mix(frame, Mixture(budget=1000, **settings_))
        assert drawn(frame, times)["yor_Latn"] > 0, settings_
        assert dict(table.select("group", "rows").rows())["yor_Latn"] == 1, "its share is less than a document"
    few = mix(frame, Mixture(method="weights", weights={"en": 1_000_000, "yo": 1}, budget=40_000))[0]
    assert drawn(frame, few)["yor_Latn"] > 0


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_promises_of_any_mixture(data: st.DataObject) -> None:
    counts = {name: data.draw(st.integers(0, 30), label=name) for name in LANGUAGES}
    frame = corpus(counts, seed=data.draw(st.integers(0, 99)), longest=data.draw(st.sampled_from([1, 40, 2000])))
    held = sizes(frame)
    cap = data.draw(st.sampled_from([1.0, 1.5, 2.0, 4.0, 6.25]))
    method = data.draw(st.sampled_from(["natural", "temperature", "unimax"]))
    quotas = data.draw(st.sampled_from([{}, {"source": {"wiki": 0.5}}, {"source": {"wiki": 0.3, "books": 0.7}}]))
    present = set(frame["source"])
    quotas = {f: {v: q for v, q in shares.items() if v in present} for f, shares in quotas.items()}
    most = int(cap_of(cap) * sum(held.values()))
    budget = data.draw(st.none() | st.integers(1, most)) if most else None
    made = Mixture(method=method, epochs=cap, quotas=quotas, budget=budget)
    times, table = mix(frame, made, seed=data.draw(st.integers(0, 5)))
    found = drawn(frame, times)
    longest = max(frame["text"].str.len_bytes().to_list(), default=0)
    for name, read in found.items():
        assert read > 0, f"{name} is lost"
        assert read <= cap_of(cap) * held[name], f"{name} is above the cap"
    assert all(0 <= number <= math.ceil(cap) for number in times)
    total = sum(found.values())
    due = budget if budget is not None else sum(held.values())
    # Over the budget only by the one document that each tiny language is given whatever its share.
    assert total <= due + longest * len(found)
    if cap == int(cap) and not quotas:
        assert due - total < max(longest, 1)
    assert table["share"].sum() == pytest.approx(1.0) if held else table.height == 0


def cap_of(cap: float) -> Fraction:
    return Fraction(str(cap))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 60), max_size=4), st.sampled_from(["unimax", "temperature"]))
def test_the_same_however_rows_are_cut_into_shards(cuts: list[int], method: Any) -> None:
    frame = corpus({"eng_Latn": 40, "swh_Latn": 15, "yor_Latn": 5})
    made = Mixture(method=method, budget=9000, quotas={"source": {"web": 0.2}})
    unit = unit_of(frame.schema, "bytes")
    parts = [frame[a:b] for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), frame.height], strict=True)]
    rows = [repeats.keyed(part.with_row_index("row"), made, unit, 1) for part in parts]
    plan, weights = solve(
        [repeats.buckets(part, made) for part in rows],
        [],
        [repeats.seen(part, made) for part in parts],
        list(enumerate(rows)),
        made,
        "bytes",
    )
    found = [repeats.repeats(repeats.weighed(part, weights), plan, made, n) for n, part in enumerate(rows)]
    assert pl.concat(found).equals(mix(frame, made)[0])


def test_documents_of_one_id_are_told_apart_by_their_place() -> None:
    frame = corpus({"eng_Latn": 1}, longest=1)
    many = pl.concat([frame] * 50)
    assert mix(many, Mixture(budget=20))[0].sum() == 20


def test_another_seed_draws_other_documents_and_more_budget_keeps_those_drawn() -> None:
    frame = corpus({"eng_Latn": 2000})
    small, large = (mix(frame, Mixture(budget=budget))[0] for budget in (100_000, 300_000))
    assert ((large - small) < 0).sum() <= 1
    assert not small.equals(mix(frame, Mixture(budget=100_000), seed=2)[0])


def test_quotas_hold_within_each_language() -> None:
    frame = corpus({"eng_Latn": 2000, "swh_Latn": 600})
    times, _ = mix(frame, Mixture(budget=300_000, quotas={"source": {"wiki": 0.6, "books": 0.1}}))
    size = pl.col("text").str.len_bytes().cast(pl.Int64) * pl.col("repeats")
    language = pl.col("lid").struct.field("language").alias("language")
    table = frame.with_columns(times).group_by(language, "source").agg(size.sum().alias("read"))
    for (_,), own in table.group_by("language"):
        shares = {source: read / own["read"].sum() for source, read in own.select("source", "read").rows()}
        assert shares == pytest.approx({"wiki": 0.6, "books": 0.1, "web": 0.3}, abs=0.01)


def test_two_facets_one_within_the_other() -> None:
    frame = corpus({"eng_Latn": 4000}).with_columns(
        kind=pl.when(pl.int_range(pl.len()) % 4 == 0).then(pl.lit("poem")).otherwise(pl.lit(None))
    )
    made = Mixture(budget=400_000, quotas={"source": {"wiki": 0.5}, "kind": {"poem": 0.5}})
    times, _ = mix(frame, made)
    read = frame.with_columns(times).with_columns(
        size=pl.col("text").str.len_bytes().cast(pl.Int64) * pl.col("repeats")
    )
    whole = read["size"].sum()
    assert read.filter(pl.col("kind") == "poem")["size"].sum() / whole == pytest.approx(0.5, abs=0.01)
    assert read.filter(pl.col("source") == "wiki")["size"].sum() / whole == pytest.approx(0.5, abs=0.01)


def test_rehydration_reads_what_was_copied_and_passes_more_often() -> None:
    frame = corpus({"eng_Latn": 2000}).with_row_index("n")
    copied = pl.col("n") % 2 == 0
    frame = frame.with_columns(
        deduplicate=pl.struct(size=pl.when(copied).then(2).otherwise(1).cast(pl.Int32)),
        rule=pl.when(~copied & (pl.col("n") % 4 == 1)).then(pl.lit("too_short")).otherwise(None),
    )
    made = Mixture(method="natural", epochs=3, rehydrate={"pool": 100})
    times, _ = mix(frame, made)
    assert set(times.filter(frame["rule"].is_not_null())) == {0}
    passing = frame.with_columns(times).filter(pl.col("rule").is_null())
    assert dict(passing.group_by(copied.alias("copied")).agg(pl.col("repeats").unique()).rows()) == {
        True: [3],
        False: [1],
    }
    with pytest.raises(WeftError, match="expected both"):
        mix(frame.drop("rule"), made)


def test_only_train_is_mixed() -> None:
    frame = corpus({"eng_Latn": 400, "swh_Latn": 40}).with_row_index("n")
    split = pl.when(pl.col("n") % 10 == 0).then(pl.lit("test")).otherwise(pl.lit("train"))
    frame = frame.with_columns(split.alias("split")).drop("n")
    times, table = mix(frame, Mixture(budget=60_000))
    assert set(times.filter(frame["split"] == "test")) == {1}
    assert table["documents"].sum() == (frame["split"] == "train").sum()
    check_held_out(frame.with_columns(times))
    with pytest.raises(LeakError, match="outside of train"):
        check_held_out(frame.with_columns(times + 1))


def test_what_is_measured() -> None:
    frame = corpus({"eng_Latn": 3}).with_columns(text=pl.Series(["ሰላም", "", None]))
    assert mix(frame, Mixture(unit="bytes"))[1]["available"].to_list() == [9 + 1 + 1]
    assert mix(frame, Mixture(unit="characters"))[1]["available"].to_list() == [3 + 1 + 1]
    counted = frame.with_columns(counts=pl.struct(tokens=pl.Series([5, 7, 1])), signals=pl.struct(words=pl.lit(2)))
    assert mix(counted, Mixture())[1]["available"].to_list() == [13], "auto: tokens where they are counted"
    assert mix(counted, Mixture(unit="signals.words"))[1]["available"].to_list() == [6]
    unknown = counted.with_columns(counts=pl.struct(tokens=pl.Series([5, None, 1])))
    with pytest.raises(WeftError, match="1 documents have no tokens"):
        mix(unknown, Mixture())
    with pytest.raises(WeftError, match=r"several columns count tokens; .*counts.tokens, other.tokens"):
        mix(counted.with_columns(other=pl.struct(tokens=pl.lit(1))), Mixture())


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"budget": 10**9}, r"budget: 1,000,000,000 bytes cannot be met: with at most 4 epochs there are [\d,]+;"),
        ({"by": "langauge"}, "no column langauge; expected a text column"),
        ({"by": "lid"}, "lid is Struct"),
        ({"quotas": {"source": {"wikki": 0.2}}}, r"no document in train has wikki; .*did you mean wiki\?"),
        ({"method": "weights", "weights": {"swe": 1}, "others": 1}, r"language swe_Latn; .*did you mean swh_Latn\?"),
        ({"method": "weights", "weights": {"swh": 1}}, r"1 of 2 have no weight \(eng_Latn\)"),
        ({"method": "natural", "epochs": None, "budget": 10**12}, "would be read .* times each; expected a cap"),
        ({"unit": "tokens"}, "no column counts tokens"),
    ],
)
def test_mistakes_are_told(made: dict[str, Any], message: str) -> None:
    with pytest.raises(WeftError, match=message):
        mix(corpus({"eng_Latn": 30, "swh_Latn": 10}), Mixture(**made))


def test_weights_leave_out_what_has_none_and_may_be_of_another_facet() -> None:
    frame = corpus({"eng_Latn": 300, "swh_Latn": 300})
    alone = mix(frame, Mixture(method="weights", weights={"Swahili": 1}, others=0))
    assert drawn(frame, alone[0])["eng_Latn"] == 0
    assert dict(alone[1].select("group", "epochs").rows()) == {"eng_Latn": 0, "swh_Latn": 1}
    weights = {"books": 3, "web": 1, "wiki": 0}
    table = mix(frame, Mixture(method="weights", by="source", weights=weights, budget=40_000))[1]
    assert table["share"].to_list() == pytest.approx([0.75, 0.25, 0], abs=0.02)


def test_the_table_of_nothing() -> None:
    times, table = mix(corpus({}), Mixture())
    assert len(times) == 0 and table.height == 0
    assert list(table.schema) == list(mixtures.SUMMARY)


def test_draws_are_fixed_for_all_time() -> None:
    times, _ = mix(corpus({"eng_Latn": 16}, longest=1), Mixture(budget=24))
    assert "".join(map(str, times)) == "1221211212122112"
