"""The local runner: a pool of spawned processes on this machine."""

from __future__ import annotations

import contextlib
import errno
import functools
import multiprocessing
import os
import socket
import sys
import tempfile
import threading
import time
import traceback
import types
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace

from weft.engine.device_lane import DeviceLane
from weft.engine.interrupts import end_quietly, held_back
from weft.engine.placement import is_gpu_node
from weft.engine.places import Segment, open_segment, open_storage
from weft.engine.service_lane import TOGETHER, ServiceLane
from weft.engine.work import SERVED, Cause, Context, Outcome, Task, rooms_registry, unheard
from weft.errors import ShardError, WeftError

_LOOK = 1.0
"""Seconds between two looks of a run at what else was asked of it while it waits."""
_ONE_THREAD = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_IO_THREADS")


def usable_cores() -> int:
    """Cores that this process may use (its affinity, not the machine's size)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_environment() -> dict[str, str]:
    """Variables that a worker process starts with."""
    # One thread per worker: processes are the parallelism, and CPU seconds stay comparable.
    given = {name: "1" for name in _ONE_THREAD}
    # Arrow's own pools keep what they free: the system's takes a tenth less memory in the same time.
    return given | {"ARROW_DEFAULT_MEMORY_POOL": os.environ.get("ARROW_DEFAULT_MEMORY_POOL", "system")}


class LocalRunner:
    """Runs tasks in spawned worker processes; a worker that dies costs its task one attempt."""

    def __init__(
        self, root: str, workers: int | None = None, call: Callable[[str, Task], Outcome] | None = None
    ) -> None:
        self._root = root
        self._call = call or run_task
        self._workers = workers or usable_cores()
        self._pool: ProcessPoolExecutor | None = None
        self._waiting: deque[Task] = deque()
        self._running: dict[Future[Outcome], Task] = {}
        self._next: deque[Task] = deque()
        self.begun: Callable[[Task], None] = unheard
        self._suspects: list[Task] = []
        self._lane: ServiceLane | None = None
        self._for_services: deque[Task] = deque()
        self._served: dict[Future[Outcome], Task] = {}
        self._devices: DeviceLane | None = None
        self._for_devices: deque[Task] = deque()

    def submit(self, task: Task) -> None:
        if task.run == SERVED:
            self._for_services.append(task)
        elif is_gpu_node(task.node):
            self._for_devices.append(task)
        else:
            self._waiting.append(task)

    @property
    def busy(self) -> int:
        return len(self._running) + len(self._suspects) + len(self._served)

    def outcomes(self, seconds: float | None = None, *, begin: bool = True) -> Iterator[Outcome]:
        """The next finished tasks; with `seconds`, none when none is finished by then."""
        if begin or self._suspects:
            self._fill()
        if begin:
            self._fill_lane()
            self._fill_devices()
        under_way = [*self._running, *self._served]
        done, _ = wait(under_way, timeout=_LOOK if seconds is None else seconds, return_when=FIRST_COMPLETED)
        while under_way and not done and seconds is None:  # so that Ctrl-C is seen while all wait for a service
            done, _ = wait(under_way, timeout=_LOOK, return_when=FIRST_COMPLETED)
        yield from self._answered(done)
        broken: list[Task] = []
        for future in done & self._running.keys():
            task = self._running.pop(future)
            self._tell_begun()
            try:
                yield future.result()
            except BrokenProcessPool:
                broken.append(task)
        if broken:
            broken += self._running.values()
            self._running.clear()
            self._next.clear()
            self._drop_pool()
            if len(broken) == 1:
                yield Outcome(broken[0], failure="its worker process died (out of memory, or killed)", transient=True)
            else:
                self._suspects += broken

    def _answered(self, done: set[Future[Outcome]]) -> Iterator[Outcome]:
        """Outcomes of tasks that run beside the workers: those of services and of devices."""
        for future in done & self._served.keys():
            task = self._served.pop(future)
            on_device = is_gpu_node(task.node)
            if on_device and self._devices is not None:
                self._devices.ended(future)
            try:
                yield future.result()
            except BrokenProcessPool:
                whose = "its GPU" if on_device else "the service tasks"
                yield Outcome(task, failure=f"the process of {whose} died", transient=True)

    def _fill_devices(self) -> None:
        if self._for_devices and self._devices is None:
            self._devices = DeviceLane(lambda more: self._open_pool(1, more))
        while self._for_devices and self._devices is not None and not self._devices.full:
            task = self._for_devices.popleft()
            self._served[self._devices.submit(self._call, self._root, task)] = task
            self.begun(task)

    def _fill_lane(self) -> None:
        while self._for_services and len(self._served) < TOGETHER:
            if self._lane is not None and self._lane.broken:
                self._lane.close()
                self._lane = None
            if self._lane is None:
                with _main_module_hidden():
                    self._lane = ServiceLane(self._root, worker_environment())
            task = self._for_services.popleft()
            self._served[self._lane.submit(self._call, self._root, task)] = task
            self.begun(task)

    def _fill(self) -> None:
        """Keep workers busy. After a worker died, the tasks that ran then go alone: the culprit shows itself."""
        if self._suspects:
            if not self._running:
                self._start(self._suspects.pop(0))
            return
        while self._waiting and len(self._running) <= self._workers:
            self._start(self._waiting.popleft())

    def _start(self, task: Task) -> None:
        if self._pool is None:
            self._pool = self._open_pool(self._workers, {})
        try:
            future = self._pool.submit(self._call, self._root, task)
        except BrokenProcessPool as error:  # its workers died before they took anything
            future = Future()
            future.set_exception(error)
        self._running[future] = task
        self._next.append(task)
        self._tell_begun()

    def _tell_begun(self) -> None:
        """The pool takes one task more than it has workers, so that none waits for us: that one has not begun."""
        while self._next and len(self._running) - len(self._next) < self._workers:
            self.begun(self._next.popleft())

    def _open_pool(self, workers: int, more: dict[str, str]) -> ProcessPoolExecutor:
        given = worker_environment() | more
        before = {name: os.environ.get(name) for name in given}
        os.environ.update(given)
        try:
            context = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(self._root,))
            with _main_module_hidden(), held_back():
                for _ in range(workers):
                    pool.submit(os.getpid)  # workers start now, while the environment says one thread
            return pool
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def _drop_pool(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def close(self) -> None:
        if self._lane is not None:
            self._lane.close()
            self._lane = None
        if self._devices is not None:
            self._devices.close()
            self._devices = None
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


@contextlib.contextmanager
def _main_module_hidden() -> Iterator[None]:
    """A spawned process runs the caller's main module again; in a script that calls `weft.run` without a guard that
    would be a build within the build, and a script on standard input has no file to run. Workers need none of it."""
    held = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = held


@dataclass(frozen=True)
class Worker:
    """What a worker process holds: operators, storage, its own ledger segment."""

    context: Context
    ledger: Segment


def _begin(root: str) -> None:
    end_quietly()
    with contextlib.suppress(OSError, WeftError):  # each task that opens it anew says why it cannot
        open_worker(root, 0)


@functools.cache
def open_worker(root: str, thread: int = 0) -> Worker:
    """Prepare this process to run tasks of the build at `root`; it ends when its parent ends."""
    _prepare()
    storage = open_storage(root)
    return Worker(Context(storage, rooms_registry()), open_segment(storage))


def thread_of(task: Task) -> int:
    """For `open_worker`: who may commit is said in a storage, so that tasks that run side by side have one each."""
    return threading.get_ident() if task.run == SERVED else 0


@functools.cache
def _prepare() -> None:
    _end_with_parent()
    import pyarrow as pa

    pa.set_cpu_count(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def run_task(root: str, task: Task) -> Outcome:
    """Run one task in a worker and commit its entries; never raises."""
    from weft.engine.tasks import FUNCTIONS

    # The tasks of services share a process: of each counts its own thread.
    clock = time.thread_time if task.run == SERVED else time.process_time
    began, cpu = time.monotonic(), clock()
    worker = None
    try:
        worker = open_worker(root, thread_of(task))
        entries = FUNCTIONS[task.run](task, worker.context)
        seconds = round((time.monotonic() - began) / len(entries), 4)
        cpu_seconds = round((clock() - cpu) / len(entries), 4)
        entries = [replace(e, seconds=seconds, cpu_seconds=cpu_seconds) for e in entries]
        worker.context.storage.may_commit()
        worker.ledger.append(entries)
    except Exception as error:  # the boundary of a worker: a failed task is an outcome, never a dead pool
        return Outcome(task, (), _reason(error), traceback.format_exc(), _may_pass(error), _cause(error), here())
    finally:
        if worker is not None:
            worker.context.storage.rest()
    return Outcome(task, tuple(entries), worker=here())


def here() -> str:
    """This process as `host:pid`."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _cause(error: Exception) -> Cause:
    chain: list[BaseException] = [error]
    while (before := chain[-1].__cause__ or chain[-1].__context__) is not None and before not in chain:
        chain.append(before)
    found = [frame for one in reversed(chain) for frame in traceback.extract_tb(one.__traceback__)]
    frames = tuple(f"{_package_path(frame.filename)}:{frame.lineno} in {frame.name}" for frame in found)
    return Cause(type(error).__name__, getattr(error, "errno", None), frames)


def _package_path(file: str) -> str:
    """The path below the folder of packages; of other files the name."""
    for mark in ("/site-packages/", "/src/"):
        if mark in file:
            return file.rpartition(mark)[2]
    return file.rpartition("/")[2]


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"the disk of {_place_of(error)} is full; free some space and run the same command again"
    if isinstance(error, WeftError | ShardError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _place_of(error: OSError) -> str:
    name = error.filename
    return f"{name}" if name else f"the build folder or of the folder for temporary files ({tempfile.gettempdir()})"


def _may_pass(error: Exception) -> bool:
    return isinstance(error, OSError | MemoryError) and getattr(error, "errno", None) != errno.ENOSPC
