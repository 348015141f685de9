"""Repairs text that was decoded in the wrong encoding, by ftfy, only where its traces are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct({"repaired": pa.int32()})
# What UTF-8 looks like when read as a Windows code page: a letter that begins a sequence, then a byte above 0x7F.
_CONTINUED = "[\\x{80}-\\x{BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_WESTERN = f"[ÂÃÄÅÐÑØÙÚÛÎÏàáâãäåæçèéêëìíîï]{_CONTINUED}"
_CYRILLIC = "[РС][\\x{80}-\\x{BF}ЂЃѓ‚„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџЎўЈҐЄЇІіґєјЅѕї]"
SUSPECT = f"{_WESTERN}|(?:{_CYRILLIC}){{2}}"
_LEADS = ((0xC3, 0x82, 0xAF), (0xD0, 0xA0, 0xA1))
"""The first letters of those sequences in UTF-8, U+00C2 to U+00EF, U+0420 and U+0421: most texts have none."""


@operator(
    "standardize.mojibake",
    version=1,
    reads=("text",),
    writes={"text": pa.large_string(), "mojibake": _TYPE},
    libraries=("ftfy",),
)
def mojibake() -> BatchFunction:
    """Text with mojibake lines repaired, and how many lines were.

    A line is looked at only when it has the traces of UTF-8 read as a Windows code page, and changed only when ftfy
    finds that its own measure of badness falls. Runs before control characters are removed: they are part of it.
    """

    from weft.text.buffers import string_buffers
    from weft.text.traces import with_pair

    def repair(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        strings = string_buffers(text)
        traced = np.zeros(len(text), np.bool_)
        for lead, low, high in _LEADS:
            traced |= with_pair(strings, lead, low, high)
        rows = np.flatnonzero(traced)
        if len(rows):
            held = pl.Series(pl.from_arrow(text.take(pa.array(rows))), dtype=pl.String)
            rows = rows[held.str.contains(SUSPECT).fill_null(False).to_numpy()]
        counts = np.zeros(len(text), np.int32)
        if len(rows):
            made = [_repaired(value) for value in text.take(pa.array(rows)).to_pylist()]
            counts[rows] = [count for _, count in made]
            changed = counts > 0
            lines = pa.array([line for line, count in made if count], text.type)
            text = pc.replace_with_mask(text, pa.array(changed), lines)
        column = pa.StructArray.from_arrays([pa.array(counts)], fields=list(_TYPE), mask=text.is_null())
        return batch.set_column(batch.column_names.index("text"), "text", text).append_column("mojibake", column)

    return repair


def _repaired(text: str) -> tuple[str, int]:
    import re

    import ftfy

    pattern = re.compile(SUSPECT.replace("\\x{80}", "\x80").replace("\\x{BF}", "\xbf"))
    lines = text.split("\n")
    count = 0
    for number, line in enumerate(lines):
        if pattern.search(line):
            fixed = ftfy.fix_encoding(line)
            if fixed != line:
                lines[number] = fixed
                count += 1
    return "\n".join(lines), count
