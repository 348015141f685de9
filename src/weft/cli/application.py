"""The list of commands. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weft import __version__
from weft.cli.cleaning import clean
from weft.cli.estimating import EstimateOnly, PriceHour, PriceMonth, ScaleBy, Terabytes
from weft.cli.evaluating import evaluate
from weft.cli.exporting import export
from weft.cli.indexing import index
from weft.cli.interleaving import interleave
from weft.cli.logs import logs
from weft.cli.meta_evaluating import meta_evaluate
from weft.cli.options import BuildFolder, Force, Json, KeepFree, Quiet
from weft.cli.packing import pack
from weft.cli.pairs import pairs
from weft.cli.sections import Sections
from weft.cli.sharing import share
from weft.cli.status import status
from weft.cli.synthesizing import synthesize
from weft.cli.training_commands import tokenizers, training
from weft.cli.training_divergence import divergence
from weft.cli.training_heads import head as train_head
from weft.cli.training_mos import mos as train_mos
from weft.cli.training_pairs import pairs as train_pairs
from weft.cli.watching import LogLevel, LogTo, MetricsHost, MetricsPort, Watch
from weft.cli.working import worker
from weft.errors import WeftError

application = typer.Typer(
    cls=Sections,
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="From whatever text a language has to training data for multilingual language models.",
)
recipes = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Check a recipe; print its JSON Schema.")
application.add_typer(recipes, name="recipe")
training.command("head")(train_head)
training.command("mos")(train_mos)
training.command("pairs")(train_pairs)
training.command("divergence")(divergence)
application.add_typer(training, name="train")
application.add_typer(share, name="share")
application.add_typer(pairs, name="pairs")
application.add_typer(tokenizers, name="tokenizer")

Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; default: all usable cores.")]


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
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write recipe.yaml.")],
    synthesize: Annotated[
        str | None,
        typer.Option(
            "--synthesize",
            metavar="NAME",
            help="A recipe of weft synthesize with this step, such as code_switch; another name lists them all.",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Write a starter recipe with comments."""
    from weft.cli import building

    return building.init(folder, as_json, synthesize)


@application.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe file.")],
    into: Annotated[
        str | None,
        typer.Option(
            "--into", metavar="DIR|URL", help="Build folder, or s3://bucket/folder; default: build/ beside the recipe."
        ),
    ] = None,
    runner: Annotated[str, typer.Option("--runner", help="Where tasks run: local, or ray.")] = "local",
    workers: Workers = None,
    ray_address: Annotated[
        str | None,
        typer.Option(
            "--ray-address",
            metavar="auto|HOST:PORT",
            help="A Ray cluster; default: $RAY_ADDRESS, else one that is started on this machine.",
        ),
    ] = None,
    only: Annotated[str | None, typer.Option("--only", metavar="STAGE", help="Stop after this stage.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="a.b=c", help="Replace a value of the recipe.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is cached and what would run.")] = False,
    force: Force = False,
    keep_free: KeepFree = None,
    log: LogTo = None,
    log_level: LogLevel = "info",
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = "127.0.0.1",
    estimate: EstimateOnly = False,
    scale: ScaleBy = None,
    terabytes: Terabytes = None,
    price_hour: PriceHour = None,
    price_gb_month: PriceMonth = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Build a recipe. What an earlier run has done is not done again."""
    from weft.cli import building, estimating

    if estimating.wanted(estimate, scale, terabytes, price_hour, price_gb_month):
        asked = (scale, terabytes, workers, price_hour, price_gb_month)
        return estimating.estimate(recipe, set_ or [], *asked, as_json=as_json)
    room, watch = building.room(force, keep_free), Watch(log, log_level, metrics_port, metrics_host)
    given = (recipe, into, runner, workers, ray_address, only, set_ or [])
    return building.run(*given, dry_run, as_json, quiet, room, watch)


application.command()(synthesize)
application.command()(status)


@application.command()
def report(
    build: BuildFolder,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="RUN", help="Of an evaluation: the one of the model to compare with."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Write the page of a build, or of what weft evaluate wrote; print where it is (or what it says)."""
    from weft.cli import evaluating, reading

    if evaluating.is_evaluation(str(build)):
        return evaluating.report(str(build), against, as_json)
    if evaluating.is_begun(str(build)):
        raise WeftError(
            f"{build}: an evaluation that has not ended; expected one: the same weft evaluate goes on with it"
        )
    if against is not None:
        raise WeftError(f"--against: of two evaluations; {build} is none, expected what weft evaluate wrote")
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
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="A release: a build, or its construct/.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="A later release.")],
    rows: Annotated[
        Path | None, typer.Option("--rows", metavar="FILE", help="Write every document that differs: Parquet or TSV.")
    ] = None,
    as_json: Json = False,
) -> int:
    """What changed from one release to another: documents that came, went, changed or moved; or two evaluations."""
    from weft.cli import evaluating, reading

    if evaluating.is_evaluation(before) and evaluating.is_evaluation(after):
        if rows is not None:
            raise WeftError("--rows: of releases alone; expected --json for all differences of two evaluations")
        return evaluating.differ(before, after, as_json)
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


application.command()(interleave)
application.command()(pack)
application.command()(index)
application.command()(evaluate)
application.command("meta-evaluate")(meta_evaluate)
application.command()(export)
application.command()(clean)
application.command()(worker)
application.command()(logs)


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
