"""Preferences of a person's answer over a worse version of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import BatchFunction, operator
from weft.synthesize.bilingual import read
from weft.synthesize.degrading import DAMAGES, Answer, Damage, Means, degraded
from weft.synthesize.making import PARENT, WRITES, FileLicense, Making, Parent, Part, licences_of, parents

NAME, VERSION = "synthesize.degraded_preferences", 2
_PLACE = "{text}"


@operator(NAME, version=VERSION, reads=PARENT, writes=WRITES, rows="make", files_in=("lexicon", "negations"))
def degraded_preferences(
    *,
    kinds: Annotated[list[Damage], Field(min_length=1)] | None = None,
    most: Annotated[float, Field(gt=0, le=1)] = 0.25,
    lexicon: str | None = None,
    lexicon_license: FileLicense = None,
    into: str | None = None,
    negations: str | None = None,
    source: str | None = None,
    ask: str = _PLACE,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> BatchFunction:
    """Prefer an answer that a person wrote to a worse version of it, with one kind of damage.

    The last answer of a conversation is the chosen one. Of a pair it is the side that is not in the language `source`,
    and the prompt is `ask` with the source in the place of {text}. `kinds` are some of these, without it all:
    `word_for_word` (the source of a pair by `lexicon`), `wrong_language` (a run of words in the language `into`, by
    `lexicon`), `negation` (dropped; the file `negations` has the columns `language` and `word`), `number` (other
    digits), `repeated_tail`, `truncated`, `shuffled` (words), `noise` (letters). What is 0.67 to 1.5 times as long as
    the answer, with a chrF below 85, can be the rejected side; a number or a negation changes enough of short answers
    alone. Of those that can be one kind is drawn by hash, each with a probability of at most `most`. So in expectation
    no kind has more than that share of the answers; an answer with fewer kinds than that takes may give no record. The
    note has kind and grade, 1 to 3.
    """
    licences = licences_of(lexicon=(lexicon, lexicon_license))
    means, wanted = _means(lexicon, into, negations), tuple(dict.fromkeys(kinds or DAMAGES))

    def make(batch: pa.Table) -> pa.Table:
        from weft.text.draws import keys_of

        making = Making(batch, NAME, VERSION, licences=licences)
        given = [(parent, asked) for parent in parents(batch) if (asked := _asked(making, parent, source, ask))]
        keys = keys_of([parent.id for parent, _ in given], seed).tolist()
        answers = []
        for (parent, (_, answer, language)), key in zip(given, keys, strict=True):
            own = parent.sides.get(source or "") if parent.kind == "pair" else None
            answers.append(Answer(key, answer, language or "", own, source if own is not None else None))
        found = degraded(answers, wanted, means)
        for (parent, asked), key, versions in zip(given, keys, found, strict=True):
            _record(making, parent, asked, key, versions, most)
        return making.table()

    return make


_Asked = tuple[list[tuple[str, str, str | None]], str, str | None]


def _asked(making: Making, parent: Parent, source: str | None, ask: str) -> _Asked | None:
    """Messages of the prompt (role, text, language), the answer and its language; None where there is none."""
    if parent.kind == "pair":
        others = [code for code in parent.sides if code != source]
        if source in parent.sides and len(others) == 1:
            prompt = ask.replace(_PLACE, parent.sides[source or ""])
            return [("user", prompt, source if ask == _PLACE else None)], parent.sides[others[0]], others[0]
        making.none(
            parent.row, "no_such_side", f"sides {', '.join(sorted(parent.sides))}; expected {source} and another"
        )
        return None
    messages = parent.messages if parent.kind == "sft" else ()
    if len(messages) > 1 and messages[-1][1] == "assistant" and messages[-1][2].strip():
        return [(role, text, parent.language) for _, role, text in messages[:-1]], messages[-1][2], parent.language
    making.none(parent.row, "no_answer", f"a document of kind {parent.kind} that does not end with an answer")
    return None


def _record(
    making: Making, parent: Parent, asked: _Asked, key: int, versions: dict[Damage, tuple[str, int]], most: float
) -> None:
    from weft.text.draws import mixed, uniform

    prompt, answer, language = asked
    able = sorted(versions)
    if not able:
        making.none(parent.row, "no_damage_fits", "no worse version keeps to the bounds of length and likeness")
        return
    drawn = float(uniform(mixed(pl.Series([key], dtype=pl.UInt64).to_numpy(), 2))[0])
    share = min(1 / len(able), most)
    place = int(drawn / share)
    if place >= len(able):
        making.none(parent.row, "kind_capped", f"{len(able)} kinds fit, each with a share of {most} at most")
        return
    kind = able[place]
    text, grade = versions[kind]
    parts = [Part("prompt", said, code, role=role) for role, said, code in prompt]
    parts.append(Part("chosen", answer, language, role="assistant"))
    parts.append(Part("rejected", text, language, "degraded", answer, language, "assistant"))
    note: dict[str, Any] = {"type": kind, "grade": grade, "fitting": len(able)}
    making.record(parent.row, "dpo", parts, language=language, skill="preference", note=note)


def _means(lexicon: str | None, into: str | None, negations: str | None) -> Means:
    if lexicon is None and into is not None:
        raise WeftError(f"{NAME}: into needs `lexicon`; expected a file with a column {into}")
    to_answer, from_answer = {}, None
    if lexicon is not None:
        file = Path(lexicon)
        from_answer = None if into is None else read(file, into, single=False)
        columns = pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False, n_rows=0).columns
        to_answer = {code: read(file, code, single=False) for code in columns if code != "probability"}
    return Means(to_answer, from_answer, {} if negations is None else _negations(Path(negations)))


def _negations(file: Path) -> dict[str, frozenset[str]]:
    try:
        table = pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)
        rows = table.select("language", pl.col("word").str.strip_chars().str.to_lowercase()).drop_nulls()
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}; expected words of negation") from None
    except pl.exceptions.PolarsError as error:
        told = str(error).splitlines()[0]
        raise WeftError(f"{file}: not a table with the columns language and word: {told}") from None
    held: dict[str, set[str]] = {}
    for language, word in rows.iter_rows():
        held.setdefault(language, set()).add(word)
    return {language: frozenset(words) for language, words in held.items()}
