"""Repairs text that was decoded in the wrong encoding, by ftfy, only where its traces are."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct({"repaired": pa.int32()})
# What UTF-8 looks like when read as a Windows code page: a letter that begins a sequence, then a byte above 0x7F.
_CONTINUED = "[\\x{80}-\\x{BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_WESTERN = f"[ÂÃÄÅÐÑØÙÚÛÎÏàáâãäåæçèéêëìíîï]{_CONTINUED}"
_CYRILLIC = "[РС][\\x{80}-\\x{BF}ЂЃѓ‚„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџЎўЈҐЄЇІіґєјЅѕї]"
SUSPECT = f"{_WESTERN}|(?:{_CYRILLIC}){{2}}"


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

    def repair(batch: pa.Table) -> pa.Table:
        text = pl.Series(pl.from_arrow(batch["text"]), dtype=pl.String)
        suspect = text.str.contains(SUSPECT).fill_null(False)
        rows = suspect.arg_true().to_list()
        counts = pl.Series([None if null else 0 for null in text.is_null()], dtype=pl.Int32)
        if rows:
            made = [_repaired(text[row]) for row in rows]
            text = text.scatter(rows, [line for line, _ in made])
            counts = counts.scatter(rows, [count for _, count in made])
        done = batch.set_column(batch.column_names.index("text"), "text", text.to_arrow().cast(pa.large_string()))
        column = pa.StructArray.from_arrays(
            [counts.to_arrow()], fields=list(_TYPE), mask=batch["text"].combine_chunks().is_null()
        )
        return done.append_column("mojibake", column)

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
