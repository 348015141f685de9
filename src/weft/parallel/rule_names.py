"""Names of the numbers that rules about pairs judge; `rule_signals` computes them."""

from __future__ import annotations

_BY_SIDE = (
    *("units", "signs", "digits", "script", "stop_words", "repeated", "run", "longest_word", "mojibake", "language"),
    *("stop_words_z", "tokens", "longest_token", "mean_token", "letters_of_all", "length", "tags"),
)
SIGNALS = (
    "units",
    *(f"{side}_{name}" for name in _BY_SIDE for side in ("source", "target")),
    *("length_units", "length_characters", "ratio_tokens", "ratio_length", "numbers_differ", "numbers_missing"),
    *("numbers_ratio", "ending", "english_stops", "addresses", "markup", "copied", "same", "casing", "depth"),
)
"""Every number that a rule can be about. NaN where the pair has nothing that could be judged."""
