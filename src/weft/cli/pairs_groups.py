"""The commands `weft pairs join`, `expand`, `coverage`, `diverge` and `batches`: options, and what a person is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import show
from weft.cli.aligning import Alike, Documents, Into, Languages, Source, Split, Target, TextColumn, UrlColumn
from weft.cli.options import Json, Quiet
from weft.cli.pair_options import code_of, languages_of, say_left
from weft.cli.training_divergence import KEPT, Keep, RandomSeed, learnt_from
from weft.errors import WeftError, nearest

if TYPE_CHECKING:
    from weft.parallel.divergence import Divergence

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE…",
        help="Pairs or groups: columns named by codes, or translation; else CODE,CODE=FILE. TSV, CSV, JSONL, Parquet.",
    ),
]
_SHOWN = 20
GroupsFile = Annotated[str, typer.Argument(metavar="GROUPS", help="What weft pairs join wrote, or such a file.")]


def join(
    files: Files,
    pivot: Annotated[str, typer.Option("--pivot", metavar="CODE", help="The language that all files have: eng_Latn.")],
    into: Annotated[Path, typer.Option("--into", metavar="FILE", help="The groups: .jsonl or .parquet.")],
    match: Annotated[
        str,
        typer.Option(
            "--match",
            metavar="exact|normalised|caseless",
            help="Pivot texts are one when they are the same; but for NFC and white space; but for case as well.",
        ),
    ] = "normalised",
    several: Annotated[
        str,
        typer.Option(
            "--several",
            metavar="further|first|none",
            help="Of several translations of one text into one language: further groups, the first, or none of them.",
        ),
    ] = "further",
    apart: Annotated[
        bool, typer.Option("--apart", help="group_id is of the group alone, whatever documents the files state.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Join files of pairs that share a language into groups of texts in many languages."""
    from weft.cli.tokenizing import progress
    from weft.engine.pair_groups import Join, join_files
    from weft.parallel.multiway import MATCHES, SEVERAL, Rule
    from weft.parallel.multiway_files import given
    from weft.tokenizer.unreadable import Unreadable

    for option, value, known in (("--match", match, MATCHES), ("--several", several, SEVERAL)):
        if value not in known:
            raise WeftError(f"{option} {value}: expected {', '.join(known)}{nearest(value, known)}")
    rule = Rule(code_of("--pivot", pivot), match, several)  # type: ignore[arg-type]
    with progress(quiet or as_json) as tell:
        made = join_files(Join(tuple(given(file) for file in files), into, rule, apart), tell, left := Unreadable())
    made |= say_left(left)
    if as_json:
        show.as_json(made)
        return 0
    show.say(f"read      {show.counted(made['rows'], 'row')}, {made['rows_without_pair']:,} without a pair")
    show.say(f"pivots    {made['pivots']:,} different texts in {rule.pivot} ({match})")
    show.say(f"repeated  {made['repeated']:,} translations are there before")
    what = {"further": "further groups", "first": "the first stays", "none": "none stays"}[several]
    show.say(
        f"several   {show.counted(made['several'], 'time')} a text has different translations into one language: {what}"
    )
    sizes = ", ".join(f"{count:,} of {size}" for size, count in made["sizes"].items())
    show.say(f"groups    {made['groups']:,} in {len(made['languages'])} languages: {sizes}")
    if made["units"] is not None:
        show.say(f"units     {made['units']:,}, of groups that the files name")
    show.say(f"written   {into}")
    return 0


