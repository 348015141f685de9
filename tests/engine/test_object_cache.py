"""Copies of objects: bounded, and what anybody uses stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from weft.engine.object_cache import Cache, cache_bytes
from weft.errors import WeftError

KB = 1000


def filled(cache: Cache, name: str, size: int = 10 * KB) -> Path:
    attempt = cache.attempt()
    attempt.write_bytes(b"x" * size)
    return cache.add(attempt, name)


def aged(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 50 * KB)
    paths = [filled(cache, f"d/{number}") for number in range(8)]
    for number, path in enumerate(paths):
        aged(path, 100 - number)
    cache.rest()
    assert cache.held("d/0") is not None  # asked for again: now it is in use, and the newest
    cache.sweep()
    left = [number for number, path in enumerate(paths) if path.exists()]
    assert left == [0, 5, 6, 7]


def test_what_is_in_use_stays_though_there_is_no_room(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 5 * KB)
    paths = [filled(cache, str(number)) for number in range(4)]
    cache.sweep()
    assert all(path.exists() for path in paths)
    cache.rest()
    for path in paths:
        aged(path, 10)
    cache.sweep()
    assert not any(path.exists() for path in paths)


def test_a_task_that_reads_for_long_does_not_hold_all_that_it_has_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("weft.engine.object_cache.BRIEFLY", 0.05)
    cache = Cache(tmp_path, 50 * KB)
    cache.briefly = True
    first = filled(cache, "first")
    with open(first, "rb") as held:
        for number in range(12):
            filled(cache, str(number))
            time.sleep(0.2)
        cache.sweep()
        assert not first.exists() and cache.held("11") is not None
        assert held.read() == b"x" * 10 * KB


USER = """
import sys, time
from pathlib import Path
from weft.engine.object_cache import Cache
cache = Cache(Path(sys.argv[1]), 1000)
attempt = cache.attempt()
attempt.write_bytes(b"half")
print(cache.held("used") is not None, flush=True)
time.sleep(600)
"""


def test_what_another_process_uses_stays_until_it_ends(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 5 * KB)
    used = filled(cache, "used")
    cache.rest()
    other = subprocess.Popen([sys.executable, "-c", USER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None and other.stdout.readline() == "True\n"
        cache.sweep()
        assert used.exists() and len(list((tmp_path / "work").iterdir())) == 2
    finally:
        other.kill()
        other.wait()
    aged(used, 10)
    cache.sweep()
    assert not used.exists() and len(list((tmp_path / "work").iterdir())) == 1


@pytest.mark.parametrize("given", ["much", "-1", "nan"])
def test_a_size_that_is_none_is_told(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_CACHE_GB", given)
    with pytest.raises(WeftError, match="expected a number of gigabytes"):
        cache_bytes()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WeftError, match="WEFT_CACHE"):
        Cache(tmp_path / "file", 1)


def test_a_process_that_begins_while_another_sweeps_is_not_taken_for_a_dead_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, opened, done = Cache(tmp_path, 100), os.open, []

    def slow(path: str | Path, flags: int, *mode: int) -> int:
        """Between making the file that says that it lives, and its lock."""
        handle = opened(path, flags, *mode)
        if flags & os.O_CREAT and Path(path).parent.name == "users" and not done:
            done.append(path)
            other.sweep()
        return handle

    older = filled(other, "older", 90)
    aged(older, 60)
    other.rest()
    monkeypatch.setattr(os, "open", slow)
    new = Cache(tmp_path, 100)
    held = filled(new, "in-use", 90)
    for number in range(3):
        filled(other, f"other-{number}", 90)
        other.rest()
    other.sweep()
    assert done and held.exists() and not older.exists()
