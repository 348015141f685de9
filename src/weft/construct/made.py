"""What of a release a machine made: counts by language, recipe, model and licence, for card and Croissant metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
import pyarrow as pa

from weft.construct.card_text import table
from weft.construct.kinds import language as place
from weft.construct.summary import KEPT, amounts
from weft.govern.provenance import provenance

_SUMS = ("documents", "bytes", "tokens")
MADE: dict[str, type[pl.DataType]] = {
    **dict.fromkeys(("language", "recipe", "model", "made", "relation", "license", "verdicts", "reviewed"), pl.String),
    **dict.fromkeys(_SUMS, pl.Int64),
}
"""Kept machine-made documents. `recipe` is name@version, `model` null where none was asked, `verdicts` those of the
gates, `reviewed` what people said of the recipe in the language (JSON)."""


def count_made(frame: pl.DataFrame) -> pl.DataFrame:
    """MADE of a shard's kept rows with `meta`, `license` and what `summary.count` reads."""
    told = provenance(frame["meta"].cast(pl.String))
    known = told["recipe"].is_not_null()
    if not known.any():
        return pl.DataFrame(schema=MADE)
    rows, told = frame.filter(known), told.filter(known)
    recipe = told.select(pl.concat_str("recipe", pl.lit("@"), "version", ignore_nulls=True)).to_series()
    rows = rows.with_columns(place(rows).alias("language"), pl.col("license").fill_null("unknown"))
    rows = rows.with_columns(
        recipe.alias("recipe"), *(told[name] for name in ("model", "made", "relation", "verdicts", "reviewed"))
    )
    names = [name for name in MADE if name not in _SUMS]
    counted = rows.group_by(names).agg(amounts(rows))
    return counted.select(list(MADE)).cast(MADE).sort(names)  # type: ignore[arg-type]


def merge_made(tables: Iterable[pa.Table | pl.DataFrame]) -> pl.DataFrame:
    """One MADE table from those of several shards."""
    frames = [t if isinstance(t, pl.DataFrame) else pl.DataFrame(pl.from_arrow(t)) for t in tables]
    every = pl.concat([pl.DataFrame(schema=MADE), *(frame.cast(MADE) for frame in frames)])  # type: ignore[arg-type]
    names = [name for name in MADE if name not in _SUMS]
    return every.group_by(names).agg(pl.col(_SUMS).sum()).sort(names).select(list(MADE))


def made_text(made: pl.DataFrame, counts: pl.DataFrame, names: Mapping[str, str]) -> str:
    """The card's section; `counts` is the merged COUNT table, `names` are languages and places for people."""
    parts = [
        "These documents, or parts of them, were made by programs out of the text of the sources. `meta` of each says "
        "by what, from which documents, and how it was judged, under `synthetic`. Other text was gathered: whether "
        "machines had a part in it is not known.",
        table(("where", "name", "machine-made", "of all", "share of bytes"), list(_shares(made, counts, names))),
        table(("where", "recipe", "model", "machine-made part", "what it is", "licence", "documents"), _recipes(made)),
    ]
    if gates := gate_counts(made):
        rows = [(f"`{gate}`", f"{said.get('pass', 0):,}", f"{said.get('unjudged', 0):,}") for gate, said in gates]
        parts += ["What the gates said of them:", table(("gate", "passed", "could not judge"), rows)]
    return "\n\n".join([*parts, _people(made)])


def _shares(made: pl.DataFrame, counts: pl.DataFrame, names: Mapping[str, str]) -> Iterable[tuple[str, ...]]:
    kept = {row["language"]: row for row in counts.filter(pl.col("rule") == KEPT).iter_rows(named=True)}
    for row in made.group_by("language").agg(pl.col("documents", "bytes").sum()).sort("language").iter_rows(named=True):
        whole = kept.get(row["language"], row)
        share = f"{row['bytes'] / whole['bytes']:.1%}" if whole["bytes"] else ""
        name = names.get(row["language"], "")
        yield f"`{row['language']}`", name, f"{row['documents']:,}", f"{whole['documents']:,}", share


def _recipes(made: pl.DataFrame) -> list[tuple[str, ...]]:
    keys = ["language", "recipe", "model", "made", "relation", "license"]
    rows = made.group_by(keys).agg(pl.col("documents").sum()).sort(keys)
    return [
        (f"`{code}`", f"`{recipe}`", model or "none", part or "", relation or "", license, f"{documents:,}")
        for code, recipe, model, part, relation, license, documents in rows.iter_rows()
    ]


def gate_counts(made: pl.DataFrame) -> list[tuple[str, dict[str, int]]]:
    """Documents by what each gate (name@version) said of them."""
    said = made.select(pl.col("verdicts").str.split("+").alias("said"), "documents").drop_nulls().explode("said")
    found: dict[str, dict[str, int]] = {}
    for each, documents in said.group_by("said").agg(pl.col("documents").sum()).sort("said").iter_rows():
        gate, _, verdict = each.rpartition(" ")
        found.setdefault(gate, {})[verdict] = documents
    return list(found.items())


def judged(made: pl.DataFrame) -> list[tuple[str, str, int, dict[str, Any]]]:
    """Language, recipe, documents, and what people said of them; nothing where nobody was asked."""
    rows = made.group_by("language", "recipe", "reviewed").agg(pl.col("documents").sum())
    return [
        (code, recipe, documents, _object(reviewed))
        for code, recipe, reviewed, documents in rows.sort("language", "recipe", "reviewed").iter_rows()
    ]


def _object(text: str | None) -> dict[str, Any]:
    try:
        held = json.loads(text) if text else {}
    except ValueError:
        return {}
    return held if isinstance(held, dict) else {}


def said_by_people(told: Mapping[str, Any]) -> str:
    """Accepted of rated and the interval; how it is said that nobody rated."""
    if not told.get("rated"):
        return "not rated by people"
    interval = f", 95 % from {told['low']:.1%} to {told['high']:.1%}" if "low" in told and "high" in told else ""
    return f"{told.get('accepted', 0):,} of {told['rated']:,} accepted{interval}"


def _people(made: pl.DataFrame) -> str:
    held = judged(made)
    if not any(told.get("rated") for *_, told in held):
        return "No speaker of the languages has rated a sample of them."
    rows = [
        (f"`{code}`", f"`{recipe}`", f"{documents:,}", said_by_people(told)) for code, recipe, documents, told in held
    ]
    head = ("where", "recipe", "documents", "sample")
    return "What speakers said of a sample whose origin they were not told:\n\n" + table(head, rows)


def responsible(made: pl.DataFrame, documents: int) -> dict[str, Any]:
    """Properties of Croissant's RAI vocabulary 1.0: how much is machine-made, by what, and how it was judged."""
    tools = made.select("recipe", "model").unique().sort("recipe", "model").iter_rows()
    gates = [gate for gate, _ in gate_counts(made)]
    people = [f"{recipe} in {code}: {said_by_people(told)}" for code, recipe, _, told in judged(made)]
    number = int(made["documents"].sum())
    held = {
        "rai:dataCollection": f"{number:,} of {documents:,} documents and records hold machine-made text, made out of "
        "text of the sources; the field meta says by what under the key synthetic. The others were gathered.",
        "rai:machineAnnotationTools": [f"{recipe} with {model}" if model else str(recipe) for recipe, model in tools],
        "rai:dataPreprocessingProtocol": [f"Machine-made text was judged by the gate {gate}." for gate in gates],
        "rai:dataAnnotationAnalysis": people,
    }
    return {name: value for name, value in held.items() if value}
