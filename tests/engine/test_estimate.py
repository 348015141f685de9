"""An estimate from samples is near to what a build of all files takes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from tests.engine.corpus import write_corpus
from tests.engine.here import Here
from typer.testing import CliRunner

from weft.cli.application import application
from weft.engine import estimate, estimate_runs, estimate_time
from weft.engine.build import run
from weft.engine.estimate import Measured, Samples, Scale, measure, project
from weft.engine.estimate_runs import _least
from weft.engine.reading import Build
from weft.errors import WeftError
from weft.recipe import load


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"), count=2000, files=2)


@pytest.fixture(scope="module")
def samples(recipe: Path) -> Samples:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimate_runs, "MOST_SECONDS", 0.0)  # two rounds, which is the least
        return measure(load(recipe), 300_000)


@pytest.fixture
def enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample of these tests counts as large enough to be scaled to any size."""
    monkeypatch.setattr(estimate, "LEAST_BYTES", 1)


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


@pytest.mark.usefixtures("enough")
def test_costs_grow_with_the_files_and_a_serial_step_gets_no_help(
    samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate_time, "DRIVER_SECONDS", 0.0)  # of shards of 20 kB it is much, and nobody helps with it
    one, many = (project(samples, Scale(times=n, workers=10, price_hour=2.0, price_gb_month=0.5)) for n in (10, 10_000))
    assert many.rows == pytest.approx(1000 * one.rows, rel=1e-3)
    assert many.total("cpu_hours") > 100 * one.total("cpu_hours")
    assert many.money["cpu"] == pytest.approx(2 * many.total("cpu_hours")) and many.money["disk_month"] > 0
    assert many.memory_bytes > one.memory_bytes > 50_000_000
    serial = {stage["node"] for stage in many.stages if stage["serial"]}
    assert serial == {"components", "clusters", "thresholds", "elect", "files", "release"}
    alone = project(samples, Scale(times=10_000, workers=1))
    for helped, whole in zip(many.stages, alone.stages, strict=True):
        if helped["node"] == "export":
            continue  # it has a task for each language
        share = 1 if helped["serial"] else 10
        # 64 tasks of a reduction are seven turns of ten workers.
        assert helped["wall_hours"] * share == pytest.approx(whole["wall_hours"], rel=0.1)


@pytest.mark.usefixtures("enough")
def test_every_total_lies_in_its_range(samples: Samples) -> None:
    found = project(samples, Scale(times=100, workers=4))
    for name, low in found.low.items():
        assert 0 < low < found.total(name) < found.high[name]


def whole(samples: Samples, small: float, large: float, noise: float = 0.0) -> dict[str, float]:
    """CPU seconds of 100 times the larger sample, where every node takes `small` and `large` seconds on the samples."""
    names = [node.name for node in samples.plan.nodes]
    sizes: dict[str, Counter[str]] = {name: Counter() for name in names}
    tasks = {node.name: 8 if node.each == "shard" else 1 for node in samples.plan.nodes}
    shards = tuple((500_000, 500_000, large / 8) for _ in range(8))
    taken = [
        Measured(
            size,
            size,
            size // 1000,
            dict.fromkeys(names, cpu),
            tasks,
            sizes,
            {},
            (1.0,),
            shards,
            noise=dict.fromkeys(names, noise),
        )
        for size, cpu in ((1_000_000, small), (4_000_000, large))
    ]
    given = replace(samples, stored=4_000_000, small=taken[0], large=taken[1], shard_bytes=10_000_000)
    return {stage["node"]: stage["cpu_hours"] * 3600 for stage in project(given, Scale(times=100)).stages}


def test_what_a_task_costs_whatever_its_text_is_counted_by_tasks(samples: Samples) -> None:
    # 400 MB are 40 shards of 10 MB; the samples have 8.
    found = whole(samples, 0.8, 0.8)
    assert found["label"] == pytest.approx(0.8 / 8 * 40) and found["components"] == pytest.approx(0.8)
    found = whole(samples, 1.1, 2.0)  # 0.3 s for a megabyte, and 0.8 s beside it
    assert found["label"] == pytest.approx(0.3 * 400 + 0.8 / 8 * 40)
    assert found["components"] == pytest.approx(0.3 * 400 + 0.8)
    # Runs of one sample differ by as much as the samples do: half of the difference may be text.
    found = whole(samples, 0.04, 0.07, 0.03 / 2**0.5)
    assert found["components"] == pytest.approx(0.005 * 400 + 0.05)


