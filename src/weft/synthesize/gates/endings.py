"""Whether a text was cut off: learnt from trusted texts and from the same texts cut at places that are drawn.

Marks that end sentences say most, where a language has them and its writers use them. Where not, the last characters
do: verbs, particles and suffixes that end sentences are rarer within them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.language.logistic import logistic
from weft.synthesize.gates.sides import signals
from weft.synthesize.gates.trusted import plain_order

ORDERS = (1, 2, 4)
"""Characters at the end that are looked at together."""
CUTS = 4
"""Cut copies of each trusted text."""
_FEWEST, _MOST = 0.2, 0.92
"""Shares of a text's characters between which it is cut."""
_ADDED = 0.5
FOLDS = 4
INPUTS = ("one", "last1", "last2", "last4", "lost_mark", "no_mark", "short", "long", "open")
"""What is weighed: the constant, log odds of the last characters, a mark at the end that the source has and the text
has not, no mark, how much shorter and longer than usual for its source in spreads (at most 6), brackets left open."""
_OPENING, _CLOSING = "([{«“「『（", ")]}»”」』）"
TAILS = {"language": pl.String, "order": pl.Int8, "tail": pl.String, "ends": pl.Int64, "cuts": pl.Int64}


def cut(frame: pl.DataFrame) -> pl.DataFrame:
    """Copies of texts (`text`, `order`) without their ends, CUTS of each, half of them at the end of a word.

    What is left has four characters or more; other columns are kept, and `text` is the cut one.
    """
    copies = pl.concat([frame.with_columns(copy=pl.lit(number, pl.Int32)) for number in range(CUTS)])
    drawn = plain_order(copies.select(pl.format("{}|{}|cut", "order", "copy").alias("key"))["key"])
    share = _FEWEST + (_MOST - _FEWEST) * (drawn >> np.uint64(11)).astype(np.float64) / 2.0**53
    size = (pl.col("text").str.len_chars() * pl.Series("share", share)).floor().cast(pl.Int64)
    at_word = pl.col("copy") % 4 != 3
    head = pl.col("text").str.head(size)
    whole = head.str.replace(r"\s+\S*$", "")
    made = copies.with_columns(pl.when(at_word).then(whole).otherwise(head).str.strip_chars_end().alias("text"))
    return made.filter(pl.col("text").str.len_chars() >= 4).drop("copy")


def count_tails(whole: pl.DataFrame, short: pl.DataFrame) -> pl.DataFrame:
    """TAILS: how often the last characters end trusted texts (`language`, `text`), and texts that were cut."""
    parts = []
    for frame, ends in ((whole, 1), (short, 0)):
        for order in ORDERS:
            tail = frame.select("language", tail=_tail(order)).group_by("language", "tail").len("n")
            counted = {"ends": pl.col("n") * ends, "cuts": pl.col("n") * (1 - ends), "order": pl.lit(order, pl.Int8)}
            parts.append(tail.with_columns(**counted).select(pl.col(name).cast(kind) for name, kind in TAILS.items()))
    key = ("language", "order", "tail")
    return pl.concat(parts).group_by(*key).agg(pl.col("ends").sum(), pl.col("cuts").sum()).sort(*key)


def _tail(order: int) -> pl.Expr:
    return pl.col("text").str.strip_chars_end().str.to_lowercase().str.tail(order)


def inputs(frame: pl.DataFrame, tails: pl.DataFrame, paired: bool) -> npt.NDArray[np.float64]:
    """(texts, INPUTS) of texts (`language`, `text`, `of`, `z`); `paired`: beside what they were made of.

    `z` is how much longer than usual a text is for its source, in spreads; null where that is not known.
    """
    held = [np.ones(frame.height)]
    total = tails.group_by("language", "order").agg(all_ends=pl.col("ends").sum(), all_cuts=pl.col("cuts").sum())
    odds = tails.join(total, on=["language", "order"]).select(
        "language",
        "order",
        "tail",
        odds=((pl.col("ends") + _ADDED) / (pl.col("all_ends") + 2 * _ADDED)).log()
        - ((pl.col("cuts") + _ADDED * CUTS) / (pl.col("all_cuts") + 2 * _ADDED * CUTS)).log(),
    )
    for order in ORDERS:
        own = odds.filter(pl.col("order") == order).drop("order")
        keys = frame.select("language", tail=_tail(order))
        found = keys.join(own, on=["language", "tail"], how="left", maintain_order="left")["odds"].fill_null(0.0)
        held.append(found.to_numpy().astype(np.float64))
    seen = signals(frame)
    mark = seen["mark"].to_numpy()
    lost = seen["of_mark"].to_numpy() & ~mark if paired else np.zeros(frame.height)
    z = frame["z"].fill_null(0.0).to_numpy().clip(-6, 6)
    opened = _open("text")
    left = (opened > _open("of")) if paired else opened > 0
    held += [lost, ~mark, np.maximum(-z, 0), np.maximum(z, 0), frame.select(left.alias("open"))["open"].to_numpy()]
    return np.stack([np.asarray(each, np.float64) for each in held], axis=1)


def _open(name: str) -> pl.Expr:
    """Brackets and quotation marks that are opened and not closed."""
    pairs = zip(_OPENING, _CLOSING, strict=True)
    text = pl.col(name).fill_null("")
    left = [
        text.str.count_matches(one, literal=True).cast(pl.Int64)
        - text.str.count_matches(other, literal=True).cast(pl.Int64)
        for one, other in pairs
    ]
    return pl.sum_horizontal(each.clip(0) for each in left)


def fit(whole: npt.NDArray[np.float64], short: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weights of the inputs: the larger their sum, the likelier a text was cut."""
    seen = np.concatenate([whole, short])
    target = np.concatenate([np.zeros(len(whole)), np.ones(len(short))])
    weight = np.where(target > 0, 0.5 / max(len(short), 1), 0.5 / max(len(whole), 1))
    found = logistic(seen, target, weight, penalty=1e-4)
    # Libraries of linear algebra differ in the last digits.
    return np.array([round(float(each), 6) for each in found], np.float64)


def score(seen: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The weighted sum of the inputs of each text, in one order whatever else is in the batch."""
    made = np.zeros(len(seen))
    for column, weight in zip(seen.T, weights.tolist(), strict=True):
        made += column * weight
    return made
