"""The list of commands. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weft import __version__

application = typer.Typer(
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="From whatever text a language has to training data for multilingual language models.",
)
recipes = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Check a recipe; print its JSON Schema.")
application.add_typer(recipes, name="recipe")
training = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train models from texts of your own.")
application.add_typer(training, name="train")
tokenizers = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure tokenizers by language.")
application.add_typer(tokenizers, name="tokenizer")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; default: all usable cores.")]
BuildFolder = Annotated[Path, typer.Argument(help="A build folder.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"weft {__version__}")
        raise typer.Exit


@application.callback()
def top(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False) -> None:
    """From whatever text a language has to training data for multilingual language models."""


@application.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to build.")] = Path("weft-demo"),
    workers: Workers = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Build the bundled multilingual sample crawl end to end; print where the report is."""
    from weft.cli import building

    return building.demo(folder, workers, as_json, quiet)


@application.command()
def init(folder: Annotated[Path, typer.Argument(help="Where to write recipe.yaml.")], as_json: Json = False) -> int:
    """Write a starter recipe with comments."""
    from weft.cli import building

    return building.init(folder, as_json)


@application.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe file.")],
    into: Annotated[
        Path | None, typer.Option("--into", help="Build folder; default: build/ beside the recipe.")
    ] = None,
    runner: Annotated[str, typer.Option("--runner", help="Where tasks run: local.")] = "local",
    workers: Workers = None,
    only: Annotated[str | None, typer.Option("--only", metavar="STAGE", help="Stop after this stage.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="a.b=c", help="Replace a value of the recipe.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is cached and what would run.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Build a recipe. What an earlier run has done is not done again."""
    from weft.cli import building

    return building.run(recipe, into, runner, workers, only, set_ or [], dry_run, as_json, quiet)


@application.command()
def status(build: BuildFolder, as_json: Json = False) -> int:
    """What a build has done and still has to do."""
    from weft.cli import reading

    return reading.status(build, as_json)


@application.command()
def report(build: BuildFolder, as_json: Json = False) -> int:
    """Write report/index.html and report/summary.json again; print where they are (or the summary)."""
    from weft.cli import reading

    return reading.report(build, as_json)


@application.command()
def explain(
    build: BuildFolder,
    document: Annotated[str, typer.Argument(help="Id of a document, or its beginning.")],
    as_json: Json = False,
) -> int:
    """Where a document came from, what every step did to it, and why it is or is not in the corpus."""
    from weft.cli import reading

    return reading.explain(build, document, as_json)


@application.command()
def diff(
    before: Annotated[Path, typer.Argument(help="A release: a build folder, or its construct/.")],
    after: Annotated[Path, typer.Argument(help="A later release.")],
    rows: Annotated[
        Path | None, typer.Option("--rows", metavar="FILE", help="Write every document that differs: Parquet or TSV.")
    ] = None,
    as_json: Json = False,
) -> int:
    """What changed from one release to another: documents that came, went, changed or moved."""
    from weft.cli import reading

    return reading.diff(before, after, rows, as_json)


@application.command()
def errors(
    build: BuildFolder,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Rows to show; 0 for all.")] = 20,
    reason: Annotated[str | None, typer.Option("--reason", help="Only rows with this reason.")] = None,
    as_json: Json = False,
) -> int:
    """What could not go on, and why."""
    from weft.cli import reading

    return reading.errors(build, limit, reason, as_json)


@application.command()
def operators(
    name: Annotated[str | None, typer.Argument(help="One operator, such as label.signals.")] = None,
    as_json: Json = False,
) -> int:
    """The catalogue of operators, with their parameters."""
    from weft.cli import catalogue

    return catalogue.operators(name, as_json)


@application.command()
def identify(
    files: Annotated[list[Path] | None, typer.Argument(help="Text files; default: standard input.")] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="FILE|small",
            help="A model.npz that weft train language wrote; small: weft's own of 4 MB; default: its own of 20 MB.",
        ),
    ] = None,
    level: Annotated[
        str, typer.Option("--level", metavar="document|line|word", help="What gets a language: files, lines or words.")
    ] = "line",
    among: Annotated[
        list[str] | None,
        typer.Option("--among", metavar="CODE,…", help="Only these languages; und: or none of them."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Language of each line, file or word: code, score, script."""
    from weft.cli import identifying

    return identifying.identify(files or [], model, level, among or [], as_json, quiet)


@application.command()
def decontaminate(
    files: Annotated[list[Path], typer.Argument(help="Documents, in any format that weft reads.")],
    against: Annotated[
        list[Path],
        typer.Option(
            "--against", metavar="BENCHMARK", help="Items: .tsv, .csv, .jsonl, .parquet, or .txt with one on a line."
        ),
    ],
    text: Annotated[
        list[str] | None, typer.Option("--text", help="Column of the items' text; repeatable; default: text.")
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="Column of the items' id; default: id, or the row's number.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Column that divides a benchmark, such as its language.")
    ] = None,
    field: Annotated[str, typer.Option("--field", help="Column of the documents' text.")] = "text",
    background: Annotated[
        Path | None, typer.Option("--background", help="A table of ordinary text: what is common there is no sign.")
    ] = None,
    near: Annotated[float, typer.Option("--near", help="Share of an item's letters that are in order.")] = 0.75,
    min_words: Annotated[int, typer.Option("--min-words", help="Items with fewer words are not sought.")] = 5,
    summary: Annotated[
        Path | None, typer.Option("--summary", metavar="FILE", help="Write counts, and items not sought, as JSON.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Which evaluation items stand in documents, and where: document, benchmark, item, kind, share, place, passage."""
    from weft.cli import decontaminating

    given = {"text": text or ["text"], "id": id_, "name": name, "near": near, "min_words": min_words}
    if background is not None:
        given["background"] = str(background)
    return decontaminating.decontaminate(files, against, given, field, summary, as_json, quiet)


@application.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="A file or page of any format that weft reads.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Records to show.")] = 5,
    as_json: Json = False,
) -> int:
    """What weft makes of one file or page; no recipe needed."""
    from weft.cli import looking

    return looking.inspect(file, limit, as_json)


@application.command()
def doctor(
    warm: Annotated[bool, typer.Option("--warm", help="Compile all kernels now.")] = False, as_json: Json = False
) -> int:
    """What is installed, reachable and compiled."""
    from weft.cli import catalogue

    return catalogue.doctor(warm, as_json)


@recipes.command("check")
def recipe_check(recipe: Annotated[Path, typer.Argument(help="A recipe file.")], as_json: Json = False) -> int:
    """Check shape, parameters and wiring of a recipe."""
    from weft.cli import catalogue

    return catalogue.check(recipe, as_json)


@recipes.command("schema")
def recipe_schema() -> int:
    """JSON Schema of recipes, with every operator's parameters, for editors."""
    from weft.cli import catalogue

    return catalogue.schema()


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
