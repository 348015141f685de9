"""The command `weft pairs align`: options, and what a person is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weft.cli import show
from weft.cli.encoder_options import Device, EncoderLanguages, EncoderName, KeepVectors, encoder_of
from weft.cli.options import Json, Quiet
from weft.cli.pair_options import languages_of, say_left
from weft.errors import WeftError

Source = Annotated[
    Path, typer.Argument(metavar="SOURCE", help="A text, a folder of texts, or a table with a text in each row.")
]
Target = Annotated[Path, typer.Argument(metavar="TARGET", help="The same in the other language.")]
Languages = Annotated[
    str, typer.Option("--languages", metavar="CODE,CODE", help="Of the source and the target: eng_Latn,swh_Latn.")
]
Into = Annotated[Path, typer.Option("--into", metavar="FILE", help="What is written: .tsv, .jsonl or .parquet.")]
SeedFile = Annotated[
    Path | None,
    typer.Option("--seed", metavar="FILE", help="Translations to learn from, a table with columns source and target."),
]
Known = Annotated[
    Path | None,
    typer.Option("--lexicon", metavar="FOLDER", help="A model of weft train pairs, instead of a seed or beside it."),
]
Documents = Annotated[
    str | None,
    typer.Option(
        "--documents",
        metavar="names|url|content",
        help="Which documents belong together: files of one name, addresses that differ in the language, or words.",
    ),
]
Split = Annotated[bool, typer.Option("--split", help="Texts are running text: divide them into sentences.")]
TextColumn = Annotated[str, typer.Option("--text", metavar="COLUMN", help="Of tables: where the text is.")]
UrlColumn = Annotated[str, typer.Option("--url", metavar="COLUMN", help="Of tables: where the address is.")]
LeastScore = Annotated[
    float, typer.Option("--least", min=0, max=1, help="Write only beads of this probability and more.")
]
Alike = Annotated[float, typer.Option("--alike", min=0, max=1, help="Documents less alike are not paired by content.")]
Every = Annotated[bool, typer.Option("--all", help="Write sentences without a translation as well.")]
Longest = Annotated[int, typer.Option("--longest", min=4, max=12, help="Sentences of both sides in one bead at most.")]

VectorFiles = Annotated[
    tuple[Path, Path] | None,
    typer.Option("--vectors", metavar="A.npy B.npy", help="A vector for each sentence of SOURCE and TARGET, in order."),
]


def align(
    source: Source,
    target: Target,
    languages: Languages,
    into: Into,
    seed: SeedFile = None,
    lexicon: Known = None,
    documents: Documents = None,
    split: Split = False,
    text: TextColumn = "text",
    url: UrlColumn = "url",
    least: LeastScore = 0.0,
    alike: Alike = 0.1,
    every: Every = False,
    longest: Longest = 4,
    vectors: VectorFiles = None,
    encoder: EncoderName = None,
    encoder_languages: EncoderLanguages = None,
    keep_vectors: KeepVectors = None,
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Which sentences of two texts translate each other; with a seed, a model, or neither."""
    from weft.cli.tokenizing import progress
    from weft.engine.aligning import Plan, align_files
    from weft.tokenizer.unreadable import Unreadable

    codes = languages_of(languages)
    if vectors is not None and encoder is not None:
        raise WeftError("--vectors: with --encoder; expected one of them")
    plan = Plan(
        source,
        target,
        codes,
        into,
        seed,
        documents,
        split,
        text,
        url,
        least,
        alike,
        every,
        longest,
        lexicon=lexicon,
        vectors=vectors,
    )
    keep = keep_vectors or into.with_name(f"{into.name}.vectors")
    with (
        progress(quiet or as_json) as tell,
        encoder_of(encoder, encoder_languages, keep, device, tell) as found,
    ):
        made = align_files(plan, tell, found, left := Unreadable())
    made |= say_left(left)
    if as_json:
        show.as_json(made)
    else:
        _said(made)
    return 0


def _said(made: dict[str, Any]) -> None:
    documents, count = made["documents"], made["sentences"]
    total = sum(made["beads"].values())
    show.say(
        f"documents  {show.counted(documents['paired'], 'pair')} of {documents['source']:,} and {documents['target']:,}"
    )
    show.say(f"sentences  {count['source']:,} and {count['target']:,}")
    kinds = ", ".join(f"{number:,} {name}" for name, number in made["beads"].items())
    show.say(f"aligned    {show.counted(total, 'bead')}{f': {kinds}' if kinds else ''}")
    show.say(f"alone      {made['unaligned']['source']:,} and {made['unaligned']['target']:,} sentences")
    sure = ", ".join(f"{number:,} of {name} and more" for name, number in made["score"].items())
    show.say(f"score      {sure}")
    if (meant := made.get("vectors")) is not None:
        show.say(f"vectors    {meant['name']}: {'used' if meant['used'] else 'not used, ' + meant['why']}")
    show.say(f"written    {made['into']} ({show.counted(made['written'], 'row')})")
