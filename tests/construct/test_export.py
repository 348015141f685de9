"""Export: what is written can be read back, and bytes do not depend on batches."""

from __future__ import annotations

import hashlib
import io
import itertools
import random
from typing import BinaryIO, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash
import zstandard

from weft.construct import export
from weft.construct.export import EXPORT, LanguageWriter, exported
from weft.errors import WeftError


class Folder:
    """An open_sink that keeps closed files in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def open(self, path: str) -> BinaryIO:
        folder = self

        class Sink(io.BytesIO):
            def close(self) -> None:
                if not self.closed:
                    assert path not in folder.files
                    folder.files[path] = self.getvalue()
                super().close()

        return cast(BinaryIO, Sink())


def rows(count: int, length: int = 40) -> pa.Table:
    draw = random.Random(7)
    made = [
        {
            "id": f"{i:032x}",
            "text": "مرحبا ሰላም ខ្មែរ\n" + "ka" * draw.randrange(length),
            "source": "web",
            "collected_at": 1_700_000_000_000_000 + i,
            "language": "swh_Latn",
            "language_score": 0.5,
            "split": "train" if i % 10 else "test",
            "cluster_size": 1,
            "variety": {"tag": "sw-TZ"} if i % 3 else None,
            "group_id": None,
            "meta": '{"title":"a"}' if i % 2 else None,
        }
        for i in range(count)
    ]
    return pa.Table.from_pylist(made, EXPORT)


def write(table: pa.Table, cuts: list[int], **options: int) -> tuple[dict[str, bytes], list[export.FileRecord]]:
    folder = Folder()
    writer = LanguageWriter(folder.open, "swh_Latn", **options)  # type: ignore[arg-type]
    edges = [0, *cuts, table.num_rows]
    for start, stop in itertools.pairwise(edges):
        writer.add(table.slice(start, stop - start))
    return folder.files, writer.close()


def test_files_read_back_and_digests_match() -> None:
    table = rows(50)
    files, records = write(table, [])
    assert sorted(files) == [f"ct/swh_Latn/{s}-00000.{e}" for s in ("test", "train") for e in ("jsonl.zst", "parquet")]
    for record in records:
        data = files[record.path]
        assert record.bytes == len(data)
        assert record.sha256 == hashlib.sha256(data).hexdigest()
        assert record.xxh3 == xxhash.xxh3_64_hexdigest(data)
        assert record.rows == {"train": 45, "test": 5}[record.split]
    back = pa.concat_tables(
        [pq.read_table(io.BytesIO(files[f"ct/swh_Latn/{s}-00000.parquet"])) for s in ("test", "train")]
    )
    assert back.sort_by("id")["text"].to_pylist() == table["text"].to_pylist()
    frame = pl.read_parquet(io.BytesIO(files["ct/swh_Latn/train-00000.parquet"]))
    assert frame.columns == EXPORT.names
    lines = zstandard.ZstdDecompressor().stream_reader(files["ct/swh_Latn/train-00000.jsonl.zst"]).read()
    jsonl = pl.read_ndjson(lines)
    assert jsonl["text"].to_list() == frame["text"].to_list()
    assert jsonl["collected_at"][0] == "2023-11-14T22:13:20.000001Z"
    assert jsonl.columns == EXPORT.names


@pytest.mark.parametrize("options", [{}, {"rows_per_file": 100}, {"bytes_per_file": 60_000}])
def test_bytes_do_not_depend_on_batches(options: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "GROUP_ROWS", 64)
    monkeypatch.setattr(export, "GROUP_BYTES", 20_000)
    table = rows(700, 300)
    whole, records = write(table, [], **options)
    assert sum(r.rows for r in records if r.format == "parquet") == 700
    for cuts in ([1], [63, 64, 65], [350], list(range(7, 700, 7)), [0, 0, 699]):
        again, same = write(table, cuts, **options)
        assert again == whole and same == records
    groups = pq.ParquetFile(io.BytesIO(whole["ct/swh_Latn/train-00000.parquet"])).metadata
    assert all(groups.row_group(i).num_rows <= 64 for i in range(groups.num_row_groups))
    if options:
        assert "ct/swh_Latn/train-00001.parquet" in whole


def test_a_document_longer_than_a_group_is_one_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "GROUP_BYTES", 1_000)
    table = pa.Table.from_pylist([{"id": str(i), "text": "x" * 5_000, "split": "train"} for i in range(3)], EXPORT)
    files, _ = write(table, [])
    assert pq.ParquetFile(io.BytesIO(files["ct/swh_Latn/train-00000.parquet"])).metadata.num_row_groups == 3


def test_no_rows_no_files_and_formats_are_checked() -> None:
    assert write(rows(0), []) == ({}, [])
    with pytest.raises(WeftError, match="parquet"):
        LanguageWriter(Folder().open, "swh_Latn", ("csv",))


def test_exported_takes_label_columns() -> None:
    frame = pl.DataFrame(
        {
            "id": ["a"],
            "text": ["habari"],
            "source": ["s"],
            "locator": ["l"],
            "url": [None],
            "collected_at": [None],
            "license": ["CC0-1.0"],
            "consent": [None],
            "basis": ["licence"],
            "redistribute": [True],
            "split": ["train"],
            "variety": [None],
            "group_id": [None],
            "meta": [None],
            "lid": [{"language": "swh_Latn", "score": 0.75, "script": "Latn"}],
            "deduplicate": [{"cluster": "a", "size": 4, "kind": "near"}],
        }
    )
    row = exported(frame).to_pylist()[0]
    assert (row["language"], row["language_score"], row["script"], row["cluster_size"]) == ("swh_Latn", 0.75, "Latn", 4)
    assert exported(frame.drop("deduplicate"))["cluster_size"].to_pylist() == [1]
