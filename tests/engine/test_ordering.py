"""The order of train end to end: sorted within each language, in phases, nothing lost, the same bytes however run."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.engine.corpus import contents, write_corpus
from tests.engine.here import run_here

from weft.construct.ordering import Order, bounds, ranks, valued
from weft.engine.build import run
from weft.engine.tasks import ordering
from weft.errors import WeftError
from weft.recipe import load

SPLIT = "construct.split={validation: 0.1, test: 0.1}"
MIXTURE = "construct.mixture={method: unimax, epochs: 3, budget: 400000}"
BY_WORDS = "construct.order={by: signals.words}"
PHASES = (
    "construct.order={by: signals.words DESC, phases: [{name: broad}, {name: middle, share: 0.3}, "
    "{name: anneal, where: signals.words >= 150, share: 0.5}]}"
)


def files(build: Path) -> dict[str, pl.DataFrame]:
    """Rows of train of each language, in the order of the files."""
    return {
        folder.name: pl.concat([pl.read_parquet(path) for path in sorted(folder.glob("train-*.parquet"))])
        for folder in sorted((build / "construct/ct").iterdir())
        if list(folder.glob("train-*.parquet"))
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A recipe and its build without an order."""
    folder = tmp_path_factory.mktemp("ordering")
    recipe = write_corpus(folder)
    assert run_here(load(recipe, [SPLIT]), folder / "plain").status == 0
    return recipe, folder / "plain"


def ordered(plain: tuple[Path, Path], folder: Path, settings: list[str], workers: int | None = None) -> Path:
    """The build again with an order, from the finished one."""
    shutil.copytree(plain[1], folder)
    recipe = load(plain[0], [SPLIT, *settings])
    result = run(recipe, folder, workers=workers) if workers else run_here(recipe, folder)
    assert result.status == 0, result.tally.failures
    assert set(result.tally.ran) <= {"mix_part", "mix", "select", "files", "export", "release"}
    assert not list((folder / "tmp").glob("*")), "what was sorted on disk is gone"
    return folder


def words(build: Path) -> dict[str, int]:
    from weft.engine.reading import Build

    held = Build.open(build).documents(text=False).select("id", pl.col("signals").struct.field("words")).collect()
    return dict(held.iter_rows())


def test_train_is_sorted_within_each_language_and_nothing_else_changes(
    plain: tuple[Path, Path], tmp_path: Path
) -> None:
    build = ordered(plain, tmp_path / "build", [BY_WORDS])
    before, after, count = files(plain[1]), files(build), words(build)
    assert set(before) == set(after) and len(after) >= 3
    for language, rows in after.items():
        old = before[language]
        keys = [(count[one], place) for place, one in enumerate(old["id"])]
        expected = [old["id"][place] for _, place in sorted(keys)]
        assert rows["id"].to_list() == expected, "ties stay in corpus order"
        assert rows.height < 20 or rows["id"].to_list() != old["id"].to_list()
        assert np.allclose(rows["order"], np.arange(rows.height) / rows.height)
        assert rows.drop("order").sort("id").equals(old.sort("id"))
    for path in (plain[1] / "construct/ct").rglob("test-*.parquet"):
        other = pl.read_parquet(build / path.relative_to(plain[1]))
        assert other.drop("order").equals(pl.read_parquet(path)) and other["order"].null_count() == other.height
    assert "## Order" in (build / "construct/README.md").read_text("utf-8")
    assert "swh_Latn/order" in (build / "construct/croissant.json").read_text("utf-8")


@pytest.mark.parametrize("settings", [[BY_WORDS], [MIXTURE, PHASES]])
def test_workers_and_the_size_of_buckets_leave_no_trace(
    plain: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: list[str]
) -> None:
    one = ordered(plain, tmp_path / "one", settings, workers=1)
    two = ordered(plain, tmp_path / "two", settings, workers=2)
    small = tmp_path / "small"
    shutil.copytree(plain[1], small)
    monkeypatch.setattr(ordering, "BUCKET_BYTES", 3_000)
    monkeypatch.setattr(ordering, "_SLICE", 7)
    assert run(load(plain[0], [SPLIT, *settings]), small, workers=1).status == 0
    assert contents(one / "construct") == contents(two / "construct") == contents(small / "construct")


