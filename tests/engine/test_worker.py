"""Workers that share a build: the bytes of one run, whoever dies; leases by the file system's clock; failures told."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from tests.engine.corpus import contents, write_corpus
from tests.engine.killing import Workers, build_under_kills, start
from tests.waiting import soon

from weft.cli.boundary import run as command
from weft.engine import crew, leases, local, worker
from weft.engine.build import run
from weft.engine.folder_crew import FolderCrew
from weft.engine.holders import lost
from weft.engine.leases import Leases
from weft.engine.ledger import Entry, Ledger, LedgerWriter
from weft.engine.storage import Storage
from weft.engine.work import Task
from weft.errors import WeftError
from weft.recipe import load


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A recipe, and what a run makes of it."""
    folder = tmp_path_factory.mktemp("corpus")
    recipe = write_corpus(folder, count=160, files=4)
    assert run(load(recipe), folder / "whole", workers=1).status == 0
    return recipe, contents(folder / "whole/construct")


def _older(folder: Path, name: str, seconds: float) -> None:
    then = leases.clock(folder) - seconds
    os.utime(folder / name, (then, then))


def _age_all(storage: Storage, seconds: float) -> None:
    for part in (crew.WORKERS, crew.TASKS):
        for seen in leases.every(storage.path(part)):
            _older(storage.path(part), seen.name, seconds)


