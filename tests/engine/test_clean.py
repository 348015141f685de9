"""Cleaning takes what the recipe does not need, and nothing has to be done again for it."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest
from filelock import FileLock
from tests.engine.corpus import contents, write_corpus
from tests.engine.here import Here
from typer.testing import CliRunner

from weft.cli.application import application
from weft.engine.build import run
from weft.engine.clean import clean
from weft.engine.crew import WORKERS
from weft.engine.intermediate import is_intermediate
from weft.engine.leases import Leases
from weft.engine.ledger import Entry, Ledger
from weft.engine.reading import Build
from weft.engine.worker import work
from weft.errors import WeftError
from weft.recipe import load


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe and its finished build."""
    folder = tmp_path_factory.mktemp("made")
    recipe = write_corpus(folder, count=90, files=2)
    assert run(load(recipe), folder / "build", runner=Here(folder / "build")).status == 0
    return folder


@pytest.fixture
def own(made: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Recipe and a copy of the build, for a test that changes it."""
    shutil.copytree(made / "build", tmp_path / "build")
    return made / "recipe.yaml", tmp_path / "build"


def again(recipe: Path, build: Path, *changes: str) -> dict[str, int]:
    """Tasks that a run had to do, by node."""
    result = run(load(recipe, list(changes)), build, runner=Here(build))
    assert result.status == 0, result.tally.failures
    return dict(result.tally.ran)


def test_a_finished_build_needs_all_that_is_there(made: Path) -> None:
    found = clean(made / "build")
    assert found.finished and found.files == () and found.entries == 0


def test_what_an_earlier_recipe_and_killed_runs_left_goes(own: tuple[Path, Path]) -> None:
    recipe, build = own
    before = contents(build / "construct")
    rule = "construct.rules.long_enough=signals.words >= 60"
    assert again(recipe, build, rule)["select"]
    (build / "tmp").mkdir(exist_ok=True)
    (build / "tmp/00000.parquet.1.ab").write_bytes(b"half")
    (build / "label/signals/00000-0123456789ab.parquet").write_bytes(b"no entry names it")
    after = contents(build)
    listed = clean(build)
    assert contents(build) == after, "it is dry unless told"
    whys = {file.path: file.why for file in listed.files}
    assert whys["tmp/00000.parquet.1.ab"] == "killed"
    assert whys["label/signals/00000-0123456789ab.parquet"] == "earlier"
    assert any(path.startswith("selection/kept/") for path in whys) and listed.entries > 0
    assert not any(path.startswith(("construct/", "documents/", "selection/holders/")) for path in whys)
    done = clean(build, delete=True)
    assert done.deleted and done.files == listed.files
    assert not any((build / path).exists() for path in whys)
    assert clean(build).files == () and clean(build).entries == 0
    assert again(recipe, build, rule) == {}
    again(recipe, build)
    assert contents(build / "construct") == before


def test_intermediate_files_are_made_again_only_where_somebody_reads_them(own: tuple[Path, Path]) -> None:
    recipe, build = own
    before, whole = contents(build / "construct"), sum(map(len, contents(build).values()))
    done = clean(build, delete=True, intermediate=True)
    assert done.bytes > 0 and all(is_intermediate(file.path.removesuffix(".index")) for file in done.files)
    assert sum(map(len, contents(build).values())) < whole
    assert not (build / "deduplicate/bands").exists() and not (build / "selection/kept").exists()
    assert again(recipe, build) == {}
    opened = Build.open(build)
    assert opened.complete and opened.explain(opened.documents().collect()["id"][0])["outcome"]
    ran = again(recipe, build, "construct.rules.long_enough=signals.words >= 60")
    assert ran["select"] and not {"bands", "shingles", "label", "documents"} & set(ran)
    shutil.rmtree(build / "deduplicate/candidates")
    ran = again(recipe, build)
    assert ran["bands"] and ran["candidates"] and not {"label", "documents"} & set(ran)
    assert contents(build / "construct") == before


def test_a_file_that_is_added_meets_those_that_were_cleaned(own: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, build = own
    folder = tmp_path / "more"
    shutil.copytree(recipe.parent / "texts", folder / "texts")
    shutil.copy(recipe, folder)
    text = {"id": "x", "text": "a text of its own that nobody else has " * 9}
    (folder / "texts/part-9.jsonl").write_text(json.dumps(text) + "\n", "utf-8")
    clean(build, delete=True, intermediate=True)
    again(folder / "recipe.yaml", build)
    again(folder / "recipe.yaml", tmp_path / "fresh")
    assert contents(build / "construct") == contents(tmp_path / "fresh/construct")


def test_workers_make_again_what_was_cleaned_as_well(own: tuple[Path, Path]) -> None:
    recipe, build = own
    before = contents(build / "construct")
    clean(build, delete=True, intermediate=True)
    shutil.rmtree(build / "deduplicate/candidates")
    result = work(load(recipe), build).run
    assert result.status == 0 and result.tally.ran["bands"] and not result.tally.ran["label"]
    assert contents(build / "construct") == before


def test_what_unfinished_steps_wrote_is_kept(own: tuple[Path, Path]) -> None:
    recipe, build = own
    next((build / "label/signals").iterdir()).unlink()
    found = clean(build, delete=True)
    assert not found.finished and found.files == ()
    with pytest.raises(WeftError, match="--intermediate: steps are not finished"):
        clean(build, intermediate=True)
    assert set(again(recipe, build)) == {"label"}


def test_a_build_in_use_and_a_folder_that_is_none_are_refused(own: tuple[Path, Path], tmp_path: Path) -> None:
    with FileLock(own[1] / "ledger/lock"), pytest.raises(WeftError, match="a run is writing this build"):
        clean(own[1])
    with pytest.raises(WeftError, match="is not a build folder"):
        clean(tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("role", "host"), [("worker", "here"), ("run", "another host")])
def test_what_workers_and_runs_of_other_hosts_build_is_not_cleaned(
    own: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, role: str, host: str
) -> None:
    """They hold no lock of this machine while they work."""
    attempt = own[1] / "tmp" / "of-a-worker.parquet"
    attempt.parent.mkdir(exist_ok=True)
    attempt.write_bytes(b"half of it")
    leases = Leases(own[1] / WORKERS, "other")
    with monkeypatch.context() as there:
        there.setattr(socket, "gethostname", lambda: host)
        leases.take("other", role=role)
    try:
        with pytest.raises(WeftError, match="building it" if role == "worker" else "another run"):
            clean(own[1], delete=True)
        assert attempt.exists()
    finally:
        leases.close()
    assert clean(own[1], delete=True).deleted and not attempt.exists()


def test_entries_say_what_was_taken_and_others_are_as_before(tmp_path: Path) -> None:
    plain, taken = Entry("a", "n", 0), Entry("b", "n", 0, taken=["x.arrow"])
    assert "taken" not in plain.to_json()
    ledger = Ledger(tmp_path)
    ledger.add([plain, taken])
    tmp_path.joinpath("segment-1.jsonl").write_text("".join(e.to_json() + "\n" for e in (plain, taken)), "utf-8")
    assert sorted(Ledger(tmp_path).all(), key=lambda e: e.key) == [plain, taken]
    assert ledger.any_taken()


def test_the_command_lists_then_deletes(own: tuple[Path, Path]) -> None:
    build = own[1]
    (build / "tmp").mkdir(exist_ok=True)
    (build / "tmp/a.1.b").write_bytes(bytes(2000))
    shown = CliRunner().invoke(application, ["clean", str(build)], standalone_mode=False)
    assert shown.exit_code == 0 and "1 files of 2.0 kB; --yes deletes them." in shown.output
    told = json.loads(CliRunner().invoke(application, ["clean", str(build), "--yes", "--json"]).output)
    assert told["deleted"] and told["files"] == [{"path": "tmp/a.1.b", "bytes": 2000, "why": "killed"}]
    assert "Nothing to clean" in CliRunner().invoke(application, ["clean", str(build)]).output
