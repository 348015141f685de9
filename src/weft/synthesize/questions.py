"""Whether a text is a question, by the mark that its script ends questions with."""

from __future__ import annotations

import unicodedata

MARKS = "?؟？⸮፧꘏꛷\u037e"
"""Question marks of all scripts that end a sentence with one; in Greek the semicolon is one as well."""
_INSIDE = "՞"


def is_question(text: str, language: str) -> bool:
    """Whether a text in a language (code) ends with a question mark; quotes and brackets behind it do not count."""
    held = text.rstrip()
    while held and (unicodedata.category(held[-1]) in ("Pe", "Pf") or held[-1] in "\"'!"):
        held = held[:-1].rstrip()
    if language.endswith("_Armn") and held:
        return _INSIDE in held.split()[-1] or held[-1] in MARKS
    return held[-1:] in MARKS + (";" if language.endswith("_Grek") else "") if held else False
