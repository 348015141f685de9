"""Texts, questions and source sides with other spellings; what they mean stays."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import BatchFunction, operator
from weft.synthesize.bilingual import Bilingual, built
from weft.synthesize.confusions import Kind, learn
from weft.synthesize.making import PARENT, WRITES, FileLicense, Making, Parent, Part, licences_of, parents
from weft.synthesize.noising import Noised, Settings, noised

NAME, VERSION = "synthesize.noise", 2
_COLUMNS = ("language", "word", "variant")
Share = Annotated[float, Field(gt=0, le=0.1)]


@operator(NAME, version=VERSION, reads=PARENT, writes=WRITES, rows="make", files_in=("spellings",))
def noise(
    *,
    kinds: Annotated[list[Kind], Field(min_length=1)],
    least_share: Share = 0.02,
    most_share: Share = 0.1,
    spellings: str | None = None,
    spellings_license: FileLicense = None,
    side: str | None = None,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> BatchFunction:
    """Change the spelling of a share of a text's letters, so that what it says and its labels stay.

    Of the `kinds` that can change a text one is drawn. `diacritics`: letters of Latin, Greek and Cyrillic lose their
    marks, those of Arabic and Hebrew their points, those of Indic scripts their nukta. `keyboard`: a letter beside it.
    `ocr`: a letter that looks alike in print. `homophones`: one that sounds alike (Amharic). `characters`: a letter of
    the same text in its place, one more, one less, or two in turn. `spelling`: a word's variant in `spellings`, a
    tab-separated file with the columns `language`, `word`, `variant`; `learnt`: a letter that these pairs show to
    change. A letter moves with all of its marks. At most `most_share` of the letters change (of `spelling`, of the
    words); addresses, numbers, tags, placeholders and code do not. In conversations and preferences the user's messages
    change alone, in pairs the side in the language `side`.
    """
    if least_share > most_share:
        raise WeftError(f"{NAME}: least_share is {least_share} and most_share {most_share}; expected no more than that")
    table, learnt = (None, {}) if spellings is None else _spellings(Path(spellings))
    if table is None and (needing := [kind for kind in kinds if kind in ("spelling", "learnt")]):
        raise WeftError(f"{NAME}: {needing[0]} needs the file `spellings`; expected it beside kinds")
    licences = licences_of(spellings=(spellings, spellings_license))
    settings = Settings(tuple(dict.fromkeys(kinds)), least_share, most_share, table, learnt)

    def make(batch: pa.Table) -> pa.Table:
        from weft.text.draws import keys_of

        making = Making(batch, NAME, VERSION, licences=licences)
        asked: list[tuple[Parent, int, str, str]] = []
        given = parents(batch)
        for parent in given:
            pieces = _pieces(making, parent, side)
            asked += [(parent, number, text, language) for number, text, language in pieces]
        keys = keys_of([f"{parent.id} {number}" for parent, number, _, _ in asked], seed)
        made = noised([text for _, _, text, _ in asked], [language for *_, language in asked], keys, settings)
        changed: dict[int, dict[int, Noised]] = {}
        for (parent, number, _, _), found in zip(asked, made, strict=True):
            changed.setdefault(parent.row, {})
            if found is not None:
                changed[parent.row][number] = found
        for parent in given:
            if parent.row in changed:
                _record(making, parent, changed[parent.row], side)
        return making.table()

    return make


def _pieces(making: Making, parent: Parent, side: str | None) -> list[tuple[int, str, str]]:
    """Number, text and language of what of a document may change; notes why it is nothing."""
    if parent.kind == "pair":
        if side is not None and side in parent.sides:
            return [(0, parent.sides[side], side)]
        making.none(parent.row, "no_such_side", f"no side in {side}; it has {', '.join(sorted(parent.sides))}")
        return []
    if parent.kind in ("sft", "dpo"):
        asked = [(n, text) for n, (_, role, text) in enumerate(parent.messages) if role == "user"]
        if not asked:
            making.none(parent.row, "no_user_message", "no message of the user")
        return [(n, text, parent.language or "") for n, text in asked]
    return [(0, parent.text, parent.language or "")]


def _record(making: Making, parent: Parent, changed: dict[int, Noised], side: str | None) -> None:
    if not changed:
        making.none(parent.row, "nothing_to_change", "no kind of noise changes it, or it has too few letters")
        return
    told = [{"kind": one.kind, "share": round(one.share, 4), "changes": one.changes} for one in changed.values()]
    note: dict[str, Any] = {"noise": told}
    language = parent.language
    if parent.kind == "pair":
        others = [Part("translation", text, code) for code, text in parent.sides.items() if code != side]
        own = Part("translation", changed[0].text, side, "noise", of=parent.sides[side or ""], of_language=side)
        making.record(
            parent.row,
            "pair",
            [own, *others],
            language=others[0].language if others else side,
            skill="noise",
            note=note,
        )
        return
    if parent.kind in ("sft", "dpo"):
        parts = [
            Part(field, changed[n].text, language, "noise", text, language, role)
            if n in changed
            else Part(field, text, language, role=role)
            for n, (field, role, text) in enumerate(parent.messages)
        ]
    else:
        parts = [Part("text", changed[0].text, language, "noise", of=parent.text, of_language=language)]
    making.record(parent.row, parent.kind, parts, language=language, skill="noise", note=note)


def _spellings(file: Path) -> tuple[Bilingual, dict[tuple[str, str], tuple[str, ...]]]:
    """The table of variants, and the rules that it shows."""
    try:
        table = pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}; expected spellings") from None
    except pl.exceptions.PolarsError as error:
        raise WeftError(f"{file}: not a table of spellings: {str(error).splitlines()[0]}") from None
    if missing := [name for name in _COLUMNS if name not in table.columns]:
        raise WeftError(f"{file}: no column {' or '.join(missing)}; it has {', '.join(table.columns)[:200]}")
    rows = table.select(_COLUMNS).drop_nulls().unique(maintain_order=True)
    languages = tuple(sorted(rows["language"].unique()))
    numbers = {name: n for n, name in enumerate(languages)}
    words = rows.select(
        pl.col("language").replace_strict(numbers, return_dtype=pl.Int32).alias("label"),
        pl.col("word").str.strip_chars(),
        pl.col("variant").str.strip_chars().alias("translation"),
        pl.lit(1.0).alias("weight"),
    ).filter((pl.col("word") != pl.col("translation")) & (pl.col("word") != "") & (pl.col("translation") != ""))
    if not words.height:
        raise WeftError(f"{file}: no word with another variant")
    return built(words, languages, ""), learn(rows.iter_rows())
