"""A build that seeks evaluation items: labels, rule, card and report; another file of items is another answer."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests.engine.corpus import contents, write_corpus
from tests.engine.here import run_here

from weft.engine.build import run
from weft.engine.reading import Build
from weft.errors import WeftError
from weft.recipe import load
from weft.report import write

ITEM = "Je, mji mkuu wa nchi hii uko upande gani wa mto mkubwa?"
STEPS = "deduplicate=[exact, minhash, verify, {contamination: {against: [questions.tsv, other.jsonl]}}]"
RULE = "construct.rules.contaminated=contamination IS NULL"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    found = write_corpus(tmp_path, count=120, files=3)
    rows = [{"id": "copy", "text": f"habari za mji {ITEM.upper()} watu wa mji " + "mtoto maji chakula " * 9}]
    rows.append({"id": "near", "text": f"siku ya kazi. {ITEM.replace('mkubwa', 'mrefu')} " + "samaki mti bahari " * 9})
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (tmp_path / "texts" / "planted.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (tmp_path / "questions.tsv").write_text(f"id\ttext\nq7\t{ITEM}\nq8\tndiyo\n", "utf-8")
    (tmp_path / "other.jsonl").write_text(json.dumps({"text": "swali lingine kabisa la mtihani wa pili"}), "utf-8")
    return found


def labels(build: Path) -> list[dict[str, object]]:
    column = pl.read_parquet(build / "label/contamination/*.parquet")["contamination"]
    return [value for value in column.to_list() if value is not None]


def test_items_are_labelled_left_out_and_told(recipe: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    done = run_here(load(recipe, [STEPS, RULE]), build)
    assert done.status == 0, done.tally.failures
    held = labels(build)
    assert sorted(str(one["found"][0]["kind"]) for one in held) == ["near", "verbatim"]  # type: ignore[index]
    assert {one["found"][0]["item"] for one in held} == {"q7"}  # type: ignore[index]
    opened = Build.open(build)
    rejected = opened.counts().filter(pl.col("rule") == "contaminated")["documents"].sum()
    assert rejected == 2
    (other, questions) = opened.table("benchmarks").to_dicts()
    assert (other["benchmark"], other["found"]) == ("other", 0)
    assert (questions["items"], questions["too_short"], questions["found"], questions["documents"]) == (2, 1, 1, 2)
    assert questions["kept"] == 0
    card = (build / "construct/README.md").read_text("utf-8")
    assert "## Evaluation sets" in card and "| questions | q7 |" in card
    page = write(opened).read_text("utf-8")
    assert '<section id="evaluation">' in page and '<a href="#evaluation">' in page


@pytest.mark.slow
def test_without_the_rule_documents_stay_and_the_card_says_so(recipe: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    run_here(load(recipe, [STEPS]), build)
    assert Build.open(build).table("benchmarks")["kept"].to_list() == [0, 2]
    again = run_here(load(recipe, [STEPS, RULE]), build)
    assert "label" not in again.tally.ran and "decide" in again.tally.ran
    assert Build.open(build).table("benchmarks")["kept"].to_list() == [0, 0]


@pytest.mark.slow
def test_items_that_change_or_get_another_name_are_sought_anew(recipe: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    # A process reads a list once: those of the first run must not be there any more.
    run(load(recipe, [STEPS]), build, workers=1, only="label")
    assert not run(load(recipe, [STEPS]), build, workers=1, only="label").tally.ran
    (tmp_path / "questions.tsv").write_text("text\nswali tofauti kabisa ambalo halipo popote\n", "utf-8")
    run(load(recipe, [STEPS]), build, workers=1, only="label")
    newest = max((build / "label/contamination").glob("*.parquet"), key=lambda file: file.stat().st_mtime_ns)
    assert pl.read_parquet(newest)["contamination"].null_count() == pl.read_parquet(newest).height
    (tmp_path / "other.jsonl").rename(tmp_path / "third.jsonl")
    renamed = run(load(recipe, [STEPS.replace("other", "third")]), build, workers=1, only="label")
    assert set(renamed.tally.ran) == {"label"}


@pytest.mark.slow
def test_the_same_bytes_on_any_number_of_workers(recipe: Path, tmp_path: Path) -> None:
    run(load(recipe, [STEPS, RULE]), tmp_path / "one", workers=1)
    run(load(recipe, [STEPS, RULE]), tmp_path / "two", workers=2)
    for folder in ("label/contamination", "construct", "selection"):
        assert contents(tmp_path / "one" / folder) == contents(tmp_path / "two" / folder)


def test_a_file_of_items_that_is_missing_is_named_with_its_place(recipe: Path) -> None:
    with pytest.raises(WeftError, match=r"nothing\.tsv: cannot be read: No such file"):
        load(recipe, [STEPS.replace("other.jsonl", "nothing.tsv")])
    with pytest.raises(WeftError, match="against"):
        load(recipe, [STEPS.replace("[questions.tsv, other.jsonl]", "[]")])


def test_items_are_sought_without_deduplication(recipe: Path, tmp_path: Path) -> None:
    alone = "deduplicate=[{contamination: {against: [questions.tsv, other.jsonl]}}]"
    assert run_here(load(recipe, [alone, RULE]), tmp_path / "alone").status == 0
    assert len(labels(tmp_path / "alone")) == 2
    opened = Build.open(tmp_path / "alone")
    assert opened.counts().filter(pl.col("rule") == "contaminated")["documents"].sum() == 2
    assert "deduplicate" not in opened.documents(text=False).collect_schema().names()


def test_what_was_known_of_another_recipe_makes_no_label_done(recipe: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    assert run_here(load(recipe, [STEPS]), build).status == 0
    kept = (build / "known.json").read_bytes()
    other = recipe.parent / "later/questions.tsv"
    other.parent.mkdir()
    other.write_text("id\ttext\nq9\tmaji ya mto ni baridi sana asubuhi ya leo\n", "utf-8")
    run_here(load(recipe, [STEPS.replace("questions.tsv", "later/questions.tsv")]), build, only="parse")
    # As when that run was stopped after its recipe was stored.
    (build / "known.json").write_bytes(kept)
    assert "label" in Build.open(build).pending, "the items are others"


def test_a_build_that_outlived_a_file_of_its_recipe_is_read_and_not_run(recipe: Path, tmp_path: Path) -> None:
    checked = load(recipe, [STEPS])
    assert run_here(checked, tmp_path / "build").status == 0
    (recipe.parent / "questions.tsv").unlink()
    assert Build.open(tmp_path / "build").complete
    with pytest.raises(WeftError, match=r"deduplicate.contamination: .*questions\.tsv: cannot be read: No such file"):
        run_here(checked, tmp_path / "build")
