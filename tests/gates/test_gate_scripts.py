"""Texts in two scripts of one language meet, other texts do not. A floor is only ever raised.

Documents are five sentences, or two articles of the Declaration of Human Rights, of parallel texts. Those of odd
number are measured here; parameters were chosen with all in view. Pairs that do not meet are in docs/deduplication.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from weft.deduplicate.band_keys import band_keys
from weft.deduplicate.candidates import candidates
from weft.deduplicate.romanized import romanized
from weft.deduplicate.romanized_sets import romanized_sets
from weft.deduplicate.verify import WRITES, verify_romanized
from weft.model.tables import LID

RECALL_FLOORS = {
    ("udhr", "azj_Cyrl azj_Latn"): 1.0,
    ("udhr", "bos_Cyrl bos_Latn"): 1.0,
    ("udhr", "jav_Java jav_Latn"): 1.0,
    ("udhr", "srp_Cyrl srp_Latn"): 1.0,
    ("udhr", "uig_Arab uig_Latn"): 1.0,
    ("udhr", "uzn_Cyrl uzn_Latn"): 1.0,
    ("udhr", "zlm_Arab zlm_Latn"): 1.0,
    ("oldi", "ace_Arab ace_Latn"): 0.99,
    ("oldi", "bjn_Arab bjn_Latn"): 0.99,
    ("oldi", "knc_Arab knc_Latn"): 0.25,
    ("oldi", "taq_Latn taq_Tfng"): 0.85,
    ("sib", "ace_Arab ace_Latn"): 0.88,
    ("sib", "bjn_Arab bjn_Latn"): 0.99,
    ("sib", "min_Arab min_Latn"): 0.99,
    ("sib", "taq_Latn taq_Tfng"): 0.9,
}
TRANSLATIONS = [
    *("srp_Cyrl bos_Latn", "srp_Cyrl hrv_Latn", "min_Arab ind_Latn", "bjn_Arab zsm_Latn", "urd_Arab hin_Deva"),
    *("knc_Arab knc_Latn", "uig_Arab uzn_Latn", "mkd_Cyrl hrv_Latn"),
]
"""What different people made of the same English sentences, in close languages."""
SOURCES = {
    "oldi": ("parallel/oldi_seed", "line", 5),
    "sib": ("lid/sib200_train", "id", 5),
    "udhr": ("lid/udhr_train", "article", 2),
}
Record = Callable[[str, object], None]
Ends = set[tuple[int, int]]


def documents(data: Path, source: str, one: str, other: str) -> pl.DataFrame:
    """Texts `one` and `other` of the documents of odd number: what both languages have, in the order of the source."""
    name, key, size = SOURCES[source]
    rows = pl.read_csv(data / f"{name}.tsv.gz", separator="\t", quote_char=None, infer_schema=False)
    rows = rows.with_columns(pl.col(key).cast(pl.Int64))
    if "file" in rows.columns:
        rows = rows.filter(pl.col("file") == pl.col("file").first().over("lang"))
    rows = rows.group_by("lang", key, maintain_order=True).agg(pl.col("text").str.join(" "))
    both = rows.filter(lang=one).join(rows.filter(lang=other), on=key).sort(key)
    numbered = both.with_columns((pl.int_range(pl.len()) // size).alias("document"))
    joined = numbered.group_by("document", maintain_order=True).agg(
        pl.len(), pl.col("text").str.join(" ").alias("one"), pl.col("text_right").str.join(" ").alias("other")
    )
    return joined.filter(pl.col("len") == size, pl.col("document") % 2 == 1)


def found(texts: list[str], codes: list[str]) -> Ends:
    """Pairs that meet and are verified."""
    size = len(texts)
    table = pa.table(
        {
            "text": pa.array(texts, pa.large_string()),
            "lid": pa.array([{"language": code} for code in codes], LID),
            "shard": pa.array([0] * size, pa.int32()),
            "row": pa.array(range(size), pa.int32()),
            "component": pa.array([0] * size, pa.int64()),
        }
    )
    met = candidates()(band_keys()(romanized()(table)))
    partners: list[list[int]] = [[] for _ in range(size)]
    for edge in met.to_pylist():
        partners[edge["row_a"]].append(edge["row_b"])
    sets = romanized_sets()(table).append_column("partners", pa.array(partners, pa.list_(pa.int64())))
    verified = verify_romanized()(sets) if met.num_rows else pa.schema(list(WRITES.items())).empty_table()
    return {(edge["row_a"], edge["row_b"]) for edge in verified.to_pylist()}


def measured(data: Path, source: str, one: str, other: str) -> tuple[int, float, int]:
    """Documents, the share of true pairs that is found, and the number of other pairs that are."""
    texts = documents(data, source, one, other)
    size = texts.height
    pairs = found([*texts["one"], *texts["other"]], [one] * size + [other] * size)
    true = {(n, size + n) for n in range(size)}
    return size, len(pairs & true) / size, len(pairs - true)


@pytest.mark.parametrize(("source", "codes"), RECALL_FLOORS, ids=lambda given: str(given).replace(" ", "-"))
def test_scripts_of_one_language_meet(source: str, codes: str, data_dir: Path, record_property: Record) -> None:
    size, recall, false = measured(data_dir, source, *codes.split())
    record_property("documents", size)
    record_property("recall", round(recall, 4))
    record_property("false_pairs", false)
    assert recall >= RECALL_FLOORS[source, codes]
    assert false == 0


@pytest.mark.parametrize("codes", TRANSLATIONS, ids=lambda given: given.replace(" ", "-"))
def test_translations_do_not_meet(codes: str, data_dir: Path, record_property: Record) -> None:
    texts = documents(data_dir, "sib", *codes.split())
    scripts = [code[4:] for code in codes.split() for _ in range(texts.height)]
    # The identifier is taken to have called both languages the same, which is the worst that it can do.
    pairs = found([*texts["one"], *texts["other"]], [f"qaa_{script}" for script in scripts])
    record_property("documents", texts.height)
    record_property("pairs", len(pairs))
    assert not pairs
