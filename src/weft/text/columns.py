"""Texts in whatever column they come, as what kernels read: valid UTF-8 in NFC, and no more of it than is asked for."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from weft.errors import WeftError
from weft.text.buffers import large, string_buffers
from weft.text.normal import maybe_not_nfc


def readable(texts: Any, most: int) -> pa.Array:
    """The first `most` characters of each text as a large_string array in NFC; null stays null.

    `texts` are an Arrow column of strings or bytes of any kind, sliced, chunked or a dictionary; or Python strings.
    Bytes that are no UTF-8, and lone surrogates, become U+FFFD. Raises WeftError for what is not text. Work is bounded
    by `most`: canonical ordering (UAX #15) takes time in the square of a run of marks.
    """
    held = _plain(texts)
    if (pc.max(pc.binary_length(held)).as_py() or 0) > most:
        held = pc.utf8_slice_codeunits(held, 0, most)
    loose = maybe_not_nfc(string_buffers(held))
    if not loose.any():
        return held
    mask = pa.array(loose)
    return pc.replace_with_mask(held, mask, pc.utf8_normalize(held.filter(mask), "NFC"))


def _plain(texts: Any) -> pa.Array:
    """One large_string array of valid UTF-8."""
    if isinstance(texts, str):
        texts = [texts]
    if not isinstance(texts, pa.Array | pa.ChunkedArray):
        texts = _of_strings(list(texts))
    kind = texts.type.value_type if pa.types.is_dictionary(texts.type) else texts.type
    if not (_is_string(kind) or _is_binary(kind) or pa.types.is_null(kind)):
        raise WeftError(f"texts: a column of type {texts.type}; expected strings, or bytes of UTF-8")
    held = large(texts.cast(pa.large_binary()) if _is_binary(kind) else texts)
    try:
        held = held.cast(pa.large_string())
        held.validate(full=True)
    except pa.ArrowInvalid:
        return _mended(held)
    return held


def _is_string(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_binary(kind: pa.DataType) -> bool:
    named = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
    return bool(named or pa.types.is_fixed_size_binary(kind))


def _of_strings(texts: list[Any]) -> pa.Array:
    wrong = next((text for text in texts if not isinstance(text, str | None)), None)
    if wrong is not None:
        raise WeftError(f"texts: a value of type {type(wrong).__name__}; expected strings")
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        # Surrogates that Python holds and UTF-8 cannot.
        given = [None if text is None else text.encode("utf-8", "surrogatepass") for text in texts]
        return pa.array(given, pa.large_binary())


def _mended(held: pa.Array) -> pa.Array:
    """The same texts with U+FFFD in place of bytes that are no UTF-8: a batch that holds some goes through Python."""
    given = held.cast(pa.large_binary()).to_pylist()
    return pa.array([None if text is None else text.decode("utf-8", "replace") for text in given], pa.large_string())