@pytest.mark.slow
def test_three_workers_give_the_bytes_of_one_run(corpus: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    recipe, wanted = corpus
    processes = [start(recipe, "--into", tmp_path / "build") for _ in range(3)]
    told = []
    for process in processes:
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        told.append(json.loads(out))
    assert contents(tmp_path / "build/construct") == wanted
    entries = len(Ledger(tmp_path / "build/ledger"))
    assert sum(one["own"] for one in told) == entries - _labels_beside(tmp_path / "build"), "nothing was done twice"
    assert (tmp_path / "build/report/index.html").is_file()
    assert not leases.every(tmp_path / "build" / crew.TASKS) and not leases.every(tmp_path / "build" / crew.WORKERS)
    assert run(load(recipe), tmp_path / "build", workers=1).tally.ran.total() == 0


def _labels_beside(build: Path) -> int:
    """Entries of label tasks beyond one for each shard."""
    labels = [entry for entry in Ledger(build / "ledger").all() if entry.node == "label"]
    return len(labels) - len({entry.shard for entry in labels})


@pytest.mark.slow
def test_killed_workers_cost_their_tasks_alone(corpus: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    recipe, wanted = corpus
    draw, kills, builds = random.Random(5), 0, 0
    while kills < 10:
        build, until = tmp_path / f"build-{builds}", time.monotonic() + 60
        done = build_under_kills(Workers(together=2), recipe, build, kills=10 - kills, draw=draw, until=until)
        kills += done.kills.total()
        assert contents(build / "construct") == wanted
        builds += 1


def test_a_lease_is_one_owners_until_it_is_not_renewed(tmp_path: Path) -> None:
    first, second, third = (Leases(tmp_path, name, seconds=60) for name in ("a", "b", "c"))
    assert first.take("task", node="label") and not second.take("task")
    _older(tmp_path, "task", 59)
    assert not second.take("task")
    _older(tmp_path, "task", 61)
    assert second.take("task") and not third.take("task")
    assert second.attempt("task") == 2 and second.mine("task") and not first.mine("task")
    first.release("task")
    assert second.mine("task"), "who lost a lease does not give back another's"
    second.release("task")
    assert third.take("task") and third.attempt("task") == 1
    for one in (first, second, third):
        one.close()
    assert not leases.every(tmp_path)


def test_the_clock_of_a_node_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Leases(tmp_path, "a"), Leases(tmp_path, "b")
    assert first.take("task")
    for wrong in (-86_400.0, 86_400.0):
        monkeypatch.setattr(time, "time", lambda wrong=wrong: wrong)
        assert not second.take("task")
    # The clock of the file system itself was set back: a lease of the future is that of a dead worker.
    _older(tmp_path, "task", -3_600)
    assert second.take("task")


def test_a_living_owner_renews_its_lease_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "_RENEWALS", 2_400)
    first = Leases(tmp_path, "a", seconds=60)
    assert first.take("task") and first.take("other")

    def renewed(name: str) -> bool:
        _older(tmp_path, name, 61)
        return bool(soon(lambda: (seen := leases.look(tmp_path, name)) is not None and seen.alive))

    assert renewed("task")
    (tmp_path / "task").unlink()
    second = Leases(tmp_path, "b", seconds=60)
    second._ended.set()  # as if it were dead
    assert second.take("task")
    _older(tmp_path, "task", 61)
    assert renewed("other") and renewed("other"), "a whole turn, in which the lost one would have been renewed"
    left = leases.look(tmp_path, "task")
    assert left is not None and left.about["owner"] == "b" and not left.alive
    first.close()
    second.close()


def test_of_many_thieves_one_wins(tmp_path: Path) -> None:
    for turn in range(30):
        dead = Leases(tmp_path, "dead")
        assert dead.take("task")
        _older(tmp_path, "task", 61)
        thieves = [Leases(tmp_path, f"thief-{n}") for n in range(8)]
        gate = threading.Barrier(len(thieves))

        def steal(thief: Leases, gate: threading.Barrier = gate) -> None:
            gate.wait()
            thief.take("task")

        threads = [threading.Thread(target=steal, args=(thief,)) for thief in thieves]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(thief.mine("task") for thief in thieves) <= 1, f"turn {turn}"
        for one in (*thieves, dead):
            one.close()
        leases.clear(tmp_path)


def test_a_task_whose_lease_was_taken_away_commits_nothing(tmp_path: Path) -> None:
    recipe = load(write_corpus(tmp_path, count=40, files=1))
    assert run(recipe, tmp_path / "build", workers=1).status == 0
    before = contents(tmp_path / "build")
    ran: list[Any] = []

    class Woken(local.LocalRunner):
        def outcomes(self, seconds: float | None = None, *, begin: bool = True) -> Any:
            for task in self._waiting:
                ran.append(worker.run_leased("someone-else", self._root, task))
                yield ran[-1]
            self._waiting.clear()

    changed = load(tmp_path / "recipe.yaml", ["construct.rules.long_enough=signals.words >= 30"])
    local.open_worker.cache_clear()
    result = run(changed, tmp_path / "build", runner=Woken(str(tmp_path / "build")))
    local.open_worker.cache_clear()
    assert result.status == 1 and all("lease" in outcome.failure for outcome in ran)
    after = contents(tmp_path / "build")
    same = ("construct/", "documents/", "label/", "selection/")
    assert {k: v for k, v in after.items() if k.startswith(same)} == {
        k: v for k, v in before.items() if k.startswith(same)
    }


def test_an_export_that_broke_off_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    from weft.engine import holders

    storage = Storage(tmp_path)
    entry = Entry("k", "export", 0, [{"path": "construct/ct/swh_Latn/train-00000.parquet", "bytes": 1, "rows": 1}])
    holders.settle(storage, entry.files[0]["path"], "k")
    assert not lost(storage, [entry])
    holders.claim(storage, entry.files[0]["path"], "k")
    assert lost(storage, [entry]) == [entry.key]


@pytest.mark.slow
def test_a_failure_is_told_to_all_and_tried_again_by_the_next(
    corpus: tuple[Path, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, wanted = corpus
    plugin = tmp_path / "plugin"
    (plugin / "failing-1.0.dist-info").mkdir(parents=True)
    (plugin / "failing-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: failing\nVersion: 1.0\n")
    (plugin / "failing-1.0.dist-info/entry_points.txt").write_text("[weft.operators]\nfailing = failing_plugin\n")
    (plugin / "failing_plugin.py").write_text(FAILING, "utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(plugin), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("WEFT_TEST_FAILS", str(tmp_path / "fails"))
    (tmp_path / "fails").touch()
    given = (recipe, "--into", tmp_path / "build", "--set", "label=[script, lid, signals, failing]")
    processes = [start(*given) for _ in range(2)]
    reasons = []
    for process in processes:
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 1, errors
        reasons.append({(f["node"], f["shard"], f["reason"]) for f in json.loads(out)["failures"]})
    assert reasons[0] == reasons[1] and {node for node, _, _ in reasons[0]} == {"label"}
    assert all("broke its contract" in reason for _, _, reason in reasons[0])
    (tmp_path / "fails").unlink()
    last = start(*given)
    _, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors
    named = ("construct/README.md", "construct/release.json", "construct/croissant.json")  # these quote the recipe
    left = {name: held for name, held in contents(tmp_path / "build").items() if name.startswith("construct/")}
    assert {k: v for k, v in left.items() if k not in named} == {
        f"construct/{k}": v for k, v in wanted.items() if f"construct/{k}" not in named
    }


FAILING = '''
import os, pyarrow as pa
from weft.operators.contract import operator

@operator("label.failing", version=1, reads=("text",), writes={"failing": pa.struct({"chars": pa.int32()})})
def failing():
    """Loses rows while a file is there."""
    def label(batch):
        if os.path.exists(os.environ["WEFT_TEST_FAILS"]):
            batch = batch.slice(1)
        rows = [{"chars": 1}] * batch.num_rows
        return batch.append_column("failing", pa.array(rows, pa.struct({"chars": pa.int32()})))
    return label
'''


def test_a_task_that_ends_its_workers_is_given_up(corpus: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    recipe = load(corpus[0])
    storage = Storage(tmp_path)
    dead = Leases(storage.path(crew.TASKS), "dead")
    assert dead.take("key", node="label", shard=0)
    dead.tell("key", attempt=worker.OWNERS)
    _age_all(storage, 61)
    mine = FolderCrew(storage, "me", 60)
    mine.enter("plan")
    runner = worker.LeasingRunner(storage, Ledger(storage.path("ledger")), mine, 1)
    runner.submit(Task("label", 0, "labels", "key"))
    (outcome,) = runner.outcomes()
    assert outcome.failure is not None and "workers ended while they ran it" in outcome.failure
    runner.close()
    mine.close()
    assert recipe.name == "small"


def test_another_recipe_and_a_run_are_refused_while_workers_live(
    corpus: tuple[Path, dict[str, bytes]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, build = corpus[0], tmp_path / "build"
    storage = Storage(build)
    other = Leases(storage.path(crew.WORKERS), "worker-x")
    other.take("worker-x", role="worker", plan=crew.fingerprint(load(recipe)), tasks=3, began=0.0)
    assert command(["worker", str(recipe), "--into", str(build), "--set", "name=another"]) == 2
    assert "another recipe" in capsys.readouterr().err
    with pytest.raises(WeftError, match=r"1 worker is \(.*\) building it"):
        run(load(recipe), build, workers=1)
    _age_all(storage, 61)
    assert run(load(recipe), build, workers=1).status == 0
    other.close()


def test_a_worker_is_refused_while_a_run_writes(
    corpus: tuple[Path, dict[str, bytes]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = Storage(tmp_path / "build")
    storage.path("ledger").mkdir(parents=True)
    with FileLock(storage.path(crew.LOCK)), crew.alone(storage):
        assert command(["worker", str(corpus[0]), "--into", str(storage.root)]) == 2
    assert "another run is writing" in capsys.readouterr().err
    assert command(["worker", str(tmp_path)]) == 2
    assert "is not a build folder" in capsys.readouterr().err


def test_a_worker_that_is_told_to_end_gives_its_leases_back(
    corpus: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    process = start(corpus[0], "--into", tmp_path / "build", "--lease", "600")
    until = time.monotonic() + 60
    while not leases.every(tmp_path / "build" / crew.TASKS):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.02)
    assert command(["status", str(tmp_path / "build")]) in (0, 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(300) == 128 + signal.SIGTERM
    (log,) = (tmp_path / "build/logs").iterdir()
    ended = json.loads(log.read_text("utf-8").splitlines()[-1])
    assert ended["event"] == "run_ended" and ended["state"] == "interrupted"
    assert not leases.every(tmp_path / "build" / crew.TASKS) and not leases.every(tmp_path / "build" / crew.WORKERS)
    assert command(["worker", str(tmp_path / "build"), "--quiet"]) == 0
    assert contents(tmp_path / "build/construct") == corpus[1]


def test_the_status_tells_of_workers_and_leases(corpus: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    from weft.engine.reading import Build

    assert run(load(corpus[0]), tmp_path / "build", workers=1, only="parse").status == 0
    storage = Storage(tmp_path / "build")
    member, task = Leases(storage.path(crew.WORKERS), "w"), Leases(storage.path(crew.TASKS), "w")
    member.take("w", role="worker", tasks=30, began=leases.clock(member.folder) - 60)
    task.take("key", node="label", shard=4)
    told = Build.open(storage.root).status()
    assert [(one["tasks"], one["pid"]) for one in told["workers"]] == [(30, os.getpid())]
    assert [(one["node"], one["shard"], one["attempt"]) for one in told["leases"]] == [("label", 4, 1)]
    assert 29 <= told["tasks_per_minute"] <= 31
    assert told["tasks_done"] == told["shards"] and told["tasks_to_run"] == told["shards"]
    member.close()
    task.close()


def test_the_ledger_reads_on_where_it_was(tmp_path: Path) -> None:
    reader = Ledger(tmp_path)
    writer = LedgerWriter(tmp_path)
    writer.append([Entry("a", "label", 0)])
    reader.refresh()
    segment = next(tmp_path.glob("segment-*"))
    line = Entry("b", "label", 1).to_json().encode() + b"\n"
    with open(segment, "ab") as sink:
        sink.write(line[:-9])
    reader.refresh()
    assert len(reader) == 1
    with open(segment, "ab") as sink:
        sink.write(line[-9:])
    LedgerWriter(tmp_path).append([Entry("a", "label", 9)])
    reader.refresh()
    assert reader.get("b") is not None
    first = reader.get("a")
    assert first is not None and first.shard == 0, "the first entry of a key stays"
