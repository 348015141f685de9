"""What the acceptance tests share: the command as a person calls it, small builds, the sample crawl."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import weft
from weft.cli.boundary import run
from weft.engine.build import RunResult
from weft.engine.local import open_worker, run_task
from weft.engine.work import Outcome, Task

Files = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Called:
    """What one command answered."""

    status: int
    out: str
    err: str


Command = Callable[..., Called]
Builder = Callable[..., Path]


def _call(*arguments: str | Path, env: Mapping[str, str] | None = None, folder: Path | None = None) -> Called:
    """In this process, or in one of its own where its environment or folder is to be another."""
    words = list(map(str, arguments))
    if env is None and folder is None:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(words)
        return Called(status, out.getvalue(), err.getvalue())
    ran = subprocess.run(
        [sys.executable, "-m", "weft", *words],
        cwd=folder,
        env={**os.environ, **(env or {})},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return Called(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="session")
def command() -> Command:
    """`weft …`; a traceback fails the test, whatever else it looks at."""

    def call(*arguments: str | Path, **where: Any) -> Called:
        answer = _call(*arguments, **where)
        assert "Traceback (most recent call last)" not in answer.err + answer.out, answer.err
        return answer

    return call


def _write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


class InThisProcess:
    """A second runner beside the local one, as a third party would write it: no pool, which saves the start of one."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._waiting: deque[Task] = deque()

    def submit(self, task: Task) -> None:
        self._waiting.append(task)

    busy = 0
    """A task begins and ends within `outcomes`."""

    def outcomes(self, *, begin: bool = True) -> Iterator[Outcome]:
        while self._waiting:
            yield run_task(self._root, self._waiting.popleft())

    def close(self) -> None:
        open_worker.cache_clear()  # its part of the ledger is closed: the next run compacts it away


def _rerun(recipe: Path, into: Path, *settings: str) -> RunResult:
    result = weft.run(weft.load(recipe, settings), into, runner=InThisProcess(into.resolve()))
    assert result.status == 0, result.to_json()
    return result


@pytest.fixture(scope="session")
def rerun() -> Callable[..., RunResult]:
    """`rerun(recipe, into, "a.b=c", …)` runs a recipe again."""
    return _rerun


def _build(folder: Path, recipe: str, files: Files, *, workers: int = 1, into: str = "build") -> Path:
    _write(folder, {**files, "recipe.yaml": recipe})
    if workers == 1:
        _rerun(folder / "recipe.yaml", folder / into)
    else:
        result = weft.run(weft.load(folder / "recipe.yaml"), folder / into, workers=workers)
        assert result.status == 0, result.to_json()
    return folder / into


@pytest.fixture(scope="session")
def built() -> Builder:
    """`built(folder, recipe, files)` writes both, builds, and gives the build folder."""
    return _build


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample crawl, built by `weft demo` with two workers."""
    folder = tmp_path_factory.mktemp("demo") / "build"
    answer = _call("demo", folder, "--workers", "2", "--quiet")
    assert answer.status == 0, answer.err
    return folder


@pytest.fixture(scope="session")
def demo_rows(demo: Path) -> pl.DataFrame:
    """Every document of the sample crawl with all of its labels."""
    return weft.open_build(demo).documents().collect()
