"""Groups of texts in many languages: what is joined, what of each side is kept, and coverage counted again by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from weft.engine.pair_groups import Join, expand_file, join_files
from weft.errors import WeftError
from weft.parallel.coverage import coverage
from weft.parallel.multiway import Match, Rule, Several
from weft.parallel.multiway_files import Given, given, read_units

PIVOT = "eng_Latn"


def silent(*_: object) -> None:
    """No progress."""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Given, ...]:
    """Swahili as a table with codes, Hausa as JSON lines with terms, Zulu without any names of columns."""
    (tmp_path / "swh.tsv").write_text(
        "eng_Latn\tswh_Latn\tgroup_id\nThe tree\tMti\ts1\nThe  sea\tBahari\ts1\nThe tree\tMti ule\ts1\n"
        "A house\tNyumba\ts2\n\tTupu\ts2\nThe tree\tMti \ts3\n",
        "utf-8",
    )
    rows: list[dict[str, Any]] = [
        {"translation": {"en": "The tree", "ha": "Itace"}, "license": "CC0-1.0", "consent": "b", "group_id": "h1"},
        {"translation": {"en": "the sea", "ha": "Teku"}, "license": "CC-BY-4.0", "meta": {"sides": {"hau_Latn": {
            "license": "MIT OR ISC", "consent": "a", "source": "book"}}}},
        {"translation": {"en": "Cafe\u0301", "ha": "Kofi"}, "license": "CC0-1.0", "redistribute": False},
    ]  # fmt: skip
    (tmp_path / "hau.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "zul.tsv").write_text("Café\tIkhofi\nThe sea\tUlwandle\nThe tree\tIsihlahla\n", "utf-8")
    return (
        Given(tmp_path / "swh.tsv"),
        Given(tmp_path / "hau.jsonl"),
        given(f"eng_Latn,zul_Latn={tmp_path / 'zul.tsv'}"),
    )


def join(
    files: tuple[Given, ...], into: Path, match: Match = "normalised", several: Several = "further", **more: Any
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    told = join_files(Join(files, into, Rule(PIVOT, match, several), **more), silent)
    return told, [json.loads(line) for line in into.read_text("utf-8").splitlines()]


def texts(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [row["translation"] for row in rows]


def test_files_are_joined_on_the_pivot(files: tuple[Given, ...], tmp_path: Path) -> None:
    told, rows = join(files, tmp_path / "out.jsonl")
    assert texts(rows) == [
        {"eng_Latn": "The tree", "hau_Latn": "Itace", "swh_Latn": "Mti", "zul_Latn": "Isihlahla"},
        {"eng_Latn": "The  sea", "swh_Latn": "Bahari", "zul_Latn": "Ulwandle"},
        {"eng_Latn": "The tree", "swh_Latn": "Mti ule"},
        {"eng_Latn": "A house", "swh_Latn": "Nyumba"},
        {"eng_Latn": "the sea", "hau_Latn": "Teku"},
        {"eng_Latn": "Cafe\u0301", "hau_Latn": "Kofi", "zul_Latn": "Ikhofi"},
    ]
    assert (told["rows"], told["rows_without_pair"], told["pivots"]) == (12, 1, 5)
    assert (told["repeated"], told["several"], told["left_out"]) == (1, 1, 0)
    assert told["sizes"] == {"2": 3, "3": 2, "4": 1}
    assert rows[2]["id"] == rows[0]["id"] + "-2"
    # Stories s1 and s3, and h1, have the tree in common; s2 is apart, and so are rows of which nothing is said.
    assert rows[0]["group_id"] == rows[1]["group_id"] == rows[2]["group_id"] == "h1"
    assert rows[3]["group_id"] == "s2" and rows[4]["group_id"] == rows[4]["id"]


def test_what_is_known_of_each_side_is_kept(files: tuple[Given, ...], tmp_path: Path) -> None:
    _, rows = join(files, tmp_path / "out.jsonl")
    assert rows[0]["license"] == "unknown" and rows[0]["consent"] == "b"  # of the Swahili nothing is known
    assert rows[0]["meta"]["sides"]["hau_Latn"] == {
        "license": "CC0-1.0", "consent": "b", "source": "hau.jsonl", "row": 1
    }  # fmt: skip
    sea = rows[4]
    assert sea["meta"]["sides"]["hau_Latn"] == {
        "license": "MIT OR ISC", "consent": "a", "source": "book", "row": 2
    }  # fmt: skip
    assert sea["license"] == "(MIT OR ISC) AND CC-BY-4.0" and sea["consent"] == "a"
    assert rows[5]["redistribute"] is False


@pytest.mark.parametrize(("match", "groups"), [("exact", 8), ("normalised", 6), ("caseless", 5)])
def test_how_texts_are_matched(files: tuple[Given, ...], tmp_path: Path, match: Match, groups: int) -> None:
    assert join(files, tmp_path / "out.jsonl", match)[0]["groups"] == groups


@pytest.mark.parametrize(("several", "trees", "left_out"), [("first", ["Mti"], 1), ("none", [], 2)])
def test_several_translations(
    files: tuple[Given, ...], tmp_path: Path, several: Several, trees: list[str], left_out: int
) -> None:
    told, rows = join(files, tmp_path / "out.jsonl", several=several)
    held = [one["swh_Latn"] for one in texts(rows) if one["eng_Latn"] == "The tree" and "swh_Latn" in one]
    assert held == trees and told["left_out"] == left_out


def test_the_same_bytes_in_any_parts_and_ids_that_stay(files: tuple[Given, ...], tmp_path: Path) -> None:
    join(files, tmp_path / "one.jsonl")
    join(files, tmp_path / "many.jsonl", parts=5)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "many.jsonl").read_bytes()
    join_files(Join(files, tmp_path / "a.parquet", Rule(PIVOT)), silent)
    join_files(Join(files, tmp_path / "b.parquet", Rule(PIVOT), parts=3), silent)
    units = [read_units(Given(tmp_path / name)) for name in ("a.parquet", "b.parquet", "one.jsonl")]
    assert units[0].equals(units[1]) and units[0].drop("meta").equals(units[2].drop("meta"))
    _, fewer = join(files[:2], tmp_path / "few.jsonl")
    _, every = join(files, tmp_path / "one.jsonl")
    assert {row["id"] for row in fewer} <= {row["id"] for row in every}
    assert not list(tmp_path.glob(".*"))


def test_apart_leaves_documents_out(files: tuple[Given, ...], tmp_path: Path) -> None:
    told, rows = join(files, tmp_path / "out.jsonl", apart=True)
    assert told["units"] is None and all(row["group_id"] == row["id"].split("-")[0] for row in rows)


def test_every_pair_comes_out_of_groups(files: tuple[Given, ...], tmp_path: Path) -> None:
    for name in ("out.jsonl", "out.parquet"):
        join_files(Join(files, tmp_path / name, Rule(PIVOT)), silent)
        told = expand_file(Given(tmp_path / name), tmp_path / name.replace("out.", "in_"), ".jsonl", None, None, silent)
        assert told["pairs"] == {
            "eng_Latn-hau_Latn": 3, "eng_Latn-swh_Latn": 4, "eng_Latn-zul_Latn": 3, "hau_Latn-swh_Latn": 1,
            "hau_Latn-zul_Latn": 2, "swh_Latn-zul_Latn": 2,
        }  # fmt: skip
    both = (tmp_path / "in_jsonl/hau_Latn-zul_Latn.jsonl").read_text("utf-8")
    assert both == (tmp_path / "in_parquet/hau_Latn-zul_Latn.jsonl").read_text("utf-8")
    row = json.loads(both.splitlines()[0])
    assert row["translation"] == {"hau_Latn": "Itace", "zul_Latn": "Isihlahla"} and row["group_id"] == "h1"
    assert row["meta"]["sides"]["hau_Latn"]["consent"] == "b" and set(row["meta"]["sides"]) == set(row["translation"])
    # What is joined again from the pairs with the pivot is the same.
    again = tuple(Given(file) for file in sorted((tmp_path / "in_jsonl").glob("eng_Latn-*.jsonl")))
    _, rows = join(again, tmp_path / "again.jsonl")
    held = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert sorted(row["id"] for row in rows) == sorted(row["id"] for row in held)
    assert {row["id"]: row["translation"].get("hau_Latn") for row in rows} == {
        row["id"]: row["translation"].get("hau_Latn") for row in held
    }


def test_coverage_counts_groups_of_two_languages() -> None:
    random = np.random.default_rng(5)
    there = random.random((400, 6)) < np.linspace(0.2, 0.9, 6)
    codes = [f"qa{letter}_Latn" for letter in "abcdef"]
    frame = pl.DataFrame({code: [code if yes else None for yes in there[:, n]] for n, code in enumerate(codes)})
    found = coverage(frame.select(pl.struct(codes).alias("translation")).iter_slices(90))
    sets = [{codes[n] for n in np.flatnonzero(row)} for row in there if row.sum() > 1]
    assert found.groups == len(sets) and found.languages == tuple(codes)
    for n, one in enumerate(codes):
        for m, other in enumerate(codes):
            assert found.matrix[n, m] == sum({one, other} <= group for group in sets)
        for k in range(6):
            assert found.sizes[n, k] == sum(one in group and len(group) == k + 1 for group in sets)


@pytest.mark.parametrize(
    ("argument", "content", "said"),
    [
        ("{}", "a\tb\n1\t2\n", "columns a, b; expected translation"),
        ("eng_Latn,nowhere={}", "a\tb\n", "nowhere"),
        ("eng_Latn,en={}", "a\tb\n", "two different languages"),
        ("swh_Latn,zul_Latn={}", "a\tb\n1\t2\n", "no text in the pivot eng_Latn"),
    ],
)
def test_mistakes_are_said(tmp_path: Path, argument: str, content: str, said: str) -> None:
    (tmp_path / "x.tsv").write_text(content, "utf-8")
    with pytest.raises(WeftError, match=said):
        join_files(Join((given(argument.format(tmp_path / "x.tsv")),), tmp_path / "out.jsonl", Rule(PIVOT)), silent)
    assert [file.name for file in tmp_path.iterdir()] == ["x.tsv"]
