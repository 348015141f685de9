"""Multi-way groups: texts in many languages that translate one another, from pairs with one text in common; and back.

A group is a row. Its `id` is a hash of the pivot text, so it stays as it is when files are added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import polars as pl
import pyarrow as pa

from weft.parallel.multiway_files import json_object, json_text, languages_in, side_fact

Match = Literal["exact", "normalised", "caseless"]
Several = Literal["further", "first", "none"]
MATCHES: tuple[Match, ...] = ("exact", "normalised", "caseless")
SEVERAL: tuple[Several, ...] = ("further", "first", "none")
TERMS = ("license", "consent", "redistribute")
_FACTS = (*TERMS, "source", "row", "id")
"""Of a side: its terms, and the file, row and id that it comes from."""


class Rule(NamedTuple):
    """How pivot texts are compared, and what becomes of further translations of one text into one language.

    `exact`: as they stand. `normalised`: in NFC, runs of white space as one space, none at the ends. `caseless`: in
    lower case as well. Several different translations make `further` groups, or the `first` stays, or `none` does.
    """

    pivot: str
    match: Match = "normalised"
    several: Several = "further"


def compared(text: pl.Expr, match: Match) -> pl.Expr:
    """A text as it is compared with others."""
    if match == "exact":
        return text
    plain = text.str.normalize("NFC").str.replace_all(r"\s+", " ").str.strip_chars()
    return plain.str.to_lowercase() if match == "caseless" else plain


def sides_of(units: pl.DataFrame, name: str, first: int, rule: Rule) -> pl.DataFrame:
    """A row for each text of the units that have the pivot and another language, the pivot's own included.

    Columns: `id` of the group, `place` (number of the unit, from `first` on), `language`, `text`, TERMS, `group`, and
    `side`, what is known of the text as JSON; `name` is that of the file.
    """
    codes = languages_in(units)
    held = units.unnest("translation").rename({"id": "id_given"}).with_row_index("row", 1)
    keys = held[[rule.pivot]].select(compared(pl.col(rule.pivot), rule.match).fill_null("").alias("key"))["key"]
    held = held.with_columns(id=group_ids(rule.pivot, keys))
    others = pl.any_horizontal(pl.col(code).is_not_null() for code in codes if code != rule.pivot)
    held = held.filter(pl.col(rule.pivot).is_not_null() & others)
    rows = []
    for code in codes:
        terms = {term: pl.coalesce(side_fact(code, term), pl.col(term)) for term in TERMS}
        facts = terms | {"source": pl.lit(name), "row": pl.col("row").cast(pl.String), "id": pl.col("id_given")}
        rows.append(
            held.filter(pl.col(code).is_not_null()).select(
                "id",
                pl.col("row").cast(pl.Int64).add(first - 1).alias("place"),
                pl.lit(code).alias("language"),
                pl.col(code).alias("text"),
                *(value.alias(term) for term, value in terms.items()),
                pl.col("group_id").alias("group"),
                _side(code, facts).alias("side"),
            )
        )
    return pl.concat(rows)


def group_ids(pivot: str, keys: pl.Series) -> pl.Series:
    """The id of the group of each pivot text, as `compared` gives it: 32 hex digits."""
    from weft.text.sides import named_keys

    parts = [named_keys("group " + pivot + half + keys) for half in (" a ", " b ")]
    return _hexadecimal(parts[0]) + _hexadecimal(parts[1])


def _side(code: str, otherwise: Mapping[str, pl.Expr]) -> pl.Expr:
    """What is known of a side as JSON: what `meta` says of it, and `otherwise` where it says nothing."""
    held = {name: side_fact(code, name) for name in _FACTS}
    held |= {name: pl.coalesce(held[name], value) for name, value in otherwise.items()}
    return json_object({name: v if name in ("redistribute", "row") else json_text(v) for name, v in held.items()})


def _hexadecimal(keys: pl.Series) -> pl.Series:
    raw = pa.py_buffer(keys.to_numpy().astype(">u8").tobytes())
    held = pa.Array.from_buffers(pa.binary(8), len(keys), [None, raw])
    return pl.Series(pl.from_arrow(held.cast(pa.large_binary()))).bin.encode("hex")


class Joined(NamedTuple):
    """Groups, and counts: pivot texts, translations that are there twice, texts with several translations into one
    language, and translations left out for that."""

    groups: pl.DataFrame
    pivots: int
    repeated: int
    several: int
    left_out: int


def joined(sides: pl.DataFrame, languages: Sequence[str], rule: Rule) -> Joined:
    """A row for each group of the texts of `sides_of`, all of the same pivot among them, in the order of their places.

    Columns: `place`, `id`, a text (or null) in each of `languages`, of TERMS lists of what the sides state (null where
    one is silent), `group` (a list), and `sides` (JSON by language). Translations that differ in nothing but NFC and
    white space are one.
    """
    told = sides.with_columns(same=compared(pl.col("text"), "normalised")).sort("id", "place", "language")
    pivots = told.filter(language=rule.pivot).unique("id", keep="first", maintain_order=True)
    texts = told.filter(pl.col("language") != rule.pivot)
    each = texts.unique(["id", "language", "same"], keep="first", maintain_order=True)
    each = each.with_columns(
        rank=pl.int_range(pl.len()).over("id", "language"), of=pl.len().over("id", "language")
    ).with_columns(rank=pl.col("rank").cast(pl.Int64))
    several = each.filter((pl.col("of") > 1) & (pl.col("rank") == 0)).height
    kept = each
    if rule.several == "first":
        kept = each.filter(rank=0)
    elif rule.several == "none":
        kept = each.filter(of=1)
    own = pivots.join(kept.select("id", "rank").unique(), on="id").drop("same")
    rows = pl.concat([own, kept.select(own.columns)]).sort("id", "rank", "language")
    first = rows.filter(pl.col("language") != rule.pivot).group_by("id", "rank").agg(pl.col("place").min())
    beside = rows.group_by("id", "rank", maintain_order=True).agg(
        *(pl.col(term) for term in TERMS),
        pl.col("group").drop_nulls().unique().sort(),
        pl.format('"{}":{}', "language", "side").str.join(",").alias("sides"),
    )
    wide = rows.pivot("language", on_columns=list(languages), index=["id", "rank"], values="text")
    made = wide.join(beside, on=["id", "rank"]).join(first, on=["id", "rank"])
    made = made.with_columns(
        id=pl.when(pl.col("rank") > 0).then(pl.format("{}-{}", "id", pl.col("rank") + 1)).otherwise(pl.col("id")),
        sides=pl.concat_str([pl.lit("{"), "sides", pl.lit("}")]),
    ).sort("place", "id")
    return Joined(made.drop("rank"), pivots.height, texts.height - each.height, several, each.height - kept.height)


def units_of_groups(ids: pl.Series, groups: pl.Series) -> pl.DataFrame:
    """`id` and `unit`: what belongs together of groups and of the names of groups (documents) that their rows state.

    `ids[n]` states the name `groups[n]`. All that names connect have one unit, the first of its names.
    """
    from weft.text.components import components

    pairs = pl.DataFrame({"id": ids, "group": groups}).unique().sort("group", "id")
    if not pairs.height:
        return pl.DataFrame(schema={"id": pl.String, "unit": pl.String})
    nodes = pairs.select(
        name=pl.col("group").rank("dense").cast(pl.Int64) - 1, own=pl.col("id").rank("dense").cast(pl.Int64) - 1
    )
    names = int(nodes["name"].max()) + 1  # type: ignore[arg-type]
    edges = nodes["name"].to_numpy(), nodes["own"].to_numpy() + names
    roots = components(names + int(nodes["own"].max()) + 1, *edges)  # type: ignore[arg-type]
    first = pairs["group"].unique().sort()
    return pairs.select("id").with_columns(unit=first.gather(roots[edges[1]])).unique("id").sort("id")


def pairs_of(groups: pl.DataFrame, one: str, other: str) -> pl.DataFrame:
    """The pairs of two languages in groups, as rows of the same layout: those of the groups that have both."""
    texts = [pl.col("translation").struct.field(code) for code in (one, other)]
    facts = {
        "match": json_text(pl.col("meta").str.json_path_match("$.match")),
        "pivot": json_text(pl.col("meta").str.json_path_match("$.pivot")),
        "sides": json_object({code: _side(code, {}) for code in (one, other)}),
    }
    return groups.filter(pl.all_horizontal(text.is_not_null() for text in texts)).select(
        pl.struct(text.alias(code) for text, code in zip(texts, (one, other), strict=True)).alias("translation"),
        "id",
        *(pl.concat_list([pl.coalesce(side_fact(c, t), pl.col(t)) for c in (one, other)]).alias(t) for t in TERMS),
        pl.coalesce("group_id", "id").alias("group_id"),
        json_object(facts).alias("meta"),
    )
