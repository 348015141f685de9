"""Kind `long_context`: a fact put at a given depth into native text of a given length, and a question about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from weft.errors import WeftError, nearest
from weft.evaluate import answers
from weft.evaluate.kinds.contract import Kind
from weft.evaluate.kinds.written import Texts, empty, written
from weft.evaluate.numbers import same
from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if task.columns.text is None:
        yield "long_context: columns.text is missing; expected the column of native texts (text, of .txt files)"
    if task.probes is None:
        yield "long_context: probes is missing; expected lengths in characters, such as {lengths: [4000, 16000]}"
    if "needles" not in task.lists:
        yield "long_context: expected lists.needles, a table of language, fact, question and names"
    if task.noise is not None:
        yield "noise: not of long_context, where it would change the fact"
    for place in ("context", "question"):
        if f"{{{place}}}" not in task.prompt:
            yield f"prompt has no {{{place}}}; expected {{context}} and {{question}}"


def _rows(task: Task, language: str, frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """A row for each probe. Raises WeftError for a language without a fact, and for texts that are too short."""
    from weft.evaluate.lists import needles
    from weft.evaluate.long_context import probes

    known, told = needles(task.lists["needles"]), task.probes
    assert told is not None
    if language not in known:
        raise WeftError(f"no fact in {language} in lists.needles; it has {', '.join(known)}{nearest(language, known)}")
    texts = frame[str(task.columns.text)].cast(pl.String).drop_nulls()
    made = probes(
        known[language],
        texts.filter(texts.str.strip_chars() != "").to_list(),
        lengths=told.lengths,
        depths=told.depths,
        each=told.each,
        distractors=told.distractors,
        own_digits=told.own_digits,
        seed=seed,
    )
    columns = {
        "weft.item": [one.key for one in made],
        # The same text and the same fact at each depth.
        "weft.cluster": [f"{one.wanted_length}-{one.key.rpartition('-')[2]}" for one in made],
        "weft.context": [one.context for one in made],
        "weft.question": [one.question for one in made],
        "weft.answer": [one.answer for one in made],
        "weft.length": [str(one.wanted_length) for one in made],
        "weft.depth": [f"{one.wanted_depth:g}" for one in made],
    }
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _columns(_task: Task, _language: str, _direction: str, _frame: pl.DataFrame) -> list[pl.Expr]:
    return [
        pl.col("weft.context").alias("context"),
        pl.col("weft.question").alias("question"),
        pl.concat_list("weft.answer").alias("answers"),
        pl.col("weft.length").alias("slice.length"),
        pl.col("weft.depth").alias("slice.depth"),
    ]


def _found(_task: Task, items: pl.DataFrame, texts: Texts) -> Outcome:
    """`found`: whether the number is the right one; an answer without one is wrong, and `unclear` beside."""
    rows = zip(texts, items["answers"].list.first().to_list(), strict=True)
    held = [None if text is None else (same(answers.answered(text), right),) for text, right in rows]
    values = {
        "found": [None if one is None else float(bool(one[0])) for one in held],
        "unclear": [None if one is None else float(one[0] is None) for one in held],
    }
    return shares(values | {"empty": empty(texts)})


def _always(_task: Task) -> bool:
    return True


def _signed(task: Task, _measure: str, _rows: pl.DataFrame) -> list[str]:
    assert task.probes is not None
    return [f"each:{task.probes.each}", f"distractors:{task.probes.distractors}"]


KIND = Kind(
    name="long_context",
    metrics=("found",),
    columns=_columns,
    needed=("context", "question", "answers"),
    score=written(_found),
    faults=_faults,
    kept=("answers",),
    places=("language", "context", "question"),
    texts=("context",),
    rows=_rows,
    written=_always,
    signed=_signed,
)
