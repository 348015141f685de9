"""The estimator: it learns, keeps to what it knows, guards, is kept in a file, and says the same in any batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from weft.errors import WeftError
from weft.evaluate.mos.card import page
from weft.evaluate.mos.estimator import Estimator
from weft.evaluate.mos.model_file import load, save
from weft.evaluate.mos.ratings import Ratings, read_ratings
from weft.evaluate.mos.training import Plan, train
from weft.statistics.correlation import pearson

from .rated import ratings, words, written

PAIR = ("swh_Latn", "hau_Latn")


def _ratings(tmp_path: Path, frame: pl.DataFrame) -> Ratings:
    return read_ratings(written(frame, tmp_path / "ratings.tsv"), "da")


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Ratings:
    return _ratings(tmp_path_factory.mktemp("mos"), ratings())


@pytest.fixture(scope="module")
def made(held: Ratings) -> Estimator:
    return train(held, Plan())


def _new(count: int = 200, seed: int = 5) -> pl.DataFrame:
    return ratings(count, seed).rename({"src_lang": "source_language", "tgt_lang": "target_language", "score": "said"})


def test_it_ranks_translations_that_it_never_saw(made: Estimator) -> None:
    frame = _new()
    scored = made.score(frame)
    assert scored["reason"].null_count() == frame.height
    assert pearson(scored["score"], frame["said"]) > 0.6
    told = made.card["pairs"][0]["heads"]["text"]
    assert "Not shown" not in page(made.card)
    assert told["pearson"]["low"] < told["pearson"]["value"] < told["pearson"]["high"]
    inside = (scored["low"] <= frame["said"]) & (frame["said"] <= scored["high"])
    assert 0.8 < inside.mean() < 0.98 and scored["low"].min() >= 0 and scored["high"].max() <= 100


def test_shuffled_scores_teach_nothing(held: Ratings) -> None:
    random = np.random.default_rng(1)
    shuffled = held.frame.with_columns(pl.Series("score", random.permutation(held.frame["score"].to_numpy())))
    made = train(Ratings(shuffled, "da"), Plan())
    told = made.card["pairs"][0]["heads"]["text"]
    assert "Not shown to be better than one score for all: swh_Latn-hau_Latn (text)." in page(made.card)
    assert abs(told["pearson"]["value"] or 0) < 0.15


def test_pairs_that_it_does_not_know_get_no_score(made: Estimator) -> None:
    frame = _new(3).with_columns(target_language=pl.lit("yor_Latn"))
    turned = _new(3).with_columns(source_language=pl.lit(PAIR[1]), target_language=pl.lit(PAIR[0]))
    scored = made.score(pl.concat([frame, turned]))
    assert scored["reason"].to_list() == ["unsupported_pair"] * 6 and scored["score"].null_count() == 6


def test_what_is_no_translation_gets_the_lowest_score(made: Estimator) -> None:
    first, second = (" ".join(words(kind)[:8]) for kind in (0, 1))
    english = "This is a sentence of plain English that nobody had asked for, and it goes on for a while."
    frame = pl.DataFrame(
        {
            "source_language": PAIR[0],
            "target_language": PAIR[1],
            "source": [first, first, first, " ", first],
            "translation": ["", first, english, second, second],
        }
    )
    scored = made.score(frame)
    assert scored["reason"].to_list() == ["empty", "copy", "wrong_language", "no_source", None]
    floor = made.pairs[PAIR].floor
    assert scored["score"].to_list()[:4] == [floor, floor, floor, None] and floor < 10
    assert scored["low"].null_count() == 4 and scored["score"][4] > floor


def test_the_file_holds_all_of_it_and_is_the_same_each_time(held: Ratings, made: Estimator, tmp_path: Path) -> None:
    save(made, tmp_path / "a.mos")
    again = train(held, Plan())
    save(again, tmp_path / "b.mos")
    assert (tmp_path / "a.mos").read_bytes() == (tmp_path / "b.mos").read_bytes()
    frame = _new()
    assert load(tmp_path / "a.mos").score(frame).equals(made.score(frame))
    assert load(tmp_path / "a.mos").signature == made.signature


def test_a_row_is_scored_alike_in_any_batch(made: Estimator) -> None:
    frame = _new(60)
    whole = made.score(frame)
    assert pl.concat([made.score(frame[at : at + 7]) for at in range(0, 60, 7)]).equals(whole)
    assert made.score(frame.reverse()).reverse().equals(whole)
    assert made.score(frame.clear()).height == 0


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"text"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.mos"
    with pytest.raises(WeftError, match="no such file"):
        load(file)
    file.write_bytes(content)
    with pytest.raises(WeftError, match="no estimator of translation quality"):
        load(file)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", content=np.frombuffer(b'{"what": "lexicon"}', np.uint8))
    with pytest.raises(WeftError, match="it is of something else"):
        load(tmp_path / "x.npz")


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "quality.mos"
    save(train(_ratings(tmp_path, ratings(220)), Plan()), file)
    content = bytearray(file.read_bytes())
    for place in range(200, len(content), 997):
        content[place] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(WeftError, match="no estimator of translation quality"):
        load(file)


def test_too_few_ratings_of_a_pair_are_told(tmp_path: Path) -> None:
    few = ratings(50, pair=("swh_Latn", "yor_Latn"))
    made = train(_ratings(tmp_path, pl.concat([ratings(300), few])), Plan())
    assert list(made.pairs) == [PAIR] and made.card["too_few"] == {"swh_Latn-yor_Latn": 50}
    assert "swh_Latn-yor_Latn (50)" in page(made.card)
    with pytest.raises(WeftError, match="swh_Latn-yor_Latn: 50 rated translations, of 50 rows; expected 200"):
        train(_ratings(tmp_path, few), Plan())


def test_a_domain_that_is_rated_lower_is_scored_lower(tmp_path: Path) -> None:
    frame = ratings(900)
    lower = pl.when(pl.col("domain") == "health").then(pl.col("score") * 0.5).otherwise(pl.col("score"))
    made = train(_ratings(tmp_path, frame.with_columns(lower.alias("score"))), Plan())
    told = made.card["pairs"][0]["heads"]["text"]["domains"]
    assert set(told) == {"health", "news"} and abs(told["health"]["bias"]) < 4
    new = _new()
    sides = [made.score(new.with_columns(domain=pl.lit(name)))["score"].mean() for name in ("health", "news", "other")]
    assert sides[0] < sides[1] - 5 and sides[0] < sides[2] < sides[1] + 5  # type: ignore[operator]


def test_the_score_of_the_model_is_used_where_it_is_there(tmp_path: Path) -> None:
    frame = ratings(400)
    random = np.random.default_rng(3)
    glass = frame["score"].to_numpy() / 50 + random.normal(0, 0.05, 400)
    made = train(_ratings(tmp_path, frame.with_columns(model_score=pl.Series(glass))), Plan())
    heads = made.card["pairs"][0]["heads"]
    assert heads["model_score"]["pearson"]["value"] > heads["text"]["pearson"]["value"] + 0.01
    new = _new()
    with_it = made.score(new.with_columns(model_score=pl.col("said") / 50))
    without = made.score(new)
    assert pearson(with_it["score"], new["said"]) > pearson(without["score"], new["said"])
    # A row that lacks it is scored as if none had it, and changes nothing of the others.
    odd = pl.int_range(pl.len()) % 2 == 1
    half = made.score(new.with_columns(model_score=pl.when(odd).then(pl.col("said") / 50)))
    assert half.gather_every(2).equals(without.gather_every(2))
    assert half.gather_every(2, 1).equals(with_it.gather_every(2, 1))


def test_ratings_of_one_document_are_refused(held: Ratings) -> None:
    with pytest.raises(WeftError, match="ratings of 1 documents or sources; expected 5"):
        train(Ratings(held.frame.with_columns(document=pl.lit("all")), "da"), Plan())


def test_scores_that_do_not_vary_teach_nothing_and_break_nothing(held: Ratings) -> None:
    made = train(Ratings(held.frame.with_columns(score=pl.lit(40.0)), "da"), Plan())
    assert made.card["pairs"][0]["heads"]["text"]["pearson"]["value"] is None and "nothing learnt" in page(made.card)
    assert made.score(_new(20))["score"].to_list() == pytest.approx([40.0] * 20, abs=1e-3)


def test_parallel_text_is_learnt_from_and_counted_apart(tmp_path: Path) -> None:
    held = _ratings(tmp_path, ratings(220))
    first, second = words(0), words(1)
    random = np.random.default_rng(2)
    rows = [random.integers(0, len(first), 9) for _ in range(800)]
    texts = [" ".join(side[n] for n in row) for side in (first, second) for row in rows]
    made = train(held, Plan(parallel={PAIR: (texts[:800], texts[800:]), ("yor_Latn", "hau_Latn"): (["a"], ["b"])}))
    told = made.card["pairs"][0]
    assert told["parallel_pairs"] == 800 and made.card["parallel_unused"] == ["yor_Latn-hau_Latn"]
    assert told["heads"]["parallel"]["pearson"]["value"] > told["heads"]["text"]["pearson"]["value"] + 0.01
    new = _new()
    assert pearson(made.score(new)["score"], new["said"]) > 0.8
