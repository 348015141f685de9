"""Pairs of two languages from pairs of each with a third: joined on the sentence that they have in common."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.model.languages import normalise
from weft.operators.contract import BatchFunction, operator
from weft.synthesize.making import PARENT, WRITES, FileLicense, Making, Parent, Part, licences_of, parents

NAME, VERSION = "synthesize.pivot_join", 1
_KEY = "key"
Match = Literal["exact", "normalised", "caseless"]


@operator(NAME, version=VERSION, reads=PARENT, writes=WRITES, rows="make", files_in=("pairs",))
def pivot_join(
    *,
    pivot: Annotated[str, Field(min_length=2)],
    pairs: str | None = None,
    pairs_license: FileLicense = None,
    match: Match = "normalised",
    most: Annotated[int, Field(ge=1, le=100)] = 4,
    only: list[str] | None = None,
    tag: str | None = None,
) -> BatchFunction:
    """Join pairs on their side in the language `pivot`: of (pivot, z) and (pivot, y) the pair z-y, both sides human.

    `pairs` is the file of the others: a table with a column for each language, named by its code, or JSON lines or
    Parquet with `translation`, as `weft pairs` reads them; rows that state no licence have `pairs_license`. Without
    `pairs`, and with it as well, a document of more than two sides gives a pair of every two of them. `match` is how
    pivot texts are compared: `exact`, `normalised` (NFC, white space) or `caseless`. A pivot text has at most `most`
    others of a language, the first of the file. `only` names the pairs that are wanted, such as `swh_Latn-yor_Latn`.
    With `tag`, a language, its side begins with the reserved tag `<PIV:code>`. All pairs of a pivot text have one unit
    for splitting, a hash of it, unless the document states one.
    """
    code = _code(pivot)
    wanted = None if only is None else frozenset(_pair_of(name) for name in only)
    licences_of(pairs=(pairs, pairs_license))  # each row has its own terms
    others = None if pairs is None else _others(Path(pairs), code, match, pairs_license)

    def make(batch: pa.Table) -> pa.Table:
        making = Making(batch, NAME, VERSION)
        given = []
        for parent in parents(batch):
            if parent.kind != "pair":
                making.none(parent.row, "not_a_pair", f"a document of kind {parent.kind}; expected pairs")
            elif code not in parent.sides:
                making.none(parent.row, "no_pivot", f"no side in {code}; it has {', '.join(sorted(parent.sides))}")
            else:
                given.append(parent)
        if given:
            _join(making, given, others, (code, match, most, wanted, tag))
        return making.table()

    return make


def _code(name: str) -> str:
    try:
        return normalise(name)
    except ValueError as error:
        raise WeftError(f"{NAME}: {error}; expected a code such as swh_Latn") from None


def _pair_of(name: str) -> frozenset[str]:
    codes = frozenset(_code(one.strip()) for one in name.split("-")) if name.count("-") == 1 else frozenset()
    if len(codes) != 2:
        raise WeftError(f"{NAME}: only: {name!r}; expected two languages, such as swh_Latn-yor_Latn")
    return codes


def _others(file: Path, pivot: str, match: Match, license: str | None) -> pl.DataFrame:
    """`key`, `place`, `language`, `other` and TERMS of every text of the file beside the pivot's."""
    from weft.parallel.multiway import compared
    from weft.parallel.multiway_files import Given, languages_in, read_units

    units = read_units(Given(file))
    codes = languages_in(units)
    if pivot not in codes:
        raise WeftError(f"{file}: no column {pivot}; it has {', '.join(codes)}")
    held = units.drop("id").unnest("translation").with_row_index("place")
    held = held.with_columns(
        compared(pl.col(pivot), match).alias(_KEY), pl.coalesce("license", pl.lit(license, pl.String))
    )
    held = held.filter(pl.col(_KEY).fill_null("") != "")
    texts = [
        held.filter(pl.col(name).is_not_null()).select(
            _KEY, "place", pl.lit(name).alias("language"), pl.col(name).alias("other"), *_terms_of(name)
        )
        for name in codes
        if name != pivot
    ]
    if not texts:
        raise WeftError(f"{file}: the one language {pivot}; expected another beside it")
    rows = pl.concat(texts)
    return rows.unique([_KEY, "language", "other"], keep="first", maintain_order=True)


def _terms_of(code: str) -> list[pl.Expr]:
    from weft.parallel.multiway import TERMS
    from weft.parallel.multiway_files import side_fact

    return [pl.coalesce(side_fact(code, term), pl.col(term).cast(pl.String)).alias(term) for term in TERMS]


def _join(making: Making, given: list[Parent], others: pl.DataFrame | None, settings: tuple[Any, ...]) -> None:
    from weft.parallel.multiway import compared, group_ids

    pivot, match, most, wanted, tag = settings
    asked = pl.DataFrame({"n": range(len(given)), "text": [parent.sides[pivot] for parent in given]})
    asked = asked.select("n", compared(pl.col("text"), match).alias(_KEY))
    units = group_ids(pivot, asked[_KEY]).to_list()
    found: dict[int, list[dict[str, Any]]] = {}
    if others is not None:
        joined = asked.join(others, on=_KEY).sort("n", "language", "place")
        joined = joined.filter(pl.int_range(pl.len()).over("n", "language") < most)
        for row in joined.iter_rows(named=True):
            found.setdefault(row["n"], []).append(row)
    for n, parent in enumerate(given):
        own = {code: text for code, text in parent.sides.items() if code != pivot and text.strip()}
        made = 0
        for one, other in combinations(sorted(parent.sides), 2) if len(own) > 1 else ():
            sides = {one: parent.sides[one], other: parent.sides[other]}
            made += _record(making, parent, sides, (pivot, units[n], wanted, tag), None)
        for row in found.get(n, ()):
            for code, text in sorted(own.items()):
                sides = {code: text, row["language"]: row["other"]}
                made += _record(making, parent, sides, (pivot, units[n], wanted, tag), row)
        if not made:
            making.none(parent.row, "no_match", "no other text for its pivot text, or none in a wanted language")


def _record(
    making: Making, parent: Parent, sides: Mapping[str, str], settings: tuple[Any, ...], row: dict[str, Any] | None
) -> int:
    """Adds the pair where it is of two languages and wanted; returns how many were added."""
    pivot, unit, wanted, tag = settings
    if len(sides) < 2 or (wanted is not None and frozenset(sides) not in wanted):
        return 0
    parts = []
    for code, text in sides.items():
        parts.append(Part("translation", f"<PIV:{pivot}> {text}" if code == tag else text, code))
    note = {"pivot": pivot, "row": None if row is None else row["place"] + 1}
    terms = [] if row is None else [_terms(row)]
    making.record(
        parent.row,
        "pair",
        parts,
        language=parts[-1].language,
        skill="translation",
        note=note,
        beside=terms,
        group_id=unit,
    )
    return 1


def _terms(row: Mapping[str, Any]) -> dict[str, Any]:
    stated = {"true": True, "false": False}.get(str(row["redistribute"]).lower())
    return {"license": row["license"] or "unknown", "consent": row["consent"], "redistribute": stated}
