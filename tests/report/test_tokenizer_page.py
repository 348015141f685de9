"""The page of tokenizers: complete, safe against hostile names, with pictures whose text is text."""

from __future__ import annotations

import polars as pl

from weft.report.tokenizer_page import page
from weft.tokenizer.fertility import TABLE, summary

from .tags import Tags

HOSTILE = "<script>alert(1)</script>"


def table(parity: float | None = 1.5) -> pl.DataFrame:
    rows = []
    for name, factor in (("before", 2.0), (HOSTILE, 1.0)):
        for code, value in (("eng_Latn", 1.2), ("amh_Ethi", 3.4)):
            row = dict.fromkeys(TABLE, 5) | {"tokenizer": name, "language": code, "fertility": value * factor}
            rows.append(row | {"parity": parity and value * factor, "restored_share": 1.0, "broken_share": 0.25})
    return pl.DataFrame(rows, TABLE)


def test_page() -> None:
    held = table()
    made = page("My tokenizer", held, summary(held))
    tags = Tags()
    tags.feed(made)
    assert not tags.open and [tag for tag, _ in tags.seen].count("script") == 1
    assert HOSTILE not in made and "&lt;script&gt;alert(1)" in made
    assert "Amharic" in made and "አማርኛ" in made and "3.40" in made and "6.80" in made
    assert made.count("<figure>") == 2 and "amh_Ethi Amharic: 3.40" in made
    assert "http" not in made.replace("http://www.w3.org", "")


def test_without_parity_there_is_one_curve_less() -> None:
    held = table(None)
    assert page("x", held, summary(held)).count("<figure>") == 1


def test_of_nothing() -> None:
    empty = pl.DataFrame(schema=TABLE)
    assert "<h2>Languages</h2>" in page("x", empty, summary(empty))
