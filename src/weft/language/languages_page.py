"""The page of all languages that weft's own identifier knows, from the table that is kept beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from weft.language.language_table import PRIOR, load_table, purity
from weft.model.languages import name

TABLE = Path(__file__).with_name("weights") / "languages.tsv"
"""What `weft train language` wrote of weft's own model."""


def languages_page(table: pl.DataFrame | None = None) -> str:
    """Markdown; raises WeftError where the table cannot be read."""
    held = load_table(TABLE) if table is None else table
    single, groups = (held.filter(pl.col("kind") == kind) for kind in ("language", "group"))
    told = purity(held)
    fewest, most = (int(end) for end in np.quantile(single["texts_of_others"], [0, 1]))
    parts = [
        "# Languages that the identifier knows",
        f"Each of the {single.height} languages and scripts of weft's own model (`weft train language` without a "
        "recipe) of which the part for tuning has texts, which training never saw. All sources together; those whose "
        "labels nobody checked count too. [language-model.md](language-model.md) says how the model is made.",
        "- **F1**: of the most probable language. **merged**: where the languages of a group count as one.\n"
        "- **answered**: share of its texts that get this one language, with refusals and groups applied; **refused**: "
        "share that gets `und`.\n"
        f"- **false positives**: texts of other languages that get it all the same, of {fewest:,} to {most:,}; "
        "**rate** is their share, **at most** its upper bound (one-sided 95 %, Wilson's score).\n"
        "- **expected precision**: share of right texts in a corpus of all that is given the language, when one text "
        f"in {round(1 / PRIOR):,} of what is looked through is in it: answered × prior / (answered × prior + rate × "
        "(1 − prior)). The rate in it is (false positives + ½) / (texts of others + 1), so that it is not 0 where none "
        f"was seen: that is so for {told['without_false_positives']} languages. **at least** takes the upper bound in "
        f"its place. The median is {told['median_expected_precision']:.2f}, and {told['median_at_least']:.2f} at "
        "least: with so few texts no language can be shown to be much purer than "
        "that. Text in languages that the model does not have makes corpora worse, and is hardly among these.\n"
        "- **threshold**: of the refusal's score; below it the answer is `und`. "
        "**margin**: share of its group's probability below which the answer is the group.\n"
        "- **taken for**: the three most probable languages of its texts that are wrong most often.",
        "## Languages",
        _table(single),
        "## Groups",
        "Answered: the group or one of its languages.",
        _table(groups) if groups.height else "The model has none.",
    ]
    return "\n\n".join(parts) + "\n"


def _table(held: pl.DataFrame) -> str:
    numbers = (
        "texts|F1|merged|answered|refused|false positives|rate|at most|expected precision|at least|threshold|margin"
    )
    head = ["code", "language", *numbers.split("|"), "taken for"]
    lines = [head, ["---", "---", *["---:"] * (len(head) - 3), "---"]]
    lines += [_line(row) for row in held.iter_rows(named=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(row: dict[str, Any]) -> list[str]:
    return [
        f"`{row['language']}`",
        _group_name(row["language"]) if row["kind"] == "group" else name(row["language"]),
        f"{row['texts']:,}",
        *(f"{row[column]:.3f}" for column in ("f1", "f1_merged", "answered", "refused")),
        f"{row['false_positives']:,}",
        _tiny(row["false_positive_rate"]),
        _tiny(row["false_positive_rate_at_most"]),
        f"{row['expected_precision']:.2f}",
        f"{row['expected_precision_at_least']:.2f}",
        "" if row["threshold"] is None else f"{row['threshold']:.2f}",
        "" if row["margin"] is None else "never" if row["margin"] > 1 else f"{row['margin']:.2f}",
        row["taken_for"] or "",
    ]


def _group_name(code: str) -> str:
    return f"group {code.partition('_')[0]}"


def _tiny(rate: float) -> str:
    """0.012 % with as many digits as say something."""
    return f"{rate * 100:.2g} %" if rate else "0"
