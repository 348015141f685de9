"""What is known of a model's varieties: how often they are answered, how often rightly, and to whom by mistake."""

from __future__ import annotations

from typing import Any

import polars as pl

from weft.language.identify import identify
from weft.language.model import LanguageModel
from weft.language.varieties import NONE


def measured(model: LanguageModel, texts: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Of each variety that the model answers, what texts got it by the whole way: language first, refusals and all.

    `texts` name it, of which `right` got it; `wrong` name another of the language. `unnamed` are of the language and
    name none, `others` of other languages: how many there are, and how many got it.
    """
    made: dict[str, dict[str, Any]] = {}
    if model.varieties is None or not texts.height:
        return made
    found = identify(model, texts["text"].to_arrow())["variety"].combine_chunks().field("code")
    rows = texts.with_columns(pl.Series("code", found, pl.String))
    for language, variety in model.varieties.languages.items():
        own, other = (rows.filter((pl.col("language") == language) == same) for same in (True, False))
        unnamed = own.filter(pl.col("variety").is_null() | (pl.col("variety") == NONE))
        for code in variety.answerable():
            given, named = pl.col("code") == code, pl.col("variety") == code
            made[code] = {
                "language": language,
                "texts": own.filter(named).height,
                "right": own.filter(named, given).height,
                "wrong": own.filter(~named, given, pl.col("variety") != NONE).height,
                "unnamed": [unnamed.height, unnamed.filter(given).height],
                "others": [other.height, other.filter(given).height],
            }
    return made


def section(told: dict[str, Any]) -> list[str]:
    """Parts of the card; `told` is what training says (`crossed`) and what `measured` gave of texts kept out."""
    if not told["crossed"]:
        return []
    held = told["kept_out"]
    rows, out = [], []
    for language, codes in told["crossed"].items():
        for code, found in codes.items():
            if "left_out" in found:
                out.append([code, language, f"{found['texts']}", found["left_out"]])
            elif code in held:
                rows.append([code, language, *_figures(found), *_strays(held[code])])
    text = (
        "A variety is answered where the n-grams that tell it from the others of its language lead far enough and "
        "agree: the least score is that from which such answers were right often enough among texts of groups that "
        "were left out in turn. A text of a variety that is not in the table should get none; some do get one."
    )
    head = [
        "variety",
        "language",
        "texts",
        "answered",
        "precision",
        "texts kept out that name none",
        "of other languages",
    ]
    parts = ["## Varieties", text, _table(head, rows)]
    if out:
        parts += ["Named by some text, and left out:", _table(["variety", "language", "texts", "why"], out)]
    return parts


def _figures(found: dict[str, Any]) -> list[str]:
    return [f"{found['texts']}", f"{found['answered']:.0%}", f"{found['precision']:.0%}"]


def _strays(held: dict[str, Any]) -> list[str]:
    return [f"{given:,} of {size:,}" for size, given in (held["unnamed"], held["others"])]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
