"""Waiting for what another thread or process does: until it is so, however busy the machine is."""

from __future__ import annotations

import subprocess
import time
from typing import Any

LONGEST = 300.0
"""Seconds: no promise about speed, only the end of a test that would never end."""


def soon(condition: Any, *alive: subprocess.Popen[str], seconds: float = LONGEST) -> Any:
    """What a condition gives once it is true; raises AssertionError when it never is, or when a process has ended."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "not in time"
        assert all(one.poll() is None for one in alive), [one.communicate() for one in alive if one.poll() is not None]
        time.sleep(0.02)
    return found
