"""The commands `weft pairs align-words`, `lexicon`, `mark` and `project`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import show
from weft.cli.options import Json, Quiet
from weft.cli.pair_options import columns_of, languages_of, say_left
from weft.errors import WeftError
from weft.own_file import check_unread, whole

if TYPE_CHECKING:
    from weft.parallel.word_alignment import Aligned, Settings
    from weft.tokenizer.unreadable import Unreadable

_TOGETHER = 50_000
"""Pairs whose links are written at once."""
_PAIRS = "Pairs: .tsv, .csv (also .gz), .jsonl or .parquet, names in the first row."
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns", metavar="A,B", help="Columns of the two texts; default: source,target, else the first two."
    ),
]
More = Annotated[
    Path | None, typer.Option("--with", metavar="PAIRS", help="More pairs of both languages to learn from.")
]
Prefix = Annotated[
    int | None,
    typer.Option(
        "--prefix",
        min=0,
        help="First letters of a word that count, 0: all; default: 4 of fewer than 2,000 pairs, else 0.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the draws.")]


def align_words(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help=_PAIRS)],
    into: Annotated[
        Path,
        typer.Option(
            "--into", help="Links: one line 0-0 1-2 … for each pair; .jsonl also has places and probabilities."
        ),
    ],
    columns: Columns = None,
    more: More = None,
    tokens: Annotated[
        str,
        typer.Option(
            "--tokens", metavar="words|space", help="Words as weft finds them, or what stands between spaces."
        ),
    ] = "words",
    method: Annotated[
        str,
        typer.Option("--method", help="mean, product, intersection, union or grow-diag-final-and, of both directions."),
    ] = "mean",
    least: Annotated[float, typer.Option("--least", min=0, max=1, help="Least probability of a link.")] = 0.3,
    prefix: Prefix = None,
    seed: Seed = 1,
    as_json: Json = False,
) -> int:
    """Link the words of pairs that translate each other; learns from the pairs alone."""
    from weft.tokenizer.unreadable import Unreadable

    settings = _settings(tokens, method, least, prefix, seed)
    _no_table(into, (".tsv", ".csv", ".parquet"), "lines of links, such as links.txt, or .jsonl")
    check_unread(into, pairs, more)
    left = Unreadable()
    aligned, (source, _) = _aligned(pairs, columns, more, settings, left)
    unreadable = say_left(left)
    with _writing(into) as out:
        out.writelines(_lines(aligned, len(source), into.suffix.lower() == ".jsonl"))
    count = int(aligned.links.starts[len(source)])
    share = count / max(int(aligned.source.starts[len(source)]), 1)
    if as_json:
        show.as_json(
            {
                "links": str(into),
                "pairs": len(source),
                "count": count,
                "links_per_source_word": round(share, 4),
                **unreadable,
            }
        )
        return 0
    show.say(f"{show.counted(count, 'link')} in {show.counted(len(source), 'pair')}, {share:.2f} for each source word")
    show.say(f"links  {into}")
    return 0


def lexicon(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help=_PAIRS)],
    into: Annotated[Path, typer.Option("--into", help="The word list, a .tsv.")],
    columns: Columns = None,
    least: Annotated[float, typer.Option("--least", min=0, max=1, help="Least confidence.")] = 0.1,
    most: Annotated[int, typer.Option("--most", min=1, help="Translations of one word, at most.")] = 5,
    seed: Seed = 1,
    as_json: Json = False,
) -> int:
    """Learn a bilingual word list from pairs: translations with their probability both ways and a confidence."""
    from weft.parallel.induction import induced
    from weft.tokenizer.unreadable import Unreadable

    _no_table(into, (".jsonl", ".csv", ".parquet"), "a word list, such as words.tsv")
    check_unread(into, pairs)
    left = Unreadable()
    aligned, _ = _aligned(pairs, columns, None, _settings("words", "mean", 0.3, 0, seed), left)
    unreadable = say_left(left)
    table = induced(aligned, least, most)
    with _writing(into) as out:
        out.write(table.write_csv(separator="\t", quote_style="never", float_precision=4))
    words = table["word"].n_unique()
    if as_json:
        show.as_json({"lexicon": str(into), "words": words, "translations": table.height, **unreadable})
        return 0
    show.say(f"{show.counted(words, 'word')} with {show.counted(table.height, 'translation')}\nlexicon  {into}")
    return 0


def mark(
    spans: Annotated[Path, typer.Argument(metavar="SPANS", help="JSON lines: source, target, spans of begin and end.")],
    into: Annotated[Path, typer.Option("--into", help="JSON lines: pair, span, and the marked source to translate.")],
    service: Annotated[
        Path | None,
        typer.Option("--service", metavar="YAML", help="A model server, as in a recipe: have it translate them."),
    ] = None,
    languages: Annotated[
        str | None, typer.Option("--languages", metavar="CODE,CODE", help="With --service: source and target.")
    ] = None,
    replies: Annotated[
        Path | None, typer.Option("--replies", help="Folder that keeps its answers; default: beside --into.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Write each source text with marks around one span; with a service, and its translation."""
    from weft.parallel.marked import marked
    from weft.parallel.span_files import span_rows
    from weft.tokenizer.unreadable import Unreadable

    check_unread(into, spans)
    left = Unreadable()
    given = span_rows(spans, left)
    unreadable = say_left(left)
    rows: list[dict[str, Any]] = [
        {"pair": n, "span": k, "marked": marked(row["source"], span)}
        for n, row in given.items()
        for k, span in enumerate(row["spans"])
    ]
    told: dict[str, Any] = {"marked": str(into), "texts": len(rows), **unreadable}
    if service is not None:
        kept = replies or into.with_name(f"{into.name}.replies")
        told |= _translate(rows, service, languages, kept, quiet or as_json)
    with _writing(into) as out:
        out.writelines(show.json_line(row) for row in rows)
    if as_json:
        show.as_json(told)
        return 0
    if service is not None:
        missing = "".join(f", {count} {reason}" for reason, count in told["unanswered"].items())
        show.say(f"{told['translated']:,} translated{missing}\nreplies  {told['replies']}")
    show.say(f"{show.counted(len(rows), 'marked text')}  {into}")
    return 0


