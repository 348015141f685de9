from __future__ import annotations

import pyarrow as pa

from weft.deduplicate.band_keys import WRITES, band_keys
from weft.deduplicate.exact import exact, folded_key
from weft.deduplicate.minhash import minhash
from weft.deduplicate.url_key import url_key
from weft.label.tokens import tokens

TEXTS = ["Habari ya asubuhi", None, "", "habari  ya ASUBUHI", "..."]


def signed(texts: list[str | None]) -> pa.Table:
    table = minhash(bands=3)(exact()(tokens()(pa.table({"text": pa.array(texts, pa.large_string())}))))
    count = len(texts)
    table = table.append_column("shard", pa.array([4] * count, pa.int32()))
    return table.append_column("row", pa.array(range(10, 10 + count), pa.int32()))


def rows_of(table: pa.Table) -> list[tuple[int, ...]]:
    return sorted(tuple(row.values()) for row in table.to_pylist())


def test_one_row_for_each_band_and_one_for_the_text() -> None:
    table = signed(TEXTS)
    folded = folded_key(table["exact"]).tolist()
    expected = [(folded[n], folded[n], False, False, 0, 4, 10 + n) for n in (0, 2, 3, 4)]
    for n in (0, 3):
        expected += [(key, folded[n], False, False, 0, 4, 10 + n) for key in table["minhash"][n].as_py()["bands"]]
    made = band_keys()(table)
    assert rows_of(made) == sorted(expected)
    assert made.schema.equals(pa.schema(list(WRITES.items())))


def test_copies_share_all_their_keys() -> None:
    made = band_keys()(signed(TEXTS)).to_pylist()
    keys = [{row["key"] for row in made if row["row"] == n} for n in (10, 13)]
    assert len(keys[0]) == 4 and keys[0] == keys[1]


def test_either_signature_may_be_missing() -> None:
    table = signed(TEXTS)
    assert band_keys()(table.drop_columns(["minhash"])).num_rows == 4
    alone = band_keys()(table.drop_columns(["exact"])).to_pylist()
    assert len(alone) == 6
    assert len({row["text_hash"] for row in alone}) == 2  # nobody is known to be a copy


def test_a_row_for_the_page() -> None:
    urls = [
        "http://www.example.org/a?utm_source=x",
        "https://example.org/a",
        None,
        "about:blank",
        "https://example.org/b",
    ]
    table = url_key()(signed(TEXTS).append_column("url", pa.array(urls, pa.string())))
    pages = [row for row in band_keys()(table).to_pylist() if row["page"]]
    assert [row["row"] for row in pages] == [10, 11, 14]
    assert pages[0]["key"] == pages[0]["text_hash"] == pages[1]["key"] != pages[2]["key"]
    alone = band_keys()(table.drop_columns(["exact", "minhash"])).to_pylist()
    assert alone == pages


def test_batches_and_empty_batches() -> None:
    table = signed(TEXTS)
    parts = pa.concat_tables([band_keys()(table.slice(n, 2)) for n in range(0, 6, 2)])
    assert rows_of(parts) == rows_of(band_keys()(table))
    assert band_keys()(table.slice(0, 0)).num_rows == band_keys()(table.slice(1, 1)).num_rows == 0
