"""The lessons of a calibration: what trusted plain texts and trusted pairs teach each gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.synthesize.gates import endings, linking, sides, tongues
from weft.synthesize.gates.bands import BANDS, Share, bound, fixed, for_all_sizes, learn
from weft.synthesize.gates.pieces import SIZES, sized
from weft.synthesize.gates.settings import GateSettings
from weft.synthesize.gates.trusted import plain_order
from weft.text.buffers import string_buffers

_PIECES = (16, 32)
"""Characters of a piece of each trusted text that is looked at beside the text: what is judged may be that short."""
_PIECE_SIZES = 3
"""Classes of size, from the least, whose bands pieces teach where there are not enough texts of that size."""
_OF_PIECES = 3.0
"""Times the share of pieces that lie outside a band: short texts say little, and few are as short."""
FORMS: tuple[tuple[str, ...], ...] = (("any",), ("added",), ("new", "both"), ("new",), ("both",), ("digits",))
"""Forms of the gate of numbers, the strictest first: none of these measures may be above 0."""
NUMBERS = ("any", "added", "new", "both", "digits", "linked")
_IN_SCRIPT = 0.25
"""Share of letters in the script of its language that a text must have, whatever some trusted texts have."""
_AGAINST = 1.5
"""Times the share of trusted texts that are lost at most where another language is likelier for them."""
_MILDEST = 1.5
"""Times the loss that the last form may cost; behind it `linked` is judged."""
_LETTERS = 0.5
"""Share of texts with numbers of their own from which digits are no numbers: in old fonts some are letters."""
_SEEN, _UNMARKED = 0.95, 1.5
"""Share of the cut copies of trusted texts that are to be seen; where they are not, times the loss of endings."""
COPY_FROM = 0.4
"""Below it a translation is no copy, however little trusted translations share with their sources."""


class Tongues(NamedTuple):
    """What plain texts teach of their languages."""

    bands: list[pl.DataFrame]
    answers: pl.DataFrame
    contrasts: dict[str, tongues.Contrast]
    words: dict[str, tongues.Words]


def _with_pieces(plain: pl.DataFrame) -> pl.DataFrame:
    """The texts, and a piece of each longer one, cut at words where there are spaces."""
    drawn = plain_order(plain.select(pl.format("{}|piece", "order").alias("key"))["key"])
    least = pl.Series("least", np.array(_PIECES)[(drawn % np.uint64(len(_PIECES))).astype(np.int64)])
    text = pl.col("text")
    cut = plain.with_columns(least).filter(text.str.len_chars() > 2 * pl.col("least"))
    head, tail = text.str.head(pl.col("least")), text.str.tail(pl.col("least"))
    pieces = cut.with_columns(pl.when(pl.col("order") % 8 < 4).then(head).otherwise(tail).alias("text"))
    both = [plain.with_columns(piece=pl.lit(False)), pieces.select(plain.columns).with_columns(piece=pl.lit(True))]
    return sized(pl.concat(both).drop("size"))


def _learn(frame: pl.DataFrame, gate: str, shares: dict[str, Share], fewest: int) -> pl.DataFrame:
    """Bands of texts; of short ones from pieces, where fewer than `fewest` trusted texts of a language are as short."""
    whole, pieces = frame.filter(~pl.col("piece")), frame.filter(pl.col("piece"))
    more = {name: Share(*(each and _OF_PIECES * each for each in share)) for name, share in shares.items()}
    bands = learn(whole, gate, shares, fewest)
    short = learn(pieces, gate, more, fewest).filter(pl.col("size") < _PIECE_SIZES)
    few = whole.group_by("language", "size").len("n").filter(pl.col("n") >= fewest).select("language", "size")
    short = short.join(few, on=["language", "size"], how="anti")
    rest = bands.join(short, on=["measure", "language", "size"], how="anti")
    return pl.concat([rest, short])


def of_tongues(plain: pl.DataFrame, settings: GateSettings) -> Tongues:
    """Bands of script, language and words, and the models behind them."""
    model = tongues.identifier()
    languages = plain["language"].unique().sort().to_list()
    rivals = tongues.competing(model, settings.confusable, languages)
    contrasts, words, parts = {}, {}, []
    scripts: dict[str, list[str]] = {}
    for name in languages:
        scripts.setdefault(tongues.group(name), []).append(name)
    for script, names in scripts.items():
        compared = [name for name in names if name in rivals]
        if compared:
            involved = tuple(sorted({*compared, *(each for name in compared for each in rivals[name])}))
            contrasts[script] = tongues.fit_contrast(plain.filter(pl.col("language").is_in(involved)), involved)
    for name in languages:
        words[name] = tongues.fit_words(plain.filter(pl.col("language") == name)["text"])
    for fold in range(endings.FOLDS):
        seen = plain.filter(pl.col("fold") != fold)
        unseen = _with_pieces(plain.filter(pl.col("fold") == fold))
        held = {
            script: tongues.fit_contrast(seen.filter(pl.col("language").is_in(each.labels)), each.labels)
            for script, each in contrasts.items()
        }
        known = {name: tongues.fit_words(seen.filter(pl.col("language") == name)["text"]) for name in languages}
        parts.append(
            unseen.with_columns(tongues.contrasted(held, rivals, unseen), *tongues.covered(known, unseen).get_columns())
        )
    frame = pl.concat(parts)
    frame = frame.with_columns(
        tongues.script_shares(frame), *tongues.identified(model, frame, settings.confusable).get_columns()
    )
    return _tongue_bands(frame, contrasts, words, settings)


def _raised(bands: pl.DataFrame, wider: pl.DataFrame) -> pl.DataFrame:
    """Bands of `margin` below 0 raised to those of a larger share, but not above 0."""
    key = ["gate", "measure", "language", "other", "size"]
    held = bands.join(wider.select(*key, more="low"), on=key, how="left", maintain_order="left")
    low = pl.when(pl.col("low") < 0).then(pl.min_horizontal(pl.max_horizontal("low", "more"), 0.0)).otherwise("low")
    return held.with_columns(pl.when(pl.col("more").is_null()).then("low").otherwise(low).alias("low")).drop("more")


def _tongue_bands(
    frame: pl.DataFrame, contrasts: dict[str, tongues.Contrast], words: dict[str, tongues.Words], settings: GateSettings
) -> Tongues:
    loss, fewest = settings.loss, settings.fewest
    script = _learn(frame, "script", {"share": Share(loss.script)}, fewest)
    script = script.with_columns(pl.col("low").clip(_IN_SCRIPT, max(settings.script_share, _IN_SCRIPT)))
    strange = frame.filter(pl.col("margin").is_null() & (pl.col("answer") != ""))
    total = strange.group_by("language").len("total")
    answers = (
        strange.group_by("language", "answer")
        .len("n")
        .join(total, on="language")
        .select("language", "answer", usual=pl.col("n") / pl.col("total"))
        .sort("language", "answer")
    )
    strange = strange.join(answers, on=["language", "answer"], maintain_order="left")
    # Where the identifier knows a language, contrast is only with those that it mixes it up with.
    both = {"margin": Share(0.6 * loss.language), "contrast": Share(0.4 * loss.language)}
    alone = {"usual": Share(0.2 * loss.language), "sure": Share(None, 0.2 * loss.language)}
    told = _learn(frame, "language", both, fewest)
    wider = {"margin": Share(_AGAINST * 0.6 * loss.language)}
    told = _raised(told, _learn(frame, "language", wider, fewest))
    bands = [
        script,
        told,
        _learn(strange, "language", alone, fewest),
        _learn(frame, "lexical", {"grams": Share(0.5 * loss.lexical), "words": Share(0.5 * loss.lexical)}, fewest),
    ]
    return Tongues(bands, answers, contrasts, words)


def lengths(pairs: pl.DataFrame, settings: GateSettings) -> pl.DataFrame:
    """LENGTHS of the pairs of languages with enough trusted pairs."""
    frame = of_sized(pairs).with_columns(ratio=sides.log_ratio()).drop_nulls("ratio")
    rows: list[dict[str, Any]] = []
    for (language, other), own in frame.sort("language", "other").group_by("language", "other", maintain_order=True):
        if own.height < settings.fewest:
            continue
        bands = learn(own.with_columns(size="of_size"), "length", {"ratio": Share(0.5)}, settings.fewest)
        for size in range(len(SIZES) + 1):
            at = bands.filter(pl.col("size") == size)
            middle = float(at["low"][0])
            near = own.filter(pl.col("of_size") == size)["ratio"].to_numpy()
            near = near if len(near) >= 30 else own["ratio"].to_numpy()
            spread = max(1.4826 * float(np.median(np.abs(near - np.median(near)))), 0.02)
            rows.append({"language": language, "other": other, "of_size": size, "middle": middle, "spread": spread})
    kinds = {"language": pl.String, "other": pl.String, "of_size": pl.Int8, "middle": pl.Float64, "spread": pl.Float64}
    return pl.DataFrame(rows, kinds)


def of_sized(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with `of`, and the class of its size as `of_size`."""
    of = sized(frame.select(text=pl.col("of")))["size"]
    return frame.with_columns(of.alias("of_size"))