def _translate(
    rows: list[dict[str, Any]], file: Path, languages: str | None, folder: Path, silent: bool
) -> dict[str, Any]:
    """Put `translated` into each row; empty where the service gave none."""
    from weft.cli.tokenizing import progress
    from weft.engine.service_file import service_in
    from weft.engine.text_translation import PROTOCOLS, translate
    from weft.parallel.marked import request

    if languages is None:
        raise WeftError("--languages: not given; expected the codes of source and target, as eng_Latn,swh_Latn")
    codes = languages_of(languages)
    service, _ = service_in(file, PROTOCOLS, "the keys of a service: url, protocol, model")
    with progress(silent) as tell:
        found = translate([row["marked"] for row in rows], request(codes), service, folder, tell)
    for row, text in zip(rows, found.texts, strict=True):
        row["translated"] = text or ""
    count = sum(text is not None for text in found.texts)
    return {"translated": count, "unanswered": dict(sorted(found.unanswered.items())), "replies": str(folder)}


def project(
    spans: Annotated[Path, typer.Argument(metavar="SPANS", help="JSON lines: source, target, spans of begin and end.")],
    into: Annotated[Path, typer.Option("--into", help="The same with target_spans and rejected_spans.")],
    more: More = None,
    columns: Columns = None,
    marked: Annotated[
        Path | None,
        typer.Option("--marked", help="JSON lines of `weft pairs mark` with `translated`: project by marks instead."),
    ] = None,
    gap: Annotated[int, typer.Option("--gap", min=0, help="Unlinked words within a span, at most.")] = 1,
    least: Annotated[float, typer.Option("--least", min=0, max=1, help="Least confidence of a span.")] = 0.0,
    seed: Seed = 1,
    as_json: Json = False,
) -> int:
    """Carry labelled spans over to the translation: names, personal data, answers, marked errors."""
    from weft.parallel import projecting
    from weft.parallel.span_files import marked_texts, span_rows
    from weft.tokenizer.unreadable import Unreadable

    check_unread(into, spans, more, marked)
    left = Unreadable()
    given = span_rows(spans, left)
    if not given:
        raise WeftError(f"{spans}: no rows; expected source, target and spans in each line")
    others = _texts(more, columns, left) if more is not None else None
    translated = marked_texts(marked, given) if marked is not None else None
    unreadable = say_left(left)
    rows = list(given.values())
    made = projecting.rows(rows, others, translated, gap=gap, least=least, seed=seed)
    with _writing(into) as out:
        out.writelines(show.json_line(row) for row in made)
    reasons = Counter(one["reason"] for row in made for one in row["rejected_spans"])
    kept = sum(len(row["target_spans"]) for row in made)
    if as_json:
        show.as_json({"spans": str(into), "projected": kept, "rejected": dict(sorted(reasons.items())), **unreadable})
        return 0
    told = "".join(f", {reason} {count}" for reason, count in sorted(reasons.items()))
    show.say(f"{show.counted(kept, 'span')} projected, {sum(reasons.values())} rejected{told}\nspans  {into}")
    return 0


