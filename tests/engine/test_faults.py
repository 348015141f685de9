"""What goes wrong: full disks, dead workers, unreadable files, rows that make an operator fail, torn ledgers."""

from __future__ import annotations

import errno
import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from tests.engine.corpus import contents, documents, write_corpus

from weft.engine import local
from weft.engine.apply import Ready, run_map
from weft.engine.build import run
from weft.engine.ledger import Entry, Ledger, LedgerWriter
from weft.engine.reading import Build
from weft.engine.storage import Storage
from weft.engine.work import Outcome, Task
from weft.errors import ShardError, WeftError
from weft.operators.contract import OperatorSpec
from weft.recipe import load

PLUGIN = '''
import os, pyarrow as pa
from weft.operators.contract import operator

@operator("label.deadly", version=1, reads=("text",), writes={"deadly": pa.struct({"chars": pa.int32()})})
def deadly():
    """Ends its process on one text."""
    def label(batch):
        texts = batch["text"].to_pylist()
        if any("DIE" in text for text in texts):
            os._exit(1)
        rows = [{"chars": len(text)} for text in texts]
        return batch.append_column("deadly", pa.array(rows, pa.struct({"chars": pa.int32()})))
    return label
'''


class Inline:
    """A runner in this process: the interface is small enough for that."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._waiting: deque[Task] = deque()

    def submit(self, task: Task) -> None:
        self._waiting.append(task)

    busy = 0
    """A task begins and ends within `outcomes`."""

    def outcomes(self, *, begin: bool = True) -> Iterator[Outcome]:
        yield local.run_task(self._root, self._waiting.popleft())

    def close(self) -> None:
        """Nothing to give back."""


def test_a_full_disk_is_said_and_the_next_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = load(write_corpus(tmp_path))
    whole = Storage.create

    def full(self: Storage, relative: str) -> object:
        if relative.startswith("label/signals"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(self, relative)

    monkeypatch.setattr(Storage, "create", full)
    result = run(recipe, tmp_path / "build", runner=Inline(tmp_path / "build"))
    assert result.status == 1 and all("disk" in (f.failure or "") for f in result.tally.failures)
    monkeypatch.undo()
    assert run(recipe, tmp_path / "build", runner=Inline(tmp_path / "build")).status == 0
    run(recipe, tmp_path / "other", runner=Inline(tmp_path / "other"))
    assert contents(tmp_path / "build/construct") == contents(tmp_path / "other/construct")


def test_a_task_that_kills_its_worker_costs_only_its_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = tmp_path / "plugin"
    (plugin / "deadly-1.0.dist-info").mkdir(parents=True)
    (plugin / "deadly_plugin.py").write_text(PLUGIN, "utf-8")
    (plugin / "deadly-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: deadly\nVersion: 1.0\n")
    (plugin / "deadly-1.0.dist-info/entry_points.txt").write_text("[weft.operators]\ndeadly = deadly_plugin\n")
    monkeypatch.syspath_prepend(str(plugin))
    monkeypatch.setenv("PYTHONPATH", str(plugin))
    local.open_worker.cache_clear()
    from weft.engine import work

    work.rooms_registry.cache_clear()
    recipe = write_corpus(tmp_path)
    (tmp_path / "texts/part-9.jsonl").write_text(json.dumps({"text": "DIE now " * 30}) + "\n", "utf-8")
    checked = load(recipe, ["label=[script, lid, signals, deadly]"])
    result = run(checked, tmp_path / "build", workers=2)
    work.rooms_registry.cache_clear()
    assert result.status == 1
    assert len(result.tally.failures) == 1 and "worker process died" in (result.tally.failures[0].failure or "")
    kept = [pl.read_parquet(path).height for path in (tmp_path / "build/construct/ct").rglob("*.parquet")]
    assert sum(kept) > 100, "the other shards went on to the end"


def test_a_row_that_an_operator_fails_on_costs_only_that_row() -> None:
    def fails(batch: pa.Table) -> pa.Table:
        if "poison" in batch["text"].to_pylist():
            raise RuntimeError("cannot digest this")
        return batch.append_column("x", pa.array([1] * batch.num_rows, pa.int32()))

    spec = OperatorSpec("label.x", 1, ("text",), {"x": pa.int32()}, build=lambda: fails)
    ids = [f"d{n}" for n in range(9)]
    table = pa.table({"id": ids, "text": ["fine"] * 4 + ["poison"] + ["fine"] * 4})
    done, errors = run_map(Ready(spec, fails, None), table)
    assert done["id"].to_pylist() == ids
    assert done["x"].to_pylist() == [1, 1, 1, 1, None, 1, 1, 1, 1]
    assert errors.to_pylist()[0] | {} == {
        "id": "d4", "source": None, "locator": None, "stage": "label.x", "kind": "error",
        "reason": "operator_failed", "detail": "RuntimeError: cannot digest this",
    }  # fmt: skip


def test_an_operator_that_loses_rows_is_stopped() -> None:
    spec = OperatorSpec("label.x", 1, ("text",), {"x": pa.int32()}, build=lambda: None)
    with pytest.raises(ShardError, match="broke its contract: 2 rows in, 1 out"):
        run_map(Ready(spec, lambda batch: batch.slice(1), None), pa.table({"text": ["a", "b"]}))


def test_where_runs_a_step_on_some_rows_and_says_so_of_the_others() -> None:
    spec = OperatorSpec("label.x", 1, ("text",), {"x": pa.int32()}, build=lambda: None)

    def counts(batch: pa.Table) -> pa.Table:
        assert batch["n"].to_pylist() == [3, 4]
        return batch.append_column("x", pa.array([len(t) for t in batch["text"].to_pylist()], pa.int32()))

    table = pa.table({"text": ["a", "bb", "ccc", "dddd"], "n": [1, 2, 3, 4]})
    done, _ = run_map(Ready(spec, counts, "n > 2"), table)
    assert done["x"].to_pylist() == [None, None, 3, 4]
    assert done["x_reason"].to_pylist() == ["not_run", "not_run", None, None]


def test_a_file_that_cannot_be_read_is_an_error_row(tmp_path: Path) -> None:
    recipe = write_corpus(tmp_path, count=40)
    (tmp_path / "texts/gone.jsonl").symlink_to(tmp_path / "nowhere")
    (tmp_path / "texts/strange.xyz").write_bytes(b"\x00\x01\x02")
    (tmp_path / "texts/empty.jsonl").write_bytes(b"")
    result = run(load(recipe), tmp_path / "build", runner=Inline(tmp_path / "build"))
    assert result.status == 0
    errors = Build.open(tmp_path / "build").errors()
    found = {locator: reason for locator, reason in errors.select("locator", "reason").iter_rows()}
    assert found == {"gone.jsonl": "unreadable_file", "strange.xyz": "unknown_format", "empty.jsonl": "empty_file"}


@pytest.mark.parametrize("path", ["nothing", "empty", "texts/*.warc"])
def test_no_input_is_one_clear_message(tmp_path: Path, path: str) -> None:
    recipe = write_corpus(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeftError, match="no files at"):
        run(load(recipe, [f"acquire.0.path={path}"]), tmp_path / "build")


def test_a_torn_ledger_line_is_an_uncommitted_task(tmp_path: Path) -> None:
    writer = LedgerWriter(tmp_path)
    writer.append([Entry("a", "documents", 0), Entry("b", "documents", 1)])
    writer.close()
    segment = next(tmp_path.glob("segment-*"))
    segment.write_bytes(segment.read_bytes()[:-9])
    ledger = Ledger(tmp_path)
    assert ledger.get("a") is not None and ledger.get("b") is None


def test_a_compacted_ledger_says_the_same(tmp_path: Path) -> None:
    for number in range(12):
        writer = LedgerWriter(tmp_path)
        writer.append([Entry(f"key{number}", "label", number, [{"path": "p", "bytes": 1, "rows": 2}], {"rows_in": 2})])
        writer.close()
    before = Ledger(tmp_path)
    before.compact()
    assert not list(tmp_path.glob("segment-*")) and len(list(tmp_path.glob("compacted-*"))) == 1
    assert sorted(map(str, Ledger(tmp_path).all())) == sorted(map(str, before.all()))


def test_documents_of_the_corpus_differ() -> None:
    assert len({one["text"] for one in documents(200)}) > 150, "the corpus is not made of copies alone"
