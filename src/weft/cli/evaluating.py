"""The command `weft evaluate`, and what `weft diff` says of two evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import evaluating_exchange, show
from weft.cli.evaluating_told import SHOWN, figure, told
from weft.cli.options import Json, Quiet
from weft.errors import WeftError

if TYPE_CHECKING:
    from weft.evaluate.judging import Judge
    from weft.evaluate.running import Run, Settings
    from weft.evaluate.suite import Suite

Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Where the suite's files are; default: beside the suite.")
]
Languages = Annotated[
    str | None, typer.Option("--languages", metavar="CODE,CODE", help="Ask these alone; default: all there are.")
]
Tasks = Annotated[
    list[str] | None, typer.Option("--task", metavar="NAME", help="Ask this task alone; may be given several times.")
]
Beside = Annotated[
    list[Path] | None,
    typer.Option("--beside", metavar="RUN", help="Another model's run: with two, faulty items are looked for."),
]
Precision = Annotated[str, typer.Option("--precision", help="Of a model in a folder: float32, bfloat16 or float16.")]
Export = Annotated[
    str | None,
    typer.Option(
        "--export", metavar="FORM", help="Write SUITE for lm-eval or opencompass, or a run's folder for a leaderboard."
    ),
]
Import = Annotated[
    Path | None,
    typer.Option("--import", metavar="FILE", help="Make a run of results of lm-eval or OpenCompass; ask nothing."),
]
Quality = Annotated[
    Path | None,
    typer.Option("--quality", metavar="FILE", help="Judge translations by this too: what weft train mos wrote."),
]
OfSuite = Annotated[str | None, typer.Option("--suite", metavar="SUITE", help="Of --import: what was exported.")]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, max=1_000_000_000, help="Items of a language, drawn by their ids; default: all."),
]
TrainedOn = Annotated[
    list[Path] | None,
    typer.Option("--trained-on", metavar="BUILD", help="A build, release or file that the model has read."),
]


def evaluate(
    suite: Annotated[str | None, typer.Argument(metavar="SUITE", help="Name of a suite, or a YAML file.")] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="M", help="endpoint.yaml, the folder of a model (language, encoder, reward), or outputs."
        ),
    ] = None,
    into: Annotated[Path | None, typer.Option("--into", metavar="DIR", help="Default: SUITE-MODEL here.")] = None,
    data: Data = None,
    languages: Languages = None,
    task: Tasks = None,
    limit: Limit = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Draws items, examples and resamples.")] = 0,
    samples: Annotated[
        int, typer.Option("--samples", min=100, max=1_000_000, help="Resamples of an interval.")
    ] = 10_000,
    device: Annotated[str, typer.Option("--device", help="Of a model in a folder: auto, cpu or cuda.")] = "auto",
    precision: Precision = "float32",
    chat: Annotated[bool, typer.Option("--chat/--no-chat", help="Use the chat template of a model's folder.")] = True,
    trained_on: TrainedOn = None,
    quality: Quality = None,
    beside: Beside = None,
    export: Export = None,
    import_: Import = None,
    of_suite: OfSuite = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the suites that come with weft.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Ask a model what a suite asks, in every language there is data of; scores with intervals, and what was not run.

    What a model answered is kept: the same command goes on where it was, and asks nothing twice.
    """
    from weft.evaluate.suite import load

    if listed:
        return _list(as_json)
    if evaluating_exchange.wanted(export, import_):
        settings = _settings(data, languages, task, limit, seed, samples, ())
        return evaluating_exchange.exchange(suite, export, import_, into, of_suite, model, settings, as_json)
    if suite is None or model is None:
        lacking = "SUITE" if suite is None else "--model"
        raise WeftError(f"weft evaluate: {lacking} is missing; expected weft evaluate SUITE --model M (--list: suites)")
    if device not in ("auto", "cpu", "cuda"):
        raise WeftError(f"--device {device}: expected auto, cpu or cuda")
    if precision not in ("float32", "bfloat16", "float16"):
        raise WeftError(f"--precision {precision}: expected float32, bfloat16 or float16")
    held, file = load(suite)
    place = into if into is not None else Path(f"{held.suite}-{_stem(model)}")
    where = data if data is not None else file.parent
    if not where.is_dir():
        raise WeftError(f"--data {where}: no such folder; expected the suite's files in it: {held.data or held.suite}")
    run = _run(
        (held, where, languages, task, limit, seed, samples, tuple(trained_on or ()), quality, tuple(beside or ())),
        (model, place, {"device": device, "precision": precision, "chat": chat}),
        quiet or as_json,
    )
    return told(run, place, as_json)


def _stem(model: str) -> str:
    return Path(model).name.partition(".")[0] or "model"


