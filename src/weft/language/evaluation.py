"""How good an identifier is: macro-F1 with an interval, and of each language what it is taken for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.language.model import LanguageModel, answers

UNKNOWN = "und"
_SAMPLES = 200
"""Bootstrap samples of an interval (Efron 1979, percentile)."""


def predicted(model: LanguageModel, texts: pl.Series) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_]]:
    """The most probable language of each text, `und` where there is none; and which of them are not refused."""
    found = answers(model, texts.to_arrow(), top=1)
    return np.array([*model.labels, UNKNOWN], dtype=object)[found.label[:, 0]], found.known


def by_language(true: npt.NDArray[Any], found: npt.NDArray[Any], most: int = 3) -> pl.DataFrame:
    """One row per language of `true`: texts, precision, recall, F1, false-positive rate, and what it is taken for.

    The false-positive rate is the share of the texts of other languages that got this label.
    """
    names = sorted(set(true.tolist()))
    pairs = Counter(zip(true.tolist(), found.tolist(), strict=True))
    has, got = Counter(true.tolist()), Counter(found.tolist())
    rows = []
    for name in names:
        right = pairs[name, name]
        wrong = Counter({other: n for (own, other), n in pairs.items() if own == name != other})
        rows.append(
            {
                "language": name,
                "texts": has[name],
                "precision": right / got[name] if got[name] else 0.0,
                "recall": right / has[name],
                "f1": 2 * right / (has[name] + got[name]),
                "false_positive_rate": (got[name] - right) / max(len(true) - has[name], 1),
                "taken_for": [other for other, _ in sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:most]],
            }
        )
    return pl.DataFrame(rows, schema_overrides={"taken_for": pl.List(pl.String)})


def macro_f1(true: npt.NDArray[Any], found: npt.NDArray[Any], seed: int = 1) -> dict[str, Any]:
    """Mean F1 over the languages of `true`, with a 95 % interval over texts drawn again; texts and languages.

    A wrong answer that is none of these languages costs recall; none of them loses precision by it.
    """
    names, own = np.unique(true.astype(str), return_inverse=True)
    place = {name: n for n, name in enumerate(names.tolist())}
    other = np.array([place.get(str(name), len(names)) for name in found], np.int64)
    random = np.random.Generator(np.random.PCG64(seed))
    drawn = [_mean_f1(own, other, len(names))]
    for _ in range(_SAMPLES):
        rows = random.integers(0, len(own), len(own))
        drawn.append(_mean_f1(own[rows], other[rows], len(names)))
    low, high = np.quantile(drawn[1:], [0.025, 0.975])
    return {
        "macro_f1": round(drawn[0], 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "accuracy": round(float((own == other).mean()), 4),
        "texts": len(own),
        "languages": len(names),
    }


def macro_f1_difference(
    true: npt.NDArray[Any], one: npt.NDArray[Any], other: npt.NDArray[Any], seed: int = 1
) -> dict[str, float]:
    """Macro-F1 of answers `one` less that of `other`, with a 95 % interval: both over the same texts drawn again."""
    names, own = np.unique(true.astype(str), return_inverse=True)
    place = {name: n for n, name in enumerate(names.tolist())}
    first, second = (np.array([place.get(str(name), len(names)) for name in found], np.int64) for found in (one, other))
    random = np.random.Generator(np.random.PCG64(seed))
    drawn = [_mean_f1(own, first, len(names)) - _mean_f1(own, second, len(names))]
    for _ in range(_SAMPLES):
        rows = random.integers(0, len(own), len(own))
        drawn.append(_mean_f1(own[rows], first[rows], len(names)) - _mean_f1(own[rows], second[rows], len(names)))
    low, high = np.quantile(drawn[1:], [0.025, 0.975])
    return {"difference": round(drawn[0], 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def merged(families: Mapping[str, tuple[str, ...]], codes: npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    """The codes with that of its group in the place of each language of one."""
    group = {member: name for name, members in families.items() for member in members}
    return np.array([group.get(code, code) for code in codes.tolist()], dtype=object)


def macro_f1_merged(families: Mapping[str, tuple[str, ...]], true: npt.NDArray[Any], found: npt.NDArray[Any]) -> float:
    """Macro-F1 where the languages of a group count as one."""
    own, other = merged(families, true), merged(families, found)
    place = {name: n for n, name in enumerate(sorted(set(own.tolist())))}
    first, second = (np.array([place.get(name, len(place)) for name in codes], np.int64) for codes in (own, other))
    return round(_mean_f1(first, second, len(place)), 4)


def _mean_f1(own: npt.NDArray[np.int64], other: npt.NDArray[np.int64], names: int) -> float:
    has, got = np.bincount(own, minlength=names), np.bincount(other, minlength=names + 1)[:names]
    right = np.bincount(own[own == other], minlength=names)
    asked = has > 0
    return float((2 * right[asked] / (has[asked] + got[asked])).mean())


def measure(model: LanguageModel, texts: pl.DataFrame) -> dict[str, Any]:
    """Macro-F1 of each source over texts of languages that the model has; texts of others are counted.

    Answers that the model would refuse count as given; the share of right ones among them stands beside.
    """
    made: dict[str, Any] = {}
    for source in texts["source"].unique(maintain_order=True):
        rows = texts.filter(pl.col("source") == source)
        known = rows.filter(pl.col("language").is_in(model.labels))
        if known.height:
            true = known["language"].to_numpy()
            found, sure = predicted(model, known["text"])
            right = found == true
            made[source] = macro_f1(true, found) | {
                "macro_f1_merged": macro_f1_merged(model.families, true, found),
                "right_answers_refused": round(float((~sure[right]).mean()), 4) if right.any() else None,
                "texts_of_other_languages": rows.height - known.height,
            }
    return made
