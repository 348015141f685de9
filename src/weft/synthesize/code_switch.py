"""Texts with some of their words in another language, by a bilingual lexicon."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import BatchFunction, operator
from weft.synthesize.bilingual import Bilingual, read
from weft.synthesize.making import PARENT, WRITES, FileLicense, Making, Parent, Part, licences_of, parents
from weft.synthesize.rewriting import Pieces, first_of_each, rewritten, strings_of

NAME, VERSION = "synthesize.code_switch", 2
_SLIP = 1e-9
Share = Annotated[float, Field(gt=0, le=0.5)]


@operator(NAME, version=VERSION, reads=PARENT, writes=WRITES, rows="make", files_in=("lexicon", "leave"))
def code_switch(
    *,
    lexicon: Annotated[str, Field(min_length=1)],
    lexicon_license: FileLicense = None,
    into: Annotated[str, Field(min_length=2)],
    versions: Annotated[int, Field(ge=1, le=5)] = 1,
    least_share: Share = 0.1,
    most_share: Share = 0.4,
    least_letters: Annotated[int, Field(ge=1)] = 3,
    leave: str | None = None,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> BatchFunction:
    """Replace a share of a text's content words by their translations into the language `into`.

    `lexicon` is a tab-separated file with a column for each language, named by its code, and perhaps `probability`, by
    which one of several translations is drawn; entries of one word count. Each of the `versions` of a text draws its
    share of content words between `least_share` and `most_share`, and the words. A content word has `least_letters`
    letters or more (in scripts without spaces any number), and is not in the file `leave`, a word a line. Nothing is
    replaced in addresses, numbers, tags, placeholders and code, in compounds with a hyphen, or in names: capitals that
    begin no sentence, and two capitals in a row. Capitals at the beginning of a sentence are restored. Texts in which
    the lexicon knows less than `least_share` of the content words, or of too few
    words for a share of `most_share`, give no record. The note has the characters that
    were switched, with their language, for training at the level of tokens.
    """
    if least_share > most_share:
        raise WeftError(f"{NAME}: least_share is {least_share} and most_share {most_share}; expected no more than that")
    licences = licences_of(lexicon=(lexicon, lexicon_license))
    held = read(Path(lexicon), into, single=True)
    left = _hashes(leave)

    def make(batch: pa.Table) -> pa.Table:
        making = Making(batch, NAME, VERSION, licences=licences)
        given = switchable(making, parents(batch), held)
        if given:
            _switch(making, given, held, left, (versions, least_share, most_share, least_letters, seed))
        return making.table()

    return make


def switchable(making: Making, given: list[Parent], held: Bilingual) -> list[Parent]:
    """The plain texts in a language of the lexicon; of the others it is noted why they give nothing."""
    found = []
    for parent in given:
        if parent.kind != "text":
            making.none(parent.row, "not_plain_text", f"a document of kind {parent.kind}; expected text")
        elif held.label(parent.language) < 0:
            told = f"{parent.language or 'no language'}; the lexicon has {', '.join(held.languages[:20])}"
            making.none(parent.row, "language_not_in_lexicon", told)
        else:
            found.append(parent)
    return found


def _switch(making: Making, given: list[Parent], held: Bilingual, left: Any, settings: tuple[Any, ...]) -> None:
    from weft.text.draws import keys_of, mixed, uniform
    from weft.text.replaced import CAPITAL, CAPITALS, DENSE, GUARDED, JOINED, NAME, WORD, find

    versions, least_share, most_share, least_letters, seed = settings
    strings = strings_of([parent.text for parent in given])
    labels = np.array([held.label(parent.language) for parent in given], np.int32)
    found = find(strings, labels, held.keys, most=held.most, spaces=False)
    content = (found.bits & WORD != 0) & (found.bits & (GUARDED | NAME | JOINED) == 0)
    content &= ((found.letters >= least_letters) | (found.bits & DENSE != 0)) & ~np.isin(found.hashes, left)
    token = np.flatnonzero(content & (found.match >= 0))
    row, words = found.row[token], np.bincount(found.row[content], minlength=len(given))
    end = found.end[token + np.maximum(found.size[token], 1) - 1]
    keys, place = keys_of([parent.id for parent in given], seed), token - found.starts[row]
    fewest, most = np.maximum(np.ceil(least_share * words - _SLIP), 1), np.floor(most_share * words + _SLIP)
    pieces, shares = [], np.zeros((versions, len(given)))
    for version in range(versions):
        own = mixed(keys, version)
        drawn = least_share + uniform(mixed(own, 1)) * (most_share - least_share)
        wanted = np.clip(np.rint(drawn * words), fewest, most).astype(np.int64)
        kept = first_of_each(row, mixed(own[row], 2, place), wanted)
        translation = held.chosen(found.match[token[kept]], uniform(mixed(own[row[kept]], 3, place[kept])))
        first, last = held.form(translation, found.bits[token[kept]] & (CAPITAL | CAPITALS))
        shares[version] = np.bincount(row[kept], minlength=len(given)) / np.maximum(words, 1)
        pieces.append(Pieces(version * len(given) + row[kept], found.begin[token[kept]], end[kept], first, last))
    every = Pieces(*(np.concatenate([own[n] for own in pieces]) for n in range(5)))
    made = rewritten(strings, np.tile(np.arange(len(given)), versions), every, held.pool)
    for n, parent in enumerate(given):
        if most[n] < fewest[n]:
            told = f"{words[n]} content words, of which a share from {least_share} to {most_share} is none"
            making.none(parent.row, "too_few_words", told)
            continue
        if shares[:, n].max() < least_share:
            told = f"{shares[:, n].max():.2f} of {words[n]} content words; expected {least_share} or more"
            making.none(parent.row, "too_few_known_words", told)
            continue
        seen: set[str] = set()
        for version in range(versions):
            number = version * len(given) + n
            text = made.texts[number]
            if text in seen or shares[version, n] < least_share:
                continue
            seen.add(text)
            spans = [{"begin": b, "end": e, "language": held.into} for b, e in made.spans(number)]
            note = {"share": round(float(shares[version, n]), 4), "content_words": int(words[n]), "switched": spans}
            part = Part("text", text, parent.language, "code_switch", of=parent.text, of_language=parent.language)
            making.record(parent.row, "text", [part], language=parent.language, skill="code_switch", note=note)


def _hashes(leave: str | None) -> npt.NDArray[np.uint64]:
    """Hashes of the words of a file, one a line."""
    from weft.text.replaced import word_hashes

    if leave is None:
        return np.empty(0, np.uint64)
    try:
        words = Path(leave).read_text("utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise WeftError(f"{leave}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return word_hashes(strings_of(words))
