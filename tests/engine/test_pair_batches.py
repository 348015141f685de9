"""Batches of groups: one pair of languages in each, shares by temperature, the last ones, the same bytes."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from weft.engine.pair_batches import Plan, make_batches, shares
from weft.errors import WeftError
from weft.parallel.multiway_files import Given
from weft.text.batching import filled
from weft.tokenizer.loaded import from_content

COUNTS = {"eng_Latn": 1.0, "swh_Latn": 0.9, "zul_Latn": 0.15}


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = np.random.default_rng(2)
    file = tmp_path_factory.mktemp("groups") / "groups.jsonl"
    with file.open("w", encoding="utf-8") as out:
        for n in range(300):
            texts = {
                code: " ".join([code[:3]] * int(random.integers(1, 30))) + f" {n}"
                for code, share in COUNTS.items()
                if random.random() < share
            }
            out.write(json.dumps({"translation": texts, "id": f"g{n}", "group_id": f"story {n // 10}"}) + "\n")
    return file


def made(groups: Path, name: str = "out.parquet", **more: Any) -> tuple[dict[str, Any], pl.DataFrame]:
    into = groups.parent / name
    told = make_batches(Plan(Given(groups), into, **more), lambda *_: None)
    return told, pl.read_parquet(into) if name.endswith("parquet") else pl.read_ndjson(into)


def test_every_batch_is_of_one_pair_and_one_pass_has_every_row_once(groups: Path) -> None:
    told, rows = made(groups, size=16)
    kinds = rows.group_by("batch").agg(pl.struct("source_language", "target_language").n_unique(), pl.len())
    assert kinds["source_language"].to_list() == [1] * told["batches"] and kinds["len"].max() == 16
    assert rows.select("id", "source_language", "target_language").n_unique() == rows.height == told["rows"]
    assert rows.height == sum(one["rows"] for one in told["kinds"].values())
    assert rows["batch"].is_sorted() and rows["batch"].unique().to_list() == list(range(1, told["batches"] + 1))
    held = {row["id"]: row for row in pl.read_ndjson(groups).iter_rows(named=True)}
    for row in rows.sample(50, seed=1).iter_rows(named=True):
        group = held[row["id"]]
        assert row["group_id"] == group["group_id"]
        assert row["source"] == group["translation"][row["source_language"]]
        assert row["target"] == group["translation"][row["target_language"]]
    # Kinds are mixed: no language pair has all its batches in a row.
    first = rows.group_by("batch", maintain_order=True).first().select("source_language", "target_language").rows()
    assert sum(one != other for one, other in itertools.pairwise(first)) > len(told["kinds"]) * 2


def test_temperature_shares_and_further_passes(groups: Path) -> None:
    usual, _ = made(groups, size=8)
    told, rows = made(groups, size=8, temperature=0.3, batches=200)
    assert told["batches"] == 200 == sum(one["batches"] for one in told["kinds"].values())
    large, small = "eng_Latn-swh_Latn", "swh_Latn-zul_Latn"
    ratio = usual["kinds"][large]["batches"] / usual["kinds"][small]["batches"]
    found = told["kinds"][large]["batches"] / told["kinds"][small]["batches"]
    assert found == pytest.approx(ratio**0.3, rel=0.1) and told["kinds"][small]["passes"] > 1
    own = rows.filter(source_language="swh_Latn", target_language="zul_Latn")
    counts = own.group_by("id").len()["len"]
    assert counts.max() - counts.min() <= 1  # no row a third time before all were there twice
    assert shares({"a": 3, "b": 1}, 1.0, 4) == {"a": 3, "b": 1} and shares({"a": 9, "b": 1}, 0.0, 4) == {"a": 2, "b": 2}


def test_last_batches(groups: Path) -> None:
    kept, _ = made(groups, size=32)
    dropped, rows = made(groups, size=32, last="drop")
    assert set(rows.group_by("batch").len()["len"]) == {32} and dropped["rows"] < kept["rows"]
    full, rows = made(groups, size=32, last="fill")
    assert set(rows.group_by("batch").len()["len"]) == {32} and full["batches"] == kept["batches"]
    assert rows.group_by("batch").agg(pl.col("id").n_unique())["id"].to_list() == [32] * full["batches"]
    with pytest.raises(WeftError, match="not enough rows for a batch"):
        made(groups, size=1000, last="drop")


def test_whole_groups_of_one_set(groups: Path) -> None:
    told, rows = made(groups, unit="set", size=8)
    assert rows["id"].n_unique() == rows.height and set(told["kinds"]) == {
        "eng_Latn-swh_Latn", "eng_Latn-swh_Latn-zul_Latn", "eng_Latn-zul_Latn"
    }  # fmt: skip
    assert rows.group_by("batch").agg(pl.col("languages").n_unique())["languages"].to_list() == [1] * told["batches"]
    for row in rows.head(40).iter_rows(named=True):
        assert sorted(code for code, text in row["translation"].items() if text) == row["languages"]


def test_batches_by_tokens_hold_their_padding(groups: Path) -> None:
    vocabulary = {"[UNK]": 0, "eng": 1, "swh": 2, "zul": 3}
    content = {
        "version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None, "decoder": None, "truncation": None, "padding": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    }  # fmt: skip
    tokenizer = from_content(content, Path("tokenizer.json"))
    told, rows = made(groups, tokens=200, tokenizer=tokenizer)
    sizes = rows.select("batch", *(pl.col(side).str.split(" ").list.len() for side in ("source", "target")))
    each = sizes.group_by("batch").agg(pl.len(), pl.col("source", "target").max())
    places = each["len"] * (each["source"] + each["target"])
    assert places.max() <= 200 and places.mean() > 150
    assert rows.height == sum(one["rows"] for one in told["kinds"].values())


def test_the_same_seed_gives_the_same_bytes(groups: Path) -> None:
    files = defaultdict(set)
    for seed in (1, 1, 2):
        for name in ("out.parquet", "out.jsonl"):
            made(groups, name, size=16, temperature=0.5, seed=seed)
            files[seed].add((groups.parent / name).read_bytes())
    assert len(files[1]) == len(files[2]) == 2 and not files[1] & files[2]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"source": "hau_Latn"}, "--source hau_Latn: the file has eng_Latn, swh_Latn, zul_Latn"),
        ({"source": "eng_Latn", "unit": "set"}, "it goes with pairs"),
        ({"source": "eng_Latn", "target": "eng_Latn"}, "no row has the languages"),
    ],
)
def test_mistakes_are_said(groups: Path, more: dict[str, Any], said: str) -> None:
    with pytest.raises(WeftError, match=said):
        made(groups, size=4, **more)


def test_filling_is_greedy_and_exact() -> None:
    random = np.random.default_rng(1)
    sizes = random.integers(1, 50, (500, 3))
    found = filled(sizes, 400)
    for n in range(1, len(sizes)):
        before = np.flatnonzero(found[:n] == found[n - 1])
        fits = (len(before) + 1) * sizes[[*before, n]].max(0).sum() <= 400
        assert found[n] == found[n - 1] + (not fits)
    assert filled(np.array([[900], [1]]), 400).tolist() == [0, 1] and not len(filled(np.empty((0, 2), np.int64), 9))
