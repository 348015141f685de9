"""Main text of real pages: floors on agreement with text that people marked. A floor is only ever raised."""

from __future__ import annotations

import json
import re
import tarfile
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from weft.model.tables import RAW
from weft.parse.document import document

NEWS_FLOOR, NEWS_RECALL_FLOOR = 0.843, 0.975
LANGUAGE_FLOORS = {"cmn_Hans": 0.83, "ell_Grek": 0.94, "eng_Latn": 0.87, "pol_Latn": 0.81, "rus_Cyrl": 0.73}
ARTICLE_FLOOR = 0.939
SEGMENT_FLOOR = 0.872
Record = Callable[[str, object], None]


def pages(data_dir: Path, name: str) -> list[tuple[dict[str, Any], str]]:
    """Gold rows with the text that we make of their pages; a page without text has an empty one."""
    with tarfile.open(data_dir / "html" / f"{name}.tar.gz") as archive:
        files = {m.name.removeprefix("./"): archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]
    gold = [json.loads(line) for line in files["gold.jsonl"].decode().split("\n") if line]
    rows = [{"locator": row["file"], "position": 0, "mime": "text/html", "payload": files[row["file"]]} for row in gold]
    made = document()(pa.Table.from_pylist(rows, RAW))
    assert made.num_rows == len(gold)
    return list(zip(gold, (text or "" for text in made["text"].to_pylist()), strict=True))


def grams(text: str) -> Counter[str]:
    kept = "".join(c for c in text if unicodedata.category(c)[0] in "LMN")
    return Counter(kept[n : n + 4] for n in range(len(kept) - 3))


def agreement(gold: str, text: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of the bag of character 4-grams over letters, digits and marks."""
    wanted, got = grams(gold), grams(text)
    common = (wanted & got).total()
    precision, recall = common / max(1, got.total()), common / max(1, wanted.total())
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_news_pages_in_five_languages(data_dir: Path, record_property: Record) -> None:
    figures = [
        (row["lang"], *agreement(re.sub(r"</?[ph]>", "", row["gold_markup"]), text))
        for row, text in pages(data_dir, "daniel_train")
    ]
    f1, recall = mean([f for *_, f in figures]), mean([r for _, _, r, _ in figures])
    record_property("f1", round(f1, 4))
    record_property("recall", round(recall, 4))
    by_language = {name: mean([f for lang, _, _, f in figures if lang == name]) for name in LANGUAGE_FLOORS}
    record_property("languages", {name: round(value, 3) for name, value in by_language.items()})
    assert {lang for lang, *_ in figures} == set(LANGUAGE_FLOORS)
    assert f1 >= NEWS_FLOOR and recall >= NEWS_RECALL_FLOOR
    for name, floor in LANGUAGE_FLOORS.items():
        assert by_language[name] >= floor, name


def test_english_articles(data_dir: Path, record_property: Record) -> None:
    f1 = mean([agreement(row["gold_text"], text)[2] for row, text in pages(data_dir, "scrapinghub_articles")])
    record_property("f1", round(f1, 4))
    assert f1 >= ARTICLE_FLOOR


def test_segments_that_must_and_must_not_be_there(data_dir: Path, record_property: Record) -> None:
    found: Counter[str] = Counter()
    for row, text in pages(data_dir, "trafilatura_eval_train"):
        folded = " ".join(text.split())
        for kind in ("with", "without"):
            found.update(f"{kind} {' '.join(segment.split()) in folded}" for segment in row[kind])
    f1 = 2 * found["with True"] / (2 * found["with True"] + found["without True"] + found["with False"])
    record_property("f1", round(f1, 4))
    assert f1 >= SEGMENT_FLOOR


@pytest.mark.parametrize("name", ["daniel_train", "scrapinghub_articles", "trafilatura_eval_train"])
def test_no_real_page_is_without_text(data_dir: Path, name: str) -> None:
    assert all(text.strip() for _, text in pages(data_dir, name))
