"""Kind `likeness`: how near what a model makes of a sentence is to what it makes of the pivot's, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from weft.evaluate.consistency import likeness
from weft.evaluate.kinds import beside
from weft.evaluate.kinds.contract import Kind
from weft.evaluate.models.contract import Layered
from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.models.contract import Model, Tell
    from weft.evaluate.suite import Task

NO_STATE, TOO_FEW = "no_state", "too_few"


def _score(_name: str, _task: Task, items: pl.DataFrame, model: Model, tell: Tell) -> Outcome:
    """Of each item what it gives to the likeness of its language, and to that of each layer."""
    assert isinstance(model, Layered)
    reasons: list[str | None] = [NO_STATE] * items.height
    each, cosines = (list[float | None]([None] * items.height) for _ in range(2))
    layers = 0
    # The states of the pivot are those of all languages; of the others one language is held at a time.
    pivot = items["target"].unique(maintain_order=True)
    there = model.states(pivot.to_list(), tell)
    places = {text: place for place, text in enumerate(pivot.to_list())}
    numbered = items.select("language", "source", "target").with_row_index("row")
    for _, part in numbered.group_by("language", maintain_order=True):
        own = model.states(part["source"].to_list(), tell)
        beside_ = np.array([places[text] for text in part["target"].to_list()])
        kept = np.flatnonzero(own.known & there.known[beside_])
        rows = part["row"].to_numpy()[kept].tolist()
        if len(rows) < 2:
            for row in rows:
                reasons[row] = TOO_FEW
            continue
        found = likeness(own.values[kept], there.values[beside_[kept]])
        layers = len(found.layers)
        for row, one, cosine in zip(rows, found.each.tolist(), found.cosines.tolist(), strict=True):
            reasons[row], each[row], cosines[row] = None, one, cosine
    return {
        "prompt": items["source"],
        "reason": pl.Series(reasons, dtype=pl.String),
        "layers": pl.repeat(layers, items.height, eager=True),
        **shares({"likeness": each, "cosine": cosines}),
    }


def _signed(_task: Task, measure: str, rows: pl.DataFrame) -> list[str]:
    shuffled = ["less:all_other_pairs"] if measure == "likeness" else []
    return ["state:last_token", f"layers:{int(rows['layers'].to_numpy().max())}", *shuffled]


KIND = Kind(
    name="likeness",
    metrics=("likeness", "cosine"),
    columns=beside.columns,
    needed=("source", "target"),
    score=_score,
    faults=beside.faults,
    kept=("source", "target"),
    prompted=False,
    texts=("source", "target"),
    joined=beside.joined,
    wants="states",
    signed=_signed,
)
