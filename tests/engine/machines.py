"""Ray clusters whose nodes are process groups of this machine, and how one of them is lost."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import psutil

OBJECTS = 80_000_000
QUICK = {
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "2",
}
"""Ray notices a dead node within a second or two; as it comes, after some fifteen."""


def below(pid: int) -> list[psutil.Process]:
    """Every process that a process started, and those that these started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def end(*processes: psutil.Process) -> bool:
    """Kill processes; whether one was alive."""
    killed = False
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            killed |= process.status() != psutil.STATUS_ZOMBIE
            process.kill()
    return killed


class Machines:
    """A cluster of several nodes; the first has no core and stays, as it holds what Ray knows."""

    def __init__(self, *nodes: dict[str, Any]) -> None:
        from ray.cluster_utils import Cluster as Nodes

        before = {name: os.environ.get(name) for name in QUICK}
        os.environ.update(QUICK)
        try:
            head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": OBJECTS}
            self._nodes = Nodes(initialize_head=True, head_node_args=head)
            self.added: list[Any] = []
            for one in nodes:
                self.add(**one)
        finally:
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})
        self.address = str(self._nodes.address)

    def add(self, **resources: Any) -> None:
        """One more node; the oldest is first in `added`."""
        self.added.append(self._nodes.add_node(object_store_memory=OBJECTS, **resources))

    def node_of(self, pid: int) -> Any:
        """The node that a process belongs to."""
        above = {parent.pid for parent in psutil.Process(pid).parents()}
        (node,) = [node for node in self.added if raylet(node) in above]
        return node

    def workers(self) -> list[psutil.Process]:
        """Processes that run tasks, or wait for one, on all nodes but the first."""
        found = [process for node in self.added for process in below(raylet(node))]
        return [process for process in found if _name(process).startswith("ray::") and "Agent" not in _name(process)]

    def lose(self, node: Any) -> None:
        """Kill a node with all that runs on it, as when its machine loses power."""
        running = below(raylet(node))
        self.added.remove(node)
        self._nodes.remove_node(node, allow_graceful=False)
        end(*running)

    def close(self) -> None:
        self._nodes.shutdown()


def raylet(node: Any) -> int:
    """The process of a node that starts all others of it."""
    return int(node.all_processes["raylet"][0].process.pid)


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess):
        return str(" ".join(process.cmdline()) or process.name())
    return ""
