"""What is machine-made stays below its shares, whatever the order of the records."""

from __future__ import annotations

import hashlib
import random
from fractions import Fraction

import polars as pl
import pytest
from pydantic import ValidationError

from weft.synthesize.balance import REASONS, BalanceSettings, balance, together


def _records(*held: tuple[str | None, str | None, int], size: int = 10) -> pl.DataFrame:
    """Records of languages and skills: (language, skill, how many)."""
    rows = [
        (hashlib.blake2b(f"{language}{skill}{n}".encode(), digest_size=16).hexdigest(), language, skill, size)
        for language, skill, count in held
        for n in range(count)
    ]
    return pl.DataFrame(rows, ["id", "language", "skill", "characters"], orient="row")


def _kept(records: pl.DataFrame, told: pl.DataFrame, *by: str) -> dict:
    both = records.with_columns(told["kept"]).filter("kept").group_by(by).agg(pl.col("characters").sum())
    return {row[0] if len(by) == 1 else row[:-1]: row[-1] for row in both.iter_rows()}


def test_nothing_is_left_out_where_nothing_is_limited():
    told = balance(_records(("swh_Latn", "noise", 5), (None, None, 2)), {}, BalanceSettings())
    assert told["kept"].all() and told["reason"].null_count() == 7


def test_a_language_keeps_its_share_beside_human_text():
    records = _records(("swh_Latn", "noise", 500), ("amh_Ethi", "noise", 500), ("hau_Latn", "noise", 50))
    settings = BalanceSettings(largest_share=0.2, largest_share_of={"amh_Ethi": 0.5})
    told = balance(records, {"swh_Latn": 4000, "amh_Ethi": 1000}, settings)
    # 20 % of all text is a quarter of the human text; half of it is as much as that.
    assert _kept(records, told, "language") == {"swh_Latn": 1000, "amh_Ethi": 1000}
    assert set(told["reason"].drop_nulls()) == {"share_of_language", "no_human_text"}
    left = records.with_columns(told["reason"]).filter(pl.col("language") == "hau_Latn")
    assert set(left["reason"]) == {"no_human_text"} and set(told["reason"].drop_nulls()) <= set(REASONS)


def test_the_tighter_of_share_and_ratio_counts():
    records = _records(("swh_Latn", "noise", 500))
    tight = balance(records, {"swh_Latn": 1000}, BalanceSettings(largest_share=0.9, per_human=0.5))
    assert _kept(records, tight, "language") == {"swh_Latn": 500}


def test_skills_keep_their_shares_of_what_stays():
    records = _records(("swh_Latn", "noise", 900), ("swh_Latn", "translation", 60), ("swh_Latn", "answer", 40))
    told = balance(records, {}, BalanceSettings(skills={"noise": 0.25}))
    kept = _kept(records, told, "skill")
    # Of 1000 words that are not noise, noise may be a third: a quarter of all.
    assert kept == {"noise": 330, "translation": 600, "answer": 400}
    assert set(told["reason"].drop_nulls()) == {"share_of_skill"}
    both = balance(records, {"swh_Latn": 400}, BalanceSettings(skills={"noise": 0.25}, per_human=1))
    kept = _kept(records, both, "skill")
    assert sum(kept.values()) == 400 and kept["noise"] <= 100


def test_shares_that_cannot_make_a_whole_leave_nothing():
    records = _records(("swh_Latn", "noise", 9), ("swh_Latn", "translation", 9))
    assert not balance(records, {}, BalanceSettings(skills={"*": 0.3})).get_column("kept").any()


@pytest.mark.parametrize("seed", range(40))
def test_the_largest_total_is_found(seed: int):
    rng = random.Random(seed)
    amounts = [rng.randrange(0, 500) for _ in range(rng.randrange(1, 6))]
    shares = [Fraction(rng.randrange(1, 11), 10) for _ in amounts]
    total = together(amounts, shares)

    def reached(t: Fraction) -> Fraction:
        return sum((min(Fraction(a), s * t) for a, s in zip(amounts, shares, strict=True)), Fraction(0))

    assert reached(total) == total
    # Above it the parts fall short, at every larger total.
    assert all(reached(t) < t for t in (total + Fraction(1, 1000), total + 1, total * 2 + 7, Fraction(10_000)))


def test_what_stays_is_drawn_by_id_and_not_by_order():
    records = _records(("swh_Latn", "noise", 300), ("swh_Latn", "answer", 300))
    settings = BalanceSettings(largest_share=0.5, skills={"noise": 0.4}, seed=3)
    whole = balance(records, {"swh_Latn": 2000}, settings)
    mixed = records.sample(fraction=1, shuffle=True, seed=1)
    assert balance(mixed, {"swh_Latn": 2000}, settings).sort("id").equals(whole.sort("id"))
    assert whole["id"].equals(records["id"])
    other = balance(records, {"swh_Latn": 2000}, BalanceSettings(**settings.model_dump() | {"seed": 4}))
    assert not other["kept"].equals(whole["kept"])
    # The draw is not by skill, place or length: kept records are spread over the whole table.
    places = whole.with_row_index().filter("kept")["index"].to_list()
    assert min(places) < 60 and max(places) > 540


def test_amounts_are_counted_in_the_unit_that_is_set():
    records = _records(("swh_Latn", "noise", 100)).to_arrow()
    assert balance(records, {"swh_Latn": 30}, BalanceSettings(per_human=1, unit="records"))["kept"].sum() == 30
    assert balance(records, {"swh_Latn": 30}, BalanceSettings(per_human=1))["kept"].sum() == 3


def test_an_empty_table_has_no_records():
    assert balance(_records(), {}, BalanceSettings(per_human=1)).height == 0


@pytest.mark.parametrize("wrong", [{"largest_share": 1}, {"per_human": 0}, {"unit": "letters"}, {"share": 0.5},
                                   {"skills": {"noise": 1.5}}, {"largest_share_of": {"swh_Latn": 0}}])  # fmt: skip
def test_settings_that_mean_nothing_are_refused(wrong: dict):
    with pytest.raises(ValidationError):
        BalanceSettings(**wrong)
