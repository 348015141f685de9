"""The page on mixtures is true: its commands run in order, its recipes are good, its table is what comes out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parent.parent / "docs/mixtures.md").read_text("utf-8")
BLOCKS = re.findall(r"```(sh|python|yaml)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.slow
def test_every_command_of_the_page_runs_and_its_table_is_true(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/weft").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m weft "$@"\n')
    (tmp_path / "bin/weft").chmod(0o755)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"}
    (tmp_path / "recipe.yaml").write_text(next(code for kind, code in BLOCKS if kind == "yaml"), "utf-8")
    shown = ""
    for kind, code in BLOCKS:
        if kind == "yaml":
            continue
        command = ["sh", "-e", "-c", code] if kind == "sh" else [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8")
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
        shown += done.stdout
    table = [line for line in PAGE.splitlines() if re.match(r"\| (language|\w{3}_\w{4}|all) ", line)]
    assert len(table) == 5
    assert not [line for line in table if line not in shown], shown


def test_its_recipes_are_good(tmp_path: Path) -> None:
    from weft.recipe import load

    found = [code for kind, code in BLOCKS if kind == "yaml"]
    for number, code in enumerate(found):
        recipe = tmp_path / f"{number}.yaml"
        recipe.write_text(code if "acquire:" in code else f"acquire:\n  - {{path: texts, name: web}}\n{code}", "utf-8")
        assert load(recipe).construct.mixture is not None
    assert len(found) == 4
