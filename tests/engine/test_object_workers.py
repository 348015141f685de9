"""Workers that build in object storage together: the bytes of a folder, whoever dies, comes, or meets failures."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from tests.engine.corpus import write_corpus
from tests.engine.killing import start
from tests.engine.machines import below
from tests.engine.object_server import Server, faults_before
from tests.engine.test_objects import of_folder, stored
from tests.waiting import soon

from weft.cli.boundary import run as main
from weft.engine.build import run
from weft.engine.object_crew import LOOK, TOP, ObjectCrew
from weft.engine.object_guard import Guard, check
from weft.engine.object_storage import ObjectStorage
from weft.engine.objects import Objects
from weft.engine.reading import Build
from weft.engine.watching.status import status
from weft.engine.work import Task
from weft.engine.worker import work
from weft.errors import ShardError, WeftError
from weft.recipe import load

pytestmark = pytest.mark.usefixtures("storage_settings")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe, and its build in a folder of this machine."""
    made = tmp_path_factory.mktemp("folder")
    assert run(load(write_corpus(made, 160, 4)), made / "build", workers=1).status == 0
    return made


def ended(process: subprocess.Popen[str]) -> dict[str, object]:
    """What a worker says in the end; it has done its part."""
    out, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors
    told: dict[str, object] = json.loads(out)
    return told


