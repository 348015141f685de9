"""What a model makes of each language: scores, false positives, and how pure a corpus of its answers would be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from weft.errors import WeftError
from weft.language.evaluation import UNKNOWN, by_language, merged
from weft.language.model import LanguageModel
from weft.language.noise import kind_of
from weft.statistics.proportions import wilson

PRIOR = 1e-4
"""Share of a language in what is looked through, for which the purity of its corpus is worked out."""
_Z = 1.6449
"""One-sided 95 % of the normal distribution."""

COLUMNS = {
    "language": pl.String, "kind": pl.String, "texts": pl.Int64,
    "precision": pl.Float64, "recall": pl.Float64, "f1": pl.Float64,
    "group": pl.String, "f1_merged": pl.Float64, "answered": pl.Float64, "refused": pl.Float64,
    "threshold": pl.Float64, "margin": pl.Float64, "false_positives": pl.Int64, "texts_of_others": pl.Int64,
    "false_positive_rate": pl.Float64, "false_positive_rate_at_most": pl.Float64, "expected_precision": pl.Float64,
    "expected_precision_at_least": pl.Float64, "taken_for": pl.String,
}  # fmt: skip
"""`kind` is language, group (both may have the same code) or noise."""


def expected_precision(recall: float, false_positive_rate: float, prior: float = PRIOR) -> float:
    """Share of right texts in a corpus of all that is given a language, which has the share `prior` of what was read.

    recall * prior / (recall * prior + false_positive_rate * (1 - prior)), Bayes' rule; 0 where nothing is given it.
    """
    right, wrong = recall * prior, false_positive_rate * (1 - prior)
    return right / (right + wrong) if right + wrong else 0.0


def rate_and_bound(count: int, of: int) -> tuple[float, float]:
    """A rate that is above 0 where nothing was seen, and its one-sided upper bound of 95 %.

    (count + 1/2) / (of + 1), the mean by Jeffreys' prior; the bound is Wilson's, which where nothing was seen is nearly
    the rule of three: 2.7 / of.
    """
    return (count + 0.5) / (of + 1), wilson(count, of, _Z)[1]


def language_table(model: LanguageModel, rows: pl.DataFrame, prior: float = PRIOR) -> pl.DataFrame:
    """One row for each language of the model, and each group, that has texts among `rows` (of `answered`).

    Columns are COLUMNS. Precision, recall, F1 and `taken_for` are those of the most probable languages; `f1_merged`
    counts the languages of a group as one. With refusals and groups applied: `answered` is the share of its texts that
    get this one language (of a group: that or one of its languages), `refused` that get `und`, and false positives are
    texts of other languages, of some that the model does not have too, that get this language. An answer is refused
    whose score is below `threshold`, and is the group where its share of the group's probability is below `margin`.
    """
    known = rows.filter(pl.col("language").is_in(model.labels))
    families = model.families
    together = rows.with_columns(
        pl.Series(name, merged(families, rows[name].to_numpy()), pl.String) for name in ("language", "best", "answer")
    )
    every = together.filter(pl.col("language").is_in([*families, *model.labels]))
    groups = by_language(every["language"].to_numpy(), every["best"].to_numpy())
    f1 = dict(groups.select("language", "f1").iter_rows())
    group_of = {member: name for name, members in families.items() for member in members}
    least = np.broadcast_to(np.nan if model.refusal is None else model.refusal.threshold, len(model.labels))
    thresholds = dict(zip(model.labels, least.tolist(), strict=True))
    made = []
    singles = by_language(known["language"].to_numpy(), known["best"].to_numpy())
    groups = groups.filter(pl.col("language").is_in(list(families)))
    single = rows.with_columns(answer=pl.when(~pl.col("as_group")).then("answer"))
    for kind, table, counted in (("language", singles, single), ("group", groups, together)):
        counts = _counts(counted)
        for row in table.iter_rows(named=True):
            name = row["language"]
            group = group_of.get(name, name if name in families else None)
            made.append(
                row
                | _purity(counts[name], row["texts"], rows.height - row["texts"], prior)
                | {
                    "kind": "noise" if kind_of(name) else kind,
                    "group": group,
                    "f1_merged": f1[group or name],
                    "threshold": thresholds[name] if kind == "language" else None,
                    "margin": model.margins[group] if group else None,
                    "taken_for": " ".join(row["taken_for"]),
                }
            )
    rounded = pl.selectors.float().fill_nan(None).round_sig_figs(4)
    return pl.DataFrame(made, schema=COLUMNS).with_columns(rounded, pl.col("taken_for").replace("", None))


def _purity(counts: dict[str, int], texts: int, others: int, prior: float) -> dict[str, Any]:
    share = counts["right"] / texts
    rate, bound = rate_and_bound(counts["false"], others)
    return {
        "answered": share,
        "refused": counts["refused"] / texts,
        "false_positives": counts["false"],
        "texts_of_others": others,
        "false_positive_rate": counts["false"] / max(others, 1),
        "false_positive_rate_at_most": bound,
        "expected_precision": expected_precision(share, rate, prior),
        "expected_precision_at_least": expected_precision(share, bound, prior),
    }


def _counts(rows: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Of each language: its texts that get it, those that are refused, and texts of others that get it."""
    right = (pl.col("language") == pl.col("answer")).fill_null(False)
    own = rows.group_by("language").agg(
        right.sum().alias("right"), (pl.col("answer") == UNKNOWN).sum().alias("refused")
    )
    wrong = (
        rows.filter(~right, pl.col("answer").is_not_null())
        .group_by(pl.col("answer").alias("language"))
        .agg(pl.len().alias("false"))
    )
    joined = own.join(wrong, on="language", how="left").with_columns(pl.col("false").fill_null(0))
    found: dict[str, dict[str, Any]] = {row.pop("language"): row for row in joined.to_dicts()}
    return found


def purity(table: pl.DataFrame, prior: float = PRIOR) -> dict[str, Any]:
    """What the table says of all languages together: medians, and how many have no false positive."""
    held = table.filter(pl.col("kind") == "language")
    usual, least = (
        round(float(np.median(held[name])), 4) for name in ("expected_precision", "expected_precision_at_least")
    )
    never = held.filter(pl.col("false_positives") == 0).height
    return {
        "prior": prior,
        "languages": held.height,
        "median_expected_precision": usual,
        "median_at_least": least,
        "without_false_positives": never,
    }


def save_table(table: pl.DataFrame, file: Path) -> None:
    """Write a table with tabs, without quotes."""
    table.write_csv(file, separator="\t", quote_style="never")


def load_table(file: Path) -> pl.DataFrame:
    """A table as weft train language writes it; raises WeftError when it cannot be read or has other columns."""
    try:
        table = pl.read_csv(file, separator="\t", schema=COLUMNS, quote_char=None)
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}") from error
    except pl.exceptions.PolarsError as error:
        raise WeftError(f"{file}: not a table of languages: {str(error).splitlines()[0]}") from None
    if not table.height:
        raise WeftError(f"{file}: no language in it; expected the languages.tsv of weft train language")
    return table
