"""Kind `retrieve`: whether a sentence's translation is found among those of all others, by vectors of an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from weft.evaluate.consistency import NEIGHBOURS, RANKS, found_among
from weft.evaluate.kinds import beside
from weft.evaluate.kinds.contract import Kind
from weft.evaluate.models.contract import Encodes
from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.models.contract import Model, Tell
    from weft.evaluate.suite import Task

NO_VECTOR = "no_vector"


def _score(_name: str, _task: Task, items: pl.DataFrame, model: Model, tell: Tell) -> Outcome:
    """Of each item the place of its translation among all of its language and direction that have vectors."""
    assert isinstance(model, Encodes)
    margin, cosine = np.full((2, items.height), -1, np.int64)
    chosen: list[str | None] = [None] * items.height
    candidates = np.zeros(items.height, np.int64)
    numbered = items.select("language", "direction", "source", "target").with_row_index("row")
    for _, of_language in numbered.group_by("language", maintain_order=True):
        texts = pl.concat([of_language["source"], of_language["target"]]).unique(maintain_order=True)
        held = model.vectors(texts.to_list(), tell)
        places = {text: place for place, text in enumerate(texts.to_list())}
        for _, part in of_language.group_by("direction", maintain_order=True):
            sides = [np.array([places[text] for text in part[name].to_list()]) for name in ("source", "target")]
            there = held.known[sides[0]] & held.known[sides[1]]
            rows = part["row"].to_numpy()[there]
            if not len(rows):
                continue
            found = found_among(*(held.values[side[there]] for side in sides))
            margin[rows], cosine[rows], candidates[rows] = found.by_margin, found.by_cosine, len(rows)
            targets = part["target"].to_numpy()[there]
            for row, place in zip(rows.tolist(), found.nearest.tolist(), strict=True):
                chosen[row] = targets[place]
    untold = margin < 0

    def of_rank(values: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[float | None]:
        return [None if gone else float(one) for gone, one in zip(untold.tolist(), values.tolist(), strict=True)]

    return {
        "prompt": items["source"],
        "output": pl.Series(chosen, dtype=pl.String),
        "reason": pl.Series([NO_VECTOR if gone else None for gone in untold.tolist()], dtype=pl.String),
        "rank": pl.Series([None if one < 0 else one + 1 for one in margin.tolist()], dtype=pl.Int64),
        "candidates": pl.Series(candidates),
        **shares(
            {
                "xsim": of_rank(margin > 0),
                "cosine_top1": of_rank(cosine == 0),
                **{f"recall_{rank}": of_rank(margin < rank) for rank in RANKS},
            }
        ),
    }


def _directions(task: Task) -> Sequence[str]:
    return task.directions


def _signed(_task: Task, measure: str, rows: pl.DataFrame) -> list[str]:
    how = [] if measure == "cosine_top1" else [f"margin:ratio|k:{NEIGHBOURS}"]
    return ["by:vectors", *how, f"candidates:{int(rows['candidates'].to_numpy().max())}"]


KIND = Kind(
    name="retrieve",
    metrics=("xsim", "cosine_top1", *(f"recall_{rank}" for rank in RANKS)),
    columns=beside.columns,
    needed=("source", "target"),
    score=_score,
    faults=beside.faults,
    kept=("source", "target", "direction"),
    prompted=False,
    texts=("source", "target"),
    directions=_directions,
    joined=beside.joined,
    wants="vectors",
    signed=_signed,
)