@pytest.mark.slow
def test_workers_of_two_machines_give_the_bytes_of_a_folder(
    folder: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    processes = []
    for name in ("one", "two"):
        monkeypatch.setenv("WEFT_CACHE", str(tmp_path / name))  # they share nothing but the storage
        processes.append(start(folder / "recipe.yaml", "--into", url))
    told = [ended(process) for process in processes]
    assert stored(url) == of_folder(folder / "build")
    assert all(int(str(one["own"])) > 0 for one in told)
    entries = len({entry.key for entry in Build.open(url).state.ledger.all()})
    labels = [entry for entry in Build.open(url).state.ledger.all() if entry.node == "label"]
    beside = len(labels) - len({entry.shard for entry in labels})
    assert sum(int(str(one["own"])) for one in told) == entries - beside, "nothing was done twice"
    assert not list(Objects(url).below(TOP)) and Objects(url).look("report/index.html") is not None
    assert not run(load(folder / "recipe.yaml"), url, workers=1).tally.ran
    assert main(["worker", url, "--quiet"]) == 0
    assert status(url)["state"] == "done"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_and_added_workers_and_failing_requests_change_no_byte(
    server: Server, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    given = (folder / "recipe.yaml", "--into", url, "--lease", "5")
    with faults_before(server, share=0.1, seed=seed) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        objects = Objects(url)
        alive = [start(*given), start(*given)]
        for wanted in (3, 20):
            soon(lambda wanted=wanted: len(_done(objects)) >= wanted, *alive)
            victim = alive.pop(0)
            victim.send_signal(signal.SIGKILL)
            victim.communicate()
            alive.append(start(*given))
        for process in alive:
            ended(process)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    assert faults.faults.total() > 10
    assert stored(url) == of_folder(folder / "build")
    assert not run(load(folder / "recipe.yaml"), url, workers=1).tally.ran


def _done(objects: Objects) -> list[str]:
    return [path for folder in ("documents", "label", "deduplicate") for path, _ in objects.below(folder)]


@pytest.mark.slow
def test_a_worker_that_slept_commits_nothing_and_the_others_finish(folder: Path, url: str) -> None:
    objects = Objects(url)
    given = (folder / "recipe.yaml", "--into", url, "--lease", "8")
    sleeper = start(*given)
    soon(lambda: len(_done(objects)) >= 3, sleeper)
    asleep = [psutil.Process(sleeper.pid), *below(sleeper.pid)]
    for one in asleep:
        one.suspend()
    # A lease of its own: on a busy machine a few seconds are too few for one that is awake.
    ended(start(folder / "recipe.yaml", "--into", url, "--lease", "30"))
    for one in asleep:
        one.resume()
    out, errors = sleeper.communicate(timeout=300)
    # It reads in the ledger that all is done, unless it first finds out that it is not counted on.
    assert (sleeper.returncode == 0 and not json.loads(out)["failures"]) or "nothing was heard of this worker" in errors
    assert stored(url) == of_folder(folder / "build")
    assert not run(load(folder / "recipe.yaml"), url, workers=1).tally.ran


@pytest.mark.slow
def test_a_worker_that_is_told_to_end_gives_its_tasks_back(folder: Path, url: str) -> None:
    objects = Objects(url)
    process = start(folder / "recipe.yaml", "--into", url, "--lease", "600")
    soon(lambda: any("/claims/" in path for path, _ in objects.below(TOP)), process)
    told = status(url)
    assert told["live"] and [one["pid"] for one in told["workers"]] == [process.pid]
    process.send_signal(signal.SIGTERM)
    assert process.wait(300) == 128 + signal.SIGTERM
    assert not list(objects.below(TOP))
    assert run(load(folder / "recipe.yaml"), url, workers=1).status == 0
    assert stored(url) == of_folder(folder / "build")


def test_a_run_and_workers_refuse_each_other(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from weft.engine.places import building

    storage = ObjectStorage(url)
    with building(storage, dry_run=False):
        assert main(["worker", str(folder / "recipe.yaml"), "--into", url]) == 2
    assert "another run is writing this build" in capsys.readouterr().err
    crew = ObjectCrew(storage, "worker-x", 60)
    crew.enter("another plan")
    assert main(["run", str(folder / "recipe.yaml"), "--into", url, "--quiet"]) == 2
    assert "1 worker is (" in capsys.readouterr().err
    assert main(["worker", str(folder / "recipe.yaml"), "--into", url]) == 2
    assert "by another recipe" in capsys.readouterr().err
    assert [one["tasks"] for one in status(url)["workers"]] == [0]
    crew.close()
    assert not list(storage.objects.below(TOP))
    with pytest.raises(WeftError, match="is not a build folder"):
        work(None, url)


def test_a_task_is_one_workers_until_that_is_not_heard_from(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [Task("label", shard, "labels", f"key-{shard}") for shard in range(20)]
    first, second = (ObjectCrew(ObjectStorage(url), name, 8) for name in ("a", "b"))
    for crew in (first, second):
        crew.enter("plan")
    assert first.claim(tasks) == tasks and second.claim(tasks) == []
    for crew in (first, second, first):  # both are renewed meanwhile, and nothing else
        tag = crew._tag
        soon(lambda crew=crew, tag=tag: crew._tag != tag)
    time.sleep(LOOK)
    assert second.taken() == {task.key for task in tasks}
    assert second.claim(tasks) == [] and first.mine("key-3")
    first._ended.set()  # as if it hung: its name runs out by the storage's clock

    def won() -> list[Task]:
        second.taken()
        return second.claim(tasks)

    assert soon(won) == tasks and second.attempt("key-3") == 2
    assert not first.alive and not first.mine("key-3") and first.claim(tasks) == []
    first.release("key-3")
    first.give_back(first.settled())
    first.close()
    assert second.taken() == {task.key for task in tasks}, "who is lost gives back nothing of another's"
    second.release("key-3")
    second.give_back(second.settled())
    assert second.mine("key-4") and not second.mine("key-3")
    second.close()
    assert not [path for path, _ in Objects(url).below(TOP) if "/claims/" in path]


def test_of_many_that_want_one_task_one_gets_it(url: str) -> None:
    crews = [ObjectCrew(ObjectStorage(url), f"worker-{n}", 60) for n in range(6)]
    for crew in crews:
        crew.enter("plan")
    tasks = [Task("label", shard, "labels", f"key-{shard}") for shard in range(10)]
    won = [task.key for crew in crews for task in crew.claim(tasks)]
    assert sorted(won) == [task.key for task in tasks]
    for crew in crews:
        crew.close()
    assert not list(Objects(url).below(TOP))


def test_a_process_commits_as_long_as_its_worker_counts(tmp_path: Path) -> None:
    guard = Guard(tmp_path / "guard")
    for until, allowed in ((0.0, False), (Guard.now() + 60, True), (Guard.now() - 0.1, False)):
        guard.extend(until)
        assert guard.open == allowed
        with contextlib.nullcontext() if allowed else pytest.raises(ShardError, match="lease of the task was taken"):
            check(guard.path)
    guard.extend(Guard.now() + 60)
    guard.close()
    with pytest.raises(ShardError):
        check(guard.path)
    with pytest.raises(ShardError):
        check(tmp_path / "another")
