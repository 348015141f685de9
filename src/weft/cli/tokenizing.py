"""Commands about tokenizers: train tokenizer, tokenizer report."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from weft.cli import show
from weft.errors import WeftError

_SHOWN = 20
"""Languages that a person is shown; the files have all."""


def plan_options(
    kind: str,
    vocabulary: int | None,
    temperature: float,
    special: list[str] | None,
    coverage: float,
    hold_out: float,
    seed: int,
    pivot: str | None,
    extend: Path | None,
) -> dict[str, Any]:
    """What a Plan takes; raises WeftError for options that do not go together."""
    from weft.tokenizer.pieces import SPECIAL

    if kind not in ("bpe", "unigram"):
        raise WeftError(f"--kind {kind}: expected bpe or unigram")
    if extend is not None and (special or kind != "bpe"):
        raise WeftError(
            f"{'--special' if special else '--kind'}: not possible with --extend, which keeps those of its file"
        )
    return {
        "kind": kind,
        "vocabulary": vocabulary,
        "temperature": temperature,
        "special": tuple(special or SPECIAL),
        "coverage": coverage,
        "hold_out": hold_out,
        "seed": seed,
        "pivot": pivot,
    }


def train(
    texts: list[str],
    beside: list[str],
    into: Path,
    columns: tuple[str, str | None, str | None],
    most: int | None,
    options: dict[str, Any],
    extend: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Train or extend, measure, and write the tokenizer, its settings, card, table, scores and report."""
    from weft.tokenizer.card import as_rows
    from weft.tokenizer.loaded import library, load
    from weft.tokenizer.making import Plan, make
    from weft.tokenizer.texts import Columns, read_texts

    if into.exists() and not into.is_dir():
        raise WeftError(f"{into}: cannot be written: it is a file; expected a folder, or a name that is free")
    library()
    file = tokenizer_file(extend) if extend is not None else None
    if file is not None and (into / "tokenizer.json").exists() and (into / "tokenizer.json").samefile(file):
        raise WeftError(f"{into}: holds {file} itself; expected another folder, so that it stays as it is")
    plan = Plan(**options, extend=load(file) if file is not None else None)
    with progress(quiet or as_json) as tell:
        reading: dict[str, Any] = {"most": most, "tell": lambda name: tell(f"read {name}", 0, None)}
        rows = read_texts(texts, Columns(*columns), **reading)
        splits = ("validation", "test")
        more = read_texts(beside, Columns(*columns), splits=splits, **reading) if beside else None
        made = make(rows, plan, tell, more)
    _write(into, made, texts)
    if as_json:
        told = {"tokenizer": str(into / "tokenizer.json"), "kind": made.kind, "pieces": made.size}
        show.as_json(told | {"summary": made.summary, "languages": as_rows(made.table)})
        return 0
    if plan.extend is not None:
        show.say(f"{made.size - plan.extend.size:,} pieces more than {plan.extend.size:,}.")
    _said(made.table, made.summary)
    show.say(
        f"tokenizer  {into / 'tokenizer.json'}  ({made.kind}, {made.size:,} pieces)\n"
        f"card       {into / 'README.md'}\nreport     {into / 'report.html'}"
    )
    return 0


