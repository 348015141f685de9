"""Zawgyi to Unicode against aligned lines: floors on the share of lines and characters that agree."""

from __future__ import annotations

import difflib
import gzip
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from weft.standardize.zawgyi import zawgyi
from weft.text.zawgyi import to_unicode

LINES, CHARACTERS = 0.95, 0.999


def test_zawgyi_lines(data_dir: Path, record_property: Callable[[str, object], None]) -> None:
    with gzip.open(data_dir / "unicode/zawgyi_train.tsv.gz", "rt", encoding="utf-8") as lines:
        head = next(lines).rstrip("\n").split("\t")
        rows = [dict(zip(head, line.rstrip("\n").split("\t"), strict=True)) for line in lines]
    flags = zawgyi()(pa.table({"text": pa.array([row["zawgyi"] for row in rows], pa.large_string())}))["zawgyi"]
    # Words of under fifteen characters are not judged: at eight, four in a hundred Unicode words look like Zawgyi.
    long = [sum("\u1000" <= c <= "\u109f" for c in row["zawgyi"]) >= 15 for row in rows]
    found = sum(row["converted"] for row, judged in zip(flags.to_pylist(), long, strict=True) if judged)
    pairs = [(_plain(to_unicode(row["zawgyi"])), _plain(row["unicode"])) for row in rows]
    exact = sum(a == b for a, b in pairs) / len(pairs)
    common = sum(m.size for a, b in pairs for m in difflib.SequenceMatcher(None, a, b, False).get_matching_blocks())
    agreed = common / sum(max(len(a), len(b)) for a, b in pairs)
    record_property("lines", round(exact, 3))
    record_property("characters", round(agreed, 4))
    record_property("recognised", f"{found}/{sum(long)}")
    assert found == sum(long)
    assert exact >= LINES and agreed >= CHARACTERS


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\u200b", ""))
