from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from weft.text import jit

SHOW = "import numba, weft.text.jit as jit; print(numba.config.CACHE_DIR)"
COMPILE = "import weft.text.scripts, numba; print(numba.config.CACHE_DIR)"


def ask(code: str, **environment: str) -> Path:
    """What a fresh Python prints with these variables."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "TMPDIR")}
    done = subprocess.run([sys.executable, "-c", code], env=kept | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def test_a_chosen_folder_is_used(tmp_path: Path) -> None:
    folder = ask(COMPILE, NUMBA_CACHE_DIR=str(tmp_path), HOME=str(tmp_path / "home"))
    assert folder.parent == tmp_path
    assert list(folder.rglob("*.nbi"))


@pytest.mark.skipif(sys.platform != "linux", reason="the folders are those of Linux")
def test_the_users_cache_folder(tmp_path: Path) -> None:
    assert ask(SHOW, XDG_CACHE_HOME=str(tmp_path)).parent == tmp_path / "weft"
    assert ask(SHOW, HOME=str(tmp_path)).parent == tmp_path / ".cache" / "weft"


@pytest.mark.skipif(sys.platform != "linux", reason="the folders are those of Linux")
def test_a_private_folder_when_the_cache_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    folder = ask(SHOW, XDG_CACHE_HOME=str(tmp_path / "file"), TMPDIR=str(tmp_path))
    assert folder.parent == tmp_path and folder.stat().st_mode & 0o077 == 0
    assert ask(SHOW, XDG_CACHE_HOME=str(tmp_path / "file"), TMPDIR=str(tmp_path)) == folder
    folder.chmod(0o777)  # somebody else could have written into it
    assert ask(SHOW, XDG_CACHE_HOME=str(tmp_path / "file"), TMPDIR=str(tmp_path)) != folder


def _compiled_in(file: Path) -> set[str]:
    """Modules of this room whose names the kernels and parts of a module use."""
    tree, names = ast.parse(file.read_text("utf-8")), {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("weft.text"):
            for one in node.names:
                module = one.name if node.module == "weft.text" else str(node.module).rpartition(".")[2]
                names[one.asname or one.name] = f"{module}.py"
    used = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            marks = {n.id for mark in node.decorator_list for n in ast.walk(mark) if isinstance(n, ast.Name)}
            if marks & {"kernel", "part"}:
                used |= {n.id for body in node.body for n in ast.walk(body) if isinstance(n, ast.Name)}
    return {names[name] for name in used & names.keys()}


def test_the_cache_of_kernels_goes_by_every_module_that_is_compiled_into_another() -> None:
    compiled = {name for file in Path(jit.__file__).parent.glob("*.py") for name in _compiled_in(file)}
    assert len(compiled) > 10
    assert compiled <= set(jit.SHARED)
