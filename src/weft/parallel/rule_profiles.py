"""Default thresholds of other tools as rules, to compare with: the same numbers, whatever the languages.

They are the tools' own defaults over weft's counts, not the tools: docs/pair-rules.md says where answers differ.
"""

from __future__ import annotations

from weft.errors import WeftError, nearest
from weft.parallel.rules import Bound, Rules

_BELOW = 1e-6
"""Taken from a bound that the tool itself excludes."""


def _both(name: str, signal: str, low: float | None = None, high: float | None = None) -> list[Bound]:
    return [Bound(f"{side}_{name}", f"{side}_{signal}", low, high) for side in ("source", "target")]


PROFILES: dict[str, tuple[Bound, ...]] = {
    "opusfilter": (
        *_both("LengthFilter", "tokens", 1, 100),
        Bound("LengthRatioFilter", "ratio_tokens", high=3 - _BELOW),
        *_both("LongWordFilter", "longest_token", high=40 - _BELOW),
        *_both("AverageWordLengthFilter", "mean_token", 2, 20),
        *_both("HtmlTagFilter", "tags", high=0),
        *_both("AlphabetRatioFilter", "letters_of_all", low=0.75),
        *_both("CharacterScoreFilter", "script", low=1),
        Bound("TerminalPunctuationFilter", "english_stops", low=-2),
        Bound("NonZeroNumeralsFilter", "numbers_ratio", low=0.5),
        Bound("SimilarityFilter", "same", high=0.5),
    ),
    "bicleaner-hardrules": (
        Bound("no_empty", "units", low=1),
        *_both("not_too_short", "tokens", low=3),
        *_both("not_too_long", "length", high=1024 - _BELOW),
        Bound("length_ratio", "ratio_length", high=3),
        Bound("no_identical", "same", high=0.5),
        *_both("no_only_symbols", "letters_of_all", low=0.1),
        *_both("no_only_numbers", "digits", high=0.5),
        *_both("no_bad_encoding", "mojibake", high=0),
    ),
}
"""OpusFilter 3.3.1, the defaults of its classes; bicleaner-hardrules, the defaults that its documentation gives."""


def profile(name: str, languages: tuple[str, str] = ("", "")) -> Rules:
    """The rules of a profile; scripts are those of the languages. Raises WeftError for a name that there is not."""
    if name not in PROFILES:
        raise WeftError(f"--profile {name}: expected one of {', '.join(PROFILES)}{nearest(name, PROFILES)}")
    return Rules(languages, PROFILES[name])
