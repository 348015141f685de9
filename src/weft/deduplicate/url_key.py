"""The page that a document is of, whatever the spelling of its web address."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from weft.operators.contract import BatchFunction, operator

TYPE = pa.struct({"page": pa.string(), "hash": pa.uint64()})


@operator("deduplicate.url_key", version=1, reads=("url",), writes={"url_key": TYPE})
def url_key() -> BatchFunction:
    """The canonical web address, without its scheme, and a hash of it: documents of one page share them.

    Scheme, `www.`, default ports, fragments, `index.html`, sessions and the parameters by which visits are counted do
    not tell pages apart; the case of path and query does. Null where there is no web address.
    """
    from weft.deduplicate.addresses import canonical
    from weft.text.buffers import string_buffers
    from weft.text.folded import plain_hashes

    def label(batch: pa.Table) -> pa.Table:
        addresses = pl.Series(batch["url"])
        # A site has few pages beside its captures, and pages of a batch repeat: each address is worked out once.
        once = addresses.unique(maintain_order=True)
        pages = canonical(once)
        hashes = pl.Series(plain_hashes(string_buffers(pages.to_arrow())), dtype=pl.UInt64)
        known = pl.DataFrame({"url": once, "page": pages, "hash": hashes})
        found = pl.DataFrame({"url": addresses}).join(known, on="url", how="left", maintain_order="left")
        parts = [found["page"].to_arrow().cast(pa.string()), found["hash"].to_arrow()]
        missing = pa.array(found["page"].is_null().to_numpy())
        return batch.append_column("url_key", pa.StructArray.from_arrays(parts, fields=list(TYPE), mask=missing))

    return label
