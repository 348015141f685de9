"""Gates: named at the end of a run, skipped with a reason without data, never skipped with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GATE = """
import pytest

def test_floor(data_dir, record_property):
    record_property("f1", 0.84)

def test_left_out(data_dir):
    pytest.skip("not today")
"""


@pytest.fixture
def gates(tmp_path: Path) -> Path:
    (tmp_path / "tests" / "gates").mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "conftest.py", tmp_path / "tests" / "conftest.py")
    (tmp_path / "tests" / "gates" / "test_gate_sample.py").write_text(GATE)
    return tmp_path


def _run(folder: Path, data: Path) -> tuple[int, str]:
    # Not installed in every case: the modules that this run sees are given on.
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = os.environ | {"WEFT_DATA": str(data), "PYTHONPATH": paths}
    command = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
    return done.returncode, done.stdout


def test_without_data_gates_are_skipped_and_say_so(gates: Path) -> None:
    status, said = _run(gates, gates / "nowhere")
    assert status == 0, said
    assert "set WEFT_DATA to the folder that holds it" in said
    assert "skipped test_gate_sample.py::test_floor" in said


def test_with_data_no_gate_may_be_skipped(gates: Path) -> None:
    (gates / "data").mkdir()
    status, said = _run(gates, gates / "data")
    assert status == 1, said
    assert "passed  test_gate_sample.py::test_floor  f1=0.84" in said
    assert "failed  test_gate_sample.py::test_left_out" in said
    assert "was skipped although" in said and "not today" in said
