"""Ray clusters that build in object storage: each node has its own copies, and the bytes are those of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engine.corpus import write_corpus
from tests.engine.machines import Machines
from tests.engine.object_server import Server, faults_before
from tests.engine.test_objects import of_folder, stored

from weft.cli.boundary import run as main
from weft.engine.build import run
from weft.engine.ledger import Entry
from weft.engine.objects import Objects
from weft.engine.progress import Silent
from weft.engine.ray_runner import RayRunner
from weft.engine.work import Task
from weft.errors import WeftError
from weft.recipe import load

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def settings(storage_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


class Loses(Silent):
    """One of the nodes is lost after some tasks, and another comes."""

    def __init__(self, machines: Machines, after: int) -> None:
        self._machines, self._left = machines, after

    def finished(self, task: Task, entries: list[Entry]) -> None:
        self._left -= 1
        if self._left == 0:
            self._machines.lose(self._machines.added[0])
            self._machines.add(num_cpus=1)


def test_nodes_that_share_no_disk_build_the_bytes_of_a_folder(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, url = load(write_corpus(tmp_path, count=120, files=4)), f"s3://corpora/{tmp_path.name}/build"
    assert run(recipe, tmp_path / "build", workers=1).status == 0
    with faults_before(server, share=0.1, seed=3) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        monkeypatch.setenv("WEFT_CACHE", str(tmp_path / "first"))
        machines = Machines({"num_cpus": 1})
        try:
            monkeypatch.setenv("WEFT_CACHE", str(tmp_path / "second"))
            machines.add(num_cpus=1)
            monkeypatch.setenv("WEFT_CACHE", str(tmp_path / "driver"))
            result = run(recipe, url, runner=RayRunner(url, None, machines.address), listener=Loses(machines, 8))
        finally:
            machines.close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    assert result.status == 0, result.tally.failures
    assert stored(url) == of_folder(tmp_path / "build")
    for node in ("first", "second"):
        assert [path for path in (tmp_path / node / "files").rglob("*") if path.is_file()], node
    assert not list(Objects(url).below("ledger/run"))
    assert not run(recipe, url, workers=1).tally.ran


def test_a_node_without_the_storage_is_named_before_anything_runs(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, url = load(write_corpus(tmp_path, count=20, files=1)), f"s3://corpora/{tmp_path.name}/build"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    machines = Machines({"num_cpus": 1})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    try:
        with pytest.raises(WeftError, match=r"node .*: s3://.*: no credentials; expected the variables AWS_ACCESS"):
            run(recipe, url, runner=RayRunner(url, None, machines.address))
        with faults_before(server) as other:
            other.bucket = "others"  # another storage that answers to the same name
            monkeypatch.setenv("AWS_ENDPOINT_URL", other.url)
            machines.add(num_cpus=1)
            machines.lose(machines.added[0])
            monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
            with pytest.raises(WeftError, match=r"finds another storage under s3://.*expected the same AWS_ENDPOINT"):
                run(recipe, url, runner=RayRunner(url, None, machines.address))
    finally:
        machines.close()
    assert not [path for path, _ in Objects(url).below("") if path.startswith("documents/")]


def test_a_cluster_of_our_own_takes_the_credentials_of_the_run(tmp_path: Path) -> None:
    file, url = write_corpus(tmp_path, count=40, files=2), f"s3://corpora/{tmp_path.name}/build"
    assert main(["run", str(file), "--into", url, "--runner", "ray", "--workers", "1", "--quiet"]) == 0
    assert run(load(file), tmp_path / "build", workers=1).status == 0
    assert stored(url) == of_folder(tmp_path / "build")