def _run(asked: tuple[Any, ...], answering: tuple[str, Path, dict[str, Any]], quiet: bool) -> Run:
    from weft.cli.tokenizing import progress
    from weft.evaluate.models.opening import opened
    from weft.evaluate.place import alone, check_same
    from weft.evaluate.running import evaluate as ask
    from weft.evaluate.running import save

    held, *chosen = asked
    model, place, how = answering
    settings = _settings(*chosen)
    with alone(place):
        answers = opened(model, place, **how)
        try:
            check_same(place, held.suite, held.version, answers.told)
            with progress(quiet) as tell:
                run = ask(held, answers, settings, tell)
        finally:
            answers.close()
        save(run, place)
    return run


def _settings(
    where: Path | None,
    languages: str | None,
    tasks: list[str] | None,
    limit: int | None,
    seed: int,
    samples: int,
    trained_on: tuple[Path, ...],
    quality: Path | None = None,
    beside: tuple[Path, ...] = (),
) -> Settings:
    """What is asked; a folder that was not named is `Path()`."""
    from weft.evaluate.items import Choice, codes_in
    from weft.evaluate.running import Settings

    codes = None if languages is None else codes_in(languages.split(","))
    judge = None if quality is None else _judge(quality)
    chosen = None if tasks is None else frozenset(tasks)
    return Settings(where or Path(), chosen, Choice(codes, limit, seed), samples, trained_on, judge, beside)


def _judge(file: Path) -> Judge:
    from weft.evaluate.judging import Judge
    from weft.evaluate.mos.model_file import load

    return Judge(load(file))


def _list(as_json: bool) -> int:
    from weft.evaluate.suite import load, shipped

    found = {name: load(name)[0] for name in shipped()}
    if as_json:
        files = {name: {"file": str(file)} for name, file in shipped().items()}
        show.as_json({name: one.model_dump(mode="json") | files[name] for name, one in found.items()})
        return 0
    rows = [(name, ", ".join(one.tasks), _asked_of(one), one.about, one.data) for name, one in found.items()]
    show.table(("suite", "tasks", "a model gives", "what it measures", "data"), rows)
    show.say(f"files  {shipped()['sib200'].parent}: copy one to ask another way")
    return 0


def _asked_of(suite: Suite) -> str:
    """What a model must give for the tasks of a suite."""
    tasks = suite.tasks.values()
    return ", ".join(dict.fromkeys("log-likelihoods" if task.of.likely(task) else str(task.of.wants) for task in tasks))


def is_evaluation(place: str) -> bool:
    """Whether `weft evaluate` wrote this folder."""
    return "://" not in place and (Path(place) / "scores.json").is_file()


def is_begun(place: str) -> bool:
    """Whether `weft evaluate` has begun to write this folder."""
    return "://" not in place and (Path(place) / ".lock").is_file() and not (Path(place) / "recipe.yaml").exists()


def differ(first: str, second: str, as_json: bool) -> int:
    """How the second evaluation differs from the first, with corrected tests."""
    from weft.evaluate.comparison import compare

    held = compare(Path(first), Path(second))
    if as_json:
        show.as_json(held)
        return 0
    directed = any(row["direction"] for row in held["differences"])
    head = ["task", "language", *(["direction"] if directed else []), "metric"]
    words = len(head)
    head += ["first", "second", "difference", "95 %", "p (Holm)", "", "items"]
    rows = [_row(row, directed) for row in (*held["means"], *held["differences"])]
    if rows:
        show.table(
            head,
            rows[:SHOWN],
            right=frozenset({words, words + 1, words + 2, words + 4, words + 6}),
            whole=frozenset({*range(words), words + 3, words + 5}),
        )
    if len(rows) > SHOWN:
        show.say(f"… and {len(rows) - SHOWN:,} more with --json")
    for one in held["untested"]:
        show.say(f"{one['task']}: not tested: {one['why']}")
    show.say(held["test"])
    return 0


def _row(row: dict[str, Any], directed: bool) -> tuple[object, ...]:
    from weft.evaluate.comparison import better

    language = row["language"] if "language" in row else f"mean of {row['languages']} languages"
    names = (row["task"], language, *([row["direction"] or ""] if directed else []), row["metric"])
    if row["value"] is None:
        return (*names, "", "", "not run", "", "", "", row["items"])
    figures = [figure(row[name], row["ceiling"]) for name in ("first", "second", "value", "low", "high")]
    p = row.get("holm", row["p"])
    word = {1: "better", -1: "worse", 0: ""}[better(row)]
    return (*names, *figures[:3], f"{figures[3]} to {figures[4]}", f"{p:.4f}", word, row["items"])


def report(run: str, against: str | None, as_json: bool) -> int:
    """Write the page of an evaluation; say where it is."""
    from weft.report.evaluation_page import write

    place, figures = write(Path(run), None if against is None else Path(against))
    if as_json:
        show.as_json(figures | {"page": str(place)})
    else:
        show.say(str(place))
    return 0
