from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
