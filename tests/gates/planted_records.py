"""Translations as records, and faults planted in them; which texts teach, which tune and which test."""

from __future__ import annotations

import functools
import random
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from tests.gates.pair_sets import PairSet, pair_sets

from weft.language.model import packaged
from weft.model.records import RECORD
from weft.synthesize.gates.calibration import Calibration, calibrate
from weft.synthesize.gates.chain import judge
from weft.synthesize.gates.held_out import HeldOut, read
from weft.synthesize.gates.settings import GateSettings
from weft.synthesize.gates.trusted import merge, sample

BLOCK = 10
"""Neighbouring lines, mostly of one article, that are in one part together."""
PARTS = {"teach": 10, "tune": 3, "test": 7}
"""Of 20 blocks, those that teach, tune and test; which ones is drawn."""
Rows = list[tuple[str, str]]
"""Source and text."""


@dataclass(frozen=True)
class Corpus:
    """Pairs out of one language into another, in the order of the collection."""

    name: str
    source: str
    language: str
    pairs: Rows

    def part(self, name: str) -> Rows:
        return [pair for place, pair in enumerate(self.pairs) if _part_of(place // BLOCK) == name]


@functools.cache
def _part_of(block: int) -> str:
    """The part that a block of lines is in."""
    order = [each for each, count in PARTS.items() for _ in range(count)]
    return random.Random(f"{block // len(order)}").sample(order, len(order))[block % len(order)]


def corpora(data_dir: Path, names: tuple[str, ...] = ("oldi_seed", "tico19", "nusax")) -> list[Corpus]:
    """Every language of the collections with English, of NusaX with Indonesian; lines that both sides have."""

    def of(one: PairSet) -> Corpus:
        pairs = [(s.strip(), t.strip()) for s, t in zip(one.source.to_list(), one.target.to_list(), strict=True)]
        return Corpus(one.name, *one.languages, [pair for pair in pairs if pair[0] and pair[1]])

    return [of(one) for one in pair_sets(data_dir, names)]


def sib200(data_dir: Path) -> dict[str, dict[str, str]]:
    """Sentences of SIB-200 by language and id."""
    file = data_dir / "lid" / "sib200_train.tsv.gz"
    frame: Any = pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)
    return {code: dict(zip(own["id"], own["text"], strict=True)) for (code,), own in frame.group_by("lang")}


def documents(corpus: Corpus, pairs: Rows) -> pa.Table:
    """Pairs as the documents that a recipe reads."""
    made = []
    for number, (source, text) in enumerate(pairs):
        sides = ((corpus.source, source, 0), (corpus.language, text, len(source) + 1))
        parts = [
            {"field": "translation", "role": None, "language": code, "begin": at, "end": at + len(side)}
            for code, side, at in sides
        ]
        made.append({"id": f"{corpus.name}-{corpus.language}-{number}", "text": f"{source}\n{text}", "parts": parts})
    rows = [row | {"language_hint": None, "lid": None, "record_kind": "pair"} for row in made]
    kinds = {"id": pa.string(), "text": pa.large_string(), "language_hint": pa.string(), "record_kind": pa.string()}
    part = {"field": pa.string(), "role": pa.string(), "language": pa.string(), "begin": pa.int64(), "end": pa.int64()}
    lid = pa.struct({"language": pa.string()})
    return pa.Table.from_pylist(rows, pa.schema({**kinds, "lid": lid, "parts": pa.list_(pa.struct(part))}))


def trusted(corpus: Corpus, most: int = 2_000) -> pa.Table:
    """The trusted texts of the part that teaches."""
    return sample(documents(corpus, corpus.part("teach")), most, 0)


def records(corpus: Corpus, rows: Rows, source: str | None = None) -> pa.Table:
    """A record of each translation, as a recipe that asks a model would make it."""
    made = []
    for number, (of, text) in enumerate(rows):
        given = {"field": "translation", "language": source or corpus.source, "text": of, "relation": "human"}
        part = {"field": "translation", "language": corpus.language, "text": text, "relation": "translation"}
        parts = [given | {"made": False}, part | {"made": True, "of": of, "of_language": source or corpus.source}]
        made.append({"id": str(number), "kind": "pair", "parts": parts, "language": corpus.language})
    return pa.Table.from_pylist(made, RECORD)


_SPACED = re.compile(r"\s")


def _words(text: str) -> list[str]:
    """Words of a text, or runs of four characters where there are no spaces."""
    found = text.split()
    return found if len(found) > 2 or len(text) < 12 else [text[at : at + 4] for at in range(0, len(text), 4)]


def _joined(words: Iterable[str], text: str) -> str:
    return (" " if len(text.split()) > 2 else "").join(words)


def truncated(rows: Rows, draw: random.Random) -> Rows:
    """The first 30 to 80 % of the characters of each text, up to the last whole word."""
    made = []
    for of, text in rows:
        if len(text) < 20:
            continue
        head = text[: int(len(text) * draw.uniform(0.3, 0.8))]
        cut = re.sub(r"\s+\S*$", "", head) or head
        made.append((of, cut.rstrip()))
    return made


def looped(rows: Rows, draw: random.Random) -> Rows:
    """The last one to eight words again and again, three to eight times, or the whole text three times."""
    made = []
    for of, text in rows:
        words = _words(text)
        if len(words) < 3:
            continue
        tail = words[-draw.randint(1, min(8, len(words))) :] if draw.random() < 0.8 else words
        times = draw.randint(3, 8) if len(tail) < len(words) else 2
        made.append((of, _joined(words + tail * times, text)))
    return made


def renumbered(rows: Rows, draw: random.Random) -> Rows:
    """One digit of a number is another one: of texts that have a digit."""
    made = []
    for of, text in rows:
        places = [at for at, letter in enumerate(text) if unicodedata.category(letter) == "Nd"]
        if not places or not any(unicodedata.category(letter) == "Nd" for letter in of):
            continue
        at = draw.choice(places)
        zero = ord(text[at]) - unicodedata.digit(text[at])
        other = draw.choice([n for n in range(1, 10) if zero + n != ord(text[at])])
        made.append((of, text[:at] + chr(zero + other) + text[at + 1 :]))
    return made


def copies(rows: Rows, draw: random.Random) -> Rows:
    return [(of, of) for of, _ in rows]


def edited(rows: Rows, draw: random.Random) -> Rows:
    """Texts as they are, and each second one without a word: what a held-out item looks like in a record."""
    made = []
    for number, (of, text) in enumerate(rows):
        words = _words(text)
        if number % 2 and len(words) > 9:
            del words[draw.randrange(len(words))]
            made.append((of, _joined(words, text)))
        else:
            made.append((of, text))
    return made


FAULTS: dict[str, Callable[[Rows, random.Random], Rows]] = {
    "copy": copies,
    "truncation": truncated,
    "number changed": renumbered,
    "loop": looped,
}


def profile(texts: Sequence[str]) -> Counter[str]:
    """How often character trigrams occur."""
    found: Counter[str] = Counter()
    for text in texts:
        folded = text.lower()
        found.update(folded[at : at + 3] for at in range(len(folded) - 2))
    return found


def likeness(one: Counter[str], other: Counter[str]) -> float:
    """Cosine of two profiles."""
    common = sum(count * other[gram] for gram, count in one.items() if gram in other)
    norms = [sum(count * count for count in each.values()) ** 0.5 for each in (one, other)]
    return common / max(norms[0] * norms[1], 1e-9)


def relatives(language: str, texts: Sequence[str], held: dict[str, dict[str, str]], sizes: int = 100) -> list[str]:
    """Languages of SIB-200 in the script of one, those whose trigrams are most alike first."""
    own = profile(texts[:sizes])
    same = [code for code in held if code[4:] == language[4:] and code[:3] != language[:3]]
    found = {code: likeness(own, profile(list(held[code].values())[:sizes])) for code in same}
    return sorted(same, key=lambda code: (-found[code], code))


def in_language(held: dict[str, dict[str, str]], source: str, language: str) -> Rows:
    """Sentences of SIB-200 in a language, beside the same ones in the language of the source."""
    other = held[source]
    return [(other[key], text) for key, text in sorted(held[language].items()) if key in other]


class Tally(NamedTuple):
    """Of records with a fault (`none`: as they are), how many are refused; `gates` says by which, most often first."""

    fault: str
    refused: int
    of: int
    gates: tuple[tuple[str, int], ...]

    @property
    def share(self) -> float:
        return self.refused / max(self.of, 1)


def tally(fault: str, rows: pa.Table, calibration: Calibration, held_out: HeldOut | None = None) -> Tally:
    found: Counter[str] = Counter()
    for told in judge(rows, calibration, GateSettings(), held_out).to_pylist():
        if told and told[-1]["verdict"] == "fail":
            found[told[-1]["gate"]] += 1
    return Tally(fault, found.total(), rows.num_rows, tuple(found.most_common(3)))


def read_items(texts: Sequence[str]) -> HeldOut:
    """Texts as held-out items."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "items.txt"
        file.write_text("\n".join(" ".join(text.split()) for text in texts), "utf-8")
        return read([file])


def measured(
    chosen: Sequence[Corpus], held: dict[str, dict[str, str]], part: str, most: int = 10_000, teach: int = 2_000
) -> dict[str, list[Tally]]:
    """Tallies of each language, `name/code`; each collection is calibrated by itself, on `teach` of its pairs."""
    return dict(each_measured(chosen, held, part, most, teach))


def each_measured(
    chosen: Sequence[Corpus], held: dict[str, dict[str, str]], part: str, most: int = 10_000, teach: int = 2_000
) -> Iterator[tuple[str, list[Tally]]]:
    """What `measured` gives, language by language."""
    for name in sorted({each.name for each in chosen}):
        of_name = [each for each in chosen if each.name == name]
        tables = [trusted(each, teach) for each in of_name]
        # Out of the language of the source nothing is made here: what it teaches is left out.
        own = [
            table.filter(pc.not_equal(table["language"], each.source))
            for table, each in zip(tables, of_name, strict=True)
        ]
        calibration = calibrate(merge(own, teach), GateSettings())
        for each in of_name:
            yield f"{name}/{each.language}", _tallies(each, held, calibration, part, most)


def _tallies(
    corpus: Corpus, held: dict[str, dict[str, str]], calibration: Calibration, part: str, most: int
) -> list[Tally]:
    rows = corpus.part(part)
    found = [tally("none", records(corpus, rows), calibration)]
    for name, plant in FAULTS.items():
        planted = plant(rows, random.Random(name))[:most]
        found.append(tally(name, records(corpus, planted), calibration))
    items = edited([(of, text) for of, text in rows if len(text) >= 50], random.Random(2))[:most]
    index = read_items([text for _, text in rows if len(text) >= 50][:most])
    found.append(tally("contamination", records(corpus, items), calibration, index))
    family = family_of(corpus.language)
    near = [
        code for code in relatives(corpus.language, [t for _, t in corpus.part("teach")], held) if code not in family
    ]
    source = corpus.source if corpus.source in held else "eng_Latn"
    near = NEAREST.get(corpus.language) or nearest(corpus, held)
    for fault, language in (("near language", near), ("far language", "fra_Latn")):
        sentences = in_language(held, source, language)[:most]
        found.append(tally(fault, records(corpus, sentences, source), calibration))
    english = [english for english in held["eng_Latn"].values()]
    back = [(of, english[n % len(english)]) for n, (of, _) in enumerate(rows[:most])]
    found.append(tally("English", records(corpus, back), calibration))
    return found


NEAREST = {
    **{"bho_Deva": "mag_Deva", "dzo_Tibt": "bod_Tibt", "shn_Mymr": "mya_Mymr", "tir_Ethi": "amh_Ethi"},
    **{"som_Latn": "gaz_Latn", "ckb_Arab": "pes_Arab", "lij_Latn": "vec_Latn", "mri_Latn": "smo_Latn"},
    **{"taq_Tfng": "tzm_Tfng", "tam_Taml": "hin_Deva", "khm_Khmr": "hin_Deva", "nqo_Nkoo": "hin_Deva"},
}
"""What `nearest` finds for some languages; it takes seconds. The last have a script of their own here."""


def nearest(corpus: Corpus, held: dict[str, dict[str, str]]) -> str:
    """The language of SIB-200 that is most like one, outside its group of confusable languages; else Hindi."""
    family = family_of(corpus.language)
    found = relatives(corpus.language, [text for _, text in corpus.part("teach")], held)
    return next((code for code in found if code not in family), "hin_Deva")


def family_of(language: str) -> tuple[str, ...]:
    """Languages that weft's identifier says it cannot tell from one, and the one itself."""
    families = packaged("default").families.values()
    return next((members for members in families if language in members), (language,))
