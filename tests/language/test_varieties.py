"""Varieties: found where a text says enough, none where it does not, and left out where they cannot be told."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from weft.language.identify import identify
from weft.language.model import LanguageModel, load_model
from weft.language.recipe import Shape, TrainingRecipe
from weft.language.training import fit
from weft.language.varieties import NEVER, NONE, Varieties, look
from weft.language.variety_report import measured, section
from weft.language.variety_training import comparable, fit_variety, with_varieties
from weft.text.buffers import string_buffers

SYLLABLES = "ba ko tem li sun ra do win pel ma chi gor".split()
SPELLINGS: dict[str, Callable[[str], str]] = {
    "qaa-x-north": lambda text: text.replace("o", "ou").replace("k", "qu"),
    "qaa-x-south": lambda text: text.replace("e", "ei").replace("w", "v"),
    "qaa-x-east": lambda text: text.replace("i", "y").replace("ch", "x"),
    "qaa-x-like-north": lambda text: text.replace("o", "ou").replace("k", "qu"),
}
LANGUAGE = "qaa_Latn"


def sentence(draw: random.Random, words: int = 10) -> str:
    return " ".join("".join(draw.choices(SYLLABLES, k=draw.randint(1, 3))) for _ in range(words))


def rows(names: dict[str, str], source: str = "law", groups: int = 40, seed: int = 1) -> pl.DataFrame:
    """The same sentences in each spelling, `names` being that of each variety; none is one that nothing names."""
    draw = random.Random(seed)
    made = []
    for number in range(groups):
        text = sentence(draw)
        for variety, spelling in names.items():
            named = None if variety == "unnamed" else variety
            written = SPELLINGS.get(spelling, str)(text)
            made.append((source, str(number), LANGUAGE, written, 1.0, "train", named))
    columns = ["source", "group", "language", "text", "weight", "split", "variety"]
    return pl.DataFrame(made, dict.fromkeys(columns, pl.String) | {"weight": pl.Float64}, orient="row")


def recipe(*codes: str) -> TrainingRecipe:
    sources = [{"name": "law", "path": "none.tsv", "license": "CC0-1.0"}]
    return TrainingRecipe.model_validate(
        {"sources": sources, "varieties": {LANGUAGE: {code: [code] for code in codes}}}
    )


def named(*codes: str) -> dict[str, str]:
    return {code: code for code in codes}


THREE = ("qaa-x-north", "qaa-x-south", "qaa-x-east")


@pytest.fixture(scope="module")
def learnt() -> tuple[Varieties, dict[str, Any]]:
    found, told = with_varieties(rows(named(*THREE)), recipe(*THREE))
    assert found is not None
    return found, told


def answered(varieties: Varieties, texts: list[str]) -> list[str | None]:
    codes, scores = varieties.of(pa.array(texts, pa.large_string()), np.array([LANGUAGE] * len(texts), object))
    assert ((scores > 0) == np.array([code is not None for code in codes])).all() and (scores <= 1).all()
    return list(codes)


def test_new_texts_get_their_variety(learnt: tuple[Varieties, dict[str, Any]]) -> None:
    varieties, told = learnt
    fresh = rows(named(*THREE), seed=2)
    found = np.array(answered(varieties, fresh["text"].to_list()), object)
    own = fresh["variety"].to_numpy()
    given = found != None  # noqa: E711
    assert given.mean() > 0.8 and (found[given] == own[given]).mean() >= 0.95
    for code in THREE:
        assert told[LANGUAGE][code]["texts"] == 40 and told[LANGUAGE][code]["precision"] >= 0.95
        assert told[LANGUAGE][code]["answered"] > 0.8 and told[LANGUAGE][code]["errors"] == {}


def test_little_text_gets_none(learnt: tuple[Varieties, dict[str, Any]]) -> None:
    assert answered(learnt[0], ["", "ba", "12 %", "?", "ra ra ra"]) == [None] * 5


def test_a_text_of_no_variety_that_it_has_gets_none(learnt: tuple[Varieties, dict[str, Any]]) -> None:
    varieties, told = learnt
    plain = rows({"unnamed": "as it is"}, seed=3)["text"].to_list()
    assert answered(varieties, plain).count(None) >= 0.8 * len(plain)
    assert told[LANGUAGE]["unknown varieties"]["answered"] < 0.5


def test_other_languages_cost_nothing(learnt: tuple[Varieties, dict[str, Any]]) -> None:
    text = rows(named("qaa-x-north"))["text"][0]
    codes, scores = learnt[0].of(pa.array([text, None], pa.large_string()), np.array(["qbb_Latn", None], object))
    assert codes.tolist() == [None, None] and not scores.any()


def test_what_cannot_be_told_apart_is_left_out() -> None:
    alike = ("qaa-x-north", "qaa-x-like-north")
    found, told = with_varieties(rows(named(*alike)), recipe(*alike))
    assert found is not None and not found.languages
    assert all(held["left_out"].startswith("too few texts") for held in told[LANGUAGE].values())
    three = ("qaa-x-north", "qaa-x-like-north", "qaa-x-east")
    found, told = with_varieties(rows(named(*three)), recipe(*three))
    assert found is not None and found.languages[LANGUAGE].answerable() == ["qaa-x-east"]
    assert "left_out" in told[LANGUAGE]["qaa-x-north"] and "left_out" not in told[LANGUAGE]["qaa-x-east"]


def test_a_source_of_one_variety_says_nothing() -> None:
    tweets = rows(named("qaa-x-east"), source="tweets", seed=4)
    texts = pl.concat([rows(named("qaa-x-north", "qaa-x-south")), tweets])
    found, told = with_varieties(texts, recipe(*THREE))
    assert told[LANGUAGE]["qaa-x-east"] == {
        "texts": 40,
        "left_out": "no source has texts of it beside others, in groups enough",
    }
    assert found is not None and found.languages[LANGUAGE].answerable() == ["qaa-x-north", "qaa-x-south"]
    assert comparable(texts, THREE)["source"].unique().to_list() == ["law"]
    assert with_varieties(tweets, recipe(*THREE))[0] is None
    one_group = rows(named("qaa-x-north", "qaa-x-south")).with_columns(group=pl.lit("0"))
    assert with_varieties(one_group, recipe(*THREE))[0] is None


def test_beside_none_few_strays_are_answered() -> None:
    law = rows({"qaa-x-north": "qaa-x-north", NONE: "as it is"})
    papers = rows({"unnamed": "as it is"}, source="papers", groups=200, seed=5)
    found, told = with_varieties(pl.concat([law, papers]), recipe("qaa-x-north", NONE))
    assert found is not None and told[LANGUAGE]["qaa-x-north"]["unnamed"]["papers"] <= 0.01
    fresh = rows({"qaa-x-north": "qaa-x-north", "unnamed": "as it is"}, seed=6)
    texts = dict(fresh.group_by("variety").agg("text").iter_rows())
    assert answered(found, texts["qaa-x-north"]).count("qaa-x-north") > 30
    assert set(answered(found, texts[None])) == {None}  # never the word that stands for no variety


def test_strays_that_look_alike_leave_a_variety_out() -> None:
    law = rows({"qaa-x-north": "qaa-x-north", NONE: "as it is"})
    papers = rows({"unnamed": "qaa-x-north"}, source="papers", groups=200, seed=5)
    found, told = with_varieties(pl.concat([law, papers]), recipe("qaa-x-north", NONE))
    assert found is not None and not found.languages and "left_out" in told[LANGUAGE]["qaa-x-north"]


def test_only_what_differs_is_kept() -> None:
    same = rows(named("qaa-x-north", "qaa-x-south"))
    both = same.with_columns(text=pl.lit("bako temli sunra"))
    assert len(fit_variety(both, ("qaa-x-north", "qaa-x-south")).places) == 0
    variety = fit_variety(same, ("qaa-x-north", "qaa-x-south"))
    seen = look(variety, string_buffers(pa.array(["bakou quounquou", "ra ra", ""], pa.large_string())))
    assert 0 < len(variety.places) <= 1_500 and seen.lead[0] > 0 == seen.lead[2] and seen.best[0] == 0
    assert seen.agreement[0] > 0.8 and seen.agreement[2] == 0


def test_the_same_each_time_and_in_the_file(learnt: tuple[Varieties, dict[str, Any]], tmp_path: Path) -> None:
    varieties, told = learnt
    again, retold = with_varieties(rows(named(*THREE)), recipe(*THREE))
    shape = Shape(bits=10, width=8, draws=1_000, min_characters=100)
    other = rows(named("qaa-x-north")).with_columns(language=pl.lit("qbb_Latn"), text=pl.lit("xexe yuyu zaza"))
    model = fit(pl.concat([rows(named("qaa-x-north")), other]).drop("variety"), shape)
    for name, held in (("one", varieties), ("two", again)):
        replace(model, varieties=held).save(tmp_path / f"{name}.npz")
    assert retold == told and (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    read = load_model(tmp_path / "one.npz")
    assert read.varieties is not None
    texts = rows(named(*THREE), seed=7)["text"].to_list()
    assert answered(read.varieties, texts) == answered(varieties, texts)
    model.save(tmp_path / "none.npz")
    assert load_model(tmp_path / "none.npz").varieties is None


@pytest.fixture(scope="module")
def model(learnt: tuple[Varieties, dict[str, Any]]) -> LanguageModel:
    draw = random.Random(8)
    words = ["zyx", "wvut", "srq", "pongj", "fuh"]
    other = [("law", str(n), "qbb_Latn", " ".join(draw.choices(words, k=8)), 1.0, "train", None) for n in range(80)]
    own = rows(named(*THREE))
    texts = pl.concat([own, pl.DataFrame(other, own.schema, orient="row")]).drop("variety")
    return replace(fit(texts, Shape(bits=12, width=16, draws=5_000, min_characters=100)), varieties=learnt[0])


def test_in_the_answer(model: LanguageModel) -> None:
    texts = [rows(named("qaa-x-south"), seed=9)["text"][0], "zyx wvut srq pongj fuh zyx", "1234", None]
    found = identify(model, pa.array(texts, pa.string()))
    assert found["variety"].type == pa.struct({"code": pa.string(), "score": pa.float32()})
    variety = found["variety"].to_pylist()
    assert variety[0]["code"] == "qaa-x-south" and 0.5 <= variety[0]["score"] <= 1 and variety[1:] == [None] * 3
    assert found["lid"][0]["language"].as_py() == LANGUAGE
    plain = identify(replace(model, varieties=None), pa.array(texts, pa.string()))
    assert plain["variety"].null_count == 4 and plain["lid"].equals(found["lid"])


def test_what_is_told_of_texts_kept_out(model: LanguageModel, learnt: tuple[Varieties, dict[str, Any]]) -> None:
    fresh = rows(named(*THREE), seed=10)
    more = rows({"unnamed": "qaa-x-east"}, seed=11)
    other = fresh.head(20).with_columns(language=pl.lit("qcc_Latn"), variety=pl.lit(None, pl.String))
    held = measured(model, pl.concat([fresh, more, other]))
    assert set(held) == set(THREE)
    east = held["qaa-x-east"]
    assert (east["texts"], east["unnamed"][0], east["others"][0]) == (40, 40, 20)
    assert east["right"] > 30 and east["unnamed"][1] > 30 and held["qaa-x-north"]["unnamed"][1] == 0
    assert sum(one["others"][1] for one in held.values()) > 10  # they look like the language: language errors count
    parts = "\n".join(section({"crossed": learnt[1], "kept_out": held}))
    assert f"| qaa-x-east | {LANGUAGE} | 40 |" in parts and f"{east['unnamed'][1]} of 40" in parts
    assert section({"crossed": {}, "kept_out": {}}) == []
    crossed = {LANGUAGE: {"qaa-x-east": {"texts": 3, "left_out": "too little"}}}
    assert "| qaa-x-east | qaa_Latn | 3 | too little |" in "\n".join(section({"crossed": crossed, "kept_out": {}}))


def test_a_score_that_no_answer_has(learnt: tuple[Varieties, dict[str, Any]]) -> None:
    variety = learnt[0].languages[LANGUAGE]
    none = replace(learnt[0], languages={LANGUAGE: variety._replace(thresholds=(NEVER,) * 3)})
    assert set(answered(none, rows(named(*THREE))["text"].to_list())) == {None}
    assert none.languages[LANGUAGE].answerable() == []
