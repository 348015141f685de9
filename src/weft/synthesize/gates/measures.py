"""What each gate measures of the parts that it judges, and the bands that these are held against."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import polars as pl

from weft.synthesize.gates import endings, learning, linking, sides, tongues
from weft.synthesize.gates.bands import BANDS
from weft.synthesize.gates.calibration import Calibration
from weft.synthesize.gates.pieces import AS_TRANSLATION, SAME_SHAPE
from weft.synthesize.gates.settings import GateSettings
from weft.text.buffers import string_buffers

_LOOSE = {"noise": "looser", "other_script": "looser", "code_switch": "matrix"}
"""Relations whose text is not quite of its language, and by which measure it is judged instead of `margin`."""
_LOWEST = {"looser": -2.0, "matrix": 0.0}
"""Of these, by how much the language must be likelier than any other, as a logarithm."""


class Measured(NamedTuple):
    """`frame` has row, part, language, other, size and a column for each of `names`; `bands` are BANDS.

    `why` is what an unjudged part is told; `silent`: such parts get no verdict at all.
    """

    frame: pl.DataFrame
    names: tuple[str, ...]
    bands: pl.DataFrame
    why: str
    silent: bool = False


def _alone(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(other=pl.lit(""), language=pl.col("language").fill_null(""))


def _beside(frame: pl.DataFrame) -> pl.DataFrame:
    own = pl.col("relation").is_in(AS_TRANSLATION) & pl.col("of_language").is_not_null()
    return frame.with_columns(
        other=pl.when(own).then("of_language").otherwise(pl.lit("")), language=pl.col("language").fill_null("")
    )


def _stated(
    frame: pl.DataFrame, held: pl.DataFrame, gate: str, measure: str, low: float | None, high: float | None
) -> pl.DataFrame:
    """A band that is stated, for the pairs of languages in `frame` that `held` has none of that measure for."""
    key = ("language", "other", "size")
    known = held.filter((pl.col("gate") == gate) & (pl.col("measure") == measure))
    missing = frame.select(*key).unique(maintain_order=True).join(known, on=key, how="anti")
    made = {"gate": pl.lit(gate), "measure": pl.lit(measure), "low": pl.lit(low), "high": pl.lit(high)}
    return missing.with_columns(texts=pl.lit(0), **made).select(pl.col(name).cast(kind) for name, kind in BANDS.items())


def script(frame: pl.DataFrame, calibration: Calibration, settings: GateSettings) -> Measured:
    """Share of letters in the script of the language: as in trusted text, elsewhere `script_share`."""
    made = _alone(frame)
    made = made.with_columns(tongues.script_shares(made))
    stated = _stated(made, calibration.bands, "script", "share", settings.script_share, None)
    return Measured(made, ("share",), pl.concat([calibration.bands, stated]), "no letters")


def language(frame: pl.DataFrame, calibration: Calibration, settings: GateSettings) -> Measured:
    """How much likelier than others the language is, by the identifier and by trusted texts."""
    made = _alone(frame)
    model = tongues.identifier()
    rivals = tongues.competing(model, settings.confusable, sorted(calibration.texts))
    rivals = {name: each for name, each in rivals.items() if tongues.group(name) in calibration.contrasts}
    made = made.with_columns(
        tongues.contrasted(calibration.contrasts, rivals, made),
        *tongues.identified(model, made, settings.confusable).get_columns(),
    )
    made = made.join(calibration.answers, on=["language", "answer"], how="left", maintain_order="left")
    asked = (
        pl.col("margin").is_null()
        & (pl.col("answer") != "")
        & pl.col("language").is_in(calibration.answers["language"].unique().to_list())
    )
    short = pl.col("text").str.len_chars() < settings.shortest
    form = pl.col("relation").replace_strict(_LOOSE, default="margin", return_dtype=pl.String)
    loose = {name: pl.when(form == name).then("margin") for name in _LOWEST}
    made = made.with_columns(
        usual=pl.when(asked).then(pl.col("usual").fill_null(0.0)), sure=pl.when(asked).then("sure"), **loose
    ).with_columns(pl.when(form == "margin").then(pl.col(name)).alias(name) for name in ("margin", "contrast"))
    names = ("margin", "contrast", "usual", "sure", *_LOWEST)
    made = made.with_columns(pl.when(short).then(None).otherwise(pl.col(name)).alias(name) for name in names)
    stated = [_stated(made, calibration.bands, "language", name, low, None) for name, low in _LOWEST.items()]
    why = "too short, or no trusted text of the language"
    return Measured(made, names, pl.concat([calibration.bands, *stated]), why)


def length(frame: pl.DataFrame, calibration: Calibration, settings: GateSettings) -> Measured:
    """Length to that of the source: as trusted translations have it, elsewhere within `wide_ratio`."""
    some = frame.filter(pl.col("relation").is_in(SAME_SHAPE) & pl.col("of").is_not_null())
    made = _beside(learning.with_z(some, calibration.lengths))
    made = made.with_columns(wide=pl.when(pl.col("z").is_null()).then("ratio"))
    low, high = (math.log(each) for each in settings.wide_ratio)
    stated = _stated(made, calibration.bands, "length", "wide", low, high)
    return Measured(made, ("z", "wide"), pl.concat([calibration.bands, stated]), "empty", True)


def ending(frame: pl.DataFrame, calibration: Calibration, settings: GateSettings) -> Measured:
    """How much a text looks as if it was cut off, beside its source where it is of the same shape."""
    some = frame.filter(pl.col("relation").is_in(SAME_SHAPE) & pl.col("of").is_not_null())
    made = _beside(learning.with_z(some, calibration.lengths)).with_columns(other=pl.lit(""))
    score = np.full((made.height, len(learning.CUT)), np.nan)
    language = made["language"].to_numpy()
    # By the first measure that there are weights for: with a lexicon, beside the source, alone.
    beside = made["relation"].is_in(AS_TRANSLATION).to_numpy()
    fits = (linking.known(made, calibration.lexicons).to_numpy() & beside, beside, np.ones(made.height, np.bool_))
    done = np.zeros(made.height, np.bool_)
    for place, (measure, suits) in enumerate(zip(learning.CUT, fits, strict=True)):
        for name in sorted(set(language.tolist())):
            weights = calibration.endings.get(f"{measure}|{name}")
            rows = np.flatnonzero((language == name) & suits & ~done)
            if weights is not None and len(rows):
                own = made[rows]
                seen = learning.cut_inputs(own, measure, calibration.tails, calibration.lexicons)
                score[rows, place] = endings.score(seen, weights)
                done[rows] = True
    made = made.with_columns(pl.Series(name, score[:, n]).fill_nan(None) for n, name in enumerate(learning.CUT))
    return Measured(made, learning.CUT, calibration.bands, "no trusted text of the language")


def repetition(frame: pl.DataFrame, calibration: Calibration, settings: GateSettings) -> Measured:
    """Repetitions: the commonest 10-gram, 10-grams that stood before, a loop at the end."""
    from weft.text.made import MOST, REPETITION
    from weft.text.made import repetition as measure

    made = _alone(frame)
    texts = made["text"].str.tail(MOST)  # a loop is where a text ends
    found = measure(string_buffers(texts.to_arrow()))
    made = made.with_columns(pl.Series(name, found[:, n]) for n, name in enumerate(REPETITION))
    stated = [_stated(made, calibration.bands, "repetition", name, None, high) for name, high in _REPEATED.items()]
    return Measured(made, tuple(_REPEATED), pl.concat([calibration.bands, *stated]), "")


_REPEATED = {"commonest": 0.4, "repeated": 0.4, "tail": 20.0}
"""Measures of repetition, and the bounds where no text of the language is trusted."""


def copy(frame: pl.DataFrame, calibration: Calibration, settings: GateSettings) -> Measured:
    """How much of a translation is its source."""
    some = _beside(frame.filter(pl.col("relation").is_in(AS_TRANSLATION) & pl.col("of").is_not_null()))
    made = some.with_columns(sides.copied(some, sides.signals(some)["shared"]))
    stated = _stated(made, calibration.bands, "copy", "copied", None, _COPIED)
    return Measured(made, ("copied",), pl.concat([calibration.bands, stated]), "", True)


_COPIED = 0.6
"""Of the smaller of chrF and shared words, where no pairs of the languages are trusted."""


def numbers(frame: pl.DataFrame, calibration: Calibration, settings: GateSettings) -> Measured:
    """Numbers, addresses, placeholders, tags and code that only one side has."""
    some = _beside(frame.filter(pl.col("relation").is_in(SAME_SHAPE) & pl.col("of").is_not_null()))
    made = some.with_columns(*sides.signals(some).get_columns(), sides.kept(some))
    made = made.with_columns(_linked(made, calibration))
    # Where pairs are trusted, what they do not keep is not judged; else the mildest form.
    learnt = calibration.lengths.select("language", "other").unique()
    rest = made.join(learnt, on=["language", "other"], how="anti")
    stated = [_stated(rest, calibration.bands, "numbers", name, None, 0.0) for name in ("both", "kept")]
    names = (*learning.NUMBERS, "kept")
    why = "trusted translations do not keep numbers"
    return Measured(made, names, pl.concat([calibration.bands, *stated]), why)


def _linked(frame: pl.DataFrame, calibration: Calibration) -> pl.Series:
    """`linked` of the pairs of languages that have a band of it."""
    held = calibration.bands.filter((pl.col("gate") == "numbers") & (pl.col("measure") == "linked"))
    asked = frame.with_row_index("at").join(held.select("language", "other").unique(), on=["language", "other"])
    at, mutual = asked["at"].to_numpy(), np.full(frame.height, np.nan)
    mutual[at] = linking.mutual(frame[at], calibration.lexicons)
    return sides.linked(frame["both"], mutual)


def lexical(frame: pl.DataFrame, calibration: Calibration, settings: GateSettings) -> Measured:
    """Shares of 4-grams and words that trusted text has."""
    some = _alone(frame.filter(pl.col("relation").is_in(_WHOLE)))
    short = pl.col("text").str.len_chars() < settings.shortest
    made = some.with_columns(*tongues.covered(calibration.words, some).get_columns())
    made = made.with_columns(pl.when(short).then(None).otherwise(pl.col(n)).alias(n) for n in ("grams", "words"))
    return Measured(made, ("grams", "words"), calibration.bands, "too short, or no trusted text of the language")


_WHOLE = ("translation", "back_translation", "paraphrase", "instruction", "answer", "dialogue")
"""Relations whose words should be those of the language: not those that are misspelt or switched on purpose."""


def near_source(frame: pl.DataFrame, calibration: Calibration, settings: GateSettings) -> Measured:
    """Similarity to the source of what should be other words."""
    kinds = (*AS_TRANSLATION, "paraphrase", "instruction", "answer", "dialogue")
    made = _alone(frame.filter(pl.col("relation").is_in(kinds) & pl.col("of").is_not_null()))
    made = made.with_columns(sides.similarity(made))
    high = float(np.nextafter(settings.near_source, 0))
    stated = _stated(made, calibration.bands, "near_source", "similarity", None, high)
    return Measured(made, ("similarity",), stated, "", True)