def test_of_several_runs_the_least_counts_for_each_step() -> None:
    runs = [
        Measured(9, 9, 1, {"label": a, "bands": b}, {}, {}, {}, (), ((9, 9, a + b),), w)
        for a, b, w in ((1.0, 0.9, 3.0), (1.4, 0.2, 0.5), (9.0, 0.3, 2.0))
    ]
    found = _least(runs)
    assert found.cpu == {"label": 1.0, "bands": 0.2} and (found.waited, found.waited_noise) == (0.5, 1.5)
    assert found.shards == ((9, 9, pytest.approx(1.6)),)
    assert found.noise == pytest.approx({"label": 0.4, "bands": 0.1})


def test_the_command_tells_people_and_machines(recipe: Path, samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "measure", lambda recipe: replace(samples))
    command = ["run", str(recipe), "--estimate", "--workers", "4", "--price-hour", "0.1"]
    told = json.loads(CliRunner().invoke(application, [*command, "--scale", "1.1", "--json"]).output)
    assert told["stored_bytes"] == int(1.1 * samples.stored) and told["workers"] == 4 and told["money"]["cpu"] > 0
    assert told["low"]["cpu_hours"] < told["total"]["cpu_hours"] < told["high"]["cpu_hours"]
    shown = CliRunner().invoke(application, [*command, "--scale", "1.1"]).output
    assert "on 4 workers" in shown and "one task" in shown and "not known from it" in shown
    assert "taken for granted" in shown and " to " in shown and max(map(len, shown.splitlines())) <= 80
    assert "caution    the sample is only" in shown and told["too_small"]


def test_a_sample_of_next_to_nothing_says_nothing_of_terabytes(samples: Samples) -> None:
    with pytest.raises(WeftError, match="expected at least 1 MB of files like those"):
        project(samples, Scale(stored_bytes=2e12))
    near = project(samples, Scale())
    assert near.high["cpu_hours"] >= 2 * near.total("cpu_hours") >= 4 * near.low["cpu_hours"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [(["--scale", "2"], "expected --estimate"), (["--estimate", "--scale", "2", "--terabytes", "1"], "one of them")],
)
def test_options_that_do_not_go_together_are_refused(recipe: Path, given: list[str], expected: str) -> None:
    shown = CliRunner().invoke(application, ["run", str(recipe), *given])
    assert isinstance(shown.exception, WeftError) and expected in str(shown.exception)


def measured(stored: int, rows: int, met: int) -> Measured:
    return Measured(stored, stored, rows, {}, {}, {}, {"shingles": met})


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        (40, 640, 3.5, 10.0),  # copies lie anywhere: four times the sample meets four times as many of each
        (400, 1600, 1.0, 1.3),  # copies lie beside each other: any sample meets the same share
        (400, 1500, 1.0, 1.0),  # fewer by chance
    ],
)
def test_copies_are_met_as_two_samples_say(first: int, second: int, low: float, high: float) -> None:
    small, large = measured(1_000_000, 4_000, first), measured(4_000_000, 16_000, second)
    least, likely, most = estimate.more_met(small, large, "shingles", 40e6)
    assert low <= likely <= high and 1.0 <= least <= likely <= most
    assert estimate.more_met(small, large, "label", 40e6) == (1.0, 1.0, 1.0)
    for times in estimate.more_met(small, large, "shingles", 40e12):
        assert times * large.share("shingles") <= 0.5 + 1e-9


def test_where_chance_hides_whether_copies_grow_the_range_says_so() -> None:
    # 12 and 64 documents of 1,000 and 4,000: the line says 0.4 % for 3 MB, and its error is as large.
    small, large = measured(1_000_000, 1_000, 12), measured(4_000_000, 4_000, 64)
    least, likely, most = (n * large.share("shingles") for n in estimate.more_met(small, large, "shingles", 100e6))
    assert least == pytest.approx(0.016) and 0.02 < likely < 0.135 and most > 0.25
    # Once as much again is known well enough from the samples: nothing usual is put in its place.
    assert estimate.more_met(small, large, "shingles", 5e6)[2] < 1.3
