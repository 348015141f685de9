"""The commands `weft train …` and `weft tokenizer …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weft.cli.options import Json, Quiet

training = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train models from texts of your own.")
tokenizers = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure tokenizers by language.")


@training.command()
def language(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RECIPE | FILE...]",
            help="A training recipe, default: that of weft's own identifier; with --add a file of text for each.",
        ),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option("--add", metavar="lang_Scrp", help="Code of a language that a model is to know too; repeatable."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="With --add: the model.npz to which languages are added, or small; default: weft's own."
        ),
    ] = None,
    into: Annotated[Path, typer.Option("--into", help="Folder for model, card and scores.")] = Path("language-model"),
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of the texts; default: the variable WEFT_DATA.")
    ] = None,
    draws: Annotated[
        int | None, typer.Option("--draws", min=1_000, help="Steps of both trainings, in place of the recipe's.")
    ] = None,
    small: Annotated[
        bool, typer.Option("--small", help="The variant of under 4 MB, for phones and browsers, of the same recipe.")
    ] = False,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="SOURCE", help="Train without this source and measure on it; several times."),
    ] = None,
    beside: Annotated[
        Path | None,
        typer.Option("--beside", metavar="MODEL", help="With --without: a model of all sources, to say the drop."),
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="Measure on the test part too: do it once, at the end.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Train a language identifier from labelled texts, or add languages to one: --add lang_Scrp FILE.

    It is measured on texts that it never saw. A file for --add holds a sentence or paragraph on each line.
    """
    from weft.cli import adding
    from weft.cli import training as commands

    if add or model is not None:
        training_only = {"--data": data, "--draws": draws, "--small": small, "--without": without, "--test": test}
        adding.refuse_training_options(training_only)
        return adding.language(add or [], files or [], model, into, as_json)
    return commands.language(
        adding.one_recipe(files or []), into, data, draws, small, without or [], beside, test, as_json, quiet
    )


Texts = Annotated[
    list[str],
    typer.Argument(
        metavar="TEXTS...",
        help="Releases of weft (build folders), .jsonl, .parquet, .tsv, .csv or .txt, packed or not; CODE=FILE says "
        "the language of a whole file, as swh_Latn.txt does.",
    ),
]
TextColumn = Annotated[str, typer.Option("--text", metavar="COLUMN", help="Column of the text.")]
LanguageColumn = Annotated[
    str | None, typer.Option("--language", metavar="COLUMN", help="Column of the language; default: language or lang.")
]
KeyColumn = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="COLUMN", help="Column that translations of one text share: parity is measured by it."
    ),
]
Pivot = Annotated[
    str | None,
    typer.Option("--pivot", metavar="CODE", help="Language beside which parity is measured; default: eng_Latn."),
]
Most = Annotated[
    int | None, typer.Option("--most", min=1, metavar="CHARACTERS", help="Read no more of each language; its first.")
]


@training.command("tokenizer")
def train_tokenizer(
    texts: Texts,
    into: Annotated[Path, typer.Option("--into", help="Folder for the tokenizer, its card and report.")] = Path(
        "tokenizer"
    ),
    kind: Annotated[str, typer.Option("--kind", metavar="bpe|unigram", help="What is trained.")] = "bpe",
    vocabulary: Annotated[
        int | None,
        typer.Option("--vocabulary", min=300, help="Pieces in all; default: 32,000, or 8,000 more with --extend."),
    ] = None,
    temperature: Annotated[
        float,
        typer.Option("--temperature", min=0, max=1, help="A language counts as its size to this power; 1: as it is."),
    ] = 0.3,
    extend: Annotated[
        Path | None, typer.Option("--extend", metavar="FILE", help="Add pieces to this tokenizer.json; old ids stay.")
    ] = None,
    special: Annotated[
        list[str] | None,
        typer.Option("--special", metavar="PIECE", help="Special pieces; default: <unk> <s> </s> <pad>."),
    ] = None,
    coverage: Annotated[
        float, typer.Option("--coverage", min=0.9, max=1, help="Share of the text whose characters get pieces.")
    ] = 0.9995,
    hold_out: Annotated[
        float, typer.Option("--hold-out", min=0, max=0.5, help="Share of the texts that is only measured.")
    ] = 0.05,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws the texts that are held out.")] = 1,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--measure", metavar="TEXTS", help="Measure on these too, and train on none of them; several times."
        ),
    ] = None,
    text: TextColumn = "text",
    language: LanguageColumn = None,
    key: KeyColumn = None,
    pivot: Pivot = None,
    most: Most = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Train a tokenizer that small languages have pieces in, or add pieces to one: --extend FILE.

    It loses no text: what has no piece becomes bytes. It is measured on texts that were held out.
    """
    from weft.cli import tokenizing

    options = tokenizing.plan_options(kind, vocabulary, temperature, special, coverage, hold_out, seed, pivot, extend)
    return tokenizing.train(texts, beside or [], into, (text, language, key), most, options, extend, as_json, quiet)


@tokenizers.command("report")
def tokenizer_report(
    files: Annotated[
        list[Path], typer.Argument(metavar="TOKENIZER...", help="tokenizer.json files, or their folders.")
    ],
    texts: Annotated[
        list[str],
        typer.Option(
            "--texts", metavar="TEXTS", help="What to measure on, as for weft train tokenizer; several times."
        ),
    ],
    text: TextColumn = "text",
    language: LanguageColumn = None,
    key: KeyColumn = None,
    pivot: Pivot = None,
    most: Most = None,
    into: Annotated[
        Path | None, typer.Option("--into", help="Folder for languages.tsv, scores.json and report.html.")
    ] = None,
    tsv: Annotated[bool, typer.Option("--tsv", help="Print all rows, tab-separated.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """What tokenizers cost each language: tokens by word, character and byte, and beside another language."""
    from weft.cli import tokenizing

    return tokenizing.report(files, texts, (text, language, key), most, pivot, into, tsv, as_json, quiet)
