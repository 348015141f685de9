"""Thresholds follow a language's own figures as far as there are documents, and never go off in silence."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.construct.bounds import BOUNDS
from weft.construct.thresholds import THRESHOLD_TYPE, WRITES, apply, thresholds
from weft.errors import WeftError
from weft.operators.contract import Fold

SIGNALS = pa.struct(
    [
        ("words", pa.int32()),
        ("mean_word_length", pa.float32()),
        ("alpha_words", pa.float32()),
        ("line_punct", pa.float32()),
        ("dup_5gram", pa.float32()),
        ("stop_words", pa.int32()),
    ]
)
BATCH = pa.schema({"lid": pa.struct({"language": pa.string(), "score": pa.float32()}), "signals": SIGNALS})


def batch(language: str | None, count: int, score: float = 0.8, **signals: float) -> pa.Table:
    row = {
        "words": 100,
        "mean_word_length": 4.75,
        "alpha_words": 0.95,
        "line_punct": 0.9,
        "dup_5gram": 0.02,
        "stop_words": 5,
        **signals,
    }
    return pa.Table.from_pylist([{"lid": {"language": language, "score": score}, "signals": row}] * count, BATCH)


def learn(*batches: pa.Table, **options: Any) -> pl.DataFrame:
    fold: Fold = thresholds(**options)
    table = fold.finish(fold.merge([fold.partial(b) for b in batches]))
    assert table.schema.equals(pa.schema(list(WRITES.items())))
    return pl.DataFrame(pl.from_arrow(table))


def row(table: pl.DataFrame, language: str) -> dict[str, Any]:
    return table.row(by_predicate=pl.col("language") == language, named=True)


def test_few_documents_stay_near_english() -> None:
    made = row(learn(batch("swh_Latn", 5, alpha_words=0.7)), "swh_Latn")
    assert made["n"] == 5 and made["script"] == "Latn"
    assert made["alpha_words"] == pytest.approx(0.8, abs=0.01) and made["source"]["alpha_words"] == "english"
    assert made["dup_line_frac"] == 0.3 and made["method"]["words_max"] == "english"


def test_many_documents_decide_and_script_stands_between() -> None:
    swahili = [batch("swh_Latn", 1000, alpha_words=0.7), batch("swh_Latn", 4000, alpha_words=0.9)]
    table = learn(*swahili, batch("yor_Latn", 5), batch("amh_Ethi", 5))
    large, yoruba, amharic = (row(table, code) for code in ("swh_Latn", "yor_Latn", "amh_Ethi"))
    assert large["alpha_words"] == pytest.approx((5000 * 0.7 + 500 * 0.709) / 5500, abs=0.002)
    assert large["source"]["alpha_words"] == "language"
    assert yoruba["alpha_words"] == pytest.approx(0.71, abs=0.01) and yoruba["source"]["alpha_words"] == "script"
    assert amharic["alpha_words"] == pytest.approx(0.8, abs=0.01)


def test_stop_words_are_asked_for_as_far_as_the_list_is_any_good() -> None:
    found = learn(
        batch("two_Latn", 900, stop_words=6),
        *[batch("one_Latn", 900, stop_words=n) for n in (1, 5, 5, 5, 5, 5, 5, 5)],
        *[batch("bad_Latn", 900, stop_words=n) for n in (0, 5)],
        shrink=0,
    )
    assert [row(found, f"{name}_Latn")["stop_words"] for name in ("two", "one", "bad")] == [2, 1, 0]
    assert row(found, "bad_Latn")["source"]["stop_words"] == "off"


def test_clamp_limits_what_data_may_do() -> None:
    made = row(learn(batch("swh_Latn", 9000, dup_5gram=0.9)), "swh_Latn")
    assert made["dup_5gram"] == pytest.approx(0.3) and made["source"]["dup_5gram"] == "language, clamped"
    clean = row(learn(batch("swh_Latn", 9000, dup_5gram=0.0)), "swh_Latn")
    assert clean["dup_5gram"] == pytest.approx(0.075)
    assert clean["alpha_words"] == 0.8, "a form signal is never stricter than English"


def test_a_form_signal_that_does_not_fit_is_off_and_says_so() -> None:
    made = row(learn(batch("zzz_Latn", 200, line_punct=0.0), batch("tha_Thai", 3, line_punct=0.0)), "zzz_Latn")
    assert made["line_punct"] == 0.0 and made["source"]["line_punct"] == "off"
    few = row(learn(batch("zzz_Latn", 10, line_punct=0.0)), "zzz_Latn")
    assert few["line_punct"] > 0.1 and few["source"]["line_punct"] == "english"


def test_script_start() -> None:
    table = learn(batch("tha_Thai", 3, line_punct=0.0), batch("cmn_Hans", 3, mean_word_length=1.6))
    assert row(table, "tha_Thai")["line_punct"] == 0
    assert row(table, "cmn_Hans")["mean_word_length_min"] <= 1.0


def test_language_confidence_is_median_less_deviation_within_limits() -> None:
    options: dict[str, Any] = {"shrink": 0}
    spread = row(learn(batch("a_Latn", 100, 0.4), batch("a_Latn", 101, 0.8), **options), "a_Latn")
    assert spread["lid"] == pytest.approx(0.8 - 0.2, abs=0.002)
    assert row(learn(batch("a_Latn", 10, 0.99), **options), "a_Latn")["lid"] == 0.9
    assert row(learn(batch("a_Latn", 10, 0.1), **options), "a_Latn")["lid"] == 0.3


def test_a_sure_large_language_does_not_make_a_small_one_stricter() -> None:
    table = learn(batch("eng_Latn", 9000, 0.99), batch("gug_Latn", 10, 0.4))
    assert row(table, "eng_Latn")["lid"] > 0.85
    assert row(table, "gug_Latn")["lid"] == pytest.approx(0.5, abs=0.01)


def test_long_words_need_fewer_of_them() -> None:
    table = learn(batch("zul_Latn", 5000, mean_word_length=9.5), batch("eng_Latn", 10), shrink=0)
    assert row(table, "zul_Latn")["words"] == pytest.approx(15, abs=0.2)
    assert row(table, "eng_Latn")["words"] == pytest.approx(30, abs=0.2)


@pytest.mark.parametrize("method", ["english", "percentile", "mean_std", "median_mad"])
def test_methods(method: str) -> None:
    parts = [batch("a_Latn", 900, dup_5gram=0.02), batch("a_Latn", 100, dup_5gram=0.2)]
    made = row(learn(*parts, methods={"dup_5gram": method}, shrink=0, tail=0.05), "a_Latn")
    assert made["method"]["dup_5gram"] == method
    reference = next(bound.reference for bound in BOUNDS if bound.name == "dup_5gram")
    assert reference is not None
    away = (0.15 - reference[0]) / reference[1] * 0.054
    expected = {
        "english": 0.15,
        "percentile": 0.201,
        "mean_std": 0.0385 + away,
        "median_mad": 0.0205 + away,
    }
    assert made["dup_5gram"] == pytest.approx(expected[method], abs=0.002)


def test_null_and_missing() -> None:
    empty = learn(batch("a_Latn", 0))
    assert empty.height == 0
    nothing = pa.Table.from_pylist(
        [{"lid": {"language": "a_Latn", "score": None}, "signals": None}, {"lid": None, "signals": None}], BATCH
    )
    assert learn(nothing).height == 0
    nan = row(learn(batch("a_Latn", 5, dup_5gram=float("nan"))), "a_Latn")
    assert nan["dup_5gram"] == 0.15
    fold = thresholds()
    assert fold.finish(fold.merge([])).num_rows == 0


def test_only_the_first_of_a_cluster_counts() -> None:
    table = batch("a_Latn", 4).append_column("id", pa.array(["a", "b", "c", "d"]))
    clusters = pa.array([{"cluster": c} for c in ("a", "a", "a", "d")])
    assert row(learn(table.append_column("deduplicate", clusters)), "a_Latn")["n"] == 2


def test_apply_gives_every_row_its_languages_thresholds() -> None:
    learned = learn(batch("a_Latn", 900, 0.9), batch("b_Latn", 900, 0.4), shrink=0)
    rows = pl.DataFrame({"lid": [{"language": c} for c in ("b_Latn", "a_Latn", "c_Latn", None)], "id": list("wxyz")})
    made = apply(rows, learned)
    assert made["id"].to_list() == list("wxyz") and made.columns == ["lid", "id", "threshold"]
    assert made["threshold"].struct.field("lid").to_list() == pytest.approx([0.4, 0.9, None, None], abs=0.01)
    assert made["threshold"].to_arrow().type == THRESHOLD_TYPE
    assert apply(made, learned).equals(made)
    assert apply(rows[:0], learned).columns == made.columns


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"bounds": {"wordz": 1}}, "no threshold 'wordz'"),
        ({"methods": {"words": "mean_std"}}, "use percentile"),
        ({"clamp": (2, 1)}, "low <= 1"),
    ],
)
def test_mistakes(options: dict[str, Any], says: str) -> None:
    with pytest.raises(WeftError, match=says):
        thresholds(**options)


def test_bounds_replace_starts() -> None:
    made = row(learn(batch("tha_Thai", 3), bounds={"line_punct": 0.5, "words_max": 10.0}), "tha_Thai")
    assert made["words_max"] == 10 and made["line_punct"] == pytest.approx(0.5, abs=0.01)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["a_Latn", "b_Latn", "c_Ethi"]), st.floats(0, 1), st.floats(0, 1)), max_size=40),
    st.integers(1, 7),
)
def test_answer_does_not_depend_on_shards(made: list[tuple[str, float, float]], step: int) -> None:
    table = pa.concat_tables([batch(None, 0)] + [batch(c, 1, score, dup_5gram=value) for c, score, value in made])
    parts = [table.take(pa.array(range(i, len(made), step), pa.int64())) for i in range(step)]
    assert learn(table).equals(learn(*reversed(parts)))
    fold = thresholds()
    pair = fold.merge([fold.merge([fold.partial(p) for p in parts[:2]]), *[fold.partial(p) for p in parts[2:]]])
    assert pair.equals(fold.merge([fold.partial(table)]))


def test_bounds_are_consistent() -> None:
    assert len({bound.name for bound in BOUNDS}) == len(BOUNDS)
    scales = {}
    for bound in BOUNDS:
        assert scales.setdefault(bound.measure, bound.scale) == bound.scale
