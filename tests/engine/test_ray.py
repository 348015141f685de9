"""Ray clusters of several nodes on this machine: the same bytes as the local runner, whatever dies meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.engine.corpus import contents, write_corpus

from weft.engine import work
from weft.engine.build import run
from weft.engine.ledger import Entry
from weft.engine.placement import demand
from weft.engine.progress import Silent
from weft.engine.ray_cluster import Cluster
from weft.engine.ray_runner import RayRunner
from weft.engine.work import Task
from weft.errors import WeftError
from weft.operators.contract import Resources
from weft.operators.registry import Registry
from weft.recipe import load

pytestmark = pytest.mark.slow
OBJECTS = 80_000_000
PLUGIN = '''
import os, time, pyarrow as pa
from weft.operators.contract import Resources, operator

KIND = pa.struct({"chars": pa.int32()})
def note(what, began):
    with open(os.environ["WEFT_TEST_NOTES"], "a") as sink:
        sink.write(f"{what} {os.getpid()} {began} {time.time()}\\n")

def sized(what, name, seconds):
    def label(batch):
        began = time.time()
        note("begin", began)
        time.sleep(seconds)
        rows = [None if text is None else {"chars": len(text)} for text in batch["text"].to_pylist()]
        note(what, began)
        return batch.append_column(name, pa.array(rows, KIND))
    return label

@operator("label.heavy", version=1, reads=("text",), writes={"heavy": KIND}, resources=Resources(gpus=1))
def heavy():
    """Characters, slowly, on a GPU."""
    note("load", time.time())
    return sized("gpu", "heavy", 0.1)

@operator("label.slow", version=1, reads=("text",), writes={"slow": KIND})
def slow(*, seconds: float = 0.1):
    """Characters, slowly."""
    return sized("cpu", "slow", seconds)
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two operators of another distribution that say when they worked, and in which process."""
    folder = tmp_path / "plugin"
    (folder / "paced-1.0.dist-info").mkdir(parents=True)
    (folder / "paced_plugin.py").write_text(PLUGIN, "utf-8")
    (folder / "paced-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: paced\nVersion: 1.0\n")
    (folder / "paced-1.0.dist-info/entry_points.txt").write_text("[weft.operators]\npaced = paced_plugin\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("WEFT_TEST_NOTES", str(tmp_path / "notes"))
    work.rooms_registry.cache_clear()
    yield tmp_path / "notes"
    work.rooms_registry.cache_clear()


class Machines:
    """A cluster whose nodes are process groups here; the first has no core, as it must outlive the others."""

    def __init__(self, *nodes: dict[str, Any]) -> None:
        from ray.cluster_utils import Cluster as Nodes

        head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": OBJECTS}
        self._nodes = Nodes(initialize_head=True, head_node_args=head)
        self.added = [self.add(**one) for one in nodes]
        self.address = str(self._nodes.address)

    def add(self, **resources: Any) -> Any:
        return self._nodes.add_node(object_store_memory=OBJECTS, **resources)

    def lose(self, pid: int) -> None:
        """Kill the node that a process belongs to, with all that runs on it."""
        above = {parent.pid for parent in psutil.Process(pid).parents()}
        (node,) = [n for n in self.added if n.all_processes["raylet"][0].process.pid in above]
        below = psutil.Process(node.all_processes["raylet"][0].process.pid).children(recursive=True)
        self._nodes.remove_node(node, allow_graceful=False)
        for process in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def close(self) -> None:
        self._nodes.shutdown()


@pytest.fixture
def machines() -> Iterator[Callable[..., Machines]]:
    made: list[Machines] = []

    def make(*nodes: dict[str, Any]) -> Machines:
        made.append(Machines(*nodes))
        return made[-1]

    yield make
    for one in made:
        one.close()


class Watch(Silent):
    """Does one thing after the other, each as a slow label is being computed, and keeps why tasks were tried again."""

    def __init__(self, notes: Path, *acts: Callable[[int], None]) -> None:
        self.reasons: list[str] = []
        self._notes = notes
        self._acts = list(acts)
        self._met: set[int] = set()

    def finished(self, task: Task, entries: list[Entry]) -> None:
        until = time.monotonic() + 3
        while task.node == "label" and self._acts and time.monotonic() < until:
            if busy := at_work(self._notes) - self._met:
                self._met.add(min(busy))
                self._acts.pop(0)(min(busy))
                break
            time.sleep(0.02)

    def failed(self, task: Task, reason: str, again: bool) -> None:
        assert again, reason
        self.reasons.append(reason)


def same(folder: Path, left: str, right: str) -> bool:
    return all(contents(folder / left / part) == contents(folder / right / part) for part in ("construct", "label"))


def at_work(notes: Path) -> set[int]:
    """Processes that have begun a slow label and are not at its end."""
    state = {}
    for line in notes.read_text("utf-8").splitlines():
        what, pid, *_ = line.split()
        state[int(pid)] = what
    return {pid for pid, what in state.items() if what == "begin" and psutil.pid_exists(pid)}


def test_lost_worker_and_lost_node_change_no_byte(
    tmp_path: Path, plugin: Path, machines: Callable[..., Machines]
) -> None:
    recipe = load(write_corpus(tmp_path, count=120), ["label=[script, lid, signals, {slow: {seconds: 0.3}}]"])
    assert run(recipe, tmp_path / "local", workers=2).status == 0
    plugin.unlink()
    nodes = machines(*[{"num_cpus": 1}] * 3)
    watch = Watch(plugin, lambda pid: os.kill(pid, signal.SIGKILL), nodes.lose)
    result = run(recipe, tmp_path / "ray", runner=RayRunner(str(tmp_path / "ray"), None, nodes.address), listener=watch)
    assert result.status == 0
    assert len(watch.reasons) >= 2
    assert all("worker process died" in reason or "node was lost" in reason for reason in watch.reasons)
    assert same(tmp_path, "local", "ray")
    assert not list((tmp_path / "ray/ledger").glob("run-*"))


def test_a_killed_driver_goes_on_where_it_was(tmp_path: Path, plugin: Path, machines: Callable[..., Machines]) -> None:
    file = write_corpus(tmp_path, count=200)
    nodes = machines({"num_cpus": 1}, {"num_cpus": 1})
    command = [sys.executable, "-m", "weft", "run", file.name, "--into", "ray", "--quiet", "--runner", "ray"]
    command += ["--ray-address", nodes.address, "--set", "label=[script, lid, signals, slow]"]
    driver = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until = time.monotonic() + 60
    while plugin.exists() is False or len(plugin.read_text().splitlines()) < 8:
        assert driver.poll() is None and time.monotonic() < until, driver.stdout and driver.stdout.read()
        time.sleep(0.05)
    driver.kill()
    driver.wait()
    done = subprocess.run([*command, "--json"], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert sum(told["cached"].values()) >= 8 and sum(told["ran"].values()) > 8
    assert run(load(file, ["label=[script, lid, signals, slow]"]), tmp_path / "local", workers=2).status == 0
    assert same(tmp_path, "local", "ray")


def test_gpu_tasks_keep_their_model_and_overlap_cpu_tasks(
    tmp_path: Path, plugin: Path, machines: Callable[..., Machines]
) -> None:
    recipe = load(write_corpus(tmp_path, count=120), ["label=[script, lid, signals, {slow: {seconds: 0.4}}, heavy]"])
    nodes = machines({"num_cpus": 1, "num_gpus": 1})
    runner = RayRunner(str(tmp_path / "ray"), None, nodes.address)
    assert run(recipe, tmp_path / "ray", runner=runner).status == 0
    lines = [line.split() for line in plugin.read_text("utf-8").splitlines()]
    at_work = [(what, pid, float(began), float(ended)) for what, pid, began, ended in lines]
    loads = [pid for what, pid, *_ in at_work if what == "load"]
    gpu = [(began, ended) for what, _, began, ended in at_work if what == "gpu"]
    cpu = [(began, ended) for what, _, began, ended in at_work if what == "cpu"]
    assert len(loads) == 1 and {pid for what, pid, *_ in at_work if what == "gpu"} == set(loads)
    assert not set(loads) & {pid for what, pid, *_ in at_work if what == "cpu"}
    assert sum(any(a < d and c < b for c, d in cpu) for a, b in gpu) >= 3
    plugin.write_text("", "utf-8")
    assert run(recipe, tmp_path / "local", workers=2).status == 0
    assert same(tmp_path, "local", "ray")


def test_what_a_cluster_lacks_is_said(tmp_path: Path, plugin: Path, machines: Callable[..., Machines]) -> None:
    nodes = machines({"num_cpus": 1})
    recipe = load(write_corpus(tmp_path, count=20, files=1), ["label=[script, lid, signals, heavy]"])
    with pytest.raises(WeftError, match=r"label\.heavy needs 1 GPU, and the cluster has 0"):
        run(recipe, tmp_path / "build", runner=RayRunner(str(tmp_path / "build"), None, nodes.address))
    with pytest.raises(WeftError, match=r"node .* does not see the build folder .*gone; expected a folder that all"):
        _without_the_folder(tmp_path / "gone", nodes.address)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nowhere:port"])
def test_an_address_without_a_cluster_is_said(tmp_path: Path, address: str) -> None:
    (tmp_path / "ledger").mkdir()
    cluster = Cluster(str(tmp_path), None, address)
    with pytest.raises(WeftError, match=f"^--ray-address {address}: "):
        cluster.open()


def _without_the_folder(root: Path, address: str) -> None:
    """What is checked at the start, when the folder is there for the driver alone: moved away before a node looks."""
    (root / "ledger").mkdir(parents=True)
    cluster = Cluster(str(root), None, address)
    check = cluster._check_nodes

    def moved() -> None:
        root.rename(root.with_name("moved"))
        check()

    cluster._check_nodes = moved  # type: ignore[method-assign]
    try:
        cluster.open()
    finally:
        cluster.close()


def test_a_cluster_is_started_where_there_is_none(tmp_path: Path) -> None:
    file = write_corpus(tmp_path, count=40, files=2)
    command = [sys.executable, "-m", "weft", "run", file.name, "--into", "ray", "--runner", "ray", "--workers", "2"]
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    done = subprocess.run([*command, "--json"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and json.loads(done.stdout)["failures"] == [], done.stderr
    assert done.stderr == ""
    assert run(load(file), tmp_path / "local", workers=1).status == 0
    assert same(tmp_path, "local", "ray")


def test_ctrl_c_ends_cleanly(tmp_path: Path, plugin: Path) -> None:
    file = write_corpus(tmp_path)
    command = [sys.executable, "-m", "weft", "run", file.name, "--into", "ray", "--runner", "ray", "--workers", "1"]
    command += ["--set", "label=[script, lid, signals, slow]", "--quiet"]
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    driver = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not plugin.exists() and time.monotonic() < until:
        time.sleep(0.05)
    children = psutil.Process(driver.pid).children(recursive=True)
    driver.send_signal(signal.SIGINT)
    _, said = driver.communicate(timeout=30)
    assert driver.returncode == 130 and said == "stopped; the same command goes on where it was\n"
    _, alive = psutil.wait_procs(children, timeout=10)
    assert children and not alive


def test_without_ray_it_is_said_how_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(WeftError, match=r"pip install 'weft\[ray\]'"):
        RayRunner(str(tmp_path))


def test_a_task_needs_the_most_that_its_operators_state(registry: Registry) -> None:
    def task(*calls: dict[str, Any], **more: Any) -> Task:
        return Task("label", 0, "labels", "k", arguments={"chain": list(calls), **more})

    script = {"operator": "label.script", "parameters": {}}
    on_cpu = {"operator": "label.embedding", "parameters": {"device": "cpu"}}
    on_gpu = {"operator": "label.embedding", "parameters": {"device": "cuda"}}
    large = {"operator": "deduplicate.contamination", "parameters": {}}
    assert demand(task(), registry) == Resources()
    assert demand(task(script, on_cpu), registry) == Resources()
    assert demand(task(script, on_gpu), registry) == Resources(gpus=1)
    assert demand(task(script, call=large), registry) == Resources(memory_gb=2)
