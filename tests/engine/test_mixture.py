"""Mixtures end to end: the files hold what the plan says, splits stay apart, and workers leave no trace."""

from __future__ import annotations

import io
import json
import shutil
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
import zstandard
from tests.engine.corpus import contents, write_corpus
from tests.engine.here import run_here

import weft
from weft.construct.allocate import unimax
from weft.engine.build import run
from weft.engine.reading import Build
from weft.errors import ShardError, WeftError
from weft.recipe import load

SPLIT = "construct.split={validation: 0.1, test: 0.1}"
MIXTURE = "construct.mixture={method: unimax, epochs: 3, budget: 400000}"


def files(build: Path) -> pl.DataFrame:
    """Every row of the corpus, in the order of the files."""
    return pl.concat([pl.read_parquet(path) for path in sorted((build / "construct/ct").rglob("*.parquet"))])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A recipe and its build without a mixture."""
    folder = tmp_path_factory.mktemp("mixture")
    recipe = write_corpus(folder)
    assert run_here(load(recipe, [SPLIT]), folder / "plain").status == 0
    return recipe, folder / "plain"


@pytest.fixture(scope="module")
def mixed(plain: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same with a mixture, made from the finished build."""
    recipe, before = plain
    build = tmp_path_factory.mktemp("mixed") / "build"
    shutil.copytree(before, build)
    result = weft.run(load(recipe, [SPLIT, MIXTURE]), build, workers=2)
    assert result.status == 0, result.tally.failures
    assert set(result.tally.ran) == {"mix_part", "mix", "select", "files", "export", "release"}
    return recipe, build


def test_the_files_are_the_mixture_that_was_asked_for(plain: tuple[Path, Path], mixed: tuple[Path, Path]) -> None:
    size = pl.col("text").str.len_bytes().cast(pl.Int64)
    train = pl.col("split") == "train"
    before, after = files(plain[1]), files(mixed[1])
    available = dict(before.filter(train).group_by("language").agg(size.sum()).rows())
    sampled = dict(after.filter(train).group_by("language").agg(size.sum()).rows())
    wanted = unimax(available, Fraction(400_000), Fraction(3))
    longest = int(before.select(size.max()).item())
    assert set(sampled) == set(available), "no language is lost"
    assert all(abs(sampled[name] - wanted[name]) < longest for name in wanted)
    assert all(sampled[name] <= 3 * available[name] for name in wanted)
    assert 0 <= 400_000 - sum(sampled.values()) < longest
    assert (
        min(sampled[name] / available[name] for name in wanted)
        < 1
        < max(sampled[name] / available[name] for name in wanted)
    )


def test_copies_lie_an_epoch_apart_and_say_which_they_are(mixed: tuple[Path, Path]) -> None:
    rows = files(mixed[1])
    counted = rows.group_by("id").agg(pl.len().alias("rows"), pl.col("repeats").unique(), pl.col("copy").sort())
    assert counted.filter(pl.col("repeats").list.len() != 1).height == 0
    for count, repeats, copies in counted.select("rows", "repeats", "copy").iter_rows():
        assert repeats == [count] and copies == list(range(1, count + 1))
    for path in (mixed[1] / "construct/ct").rglob("*.parquet"):
        order = pl.read_parquet(path)["copy"]
        assert order.is_sorted(), f"{path}: every document once, then those read twice again"


def test_no_cluster_and_no_document_is_in_two_splits(plain: tuple[Path, Path], mixed: tuple[Path, Path]) -> None:
    before, after = files(plain[1]), files(mixed[1])
    assert after.group_by("id").agg(pl.col("split").n_unique())["split"].max() == 1
    held_out = after.filter(pl.col("split") != "train")
    assert held_out.height and set(held_out["repeats"]) == {1}
    assert set(held_out["id"]) == set(before.filter(pl.col("split") != "train")["id"])
    clusters = Build.open(mixed[1]).documents(text=False).select("id", "deduplicate").collect()
    joined = after.join(clusters.unnest("deduplicate").select("id", "cluster"), on="id", validate="m:1")
    assert joined.group_by("cluster").agg(pl.col("split").n_unique())["split"].max() == 1


def test_rows_are_conserved_and_what_is_not_drawn_is_explained(mixed: tuple[Path, Path]) -> None:
    build = Build.open(mixed[1])
    stage = build.summary()["stages"][-1]
    assert stage["rows_in"] == stage["rows_out"] + sum(stage["rejected"].values())
    assert stage["rejected"]["not_drawn"] > 0
    assert files(mixed[1])["id"].n_unique() == stage["rows_out"]
    rejects = pl.concat([pl.read_parquet(p) for p in (mixed[1] / "construct/rejects").glob("*.parquet")])
    one = rejects.filter(pl.col("rule") == "not_drawn")["id"][0]
    told = build.explain(one)
    assert told["outcome"] == "rejected by not_drawn"
    assert told["stages"][-1]["means"] == "the mixture holds less of its language than there is"
    often = files(mixed[1]).filter(pl.col("repeats") == 3)["id"][0]
    assert build.explain(often)["outcome"] == "kept in train, read 3 times"