def report(
    files: list[Path],
    texts: list[str],
    columns: tuple[str, str | None, str | None],
    most: int | None,
    pivot: str | None,
    into: Path | None,
    tsv: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Measure tokenizers on texts; print, and write languages.tsv, scores.json and report.html where `into` says."""
    from weft.tokenizer.card import as_rows
    from weft.tokenizer.fertility import measure, summary
    from weft.tokenizer.loaded import load
    from weft.tokenizer.texts import Columns, read_texts

    if tsv and as_json:
        raise WeftError("--tsv and --json exclude one another; expected one of them")
    held = _named([load(tokenizer_file(file)) for file in files])
    with progress(quiet or as_json) as tell:
        rows = read_texts(
            texts,
            Columns(*columns),
            splits=("train", "validation", "test"),
            most=most,
            tell=lambda name: tell(f"read {name}", 0, None),
        )
        total = len(held) * rows.height
        table = measure(held, rows, pivot, lambda done: tell("measure", done, total))
    found = summary(table)
    if into is not None:
        _write_report(into, "Tokenizers", table, found)
    if as_json:
        show.as_json({"summary": found, "languages": as_rows(table)})
    elif tsv:
        show.say(_tsv(table).rstrip("\n"))
    else:
        _said(table, found)
        if into is not None:
            show.say(f"report  {into / 'report.html'}")
    return 0


def tokenizer_file(given: Path) -> Path:
    """The file that a person means by a folder: its tokenizer.json."""
    return given / "tokenizer.json" if given.is_dir() else given


def _named(held: list[Any]) -> list[tuple[str, Any]]:
    """Tokenizers by the names of their files; by their paths where two have one name."""
    names = [one.name for one in held]
    same = len(set(names)) < len(names)
    return [(str(one.file) if same else one.name, one) for one in held]


def _write(into: Path, made: Any, texts: list[str]) -> None:
    from weft.tokenizer.card import card
    from weft.tokenizer.making import written
    from weft.tokenizer.pieces import settings, with_unknown

    extend = made.plan.extend
    with _writing(into):
        into.mkdir(parents=True, exist_ok=True)
        (into / "tokenizer.json").write_text(written(made.content), "utf-8")
        if extend is None:
            held = json.dumps(settings(with_unknown(made.plan.special)), indent=1, ensure_ascii=False) + "\n"
            (into / "tokenizer_config.json").write_text(held, "utf-8")
        else:
            for name in ("tokenizer_config.json", "special_tokens_map.json"):
                beside = extend.file.with_name(name)
                if beside.is_file():
                    (into / name).write_bytes(beside.read_bytes())
        (into / "README.md").write_text(card(made, texts), "utf-8")
    _write_report(into, "Tokenizer", made.table, made.summary)


def _write_report(into: Path, title: str, table: Any, found: dict[str, Any]) -> None:
    from weft.report.tokenizer_page import page
    from weft.tokenizer.card import as_rows

    with _writing(into):
        into.mkdir(parents=True, exist_ok=True)
        (into / "languages.tsv").write_text(_tsv(table), "utf-8")
        told = {"summary": found, "languages": as_rows(table)}
        (into / "scores.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
        (into / "report.html").write_text(page(title, table, found), "utf-8")


@contextlib.contextmanager
def _writing(into: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WeftError(f"{into}: cannot be written: {error.strerror or error}") from error


def _tsv(table: Any) -> str:
    held = io.BytesIO()
    table.write_csv(held, separator="\t", float_precision=6)
    return held.getvalue().decode("utf-8")


def _said(table: Any, found: dict[str, Any]) -> None:
    """The summary, then the languages that pay most."""
    if not table.height:
        show.say("Not measured: no texts were held out.")
        return
    by = "parity" if table["parity"].null_count() < table.height else "fertility"
    rows = table.sort(by, "language", "tokenizer", descending=[True, False, False], nulls_last=True)
    worst = rows["language"].unique(maintain_order=True)[:_SHOWN]
    ratios = ("fertility", "tokens_per_character", "bytes_per_token", "broken_share", "parity")
    heads = ("tokens/word", "tokens/char", "bytes/token", "broken", "parity")
    shown = []
    for code in worst:
        for row in rows.filter(rows["language"] == code).sort("tokenizer", descending=True).iter_rows(named=True):
            shown.append((code, row["tokenizer"], *(_figure(c, row[c]) for c in ratios)))
    show.table(("language", "tokenizer", *heads), shown, right=frozenset(range(2, 7)))
    languages = table["language"].n_unique()
    if languages > len(worst):
        show.say(f"These are the {len(worst)} of {languages} languages with the highest {by}. On average over all:")
    means = [(k, *(_figure(c, v[c]) for c in ratios), _figure("gini", v["gini"])) for k, v in found.items()]
    show.table(("tokenizer", *heads, "Gini"), means, right=frozenset(range(1, 7)))


def _figure(column: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1%}" if column.endswith("share") else f"{value:.2f}"


@contextlib.contextmanager
def progress(silent: bool) -> Iterator[Callable[[str, int, int | None], None]]:
    """A progress bar on standard error; the function says what is done, how much, and of how much."""
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=show.console(stderr=True), disable=silent, transient=True) as bar:
        task = bar.add_task("read", total=None)

        def tell(what: str, done: int, total: int | None) -> None:
            bar.update(task, description=escape(what), completed=done, total=total)

        yield tell
