"""Ray clusters of several nodes on this machine: the same bytes as the local runner, whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.engine.corpus import write_corpus
from tests.engine.killing import made
from tests.engine.machines import Machines, below, end
from tests.waiting import soon

from weft.engine import room, work
from weft.engine.build import run
from weft.engine.placement import demand
from weft.engine.progress import Silent
from weft.engine.ray_cluster import Cluster, Machine
from weft.engine.ray_runner import RayRunner
from weft.engine.work import Task
from weft.errors import WeftError
from weft.operators.contract import Resources
from weft.operators.registry import Registry
from weft.recipe import load

pytestmark = pytest.mark.slow
PLUGIN = '''
import os, time, pyarrow as pa
from weft.operators.contract import Resources, operator

KIND = pa.struct({"chars": pa.int32()})
def note(what, began):
    with open(os.environ["WEFT_TEST_NOTES"], "a") as sink:
        sink.write(f"{what} {os.getpid()} {began} {time.time()}\\n")

def passes(hold):
    for number in range(int(open(hold).read())):
        try:
            os.close(os.open(f"{hold}-{number}", os.O_CREAT | os.O_EXCL))
            return True
        except FileExistsError:
            pass
    return False

def sized(what, name, seconds):
    def label(batch):
        began = time.time()
        note("begin", began)
        time.sleep(seconds)
        hold = os.environ["WEFT_TEST_HOLD"]
        while name == "slow" and os.path.exists(hold) and not passes(hold):
            time.sleep(0.02)
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


@pytest.fixture(scope="module")
def paced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Operators of another distribution, known here and on the nodes, and the folder where they say what they do."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "paced-1.0.dist-info").mkdir(parents=True)
    (folder / "paced_plugin.py").write_text(PLUGIN, "utf-8")
    (folder / "paced-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: paced\nVersion: 1.0\n")
    (folder / "paced-1.0.dist-info/entry_points.txt").write_text("[weft.operators]\npaced = paced_plugin\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
        patch.setenv("WEFT_TEST_NOTES", str(folder / "notes"))
        patch.setenv("WEFT_TEST_HOLD", str(folder / "hold"))
        patch.delenv("RAY_ADDRESS", raising=False)
        work.rooms_registry.cache_clear()
        yield folder
    work.rooms_registry.cache_clear()


@pytest.fixture
def notes(paced: Path) -> Path:
    """What these operators note during one test."""
    (paced / "notes").write_text("", "utf-8")
    return paced / "notes"


@contextmanager
def held(folder: Path, passing: int = 0) -> Iterator[None]:
    """Slow labels do not end meanwhile, but for so many."""
    for old in folder.glob("hold-*"):
        old.unlink()
    (folder / "new").write_text(str(passing))
    (folder / "new").rename(folder / "hold")
    try:
        yield
    finally:
        (folder / "hold").rename(folder / "let-go")


@pytest.fixture(scope="module")
def machines(paced: Path) -> Iterator[Machines]:
    """A cluster with two nodes of one core each, that the tests of this module share."""
    made = Machines({"num_cpus": 1}, {"num_cpus": 1})
    yield made
    made.close()


class Watch(Silent):
    """Keeps why tasks were tried again; one that is given up is an error."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def failed(self, task: Task, reason: str, again: bool) -> None:
        assert again, reason
        self.reasons.append(reason)


def same(folder: Path, left: str, right: str) -> bool:
    return made(folder / left) == made(folder / right)


def lines(notes: Path) -> list[tuple[str, int, float, float]]:
    """What was begun or done, by which process, from when and until when."""
    found = [line.split() for line in notes.read_text("utf-8").splitlines()]
    return [(what, int(pid), float(began), float(ended)) for what, pid, began, ended in found]


def at_work(notes: Path, but: int = 0) -> int | None:
    """A process that has begun a slow label and not ended it."""
    last = {pid: what for what, pid, *_ in lines(notes)}
    return next((pid for pid, what in last.items() if what == "begin" and pid != but and psutil.pid_exists(pid)), None)


