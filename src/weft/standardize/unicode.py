"""NFC, line ends, control and invisible characters, spaces."""

from __future__ import annotations

import unicodedata

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct(
    {
        "nfc": pa.int32(),
        "line_endings": pa.int32(),
        "controls": pa.int32(),
        "invisible": pa.int32(),
        "spaces": pa.int32(),
    }
)


@operator("standardize.unicode", version=1, reads=("text",), writes={"text": pa.large_string(), "unicode": _TYPE})
def unicode(*, keep_joiners: bool = True) -> BatchFunction:
    """Text in NFC with `\\n` as line end, and how often each kind of thing was changed.

    Control characters and noncharacters go, and so do soft hyphens, byte order marks and bidi controls. ZWJ and ZWNJ
    stay between letters of scripts that use them and in emoji; ZWSP stays where it separates words (Khmer, Thai, Lao,
    Burmese); `keep_joiners: false` removes them all but in emoji. Combining marks and variation selectors are never
    touched. Runs of spaces become one, none at the ends of lines, and at most one empty line in a row.
    """
    from weft.text.buffers import large_strings, string_buffers
    from weft.text.normal import clean, maybe_not_nfc

    def standardize(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        strings = string_buffers(text)
        data, offsets, counts = clean(strings, keep_joiners)
        cleaned = large_strings(data, offsets, strings.valid)
        rows = np.flatnonzero(maybe_not_nfc(string_buffers(cleaned)))
        nfc = counts[:, 4].copy()
        if len(rows):
            cleaned, nfc = _composed(cleaned, rows, nfc)
        parts = [pa.array(nfc), *(pa.array(np.ascontiguousarray(counts[:, n])) for n in range(4))]
        column = pa.StructArray.from_arrays(parts, fields=list(_TYPE), mask=text.is_null())
        return batch.set_column(batch.column_names.index("text"), "text", cleaned).append_column("unicode", column)

    return standardize


def _composed(
    text: pa.Array,
    rows: npt.NDArray[np.int64],
    nfc: npt.NDArray[np.int32],
) -> tuple[pa.Array, npt.NDArray[np.int32]]:
    """NFC of the texts that may need it; `nfc` counts the characters by which the form is shorter, at least 1."""
    chosen = text.take(pa.array(rows)).to_pylist()
    forms = [unicodedata.normalize("NFC", value) for value in chosen]
    changed = [n for n, (value, form) in enumerate(zip(chosen, forms, strict=True)) if value != form]
    if not changed:
        return text, nfc
    for n in changed:
        nfc[rows[n]] += max(len(chosen[n]) - len(forms[n]), 1)
    mask = np.zeros(len(text), np.bool_)
    mask[rows[changed]] = True
    return pa.compute.replace_with_mask(text, pa.array(mask), pa.array([forms[n] for n in changed], text.type)), nfc