def _settings(tokens: str, method: str, least: float, prefix: int | None, seed: int) -> Settings:
    from weft.parallel.word_alignment import Settings
    from weft.parallel.word_tokens import DIVISIONS
    from weft.text.symmetrised import METHODS

    for option, value, known in (("--tokens", tokens, DIVISIONS), ("--method", method, METHODS)):
        if value not in known:
            raise WeftError(f"{option} {value}: expected one of {', '.join(known)}")
    return Settings(method=method, least=least, division=tokens, prefix=prefix, seed=seed)  # type: ignore[arg-type]


def _texts(file: Path, columns: str | None, left: Unreadable) -> tuple[Any, Any]:
    """Both sides of a file of pairs; raises WeftError where it has none."""
    from weft.parallel.pairs_file import read_pairs

    rows = read_pairs(file, columns_of(columns), first_two=True, left=left)
    if not rows.height:
        raise WeftError(f"{file}: no pairs; expected a first row of names and a pair in each further row")
    return rows["source"], rows["target"]


def _aligned(
    path: Path, columns: str | None, more: Path | None, settings: Settings, left: Unreadable
) -> tuple[Aligned, tuple[Any, Any]]:
    """All pairs aligned together, and the texts of the first file."""
    import polars as pl

    from weft.parallel.word_alignment import align

    first = _texts(path, columns, left)
    whole = first
    if more is not None:
        others = _texts(more, columns, left)
        whole = (pl.concat([first[0], others[0]]), pl.concat([first[1], others[1]]))
    return align(*whole, settings), first


def _lines(aligned: Aligned, pairs: int, as_json: bool) -> Iterator[str]:
    from weft.parallel.word_alignment import json_lines, pharaoh

    if not as_json:
        yield from (line + "\n" for line in pharaoh(aligned)[:pairs])
        return
    for first in range(0, pairs, _TOGETHER):
        yield from json_lines(aligned, first, min(first + _TOGETHER, pairs))


def _no_table(into: Path, others: tuple[str, ...], expected: str) -> None:
    """Raises WeftError for a name that promises a format which is not written."""
    if into.suffix.lower() in others:
        raise WeftError(f"--into {into}: {into.suffix} is not written; expected {expected}")


@contextmanager
def _writing(path: Path) -> Iterator[IO[str]]:
    with whole(path) as part, part.open("w", encoding="utf-8", newline="\n") as out:
        yield out


def register(group: typer.Typer) -> None:
    """Add the commands to the group `weft pairs`."""
    group.command("align-words")(align_words)
    group.command()(lexicon)
    group.command()(mark)
    group.command()(project)
