"""Builds in object storage: the bytes of a folder, whatever the storage does; one writer; clear messages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.engine.corpus import contents, write_corpus
from tests.engine.object_server import KINDS, Server, faults_before
from tests.waiting import soon

from weft.cli.boundary import run as main
from weft.engine.build import check_folder, run
from weft.engine.ledger import Entry
from weft.engine.object_lease import COARSE, LEASE
from weft.engine.object_storage import LASTING, ObjectStorage
from weft.engine.objects import Objects
from weft.engine.places import building, open_ledger
from weft.engine.progress import Silent
from weft.engine.reading import Build
from weft.engine.watching.status import status
from weft.engine.work import Task
from weft.errors import WeftError
from weft.recipe import load

pytestmark = pytest.mark.usefixtures("storage_settings")
OUTPUTS = ("construct", "documents", "label", "errors", "deduplicate", "selection")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe, and its build in a folder of this machine."""
    made = tmp_path_factory.mktemp("folder")
    assert run(load(write_corpus(made, 200, 4)), made / "build", workers=2).status == 0
    return made


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of little text that nobody has built."""
    return write_corpus(tmp_path / "little", 10, 1)


def stored(url: str) -> dict[str, bytes]:
    """All objects of a build but those of its ledger, and the time-stamped report."""
    objects = Objects(url)
    held = {path: objects.read(path) for name in OUTPUTS for path, _ in objects.below(name)}
    return {path: content for path, content in held.items() if content is not None}


def of_folder(build: Path) -> dict[str, bytes]:
    return {
        path: content for path, content in contents(build).items() if path.startswith(tuple(f"{n}/" for n in OUTPUTS))
    }


@pytest.mark.slow
def test_a_build_has_the_bytes_of_one_in_a_folder(folder: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(folder / "recipe.yaml"), "--into", url, "--workers", "2", "--quiet"]) == 0
    assert f"report  {url}/report/index.html" in capsys.readouterr().out
    assert stored(url) == of_folder(folder / "build")
    ours, local = Build.open(url), Build.open(folder / "build")
    assert ours.complete and ours.documents().collect().equals(local.documents().collect())
    some = local.documents(text=False).collect()["id"][0]
    assert ours.explain(some) == local.explain(some)
    again = run(load(folder / "recipe.yaml"), url, workers=1)
    assert not again.tally.ran and again.into == url


@pytest.mark.slow
def test_every_command_that_reads_takes_a_url(
    folder: Path, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(load(folder / "recipe.yaml"), url, workers=2)
    some = Build.open(url).documents(text=False).collect()["id"][0]
    for command in (["status", url], ["report", url], ["explain", url, some], ["errors", url], ["clean", url]):
        assert main(command) == 0, command
    assert Objects(url).look("report/index.html") is not None
    capsys.readouterr()
    assert main(["diff", str(folder / "build"), url]) == 0
    assert "the same content" in capsys.readouterr().out
    for place, name in ((url, "ours"), (f"{url}/construct", "inner"), (str(folder / "build"), "local")):
        assert main(["export", place, "--for", "trl", "--into", str(tmp_path / name), "--quiet"]) == 0
    assert contents(tmp_path / "ours") == contents(tmp_path / "local") == contents(tmp_path / "inner")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_fifth_of_all_requests_failing_or_answered_twice_changes_no_byte(
    server: Server,
    folder: Path,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    with faults_before(server, share=0.2, seed=seed) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        result = run(load(folder / "recipe.yaml"), url, workers=2)
        assert result.status == 0, result.tally.failures
        assert not run(load(folder / "recipe.yaml"), url, workers=1).tally.ran
    assert set(faults.faults) == set(KINDS) and faults.faults.total() > 0.15 * faults.requests.total()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    assert stored(url) == of_folder(folder / "build")


@pytest.mark.slow
def test_a_killed_run_goes_on_with_the_same_command(url: str, tmp_path: Path) -> None:
    recipe = write_corpus(tmp_path / "more", 500, 6)
    command = [sys.executable, "-m", "weft", "run", recipe, "--into", url, "--workers", "2", "--quiet"]
    objects, kills = Objects(url), 0
    for wanted in (2, 5):
        one = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until = time.monotonic() + 120
        while one.poll() is None and len(list(objects.below("ledger/log"))) < wanted:
            assert time.monotonic() < until
            time.sleep(0.05)
        kills += one.poll() is None
        one.send_signal(signal.SIGKILL)
        one.wait()
    assert kills >= 1
    result = run(load(recipe), url, workers=2)  # at once: a process that has ended holds no lease
    assert result.status == 0 and result.tally.cached.total() > 0
    assert run(load(recipe), tmp_path / "local", workers=2).status == 0
    assert stored(url) == of_folder(tmp_path / "local")


def test_a_second_run_is_refused_while_the_first_is_alive(
    recipe: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = ObjectStorage(url)
    with building(storage, dry_run=False):
        assert main(["run", str(recipe), "--into", url, "--quiet"]) == 2
        told = capsys.readouterr().err
        assert "another run is writing this build" in told and str(os.getpid()) in told
        assert run(load(recipe), url, dry_run=True).planned
    with building(storage, dry_run=False):
        pass


def test_the_lease_of_a_dead_run_of_another_machine_is_taken_over(url: str) -> None:
    storage = ObjectStorage(url)
    told = {"host": "elsewhere", "pid": 1, "nonce": "n", "seconds": 60, "released": False}
    storage.objects.write(LEASE, json.dumps(told).encode())
    with pytest.raises(WeftError, match="elsewhere:1"), building(storage, dry_run=False):
        pass
    storage.objects.write(LEASE, json.dumps(told | {"seconds": -COARSE - 1}).encode())  # its time ran out a second ago
    with building(storage, dry_run=False):
        assert json.loads(storage.objects.read(LEASE) or b"")["pid"] == os.getpid()


def test_a_run_that_lost_its_lease_says_so_and_touches_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weft.engine.object_lease.SECONDS", 0.4)
    storage = ObjectStorage(url)
    other = json.dumps({"host": "elsewhere", "pid": 1, "nonce": "n", "seconds": 60, "released": False}).encode()
    with building(storage, dry_run=False):
        assert storage.lease is not None
        storage.objects.write(LEASE, other)
        lease = storage.lease
        soon(lambda: lease.lost is not None)
        with pytest.raises(WeftError, match="another run has taken over"):
            storage.lease.check()
    assert storage.objects.read(LEASE) == other


@pytest.mark.parametrize("header", ["If-None-Match", "If-Match"])
def test_a_storage_that_ignores_conditions_is_refused(
    server: Server, url: str, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    with faults_before(server) as faults:
        faults.ignored = (header.lower(),)
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        storage = ObjectStorage(url)
        with (
            pytest.raises(WeftError, match=rf"ignores conditions of requests \({header}\)"),
            building(storage, dry_run=False),
        ):
            pass


@pytest.mark.slow
def test_an_output_that_is_gone_is_made_again_by_the_next_run(
    folder: Path, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recipe = load(folder / "recipe.yaml")
    run(recipe, url, workers=2, only="label")
    lost = next(path for path in stored(url) if path.startswith("documents/"))
    Objects(url).delete([lost])
    monkeypatch.setenv("WEFT_CACHE", str(tmp_path / "another machine"))
    first = run(recipe, url, workers=2)
    assert first.status == 1 and lost in str(first.tally.failures[0].failure)
    second = run(recipe, url, workers=2)
    assert second.status == 0 and second.tally.ran["documents"] == 1
    assert main(["clean", url, "--yes"]) == 0  # what was made of the others while one was missing
    assert stored(url) == of_folder(folder / "build")
    assert not list(Objects(url).below("ledger/missing"))


@pytest.mark.slow
def test_what_an_earlier_recipe_made_is_cleaned(folder: Path, url: str, tmp_path: Path) -> None:
    recipe = write_corpus(tmp_path / "own", 60, 2)
    run(load(recipe), url, workers=1)
    before = set(stored(url))
    recipe.write_text(recipe.read_text("utf-8").replace("words >= 20", "words >= 60"), "utf-8")
    run(load(recipe), url, workers=1)
    assert main(["clean", url, "--yes"]) == 0
    gone = before - set(stored(url))
    assert any(path.startswith(LASTING) for path in gone)
    assert main(["clean", url, "--yes", "--intermediate"]) == 0
    assert Build.open(url).complete and not run(load(recipe), url, workers=1).tally.ran
    assert run(load(recipe), tmp_path / "local", workers=1).status == 0
    assert {k: v for k, v in stored(url).items() if k.startswith("construct/")} == {
        k: v for k, v in of_folder(tmp_path / "local").items() if k.startswith("construct/")
    }


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("s3://no-such-bucket/build", "there is no bucket no-such-bucket"),
        ("s3://corpora", "expected s3://bucket/folder"),
        ("gs://corpora/build", "were not tried"),
        ("s4://corpora/build", "did you mean s3"),
    ],
)
def test_a_wrong_place_is_one_message(recipe: Path, place: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(recipe), "--into", place, "--quiet"]) == 2
    error = capsys.readouterr().err
    assert told in error and "Traceback" not in error


def test_credentials_that_are_missing_or_refused_are_one_message(
    server: Server, recipe: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", str(recipe), "--into", url, "--quiet"]
    with faults_before(server) as faults:
        faults.refuse_all = 403
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        assert main(command) == 2
        assert "the storage refuses" in capsys.readouterr().err
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert main(command) == 2
    assert "no credentials" in capsys.readouterr().err


def test_a_run_that_begins_beside_another_or_after_one_that_was_killed_then_goes_on(
    recipe: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = Objects(url)
    storage = ObjectStorage(url)
    objects.write("manifest.json", b"{}")
    check_folder(storage)  # killed before it had written its recipe
    below = storage.below

    def begun(folder: str) -> dict[str, int]:
        objects.write("recipe.json", b"{}")  # of a run that begins while this one looks
        objects.write("documents/0.parquet", b"")
        return below(folder)

    monkeypatch.setattr(storage, "below", begun)
    check_folder(storage)
    monkeypatch.setattr(storage, "below", below)
    objects.delete(["recipe.json"])
    assert main(["run", str(recipe), "--into", url, "--quiet"]) == 2
    assert "holds other objects" in capsys.readouterr().err


def test_commands_without_object_storage_say_so(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["index", url, "--into", "x"], ["pack", url, "--into", "x"], ["interleave", url, "--into", "x"]):
        assert main(command) == 2
        assert "builds in object storage are taken by weft run" in capsys.readouterr().err


def test_no_command_makes_a_folder_that_is_called_s3(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    build, recipe = str(folder / "build"), str(folder / "recipe.yaml")
    for command, told in (
        (["export", build, "--for", "trl", "--into", "s3://corpora/trl"], "--into s3://corpora/trl: expected a local"),
        (["export", build, "--for", "trl", "--into=s3://corpora/trl"], "--into s3://corpora/trl: expected a local"),
        (["diff", build, build, "--rows", "s3://corpora/rows.tsv"], "--rows s3://corpora/rows.tsv: expected a local"),
        (["run", recipe, "--log=s3://corpora/log", "--into", "x"], "--log s3://corpora/log: expected a local"),
        (["run", recipe, "--into", "s3:/corpora/build"], "with two slashes"),
        (["run", "s3://corpora/recipe.yaml", "--into", "x"], "expected a recipe in a local file"),
        (["pack", build, "--tokenizer", "t", "--into=s3://corpora/packed"], "expected a local path"),
    ):
        assert main(command) == 2
        assert told in capsys.readouterr().err
        assert not [path.name for path in tmp_path.iterdir() if path.name != "cache"]


def test_a_folder_with_other_objects_and_a_source_around_the_build_are_refused(url: str, tmp_path: Path) -> None:
    recipe = write_corpus(tmp_path, 10, 1)
    Objects(url).write("notes.txt", b"mine")
    with pytest.raises(WeftError, match="holds other objects"):
        run(load(recipe), url)
    inside = recipe.read_text("utf-8").replace("path: texts", f"path: {url.rpartition('/')[0]}")
    recipe.write_text(inside, "utf-8")
    with pytest.raises(WeftError, match="holds the build"):
        run(load(recipe), f"{url}2")


def test_entries_are_read_back_while_the_log_is_folded(url: str) -> None:
    storage = ObjectStorage(url)
    with building(storage, dry_run=False):
        ledger = open_ledger(storage)
        for number in range(5):
            ledger.add([Entry(f"k{number}", "node", number)])
        ledger.compact()
        ledger.add([Entry("later", "node", 9)])
    held = open_ledger(ObjectStorage(url))
    assert {entry.key for entry in held.all()} == {"k0", "k1", "k2", "k3", "k4", "later"}


@pytest.mark.slow
def test_a_cache_that_holds_next_to_nothing_costs_requests_and_no_byte(
    server: Server, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WEFT_CACHE_GB", "0.0001")
    with faults_before(server) as counted:
        monkeypatch.setenv("AWS_ENDPOINT_URL", counted.url)
        result = run(load(folder / "recipe.yaml"), url, workers=2)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    assert result.status == 0 and counted.requests["GET"] > 100
    assert stored(url) == of_folder(folder / "build")
    files = [path.stat().st_size for path in (tmp_path / "cache/files").rglob("*") if path.is_file()]
    assert sum(files) < 1_000_000


@pytest.mark.slow
def test_a_run_is_seen_and_leaves_its_log(recipe: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[dict[str, object]] = []

    class Looks(Silent):
        def finished(self, task: Task, entries: list[Entry]) -> None:
            if task.node == "label":
                seen.append(status(url, whole=False))

    assert run(load(recipe), url, workers=1, listener=Looks()).status == 0
    assert seen and all(one["live"] and one["state"] == "running" and one["build"] == url for one in seen)
    over = status(url)
    assert (over["state"], over["live"], over["complete"]) == ("done", False, True)
    capsys.readouterr()
    assert main(["logs", url, "--json"]) == 0
    (told,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told["state"] == "done" and told["failed"] == 0
    assert main(["logs", url, "--run", told["run"]]) == 0
    assert "ended: done" in capsys.readouterr().out
    assert main(["logs", url, "--follow"]) == 2