def test_phases_part_train_and_each_is_sorted_and_read_as_often_as_the_mixture_says(
    plain: tuple[Path, Path], tmp_path: Path
) -> None:
    build = ordered(plain, tmp_path / "build", [MIXTURE, PHASES])
    mixed = ordered(plain, tmp_path / "mixed", [MIXTURE])
    count = words(build)
    names = ["broad", "middle", "anneal"]
    for language, rows in files(build).items():
        same = [name for name in rows.columns if name not in ("phase", "order")]
        assert rows.select(same).sort("id", "copy").equals(files(mixed)[language].select(same).sort("id", "copy"))
        assert rows.group_by("id").agg(pl.col("phase").n_unique())["phase"].max() == 1
        number = rows["phase"].replace_strict(names, range(3), return_dtype=pl.Int64)
        key = list(zip(number, rows["copy"], [-count[one] for one in rows["id"]], strict=True))
        assert key == sorted(key), "phase by phase, epoch by epoch, longest first"
        assert rows["order"].is_sorted() and np.array_equal(np.floor(rows["order"].to_numpy()), number)
        assert all(count[one] >= 150 for one in rows.filter(pl.col("phase") == "anneal")["id"])
    rows = pl.concat(files(build).values())
    every = rows.unique("id")
    card = (build / "construct/README.md").read_text("utf-8")
    for name in names:
        documents, read = every.filter(pl.col("phase") == name).height, rows.filter(pl.col("phase") == name).height
        assert f"| {name} | {documents:,} | {read:,} |" in card
    from weft.engine.reading import Build

    one = every.filter((pl.col("phase") == "anneal") & (pl.col("repeats") == 3))["id"][0]
    assert Build.open(build).explain(one)["outcome"] == "kept in train, read 3 times, in phase anneal"
    long = every.filter(pl.Series([count[one] >= 150 for one in every["id"]]))
    share = (long["phase"] == "anneal").mean()
    assert isinstance(share, float) and 0.3 < share < 0.7
    rest = every.filter(pl.col("phase") != "anneal")
    share = (rest["phase"] == "middle").mean()
    assert isinstance(share, float) and 0.15 < share < 0.45


def test_buckets_are_equal_parts_shuffled_within(plain: tuple[Path, Path], tmp_path: Path) -> None:
    build = ordered(plain, tmp_path / "build", ["construct.order={by: signals.words, buckets: 4}"])
    count = words(build)
    for rows in files(build).values():
        values = np.array([count[one] for one in rows["id"]])
        part = np.arange(rows.height) * 4 // rows.height
        expected = np.sort(values)
        for number in range(4):
            assert sorted(values[part == number]) == expected[part == number].tolist()
        assert rows.height < 20 or not np.array_equal(values, expected)


def test_an_order_is_checked_before_any_row_is_read(tmp_path: Path) -> None:
    recipe = write_corpus(tmp_path, 4, 1)
    cases = {
        "by: signals.word": "signals has no field 'word'",
        "by: lid.language": "gives String; expected a number",
        "by: avg(signals.words)": "looks at other rows",
        "buckets: 3": "neither by nor phases",
        "phases: [{name: one}]": "expected two or more",
        "phases: [{name: one, share: 0.5}, {name: two}]": "the first phase, one, has where or share",
        "phases: [{name: one}, {name: two, where: signals.words}]": "expected a condition",
    }
    for given, said in cases.items():
        with pytest.raises(WeftError, match=said):
            load(recipe, [f"construct.order={{{given}}}"])


def test_ranks_put_what_has_no_number_last_and_buckets_span_no_two_segments() -> None:
    segment = np.array([1, 0, 2, 1, 0, 1, 2])
    value = np.array([3.0, 9.0, 1.0, np.nan, 1.0, 3.0, -np.inf])
    # Outside of train there are no numbers; here there are, to see that they would count.
    found = ranks(segment, value, np.zeros(7, np.uint64), None)
    assert np.argsort(found.rank).tolist() == [4, 1, 0, 5, 3, 6, 2]
    place, buckets = bounds(found, np.full(7, 10), 20)
    assert buckets == [[0], [1, 2], [3]]
    assert place.tolist() == [1, 0, 3, 2, 0, 1, 3]
    none = ranks(np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint64), 3)
    assert bounds(none, np.empty(0, np.int64), 5)[1] == []


def test_the_direction_is_read_from_the_expression() -> None:
    assert Order(by="signals.words desc").expression == "signals.words" and Order(by="signals.words desc").descending
    assert not Order(by="signals.words ASC").descending and Order(by="-signals.words").expression == "-signals.words"


def test_a_number_that_rows_do_not_give_names_the_order() -> None:
    frame = pl.DataFrame({"id": ["a"], "split": ["train"], "source": ["kaya"]})
    order = Order.model_validate({"by": "CAST(source AS INTEGER)"})
    with pytest.raises(WeftError, match=r"^construct\.order\.by: .* cannot be computed"):
        valued(frame, order, 0)
    phases = [{"name": "broad"}, {"name": "late", "where": "CAST(source AS INTEGER) > 2"}]
    with pytest.raises(WeftError, match=r"^construct\.order, phase late: .* cannot be computed"):
        valued(frame, Order.model_validate({"phases": phases}), 0)
