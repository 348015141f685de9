"""The ledger of a build in a folder: what is committed is read, whatever is folded meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from weft.engine.ledger import Entry, Ledger, LedgerWriter


def committed(folder: Path, *keys: str) -> None:
    writer = LedgerWriter(folder)
    writer.append([Entry(key, "node", 0) for key in keys])
    writer.close()


@pytest.mark.parametrize("first", ["compacted", "segments"])
def test_nothing_is_missing_where_a_run_folds_while_another_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    committed(tmp_path, "a", "b")
    if first == "compacted":
        Ledger(tmp_path).compact(always=True)
        committed(tmp_path, "c")
    else:
        committed(tmp_path, "c")
    ending, listdir, done = Ledger(tmp_path), os.listdir, []

    def listed(folder: Path) -> list[str]:
        """Names that are there no more when they are opened."""
        names = listdir(folder)
        if not done:
            done.append(names)
            ending.compact(always=True)
        return names

    monkeypatch.setattr(os, "listdir", listed)
    reader = Ledger(tmp_path)
    assert done and {entry.key for entry in reader.all()} == {"a", "b", "c"}
    committed(tmp_path, "d")
    reader.refresh()
    assert {entry.key for entry in reader.all()} == {"a", "b", "c", "d"}


def test_half_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    committed(tmp_path, "a")
    (segment,) = tmp_path.glob("segment-*")
    line = (Entry("b", "node", 1).to_json() + "\n").encode()
    with segment.open("ab") as sink:
        sink.write(line[:20])
    ledger = Ledger(tmp_path)
    assert [entry.key for entry in ledger.all()] == ["a"]
    with segment.open("ab") as sink:
        sink.write(line[20:])
    ledger.refresh()
    assert sorted(entry.key for entry in ledger.all()) == ["a", "b"]
