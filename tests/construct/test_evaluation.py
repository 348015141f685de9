from __future__ import annotations

import polars as pl

from weft.construct import evaluation
from weft.construct.card import Release, dataset_card
from weft.construct.summary import COUNT, SOURCE


def entry(benchmark: str, item: str, kind: str = "verbatim") -> dict[str, object]:
    return {"benchmark": benchmark, "item": item, "start": 3, "end": 90, "kind": kind, "share": 0.9}


def shard() -> pl.DataFrame:
    held = [
        None,
        {"items": 2, "verbatim": 1, "share": 0.9, "found": [entry("sib", "7"), entry("copa", "1", "near")]},
        {"items": 1, "verbatim": 1, "share": 0.9, "found": [entry("sib", "7")]},
        {"items": 1, "verbatim": 1, "share": 0.9, "found": [entry("sib", "8")]},
    ]
    rules = ["too_short", "contaminated", None, "contaminated"]
    return pl.DataFrame({"id": ["a", "b", "c", "d"], "rule": rules, "contamination": held})


SOUGHT = pl.DataFrame(
    [("copa", 9, 9, 0, 0), ("sib", 10, 8, 1, 1), ("xnli", 3, 0, 3, 0)], schema=evaluation.SOUGHT, orient="row"
)


def test_items_are_counted_once_and_documents_by_what_became_of_them() -> None:
    rows = evaluation.merged([evaluation.found(shard()), evaluation.found(shard().drop("contamination"))])
    assert rows["document"].to_list() == ["b", "b", "c", "d"]
    counted = evaluation.by_benchmark(rows, SOUGHT)
    assert evaluation.benchmark_rows(counted) == [
        ["copa", "9", "0", "0", "1", "0", "1", "0"],
        ["sib", "10", "1", "1", "2", "2", "3", "1"],
        ["xnli", "3", "3", "0", "0", "0", "0", "0"],
    ]
    first = evaluation.first_places(rows)
    assert first["document"].to_list() == ["b", "c", "b", "d"]
    assert evaluation.place_rows(first)[1] == ["sib", "7", "c", "3-90", "verbatim", "0.90", "kept"]


def test_few_places_of_each_benchmark_are_shown() -> None:
    rows = evaluation.merged([evaluation.found(shard())] * 4)
    counts = evaluation.first_places(rows).group_by("benchmark").len().sort("benchmark")
    assert counts.rows() == [("copa", 4), ("sib", evaluation.SHOWN)]


def test_the_card_has_the_section_where_items_were_sought() -> None:
    rows = evaluation.found(shard())
    plain = Release("c", (), pl.DataFrame(schema=COUNT), pl.DataFrame(schema=SOURCE), {})
    assert "Evaluation" not in dataset_card(plain)
    held = Release(
        "c", (), pl.DataFrame(schema=COUNT), pl.DataFrame(schema=SOURCE), {},
        evaluation=evaluation.by_benchmark(rows, SOUGHT), found=evaluation.first_places(rows),
    )  # fmt: skip
    card = dataset_card(held)
    assert "## Evaluation sets" in card and "| sib | 10 | 1 | 1 | 2 | 2 | 3 | 1 |" in card
    assert "| sib | 8 | d | 3-90 | verbatim | 0.90 | left out: contaminated |" in card
