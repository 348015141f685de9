"""The guide is true: its commands run, in order, and end well."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"```(sh|python|yaml)\n(.*?)```", re.DOTALL)


@pytest.mark.slow
def test_every_command_of_the_guide_runs(tmp_path: Path) -> None:
    guide = (ROOT / "docs/guide.md").read_text("utf-8")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "weft").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m weft "$@"\n')
    (bin_folder / "weft").chmod(0o755)
    environment = os.environ | {"PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONIOENCODING": "utf-8"}
    ran = 0
    for kind, code in BLOCK.findall(guide):
        if kind == "yaml":
            continue
        command = ["sh", "-e", "-c", code] if kind == "sh" else [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8")
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
        ran += 1
    assert ran == 7
    assert (tmp_path / "built/report/index.html").is_file()


def test_the_recipes_of_the_guide_are_good(tmp_path: Path) -> None:
    from weft.recipe import load

    guide = (ROOT / "docs/guide.md").read_text("utf-8")
    found = [code for kind, code in BLOCK.findall(guide) if kind == "yaml"]
    for number, code in enumerate(found):
        recipe = tmp_path / f"{number}.yaml"
        recipe.write_text(code if "acquire:" in code else f"acquire:\n  - path: texts\n{code}", "utf-8")
        assert load(recipe).acquire
    assert len(found) == 3


def test_the_recipe_of_the_readme_is_good(tmp_path: Path) -> None:
    from weft.recipe import load

    recipe = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert recipe is not None
    (tmp_path / "recipe.yaml").write_text(recipe.group(1), "utf-8")
    checked = load(tmp_path / "recipe.yaml")
    assert checked.acquire[0].name == "crawl" and checked.construct.split.train == pytest.approx(0.98)


def test_the_recipes_of_the_page_on_repeated_text_are_good(tmp_path: Path) -> None:
    from weft.recipe import load

    found = [
        code for kind, code in BLOCK.findall((ROOT / "docs/deduplication.md").read_text("utf-8")) if kind == "yaml"
    ]
    for number, code in enumerate(found):
        recipe = tmp_path / f"{number}.yaml"
        recipe.write_text(f"acquire:\n  - path: texts\n{code}", "utf-8")
        assert load(recipe).construct.cut[0] == "deduplicate.lines"
    assert len(found) == 2
