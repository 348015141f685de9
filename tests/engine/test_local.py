"""Worker processes and the program that starts them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.engine.corpus import write_corpus

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
