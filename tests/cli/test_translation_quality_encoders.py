"""`weft train mos --encoder`: one that knows the languages is worth something, another one is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.label import tiny_encoder
from tests.parallel.bag_encoder import hidden_pairs, write

from weft.cli.boundary import run as main
from weft.engine.encoders import opened
from weft.evaluate.mos.estimator import VECTORS
from weft.evaluate.mos.model_file import load
from weft.evaluate.mos.vectors import of_pairs
from weft.statistics.correlation import pearson

pytestmark = pytest.mark.slow


def _rated(file: Path, count: int, seed: int) -> Path:
    """Pairs of which no lexicon learns anything: some words of the target are those of another pair."""
    random = np.random.default_rng(seed)
    source, target = hidden_pairs(count, seed)
    lines = ["src_lang\ttgt_lang\tsource\ttranslation\tda"]
    for number, (one, other) in enumerate(zip(source, target, strict=True)):
        wrong = random.random(9) < random.random()
        another = target[(number + 1) % count].split()
        made = [b if bad else a for a, b, bad in zip(other.split(), another, wrong, strict=True)]
        lines.append(f"en\tsw\t{one}\t{' '.join(made)}\t{100 * (1 - wrong.mean()):.1f}")
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("quality-encoders")
    write(made / "knows", knows=True)
    tiny_encoder.write(made / "strange")
    ratings = _rated(made / "ratings.tsv", 500, 1)
    command = ["train", "mos", str(ratings), "--into", str(made / "q.mos"), "--encoder", str(made / "knows")]
    assert main([*command, "--device", "cpu", "-q"]) == 0
    return made


def test_an_encoder_that_knows_the_languages_is_worth_something(folder: Path) -> None:
    heads = load(folder / "q.mos").card["pairs"][0]["heads"]
    assert set(heads) == {"text", VECTORS}
    assert heads[VECTORS]["pearson"]["low"] > 0.7
    assert (heads["text"]["pearson"]["high"] or 0) < 0.4


def test_a_row_is_scored_alike_in_any_batch(folder: Path) -> None:
    model = load(folder / "q.mos")
    frame = pl.read_csv(folder / "ratings.tsv", separator="\t")[:30].rename({"src_lang": "source_language"})
    frame = frame.with_columns(source_language=pl.lit("eng_Latn"), target_language=pl.lit("swh_Latn"))
    encoder = opened(str(folder / "knows"), None, folder / "again.vectors", "cpu")
    embed = of_pairs(encoder.embed)
    parts = [model.score(frame[at : at + 7], embed) for at in range(0, 30, 7)]
    assert pl.concat(parts).equals(model.score(frame, embed))
    encoder.close()


def test_translations_are_scored_with_it_and_without(folder: Path, tmp_path: Path) -> None:
    new = _rated(tmp_path / "new.tsv", 120, 9)
    found = {}
    for name, more in (("with", []), ("without", ["--no-encoder"])):
        out = tmp_path / f"{name}.parquet"
        command = ["pairs", "quality", str(new), "--model", str(folder / "q.mos"), "--into", str(out), "-q"]
        assert main([*command, "--device", "cpu", *more]) == 0
        frame = pl.read_parquet(out)
        found[name] = np.nan_to_num(pearson(frame["quality"], frame["da"].cast(pl.Float64)))
    assert found["with"] > found["without"] + 0.2 and found["with"] > 0.7


def test_another_encoder_is_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = _rated(tmp_path / "new.tsv", 5, 9)
    command = ["pairs", "quality", str(new), "--model", str(folder / "q.mos"), "--device", "cpu"]
    assert main([*command, "--encoder", str(folder / "strange")]) == 2
    assert "is not the encoder that" in capsys.readouterr().err
    assert main([*command, "--encoder", str(folder / "knows"), "--no-encoder"]) == 2
    assert "expected one of them" in capsys.readouterr().err
    assert main(["train", "mos", str(folder / "ratings.tsv"), "--into", str(tmp_path / "q.mos"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["encoder"] == {}
    plain = ["pairs", "quality", str(new), "--model", str(tmp_path / "q.mos")]
    assert main([*plain, "--encoder", str(folder / "knows")]) == 2
    assert "was trained without" in capsys.readouterr().err
