"""Rules are learnt from good pairs, stand in a file, and say why a pair goes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from weft.errors import WeftError
from weft.parallel import rule_file
from weft.parallel.rule_learning import FIXED, LEARNT, learn
from weft.parallel.rule_profiles import PROFILES, profile
from weft.parallel.rules import Rules, judge
from weft.text.pair_signals import texts

WORDS = "mti bahari nyumba kitabu mwalimu mtoto shule chakula maji barabara".split()
CODES = ("eng_Latn", "swh_Latn")


def seed(size: int, first: int = 0) -> tuple[pl.Series, pl.Series]:
    """Pairs of made sentences whose words translate each other one by one, with the same number."""
    random = np.random.default_rng(first)
    source, target = [], []
    for n in range(size):
        chosen = random.integers(0, len(WORDS), int(random.integers(5, 15)))
        source.append(" ".join(f"{WORDS[k][::-1]}x" for k in chosen) + f" {n}.")
        target.append(" ".join(WORDS[k] for k in chosen) + f" {n}.")
    return pl.Series(source), pl.Series(target)


@pytest.fixture(scope="module")
def rules() -> Rules:
    source, target = seed(400)
    return learn(texts(source), texts(target), CODES)


def reasons(rules: Rules, source: str, target: str) -> list[str]:
    mask = int(judge(rules, texts(pl.Series([source])), texts(pl.Series([target]))).masks[0])
    return [name for n, name in enumerate(rules.names) if mask >> n & 1]


def test_such_pairs_pass(rules: Rules) -> None:
    source, target = seed(300, 7)
    assert (judge(rules, texts(source), texts(target)).masks == 0).mean() >= 0.98
    assert rules.learnt["passed"] >= 0.993


def test_each_rule_says_its_reason(rules: Rules) -> None:
    source, target = "itmx irahabx abmuynx ubatikx umilawmx otmtx 12.", "mti bahari nyumba kitabu mwalimu mtoto 12."
    assert reasons(rules, source, target) == []
    assert reasons(rules, source, target.replace("12", "13")) == ["numbers_differ"]
    assert {"same", "copied"} <= set(reasons(rules, source, source))
    assert "empty" in reasons(rules, source, "…")
    assert "target_script" in reasons(rules, source, "дерево море дом книга учитель ребёнок 12.")
    assert "length_units" in reasons(rules, source, " ".join([target] * 6))
    assert "target_mojibake" in reasons(rules, source, target.replace("mti", "Ã©Ã¡"))
    assert "ending" in reasons(rules, source, target[:-1] + "?")
    assert "markup" in reasons(rules, source, "<b>" + target)


def test_rules_in_a_file_are_the_same(rules: Rules, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    rule_file.save(file, {"eng_Latn-swh_Latn": rules})
    held = rule_file.load(file)
    again, turned = rule_file.of_pair(held, CODES[::-1])  # type: ignore[misc]
    source, target = seed(100, 3)
    assert turned and again.bounds[0] == rules.bounds[0]
    one, other = (judge(each, texts(source), texts(target)).masks for each in (rules, again))
    assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "x"}, "no rules of pairs"),
        ({"version": 9}, "version 9"),
        ({"pairs": {"a-b": {"languages": ["a", "b"], "rules": {"r": {"signal": "copyed", "high": 1}}}}}, "copied"),
        ({"pairs": {"a-b": {"languages": ["a", "b"], "rules": {"r": {"signal": "copied"}}}}}, "no bound"),
        ({"pairs": {"a-b": {"languages": ["a"], "rules": {}}}}, "not as rules are"),
    ],
)
def test_a_file_that_is_wrong_is_said_to_be(
    rules: Rules, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    file = tmp_path / "rules.json"
    rule_file.save(file, {"eng_Latn-swh_Latn": rules})
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(WeftError, match=message):
        rule_file.load(file)


def test_too_few_pairs_teach_nothing() -> None:
    source, target = seed(99)
    with pytest.raises(WeftError, match="expected 100 or more"):
        learn(texts(source), texts(target), CODES)


def test_every_rule_has_its_own_name_and_profiles_are_known() -> None:
    names = [rule.name for rule in LEARNT] + [bound.name for bound in FIXED]
    assert len(set(names)) == len(names) <= 60
    for name, bounds in PROFILES.items():
        assert len({bound.name for bound in bounds}) == len(bounds)
        assert profile(name).bounds == bounds
    with pytest.raises(WeftError, match="opusfilter"):
        profile("opusfiltr")


def test_opusfilters_defaults_refuse_good_thai_and_learnt_rules_do_not_ask_for_spaces() -> None:
    thai = "วันนี้อากาศดีมากฉันไปตลาดกับแม่และซื้อผลไม้หลายอย่างกลับบ้าน"
    english = "The weather is good today; I went to the market with mother and bought many fruits."
    assert {"LengthRatioFilter", "target_LongWordFilter"} <= set(reasons(profile("opusfilter"), english, thai))
