"""Files of two languages aligned by sentence: reading them, pairing documents, writing beads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from weft.engine import aligning_vectors
from weft.engine.encoders import Encoder
from weft.errors import WeftError
from weft.own_file import check_unread
from weft.parallel import alignment_passes as passes
from weft.parallel.alignment import Document, document, shapes_up_to
from weft.parallel.document_pairs import Match, by_address, by_content
from weft.parallel.lexicon import Folding, Lexicon, train
from weft.parallel.model_folder import lexicon_in
from weft.parallel.pairs_file import full_pairs, no_copies, read_pairs, write_rows
from weft.text.beads import Path as Beads
from weft.text.sentences import sentences
from weft.tokenizer.texts import Columns, table_of, wanted, with_texts
from weft.tokenizer.unreadable import Unreadable

ENDINGS = (".tsv", ".jsonl", ".parquet")
MODES = ("names", "url", "content")
_TABLES = (".jsonl", ".ndjson", ".parquet", ".tsv", ".csv")
LEAST_ALIKE = 0.1
"""Documents that are less alike are not paired by content."""

Tell = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Plan:
    """What is aligned with what, and how: `None` of `documents` pairs files of one name, or the only two texts."""

    source: Path
    target: Path
    languages: tuple[str, str]
    into: Path
    seed: Path | None = None
    documents: str | None = None
    split: bool = False
    text: str = "text"
    url: str = "url"
    least: float = 0.0
    alike: float = LEAST_ALIKE
    every: bool = False
    longest: int = 4
    foldings: tuple[Folding, Folding] = field(default=(Folding(), Folding()))
    lexicon: Path | None = None
    """Folder of a model of `weft train pairs`; its foldings take the place of `foldings`."""
    vectors: tuple[Path, Path] | None = None


class Texts(NamedTuple):
    """Texts of one collection with their names and addresses; whether they are running text."""

    names: pl.Series
    urls: pl.Series
    texts: pl.Series
    running: bool


def align_files(
    plan: Plan, tell: Tell, encoder: Encoder | None = None, left: Unreadable | None = None
) -> dict[str, Any]:
    """Write the beads and return what was read and found; `left` takes rows that cannot be read.

    Raises WeftError for what a person can mend.
    """
    check_into(plan.into)
    check_unread(plan.into, plan.source, plan.target, plan.seed)
    match, sides, pairs, how = paired_documents(plan, tell, left=left)
    pairs, weights, meant = _meant(plan, pairs, match, sides, how.seed, encoder, tell)
    how = replace(how, weights=weights)
    found = passes.aligned(pairs, how, tell)
    rows = pl.concat(
        [_rows(pair, path, n, match, sides) for n, (pair, path) in enumerate(zip(pairs, found, strict=True))]
    )
    both = (pl.col("source_count") > 0) & (pl.col("target_count") > 0)
    aligned, alone = rows.filter(both), rows.filter(~both)
    sure = pl.col("score") >= plan.least
    write_rows(rows.filter(sure if plan.every else sure & both), plan.into)
    return {
        "documents": {"source": len(sides[0].texts), "target": len(sides[1].texts), "paired": len(pairs)},
        "sentences": {"source": sum(len(pair[0]) for pair in pairs), "target": sum(len(pair[1]) for pair in pairs)},
        "beads": dict(aligned["bead"].value_counts(sort=True).sort("count", "bead", descending=[True, False]).rows()),
        "unaligned": {"source": int(alone["source_count"].sum()), "target": int(alone["target_count"].sum())},
        "written": rows.filter(sure if plan.every else sure & both).height,
        "score": {name: aligned.filter(pl.col("score") >= float(name)).height for name in ("0.5", "0.9", "0.99")},
        "into": str(plan.into),
        **({"vectors": meant} if meant else {}),
    }


class Paired(NamedTuple):
    """Which documents belong together, their collections, their sentences, and what is known of the languages."""

    match: Match
    sides: tuple[Texts, Texts]
    documents: list[tuple[Document, Document]]
    how: passes.How


def paired_documents(plan: Plan, tell: Tell, known: Lexicon | None = None, left: Unreadable | None = None) -> Paired:
    """The documents of both sides in pairs; `known` is a lexicon that takes the place of `plan.lexicon`.

    `left` takes rows that cannot be read: documents without a sentence. Raises WeftError for what a person can mend.
    """
    check(plan)
    tell("read", 0, None)
    sides = _read(plan.source, plan, left), _read(plan.target, plan, left)
    seed = _seed(plan.seed, plan.languages, left) if plan.seed is not None else None
    if known is None and plan.lexicon is not None:
        known = lexicon_in(plan.lexicon, plan.languages)[0]
    how = passes.How(
        plan.languages,
        plan.foldings if known is None else known.foldings,
        seed,
        lexicon=known,
        priors=shapes_up_to(plan.longest),
    )
    match = _paired(plan, sides, how)
    if not len(match.first):
        raise WeftError(_nothing_paired(plan, sides))
    pairs = []
    for n, (one, other) in enumerate(zip(match.first.tolist(), match.second.tolist(), strict=True)):
        tell("sentences", n, len(match.first))
        pairs.append((_document(sides[0], one, plan), _document(sides[1], other, plan)))
    return Paired(match, sides, pairs, how)


def _meant(
    plan: Plan,
    pairs: aligning_vectors.Pairs,
    match: Match,
    sides: tuple[Texts, Texts],
    seed: passes.Seed | None,
    encoder: Encoder | None,
    tell: Tell,
) -> aligning_vectors.Meant:
    """The documents with vectors of files or of an encoder, where there are any and they help."""
    if plan.vectors is not None:
        tell("vectors", 0, None)
        counts = [[len(_document(held, n, plan)) for n in range(len(held.texts))] for held in sides]
        return aligning_vectors.from_files(plan.vectors, pairs, (match.first.tolist(), match.second.tolist()), counts)
    if encoder is not None:
        return aligning_vectors.from_encoder(encoder, pairs, plan.languages, plan.foldings, seed, tell)
    return aligning_vectors.Meant(pairs, None, {})


def check_into(into: Path) -> None:
    """Raises WeftError where a table cannot be written to `into`."""
    if into.suffix not in ENDINGS:
        raise WeftError(f"--into {into}: expected a file named {', '.join(ENDINGS)}")
    if not into.resolve().parent.is_dir():
        raise WeftError(f"--into {into}: its folder does not exist")


def check(plan: Plan) -> None:
    """Raises WeftError for a plan of files that are not there, or of both kinds."""
    if plan.documents is not None and plan.documents not in MODES:
        raise WeftError(f"--documents {plan.documents}: expected {', '.join(MODES)}")
    for place in (plan.source, plan.target):
        if not place.exists():
            raise WeftError(f"{place}: no such file or folder; expected a text, a folder of texts, or a table")
    if plan.source.is_dir() != plan.target.is_dir():
        raise WeftError(f"{plan.source} and {plan.target}: expected two files or two folders")


def _read(place: Path, plan: Plan, left: Unreadable | None) -> Texts:
    if place.is_dir():
        files = sorted(file for file in place.rglob("*") if file.is_file() and not file.name.startswith("."))
        if not files:
            raise WeftError(f"{place}: the folder has no files; expected texts")
        paths = pl.Series([file.relative_to(place).as_posix() for file in files])
        return Texts(paths, paths, pl.Series([_text(file) for file in files]), plan.split)
    if place.suffix.lower() in _TABLES:
        table = table_of(place, Columns(text=plan.text, more=(plan.url,)), left=left)
        table = with_texts(table, place, [(name,) for name in (plan.text, plan.url) if name in table.columns], left)
        texts = table[wanted(table, place, plan.text)].cast(pl.String).fill_null("")
        names = pl.Series([f"{place.name}#{n}" for n in range(1, len(texts) + 1)], dtype=pl.String)
        if plan.documents == "url":
            return Texts(names, table[wanted(table, place, plan.url)].cast(pl.String).fill_null(""), texts, True)
        return Texts(names, names, texts, True)
    return Texts(pl.Series([place.name]), pl.Series([place.name]), pl.Series([_text(place)]), plan.split)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WeftError(f"{file}: byte {error.start}: not UTF-8; expected a text in UTF-8") from None


def _seed(file: Path, languages: tuple[str, str], left: Unreadable | None) -> passes.Seed:
    rows = full_pairs(read_pairs(file, languages=languages, left=left))
    if not rows.height:
        raise WeftError(f"{file}: no pairs; expected columns source and target with a translation in each row")
    no_copies(file, rows)
    return passes.Seed(rows["source"], rows["target"])


def _paired(plan: Plan, sides: tuple[Texts, Texts], how: passes.How) -> Match:
    if plan.documents == "url":
        return by_address(sides[0].urls, sides[1].urls, plan.languages)
    if plan.documents == "content":
        lexicon = how.lexicon
        if how.seed is not None:
            lexicon = passes.with_known(train(*how.seed, plan.languages, how.foldings), lexicon)
        return by_content(sides[0].texts, sides[1].texts, lexicon, plan.alike)
    if plan.source.is_dir():
        stems = [held.names.str.replace(r"\.[^./]*$", "") for held in sides]
        return _same(stems[0], stems[1])
    if len(sides[0].texts) != len(sides[1].texts):
        raise WeftError(
            f"{plan.source} has {len(sides[0].texts):,} documents and {plan.target} {len(sides[1].texts):,}; expected "
            "as many, in one order, or --documents url or content"
        )
    every = np.arange(len(sides[0].texts))
    return Match(every, every, np.ones(len(every)))


def _same(first: pl.Series, second: pl.Series) -> Match:
    one, other = (
        pl.DataFrame({"key": held, "at": np.arange(len(held))}).filter(pl.col("key").is_unique())
        for held in (first, second)
    )
    found = one.join(other, on="key", suffix="_other").sort("at")
    return Match(found["at"].to_numpy(), found["at_other"].to_numpy(), np.ones(found.height))


def _nothing_paired(plan: Plan, sides: tuple[Texts, Texts]) -> str:
    counts = f"none of {len(sides[0].texts):,} and {len(sides[1].texts):,} documents belong together"
    how = {
        "url": "by their addresses; expected addresses that differ only in the language, or --documents content",
        "content": "by their words; expected a --seed, or a lower --alike",
    }
    return (
        f"{counts} {how.get(plan.documents or '', 'by their names; expected files of the same name in both folders')}"
    )


def _document(held: Texts, n: int, plan: Plan) -> Document:
    """Sentences of one text: its lines, paragraphs ending at empty ones; or of running text, a paragraph each line."""
    text = str(held.texts[n])
    if not held.running:
        lines = pl.DataFrame({"text": text.splitlines()}, schema={"text": pl.String})
        lines = lines.with_columns(pl.col("text").str.strip_chars())
        lines = lines.with_columns(paragraph=(pl.col("text") == "").cum_sum()).filter(pl.col("text") != "")
        return document(lines["text"], lines["paragraph"].to_numpy())
    bounds = np.asarray(sentences(pl.Series([text]).to_arrow())[0].values.to_numpy()).reshape(-1, 2)
    ends = np.cumsum(
        [0] + [text.count("\n", a, b) for a, b in zip([0, *bounds[:, 0]], [*bounds[:, 0], len(text)], strict=True)]
    )
    return document([text[begin:end] for begin, end in bounds.tolist()], ends[1 : len(bounds) + 1])


def _rows(
    pair: tuple[Document, Document], path: Beads, n: int, match: Match, sides: tuple[Texts, Texts]
) -> pl.DataFrame:
    beads = path.beads
    one, other = int(match.first[n]), int(match.second[n])
    texts = [passes.joined(pair[k].sentences, beads[:, 2 * k], beads[:, 2 * k + 1]) for k in range(2)]
    return pl.DataFrame(
        {
            "source": texts[0],
            "target": texts[1],
            "bead": [f"{a}-{b}" for a, b in beads[:, [1, 3]].tolist()],
            "score": path.probabilities.round(4),
            "source_document": pl.Series([str(sides[0].names[one])]).new_from_index(0, len(beads)),
            "target_document": pl.Series([str(sides[1].names[other])]).new_from_index(0, len(beads)),
            "document_score": np.full(len(beads), round(float(match.score[n]), 4)),
            "source_first": beads[:, 0] + 1,
            "source_count": beads[:, 1],
            "target_first": beads[:, 2] + 1,
            "target_count": beads[:, 3],
        },
        schema_overrides={"bead": pl.String},
    )
