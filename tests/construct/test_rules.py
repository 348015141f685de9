"""Rules: which rows pass, and what a mistake says."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.construct.rules import RuleError, Rules

SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "source": pa.string(),
        "lid": pa.struct({"language": pa.string(), "score": pa.float32()}),
        "signals": pa.struct({"words": pa.int32(), "line_punct": pa.float32()}),
        "threshold": pa.struct({"lid": pa.float64()}),
    }
)


def frame(*rows: tuple[str, float | None, int | None]) -> pl.DataFrame:
    table = pa.Table.from_pylist(
        [
            {
                "id": str(i),
                "source": "web",
                "lid": {"language": language, "score": score},
                "signals": None if words is None else {"words": words, "line_punct": 0.5},
                "threshold": {"lid": 0.5},
            }
            for i, (language, score, words) in enumerate(rows)
        ],
        SCHEMA,
    )
    return pl.DataFrame(pl.from_arrow(table))


RULES = {"language": "lid.score >= threshold.lid AND lid.language NOT LIKE 'und%'", "short": "signals.words >= 50"}


def test_first_failing_rule_in_order_and_null_fails() -> None:
    rows = frame(
        ("swh_Latn", 0.9, 60),
        ("swh_Latn", 0.1, 3),
        ("und_Latn", 0.9, 60),
        ("swh_Latn", None, 60),
        ("swh_Latn", 0.9, 3),
        ("swh_Latn", 0.9, None),
    )
    assert Rules(RULES).first_failing(rows).to_list() == [None, "language", "language", "language", "short", "short"]


def test_expression_may_handle_null_itself() -> None:
    rules = Rules({"short": "signals.words IS NULL OR signals.words >= 50"})
    assert rules.first_failing(frame(("a", 1, None), ("a", 1, 1))).to_list() == [None, "short"]


def test_no_rules_and_no_rows() -> None:
    assert Rules({}).first_failing(frame(("a", 1, 1))).to_list() == [None]
    empty = Rules(RULES).first_failing(frame())
    assert empty.to_list() == [] and empty.dtype == pl.String


def test_constant_rule_holds_for_every_row() -> None:
    assert Rules({"nothing": "1 = 2"}).first_failing(frame(("a", 1, 1), ("b", 1, 1))).to_list() == ["nothing"] * 2


def test_columns_and_fields() -> None:
    rules = Rules({**RULES, "kind": "source IN ('web', 'book') AND lid.language <> 'lid.nothing'"})
    assert rules.columns() == {"lid", "threshold", "signals", "source"}
    assert rules.fields() == {"lid": {"language", "score"}, "threshold": {"lid"}, "signals": {"words"}, "source": set()}
    rules.check(SCHEMA)


def test_passing_judges_each_rule_alone() -> None:
    assert Rules(RULES).passing(frame(("a", 0.1, 3))).to_dicts() == [{"language": False, "short": False}]


def test_a_condition_that_these_values_stop_is_named() -> None:
    with pytest.raises(RuleError, match=r"anneal: 'CAST\(source AS INTEGER\) > 2' cannot be computed: conversion"):
        Rules({"anneal": "CAST(source AS INTEGER) > 2"}).passing(pl.DataFrame({"source": ["web"]}))


@pytest.mark.parametrize(
    ("sql", "says", "nearest"),
    [
        ("lid.scor >= 0.5", "lid has no field 'scor' (it has language, score)", "lid.score"),
        ("signal.words > 1", "no column 'signal'", "signals.words"),
        ("signals.word > 1", "no field 'word'", "signals.words"),
        ("source.name = 'x'", "has no field 'name'", None),
        ("lid.language > 3", "cannot be computed", None),
        ("lid.score + 1", "true or false", None),
        ('lid.language = "swh_Latn"', "no column 'swh_Latn'", None),
        ("zzz = 1", "no column 'zzz'", None),
    ],
)
def test_check_names_the_mistake(sql: str, says: str, nearest: str | None) -> None:
    with pytest.raises(RuleError) as caught:
        Rules({"mine": sql}).check(SCHEMA)
    assert "rule mine" in str(caught.value) and says in str(caught.value)
    assert caught.value.nearest == nearest


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("lid.score >", "not a valid SQL condition"),
        ("foo(lid.score) > 1", "unsupported function 'foo'"),
        ("lid.score > 0.1; drop table x", "not a valid SQL condition"),
        ("lid.score > (select 1)", "subquery"),
        ("sum(lid.score) > 3", "other rows"),
        ("count(*) > 1", "other rows"),
        ("lid.score > lag(lid.score) over (order by source)", "other rows"),
        ("collected_at > current_date", "clock"),
        ("", "expected an SQL condition"),
    ],
)
def test_bad_sql_is_refused_at_once(sql: str, says: str) -> None:
    with pytest.raises(RuleError, match="rule mine") as caught:
        Rules({"mine": sql})
    assert says in str(caught.value)


@pytest.mark.parametrize("name", ["duplicate", "not_allowed", "Too Short", "1st", ""])
def test_reserved_and_bad_names(name: str) -> None:
    with pytest.raises(RuleError):
        Rules({name: "1 = 1"})


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 100)), max_size=30), st.integers(0, 30))
def test_answer_does_not_depend_on_the_batch(rows: list[tuple[float, int]], cut: int) -> None:
    table = frame(*[("swh_Latn", score, words) for score, words in rows])
    rules = Rules(RULES)
    parts = [rules.first_failing(table[:cut]), rules.first_failing(table[cut:])]
    assert pl.concat(parts).to_list() == rules.first_failing(table).to_list()
