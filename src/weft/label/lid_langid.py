"""The language of a document by py3langid: langid.py's naive Bayes of byte n-grams, 140 languages, in its package."""

from __future__ import annotations

import functools
from typing import Any

from weft.label.adapter import MaxBytes, MinLetters, MinScore, labels, library
from weft.model.tables import LID
from weft.operators.contract import BatchFunction, operator


@operator("label.lid_langid", version=1, reads=("text", "script"), writes={"lid_langid": LID}, libraries=("py3langid",))
def lid_langid(*, min_letters: MinLetters = 8, min_score: MinScore = 0.3, max_bytes: MaxBytes = 4_096) -> BatchFunction:
    """Language as py3langid has it, in the form of label.lid.

    The library py3langid must be installed (weft[identifiers]). The script of the answer is the document's dominant
    one; an answer that is not written in it is refused. At most `max_bytes` of the text are read. Reasons of
    `und_<Script>`: no_letters, too_short, script_mismatch, low_confidence, unknown; null where py3langid answered.
    """
    identifier = _identifier()
    # Not one n-gram was known: all classes are equally likely, and two of them may be one language.
    least = 2.01 / len(identifier.nb_classes)

    def guess(text: str) -> tuple[str, float] | None:
        code, score = identifier.classify(text)
        return (code, score) if score > least else None

    return labels("lid_langid", guess, min_letters, min_score, max_bytes)


@functools.cache  # unpacking its model takes most of a second
def _identifier() -> Any:
    found = library("py3langid.langid", "py3langid", "label.lid_langid")
    return found.LanguageIdentifier.from_model_file(found.MODEL_FILE, norm_probs=True)
