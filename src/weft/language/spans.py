"""Texts in several languages: the language of each word, and of each span of words.

Each word competes among the languages of its script. Where the caller names the languages, words change between them
freely; where not, a second language must explain its words much better than the first, and the identifier, asked for
these words alone, must give that language and not refuse: a text in one language must not fall apart.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.errors import WeftError, nearest
from weft.language.model import Answers, LanguageModel, answers
from weft.language.noise import kind_of
from weft.language.refusal import plain_weights
from weft.language.words import CONTEXT, USUAL, blocks_of, words_of
from weft.model.tables import SPAN
from weft.text.buffers import Longs, Strings, combined, large_strings, string_buffers
from weft.text.mixing import NONE, Contest, Parts, Settings, label_words
from weft.text.unicode import tables
from weft.text.words import Words, characters_before, join_words

_OPEN = Settings(change=5.0, label=8.0, floor=-12.0, context=CONTEXT, usual=USUAL, other=1.0)
_GIVEN = Settings(change=1.0, label=0.0, floor=-12.0, context=CONTEXT, usual=USUAL, other=1.0)
"""Found on mixed texts for tuning: the first so that one sentence in a hundred falls apart that should not."""
_ALL = 500
"""Languages among which costs are those of all."""
_UNLIKE = -7.0
"""Log probability that words of other languages pay, where the caller allows them."""
_RELATIVE, _NEVER = 4.0, 1e6
"""Times that a further label costs more beside one whose words are often taken for its own; beside its family."""
_FIRST, _FURTHER = -3.0, -1.0
"""Scores that the words of a text's first language need, and those of a further one: names and loans look like many."""
_MOST = 4
"""Languages of a block of words at most."""
_FEWEST_LETTERS = 4
_RIVALS = 16
"""Most probable labels of some words among which their own is looked for; below these its probability is 0."""
_UNKNOWN = "und"


class _Labelled(NamedTuple):
    """Words sorted by text and script; `label` is a place in the model's labels, NONE or OTHER."""

    words: Words
    label: npt.NDArray[np.int32]
    sure: npt.NDArray[np.float32]


def tag_words(model: LanguageModel, texts: Any, *, among: Collection[str] | None = None) -> pl.DataFrame:
    """Every word of an Arrow string column that has letters: `row`, `begin`, `end`, `language`, `score`.

    `begin` and `end` are characters of the text. `language` is a label, the code of a group of languages that are told
    apart badly, or `und_<Script>` where no language is believed. `score` is the probability of the language for all
    words of the text that have it, times that of the word among the languages of the text.

    With `among`, only these labels compete; with `und` among them, so does what is in none of them. Raises WeftError
    for one that the model does not have.
    """
    check_among(model, among)
    strings = string_buffers(texts)
    words = words_of(model, strings)
    groups = int(words.group.max(initial=0)) + 1
    order = np.argsort(words.row.astype(np.int64) * groups + words.group, kind="stable")
    read, data = _readable(texts, strings, words)
    sorted_words = read.take(order)
    if among is None:
        held = _label(model, data, sorted_words, None)
        codes, score, names = _believed(model, data, held)
    else:
        held = _label(model, data, sorted_words, among)
        codes, score, names = _stated(model, data, held, among)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    places = np.stack([words.begin, words.end], axis=1).reshape(-1)
    chars = characters_before(strings, np.repeat(words.row, 2), places).reshape(-1, 2)
    language = pl.Series("language", names, pl.String).gather(codes[back])
    columns = {"row": words.row.astype(np.int64), "begin": chars[:, 0], "end": chars[:, 1]}
    return pl.DataFrame(columns).with_columns(language, pl.Series("score", score[back], pl.Float32))


def spans_of(words: pl.DataFrame) -> pl.DataFrame:
    """Words of one language that follow one another as one row: `row`, `begin`, `end`, `language`, `score`, `words`."""
    new = (pl.col("row") != pl.col("row").shift()) | (pl.col("language") != pl.col("language").shift())
    numbered = words.with_columns(new.fill_null(True).cum_sum().alias("span"))
    held = numbered.group_by("span", maintain_order=True).agg(
        pl.col("row", "begin").first(),
        pl.col("end").last(),
        pl.col("language").first(),
        pl.col("score").mean(),
        pl.len().alias("words"),
    )
    return held.drop("span")


def span_lists(spans: pl.DataFrame, rows: int) -> pa.Array:
    """A list of SPAN for each text, 0 to `rows` - 1, from what `spans_of` gives."""
    size = np.bincount(spans["row"].to_numpy(), minlength=rows)
    offsets = np.r_[0, np.cumsum(size)].astype(np.int32)
    parts = [spans[field.name].to_arrow().cast(field.type) for field in SPAN]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.StructArray.from_arrays(parts, fields=list(SPAN)))


