"""Worker processes and the program that starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.engine.corpus import write_corpus
from tests.engine.machines import below

from weft.engine.local import LocalRunner
from weft.engine.work import SERVED, Outcome, Task

PROGRAM = """\
import weft

result = weft.run(weft.load({recipe!r}), {build!r}, workers=1)
print("status", result.status)
"""


@pytest.mark.slow
@pytest.mark.parametrize("on_standard_input", [False, True])
def test_a_program_without_a_guard_builds_once(tmp_path: Path, on_standard_input: bool) -> None:
    recipe = write_corpus(tmp_path, count=20, files=1)
    program = PROGRAM.format(recipe=str(recipe), build=str(tmp_path / "build"))
    (tmp_path / "program.py").write_text(program, "utf-8")
    command = [sys.executable, "-" if on_standard_input else "program.py"]
    done = subprocess.run(command, cwd=tmp_path, input=program, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0 and done.stdout == "status 0\n", done.stderr
    assert (tmp_path / "build/construct/README.md").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.7, None])
def test_ctrl_c_shows_no_traceback(tmp_path: Path, seconds: float | None) -> None:
    """A terminal sends it to every process of the run: to workers that start, that wait and (None) that have a task."""
    recipe = write_corpus(tmp_path, count=300, files=2)
    program = [sys.executable, "-m", "weft", "run", str(recipe), "--into", str(tmp_path / "build"), "--workers", "3"]
    running = subprocess.Popen(
        [*program, "--quiet"], start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while len(below(running.pid)) < 4 and running.poll() is None:  # three workers, and what tracks their semaphores
        time.sleep(0.02)
    while seconds is None and not (tmp_path / "build/documents").is_dir() and running.poll() is None:
        time.sleep(0.02)
    time.sleep(seconds or 0.0)
    os.killpg(running.pid, signal.SIGINT)
    out, error = running.communicate(timeout=120)
    assert (running.returncode, out) == (130, "") and error == "stopped; the same command goes on where it was\n"


@pytest.mark.slow
@pytest.mark.parametrize("run", ["labels", SERVED])
def test_a_worker_that_cannot_open_its_build_says_why(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], run: str
) -> None:
    (tmp_path / "ledger").write_text("no folder", "utf-8")
    runner = LocalRunner(str(tmp_path), 1)
    runner.submit(Task("label", 0, run, "k", arguments={"services": {}}))
    try:
        found: list[Outcome] = []
        while not found:
            found += runner.outcomes()
    finally:
        runner.close()
    assert [one.failure for one in found] == [f"FileExistsError: [Errno 17] File exists: '{tmp_path / 'ledger'}'"]
    assert capfd.readouterr().err == ""
