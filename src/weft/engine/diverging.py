"""Sentences of two collections labelled by how much of each the other text says: reading, labelling, writing."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from weft.engine.aligning import Paired, Plan, Tell, check_into, paired_documents, write_rows
from weft.errors import WeftError
from weft.parallel.alignment_passes import joined
from weft.parallel.choosing import chosen
from weft.parallel.divergence import Found, learn
from weft.parallel.divergence_examples import LABELS
from weft.text.buffers import Longs

_LABELS = pl.Series(LABELS)


def label_files(plan: Plan, keep: float, random_seed: int, tell: Tell) -> dict[str, Any]:
    """Write a row for each sentence of both sides and return counts, and what held-out parts of the seed say.

    Raises WeftError for what a person can mend.
    """
    check_into(plan.into)
    held = paired_documents(plan, tell)
    if held.how.seed is None:
        raise WeftError("--seed: not given; expected a file of translations to learn from")
    source, target = held.how.seed.source.to_list(), held.how.seed.target.to_list()
    tell("learn", 0, None)
    foldings = chosen(source, target, plan.languages)
    made = learn(source, target, plan.languages, foldings, keep, random_seed)
    rows = []
    for n, pair in enumerate(held.documents):
        tell("label", n, len(held.documents))
        for side, found in enumerate(made.label(*pair)):
            rows.append(_rows(plan, held, n, side, found))
    table = pl.concat(rows)
    write_rows(table, plan.into, ("text", "other"))
    counts = dict.fromkeys(((code, label) for code in plan.languages for label in LABELS), 0)
    for code, label, count in table.group_by("language", "label").len().rows():
        counts[code, label] = count
    return {
        "documents": len(held.documents),
        "sentences": {code: {label: counts[code, label] for label in LABELS} for code in plan.languages},
        "held_out": {code: figures(confusion) for code, confusion in zip(plan.languages, made.confusion, strict=True)},
        "keep": keep,
        "into": str(plan.into),
    }


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
