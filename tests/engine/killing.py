"""Worker processes that are killed at random while they build, and others that come in their place."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


def start(place: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    """A worker as a person starts one."""
    command = [sys.executable, "-m", "weft", "worker", place, "--json", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)


@dataclass
class Killed:
    """What a build went through: workers killed, and started in all."""

    kills: int = 0
    started: int = 0


def build_under_kills(
    recipe: Path, into: Path, *, kills: int, together: int, draw: random.Random, until: float, lease: str = "1"
) -> Killed:
    """Build with `together` workers, of which one after another is killed until `kills` or the end of the build.

    Raises AssertionError when a worker that was not killed ends with another status than 0, or time is up.
    """
    told = Killed()
    alive: list[subprocess.Popen[str]] = []
    finished = False
    while alive or not finished:
        while len(alive) < together and not finished:
            alive.append(start(recipe, "--into", into, "--lease", lease))
            told.started += 1
        # Most kills while tasks run, some while a worker starts, joins or ends.
        time.sleep(draw.uniform(0.05, 1.5))
        for one in [one for one in alive if one.poll() is not None]:
            alive.remove(one)
            assert one.returncode == 0, one.communicate()[1]
            finished = True
        if told.kills < kills and alive:
            victim = draw.choice(alive)
            victim.kill()
            if victim.wait() == -9:
                told.kills += 1
                alive.remove(victim)
        if time.monotonic() > until + 60:
            for one in alive:
                one.kill()
            raise AssertionError(f"the build did not end in time after {told}")
    return told
