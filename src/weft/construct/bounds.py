"""The signals that have a threshold: where it starts, on which side it rejects, and how a language may move it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from weft.construct.sketch import Scale

Method = Literal["english", "percentile", "mean_std", "median_mad", "confidence", "same_length"]

RATIO = Scale(0.001)
LENGTH = Scale(0.02)
COUNT = Scale(1.0)
WORDS = Scale(1 / 32, "log")


@dataclass(frozen=True)
class Bound:
    """A threshold `name` on the label `measure`, which rejects what is below (`min`) or above (`max`) it."""

    name: str
    measure: str
    side: Literal["min", "max"]
    start: float
    """Where it starts: the value used for English by Gopher and FineWeb, or ours where a comment says so."""
    method: Method = "english"
    scale: Scale = RATIO
    tighten: bool = False
    """May a language be stricter than the start? False: it may only be more lenient."""
    by_script: bool = True
    """Do languages of one script resemble each other here? False: few documents back off to the start at once."""
    form: bool = False
    """It measures how a language is written: switched off, openly, where too many documents are beyond it."""
    misfit: float = 0.4
    """For a form signal, the share of a language's documents beyond the threshold that is too many."""
    reference: tuple[float, float] | None = None
    """Mean and standard deviation of the measure over clean English documents, for `mean_std` and `median_mad`."""
    scripts: dict[str, float] = field(default_factory=dict, hash=False)
    """Other starts for scripts to which the English one cannot apply."""

    @property
    def off(self) -> float:
        """A value that rejects nothing."""
        return 0.0 if self.side == "min" else 1e9


_HAN = ("Hani", "Hans", "Hant", "Jpan", "Hang", "Kore", "Bopo")
_MARKED = (
    *("Beng", "Deva", "Gujr", "Guru", "Khmr", "Knda", "Mlym", "Mong", "Mymr", "Orya", "Sinh", "Taml", "Telu", "Thaa"),
    "Tibt",
)
_DENSE = (
    *_MARKED,
    *("Arab", "Cans", "Cher", "Ethi", "Hebr", "Laoo", "Mtei", "Nkoo", "Olck", "Syrc", "Tfng", "Thai", "Vaii", "Yiii"),
)
_UNSEGMENTED = ("Bali", "Batk", "Cham", "Java", "Lana", "Rjng", "Sund", "Tale", "Talu", "Yiii")
"""Often written without spaces, and no dictionary splits them: a word is a clause."""
_SHORTEST = {**dict.fromkeys(_DENSE, 2.0), **dict.fromkeys(_HAN, 1.0), "Vaii": 1.0}
_LONGEST = {**dict.fromkeys(_MARKED, 14.0), **dict.fromkeys(_UNSEGMENTED, 1000.0)}
_NO_SENTENCE_END = dict.fromkeys(("Thai", "Laoo"), 0.0)

BOUNDS: tuple[Bound, ...] = (
    Bound("lid", "lid.score", "min", 0.5, "confidence", by_script=False),
    # FineWeb has 50; pages of small languages are short, and 30 words of English are still two sentences.
    Bound("words", "signals.words", "min", 30, "same_length", WORDS),
    Bound("words_max", "signals.words", "max", 100_000, "english", WORDS),
    Bound(
        "mean_word_length_min",
        "signals.mean_word_length",
        "min",
        3.0,
        "mean_std",
        LENGTH,
        form=True,
        reference=(4.72, 0.46),
        scripts=_SHORTEST,
    ),
    Bound(
        "mean_word_length_max",
        "signals.mean_word_length",
        "max",
        10.0,
        "mean_std",
        LENGTH,
        form=True,
        reference=(4.72, 0.46),
        scripts=_LONGEST,
    ),
    Bound("hash_ratio", "signals.hash_ratio", "max", 0.1),
    Bound("ellipsis_ratio", "signals.ellipsis_ratio", "max", 0.1),
    Bound("bullet_lines", "signals.bullet_lines", "max", 0.9),
    Bound("ellipsis_lines", "signals.ellipsis_lines", "max", 0.3),
    Bound("alpha_words", "signals.alpha_words", "min", 0.8, "percentile", form=True),
    # Gopher asks for two. Published lists of small languages hold month names and the like, so two are asked for only
    # where the language's pages have two, and a list that misses many pages is itself at fault.
    Bound(
        "stop_words",
        "signals.stop_words",
        "min",
        1,
        "percentile",
        COUNT,
        tighten=True,
        by_script=False,
        form=True,
        misfit=0.1,
    ),
    Bound("dup_line_frac", "signals.dup_line_frac", "max", 0.30, "mean_std", tighten=True, reference=(0.015, 0.08)),
    Bound("dup_line_char", "signals.dup_line_char", "max", 0.20, "mean_std", tighten=True, reference=(0.007, 0.06)),
    Bound("dup_para_frac", "signals.dup_para_frac", "max", 0.30),
    Bound("dup_para_char", "signals.dup_para_char", "max", 0.20),
    Bound("top_2gram", "signals.top_2gram", "max", 0.20, "mean_std", tighten=True, reference=(0.033, 0.023)),
    Bound("top_3gram", "signals.top_3gram", "max", 0.18, "mean_std", tighten=True, reference=(0.031, 0.026)),
    Bound("top_4gram", "signals.top_4gram", "max", 0.16, "mean_std", tighten=True, reference=(0.024, 0.027)),
    Bound("dup_5gram", "signals.dup_5gram", "max", 0.15, "mean_std", tighten=True, reference=(0.0176, 0.0467)),
    Bound("dup_6gram", "signals.dup_6gram", "max", 0.14, "mean_std", tighten=True, reference=(0.0152, 0.0459)),
    Bound("dup_7gram", "signals.dup_7gram", "max", 0.13, "mean_std", tighten=True, reference=(0.0124, 0.0432)),
    Bound("dup_8gram", "signals.dup_8gram", "max", 0.12, "mean_std", tighten=True, reference=(0.0118, 0.0435)),
    Bound("dup_9gram", "signals.dup_9gram", "max", 0.11, "mean_std", tighten=True, reference=(0.0103, 0.0418)),
    Bound("dup_10gram", "signals.dup_10gram", "max", 0.10, "mean_std", tighten=True, reference=(0.008, 0.0376)),
    Bound("line_punct", "signals.line_punct", "min", 0.12, "percentile", form=True, scripts=_NO_SENTENCE_END),
    # FineWeb-2 has 0.1 here for every language; 0.01 is FineWeb's for English.
    Bound("char_dup", "signals.char_dup", "max", 0.1),
    Bound("new_line", "signals.new_line", "max", 0.3, "percentile", form=True),
)
"""Starts from Gopher (arXiv 2112.11446), FineWeb and FineWeb-2; short_line is left out, as in FineWeb-2.

References are those of 142 English web documents that people found good, for lines of 85 English articles.
"""
