"""The language of a document by CLD2: naive Bayes over quadgrams, some hundred and sixty languages, in its package."""

from __future__ import annotations

from weft.label.adapter import MaxBytes, MinLetters, MinScore, labels, library
from weft.model.tables import LID
from weft.operators.contract import BatchFunction, operator

_OLD_CODES = {"jw": "jav", "iw": "heb", "sr-ME": "srp", "bh": "bho", "mo": "ron"}
_NO_LANGUAGE = ("un", "zzp", "blu", "tlh", "vo")  # unknown, and what CLD2 was taught for fun
_RELIABLE, _UNRELIABLE = 1.0, 0.6
"""CLD2 says no probability, but the share of a text in a language, and whether that can be relied on."""


@operator("label.lid_cld2", version=1, reads=("text", "script"), writes={"lid_cld2": LID}, libraries=("pycld2",))
def lid_cld2(*, min_letters: MinLetters = 8, min_score: MinScore = 0.3, max_bytes: MaxBytes = 4_096) -> BatchFunction:
    """Language as CLD2 has it, in the form of label.lid.

    The library pycld2 must be installed (weft[identifiers]). The score is the share of the text that is in the
    language, times 0.6 where CLD2 does not call it reliable. The script of the answer is the document's dominant one;
    an answer that is not written in it is refused. At most `max_bytes` of the text are read. Reasons of
    `und_<Script>`: no_letters, too_short, script_mismatch, low_confidence, unknown; null where CLD2 answered.
    """
    cld2 = library("pycld2", "pycld2", "label.lid_cld2")

    def guess(text: str) -> tuple[str, float] | None:
        try:
            reliable, _, details = cld2.detect(text.encode("utf-8", "ignore"), isPlainText=True, bestEffort=True)
        except (cld2.error, ValueError):  # control characters and the like: CLD2 wants clean text
            return None
        trust = _RELIABLE if reliable else _UNRELIABLE
        for _, code, percent, _ in details:
            if code not in _NO_LANGUAGE and not code.startswith("xx-") and percent:
                return _OLD_CODES.get(code, code), trust * percent / 100
        return None

    return labels("lid_cld2", guess, min_letters, min_score, max_bytes)
