"""Answers of a trained model as a table that a person can read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.language.model import Answers, LanguageModel, answers
from weft.language.noise import KINDS, NO_LANGUAGE, kind_of
from weft.language.reliability import corrected
from weft.language.shape import is_in_words, is_of_one_script
from weft.model.tables import LID
from weft.text.buffers import string_buffers
from weft.text.columns import readable
from weft.text.unicode import tables

ALTERNATIVES = pa.list_(pa.struct({"language": pa.string(), "score": pa.float32()}))
MOST_LETTERS = 1_000
REASONS = (
    "", "group", "no_letters", "unknown_script", "no_candidate", "too_short", "no_words", "mixed_scripts", "unknown",
    "numbers", *KINDS,
)  # fmt: skip
"""Why a text has no single language; the first: it has one."""
_REFUSED = np.isin(
    REASONS, ["no_letters", "unknown_script", "no_candidate", "too_short", "no_words", "mixed_scripts", "unknown"]
)
_NOTHING = np.isin(REASONS, ["numbers", *KINDS])
VARIETY = pa.struct({"code": pa.string(), "score": pa.float32()})
_FEWEST_LETTERS, _FEWEST_DENSE = 4, 2
"""Letters of a text that is asked about; of one in a script whose letters are syllables or words."""
_DENSE = ("Hani", "Hira", "Hang")
_READ = 2
"""Characters that are looked at for each letter that may be read."""
_DIGITS = 2
"""Digits for each letter from which a text is a list of numbers."""


def identify(
    model: LanguageModel,
    texts: Any,
    *,
    most: int = 3,
    among: Collection[str] | None = None,
    most_letters: int = MOST_LETTERS,
) -> pa.Table:
    """Columns `lid`, `alternatives` and `variety` for each text of an Arrow column, or Python strings; null for null.

    `language` is a label; the code of a group (reason `group`); `zxx_<Script>` for what is no language (reasons
    numbers, mojibake, code, menu); or `und_<Script>` with the reason no_letters, too_short, unknown_script (the model
    has no language in it), no_candidate (none of `among` is written in it), no_words, mixed_scripts or unknown
    (refused). `variety` is null where none is sure. `score` is how often such answers were right on texts kept out, of
    a language that the model has. At most `most_letters` of the
    first 2 * `most_letters` characters are read. With `among`, only these labels compete, and noise.
    """
    head = readable(texts, _READ * most_letters)  # in NFC, as what models are trained on
    if among is not None:
        among = {*among, *(label for label in model.labels if kind_of(label))}
    found = answers(model, head, top=most, most_letters=most_letters, among=among)
    reason = _reasons(model, head, found, "no_letters" if among is None else "no_candidate")
    chance, score = _scores(model, found)
    scripts = [*tables().script_names, "Zyyy"]
    # every language that can be the answer, end to end: labels, families, and what is no language in each script
    names = [
        *model.labels,
        *model.families,
        *(f"{first}_{script}" for first in ("und", NO_LANGUAGE) for script in scripts),
    ]
    place = np.where(found.family >= 0, len(model.labels) + found.family, found.label[:, 0])
    undetermined = len(model.labels) + len(model.families) + found.script % len(scripts)
    place = np.where(_REFUSED[reason], undetermined, place)
    place = np.where(_NOTHING[reason], undetermined + len(scripts), place)
    parts = [
        _named(names, place),
        pa.array(np.where(found.label[:, 0] >= 0, score, 0.0).astype(np.float32)),
        _named(scripts, found.script % len(scripts)),
        _named([*REASONS, None], np.where(reason == 0, len(REASONS), reason)),
    ]
    lid = pa.StructArray.from_arrays(parts, fields=list(LID), mask=head.is_null())
    columns = {"lid": lid, "alternatives": _alternatives(model, found.label, chance)}
    return pa.table(columns | {"variety": _varieties(model, head, place)})


def _varieties(model: LanguageModel, texts: pa.Array, place: npt.NDArray[Any]) -> pa.Array:
    """Of texts whose language is answered alone."""
    if model.varieties is None:
        return pa.nulls(len(texts), VARIETY)
    codes, scores = np.full(len(texts), None, dtype=object), np.zeros(len(texts), np.float32)
    told = [number for number, name in enumerate(model.labels) if name in model.varieties.languages]
    rows = np.flatnonzero(np.isin(place, told))
    if len(rows):
        names = np.array(model.labels, dtype=object)[place[rows]]
        codes[rows], scores[rows] = model.varieties.of(texts.take(pa.array(rows)), names)
    code = pa.array(codes, pa.string())
    return pa.StructArray.from_arrays([code, pa.array(scores)], fields=list(VARIETY), mask=code.is_null())


def _named(names: list[Any], place: npt.NDArray[Any]) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(place.astype(np.int32)))


def _reasons(model: LanguageModel, head: Any, found: Answers, unanswered: str) -> npt.NDArray[np.int8]:
    """Why each text has no single language, as places in REASONS; 0 where it has one. The first that holds counts."""
    of_script = model.competition.of_script
    dense = np.isin(found.script, [tables().script_names.index(name) for name in _DENSE])
    script = np.array([*tables().script_names, "Zyyy"])[found.script]
    kinds = np.zeros(len(model.labels) + 1, np.int8)
    for place, label in enumerate(model.labels):
        kinds[place] = REASONS.index(kind_of(label) or "")
    conditions = (
        ("no_letters", found.script < 0),
        ("numbers", _numbers(head, found.letters)),
        ("unknown_script", of_script[found.script] < 0),
        (unanswered, found.label[:, 0] < 0),
        ("too_short", found.letters < np.where(dense, _FEWEST_DENSE, _FEWEST_LETTERS)),
        ("no_words", ~is_in_words(string_buffers(head), found.letters, script)),
        ("mixed_scripts", ~is_of_one_script(found.share, script)),
        ("unknown", ~found.known),
        ("group", found.family >= 0),
    )
    reason = kinds[found.label[:, 0]]
    for name, held in reversed(conditions):
        reason = np.where(held, np.int8(REASONS.index(name)), reason)
    return reason


def _numbers(head: Any, letters: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Which texts are lists of numbers: only those that are long for their letters can be, and are looked at."""
    sizes = pc.fill_null(pc.binary_length(head), 0).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(sizes > _DIGITS * letters)
    made = np.zeros(len(letters), np.bool_)
    if len(rows):
        series: Any = pl.from_arrow(head.take(pa.array(rows)))
        digits = series.str.count_matches(r"\p{Nd}").fill_null(0).to_numpy()
        made[rows] = (digits > _DIGITS * letters[rows]) & (digits > 1)
    return made


