"""What all adapters to other identifiers share: which rows are asked, and when an answer is refused."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.label.written import in_script
from weft.model.tables import LID
from weft.operators.contract import BatchFunction

Guess = Callable[[str], tuple[str, float] | None]
"""A library's code (or None for `not known`) and its probability, of one text without line ends."""

MinLetters = Annotated[int, Field(ge=1)]
MinScore = Annotated[float, Field(ge=0, le=1)]
MaxBytes = Annotated[int, Field(ge=64)]

_NO_LANGUAGE = ("und", "zxx", "mis", "mul")  # codes of noise and of what is not known
_LINE_ENDS = dict.fromkeys(map(ord, "\x00\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"), " ")


def library(module: str, distribution: str, operator: str) -> Any:
    """An optional library; raises WeftError that says how it is installed."""
    try:
        importlib.metadata.version(distribution)  # another one may have the module's name: three call it fasttext
        return importlib.import_module(module)
    except ImportError as error:  # PackageNotFoundError is one
        raise WeftError(
            f"{operator} needs the library {distribution}, which is not installed or cannot be imported; "
            "expected it from: pip install 'weft[identifiers]'"
        ) from error


def labels(column: str, guess: Guess, min_letters: int, min_score: float, max_bytes: int) -> BatchFunction:
    """The function of an operator that writes the answers of `guess` to `column`."""

    def label(batch: pa.Table) -> pa.Table:
        pairs = zip(batch["text"].to_pylist(), batch["script"].to_pylist(), strict=True)
        found = [
            None if text is None else _answer(text, script, guess, min_letters, min_score, max_bytes)
            for text, script in pairs
        ]  # none of the libraries takes a column: a call per document
        return batch.append_column(column, pa.array(found, LID))

    return label


def refused(script: str, reason: str, score: float = 0.0) -> dict[str, Any]:
    """An answer that names no language."""
    return {"language": f"und_{script}", "score": score, "script": script, "reason": reason}


def _answer(
    text: str, script: dict[str, Any] | None, guess: Guess, min_letters: int, min_score: float, max_bytes: int
) -> dict[str, Any]:
    if script is None:
        return refused("Zyyy", "no_letters")
    name = script["script"]
    if len(text) < 4 * min_letters and sum(map(str.isalpha, text)) < min_letters:
        return refused(name, "too_short")
    found = guess(_start(text, max_bytes))
    if found is None:
        return refused(name, "unknown")
    code, score = found[0], min(max(float(found[1]), 0.0), 1.0)  # fastText says 1.00001
    if code.replace("-", "_").partition("_")[0] in _NO_LANGUAGE:
        return refused(name, "unknown", score)
    try:
        language, fits = in_script(code, name)
    except ValueError:  # a label of the library that is no language
        return refused(name, "unknown", score)
    if not fits:
        return refused(name, "script_mismatch", score)
    if score < min_score:
        return refused(name, "low_confidence", score)
    return {"language": language, "score": score, "script": name, "reason": None}


def _start(text: str, max_bytes: int) -> str:
    """The first bytes of a text, never half a letter, on one line."""
    cut = text[:max_bytes].encode("utf-8", "ignore")[:max_bytes].decode("utf-8", "ignore")
    return cut.translate(_LINE_ENDS)
