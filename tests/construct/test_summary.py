"""Counts add up over shards, samples are the same on any number of shards, and rows are conserved."""

from __future__ import annotations

import polars as pl
import pytest

from weft.construct import summary
from weft.construct.summary import ConservationError, Stage


def frame(count: int = 60) -> pl.DataFrame:
    i = pl.int_range(count, eager=True)
    return pl.DataFrame(
        {
            "id": [f"{(n * 0x9E3779B97F4A7C15F39CC0605CEDC835) & ((1 << 128) - 1):032x}" for n in range(count)],
            "text": [f"text {n} " + "é" * 700 for n in range(count)],
            "source": ["a" if n % 2 else "b" for n in range(count)],
            "locator": [f"file#{n}" for n in range(count)],
            "license": ["CC0-1.0"] * count,
            "basis": ["licence"] * count,
            "consent": [None] * count,
            "redistribute": [True] * count,
            "rule": [None if n % 3 else "too_short" for n in range(count)],
            "lid": [{"language": "swh_Latn" if n % 4 else "yor_Latn", "score": n / count} for n in range(count)],
            "signals": [{"words": n, "bytes": 10, "line_punct": 0.5} for n in range(count)],
            "number": i,
        },
        schema_overrides={"rule": pl.String, "consent": pl.String},
    )


def test_counts_merge_to_the_whole() -> None:
    rows = frame()
    whole = summary.count(rows)
    assert whole["documents"].sum() == 60 and whole["tokens"].sum() == sum(range(60)) and whole["bytes"].sum() == 600
    parts = [summary.count(rows[i::7]) for i in range(7)]
    assert summary.merge_counts(parts).equals(whole)
    assert summary.merge_counts([summary.count(rows[:0])]).height == 0


def test_bytes_are_of_the_text_when_signals_do_not_say() -> None:
    rows = frame(3).with_columns(signals=pl.struct(words=pl.col("number")))
    assert summary.count(rows)["bytes"].sum() == sum(len(t.encode()) for t in rows["text"])


def test_samples_do_not_depend_on_shards() -> None:
    rows = frame()
    whole = summary.samples(rows)
    parts = [summary.samples(rows[i::5]) for i in range(5)]
    assert summary.merge_samples(reversed(parts)).equals(whole)
    assert whole.group_by("language", "rule").len()["len"].to_list() == [3] * 4
    assert whole["text"].str.len_chars().max() == 600
    assert not summary.samples(rows, seed=1)["id"].equals(whole["id"])


def test_histograms_merge() -> None:
    rows = frame()
    whole = summary.histograms(rows)
    assert summary.merge_histograms([summary.histograms(rows[:10]), summary.histograms(rows[10:])]).equals(whole)
    assert whole.filter(pl.col("measure") == "lid.score")["count"].sum() == 60
    edges = summary.with_edges(whole).filter(pl.col("measure") == "signals.line_punct")
    assert edges["low"].unique().to_list() == [0.5] and edges["high"].unique().to_list() == pytest.approx([0.55])


def test_summary_is_the_contract() -> None:
    stages = [Stage("construct", 60, 40, {"too_short": 20}, seconds=1.23456)]
    made = summary.summary([stage.to_json() for stage in stages], summary.count(frame()))
    assert set(made) == {"version", "stages", "languages"}
    assert made["stages"][0]["rejected"] == {"too_short": 20} and made["stages"][0]["seconds"] == 1.235
    swahili = made["languages"]["swh_Latn"]
    assert set(swahili) == {"documents", "bytes", "tokens", "kept", "rejected"}
    assert swahili["documents"] == swahili["kept"] + sum(swahili["rejected"].values()) == 45


def test_lost_rows_are_an_error() -> None:
    with pytest.raises(ConservationError, match="60 rows in"):
        Stage("construct", 60, 39, {"too_short": 20}).to_json()


def test_alarm_names_the_language_and_the_rule() -> None:
    counts = pl.DataFrame(
        {
            "language": ["a_Latn"] * 4 + ["b_Latn"] * 2 + ["und_Latn"],
            "rule": ["", "too_short", "lists", "duplicate", "", "lists", "language"],
            "documents": [50, 10, 40, 900, 90, 10, 500],
            "bytes": [0] * 7,
            "tokens": [0] * 7,
        }
    )
    found = summary.alarms(counts).to_dicts()
    assert found == [{"language": "a_Latn", "documents": 100, "removed": 0.5, "rule": "lists", "rule_share": 0.4}]


def test_sources() -> None:
    counted = summary.count_sources(frame())
    assert counted["documents"].to_list() == [30, 30] and counted["source"].to_list() == ["a", "b"]