def test_lost_worker_and_lost_node_change_no_byte(tmp_path: Path, notes: Path, paced: Path, machines: Machines) -> None:
    recipe = load(write_corpus(tmp_path, count=60, files=3), ["label=[script, lid, signals, slow]"])
    assert run(recipe, tmp_path / "local", workers=2).status == 0
    notes.write_text("", "utf-8")
    watch, runner = Watch(), RayRunner(str(tmp_path / "ray"), None, machines.address)
    with ThreadPoolExecutor(1) as pool:
        with held(paced):  # who is killed is in the middle of a label
            going = pool.submit(run, recipe, tmp_path / "ray", runner=runner, listener=watch)
            killed = soon(lambda: at_work(notes))
            os.kill(killed, signal.SIGKILL)
            machines.lose(machines.node_of(soon(lambda: at_work(notes, killed))))
            soon(lambda: len(watch.reasons) >= 2)
            machines.add(num_cpus=1)
            soon(lambda: len({pid for what, pid, *_ in lines(notes) if psutil.pid_exists(pid)}) >= 2)
        assert going.result(120).status == 0
    assert all("worker process died" in reason or "node was lost" in reason for reason in watch.reasons)
    assert same(tmp_path, "local", "ray")
    assert not list((tmp_path / "ray/ledger").glob("run-*"))


