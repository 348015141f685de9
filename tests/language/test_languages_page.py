"""The page of languages: made from a table, with its figures in words that a person can check."""

from __future__ import annotations

import polars as pl

from weft.language.language_table import COLUMNS, load_table
from weft.language.languages_page import TABLE, languages_page


def table(**other: object) -> pl.DataFrame:
    row = {
        "language": "swh_Latn", "kind": "language", "texts": 120, "precision": 0.99, "recall": 0.98, "f1": 0.985,
        "group": None, "f1_merged": 0.985, "answered": 0.97, "refused": 0.01, "threshold": -2.42, "margin": None,
        "false_positives": 3, "texts_of_others": 40_000, "false_positive_rate": 0.000075,
        "false_positive_rate_at_most": 0.00019, "expected_precision": 0.53, "expected_precision_at_least": 0.34,
        "taken_for": "run_Latn",
    }  # fmt: skip
    return pl.DataFrame([row | other], schema=COLUMNS)


def test_a_line_for_each_language() -> None:
    groups = table(language="hbs_Latn", kind="group", margin=1.01, threshold=None, false_positives=0, taken_for=None)
    page = languages_page(pl.concat([table(), groups]))
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(lines) == 2 and len({line.count("|") for line in lines}) == 1
    assert lines[0] == (
        "| `swh_Latn` | Swahili | 120 | 0.985 | 0.985 | 0.970 | 0.010 | 3 | 0.0075 % | 0.019 % | 0.53 | 0.34 | -2.42 "
        "|  | run_Latn |"
    )
    assert "| never |" in lines[1] and lines[1].startswith("| `hbs_Latn` | group hbs |")
    assert "Each of the 1 languages" in page and "one text in 10,000" in page


def test_a_model_without_groups() -> None:
    assert "## Groups\n\nAnswered: the group or one of its languages.\n\nThe model has none." in languages_page(table())


def test_the_table_of_the_package_is_one() -> None:
    held = load_table(TABLE)
    assert held.height > 400 and not held.select("language", "kind").is_duplicated().any()
    shares = held.select("precision", "recall", "f1", "answered", "refused", "expected_precision").to_numpy()
    assert ((shares >= 0) & (shares <= 1)).all()
    assert (held["expected_precision_at_least"] <= held["expected_precision"]).all()
    assert (held["false_positive_rate_at_most"] >= held["false_positive_rate"]).all()
