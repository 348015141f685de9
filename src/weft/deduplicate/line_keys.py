"""Rows by which the lines of a site meet."""

from __future__ import annotations

import pyarrow as pa

from weft.operators.contract import BatchFunction, operator

WRITES = {
    "site": pa.uint64(),
    "page": pa.int64(),
    "place": pa.int32(),
    "paragraph": pa.int32(),
    "line": pa.uint64(),
    "weight": pa.int32(),
    "form": pa.uint8(),
    "numbered": pa.uint64(),
}


@operator("deduplicate.line_keys", version=3, reads=("id", "text", "url", "source"), writes=WRITES, rows="make")
def line_keys() -> BatchFunction:
    """A row for each line that is not blank: site, page, place, hash, letters and how the line ends.

    `numbered` is the hash of a short line as if all its digits were one, and 0 where there are none. The
    site is the host of the address without `www.`, or the source of a document without an address.
    """
    from weft.deduplicate.site import page_numbers, sites
    from weft.text.buffers import string_buffers
    from weft.text.lines import line_table

    def make(batch: pa.Table) -> pa.Table:
        found = line_table(string_buffers(batch["text"]))
        columns = {
            "site": sites(batch["url"], batch["source"])[found.row],
            "page": page_numbers(batch["id"])[found.row],
            "place": found.place,
            "paragraph": found.paragraph,
            "line": found.hash,
            "weight": found.weight,
            "form": found.form,
            "numbered": found.numbered,
        }
        return pa.table(columns, schema=pa.schema(list(WRITES.items())))

    return make
