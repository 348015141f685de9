"""Languages that are told apart badly: when the answer is one of them, and when it is all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.language.model import LanguageModel, answers
from weft.language.refiners import fit_refiners

_NEVER = 1.01
"""A margin that no share reaches: the family is always the answer."""
_FEWEST = 30
"""Answers from which a precision is believed."""


def with_families(model: LanguageModel, families: Mapping[str, tuple[str, ...]], texts: pl.DataFrame) -> LanguageModel:
    """The model with those families of which it has two languages or more, refined by the texts to train on.

    Every best label is an answer yet.
    """
    known = {name: tuple(code for code in members if code in model.labels) for name, members in families.items()}
    held = {name: members for name, members in known.items() if len(members) > 1}
    bits = min(len(model.embedding).bit_length() - 3, 16)  # a quarter as many n-grams as the model has
    return replace(model, families=held, margins=dict.fromkeys(held, 0.0), refiners=fit_refiners(texts, held, bits))


def with_margins(model: LanguageModel, texts: pl.DataFrame, precision: float) -> tuple[LanguageModel, dict[str, Any]]:
    """Margins above which answers of a single language are right often enough in each source of some texts.

    A source that makes it easy (one translator for each language) must not hide one that does not; sources with fewer
    than _FEWEST answers in a family count together with the others only.

    Also what each margin costs: the share of the family's texts that get a single language, and the precision of these.
    """
    rows = texts.filter(pl.col("language").is_in(model.labels))
    found = answers(model, rows["text"].to_arrow(), top=1)
    best, source = np.array([*model.labels, ""], dtype=object)[found.label[:, 0]], rows["source"].to_numpy()
    share = found.chance[:, 0] / np.maximum(found.mass, 1e-9)
    right = best == rows["language"].to_numpy()
    margins: dict[str, float] = {}
    told: dict[str, Any] = {}
    for name, members in model.families.items():
        own = np.isin(best.astype(str), members)
        parts = [own, *(own & (source == one) for one in sorted(set(source[own])))]
        margins[name] = max(
            (_margin(share[part], right[part], precision) for part in parts if part.sum() >= _FEWEST), default=_NEVER
        )
        single = own & (share >= margins[name])
        told[name] = {
            "members": list(members),
            "margin": round(margins[name], 3),
            "single": round(float(single.sum() / max(own.sum(), 1)), 4),
            "precision": round(float(right[single].mean()), 4) if single.any() else None,
            "precision_without_margin": round(float(right[own].mean()), 4) if own.any() else None,
        }
    return replace(model, margins=margins), told


def _margin(share: npt.NDArray[Any], right: npt.NDArray[np.bool_], precision: float) -> float:
    """The lowest share from which on answers are right often enough, looked at from the surest downwards."""
    order = np.argsort(-share, kind="stable")
    size = np.arange(1, len(order) + 1)
    enough = np.flatnonzero((np.cumsum(right[order]) >= precision * size) & (size >= _FEWEST))
    return float(share[order[enough[-1]]]) if len(enough) else _NEVER