def _scores(model: LanguageModel, found: Answers) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Probabilities (texts, top) and of the answer, corrected: what is left goes to the other labels in proportion."""
    torn = found.family >= 0
    raw = np.where(torn, found.mass, found.chance[:, 0]).astype(np.float64)
    if model.reliability is None:
        return found.chance.astype(np.float64), raw
    score = corrected(model.reliability, raw, torn, found.letters)
    family = model.competition.family
    best = found.label[:, :1]
    inside = found.label == best
    inside |= torn[:, None] & (family[found.label] == family[best]) & (found.label >= 0)
    share = np.where(
        inside, (score / np.maximum(raw, 1e-9))[:, None], ((1 - score) / np.maximum(1 - raw, 1e-9))[:, None]
    )
    return np.minimum(found.chance * share, 1.0), score


def _alternatives(model: LanguageModel, label: npt.NDArray[np.int32], chance: npt.NDArray[np.float64]) -> pa.Array:
    """The labels of each text that has any, and their probabilities, as lists."""
    given = label >= 0
    offsets = np.concatenate([[0], np.cumsum(given.sum(axis=1))]).astype(np.int32)
    names = pa.array(model.labels, pa.string()).take(pa.array(label[given], pa.int32()))
    scores = pa.array(chance[given].astype(np.float32))
    listed = pa.StructArray.from_arrays([names, scores], fields=list(ALTERNATIVES.value_type))
    return pa.ListArray.from_arrays(pa.array(offsets), listed)