def _readable(texts: Any, strings: Strings, words: Words) -> tuple[Words, npt.NDArray[np.uint8]]:
    """The words in NFC, on which models are trained, and their data; places in the text stay those of `words`."""
    array = combined(texts)
    if pc.all(pc.equal(pc.utf8_normalize(array, "NFC"), array)).as_py() is not False:
        return words, strings.data
    data, offsets = join_words(strings.data, words, np.arange(len(words.row) + 1))
    plain = string_buffers(pc.utf8_normalize(large_strings(data, offsets), "NFC"))
    return words._replace(begin=plain.offsets[:-1], end=plain.offsets[1:]), plain.data


def check_among(model: LanguageModel, among: Collection[str] | None) -> None:
    """Raise WeftError where one of `among` is no label of the model."""
    for code in among or ():
        if code not in model.labels and code.partition("_")[0] != _UNKNOWN:
            raise WeftError(
                f"among: the model has no language {code!r}; expected some of its {len(model.labels)} labels"
                f"{nearest(code, model.labels)}"
            )


def _given(labels: int) -> Settings:
    """Costs where the caller names so many languages: the more there are, the less is believed of each."""
    share = min(float(np.log(max(labels, 2) / 2) / np.log(_ALL / 2)), 1.0)
    change = _GIVEN.change + share * (_OPEN.change - _GIVEN.change)
    return _GIVEN._replace(change=change, label=share * _OPEN.label)


