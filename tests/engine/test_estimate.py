"""An estimate from samples is near to what a build of all files takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engine.corpus import write_corpus
from tests.engine.here import Here
from typer.testing import CliRunner

from weft.cli.application import application
from weft.engine import estimate
from weft.engine.build import run
from weft.engine.estimate import Measured, Samples, Scale, measure, project
from weft.engine.reading import Build
from weft.errors import WeftError
from weft.recipe import load


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"), count=2000, files=2)


@pytest.fixture(scope="module")
def samples(recipe: Path) -> Samples:
    return measure(load(recipe), 200_000)


def test_rows_and_disk_are_near_to_those_of_a_build(recipe: Path, samples: Samples) -> None:
    found, build = project(samples, Scale()), recipe.parent / "build"
    assert run(load(recipe, ["settings.shard_mb=1"]), build, runner=Here(build)).status == 0
    counts = [e[0].counts for e in Build.open(build).state.done("documents").values()]
    assert found.rows == pytest.approx(sum(int(c["rows_out"]) for c in counts), rel=0.15)
    assert found.text_bytes == pytest.approx(sum(int(c["text_bytes"]) for c in counts), rel=0.15)
    held = sum(path.stat().st_size for path in (build / "documents").iterdir())
    documents = next(stage for stage in found.stages if stage["node"] == "documents")
    assert documents["kept_bytes"] == pytest.approx(held, rel=0.35)
    assert found.sample["stored_bytes"] < 400_000 < found.stored_bytes


def test_costs_grow_with_the_files_and_a_serial_step_gets_no_help(samples: Samples) -> None:
    one, many = (project(samples, Scale(times=n, workers=10, price_hour=2.0, price_gb_month=0.5)) for n in (1, 1000))
    assert many.rows == pytest.approx(1000 * one.rows, rel=1e-3)
    # Of near copies a sample meets few, and what two samples of so little text say of them is for the most part chance.
    assert many.total("cpu_hours") == pytest.approx(1000 * one.total("cpu_hours"), rel=0.1)
    assert many.money["cpu"] == pytest.approx(2 * many.total("cpu_hours")) and many.money["disk_month"] > 0
    assert many.memory_bytes > one.memory_bytes > 50_000_000
    serial = {stage["node"] for stage in many.stages if stage["serial"]}
    assert serial == {"components", "clusters", "thresholds", "elect", "release"}
    alone = project(samples, Scale(times=1000, workers=1))
    for helped, whole in zip(many.stages, alone.stages, strict=True):
        share = 1 if helped["serial"] else 10
        assert helped["wall_hours"] * share == pytest.approx(whole["wall_hours"])


def test_the_command_tells_people_and_machines(recipe: Path, samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "measure", lambda recipe: replace(samples))
    command = ["run", str(recipe), "--estimate", "--workers", "4", "--price-hour", "0.1"]
    told = json.loads(CliRunner().invoke(application, [*command, "--terabytes", "2", "--json"]).output)
    assert told["stored_bytes"] == 2 * 10**12 and told["workers"] == 4 and told["money"]["cpu"] > 0
    shown = CliRunner().invoke(application, [*command, "--scale", "3"]).output
    assert "on 4 workers" in shown and "one task" in shown and "Not known from it" in shown
    assert "caution    the sample is only" in shown and told["too_small"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [(["--scale", "2"], "expected --estimate"), (["--estimate", "--scale", "2", "--terabytes", "1"], "one of them")],
)
def test_options_that_do_not_go_together_are_refused(recipe: Path, given: list[str], expected: str) -> None:
    shown = CliRunner().invoke(application, ["run", str(recipe), *given])
    assert isinstance(shown.exception, WeftError) and expected in str(shown.exception)


def test_a_parquet_file_is_sampled_by_what_its_pieces_hold(tmp_path: Path) -> None:
    rows = [f"{' '.join(f'neno{(n * k) % 97}' for k in range(1, 90))} {n}" for n in range(12_000)]
    (tmp_path / "texts").mkdir()
    table = pa.table({"text": rows, "id": [str(n) for n in range(len(rows))]})
    pq.write_table(table, tmp_path / "texts/a.parquet", row_group_size=2_000, compression="none", use_dictionary=False)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("name: rows\nacquire: [{path: texts, basis: owned}]\n", "utf-8")
    size = (tmp_path / "texts/a.parquet").stat().st_size
    # Pieces of a sixtieth of the file: of ten one holds a row group, and the others nothing.
    listed = estimate._listed(load(recipe), tmp_path / "none", size // 60)
    assert len(listed.shards) == 60
    sample, stored = estimate._sampled(listed, size // 6)
    chosen = [shard for shard in sample.shards if shard.units]
    assert chosen and stored == pytest.approx(len(chosen) * size / 6, rel=0.02)
    everything, stored = estimate._sampled(listed, 2 * size)
    assert stored == pytest.approx(size, rel=0.02) and sum(bool(shard.units) for shard in everything.shards) == 6


def measured(stored: int, rows: int, met: int) -> Measured:
    return Measured(stored, stored, rows, {}, {}, {}, {"shingles": met})


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        (40, 640, 3.5, 10.0),  # copies lie anywhere: four times the sample meets four times as many of each
        (400, 1600, 1.0, 1.0),  # copies lie beside each other: any sample meets the same share
        (0, 3, 1.0, 1.0),  # by chance
    ],
)
def test_copies_are_met_as_two_samples_say(first: int, second: int, low: float, high: float) -> None:
    small, large = measured(1_000_000, 4_000, first), measured(4_000_000, 16_000, second)
    assert low <= estimate._more_met(small, large, "shingles", 40e6) <= high
    assert estimate._more_met(small, large, "label", 40e6) == 1.0
    assert estimate._more_met(small, large, "shingles", 40e12) * large.share("shingles") <= 0.5 + 1e-9
