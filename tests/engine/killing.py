"""Builds of which processes are killed at random, while others come in their place: by each of the runners."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.engine.corpus import contents
from tests.engine.machines import Machines, below, end

KEPT = {"ledger", "logs", "report", "tmp"}
"""Parts of a build that say how it was made, and when."""


def start(place: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    """A worker as a person starts one."""
    return _popen(["worker", place, "--json", *arguments])


def _popen(arguments: list[str | Path]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "weft", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)


def made(build: Path) -> dict[str, bytes]:
    """Every byte of a build that its recipe and its texts decide."""
    return {name: held for name, held in contents(build).items() if name.partition("/")[0] not in KEPT}


@dataclass(frozen=True)
class Victim:
    """A process, or all of a node, that can be killed; `kill` says whether it was alive."""

    what: str
    kill: Callable[[], bool]


class Ground(Protocol):
    """A way to build: what is started, how many of it at a time, and who may be killed besides."""

    name: str
    together: int

    def begin(self, recipe: Path, into: Path) -> subprocess.Popen[str]: ...

    def victims(self, alive: list[subprocess.Popen[str]]) -> list[Victim]: ...

    def close(self) -> None: ...


class Local:
    """`weft run` with two workers; the run and each of its processes."""

    name, together = "local", 1

    def begin(self, recipe: Path, into: Path) -> subprocess.Popen[str]:
        return _popen(["run", recipe, "--into", into, "--workers", "2", "--json"])

    def victims(self, alive: list[subprocess.Popen[str]]) -> list[Victim]:
        return [Victim("process of a pool", lambda p=p: end(p)) for one in alive for p in below(one.pid)]

    def close(self) -> None: ...


@dataclass
class Workers(Local):
    """`weft worker`, several at a time; each worker, and the process in which it runs its tasks."""

    together: int = 3
    lease: str = "1"
    name = "worker"

    def begin(self, recipe: Path, into: Path) -> subprocess.Popen[str]:
        return start(recipe, "--into", into, "--lease", self.lease)


class OnRay:
    """`weft run --runner ray` on a cluster: the run, processes of Ray that run tasks, and whole nodes."""

    name, together = "ray", 1

    def __init__(self) -> None:
        self._machines = Machines({"num_cpus": 1}, {"num_cpus": 1})

    def begin(self, recipe: Path, into: Path) -> subprocess.Popen[str]:
        given = ["--runner", "ray", "--ray-address", self._machines.address]
        return _popen(["run", recipe, "--into", into, *given, "--json"])

    def victims(self, alive: list[subprocess.Popen[str]]) -> list[Victim]:
        found = [Victim("process of Ray", lambda p=p: end(p)) for p in self._machines.workers()]
        return [*found, Victim("node", self._lose)]

    def _lose(self) -> bool:
        self._machines.lose(self._machines.added[0])
        self._machines.add(num_cpus=1)
        return True

    def close(self) -> None:
        self._machines.close()


@dataclass
class Killed:
    """What a build went through: what was killed, and how many runs or workers were started in all."""

    kills: Counter[str] = field(default_factory=Counter)
    started: int = 0
    failed: int = 0
    """Runs that left the rest to the next: a task had lost its process three times, or a worker its lease."""


def build_under_kills(
    ground: Ground, recipe: Path, into: Path, *, kills: int, draw: random.Random, until: float, pause: float = 1.5
) -> Killed:
    """Build while one thing after another is killed, until `kills` or the end of the build.

    Up to `pause` seconds lie between two kills: some come while tasks run, some while a run starts, joins or ends.

    Raises AssertionError when what was not killed ends with another status than 0, but for tasks whose processes were
    killed, or when time is up.
    """
    told, alive, finished = Killed(), list[subprocess.Popen[str]](), False
    while alive or not finished:
        while len(alive) < ground.together and not finished:
            alive.append(ground.begin(recipe, into))
            told.started += 1
        time.sleep(draw.uniform(0.05, pause))
        for one in [one for one in alive if one.poll() is not None]:
            alive.remove(one)
            if _ended(one):
                finished = True
            else:
                told.failed += 1
        if told.kills.total() < kills and alive:
            _kill_one(ground, alive, told, draw)
        if time.monotonic() > until + 60:
            end(*[process for one in alive for process in below(one.pid)])
            for one in alive:
                one.kill()
            raise AssertionError(f"the build did not end in time after {told}")
    return told


def _kill_one(ground: Ground, alive: list[subprocess.Popen[str]], told: Killed, draw: random.Random) -> None:
    def kill(driver: subprocess.Popen[str]) -> bool:
        driver.kill()
        if driver.wait() != -9:
            return False
        driver.communicate()
        alive.remove(driver)
        return True

    drivers = [Victim("worker" if ground.name == "worker" else "run", lambda d=d: kill(d)) for d in alive]
    everyone = [*drivers, *ground.victims(alive)]
    what = draw.choice(sorted({one.what for one in everyone}))
    victim = draw.choice([one for one in everyone if one.what == what])
    told.kills[victim.what] += victim.kill()


def _ended(one: subprocess.Popen[str]) -> bool:
    """Whether a run that nobody killed has done everything."""
    out, errors = one.communicate()
    if one.returncode == 1:
        assert out, f"status 1, and nothing said but: {errors}"
        reasons = [failure["reason"] for failure in json.loads(out)["failures"]]
        assert reasons and all("process died" in r or "was lost" in r or "ended while" in r for r in reasons), reasons
        return False
    if "nothing was heard of this worker" in errors:  # it was kept waiting for longer than its lease
        return False
    assert one.returncode == 0, f"status {one.returncode}: {errors}"
    return True
