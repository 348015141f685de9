"""The interim identifier against the unchecked labels of web documents and the checked ones of inspected pages."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa

from weft.label.lid import lid
from weft.label.script import script

AGREEMENT, SUPPORTED, INSPECTED = 0.64, 0.92, 0.99
"""Of all documents; of languages that the identifier knows; of pages that people say are in their language."""


def _labelled(path: Path) -> pl.DataFrame:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    table = pa.table({"text": pa.array([row["text"] for row in rows], pa.large_string())})
    found = lid()(script()(table))["lid"].to_pylist()
    return pl.DataFrame(
        {
            "lang": [row["lang"] for row in rows],
            "found": [row["language"] for row in found],
            "correct": [bool(row.get("lang_correct", True)) for row in rows],
        }
    )


def test_agreement_with_the_labels_of_web_documents(
    data_dir: Path, record_property: Callable[[str, object], None]
) -> None:
    frame = _labelled(data_dir / "docs/hplt_web_docs.jsonl.gz")
    agreement = (frame["lang"] == frame["found"]).mean()
    known = frame.filter(pl.col("lang").is_in(frame["found"].unique().implode()))
    supported = (known["lang"] == known["found"]).mean()
    record_property("all", round(float(agreement or 0), 3))
    record_property("known languages", round(float(supported or 0), 3))
    assert agreement >= AGREEMENT and supported >= SUPPORTED


def test_agreement_with_inspected_pages(data_dir: Path, record_property: Callable[[str, object], None]) -> None:
    frame = _labelled(data_dir / "quality/hplt_inspection_train.jsonl.gz").filter(pl.col("correct"))
    known = frame.filter(pl.col("lang").is_in(frame["found"].unique().implode()))
    agreement = (known["lang"] == known["found"]).mean()
    record_property("inspected", round(float(agreement or 0), 3))
    assert agreement >= INSPECTED
