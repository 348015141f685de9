"""Batches for training out of multi-way groups: each of one pair of languages, or of one set of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl

from weft.construct.allocate import fill, power
from weft.errors import WeftError
from weft.parallel.multiway_files import Given, languages_in, read_units
from weft.text.batching import filled
from weft.text.buffers import Longs
from weft.text.sides import named_keys
from weft.tokenizer.unreadable import Unreadable

Unit = Literal["pair", "set"]
Last = Literal["keep", "drop", "fill"]
UNITS: tuple[Unit, ...] = ("pair", "set")
LASTS: tuple[Last, ...] = ("keep", "drop", "fill")
Tell = Callable[[str, int, int | None], None]
ENDINGS = (".jsonl", ".parquet")
_POOL = 4096
"""Rows that are sorted by length before batches are filled by tokens: neighbours are padded less."""


@dataclass(frozen=True)
class Plan:
    """What batches are made of, and how: `size` rows, or at most `tokens` padded places by the tokenizer.

    `temperature` is the power of its size by which a language pair counts. `batches` null: as many as one pass over
    everything has.
    """

    file: Given
    into: Path
    unit: Unit = "pair"
    size: int | None = None
    tokens: int | None = None
    tokenizer: Any = None
    temperature: float = 1.0
    batches: int | None = None
    last: Last = "keep"
    seed: int = 1
    source: str | None = None
    target: str | None = None


class _Kind(NamedTuple):
    """Rows of a file of groups that have a pair (source, target) or are of a set of languages."""

    codes: tuple[str, ...]
    rows: Longs

    @property
    def name(self) -> str:
        return "-".join(self.codes)


def make_batches(plan: Plan, tell: Tell, left: Unreadable | None = None) -> dict[str, Any]:
    """Write the batches and return counts. The same bytes for the same file, seed and options.

    The file is in memory; `left` takes its rows that cannot be read. Raises WeftError for what a person can mend.
    """
    if plan.into.suffix not in ENDINGS or not plan.into.resolve().parent.is_dir():
        raise WeftError(f"--into {plan.into}: expected a file named {' or '.join(ENDINGS)} in a folder that exists")
    tell("read", 0, None)
    units = read_units(plan.file, left)
    codes = languages_in(units)
    row = pl.format("{}#{}", pl.lit(plan.file.file.name), pl.int_range(1, pl.len() + 1))
    groups = units.with_columns(id=pl.coalesce("id", row)).unnest("translation")
    kinds = _kinds(groups, codes, plan)
    tokens = _tokens(groups, codes, plan, tell)
    first = {kind.name: _passed(kind, groups, tokens, plan, 0) for kind in kinds}
    natural = {name: _count(frame) for name, frame in first.items()}
    wanted = shares(natural, plan.temperature, sum(natural.values()) if plan.batches is None else plan.batches)
    parts = []
    for n, kind in enumerate(kinds):
        tell("batches", n, len(kinds))
        parts.append(_drawn(kind, wanted[kind.name], first[kind.name], groups, tokens, plan))
    table = _in_order(parts, plan)
    if not table.height:
        raise WeftError(f"{plan.file.file}: not enough rows for a batch; expected a smaller batch, or --last keep")
    _write(_with_texts(table, groups, kinds, plan), plan.into)
    return {
        "batches": _count(table),
        "rows": table.height,
        "kinds": {
            kind.name: {
                "rows": len(kind.rows),
                "batches": wanted[kind.name],
                "passes": round(part.height / len(kind.rows), 3),
            }
            for kind, part in zip(kinds, parts, strict=True)
        },
        "into": str(plan.into),
    }


def shares(natural: dict[str, int], temperature: float, total: int) -> dict[str, int]:
    """`total` batches by kind: proportional to size to the power `temperature`, by largest remainders."""
    if not any(natural.values()):
        return dict.fromkeys(natural, 0)
    parts = fill(Fraction(total), {name: power(size, temperature) for name, size in natural.items()})
    whole = {name: floor(part) for name, part in parts.items()}
    left = sorted(parts, key=lambda name: (whole[name] - parts[name], name))
    for name in left[: total - sum(whole.values())]:
        whole[name] += 1
    return whole


def _kinds(groups: pl.DataFrame, codes: Sequence[str], plan: Plan) -> list[_Kind]:
    """All pairs of languages, in both directions, or all sets, that some row has."""
    there = groups.select(pl.col(code).is_not_null() for code in codes).to_numpy()
    for option, code in (("--source", plan.source), ("--target", plan.target)):
        if code is not None and (code not in codes or plan.unit == "set"):
            what = "it goes with pairs" if plan.unit == "set" else f"the file has {', '.join(codes)}"
            raise WeftError(f"{option} {code}: {what}")
    if plan.unit == "pair":
        pairs = [(n, m) for n in range(len(codes)) for m in range(len(codes)) if n != m]
        pairs = [(n, m) for n, m in pairs if plan.source in (None, codes[n]) and plan.target in (None, codes[m])]
        found = [_Kind((codes[n], codes[m]), np.flatnonzero(there[:, n] & there[:, m])) for n, m in pairs]
    else:
        sets, place = np.unique(there, axis=0, return_inverse=True)
        found = [
            _Kind(tuple(code for code, yes in zip(codes, one, strict=True) if yes), np.flatnonzero(place.ravel() == k))
            for k, one in enumerate(sets)
            if one.sum() > 1
        ]
    kept = sorted((kind for kind in found if len(kind.rows)), key=lambda kind: kind.codes)
    if not kept:
        raise WeftError(f"{plan.file.file}: no row has the languages asked for; it has {', '.join(codes)}")
    return kept


def _tokens(groups: pl.DataFrame, codes: Sequence[str], plan: Plan, tell: Tell) -> dict[str, Longs]:
    """Tokens of each text by language; nothing where batches are of so many rows."""
    if plan.tokenizer is None:
        return {}
    from weft.tokenizer.loaded import encoded

    found = {}
    for n, code in enumerate(codes):
        tell("tokens", n, len(codes))
        found[code] = encoded(plan.tokenizer, groups[code].to_list())[0]
    return found


def _passed(kind: _Kind, groups: pl.DataFrame, tokens: dict[str, Longs], plan: Plan, number: int) -> pl.DataFrame:
    """`batch` (from 0) and `row` of one pass over the rows of a kind, drawn by the seed."""
    names = pl.select(pl.lit(f"batches {plan.seed} {kind.name} {number} ") + groups["id"].gather(kind.rows)).to_series()
    order = kind.rows[np.lexsort((kind.rows, named_keys(names).to_numpy()))]
    if plan.size is not None:
        batch = np.arange(len(order)) // plan.size
        if plan.last == "fill" and len(order) % plan.size:
            order = np.concatenate([order, _more(kind, groups, plan, number, order)])
            batch = np.arange(len(order)) // plan.size
        if plan.last == "drop":
            kept = len(order) - len(order) % plan.size
            order, batch = order[:kept], batch[:kept]
    else:
        sizes = np.column_stack([tokens[code] for code in kind.codes])
        pool = np.arange(len(order)) // _POOL
        order = order[np.lexsort((sizes[order].sum(1), pool))]
        batch = filled(sizes[order], plan.tokens or 1)
        if plan.last == "drop":
            order, batch = order[batch < batch[-1]], batch[batch < batch[-1]]
    return pl.DataFrame({"batch": batch, "row": order}, {"batch": pl.Int64, "row": pl.Int64})


def _more(kind: _Kind, groups: pl.DataFrame, plan: Plan, number: int, order: Longs) -> Longs:
    """Rows that fill the last batch: drawn anew, and none that it has already."""
    size = plan.size or 1
    short = len(order) % size
    again = _passed(kind, groups, {}, replace(plan, last="keep"), -1 - number)["row"].to_numpy()
    return again[~np.isin(again, order[len(order) - short :])][: size - short]


def _drawn(
    kind: _Kind, wanted: int, first: pl.DataFrame, groups: pl.DataFrame, tokens: dict[str, Longs], plan: Plan
) -> pl.DataFrame:
    """So many batches of a kind, pass after pass; `kind` is its name."""
    parts, count, number = [], 0, 0
    while count < wanted:
        frame = first if number == 0 else _passed(kind, groups, tokens, plan, number)
        # Of a pass that is not needed whole, any batches: those filled by length would be the short ones.
        batches = pl.DataFrame({"batch": np.arange(_count(frame))})
        names = pl.select(pl.format("{} {} {}", pl.lit(kind.name), pl.lit(number), batches["batch"])).to_series()
        keys = named_keys(names).to_numpy() ^ np.uint64(plan.seed)
        chosen = batches[np.lexsort((batches["batch"].to_numpy(), keys))].head(wanted - count)
        chosen = chosen.with_row_index("new", count)
        parts.append(frame.join(chosen, on="batch", maintain_order="left").select(pl.col("new").alias("batch"), "row"))
        count, number = count + chosen.height, number + 1
    kinds = {"batch": pl.Int64, "row": pl.Int64}
    made = pl.concat([pl.DataFrame(schema=kinds), *(part.cast(pl.Int64) for part in parts)])
    return made.with_columns(kind=pl.lit(kind.name))


def _in_order(parts: Sequence[pl.DataFrame], plan: Plan) -> pl.DataFrame:
    """All batches, numbered from 1 in an order that is drawn by the seed; rows stay in their order."""
    rows = pl.concat(parts)
    batches = rows.select("kind", "batch").unique().sort("kind", "batch")
    names = batches.select(pl.format("order {} {} {}", pl.lit(plan.seed), "kind", "batch")).to_series()
    batches = batches.with_columns(named_keys(names)).sort("key", "kind", "batch").with_row_index("number", 1)
    held = rows.with_row_index("place").join(batches.drop("key"), on=["kind", "batch"])
    return held.sort("number", "place").select(pl.col("number").cast(pl.Int64).alias("batch"), "kind", "row")


def _with_texts(table: pl.DataFrame, groups: pl.DataFrame, kinds: Sequence[_Kind], plan: Plan) -> pl.DataFrame:
    """The rows with their languages, texts, `id` and `group_id`."""
    codes = {kind.name: kind.codes for kind in kinds}
    parts = []
    for (name,), rows in table.with_row_index("place").group_by("kind", maintain_order=True):
        held = groups[rows["row"].to_numpy()]
        own = codes[str(name)]
        if plan.unit == "pair":
            texts: dict[str, Any] = {"source_language": pl.lit(own[0]), "target_language": pl.lit(own[1])}
            texts |= {"source": held[own[0]], "target": held[own[1]]}
        else:
            listed = pl.Series([list(own)]).new_from_index(0, held.height)
            every = [held[code] if code in own else pl.lit(None, pl.String).alias(code) for code in _all(kinds)]
            texts = {"languages": listed, "translation": pl.struct(every)}
        parts.append(
            rows.select("place", "batch", **texts, id=held["id"], group_id=held["group_id"].fill_null(held["id"]))
        )
    return pl.concat(parts).sort("place").drop("place")


def _all(kinds: Sequence[_Kind]) -> list[str]:
    return sorted({code for kind in kinds for code in kind.codes})


def _count(rows: pl.DataFrame) -> int:
    return rows["batch"].n_unique()


def _write(rows: pl.DataFrame, into: Path) -> None:
    part = into.with_name(f".{into.name}.part")
    try:
        if into.suffix == ".parquet":
            rows.write_parquet(part, statistics=False)
        else:
            rows.write_ndjson(part)
        part.replace(into)
    except OSError as error:
        raise WeftError(f"{into}: cannot be written: {error.strerror or error}") from error