def expand(
    groups: GroupsFile,
    into: Annotated[Path, typer.Option("--into", metavar="FOLDER", help="For a file of each pair of languages.")],
    languages: Annotated[
        str | None, typer.Option("--languages", metavar="CODE,…", help="Only pairs of these; default: all.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="CODE", help="Only pairs with this language.")
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="jsonl|parquet", help="Of the files.")] = "jsonl",
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Write the pairs of every two languages of groups, those without the pivot among them."""
    from weft.cli.tokenizing import progress
    from weft.engine.pair_groups import expand_file
    from weft.parallel.multiway_files import given
    from weft.tokenizer.unreadable import Unreadable

    if form not in ("jsonl", "parquet"):
        raise WeftError(f"--format {form}: expected jsonl or parquet")
    codes = [code_of("--languages", code) for code in languages.split(",")] if languages else None
    wanted = code_of("--source", source) if source else None
    with progress(quiet or as_json) as tell:
        made = expand_file(given(groups), into, f".{form}", codes, wanted, tell, left := Unreadable())
    made |= say_left(left)
    if as_json:
        show.as_json(made)
        return 0
    show.say(
        f"{show.counted(made['rows'], 'pair')} of {show.counted(made['groups'], 'group')}, in "
        f"{show.counted(len(made['pairs']), 'pair')} of languages\nwritten  {into}"
    )
    return 0


def coverage(files: Files, as_json: Json = False) -> int:
    """Say which languages have texts together: groups for each two languages, and how many languages groups have."""
    from weft.parallel.coverage import coverage as covered
    from weft.parallel.multiway_files import given, read_units
    from weft.tokenizer.unreadable import Unreadable

    left = Unreadable()
    found = covered(read_units(given(file), left) for file in files)
    unreadable = say_left(left)
    if not found.groups:
        raise WeftError(f"{', '.join(files)}: no row has texts in two languages or more")
    if as_json:
        show.as_json(found.to_json() | unreadable)
        return 0
    from weft.cli.coverage_table import lines

    for line in lines(found, show.console().width):
        show.say(line)
    return 0


def diverge(
    source: Source,
    target: Target,
    languages: Languages,
    into: Into,
    seed: Annotated[
        Path | None,
        typer.Option("--seed", metavar="FILE", help="Translations to learn from, in the order of their documents."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", metavar="FOLDER", help="Instead of a seed: what weft train divergence wrote."),
    ] = None,
    keep: Keep = KEPT,
    documents: Documents = None,
    split: Split = False,
    text: TextColumn = "text",
    url: UrlColumn = "url",
    alike: Alike = 0.1,
    random_seed: RandomSeed = 1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Label each sentence of comparable texts: the other text says the same, a part of it (inferable), or it is new."""
    from weft.cli.tokenizing import progress
    from weft.engine.aligning import Plan
    from weft.engine.diverging import label_files
    from weft.parallel.divergence_folder import load
    from weft.tokenizer.unreadable import Unreadable

    codes = languages_of(languages)
    if (seed is None) == (model is None):
        raise WeftError("expected --seed FILE, or --model FOLDER of weft train divergence; one of both")
    if model is not None and (keep, random_seed) != (KEPT, 1):
        raise WeftError("--model: with --keep or --random-seed, which are of what is learnt; expected them with --seed")
    plan = Plan(source, target, codes, into, None, documents, split, text, url, alike=alike)
    left = Unreadable()
    with progress(quiet or as_json) as tell:

        def learnt() -> tuple[Divergence, bool]:
            if model is not None:
                return load(model, codes)
            assert seed is not None
            return learnt_from(seed, None, codes, keep, random_seed, tell, left), False

        made = label_files(plan, learnt, tell, left)
    made |= say_left(left)
    if as_json:
        show.as_json(made)
        return 0
    rows = []
    for code in codes:
        counts, held = made["sentences"][code], made["held_out"][code]
        each = (f"{count:,} ({count / max(sum(counts.values()), 1):.0%})" for count in counts.values())
        rows.append((code, *each, *(f"{held['f1'][label]:.2f}" for label in counts)))
    show.say(f"{show.counted(made['documents'], 'pair')} of documents; F1 is of made documents of the seed")
    names = list(made["sentences"][codes[0]])
    show.table(("sentences of", *names, *(f"F1 {name}" for name in names)), rows, right=frozenset(range(1, 7)))
    show.say(f"written  {into}")
    return 0


def batches(
    groups: GroupsFile,
    into: Annotated[Path, typer.Option("--into", metavar="FILE", help="The batches: .jsonl or .parquet.")],
    size: Annotated[int | None, typer.Option("--batch-size", min=1, help="Rows of a batch.")] = None,
    tokens: Annotated[
        int | None,
        typer.Option("--batch-tokens", min=1, help="Instead: tokens of a batch with its padding, by --tokenizer."),
    ] = None,
    tokenizer: Annotated[
        Path | None, typer.Option("--tokenizer", metavar="FILE", help="tokenizer.json, or its folder.")
    ] = None,
    unit: Annotated[
        str,
        typer.Option(
            "--of", metavar="pair|set", help="A batch is of one pair of languages; or of whole groups of one set."
        ),
    ] = "pair",
    temperature: Annotated[
        float,
        typer.Option("--temperature", min=0, max=1, help="A pair counts as its size to this power; 1: as it is."),
    ] = 1.0,
    count: Annotated[
        int | None, typer.Option("--batches", min=1, help="How many; default: as one pass over all has.")
    ] = None,
    last: Annotated[
        str,
        typer.Option("--last", metavar="keep|drop|fill", help="Of the last batch of a pair that is not full."),
    ] = "keep",
    source: Annotated[str | None, typer.Option("--source", metavar="CODE", help="Only pairs from this.")] = None,
    target: Annotated[str | None, typer.Option("--target", metavar="CODE", help="Only pairs into this.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draws.")] = 1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Lay groups out in batches for training, each of one pair of languages, in an order that is drawn."""
    from weft.cli.tokenizing import progress, tokenizer_file
    from weft.engine.pair_batches import LASTS, UNITS, Plan, make_batches
    from weft.parallel.multiway_files import given
    from weft.tokenizer.loaded import load
    from weft.tokenizer.packing import checked_choice
    from weft.tokenizer.unreadable import Unreadable

    checked_choice("--of", unit, UNITS)
    checked_choice("--last", last, LASTS)
    if (size is None) == (tokens is None) or (tokens is None) != (tokenizer is None):
        raise WeftError("expected --batch-size, or --batch-tokens with --tokenizer")
    if tokens is not None and last == "fill":
        raise WeftError("--last fill: expected it with --batch-size; a batch of tokens is as full as its rows allow")
    held = None if tokenizer is None else load(tokenizer_file(tokenizer))
    codes = [code and code_of(option, code) for option, code in (("--source", source), ("--target", target))]
    plan = Plan(given(groups), into, unit, size, tokens, held, temperature, count, last, seed, *codes)  # type: ignore[arg-type]
    with progress(quiet or as_json) as tell:
        made = make_batches(plan, tell, left := Unreadable())
    made |= say_left(left)
    if as_json:
        show.as_json(made)
        return 0
    _batches_said(made, into)
    return 0


def _batches_said(made: dict[str, Any], into: Path) -> None:
    rows = [(name, one["rows"], one["batches"], f"{one['passes']:.2f}") for name, one in made["kinds"].items()]
    rows.sort(key=lambda row: (-row[2], row[0]))
    show.table(
        ("languages", "rows", "batches", "passes"), rows[:_SHOWN], right=frozenset({1, 2, 3}), whole=frozenset({0})
    )
    if len(rows) > _SHOWN:
        show.say(f"and {len(rows) - _SHOWN:,} more; --json has all")
    show.say(f"{show.counted(made['rows'], 'row')} in {made['batches']:,} batches\nwritten  {into}")


def register(group: typer.Typer) -> None:
    """Add the commands to the group `weft pairs`."""
    group.command()(join)
    group.command()(expand)
    group.command()(coverage)
    group.command()(diverge)
    group.command()(batches)
