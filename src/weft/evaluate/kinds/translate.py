"""Kind `translate`: a text of one language in another, beside what people made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate import answers
from weft.evaluate.kinds.contract import Kind
from weft.evaluate.kinds.written import Texts, empty, plain, written
from weft.evaluate.outcome import SUMS, Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.suite import Task

Sets = list[list[str | None]]


def _faults(task: Task) -> Iterator[str]:
    if task.pivot is None:
        yield "translate: pivot is missing; expected the language on the other side, such as eng_Latn"
    if not task.columns.both_sides and task.columns.text is None:
        yield "translate: expected columns.text of one language each, or columns.source and columns.references"


def _columns(task: Task, language: str, direction: str, _frame: pl.DataFrame) -> list[pl.Expr]:
    columns = task.columns
    if columns.text is not None:
        sides = [pl.col("weft.pivot").cast(pl.String), pl.concat_list(pl.col(columns.text).cast(pl.String))]
        turned = [pl.col(columns.text).cast(pl.String), pl.concat_list(pl.col("weft.pivot").cast(pl.String))]
    else:
        references = [pl.col(name).cast(pl.String) for name in columns.references]
        sides = [pl.col(str(columns.source)).cast(pl.String), pl.concat_list(references)]
        turned = [references[0], pl.concat_list(pl.col(str(columns.source)).cast(pl.String))]
    pair = (str(task.pivot), language) if direction == "from_pivot" else (language, str(task.pivot))
    source, references_ = sides if direction == "from_pivot" else turned
    names = ("source_language", "target_language")
    told = [pl.lit(code).alias(name) for code, name in zip(pair, names, strict=True)]
    return [source.alias("source"), references_.alias("references"), *told, pl.lit(direction).alias("direction")]


def answered_rows(items: pl.DataFrame, texts: Texts) -> tuple[list[int], list[str], Sets]:
    """Rows that were answered, what of their answers is the translation, and the sets of references beside."""
    there = [row for row, text in enumerate(texts) if text is not None]
    listed = items["references"].to_list()
    most = max((len(listed[row]) for row in there), default=0)
    sets = [[listed[row][place] if place < len(listed[row]) else None for row in there] for place in range(most)]
    return there, [answers.answered(texts[row] or "") for row in there], sets


def _translated(task: Task, items: pl.DataFrame, texts: Texts) -> Outcome:
    """Sums of each metric of translations, and shares of those that are the source again, or nothing."""
    from weft.evaluate.translation import metric

    there, said, sets = answered_rows(items, texts)
    made: Outcome = {}
    for name in task.measured if there else ():
        held: list[list[float] | None] = [None] * len(texts)
        for row, one in zip(there, metric(name).statistics(said, sets).tolist(), strict=True):
            held[row] = one
        made[f"measure.{name}"] = pl.Series(held, dtype=SUMS)
    pairs = zip(texts, items["source"].to_list(), strict=True)
    copied = [None if text is None else float(plain(answers.answered(text)) == plain(source)) for text, source in pairs]
    return made | shares({"copied": copied, "empty": empty(texts)})


def _example(_task: Task) -> pl.Expr:
    return pl.concat_str([pl.lit(" "), pl.col("references").list.drop_nulls().list.first()])


def _signed(task: Task, measure: str, rows: pl.DataFrame) -> list[str]:
    from weft.evaluate.translation import metric

    if measure not in task.measured:
        return []
    return [metric(measure).signature(int(rows["references"].list.len().max() or 1))]  # type: ignore[arg-type]


def _directions(task: Task) -> Sequence[str]:
    return task.directions


def _joined(task: Task) -> bool:
    return task.columns.text is not None


def _always(_task: Task) -> bool:
    return True


KIND = Kind(
    name="translate",
    metrics=("chrf++", "chrf", "bleu", "ter"),
    columns=_columns,
    needed=("source", "references"),
    score=written(_translated),
    faults=_faults,
    metric_prefixes=("bleu-",),
    kept=("source", "references", "direction"),
    places=("language", "source_language", "target_language", "source"),
    answer=_example,
    texts=("source", "references"),
    noisy=("source",),
    directions=_directions,
    joined=_joined,
    written=_always,
    signed=_signed,
)
