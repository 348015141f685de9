"""Which documents of two collections are translations of each other: by their addresses, and by their words."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import polars as pl

from weft.model.languages import INDIVIDUAL
from weft.parallel.lexicon import Folding, Lexicon, tokenised
from weft.text.buffers import Longs
from weft.text.tokens import SIGN

_PART = re.compile(r"[/.?&=_\-]")
_COMMON = 0.1
"""Words that stand in a larger share of a collection's documents, and in more than MANY, do not tell them apart."""
_MANY = 20
_CANDIDATES = 20
"""Translations of a word that are followed, the likeliest."""


class Match(NamedTuple):
    """Documents of both collections that belong together, in the order of the first, and how alike they are (to 1)."""

    first: Longs
    second: Longs
    score: np.ndarray


def addresses_without(addresses: pl.Series, markers: frozenset[str]) -> pl.Series:
    """Addresses in lower case without their scheme and without the parts (between / . ? & = _ -) that name a
    language."""
    return pl.Series([_without(address, markers) for address in addresses.fill_null("").to_list()], dtype=pl.String)


def _without(address: str, markers: frozenset[str]) -> str:
    plain = re.sub(r"^[a-z][a-z0-9+.-]*://(www\.)?", "", address.strip().lower())
    return "/".join(part for part in _PART.split(plain) if part and part not in markers)


def markers_of(language: str) -> frozenset[str]:
    """What an address may call a language: its codes of two and three letters, with script, and its English name."""
    import langcodes

    code, _, script = language.lower().partition("_")
    own = {code} | {wide for wide, narrow in INDIVIDUAL.items() if narrow == code}
    found = [langcodes.Language.get(name) for name in own]
    short = {held.to_tag().split("-")[0].lower() for held in found}
    names = own | short | {held.language_name(to).lower() for held in found for to in ("en", held.to_tag())}
    names |= {f"{name}{script}" for name in own | short} | {script}
    return frozenset(names | {"lang", "language", "locale", "hl"})


def by_address(first: pl.Series, second: pl.Series, languages: tuple[str, str]) -> Match:
    """Documents whose addresses are the same but for the names of the languages; those that are not unique are left
    out."""
    markers = markers_of(languages[0]) | markers_of(languages[1])
    one, other = (
        pl.DataFrame({"key": addresses_without(held, markers), "at": np.arange(len(held))}).filter(
            (pl.col("key") != "") & pl.col("key").is_unique()
        )
        for held in (first, second)
    )
    found = one.join(other, on="key", suffix="_other").sort("at")
    return Match(found["at"].to_numpy(), found["at_other"].to_numpy(), np.ones(found.height))


def by_content(first: pl.Series, second: pl.Series, lexicon: Lexicon | None, least: float) -> Match:
    """Documents whose words are alike, one to one, the likest first.

    Alike is the cosine of counts (square roots) weighted by rarity (Salton's idf); words of the first collection
    count as what the lexicon translates them into, and all words as themselves: without a lexicon names and numbers
    tell. Pairs below `least` are left out.
    """
    foldings = lexicon.foldings if lexicon is not None else (Folding(), Folding())
    one, other = (_words(held, folding) for held, folding in zip((first, second), foldings, strict=True))
    if lexicon is not None:
        one = pl.concat([one, _translated(one, lexicon)]).group_by("document", "word").agg(pl.col("count").sum())
    rarity = _rarity(other, len(second))
    sides = [_weighted(held, rarity) for held in (one, other)]
    found = sides[0].join(sides[1], on="word", suffix="_other")
    found = found.group_by("document", "document_other").agg(score=(pl.col("weight") * pl.col("weight_other")).sum())
    found = found.filter(pl.col("score") >= least).sort(
        "score", "document", "document_other", descending=[True, False, False]
    )
    return _one_to_one(found)


def _words(texts: pl.Series, folding: Folding) -> pl.DataFrame:
    """Words of each document with their counts; punctuation is left out."""
    whole = texts.fill_null("")
    # A lexicon looks at the beginnings of long sentences only: documents are taken line by line.
    lines = pl.DataFrame({"document": np.arange(len(whole)), "text": whole.str.split("\n")}).explode("text")
    held = tokenised(lines["text"], folding)
    owner = np.repeat(lines["document"].to_numpy(), np.diff(held.starts))
    kept = held.kinds != SIGN
    words = pl.DataFrame({"document": owner[kept], "word": held.hashes[kept]})
    return words.group_by("document", "word").agg(count=pl.len().cast(pl.Float64))


def _translated(words: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    cells = lexicon.cells[0]
    source = np.repeat(np.arange(len(cells.starts) - 1), np.diff(cells.starts))
    table = pl.DataFrame({"from": source, "to": cells.target, "value": cells.value}).filter(pl.col("from") > 0)
    table = table.filter(pl.col("value").rank("ordinal", descending=True).over("from") <= _CANDIDATES)
    table = table.select(
        word=lexicon.vocabularies[0].hashes[table["from"].to_numpy() - 1],
        told=lexicon.vocabularies[1].hashes[table["to"].to_numpy() - 1],
        value="value",
    )
    found = words.join(table, on="word")
    return found.group_by("document", pl.col("told").alias("word")).agg(
        count=(pl.col("count") * pl.col("value").cast(pl.Float64)).sum()
    )


def _rarity(words: pl.DataFrame, documents: int) -> pl.DataFrame:
    met = words.group_by("word").agg(documents=pl.len())
    met = met.filter(pl.col("documents") <= max(_COMMON * documents, _MANY))
    return met.select("word", rarity=(1 + documents / pl.col("documents")).log())


def _weighted(words: pl.DataFrame, rarity: pl.DataFrame) -> pl.DataFrame:
    held = words.join(rarity, on="word").with_columns(weight=pl.col("count").sqrt() * pl.col("rarity"))
    # The sums are taken in one order, whatever order the join has.
    held = held.sort("document", "word")
    return held.select(
        "document", "word", weight=pl.col("weight") / pl.col("weight").pow(2).sum().sqrt().over("document")
    )


def _one_to_one(found: pl.DataFrame) -> Match:
    """The likest pair, then the likest of what is left, and so on."""
    seen: tuple[set[int], set[int]] = (set(), set())
    kept = []
    for one, other, score in found.iter_rows():
        if one not in seen[0] and other not in seen[1]:
            seen[0].add(one)
            seen[1].add(other)
            kept.append((one, other, score))
    kept.sort()
    columns = np.array(kept, np.float64).reshape(-1, 3)
    return Match(columns[:, 0].astype(np.int64), columns[:, 1].astype(np.int64), columns[:, 2])
