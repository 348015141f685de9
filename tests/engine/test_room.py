"""A disk that is too small is told before a run, and one that fills up ends it in good order."""

from __future__ import annotations

import json
from collections import namedtuple
from pathlib import Path

import pytest
from tests.engine.corpus import contents, write_corpus
from tests.engine.here import Here
from typer.testing import CliRunner

from weft.cli.application import application
from weft.engine import room
from weft.engine.build import prepare, run
from weft.engine.room import Room, floor_of, to_write
from weft.engine.storage import Storage
from weft.errors import WeftError
from weft.recipe import load

Disk = namedtuple("Disk", "total used free")


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return write_corpus(tmp_path, count=60, files=2)


def free(monkeypatch: pytest.MonkeyPatch, *answers: int) -> None:
    """Let the disk have so many bytes left, one answer after another and the last one for ever."""
    told = list(answers)
    monkeypatch.setattr(room, "free_bytes", lambda folder: told.pop(0) if len(told) > 1 else told[0])


def test_what_will_be_written_is_of_the_right_size(recipe: Path, tmp_path: Path) -> None:
    checked, build = load(recipe), tmp_path / "build"
    needed = to_write(*prepare(checked, Storage(build), save=False))
    run(checked, build, runner=Here(build))
    folders = ("documents", "label", "deduplicate", "selection", "construct")
    written = sum(len(held) for folder in folders for held in contents(build / folder).values())
    # Files this small are mostly heads and feet of tables: there are two hundred of them.
    heads = 1500 * sum(len(contents(build / folder)) for folder in folders)
    text = sum(len(path.read_bytes()) for path in (tmp_path / "texts").iterdir())
    assert text < needed < 4 * text and needed / 4 < written - heads < 4 * needed
    assert to_write(*prepare(checked, Storage(build), save=False)) == 0
    changed = load(recipe, ["construct.rules.long_enough=signals.words >= 40"])
    assert 0 < to_write(*prepare(changed, Storage(build), save=False)) < needed


def test_a_run_that_cannot_fit_is_refused(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked, build = load(recipe), tmp_path / "build"
    free(monkeypatch, 100)
    with pytest.raises(WeftError, match=r"are free; expected room for it.*--force"):
        run(checked, build, runner=Here(build))
    warned: list[str] = []
    assert run(checked, build, runner=Here(build), room=Room(True, 0, warned.append)).status == 0
    assert len(warned) == 1 and "will write about" in warned[0]


def test_little_room_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    free(monkeypatch, 1_500)
    Room(warn=warned.append).check(tmp_path, 1_000)
    assert len(warned) == 1
    free(monkeypatch, 2_000)
    Room(warn=warned.append).check(tmp_path, 1_000)
    assert len(warned) == 1


def test_a_disk_that_fills_up_ends_the_run_and_it_goes_on_later(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, build = load(recipe), tmp_path / "build"
    free(monkeypatch, 10**12, 10**12, 10**12, 10**12, 10**12, 5)
    result = run(checked, build, runner=Here(build), workers=1)
    assert result.status == 1 and result.stopped is not None and "it has stopped" in result.stopped
    assert sum(result.tally.ran.values()) == 4 and not result.tally.failures
    monkeypatch.undo()
    again = run(checked, build, runner=Here(build))
    assert again.status == 0 and again.stopped is None and sum(again.tally.cached.values()) >= 4
    whole = run(checked, tmp_path / "whole", runner=Here(tmp_path / "whole"))
    assert whole.status == 0
    assert contents(build / "construct") == contents(tmp_path / "whole/construct")


def test_the_floor_is_a_share_of_a_small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for total, floor in ((10**13, 10**9), (10**9, 2 * 10**7)):
        monkeypatch.setattr(room.shutil, "disk_usage", lambda folder, total=total: Disk(total, 0, total))
        assert floor_of(tmp_path) == floor


def test_the_command_says_once_why_it_stopped(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 10**12, 5)
    command = ["run", str(recipe), "--into", str(tmp_path / "build"), "--workers", "1", "--quiet"]
    shown = CliRunner().invoke(application, command, standalone_mode=False)
    assert shown.return_value == 1 and shown.output.count("it has stopped") == 1
    told = CliRunner().invoke(application, [*command, "--json", "--force"], standalone_mode=False)
    assert told.return_value == 1 and "free some space" in json.loads(told.stdout)["stopped"]