def test_a_release_of_other_rows_than_were_planned_is_refused(mixed: tuple[Path, Path]) -> None:
    from weft.engine.tasks import mixing
    from weft.engine.work import Context, rooms_registry

    build = Build.open(mixed[1])
    held = build.mixture()
    assert held is not None
    context = Context(build.storage, rooms_registry())
    drawn = sum(int(entries[0].counts["read"]) for entries in build.state.done("select").values())
    given = {"settings": held.settings.model_dump(), "unit": "bytes", "plan": build.state.path("mix", 0)}
    assert mixing.mixed(context, given | {"read": drawn}).plan["rows"].sum() == drawn
    with pytest.raises(ShardError, match=f"{drawn} rows planned, {drawn + 1} drawn"):
        mixing.mixed(context, given | {"read": drawn + 1})


def test_json_lines_hold_the_same_rows(mixed: tuple[Path, Path]) -> None:
    for path in (mixed[1] / "construct/ct").rglob("*.jsonl.zst"):
        text = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(path.read_bytes())).read().decode()
        found = [json.loads(line) for line in text.splitlines()]
        rows = pl.read_parquet(str(path).replace(".jsonl.zst", ".parquet"))
        assert [(one["id"], one["copy"], one["repeats"]) for one in found] == rows.select(
            "id", "copy", "repeats"
        ).rows()


def test_the_same_bytes_on_one_worker_and_on_two(mixed: tuple[Path, Path], tmp_path: Path) -> None:
    run(load(mixed[0], [SPLIT, MIXTURE]), tmp_path / "one", workers=1)
    assert contents(tmp_path / "one/construct") == contents(mixed[1] / "construct")


def test_another_budget_counts_nothing_again_and_no_mixture_is_as_before(
    plain: tuple[Path, Path], mixed: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copytree(mixed[1], tmp_path / "own")
    other = load(mixed[0], [SPLIT, MIXTURE.replace("400000", "200000")])
    assert set(run_here(other, tmp_path / "own").tally.ran) == {"mix", "select", "files", "export", "release"}
    assert run_here(load(mixed[0], [SPLIT]), tmp_path / "own").status == 0
    assert contents(tmp_path / "own/construct") == contents(plain[1] / "construct")


def test_card_report_and_table_say_what_is_in_it(plain: tuple[Path, Path], mixed: tuple[Path, Path]) -> None:
    build = Build.open(mixed[1])
    held = build.mixture()
    assert held is not None and held.unit == "bytes"
    train = files(mixed[1]).filter(pl.col("split") == "train")
    size = pl.col("text").str.len_bytes().cast(pl.Int64).sum()
    assert held.plan["sampled"].sum() == train.select(size).item() and held.plan["rows"].sum() == train.height
    card = (mixed[1] / "construct/README.md").read_text("utf-8")
    page = (mixed[1] / "report/index.html").read_text("utf-8")
    swahili = train.filter(pl.col("language") == "swh_Latn").select(size).item()
    assert f"| {swahili:,} |" in card and f"{swahili:,}" in page
    assert "| language | documents | available (bytes) | epochs | rows | sampled (bytes) | share |" in card
    assert '<section id="mixture">' in page and '<a href="#mixture">' in page
    croissant = json.loads((mixed[1] / "construct/croissant.json").read_text("utf-8"))
    assert [key["@id"].split("/")[1] for key in croissant["recordSet"][0]["key"]] == ["id", "copy"]
    assert Build.open(plain[1]).mixture() is None
    with pytest.raises(WeftError, match="has no mixture"):
        Build.open(plain[1]).table("mixture")


def test_written_once_the_column_says_how_often(mixed: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.copytree(mixed[1], tmp_path / "own")
    once = load(mixed[0], [SPLIT, MIXTURE, "construct.mixture.written=once"])
    assert run_here(once, tmp_path / "own").status == 0
    copies, rows = files(mixed[1]), files(tmp_path / "own")
    assert "copy" not in rows.columns and rows["id"].is_unique().all()
    assert sorted(rows.select("id", "repeats").rows()) == sorted(copies.select("id", "repeats").unique().rows())


def test_rehydration_and_quotas_in_a_build(mixed: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.copytree(mixed[1], tmp_path / "own")
    settings = "construct.mixture={method: natural, epochs: 4, rehydrate: {by: null, pool: 30}}"
    assert run_here(load(mixed[0], [SPLIT, settings]), tmp_path / "own").status == 0
    held = Build.open(tmp_path / "own").mixture()
    assert held is not None
    by_weight = held.plan.group_by("weight").agg((pl.col("rows").sum() / pl.col("documents").sum()).alias("times"))
    assert by_weight.height > 1, "some cluster sizes weigh more"
    assert all(weight == times for weight, times in by_weight.rows())


def test_without_a_train_part_there_is_nothing_to_mix(plain: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.copytree(plain[1], tmp_path / "own")
    split = "construct.split={train: 0, validation: 0.5, test: 0.5}"
    assert run_here(load(plain[0], [split, "construct.mixture={}"]), tmp_path / "own").status == 0
    assert set(files(tmp_path / "own")["repeats"]) == {1}
    assert set(files(tmp_path / "own")["split"]) == {"validation", "test"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("{budget: 1000000000}", "construct.mixture.budget: 1,000,000,000 bytes cannot be met: with at most 4 epochs"),
        ("{method: weights, weights: {swe_Latn: 1}, others: 1}", "no document in train has the language swe_Latn"),
    ],
)
def test_what_cannot_be_mixed_is_said_and_nothing_else_stops(
    settings: str, message: str, plain: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copytree(plain[1], tmp_path / "own")
    result = run_here(load(plain[0], [SPLIT, f"construct.mixture={settings}"]), tmp_path / "own")
    assert result.status == 1
    assert [message in str(failure.failure) for failure in result.tally.failures] == [True]
