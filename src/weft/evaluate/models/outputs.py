"""Outputs that are there already: a file of what any system wrote, item by item."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from weft.errors import WeftError
from weft.evaluate.models.contract import Continued, Likelihood, Output, Question, Tell
from weft.model.evaluation_items import read_table
from weft.model.languages import normalises

NEEDED = ("item", "output")
BESIDE = ("task", "language", "variant", "sample")


class Outputs:
    """A table with `item` and `output`, and `task` and `language` where one file is of several.

    Answers to prompts with noise have the noise's name in `variant`, those that are drawn their number from 1 in
    `sample`. An item that is not in it, or has null, was not run; an output that is empty is an answer of nothing.
    """

    likely = False

    def __init__(self, file: Path) -> None:
        table = read_table(file)
        lacking = [name for name in NEEDED if name not in table.columns]
        if lacking:
            raise WeftError(
                f"{file}: no column {', '.join(lacking)}; expected item and output, and task and language where it is "
                "of several"
            )
        self._file = file
        self._by = [name for name in BESIDE if name in table.columns]
        for name in (*self._by, *NEEDED):
            if table.schema[name].is_nested():
                raise WeftError(f"{file}: column {name} holds lists or objects; expected a text in each row")
        columns = [pl.col(name).cast(pl.String) for name in (*self._by, *NEEDED)]
        # Of a table of text an empty cell is an answer of nothing; in JSON null says that there is none.
        self._nothing = "" if _cells(file) else None
        held = table.select(columns).filter(pl.col("item").is_not_null())
        if "language" in self._by:
            known = {given: normalises(given) or given for given in held["language"].drop_nulls().unique().to_list()}
            held = held.with_columns(pl.col("language").replace(known))
        if "variant" in self._by:
            held = held.with_columns(pl.col("variant").fill_null(""))
        if "sample" in self._by:
            held = held.with_columns(pl.col("sample").fill_null("0"))
        twice = held.filter(held.select(*self._by, "item").is_duplicated())
        if twice.height:
            raise WeftError(f"{file}: item {twice['item'][0]} stands twice; expected one output of each item and task")
        self._held = {tuple(row[:-1]): row[-1] for row in held.iter_rows()}
        content = hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()
        self.told: Mapping[str, Any] = {"kind": "outputs", "name": file.name, "digest": content}

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        """The outputs of the file."""
        found = []
        for question in questions:
            key = (*(str(getattr(question, name)) for name in self._by), question.item)
            # An answer to the prompt without noise is none to the one with it, and one answer is no several.
            apart = (question.variant and "variant" not in self._by) or (question.sample and "sample" not in self._by)
            if key not in self._held or apart:
                found.append(Output(None, reason="not_in_file"))
                continue
            said = self._held[key]
            said = self._nothing if said is None else said
            found.append(Output(None, reason="no_output") if said is None else Output(said, "stop"))
        return found

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        """None: a file of outputs has no log-likelihoods."""
        raise WeftError(f"{self._file}: a file of outputs has no log-likelihoods; expected tasks that are answered")

    def close(self) -> None:
        """There is nothing to keep."""


def _cells(file: Path) -> bool:
    return Path(file.name.removesuffix(".gz").removesuffix(".zst")).suffix.lower() in (".csv", ".tsv")
