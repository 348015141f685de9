"""The Ray runner: the same tasks on the nodes of a Ray cluster, and operators with models in a pool of actors."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from weft.engine.local import here, run_task
from weft.engine.placement import demand, on_gpu
from weft.engine.ray_cluster import Cluster
from weft.engine.ray_place import Place
from weft.engine.service_keys import keys_for
from weft.engine.service_lane import TOGETHER
from weft.engine.work import SERVED, Cause, Outcome, Task, rooms_registry, unheard
from weft.errors import WeftError
from weft.operators.contract import Resources

_LOOK, _GONE, _IDLE = 2.0, 120.0, 60.0
"""Seconds: between two looks at the cluster, without a node that can go on, an actor without work."""

Answer = tuple[tuple[Any, ...], str | None, str | None, bool, Cause | None, str | None]
"""An outcome without its task, which the driver has."""


def work(place: Place, task: Task) -> Answer:
    """Run one task on a node that sees the build: another folder of its name would take the files."""
    if (unseen := place.unseen()) is not None:
        return (), unseen, None, True, None, here()
    done = run_task(place.root, task)
    return done.entries, done.failure, done.trace, done.transient, done.cause, done.worker


class Holder:
    """An actor on a GPU: its process stays, and with it the models that its tasks loaded."""

    def work(self, place: Place, task: Task) -> Answer:
        return work(place, task)


class Asker:
    """An actor that asks services for the whole run, so that their limits hold; it waits, and takes no core."""

    def work(self, place: Place, task: Task, keys: dict[str, str]) -> Answer:
        os.environ.update(keys)
        return work(place, task)


@dataclass
class _Actor:
    handle: Any
    need: Resources
    task: Any = None
    idle_since: float = field(default_factory=time.monotonic)


class RayRunner:
    """Runs tasks on a Ray cluster; a worker or node that is lost costs its tasks one attempt.

    `workers` bounds the tasks that run at the same time; without a cluster it is the cores of the one that is started.
    Raises WeftError when ray is not installed, and at the first task when a node does not see the build at `root`.
    """

    def __init__(self, root: str, workers: int | None = None, address: str | None = None) -> None:
        self._cluster = Cluster(root, workers, address)
        self._ray = self._cluster.ray
        self._open = False
        self._waiting: deque[tuple[Task, Resources]] = deque()
        self._for_gpu: deque[tuple[Task, Resources]] = deque()
        self._running: dict[Any, Task] = {}
        self._actors: list[_Actor] = []
        self._for_services: deque[Task] = deque()
        self._served: dict[Any, Any] = {}
        self._asker: Any = None
        self._starved_since: float | None = None
        self.begun: Callable[[Task], None] = unheard

    def submit(self, task: Task) -> None:
        if not self._open:
            self._cluster.open()
            self._work = self._ray.remote(work)
            self._holder = self._ray.remote(Holder)
            self._open = True
        if task.run == SERVED:
            self._for_services.append(task)
            return
        need = demand(task, rooms_registry())
        if need.gpus > self._cluster.gpus and not self._actors:
            names = ", ".join(on_gpu(task, rooms_registry()))
            raise WeftError(
                f"{names} needs {need.gpus:g} GPU, and the cluster has {self._cluster.gpus:g}; "
                "expected a node with a GPU, or device: cpu in the recipe"
            )
        (self._for_gpu if need.gpus else self._waiting).append((task, need))

    @property
    def busy(self) -> int:
        return len(self._running)

    def outcomes(self, *, begin: bool = True) -> Iterator[Outcome]:
        while True:
            if begin:
                self._fill()
            done, _ = self._ray.wait(list(self._running), num_returns=1, timeout=_LOOK)
            if done:
                break
            self._check_starved()
        self._starved_since = None
        done, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        for ref in done:
            yield self._taken(ref)

    def _fill(self) -> None:
        """Hand out as many tasks as keep the cluster busy; the others wait here, where they take no room."""
        self._ask()
        holding = sum(actor.task is not None for actor in self._actors) + len(self._served)
        most = self._cluster.most_at_once if self._cluster.limited else 2 * self._cluster.most_at_once
        while self._waiting and len(self._running) - holding < most:
            task, need = self._waiting.popleft()
            chosen = self._work.options(**self._cluster.options(need), max_retries=0)
            self._running[chosen.remote(self._cluster.place, task)] = task
            self.begun(task)
        while self._for_gpu and (actor := self._free_actor(self._for_gpu[0][1])):
            task, _ = self._for_gpu.popleft()
            actor.task = actor.handle.work.remote(self._cluster.place, task)
            self._running[actor.task] = task
            self.begun(task)
        if not self._for_gpu:
            self._shrink()

    def _ask(self) -> None:
        while self._for_services and len(self._served) < TOGETHER:
            if self._asker is None:
                options = {"num_cpus": 0, "max_concurrency": TOGETHER, "max_restarts": 0}
                options |= {"runtime_env": self._cluster.runtime} | self._cluster.somewhere()
                self._asker = self._ray.remote(Asker).options(**options).remote()
            task = self._for_services.popleft()
            ref = self._asker.work.remote(self._cluster.place, task, keys_for(task))
            self._served[ref] = self._asker
            self._running[ref] = task
            self.begun(task)

    def _free_actor(self, need: Resources) -> _Actor | None:
        """An actor without work that has what is needed; a new one where there is a GPU for it, else none."""
        for actor in self._actors:
            if actor.task is None and actor.need.gpus >= need.gpus and actor.need.memory_gb >= need.memory_gb:
                return actor
        taken = sum(actor.need.gpus for actor in self._actors)
        for actor in [a for a in self._actors if a.task is None]:
            if taken + need.gpus <= self._cluster.gpus:
                break
            taken -= actor.need.gpus
            self._end(actor)
        if self._actors and taken + need.gpus > self._cluster.gpus:
            return None
        # No core is reserved: an actor that waits would keep one from the tasks whose output it waits for.
        options = self._cluster.options(need) | {"num_cpus": 0, "num_gpus": need.gpus}
        self._actors.append(_Actor(self._holder.options(**options, max_restarts=0, max_task_retries=0).remote(), need))
        return self._actors[-1]

    def _shrink(self) -> None:
        idle = [actor for actor in self._actors if actor.task is None]
        spare = idle if len(idle) < len(self._actors) else idle[1:]
        for actor in spare:
            if time.monotonic() - actor.idle_since > _IDLE:
                self._end(actor)

    def _end(self, actor: _Actor) -> None:
        self._actors.remove(actor)
        self._ray.kill(actor.handle)

    def _taken(self, ref: Any) -> Outcome:
        task = self._running.pop(ref)
        actor = next((a for a in self._actors if a.task == ref), None)
        asker = self._served.pop(ref, None)
        if actor is not None:
            actor.task, actor.idle_since = None, time.monotonic()
        try:
            entries, failure, trace, transient, cause, worker = self._ray.get(ref)
        except self._ray.exceptions.RayTaskError as error:  # it did not come to run: weft is not as it should be there
            return Outcome(task, (), str(error).strip().rpartition("\n")[2], str(error))
        except self._ray.exceptions.RayError as error:
            if actor is not None:
                self._end(actor)
            if asker is not None and asker is self._asker:  # the others that it leaves are of the same end
                self._asker = None
                self._cluster.look_again()
            return Outcome(task, (), self._lost(error), str(error), transient=True)
        return Outcome(task, entries, failure, trace, transient, cause, worker)

    def _lost(self, error: Exception) -> str:
        errors = self._ray.exceptions
        if isinstance(error, errors.OutOfMemoryError):
            what = "its worker process was ended, as the memory of its node ran out"
        elif isinstance(error, errors.NodeDiedError):
            what = "its node was lost"
        elif isinstance(error, errors.WorkerCrashedError | errors.ActorDiedError):
            what = "its worker process died (out of memory, killed, or its node was lost)"
        else:
            what = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        return f"{what}; logs of Ray are in {self._cluster.logs()} on its node"

    def _check_starved(self) -> None:
        wants_gpu = self._for_gpu or any(actor.task is not None for actor in self._actors)
        if self._cluster.machines() and (self._cluster.gpus or not wants_gpu):
            self._starved_since = None
            return
        self._starved_since = self._starved_since or time.monotonic()
        if time.monotonic() - self._starved_since > _GONE:
            what = "GPU" if self._cluster.machines() else "node"
            raise WeftError(
                f"no {what} of the Ray cluster has been there for {_GONE:.0f} seconds; "
                "the same command goes on where it was"
            )

    def close(self) -> None:
        if not self._cluster.ours:  # what runs would go on; a connection of our own takes it along when it ends
            ended = {actor.task for actor in self._actors}
            for actor in list(self._actors):
                self._end(actor)
            if self._asker is not None:
                self._ray.kill(self._asker)
            for ref in set(self._running) - ended - set(self._served):
                self._ray.cancel(ref, force=True)
        self._actors.clear()
        self._running.clear()
        self._served.clear()
        self._asker = None
        self._cluster.close()
        self._open = False