def _label(model: LanguageModel, data: npt.NDArray[np.uint8], words: Words, among: Collection[str] | None) -> _Labelled:
    bounds = model.competition.bounds
    label, sure = np.full(len(words.row), NONE, np.int32), np.ones(len(words.row), np.float32)
    own = np.flatnonzero(words.group < len(bounds) // 2)
    held = words.take(own)
    bias = model.words.bias if model.words is not None else np.zeros(len(model.labels), np.float32)
    place = np.arange(len(model.labels), dtype=np.int32)
    open_to = (
        [not kind_of(code) for code in model.labels] if among is None else [code in among for code in model.labels]
    )
    allowed = np.array(open_to, np.uint8)
    settings = _OPEN if among is None else _given(int(allowed.sum()))
    if among is not None and any(code.partition("_")[0] == _UNKNOWN for code in among):
        settings = settings._replace(other=_UNLIKE)
    elif among is not None:  # others need not be scored
        place = place[allowed > 0]
        bounds = np.r_[0, np.cumsum(allowed, dtype=np.int64)][bounds]
        allowed = allowed[place]
    rivals = Contest(bounds, _relatives(model, place, among is None), allowed)
    parts: Parts = (model.embedding, np.ascontiguousarray(model.output[:, place]), bias[place])
    places = (held.begin, held.end)
    found, chance = label_words(data, places, blocks_of(held.row, held.group), rivals, parts, settings, _MOST)
    label[own] = np.where(found < 0, found, np.r_[place, 0][found])
    sure[own] = chance
    return _Labelled(words, label, sure)


def _relatives(model: LanguageModel, place: npt.NDArray[np.int32], all_compete: bool) -> npt.NDArray[np.float32]:
    """What a further label costs beside its relatives; nothing where the caller names the languages."""
    found = np.zeros((len(place), len(place)), np.float32)
    if all_compete:
        if model.words is not None:
            one, other = model.words.relatives.T
            found[one, other] = found[other, one] = _RELATIVE
        for members in model.competition.members.values():
            found[np.ix_(members, members)] = _NEVER
    return found


def _texts_of(data: npt.NDArray[np.uint8], words: Words, label: npt.NDArray[np.int32]) -> tuple[Longs, Longs, pa.Array]:
    """The words of each text and label as a text: the number of each word's, their first words, and these texts."""
    order = np.lexsort((label, words.row))
    row, own = words.row[order], label[order]
    new = np.r_[True, (row[1:] != row[:-1]) | (own[1:] != own[:-1])] if len(row) else np.empty(0, np.bool_)
    start = np.flatnonzero(new)
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(new) - 1
    joined, offsets = join_words(data, words.take(order), np.r_[start, len(order)])
    return number, order[start], large_strings(joined, offsets)


def _believed(
    model: LanguageModel, data: npt.NDArray[np.uint8], held: _Labelled
) -> tuple[Longs, npt.NDArray[np.float32], list[str]]:
    """Codes of the languages of words, scores and what the codes mean, where all languages compete."""
    words, label, sure = held
    main = _commonest(words, label)
    minor = np.flatnonzero((label >= 0) & (label != main))
    if len(minor):
        number, first, texts = _texts_of(data, words.take(minor), label[minor])
        found = answers(model, texts, top=1)
        sure_of = _confirmed(model, texts, found, label[minor][first])
        label = label.copy()
        label[minor] = np.where(sure_of[number], label[minor], main[minor])
    names, scripts = _names(model)
    codes = len(model.labels) + len(model.families) + scripts(words.group)
    score = np.zeros(len(label), np.float32)
    asked = np.flatnonzero(label >= 0)
    if len(asked):
        number, first, texts = _texts_of(data, words.take(asked), label[asked])
        found = answers(model, texts, top=_RIVALS)
        code, chance = _resolved(model, found, label[asked][first])
        known = found.letters >= _FEWEST_LETTERS
        known &= _above(model, texts, found, _FIRST)
        codes[asked] = np.where(known[number], code[number], codes[asked])
        score[asked] = chance[number] * sure[asked]
    return codes, score, names


def _resolved(
    model: LanguageModel, found: Answers, label: npt.NDArray[np.int32]
) -> tuple[Longs, npt.NDArray[np.float32]]:
    """Codes and probabilities of labels, given what the identifier says of their words: it may say a whole family."""
    own = np.where(found.label == label[:, None], found.chance, 0.0).max(axis=1)
    family = model.competition.family[label]
    best = found.label[:, 0]
    same = (best >= 0) & (family >= 0) & (model.competition.family[best] == family)
    torn = same & (found.family >= 0)
    code = np.where(torn, len(model.labels) + family, np.where(same, best, label))
    chance = np.where(torn, found.mass, np.where(same, found.chance[:, 0], own))
    return code.astype(np.int64), chance.astype(np.float32)


def _stated(
    model: LanguageModel, data: npt.NDArray[np.uint8], held: _Labelled, among: Collection[str]
) -> tuple[Longs, npt.NDArray[np.float32], list[str]]:
    """As `_believed`, where the caller says which languages there are."""
    words, label, sure = held
    names, scripts = _names(model)
    codes = np.where(label >= 0, label, len(model.labels) + len(model.families) + scripts(words.group))
    score = np.where(label == NONE, np.float32(0.0), sure)
    asked = np.flatnonzero(label >= 0)
    if len(asked):
        number, first, texts = _texts_of(data, words.take(asked), label[asked])
        found = answers(model, texts, top=_RIVALS, among=among)
        chance = np.where(found.label == label[asked][first][:, None], found.chance, 0.0).max(axis=1)
        score[asked] *= chance[number].astype(np.float32)
    return codes.astype(np.int64), score, names


def _commonest(words: Words, label: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """For each word the label that most words of its text and script have; of equals the first."""
    frame = pl.DataFrame({"row": words.row, "group": words.group, "label": label})
    sizes = frame.group_by("row", "group", "label").len().sort("len", "label", descending=[True, False])
    most = (
        sizes.group_by("row", "group", maintain_order=True)
        .first()
        .select("row", "group", pl.col("label").alias("main"))
    )
    joined = frame.join(most, on=["row", "group"], how="left", maintain_order="left")
    return joined["main"].to_numpy()


def _confirmed(
    model: LanguageModel, texts: pa.Array, found: Answers, label: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_]:
    """Whether the identifier gives the words of a label that label, or one of its family, and is sure of it."""
    best, family = found.label[:, 0], model.competition.family
    same = (best == label) | ((family[best] >= 0) & (family[best] == family[label]))
    sure: npt.NDArray[np.bool_] = same & (best >= 0) & (found.letters >= _FEWEST_LETTERS)
    return sure & _above(model, texts, found, _FURTHER)


def _above(model: LanguageModel, texts: pa.Array, found: Answers, least: float) -> npt.NDArray[np.bool_]:
    """Which answers are sure enough: by a plain score, for words of mixed texts are unlike whole ones."""
    if model.refusal is None:
        return found.known
    plain = replace(model.refusal, weights=plain_weights())
    sure: npt.NDArray[np.bool_] = (
        plain.scores(string_buffers(texts), found.label[:, 0], found.mass, found.letters) >= least
    )
    return sure


def _names(model: LanguageModel) -> tuple[list[str], Any]:
    """Names of labels, families and unknown languages of scripts; and the place of the latter for groups of words."""
    scripts = list(tables().script_names)
    groups = model.competition.of_script[:-1]
    written = len(model.competition.bounds) // 2
    first = np.zeros(written + len(scripts), np.int64)
    for number in range(len(scripts) - 1, -1, -1):
        first[groups[number] if groups[number] >= 0 else written + number] = number
    names = [*model.labels, *model.families, *(f"{_UNKNOWN}_{name}" for name in scripts)]
    return names, lambda group: first[group]