def test_a_killed_driver_goes_on_where_it_was(tmp_path: Path, notes: Path, paced: Path, machines: Machines) -> None:
    file = write_corpus(tmp_path, count=60, files=3)
    command = [sys.executable, "-m", "weft", "run", file.name, "--into", "ray", "--quiet", "--runner", "ray"]
    command += ["--ray-address", machines.address, "--set", "label=[script, lid, signals, slow]"]
    driver = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    soon(lambda: driver.poll() is not None or sum(what == "cpu" for what, *_ in lines(notes)) >= 2)
    assert driver.poll() is None, driver.communicate()[0]
    driver.kill()
    driver.communicate()
    done = subprocess.run([*command, "--json"], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert sum(told["cached"].values()) >= 2 and sum(told["ran"].values()) > 2
    assert run(load(file, ["label=[script, lid, signals, slow]"]), tmp_path / "local", workers=2).status == 0
    assert same(tmp_path, "local", "ray")


def test_gpu_tasks_keep_their_model_and_overlap_cpu_tasks(
    tmp_path: Path, notes: Path, paced: Path, machines: Machines
) -> None:
    file = write_corpus(tmp_path, count=80)
    recipe = load(file, ["label=[script, lid, signals, slow, heavy]"])
    machines.add(num_cpus=1, num_gpus=1)
    watch, runner = Watch(), RayRunner(str(tmp_path / "ray"), None, machines.address)
    with ThreadPoolExecutor(1) as pool:
        with held(paced, passing=3):
            going = pool.submit(run, recipe, tmp_path / "ray", runner=runner, listener=watch)
            # Those of the other shards have begun and cannot end: what a GPU does meanwhile overlaps them.
            soon(lambda: sum(what == "gpu" for what, *_ in lines(notes)) == 3 and at_work(notes))
            assert sum(what == "cpu" for what, *_ in lines(notes)) == 3
            (lost,) = {pid for what, pid, *_ in lines(notes) if what == "load"}
            os.kill(lost, signal.SIGKILL)
        assert going.result(120).status == 0
    machines.lose(machines.added[-1])
    on_gpu = [pid for what, pid, *_ in lines(notes) if what == "gpu"]
    loads = [pid for what, pid, *_ in lines(notes) if what == "load"]
    assert len(loads) == 2 and set(on_gpu) == set(loads) and len(on_gpu) > 5
    assert len(watch.reasons) == 1 and "worker process died" in watch.reasons[0]
    assert not set(loads) & {pid for what, pid, *_ in lines(notes) if what == "cpu"}
    assert run(recipe, tmp_path / "local", workers=2).status == 0
    assert same(tmp_path, "local", "ray")


def test_what_a_cluster_lacks_is_said(tmp_path: Path, machines: Machines) -> None:
    recipe = load(write_corpus(tmp_path, count=20, files=1), ["label=[script, lid, signals, heavy]"])
    with pytest.raises(WeftError, match=r"label\.heavy needs 1 GPU, and the cluster has 0"):
        run(recipe, tmp_path / "build", runner=RayRunner(str(tmp_path / "build"), None, machines.address))
    with pytest.raises(WeftError, match=r"node .* does not see the build folder .*gone; expected a folder that all"):
        _without_the_folder(tmp_path / "gone", machines.address)


def test_a_disk_that_fills_up_ends_a_run_in_good_order(
    tmp_path: Path, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = load(write_corpus(tmp_path, count=40, files=2))
    free = iter([10**12] * 5)
    with monkeypatch.context() as patch:
        patch.setattr(room, "free_bytes", lambda folder: next(free, 0))
        full = run(recipe, tmp_path / "ray", runner=RayRunner(str(tmp_path / "ray"), None, machines.address))
    assert full.status == 1 and "it has stopped: free some space" in str(full.stopped) and not full.tally.failures
    assert not list((tmp_path / "ray/ledger").glob("run-*"))
    on = run(recipe, tmp_path / "ray", runner=RayRunner(str(tmp_path / "ray"), None, machines.address))
    assert on.status == 0 and on.tally.cached.total() >= full.tally.ran.total() > 0
    assert run(recipe, tmp_path / "local", workers=1).status == 0
    assert same(tmp_path, "local", "ray")


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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without a token, whose user has compiled kernels all the same."""
    monkeypatch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_a_cluster_is_started_where_there_is_none(tmp_path: Path, home: Path) -> None:
    file = write_corpus(tmp_path, count=40, files=2)
    command = [sys.executable, "-m", "weft", "run", file.name, "--into", "ray", "--runner", "ray", "--workers", "2"]
    done = subprocess.run([*command, "--json"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and json.loads(done.stdout)["failures"] == [], done.stderr
    assert done.stderr == ""
    assert not (home / ".ray").exists()
    assert run(load(file), tmp_path / "local", workers=1).status == 0
    assert same(tmp_path, "local", "ray")


def test_the_commands_of_the_page_start_a_cluster(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs/clusters.md").read_text("utf-8")
    starts = re.findall(r"^(?:first machine|each other) +ray (start .*)", page, re.MULTILINE)
    assert len(starts) == 2 and "every machine    export RAY_AUTH_MODE=token\n" in page
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    ray = str(Path(sys.executable).with_name("ray"))
    subprocess.run([ray, "get-auth-token", "--generate"], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    port = ["--port", address.partition(":")[2]]
    file = write_corpus(tmp_path, count=40, files=2)
    command = [sys.executable, "-m", "weft", "run", file.name, "--into", "ray", "--runner", "ray", "--json"]
    nodes = []
    try:
        for start, more in zip(starts, (port, ["--num-cpus", "2"]), strict=True):
            given = [*start.replace("FIRST:6379", address).split(), *more, "--block"]
            nodes.append(subprocess.Popen([ray, *given], stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
            assert nodes[-1].stdout is not None
            assert any(b"Ray runtime started" in line for line in nodes[-1].stdout), given
        done = subprocess.run([*command, "--ray-address", address], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        (home / ".ray/auth_token").unlink()
        told = subprocess.run(
            [*command, "--into", "other", "--ray-address", address], cwd=tmp_path, capture_output=True, text=True
        )
        assert told.returncode == 2 and "expected RAY_AUTH_MODE=token and the cluster's token in" in told.stderr
    finally:
        end(*[process for node in nodes for process in below(node.pid)])
        for node in nodes:
            node.kill()
            node.communicate()
    assert run(load(file), tmp_path / "local", workers=1).status == 0
    assert same(tmp_path, "local", "ray")


def test_ctrl_c_ends_cleanly(tmp_path: Path, notes: Path) -> None:
    file = write_corpus(tmp_path)
    command = [sys.executable, "-m", "weft", "run", file.name, "--into", "ray", "--runner", "ray", "--workers", "1"]
    command += ["--set", "label=[script, lid, signals, slow]", "--quiet"]
    driver = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    soon(lambda: lines(notes))
    children = psutil.Process(driver.pid).children(recursive=True)
    driver.send_signal(signal.SIGINT)
    _, said = driver.communicate(timeout=300)
    assert driver.returncode == 130 and said == "stopped; the same command goes on where it was\n"
    _, alive = psutil.wait_procs(children, timeout=120)
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


def test_a_task_with_a_model_asks_for_no_more_memory_than_a_node_with_a_gpu_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ray would wait for such a node for ever."""
    cluster = Cluster(str(tmp_path), None, "nowhere")
    nodes = [Machine("a", "a", 64, 0, 256e9), Machine("b", "b", 8, 1, 64e9)]
    monkeypatch.setattr(cluster, "machines", lambda: nodes)
    assert cluster.options(Resources(1, 1, 100))["memory"] == 64e9
    assert cluster.options(Resources(1, 0, 100))["memory"] == 100e9
    assert cluster.options(Resources(128, 0, 1))["num_cpus"] == 64
