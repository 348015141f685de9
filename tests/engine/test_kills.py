"""A build that is gone on with has the same bytes, whatever was killed; of workers, test_worker.py says it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.engine.corpus import write_corpus
from tests.engine.killing import Ground, Local, OnRay, build_under_kills, made

from weft.engine.build import run
from weft.recipe import load


@pytest.mark.slow
@pytest.mark.parametrize(("ground", "kills"), [(Local, 6), (OnRay, 4)])
def test_kills_change_no_byte(tmp_path: Path, ground: Callable[[], Ground], kills: int) -> None:
    recipe = write_corpus(tmp_path, count=160, files=4)
    assert run(load(recipe), tmp_path / "whole", workers=1).status == 0
    wanted, draw, killed, builds = made(tmp_path / "whole"), random.Random(3), 0, 0
    on = ground()
    try:
        while killed < kills:
            into, until = tmp_path / f"build-{builds}", time.monotonic() + 120
            done = build_under_kills(on, recipe, into, kills=kills - killed, draw=draw, until=until, pause=2)
            assert made(into) == wanted
            assert not run(load(recipe), into, dry_run=True).planned
            killed += done.kills.total()
            builds += 1
    finally:
        on.close()
