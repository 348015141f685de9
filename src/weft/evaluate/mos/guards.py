"""Translations that are none, whatever a model would say of them: nothing, a copy, another language."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.language.identify import identify
from weft.language.model import packaged, script_group
from weft.text import pair_signals
from weft.text.buffers import string_buffers
from weft.text.scripts import dominant_script
from weft.text.unicode import tables

UNSUPPORTED, NO_SOURCE = "unsupported_pair", "no_source"
"""Why a pair gets no score."""
EMPTY, COPY, WRONG = "empty", "copy", "wrong_language"
"""Why a translation gets the lowest score, whatever its words are like."""
REASONS = (UNSUPPORTED, NO_SOURCE, EMPTY, COPY, WRONG)
_FEWEST_UNITS = 4
"""Words (characters of scripts without spaces) from which the same text on both sides is a copy, and no name."""
_FEWEST_CHARACTERS = 20
_SURE = 0.9
"""Of the identifier, that a text is of another language; and that of the wanted one it has next to no chance."""
_HARDLY = 0.02
_READ = 2_000
"""Letters of a text that its script is told by."""
_NOTHING = pair_signals.known((), np.empty(0, np.uint64))


@functools.cache
def _known() -> frozenset[str]:
    held = packaged("default")
    return frozenset((*held.labels, *(label for labels in held.families.values() for label in labels)))


def reasons(
    source: Sequence[str],
    translation: Sequence[str],
    languages: tuple[str, str],
    taken_for: Collection[str] = (),
) -> list[str | None]:
    """Why each pair of two languages gets no score or the lowest, None where nothing is wrong.

    A translation is not wrong where the identifier does not have its language, or names one of `taken_for`; but one in
    another script than that of its language is, however short it is. Latin letters are let pass, as names have them.
    """
    sides = pa.array(source, pa.large_string()), pa.array(translation, pa.large_string())
    texts = pair_signals.texts(sides[0]), pair_signals.texts(sides[1])
    seen = pair_signals.measure(*texts, _NOTHING, _NOTHING)
    of = {name: seen[:, pair_signals.COLUMNS.index(name)] for name in ("same", "target_units", "target_characters")}
    blank = [np.array([not text.strip() for text in side], bool) for side in (source, translation)]
    copy = (of["same"] == 1) & (of["target_units"] >= _FEWEST_UNITS) & (languages[0] != languages[1])
    wrong = np.zeros(len(source), bool)
    looked = np.flatnonzero(of["target_characters"] >= _FEWEST_CHARACTERS)
    if languages[1] in _known() and len(looked):
        named = _others(sides[1].take(pa.array(looked)), languages[1])
        wrong[looked] = [name is not None and name not in taken_for for name in named]
    wrong |= _other_script(sides[1], languages[1].rpartition("_")[2])
    kinds = np.select([blank[0], blank[1], copy, wrong], [1, 2, 3, 4], 0)
    return [REASONS[kind] if kind else None for kind in kinds.tolist()]


def taken_for(translation: Sequence[str], scores: Sequence[float], language: str) -> tuple[str, ...]:
    """Languages that the identifier takes good translations for: those that are rated above the middle."""
    if language not in _known():
        return ()
    good = np.flatnonzero(np.asarray(scores) >= np.median(scores))
    named = _others(pa.array([translation[n] for n in good.tolist()], pa.large_string()), language)
    return tuple(sorted({name for name in named if name is not None}))


def _other_script(texts: pa.LargeStringArray, wanted: str) -> npt.NDArray[np.bool_]:
    """Texts whose letters are all of one other script, which is not Latin."""
    names = tables().script_names
    group = script_group(wanted)
    fits = {number for number, name in enumerate(names) if script_group(name) == group or name in (group, "Latn")}
    found, share, _ = dominant_script(string_buffers(texts), _READ)
    fits.add(-1)
    return np.asarray(~np.isin(found, list(fits)) & (share == 1.0), np.bool_)


def _others(texts: Any, wanted: str) -> list[str | None]:
    """The language that the identifier is sure of, where it gives the wanted one next to no chance; else None."""
    model = packaged("default")
    found = pl.DataFrame(identify(model, texts, most=3))
    said = found.select(pl.col("lid").struct.unnest())
    members = [wanted, *(name for name, labels in model.families.items() if wanted in labels)]
    own = pl.element().struct.field("language").is_in(members)
    chance = pl.when(own).then(pl.element().struct.field("score")).otherwise(0.0)
    chances = found.select(pl.col("alternatives").list.eval(chance).list.sum()).to_series().fill_null(0.0)
    another = ~said["language"].is_in(members) & ~said["language"].str.contains("^(und|zxx)")
    sure = another & (said["score"] >= _SURE) & (chances < _HARDLY)
    return [name if yes else None for name, yes in zip(said["language"].to_list(), sure.to_list(), strict=True)]
