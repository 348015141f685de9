"""The ledger in object storage: one writer, entries in groups, blocks, and runs that believe they are still alone."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engine.object_server import Server, faults_before

from weft.engine import object_ledger
from weft.engine.ledger import Entry
from weft.engine.object_lease import LEASE, alone
from weft.engine.object_ledger import HEAD, ObjectLedger, leftovers, read_head
from weft.engine.object_storage import ObjectStorage
from weft.engine.objects import Objects, OutOfReach
from weft.errors import WeftError


@pytest.fixture
def opened(storage_settings: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], ObjectStorage]:
    return lambda: ObjectStorage(f"s3://ledgers/{tmp_path.name}/build")


def entries(*keys: str) -> list[Entry]:
    return [Entry(key, "node", 0, [{"path": f"label/{key}", "bytes": 1, "rows": 1}]) for key in keys]


def keys(storage: ObjectStorage) -> set[str]:
    return {entry.key for entry in ObjectLedger(storage).all()}


def test_entries_are_committed_in_groups_and_folded_into_blocks(
    opened: Callable[[], ObjectStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_ledger, "EVERY", 0.05)
    monkeypatch.setattr(object_ledger, "FOLD", 3)
    storage, wanted = opened(), set()
    with alone(storage):
        ledger = ObjectLedger(storage)
        for number in range(12):
            wanted |= {f"{number}-{part}" for part in range(50)}
            ledger.add(entries(*(f"{number}-{part}" for part in range(50))))
            time.sleep(0.08)
            # Whoever reads meanwhile sees whole groups, in whatever objects they lie.
            assert len(keys(opened())) % 50 == 0
    assert keys(opened()) == wanted
    head = read_head(storage.objects)
    assert head.blocks and len(list(storage.objects.below("ledger/log"))) <= 3
    assert head.next <= 16  # 600 entries in as many objects as there were moments, and one that claims the log
    with alone(storage):
        ledger = ObjectLedger(storage)
        ledger.add(entries("last"))
        ledger.compact(always=True)
    assert keys(opened()) == wanted | {"last"}
    assert len(read_head(storage.objects).blocks) == 1 and not list(storage.objects.below("ledger/log"))


def test_a_run_that_slept_while_another_took_over_stops_and_changes_nothing(
    opened: Callable[[], ObjectStorage],
) -> None:
    sleeper, successor = opened(), opened()
    with pytest.raises(WeftError, match="another run has taken over"), alone(sleeper):
        first = ObjectLedger(sleeper)
        first.add(entries("before"))
        first.compact()
        sleeper.objects.delete([LEASE])  # as if its time had run out
        with alone(successor):
            second = ObjectLedger(successor)
            second.add(entries("of the successor"))
            second.compact()
        first.add(entries("too late"))
        first.compact()
    assert keys(opened()) == {"before", "of the successor"}


def test_what_the_run_before_commits_while_another_takes_over_is_taken_in(
    opened: Callable[[], ObjectStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    dying, successor = opened(), opened()
    create, done = Objects.create, []

    def late(objects: Objects, path: str, content: bytes) -> str | None:
        """The successor has read the ledger and is about to claim it: now the other writes once more, and folds."""
        if objects is successor.objects and path.startswith("ledger/log/") and not done:
            done.append(path)
            first.add(entries("b"))
            first.compact()
            first.add(entries("c"))
            first._writer._write()  # as its thread would, half a second later
        return create(objects, path, content)

    with alone(dying):
        first = ObjectLedger(dying)
        first.add(entries("a"))
        first.compact()
        dying.objects.delete([LEASE])
        monkeypatch.setattr(Objects, "create", late)
        with alone(successor):
            second = ObjectLedger(successor)
            assert done and {entry.key for entry in second.all()} == {"a", "b", "c"}
            second.add(entries("d"))
            second.compact(always=True)
    assert keys(opened()) == {"a", "b", "c", "d"}


def test_what_is_cleaned_away_while_the_ledger_is_read_is_not_in_it(
    opened: Callable[[], ObjectStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaning, reader = opened(), opened()
    read, done = Objects.read, []

    def slow(objects: Objects, path: str) -> bytes | None:
        """The reader has one block: now all blocks become one in which an entry is missing."""
        content = read(objects, path)
        if objects is reader.objects and path.startswith("ledger/blocks/") and not done:
            done.append(path)
            ledger.forget("a")
            ledger.compact(always=True)
        return content

    with alone(cleaning):
        ledger = ObjectLedger(cleaning)
        ledger.add(entries("a", "b"))
        ledger.compact()
        monkeypatch.setattr(Objects, "read", slow)
        assert keys(reader) == {"b"} and done


def test_a_block_of_all_entries_is_written_some_at_a_time(
    opened: Callable[[], ObjectStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_ledger, "TOGETHER", 7)
    storage, wanted = opened(), {f"{number}" for number in range(50)}
    with alone(storage):
        ledger = ObjectLedger(storage)
        ledger.add(entries(*wanted))
        ledger.compact(always=True)
    assert keys(opened()) == wanted
    (block,) = read_head(storage.objects).blocks
    assert pq.ParquetFile(pa.BufferReader(storage.objects.read(block))).num_row_groups == 8


def test_a_killed_fold_leaves_what_cleaning_finds(opened: Callable[[], ObjectStorage]) -> None:
    storage = opened()
    with alone(storage):
        ledger = ObjectLedger(storage)
        ledger.add(entries("a"))
        ledger.compact()
    storage.objects.write("ledger/blocks/00000001-dead.parquet", b"never named by the head")
    storage.objects.write("ledger/log/00000001.jsonl", b"folded, and not taken away")
    assert {path for path, _ in leftovers(storage.objects)} == {
        "ledger/blocks/00000001-dead.parquet", "ledger/log/00000001.jsonl",
    }  # fmt: skip
    assert keys(opened()) == {"a"}


@pytest.mark.slow
def test_conditional_requests_that_are_repeated_are_known_as_ones_own(
    server: Server, opened: Callable[[], ObjectStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    with faults_before(server, share=0.5, seed=3, kinds=("repeated",)) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        storage = opened()
        with alone(storage):
            ledger = ObjectLedger(storage)
            for number in range(8):
                ledger.add(entries(str(number)))
                ledger.compact()
    assert faults.faults["repeated"] > 15
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    assert keys(opened()) == {str(number) for number in range(8)}


def test_a_large_object_goes_up_in_parts_and_comes_back_whole_through_breaks(
    server: Server, opened: Callable[[], ObjectStorage], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = tmp_path / "given"
    given.write_bytes(bytes(range(256)) * 200_000)
    with faults_before(server, share=0.3, seed=5) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        storage = opened()
        storage.objects.write("documents/large", given)
        assert faults.requests["POST"] >= 2 and faults.requests["PUT"] >= 4
        for number in range(4):
            storage.objects.fetch("documents/large", tmp_path / str(number))
            assert (tmp_path / str(number)).read_bytes() == given.read_bytes()
    assert faults.faults["broken"] > 0


def test_a_storage_that_never_answers_is_said_to_be_out_of_reach(
    server: Server, opened: Callable[[], ObjectStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("weft.engine.objects.FIRST_TRIES", 2)
    with faults_before(server, share=1, kinds=("refused",)) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        with pytest.raises(OutOfReach, match="no answer after 2 tries"):
            opened().objects.read(HEAD)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no file that is always full")
def test_a_full_disk_of_this_machine_is_no_silence_of_the_storage(
    opened: Callable[[], ObjectStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = opened().objects
    objects.write("large", bytes(3 << 20))
    waits: list[float] = []
    monkeypatch.setattr("weft.engine.objects.time.sleep", waits.append)
    with pytest.raises(OSError, match="No space left on device: '/dev/full'") as caught:
        objects.fetch("large", Path("/dev/full"))
    assert caught.value.errno == errno.ENOSPC and not isinstance(caught.value, OutOfReach)
    assert waits == [], "what will not come is not waited for"


def test_of_two_that_create_one_object_one_does(opened: Callable[[], ObjectStorage]) -> None:
    one, other = opened().objects, opened().objects
    assert one.create("ledger/x", b"one") is not None
    assert other.create("ledger/x", b"other") is None
    tag = one.look("ledger/x")
    assert tag is not None and one.replace("ledger/x", b"two", tag.tag) is not None
    assert other.replace("ledger/x", b"three", tag.tag) is None
    assert Objects(one.url).read("ledger/x") == b"two"
