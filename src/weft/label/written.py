"""The script that a language is written in, and whether a document's script is one of them."""

from __future__ import annotations

import functools

# Scripts that stand for one another: a document in Han alone is Hani, the code of its language says Hans or Hant.
_SAME = {"Hans": "Hani", "Hant": "Hani", "Hira": "Jpan", "Kana": "Jpan", "Kore": "Hang"}
_SEVERAL = ("srp", "uzn", "azj", "tgk", "kaz", "kmr", "kas", "snd", "tat")  # in the scripts of the next line
_OFTEN = ("Latn", "Cyrl", "Arab")


def same_script(one: str, other: str) -> bool:
    """Whether two ISO 15924 codes stand for one script."""
    return _SAME.get(one, one) == _SAME.get(other, other)


@functools.lru_cache(maxsize=4096)
def in_script(code: str, script: str) -> tuple[str, bool]:
    """An identifier's code in the document's script, and whether the language is written in it.

    A code that says no script (`sr`) fits every script of its language. Raises ValueError when it is no language.
    """
    from weft.model.languages import normalise

    usual = normalise(code)
    base, _, expected = usual.partition("_")
    if same_script(expected, script):
        return usual, True
    if _says_script(code):
        return usual, False
    if (base, script) == ("kmr", "Arab"):
        return "ckb_Arab", True
    return f"{base}_{script}", base in _SEVERAL and script in _OFTEN


def _says_script(code: str) -> bool:
    last = code.replace("_", "-").rpartition("-")[2]
    return last != code and len(last) == 4 and last.isalpha()
