"""Tokens of documents: in a batch as the library counts them, in a build as a label that its file decides."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from tests.engine.corpus import write_corpus
from tests.tokenizer.models import EXAMPLE, made, write

from weft.engine.build import run
from weft.engine.reading import Build
from weft.errors import WeftError
from weft.label.token_count import token_count
from weft.recipe import load

STEPS = "[script, lid, signals, {token_count: {tokenizer: tokenizer.json}}]"


def counted(file: Path, *texts: str | None) -> list[dict[str, int] | None]:
    batch = pa.table({"text": pa.array(texts, pa.large_string())})
    found: list[dict[str, int] | None] = token_count(tokenizer=str(file))(batch)["token_count"].to_pylist()
    return found


def test_what_is_counted() -> None:
    none, empty, ethiopic, mixed = counted(EXAMPLE, None, "", "ሰላም", "the cat ሰ🙂")
    assert none is None and empty == {"tokens": 0, "broken": 0, "chars": 0, "bytes": 0}
    assert ethiopic == {"tokens": 9, "broken": 9, "chars": 3, "bytes": 9}
    assert mixed == {"tokens": 10, "broken": 7, "chars": 10, "bytes": 15}


def test_another_tokenizer_counts_otherwise(tmp_path: Path) -> None:
    file = write(made("wordpiece"), tmp_path / "tokenizer.json")
    (found,) = counted(file, "the cat ሰላም")
    assert found is not None and found["tokens"] == 3 and found["broken"] == 1


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n", "utf-8")
    with pytest.raises(WeftError, match=r"vocab\.txt: not JSON"):
        token_count(tokenizer=str(tmp_path / "vocab.txt"))


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    found = write_corpus(tmp_path, count=60, files=2)
    (tmp_path / "tokenizer.json").write_bytes(EXAMPLE.read_bytes())
    return found


@pytest.mark.slow
def test_in_a_build_its_card_and_its_summary(recipe: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    first = run(load(recipe, [f"label={STEPS}"]), build, workers=1)
    assert first.status == 0, first.tally.failures
    corpus = pl.read_parquet(build / "construct/ct/**/*.parquet", hive_partitioning=False)
    wanted: dict[str, int] = {}
    for language, text in corpus.select("language", "text").iter_rows():
        (found,) = counted(EXAMPLE, text)
        wanted[language] = wanted.get(language, 0) + (found or {})["tokens"]
    held = Build.open(build).summary()["languages"]
    assert wanted and {code: held[code]["model_tokens"] for code in wanted} == wanted
    card = (build / "construct/README.md").read_text("utf-8")
    assert "| bytes of text | words | tokens | splits |" in card
    for code, number in wanted.items():
        assert f"| {number:,} |" in next(line for line in card.splitlines() if line.startswith(f"| `{code}`"))
    again = run(load(recipe, [f"label={STEPS}"]), build, workers=1)
    assert not again.tally.ran


def test_a_build_without_it_says_nothing_of_it(recipe: Path, tmp_path: Path) -> None:
    run(load(recipe), tmp_path / "build", workers=1)
    assert "model_tokens" not in json.dumps(Build.open(tmp_path / "build").summary())
    assert "| words | splits |" in (tmp_path / "build/construct/README.md").read_text("utf-8")


def test_another_content_of_the_file_is_another_answer(recipe: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    run(load(recipe, [f"label={STEPS}"]), build, workers=1, only="label")
    before = {file.name for file in (build / "label").rglob("*.parquet")}
    write(made("byte_level"), tmp_path / "tokenizer.json")
    run(load(recipe, [f"label={STEPS}"]), build, workers=1, only="label")
    fresh = [file for file in (build / "label").rglob("*.parquet") if file.name not in before]
    assert fresh and {file.relative_to(build / "label").parts[0] for file in fresh} == {"token_count"}
