"""Within a language: the dialect or spelling of a text, where the text says enough, else none.

Naive Bayes over those distinct n-grams alone in which the varieties differ. Two things decide whether there is an
answer: how far the best variety is ahead, and how much of the evidence agrees on it; a text of a variety that the model
does not have, or of none, has evidence for several.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.language.logistic import Floats
from weft.text.bayes import both_sides
from weft.text.buffers import Strings, string_buffers

BITS = 16
NONE = "none"
"""Texts beside which the varieties were learnt, and which are of none of them."""
NEVER = 2.0
"""A least score that no answer has: of codes that serve to tell the others from."""
LEAST_LEAD = 4.0
"""Log odds below which a lead is no evidence: overlapping n-grams make so much of a single word."""
WITNESSES = ("one", "log_lead", "agreement")


class Variety(NamedTuple):
    """The varieties of one language; all that `places` does not name says nothing of them.

    `table` (len(places), codes) int8 times `scale` are log probabilities, less their mean over the codes. An answer
    whose score is below that of its code in `thresholds` is none.
    """

    codes: tuple[str, ...]
    places: npt.NDArray[np.uint16]
    table: npt.NDArray[np.int8]
    scale: float
    thresholds: tuple[float, ...]

    def answerable(self) -> list[str]:
        """Codes that an answer may have."""
        pairs = zip(self.codes, self.thresholds, strict=True)
        return [code for code, least in pairs if code != NONE and least < NEVER]


class Seen(NamedTuple):
    """One row per text: the best code's place, its lead in log odds, and the share of the evidence that is for it."""

    best: npt.NDArray[np.int64]
    lead: Floats
    agreement: Floats

    def only(self, rows: npt.NDArray[np.bool_]) -> Seen:
        """The texts for which `rows` is true."""
        return Seen(self.best[rows], self.lead[rows], self.agreement[rows])


@dataclass(frozen=True)
class Varieties:
    """Of each language its varieties; `weights` are those of WITNESSES in the score of an answer."""

    languages: Mapping[str, Variety]
    weights: npt.NDArray[np.float32]

    def content(self) -> dict[str, Any]:
        """What a model's file says of them in words."""
        named = {
            name: {"codes": list(own.codes), "scale": own.scale, "thresholds": list(own.thresholds)}
            for name, own in self.languages.items()
        }
        return {"weights": [float(weight) for weight in self.weights], "languages": named}

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What it holds of them in numbers."""
        places = {f"variety-places-{name}": own.places for name, own in self.languages.items()}
        return places | {f"variety-table-{name}": own.table for name, own in self.languages.items()}

    @classmethod
    def read(cls, content: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Varieties:
        """What `content` and `arrays` gave."""
        held = {
            name: Variety(
                tuple(own["codes"]),
                arrays[f"variety-places-{name}"],
                arrays[f"variety-table-{name}"],
                float(own["scale"]),
                tuple(own["thresholds"]),
            )
            for name, own in content["languages"].items()
        }
        return cls(held, np.array(content["weights"], np.float32))

    def of(self, texts: Any, language: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32]]:
        """Code and score of the variety of each text of an Arrow string array in NFC; null, and 0, where none is sure.

        `language` names that of each text. The score is the probability that an answer is right, where right and wrong
        ones are equally many.
        """
        codes = np.full(len(language), None, dtype=object)
        scores = np.zeros(len(language), np.float32)
        for name, variety in self.languages.items():
            rows = np.flatnonzero(language == name)
            if len(rows):
                seen = look(variety, string_buffers(texts.take(rows)))
                score = scored(seen, self.weights)
                sure = score >= np.array(variety.thresholds)[seen.best]
                sure &= np.array(variety.codes)[seen.best] != NONE
                codes[rows[sure]] = np.array(variety.codes, dtype=object)[seen.best[sure]]
                scores[rows[sure]] = score[sure]
        return codes, scores


def look(variety: Variety, strings: Strings) -> Seen:
    """What the n-grams of texts say of their variety."""
    classes = len(variety.codes)
    held = variety.table.astype(np.float32) * np.float32(variety.scale)
    found = both_sides(strings, BITS, variety.places, held).astype(np.float64)
    both = found[:, :classes] + found[:, classes:]
    best, row = both.argmax(axis=1), np.arange(len(both))
    order = np.sort(both, axis=1)
    given, against = found[row, best], found[row, best + classes]
    return Seen(best, order[:, -1] - order[:, -2], given / np.maximum(given - against, 1e-9))


def scored(seen: Seen, weights: npt.NDArray[np.float32]) -> Floats:
    """Scores of answers from 0 to 1; 0 where the lead is no evidence."""
    chance = 1 / (1 + np.exp(-np.clip(witnesses(seen) @ weights.astype(np.float64), -30, 30)))
    return np.where(seen.lead >= LEAST_LEAD, chance, 0.0)


def witnesses(seen: Seen) -> Floats:
    """(texts, 3): what WITNESSES names."""
    return np.column_stack([np.ones(len(seen.lead)), np.log(np.maximum(seen.lead, 1.0)), seen.agreement])
