"""What trusted pairs teach: which form of the gate of numbers, which words translate each other, how long a text is."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.synthesize.gates.invented import FIRST, SECOND, pairs

from weft.synthesize.gates import learning, linking
from weft.synthesize.gates.endings import FOLDS
from weft.synthesize.gates.pieces import sized
from weft.synthesize.gates.settings import GateSettings

SETTINGS = GateSettings(fewest=50)


def framed(rows: list[tuple[str, str]], language: str = SECOND, other: str = FIRST) -> pl.DataFrame:
    """Texts beside their sources, as a calibration has them; the fold is that of the row."""
    made = pl.DataFrame(rows, ["of", "text"], orient="row").with_row_index("order")
    names = {"language": language, "other": other, "of_language": other}
    held = made.with_columns(**{name: pl.lit(value) for name, value in names.items()})
    return sized(held.with_columns(link_fold=(pl.col("order") % FOLDS).cast(pl.Int8)))


def forms(rows: list[tuple[str, str]]) -> set[str]:
    """The measures of numbers that are held to a band."""
    frame = framed(rows)
    bands = learning.of_pairs(frame, learning.lengths(frame, SETTINGS), learning.links(frame, SETTINGS), SETTINGS)
    return set(pl.concat(bands).filter(pl.col("gate") == "numbers")["measure"]) - {"kept"}


def numbered(share: float, change: str, count: int = 200) -> list[tuple[str, str]]:
    """Pairs with a number, of which a share has it in another way."""
    rows = [(f"{of} 47 {of[:3]}", f"{text} {{}} {text[:3]}") for of, text in pairs(count, 5)]
    return [(of, text.format(change if n < share * count else "47")) for n, (of, text) in enumerate(rows)]


@pytest.mark.parametrize(
    ("share", "change", "chosen"),
    [
        (0.0, "", {"any"}),
        (0.1, "wex", {"added"}),  # left out
        (0.1, "47 (47)", {"new", "both"}),  # written twice, as names in two scripts
        (0.1, "47 (8)", {"both"}),
        (0.1, "4 7", {"digits"}),
        (0.1, "58", {"linked"}),
        (0.6, "58", set()),  # with other numbers in most texts: digits may be letters
    ],
)
def test_the_strictest_form_that_trusted_pairs_keep_is_judged(share: float, change: str, chosen: set[str]) -> None:
    assert forms(numbered(share, change)) == chosen


def test_a_number_that_is_written_twice_may_not_be_another_one() -> None:
    from weft.synthesize.gates.sides import signals

    found = signals(framed([("gat 47", "47 (47)"), ("gat 47", "47 (48)"), ("gat 47", "48")]))
    assert found["new"].to_list() == [0, 1, 1]
    assert found["both"].to_list() == [0, 0, 1]


def test_where_pairs_are_out_of_step_a_number_is_judged_by_what_else_is_translated() -> None:
    good, strange = pairs(800, 6), pairs(80, 7)
    # Beside each strange source stands the translation of the next one.
    astray = [(of, text) for (of, _), (_, text) in zip(strange, strange[1:] + strange[:1], strict=True)]
    frame = framed(good + astray)
    links = learning.links(frame, SETTINGS)
    bands = pl.concat(learning.of_pairs(frame, learning.lengths(frame, SETTINGS), links, SETTINGS))
    bound = bands.filter(pl.col("measure") == "linked")["high"].unique()
    assert len(bound) == 1
    changed = [(of, text.replace("1", "3")) for of, text in pairs(200, 8) if "1" in text]
    score = linking.mutual(framed(changed), links.whole)
    assert (score > bound[0]).mean() > 0.85
    more = pairs(100, 9)
    apart = framed([(of, text) for (of, _), (_, text) in zip(more, more[1:] + more[:1], strict=True)])
    # Of these a hundredth of all trusted pairs may be refused, a fifth of those with other numbers.
    assert (linking.mutual(apart, links.whole) > bound[0]).mean() < 0.4


def test_a_lexicon_says_how_long_a_translation_is_in_both_directions() -> None:
    rows = pairs(200, 10)
    frame = framed(rows)
    held = linking.fit(frame, [linking.key_of(FIRST, SECOND)])
    at = linking.INPUTS.index("expected")
    whole = linking.inputs(frame, held)
    halves = framed([(of, text[: len(text) // 2]) for of, text in rows])
    cut = linking.inputs(halves, held)
    assert abs(np.median(whole[:, at])) < 0.05 and np.median(cut[:, at]) < -0.5
    assert (cut[:, at + 1] > whole[:, at + 1]).mean() > 0.95
    assert np.median(cut[:, at + 2]) > 0.5 > abs(np.median(whole[:, at + 2]))
    turned = linking.inputs(framed([(text, of) for of, text in rows], FIRST, SECOND), held)
    assert turned[:, at] == pytest.approx(whole[:, at + 2]) and turned[:, at + 2] == pytest.approx(whole[:, at])
    assert not linking.inputs(frame, {}).any()


def test_both_directions_of_a_pair_are_unseen_by_the_lexicon_that_judges_them() -> None:
    rows = pairs(120, 11)
    both = pl.concat([framed(rows), framed([(text, of) for of, text in rows], FIRST, SECOND)])
    links = learning.links(both, SETTINGS)
    for number, held in enumerate(links.folds):
        apart = linking.fit(framed(rows).filter(pl.col("link_fold") != number), links.keys)
        assert linking.to_arrays(held)[1].keys() == linking.to_arrays(apart)[1].keys()
        fold = both.filter(pl.col("link_fold") == number)
        assert links.unseen(fold) == pytest.approx(linking.inputs(fold, held))
    seen = links.unseen(both)
    assert not np.array_equal(seen, linking.inputs(both, links.whole))


def test_endings_cost_more_where_cut_texts_are_hard_to_see(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [text.rstrip(".?") for _, text in pairs(300, 12)]
    texts = {FIRST: [text + "." for text in rows], SECOND: rows}
    plain = pl.concat([pl.DataFrame({"language": language, "text": held}) for language, held in texts.items()])
    plain = sized(plain.with_row_index("order").with_columns(fold=(pl.col("order") % FOLDS).cast(pl.Int8)))
    shares, usual = {}, learning.learn

    def heard(frame: pl.DataFrame, gate: str, stated: Any, *rest: Any) -> pl.DataFrame:
        shares[frame["language"][0]] = stated["cut"].high
        return usual(frame, gate, stated, *rest)

    monkeypatch.setattr(learning, "learn", heard)
    none = framed(pairs(1, 13)).clear()
    found = learning.ends(plain, none, pl.DataFrame(), learning.links(none, SETTINGS), SETTINGS)
    stated = SETTINGS.loss.ending
    assert shares == {FIRST: stated, SECOND: pytest.approx(1.5 * stated)}
    assert set(found.bands[0]["language"]) == {FIRST, SECOND}
