"""What people said of translations: a table of ratings as one score for each translation, higher is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from weft.errors import WeftError, nearest
from weft.evaluate import mqm
from weft.model.languages import normalise
from weft.parallel.pairs_file import TABLES
from weft.tokenizer.texts import Columns, form_of, table_of
from weft.tokenizer.unreadable import Unreadable

NAMES: Mapping[str, tuple[str, ...]] = {
    "source_language": ("source_language", "src_lang", "source_lang", "sl"),
    "target_language": ("target_language", "tgt_lang", "target_lang", "tl"),
    "source": ("source", "src", "original", "source_text"),
    "translation": ("translation", "target", "tgt", "mt", "hypothesis", "output", "target_text", "target_with_v_span"),
    "score": ("score", "da_z_mean", "z_mean", "z", "da_mean", "mean", "rating", "da", "esa", "mos", "mqm"),
    "rater": ("rater", "annotator", "annotator_id", "rater_id"),
    "domain": ("domain",),
    "document": ("document", "doc", "doc_id", "docid", "article", "cluster"),
    "model_score": ("model_score", "model_scores"),
}
"""Our columns, and what they may be called; the first that a table has."""
KINDS: Mapping[str, tuple[float, float]] = {
    "da": (0.0, 100.0),
    "esa": (0.0, 100.0),
    "mos": (1.0, 5.0),
    "mqm": (-float("inf"), 0.0),
    "z": (-float("inf"), float("inf")),
}
"""Kinds of scores and their least and most: higher is better in all, an MQM score is minus the weight of the errors."""
_LARGEST = 1e6
"""A score beyond is no rating, whatever the scale."""
ITEM = ("source_language", "target_language", "source", "translation")
_KEPT = (*ITEM, "score", "domain", "document", "model_score")


@dataclass(frozen=True)
class Ratings:
    """`frame` has ITEM, `score`, and `domain`, `document` and `model_score` where the table has; `kind` is of KINDS.

    `facts` say how many rows were read, left out, and put together.
    """

    frame: pl.DataFrame
    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def read_table(file: Path, left: Unreadable | None = None) -> pl.DataFrame:
    """All rows and columns of a table. Raises WeftError for a file that is none."""
    if form_of(file) not in TABLES:
        raise WeftError(f"{file}: expected a table: {', '.join(TABLES)}, packed or not")
    if not file.is_file():
        raise WeftError(f"{file}: no such file; expected a table in {', '.join(TABLES)}")
    if form_of(file) == ".parquet":
        try:
            held = tuple(pl.read_parquet_schema(file))
        except (OSError, pl.exceptions.PolarsError) as error:
            raise WeftError(f"{file}: no Parquet: {str(error).splitlines()[0]}; expected a table") from None
        return table_of(file, Columns(text=held[0], more=held))
    return table_of(file, Columns(text="source"), left=left)


def named(
    file: Path, table: pl.DataFrame, languages: tuple[str, str] | None, columns: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """The rows of a table under our names, languages as codes; other columns keep theirs.

    `columns` names columns by our names where they are called otherwise, `languages` are of a table that has no columns
    of them. Raises WeftError for columns that are missing and languages that are not known.
    """
    given = columns or {}
    found = {ours: _found(file, table, ours, given.get(ours)) for ours in NAMES}
    lacking = [name for name in ("source", "translation") if found[name] is None]
    lacking += [name for name in ITEM[:2] if found[name] is None and languages is None]
    if lacking:
        raise WeftError(
            f"{file}: no column {' or '.join(lacking)}; expected "
            + "; ".join(f"{name}: {', '.join(NAMES[name])}" for name in lacking)
            + f"; it has {', '.join(table.columns)[:200]}"
        )
    for theirs in (one for one in found.values() if one is not None):
        if table.schema[theirs].is_nested():
            raise WeftError(f"{file}: column {theirs} holds lists or objects; expected one text or number in each row")
    made = [pl.col(theirs).alias(ours) for ours, theirs in found.items() if theirs is not None]
    taken = set(found.values())
    rest = [name for name in table.columns if name not in taken and name not in found]
    frame = table.select(*made, *rest).with_columns(pl.col("source", "translation").cast(pl.String).fill_null(""))
    if languages is not None:
        return frame.with_columns(**{name: pl.lit(code) for name, code in zip(ITEM[:2], languages, strict=True)})
    return _coded(file, frame)


def _found(file: Path, table: pl.DataFrame, ours: str, given: str | None) -> str | None:
    if given is not None:
        if given not in table.columns:
            raise WeftError(f"{file}: no column {given!r}; it has {', '.join(table.columns)[:200]}"
                            f"{nearest(given, table.columns)}")  # fmt: skip
        return given
    folded = {name.casefold(): name for name in reversed(table.columns)}
    return next((folded[name] for name in NAMES[ours] if name in folded), None)


def _coded(file: Path, frame: pl.DataFrame) -> pl.DataFrame:
    """Languages as they are called in weft; each name is looked at once."""
    codes: dict[str | None, str | None] = {}
    for name in ITEM[:2]:
        for given in frame[name].cast(pl.String).unique().to_list():
            try:
                codes[given] = None if given is None else normalise(given.strip())
            except ValueError as error:
                raise WeftError(f"{file}: column {name}: {error}") from None
    return frame.with_columns(
        pl.col(name).cast(pl.String).replace_strict(codes, return_dtype=pl.String) for name in ITEM[:2]
    )


def read_ratings(
    file: Path,
    kind: str | None = None,
    *,
    languages: tuple[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    left: Unreadable | None = None,
) -> Ratings:
    """The ratings of a file, one row for each translation of a source.

    A rating of each rater in a row of its own is made z of that rater (DA z: `(s - mean) / deviation`, mean over the
    raters); a table with `category` and `severity` and without a score has MQM errors, of which scores are made. MQM
    scores that are all 0 and more are penalties, and are turned. `kind` is guessed where it is None: from the column's
    name, else from the least and the most. Raises WeftError for scores outside of their kind.
    """
    if kind is not None and kind not in KINDS:
        raise WeftError(f"--kind {kind}: expected one of {', '.join(KINDS)}{nearest(kind, list(KINDS))}")
    table = read_table(file, left)
    frame = named(file, table, languages, columns)
    facts: dict[str, Any] = {"rows": frame.height}
    if "score" not in frame.columns and {"category", "severity"} <= set(frame.columns):
        try:
            kind, frame = "mqm", _of_errors(frame)
        except WeftError as error:
            raise WeftError(f"{file}: {error}") from None
    if "score" not in frame.columns:
        raise WeftError(f"{file}: no column of scores; expected one of {', '.join(NAMES['score'])}, or --score COLUMN")
    frame = _numbers(file, frame, facts)
    kind = kind or _guessed(_found(file, table, "score", (columns or {}).get("score")) or "", frame["score"])
    frame = _checked(file, frame, kind, facts)
    if "rater" in frame.columns and frame["rater"].n_unique() > 1:
        frame, kind = _of_raters(frame), "z"
        facts["raters"] = "z of each rater, mean over raters"
    means = [pl.col(name).mean() for name in ("score", "model_score") if name in frame.columns]
    first = [pl.col(name).first() for name in ("domain", "document") if name in frame.columns]
    whole = frame.group_by(*ITEM, maintain_order=True).agg(*means, *first)
    facts["translations"] = whole.height
    return Ratings(whole.select(name for name in _KEPT if name in whole.columns), kind, facts)


def _numbers(file: Path, frame: pl.DataFrame, facts: dict[str, Any]) -> pl.DataFrame:
    """Rows with both texts and a score that is a number; the others are counted."""
    for name in ("score", "model_score"):
        if name in frame.columns:
            frame = frame.with_columns(pl.col(name).cast(pl.Float64, strict=False))
    there = pl.col("score").is_finite().fill_null(value=False)
    for name in ("source", "translation"):
        there &= pl.col(name).str.strip_chars() != ""
    kept = frame.filter(there & pl.all_horizontal(pl.col(ITEM[0], ITEM[1]).is_not_null()))
    facts["left_out"] = frame.height - kept.height
    odd = kept.filter(pl.col("score").abs() > _LARGEST)
    if odd.height:
        raise WeftError(
            f"{file}: a score of {odd['score'][0]:g} in {odd.height:,} rows; expected none above {_LARGEST:g}"
        )
    if not kept.height:
        raise WeftError(f"{file}: no row with a source, a translation and a score that is a number")
    return kept


def _guessed(name: str, scores: pl.Series) -> str:
    folded = name.casefold()
    if "z" in folded.split("_"):
        return "z"
    for kind in ("esa", "mos", "mqm", "da"):
        if kind in folded.split("_"):
            return kind
    least, most = float(scores.min()), float(scores.max())  # type: ignore[arg-type]
    if least >= 1 and most <= 5:
        return "mos"
    if least >= 0 and 5 < most <= 100:
        return "da"
    return "mqm" if most <= 0 else "z"


def _checked(file: Path, frame: pl.DataFrame, kind: str, facts: dict[str, Any]) -> pl.DataFrame:
    """Scores within the bounds of their kind; MQM penalties turned to scores."""
    if kind == "mqm" and float(frame["score"].min()) >= 0 and float(frame["score"].max()) > 0:  # type: ignore[arg-type]
        frame = frame.with_columns(-pl.col("score"))
        facts["turned"] = "penalties to scores"
    least, most = KINDS[kind]
    wrong = frame.filter((pl.col("score") < least) | (pl.col("score") > most))
    if wrong.height:
        raise WeftError(
            f"{file}: a score of {wrong['score'][0]:g} in {wrong.height:,} rows; expected {least:g} to {most:g} for "
            f"--kind {kind} (kinds: {', '.join(KINDS)})"
        )
    return frame


def _of_raters(frame: pl.DataFrame) -> pl.DataFrame:
    """Scores as deviations from the mean of their rater in the rater's standard deviations; 0 of one who never varies.

    By language pair: a rater of two languages has two scales.
    """
    own = [*ITEM[:2], "rater"]
    spread = pl.col("score").std(ddof=0).over(own)
    z = (pl.col("score") - pl.col("score").mean().over(own)) / spread
    return frame.with_columns(pl.when(spread > 0).then(z).otherwise(0.0).alias("score"))


def _of_errors(frame: pl.DataFrame) -> pl.DataFrame:
    """A row for each translation with its MQM score, of rows of errors (`evaluate.mqm`).

    Marks of where an error begins and ends, `<v>` and `</v>` in the published files, are no part of a text.
    """
    frame = frame.with_columns(pl.col("source", "translation").str.replace_all("</?v>", ""))
    item = pl.struct(ITEM).rank("dense")
    marked = frame.with_columns(
        segment=item, system=pl.lit(""), rater=pl.col("rater") if "rater" in frame.columns else pl.lit("")
    )
    scores = mqm.segment_scores(marked.select(mqm.COLUMNS)).select("segment", "score")
    kept = [name for name in (*ITEM, "domain", "document", "model_score") if name in frame.columns]
    first = marked.group_by("segment", maintain_order=True).agg(pl.col(kept).first())
    return first.join(scores, on="segment", how="left", maintain_order="left").drop("segment")
