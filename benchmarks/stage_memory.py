"""Peak resident memory of single tasks: what `memory.py` lets its workers call (Linux)."""

from __future__ import annotations

import ctypes
import json
import os
from pathlib import Path

from weft.engine.local import run_task
from weft.engine.work import Outcome, Task


def peak() -> int:
    """Bytes that this process held at the most since `forget`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no VmHWM")


def forget() -> None:
    """Give back what is free and begin to look for the peak again: a task answers for itself, not for one before."""
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def queued() -> float:
    """Seconds for which this thread was ready to run and had no core, since it began."""
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


def measured(root: str, task: Task) -> Outcome:
    """Run a task and note the peak of this process beside the build, in `<root>.peaks`."""
    forget()
    return noted(root, task)


def noted(root: str, task: Task) -> Outcome:
    """Run a task as a build does, and note this process's peak and how long it had no core, both since its start."""
    outcome = run_task(root, task)
    told = {"node": task.node, "shard": task.shard, "peak": peak(), "queued": queued(), "process": os.getpid()}
    line = json.dumps(told)
    handle = os.open(f"{root}.peaks", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)
    return outcome