def with_z(frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """A frame (`language`, `text`, `of`, `of_language`) with `ratio`, and `z`: the ratio in spreads from the usual."""
    made = of_sized(frame).with_columns(ratio=sides.log_ratio(), other=pl.col("of_language").fill_null(""))
    held = made.join(known, on=["language", "other", "of_size"], how="left", maintain_order="left")
    return held.with_columns(z=(pl.col("ratio") - pl.col("middle")) / pl.col("spread")).drop("middle", "spread")


def shapes(plain: pl.DataFrame, settings: GateSettings) -> list[pl.DataFrame]:
    """Bands of repetition."""
    from weft.text.made import REPETITION, repetition

    found = repetition(string_buffers(plain["text"].to_arrow()))
    frame = plain.with_columns(pl.Series(name, found[:, n]) for n, name in enumerate(REPETITION))
    share = Share(None, settings.loss.repetition / 3)
    return [learn(frame, "repetition", {name: share for name in REPETITION[:3]}, settings.fewest)]


class Links(NamedTuple):
    """Lexicons of the pairs of languages `keys`: of all trusted pairs, and of those outside each `link_fold`."""

    keys: list[linking.Key]
    whole: dict[linking.Key, linking.Linked]
    folds: list[dict[linking.Key, linking.Linked]]

    def unseen(self, frame: pl.DataFrame) -> npt.NDArray[np.float64]:
        """(texts, linking.INPUTS) of texts with `link_fold` by the lexicons that have not seen them."""
        made = np.zeros((frame.height, len(linking.INPUTS)))
        for number, rows in _folds(frame["link_fold"]):
            made[rows] = linking.inputs(frame[rows], self.folds[number])
        return made


def links(pairs: pl.DataFrame, settings: GateSettings) -> Links:
    """Lexicons of the pairs of languages with most trusted pairs, `settings.lexicons` of them."""
    counts = pairs.group_by("language", "other").len("n").filter(pl.col("n") >= settings.fewest)
    best: dict[linking.Key, int] = {}
    for one, other, size in counts.sort("language", "other").iter_rows():
        key = linking.key_of(one, other)
        best[key] = max(size, best.get(key, 0))
    keys = sorted(sorted(best, key=lambda key: (-best[key], key))[: settings.lexicons])
    seen = [pairs.filter(pl.col("link_fold") != number) for number in range(endings.FOLDS)]
    return Links(keys, linking.fit(pairs, keys), [linking.fit(part, keys) for part in seen])


def of_pairs(pairs: pl.DataFrame, known: pl.DataFrame, links: Links, settings: GateSettings) -> list[pl.DataFrame]:
    """Bands of length, copies and numbers, of each pair of languages."""
    if pairs.is_empty():
        return []
    loss, key = settings.loss, ("language", "other")
    seen = sides.signals(pairs)
    frame = with_z(pairs, known).with_columns(
        *seen.get_columns(), sides.kept(pairs), sides.copied(pairs, seen["shared"])
    )
    copies = learn(frame, "copy", {"copied": Share(None, loss.copy_)}, settings.fewest, key)
    return [
        learn(frame, "length", {"z": Share(loss.length / 2, loss.length / 2)}, settings.fewest, key),
        copies.with_columns(pl.col("high").clip(COPY_FROM)),
        *_numbers(frame, links, settings),
    ]


def _numbers(frame: pl.DataFrame, links: Links, settings: GateSettings) -> list[pl.DataFrame]:
    """Bands of numbers: the strictest form that trusted pairs keep, and where they keep none, `linked`."""
    rows: list[dict[str, Any]] = []
    none, loss = [], settings.loss.numbers
    for (language, other), own in frame.sort("language", "other").group_by("language", "other", maintain_order=True):
        if own.height < settings.fewest:
            continue
        broken = [_share(own, form) for form in FORMS]
        most = [loss * (_MILDEST if form == FORMS[-1] else 1.0) for form in FORMS]
        kept = [form for form, share, least in zip(FORMS, broken, most, strict=True) if share <= least]
        chosen = list(kept[0]) if kept else []
        if not kept and _share(own, ("new",)) <= _LETTERS:
            none.append(own)
        if _share(own, ("kept",)) <= loss / 2:
            chosen.append("kept")
        rows += [fixed("numbers", name, str(language), str(other), texts=own.height, high=0.0) for name in chosen]
    found = [for_all_sizes(rows)]
    for own in none:
        mutual = np.where(linking.known(own, links.keys).to_numpy(), links.unseen(own)[:, linking.MUTUAL], np.nan)
        scored = own.with_columns(sides.linked(own["both"], mutual), size=pl.lit(0, pl.Int8))
        share = {"linked": Share(None, loss)}
        found.append(learn(scored, "numbers", share, settings.fewest, ("language", "other")))
    return found


def _share(frame: pl.DataFrame, names: tuple[str, ...]) -> float:
    """The share of rows where one of the columns is above 0."""
    return float(frame.select(pl.any_horizontal(pl.col(name) > 0 for name in names).mean()).to_series()[0])


class Ends(NamedTuple):
    """What tells cut texts: bands, TAILS, and weights by measure and language (`cut|swh_Latn`)."""

    bands: list[pl.DataFrame]
    tails: pl.DataFrame
    weights: dict[str, npt.NDArray[np.float64]]


CUT = ("cut_linked", "cut_beside", "cut")
"""Measures of cut texts: beside a source by a lexicon of both languages, beside a source without one, and alone."""


def ends(plain: pl.DataFrame, pairs: pl.DataFrame, known: pl.DataFrame, links: Links, settings: GateSettings) -> Ends:
    """Learnt from trusted texts and cut copies of them, texts beside their sources and texts alone."""
    alone = plain.with_columns(of=pl.lit(None, pl.String), z=pl.lit(None, pl.Float64))
    both = with_z(pairs, known) if pairs.height else pairs.with_columns(z=pl.lit(None, pl.Float64))
    seen = [plain.filter(pl.col("fold") != number) for number in range(endings.FOLDS)]
    tails = [endings.count_tails(part, endings.cut(part)) for part in seen]
    both = both.with_columns(linking.known(both, links.keys).alias("linked"))
    weights: dict[str, npt.NDArray[np.float64]] = {}
    found = []
    for measure, frame in zip(CUT, (both.filter(pl.col("linked")), both, alone), strict=True):
        for (language,), own in frame.sort("language").group_by("language", maintain_order=True):
            if own.height < settings.fewest or language not in plain["language"]:
                continue
            weight, scores, cut = _fitted(own, measure, tails, links, known)
            weights[f"{measure}|{language}"] = weight
            share = settings.loss.ending
            if (cut > -bound(-scores, share)).mean() < _SEEN:
                share *= _UNMARKED
            # One class of size: the score is odds, and at one bound for all the fewest cut texts pass.
            scored = own.with_columns(pl.Series(measure, scores), size=pl.lit(0, pl.Int8))
            found.append(learn(scored, "ending", {measure: Share(None, share)}, settings.fewest))
    whole = endings.count_tails(plain, endings.cut(plain))
    return Ends([pl.concat([pl.DataFrame(schema=BANDS), *found])], whole, weights)


def cut_inputs(
    frame: pl.DataFrame, measure: str, tails: pl.DataFrame, lexicons: Mapping[linking.Key, linking.Linked]
) -> npt.NDArray[np.float64]:
    """What one of the measures CUT weighs of texts (`language`, `text`, `of`, `of_language`, `z`)."""
    made = endings.inputs(frame, tails, measure != "cut")
    return np.hstack([made, linking.inputs(frame, lexicons)]) if measure == "cut_linked" else made


def _unseen(frame: pl.DataFrame, measure: str, tails: list[pl.DataFrame], links: Links) -> npt.NDArray[np.float64]:
    """What `cut_inputs` gives by tails and lexicons of the other folds."""
    made = np.zeros((frame.height, len(endings.INPUTS)))
    for number, rows in _folds(frame["fold"]):
        made[rows] = endings.inputs(frame[rows], tails[number], measure != "cut")
    return np.hstack([made, links.unseen(frame)]) if measure == "cut_linked" else made


def _folds(column: pl.Series) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """The rows of each fold that has some."""
    fold = column.to_numpy()
    for number in range(endings.FOLDS):
        rows = np.flatnonzero(fold == number)
        if len(rows):
            yield number, rows


def _fitted(
    own: pl.DataFrame, measure: str, tails: list[pl.DataFrame], links: Links, known: pl.DataFrame
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Weights, and scores of the texts and of their cut copies by tails, lexicon and weights of the other folds."""
    cuts = endings.cut(own)
    if measure != "cut":
        cuts = with_z(cuts.drop("z", "ratio", "of_size"), known)
    whole, short = (_unseen(each, measure, tails, links) for each in (own, cuts))
    scores, cut_scores, cut_fold = np.zeros(own.height), np.zeros(cuts.height), cuts["fold"].to_numpy()
    for number, rows in _folds(own["fold"]):
        weights = endings.fit(np.delete(whole, rows, axis=0), short[cut_fold != number])
        scores[rows] = endings.score(whole[rows], weights)
        cut_scores[cut_fold == number] = endings.score(short[cut_fold == number], weights)
    return endings.fit(whole, short), scores, cut_scores
