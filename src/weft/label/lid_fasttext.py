"""The language of a document by a fastText file that the user has: GlotLID, OpenLID, NLLB's, lid.176 or their own.

Read by fasttext-predict (MIT, under 1 MB, no dependencies, so any NumPy). fasttext-numpy2-wheel is the same library
at 18 MB and needs setuptools at run time; floret writes a layout of its own and cannot read these files at all.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from weft.errors import WeftError
from weft.label.adapter import Guess, MaxBytes, MinLetters, MinScore, labels, library
from weft.label.fasttext_file import PREFIX, labels_of
from weft.model.tables import LID
from weft.operators.contract import BatchFunction, operator

# lid.176 has the codes of Wikipedia's editions, of which these are other languages, or none, in ISO 639.
_WIKIPEDIA = {"als": "gsw", "eml": "egl", "bh": "bho", "nah": "nhn"}


@operator(
    "label.lid_fasttext",
    version=1,
    reads=("text", "script"),
    writes={"lid_fasttext": LID},
    libraries=("fasttext-predict",),
    files_in=("model",),
)
def lid_fasttext(
    *,
    model: Annotated[str, Field(min_length=1)],
    min_letters: MinLetters = 8,
    min_score: MinScore = 0.3,
    max_bytes: MaxBytes = 4_096,
) -> BatchFunction:
    """Language by the fastText classifier in the file `model`, in the form of label.lid.

    The file is GlotLID's, OpenLID's, NLLB's, lid.176 or one of your own, .bin or .ftz; its labels are codes such as
    `__label__swh_Latn` or `__label__sw`. Mind its licence: NLLB's forbids commercial use. The library
    fasttext-predict must be installed (weft[identifiers]). The script of the answer is the document's dominant one;
    an answer that is not written in it is refused. At most `max_bytes` of the text are read. Reasons of
    `und_<Script>`: no_letters, too_short, script_mismatch, low_confidence, unknown; null where the model answered.
    """
    fasttext = library("fasttext", "fasttext-predict", "label.lid_fasttext")
    file = Path(model).absolute()
    labels_of(file)
    asked: list[Guess] = []  # a model may take gigabytes: read at the first document, not to check a recipe

    def guess(text: str) -> tuple[str, float] | None:
        if not asked:
            state = file.stat()
            asked.append(_guesser(_model(fasttext, file, state.st_size, state.st_mtime_ns)))
        return asked[0](text)

    return labels("lid_fasttext", guess, min_letters, min_score, max_bytes)


@functools.lru_cache(maxsize=1)
def _model(fasttext: Any, file: Path, size: int, changed: int) -> Any:
    try:
        return fasttext.load_model(str(file))
    except (ValueError, RuntimeError, MemoryError) as error:
        raise WeftError(f"{file}: fastText cannot read it: {error or 'out of memory'}") from error


def _guesser(model: Any) -> Guess:
    def guess(text: str) -> tuple[str, float] | None:
        try:
            names, scores = model.predict(text)
        except RuntimeError:  # weights that are no numbers
            return None
        if not names:
            return None
        code = names[0].removeprefix(PREFIX)
        return _WIKIPEDIA.get(code, code), scores[0]

    return guess
