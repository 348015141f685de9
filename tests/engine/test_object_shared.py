"""One ledger in object storage that several workers write: nothing is lost, whoever folds, sleeps or fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.engine.object_server import Server, faults_before
from tests.engine.test_object_ledger import entries, keys

from weft.engine import object_ledger, object_shared
from weft.engine.object_crew import ObjectCrew
from weft.engine.object_lease import LEASE, alone
from weft.engine.object_ledger import HEAD, ObjectLedger, leftovers, read_head
from weft.engine.object_shared import SharedLedger
from weft.engine.object_storage import ObjectStorage
from weft.errors import WeftError

Opened = Callable[[], ObjectStorage]


@pytest.fixture
def opened(storage_settings: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Opened:
    monkeypatch.setattr(object_shared, "EVERY", 0.05)
    return lambda: ObjectStorage(f"s3://ledgers/{tmp_path.name}/build")


def member(storage: ObjectStorage, name: str, *, first: bool = False) -> SharedLedger:
    crew = ObjectCrew(storage, name, 60)
    crew.enter("plan")
    crew.first = first
    storage.crew = crew
    return SharedLedger(storage, crew)


@pytest.mark.parametrize("share", [0.0, 0.15])
def test_what_several_add_at_once_is_all_there_and_all_see_it(
    server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    monkeypatch.setattr(object_ledger, "FOLD", 4)
    with faults_before(server, share=share, seed=7) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        storages = [opened() for _ in range(3)]
        ledgers = [member(storage, f"w{n}", first=n == 0) for n, storage in enumerate(storages)]
        wanted = {f"{n}-{number}" for n in range(3) for number in range(60)}

        def write(n: int) -> None:
            for number in range(60):
                ledgers[n].add(entries(f"{n}-{number}"))
                ledgers[n].refresh()
                time.sleep(0.01)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for ledger in ledgers:
            ledger.close()
        for ledger in ledgers:
            ledger.catch_up()
            assert {entry.key for entry in ledger.all()} == wanted
        # All that asks through what fails ends before it is taken away.
        for storage in storages:
            assert storage.crew is not None
            storage.crew.close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    whole = opened()
    assert keys(whole) == wanted
    head = read_head(whole.objects)
    assert head.blocks and len(list(whole.objects.below("ledger/log"))) <= 8
    last = member(opened(), "last", first=True)
    last.compact()
    assert keys(opened()) == wanted


def test_a_number_that_was_folded_meanwhile_is_not_written_again(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_ledger, "FOLD", 2)
    sleeper, other = member(opened(), "sleeper", first=True), member(opened(), "other")
    sleeper.catch_up()
    for number in range(8):  # the sleeper's next number is made, folded and deleted
        other.add(entries(f"other-{number}"))
        other.commit()
    position = sleeper.head.next + len(sleeper.unfolded)
    assert sleeper._objects.look(object_ledger.log_name(position)) is None
    sleeper.add(entries("of the sleeper"))
    sleeper.commit()
    wanted = {f"other-{number}" for number in range(8)} | {"of the sleeper"}
    assert keys(opened()) == wanted
    sleeper.refresh()
    other.catch_up()
    assert {e.key for e in sleeper.all()} == {e.key for e in other.all()} == wanted
    assert not list(leftovers(sleeper._objects))


def test_who_reads_what_a_sleeper_takes_away_again_misses_nothing(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_ledger, "FOLD", 2)
    sleeper, reader = member(opened(), "sleeper", first=True), member(opened(), "reader")
    other = member(opened(), "other")
    for ledger in (sleeper, reader):
        ledger.catch_up()
    for number in range(6):  # the number that both think is next is made, folded and deleted
        other.add(entries(f"other-{number}"))
        other.commit()
    create, stale = sleeper._objects.create, []

    def made(path: str, content: bytes) -> str | None:
        tag = create(path, content)
        if tag is not None and not stale:
            stale.append(path)
            reader.catch_up()  # while the sleeper does not yet know that the number was used before
        return tag

    monkeypatch.setattr(sleeper._objects, "create", made)
    sleeper.add(entries("of the sleeper"))
    sleeper.commit()
    folded = {f"other-{number}" for number in range(6)}
    assert stale and {e.key for e in reader.all()} == folded
    reader.catch_up()
    assert {e.key for e in reader.all()} == {*folded, "of the sleeper"} == keys(opened())


def test_a_run_that_slept_meets_the_workers_and_a_worker_that_is_lost_writes_nothing(opened: Opened) -> None:
    sleeper = opened()
    with pytest.raises(WeftError, match="another run has taken over"), alone(sleeper):
        run = ObjectLedger(sleeper)
        run.add(entries("before"))
        run.compact()
        sleeper.objects.delete([LEASE])  # as if its time had run out
        first = member(opened(), "first", first=True)
        run.add(entries("too late"))
        run.compact()
    first.add(entries("of a worker"))
    first.close()
    assert first._crew.alive
    assert keys(opened()) == {"before", "of a worker"}
    lost = member(opened(), "lost")
    lost._crew.close()
    lost.add(entries("of a lost worker"))
    with pytest.raises(WeftError, match="it commits nothing more"):
        lost.commit()
    assert keys(opened()) == {"before", "of a worker"} and first._objects.look(HEAD) is not None


def test_a_task_is_given_back_once_its_entries_are_committed(opened: Opened) -> None:
    from weft.engine.object_crew import TOP
    from weft.engine.work import Task

    storage = opened()
    ledger = member(storage, "w", first=True)
    crew = ledger._crew
    assert crew.claim([Task("label", 0, "labels", "k")])
    ledger._guard.acquire()
    try:
        ledger.add(entries("k"))
        crew.release("k")
        time.sleep(0.3)
        assert [path for path, _ in storage.objects.below(TOP) if path.endswith("claims/k")]
    finally:
        ledger._guard.release()
    ledger.close()
    assert keys(opened()) == {"k"}
    assert not [path for path, _ in storage.objects.below(TOP) if path.endswith("claims/k")]
