"""The language of a document by CLD3: a small neural network of 109 languages, carried in its package."""

from __future__ import annotations

from weft.label.adapter import MaxBytes, MinLetters, MinScore, labels, library
from weft.model.tables import LID
from weft.operators.contract import BatchFunction, operator

_OLD_CODES = {"iw": "heb"}


@operator("label.lid_cld3", version=1, reads=("text", "script"), writes={"lid_cld3": LID}, libraries=("cld3-py",))
def lid_cld3(*, min_letters: MinLetters = 8, min_score: MinScore = 0.3, max_bytes: MaxBytes = 4_096) -> BatchFunction:
    """Language as CLD3 has it, in the form of label.lid.

    The library cld3-py must be installed (weft[identifiers]). The script of the answer is the document's dominant one;
    an answer that is not written in it is refused. At most `max_bytes` of the text are read. Reasons of
    `und_<Script>`: no_letters, too_short, script_mismatch, low_confidence, unknown; null where CLD3 answered.
    """
    gcld3 = library("gcld3", "cld3-py", "label.lid_cld3")
    # It would read samples of a longer text: it is given no more than it reads, so that all identifiers read the same.
    identifier = gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=max_bytes)
    unknown = identifier.kUnknown

    def guess(text: str) -> tuple[str, float] | None:
        found = identifier.FindLanguage(text)
        return (
            None if found.language == unknown else (_OLD_CODES.get(found.language, found.language), found.probability)
        )

    return labels("lid_cld3", guess, min_letters, min_score, max_bytes)
