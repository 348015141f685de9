"""A Ray cluster as the runner needs it: started or joined, its nodes, and whether each sees the build."""

from __future__ import annotations

import importlib
import logging
import os
import secrets
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft.engine.keys import library_version
from weft.engine.local import usable_cores, worker_environment
from weft.engine.ray_place import Place
from weft.engine.work import rooms_registry
from weft.errors import WeftError
from weft.operators.contract import Resources

_OBJECTS = 80_000_000
"""Bytes of Ray's store of objects on a cluster of our own: tasks and outcomes are small, data goes through files."""
_LOOK_AGAIN, _ANSWER = 2.0, 120.0
"""Seconds between two looks at the nodes; seconds that a node has to answer at the start."""
_TOKEN = "RAY_AUTH_MODE=token and the cluster's token in ~/.ray/auth_token, as on its machines"


def _keep_token_here() -> None:
    """Let a cluster of our own take a token that only this run knows.

    Ray would write one to the home folder, and clusters that are started there later would all want it.
    """
    given = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    if not given and not Path.home().joinpath(".ray/auth_token").is_file():
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def library() -> Any:
    """The library ray, told to send nothing anywhere. Raises WeftError that says how it is installed."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # What Ray says of a lost worker goes to standard output; the runner says it itself.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise WeftError(
            "the Ray runner needs the library ray, which is not installed; expected it from: pip install 'weft[ray]'"
        ) from None


@dataclass(frozen=True)
class Machine:
    """A living node of the cluster; memory in bytes."""

    id: str
    host: str
    cpus: float
    gpus: float
    memory: float


def look(place: Place) -> tuple[str | None, dict[str, str]]:
    """Why a node does not see the build, if it does not, and its versions of what decides answers."""
    return place.unseen(), versions()


def versions() -> dict[str, str]:
    """Versions of weft and of the libraries whose versions are part of keys."""
    registry = rooms_registry()
    names = sorted({library for name in registry.names() for library in registry.get(name).libraries})
    return {"weft": library_version("weft")} | {name: library_version(name) for name in names}


class Cluster:
    """The connection of one run. `address`: `auto`, HOST:PORT, or null for $RAY_ADDRESS, else a cluster of our own."""

    def __init__(self, root: str, workers: int | None, address: str | None) -> None:
        self.ray = library()
        self._workers = workers
        self._address = address or os.environ.get("RAY_ADDRESS") or "local"
        self.ours = False
        """Whether the connection is this run's, and ends with it."""
        self._looked = 0.0
        self._machines: list[Machine] = []
        self.place = Place.of(root)
        self.runtime = {"env_vars": worker_environment()}

    def open(self) -> None:
        """Connect, or start. Raises WeftError that names a node that does not see the build."""
        if "://" in self._address:
            raise WeftError(f"--ray-address {self._address}: expected auto or HOST:PORT, from a machine of the cluster")
        if not self.ray.is_initialized():
            self._connect()
            self.ours = True
        self.place.mark()
        self._check_nodes()

    def _connect(self) -> None:
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if self._address == "local":
            _keep_token_here()
            quiet |= {"num_cpus": self._workers or usable_cores(), "include_dashboard": False}
            quiet |= {"object_store_memory": _OBJECTS}
        try:
            host, _, port = self._address.rpartition(":")
            if host:  # Ray itself would take over a minute to say that nobody is there
                socket.create_connection((host, int(port)), timeout=10).close()
            self.ray.init(address=self._address, **quiet)
        except (OSError, RuntimeError, ValueError, self.ray.exceptions.RayError) as error:
            raise WeftError(
                f"--ray-address {self._address}: no connection to a Ray cluster: {self._why_not(error)}"
            ) from error

    def _why_not(self, error: Exception) -> str:
        reason = str(error).strip().partition("\n")[0].partition(". ")[0]
        if isinstance(error, self.ray.exceptions.AuthenticationError):
            return f"{reason}; expected {_TOKEN}"
        if isinstance(error, ConnectionError) and self._address != "local" and "Failed to connect" in reason:
            return f"{reason}; it listens there: expected {_TOKEN}, if it wants a token"
        return reason

    @property
    def most_at_once(self) -> int:
        """Tasks to run at the same time: what was asked for, at most the cores that the cluster has now."""
        cores = max(1, int(sum(machine.cpus for machine in self.machines())))
        return min(cores, self._workers or cores)

    @property
    def limited(self) -> bool:
        """Whether the runner has to count: the cluster has more cores than were asked for."""
        return self._workers is not None and sum(machine.cpus for machine in self.machines()) > self._workers

    @property
    def gpus(self) -> float:
        return sum(machine.gpus for machine in self.machines())

    def machines(self) -> list[Machine]:
        """Living nodes that can run tasks, as they were at most two seconds ago."""
        if time.monotonic() - self._looked > _LOOK_AGAIN:
            self._machines = [_machine(node) for node in self.ray.nodes() if node["Alive"]]
            self._machines = [machine for machine in self._machines if machine.cpus or machine.gpus]
            self._looked = time.monotonic()
        return self._machines

    def look_again(self) -> None:
        """Forget which nodes there were: one was lost just now."""
        self._looked = 0.0

    def somewhere(self) -> dict[str, Any]:
        """Where an actor goes that takes no core: this node, or another that runs tasks.

        Ray would put it on any node, also on a first one without cores, which need not see the build folder.
        """
        names = [machine.id for machine in self.machines()]
        if not names:
            return {}
        here = self.ray.get_runtime_context().get_node_id()
        strategies = importlib.import_module("ray.util.scheduling_strategies")
        chosen = here if here in names else names[0]
        return {"scheduling_strategy": strategies.NodeAffinitySchedulingStrategy(chosen, soft=False)}

    def options(self, need: Resources) -> dict[str, Any]:
        """What Ray is asked for; never more cores or memory than the largest node has, as it would wait for ever."""
        # A task with a model goes to a node with a GPU, whose memory may not be the largest.
        machines = [machine for machine in self.machines() if machine.gpus >= need.gpus]
        most = max((machine.memory for machine in machines), default=need.memory_gb * 1e9)
        cores = max((machine.cpus for machine in machines), default=need.cpus)
        memory = int(min(need.memory_gb * 1e9, most))
        return {"num_cpus": min(need.cpus, cores or 1), "memory": memory, "runtime_env": self.runtime}

    def logs(self) -> str:
        """Where Ray writes its logs on each node."""
        return str(Path(os.environ.get("RAY_TMPDIR", tempfile.gettempdir()), "ray/session_latest/logs"))

    def _check_nodes(self) -> None:
        strategies = importlib.import_module("ray.util.scheduling_strategies")
        asked = self.ray.remote(look)
        refs = {}
        for machine in self.machines():
            there = strategies.NodeAffinitySchedulingStrategy(machine.id, soft=False)
            options = {"num_cpus": 0, "max_retries": 0, "runtime_env": self.runtime, "scheduling_strategy": there}
            refs[asked.options(**options).remote(self.place)] = machine
        if not refs:
            raise WeftError(f"--ray-address {self._address}: no node of the cluster has a core; expected one or more")
        _, late = self.ray.wait(list(refs), num_returns=len(refs), timeout=_ANSWER)
        if late:
            raise WeftError(f"node {refs[late[0]].host} does not answer; expected one that runs tasks")
        own = versions()
        for ref, machine in refs.items():
            self._check_node(ref, machine, own)

    def _check_node(self, ref: Any, machine: Machine, own: dict[str, str]) -> None:
        try:
            unseen, found = self.ray.get(ref)
        except self.ray.exceptions.RayTaskError as error:
            reason = str(error).strip().rpartition("\n")[2]
            raise WeftError(
                f"node {machine.host} cannot run weft: {reason}; expected weft {own['weft']} there"
            ) from None
        except self.ray.exceptions.RayError:
            return  # the node was lost meanwhile: there is nothing to say against the others
        if unseen is not None:
            raise WeftError(unseen)
        for name, version in own.items():
            if found.get(name) != version:
                raise WeftError(f"node {machine.host} has {name} {found.get(name)}; expected {version}, as here")

    def close(self) -> None:
        """Leave the cluster; one that was started for this run ends with its processes."""
        self.place.unmark()
        if self.ours:
            self.ray.shutdown()
            self.ours = False


def _machine(node: dict[str, Any]) -> Machine:
    has = node["Resources"]
    host = str(node.get("NodeManagerHostname") or node["NodeManagerAddress"])
    address = str(node["NodeManagerAddress"])
    name = host if host == address else f"{host} ({address})"
    return Machine(str(node["NodeID"]), name, has.get("CPU", 0.0), has.get("GPU", 0.0), has.get("memory", 0.0))
