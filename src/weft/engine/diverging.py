"""Sentences of two collections labelled by how much of each the other text says: reading, labelling, writing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from weft.engine.aligning import Paired, Plan, Tell, check, check_into, paired_documents
from weft.own_file import check_unread
from weft.parallel.alignment_passes import joined
from weft.parallel.choosing import chosen
from weft.parallel.divergence import Divergence, Found, check_pairs, learn
from weft.parallel.divergence_examples import LABELS
from weft.parallel.pairs_file import write_rows
from weft.text.buffers import Longs
from weft.tokenizer.unreadable import Unreadable

_LABELS = pl.Series(LABELS)


def learnt(pairs: pl.DataFrame, languages: tuple[str, str], keep: float, seed: int, tell: Tell) -> Divergence:
    """A model of these translations (`source`, `target`), in the order of their documents. Raises WeftError for few."""
    check_pairs(pairs.height)
    source, target = pairs["source"].to_list(), pairs["target"].to_list()
    tell("learn", 0, None)
    return learn(source, target, languages, chosen(source, target, languages), keep, seed)


def label_files(
    plan: Plan, model: Callable[[], tuple[Divergence, bool]], tell: Tell, left: Unreadable | None = None
) -> dict[str, Any]:
    """Write a row for each sentence of both sides and return counts, and what held-out parts of the seed say.

    `model` gives what was learnt, and whether it has the languages the other way round. Documents are paired by
    content with its lexicon. `left` takes rows that cannot be read. Raises WeftError for what a person can mend.
    """
    check_into(plan.into)
    check_unread(plan.into, plan.source, plan.target)
    check(plan)
    made, turned = model()
    held = paired_documents(plan, tell, made.lexicon.turned() if turned else made.lexicon, left)
    rows = []
    for n, (one, other) in enumerate(held.documents):
        tell("label", n, len(held.documents))
        # A model is asked in its own direction: the labels are the same whichever side is named first.
        labels = made.label(other, one)[::-1] if turned else made.label(one, other)
        for side, found in enumerate(labels):
            rows.append(_rows(plan, held, n, side, found))
    table = pl.concat(rows)
    write_rows(table, plan.into)
    counts = dict.fromkeys(((code, label) for code in plan.languages for label in LABELS), 0)
    for code, label, count in table.group_by("language", "label").len().rows():
        counts[code, label] = count
    return {
        "documents": len(held.documents),
        "sentences": {code: {label: counts[code, label] for label in LABELS} for code in plan.languages},
        "held_out": held_out(made, plan.languages),
        "keep": made.facts["keep"],
        "into": str(plan.into),
    }


def held_out(made: Divergence, languages: tuple[str, str] | None = None) -> dict[str, Any]:
    """`figures` of each language, of parts of the seed that were not learnt from, in the order of `languages`."""
    own = dict(zip(made.lexicon.languages, made.confusion, strict=True))
    return {code: figures(own[code]) for code in languages or made.lexicon.languages}


def figures(confusion: Longs) -> dict[str, Any]:
    """Accuracy, F1 of each label and their mean, of counts by what is and what was said."""
    right = np.diag(confusion)
    each = 2 * right / np.maximum(confusion.sum(0) + confusion.sum(1), 1)
    return {
        "accuracy": round(float(right.sum() / max(confusion.sum(), 1)), 4),
        "macro_f1": round(float(each.mean()), 4),
        "f1": {label: round(float(value), 4) for label, value in zip(LABELS, each, strict=True)},
        "confusion": confusion.tolist(),
    }


def _rows(plan: Plan, held: Paired, n: int, side: int, found: Found) -> pl.DataFrame:
    own, other = held.documents[n][side], held.documents[n][1 - side]
    place = int((held.match.first, held.match.second)[side][n])
    return pl.DataFrame(
        {
            "language": pl.Series([plan.languages[side]]).new_from_index(0, len(own)),
            "document": pl.Series([str(held.sides[side].names[place])]).new_from_index(0, len(own)),
            "sentence": np.arange(1, len(own) + 1),
            "text": own.sentences,
            "label": _LABELS.gather(found.label),
            "same": found.same.round(4),
            "new": found.new.round(4),
            "other_first": found.begin + 1,
            "other_count": found.size,
            "other": joined(other.sentences, found.begin, found.size),
        },
        schema_overrides={"text": pl.String},
    )
