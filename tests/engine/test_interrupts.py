"""Ctrl-C is one line, whatever the worker processes were doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def _starting(run: int) -> int:
    """How many workers of the process `run` exist."""
    found = 0
    for child in Path(f"/proc/{run}/task/{run}/children").read_text().split():
        try:
            found += b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to know when workers start")
@pytest.mark.parametrize("after", [0.3, 0.8])
def test_workers_that_start_say_nothing_at_ctrl_c(tmp_path: Path, after: float) -> None:
    (tmp_path / "texts").mkdir()
    for number in range(4):
        (tmp_path / f"texts/{number}.txt").write_text(f"Habari za asubuhi, karibu sana, mtoto wa {number}.", "utf-8")
    (tmp_path / "recipe.yaml").write_text("acquire: [{path: texts, basis: owned}]\n")
    # A shell without job control starts its background jobs deaf to Ctrl-C, and tests may run in one.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import runpy; " + (
        "runpy.run_module('weft', run_name='__main__')"
    )
    command = [sys.executable, "-c", code, "run", "recipe.yaml", "--workers", "2", "--quiet"]
    run = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        end = time.monotonic() + 300
        while _starting(run.pid) < 2:
            assert run.poll() is None and time.monotonic() < end, "no workers were started"
            time.sleep(0.01)
        time.sleep(after)  # they import their libraries now
        os.killpg(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=300)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
    assert said == "stopped; the same command goes on where it was\n"
    assert run.returncode == 130
