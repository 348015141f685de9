"""The items of a task, language by language, from the user's files; what is broken costs itself, and is named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from weft.errors import WeftError, nearest
from weft.evaluate.asking import prompted
from weft.evaluate.checks import CHECKS
from weft.evaluate.mixing import lexicon_of
from weft.evaluate.perturb import Noise, perturbed
from weft.evaluate.suite import Task
from weft.model.evaluation_items import read_table
from weft.model.languages import normalises
from weft.synthesize.bilingual import Bilingual
from weft.text.draws import keys_of

ITEM = ("language", "item", "cluster")


@dataclass(frozen=True)
class NotRun:
    """What could not be asked, and why; its score is none, and not zero."""

    task: str
    language: str
    """Empty: all of the task."""
    reason: str
    """A stable code: no_data, broken_file, broken_list, unknown_language, no_items, no_examples, no_pivot, no_words;
    no_native and no_naturalness of what is set beside native texts."""
    detail: str
    noise: str | None = None
    """Of which noise; null: without any."""


@dataclass
class Items:
    """Items of one task: a frame for each language, and what was left out."""

    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    noisy: dict[str, dict[str, pl.DataFrame]] = field(default_factory=dict)
    """The same with noise in what is asked, by its kind; items that cannot have any are left out."""
    not_run: list[NotRun] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)
    """Rows by language that have not all that is asked for."""
    faults: dict[str, str] = field(default_factory=dict)
    """What is wrong with the first of them."""
    lexicon: Bilingual | None = None
    """By which words of another language join what is asked."""


@dataclass(frozen=True)
class Choice:
    """Which items are asked."""

    languages: frozenset[str] | None = None
    limit: int | None = None
    """Items of a language, the same ones in every language that has their ids."""
    seed: int = 0


def read_items(name: str, task: Task, data: Path, choice: Choice) -> Items:
    """The items of a task below the folder `data`.

    Every frame has language, item, cluster, columns `slice.<name>` and `wanted.<name>` (what checks look for), prompt,
    texts (what of the item a model may have read), and by kind: choices and right (from 0); answers; source,
    references, source_language, target_language and direction; or good and bad. Nothing raises: a file that is
    missing, broken or of no known language is `not_run` with its reason, and a row without what is asked for is `lost`.
    """
    found, task = Items(), task.below(data)
    if task.noise and task.noise.lexicon and task.noise.into:
        try:
            found.lexicon = lexicon_of(data, task.noise.lexicon, task.noise.into)
        except WeftError as error:
            found.not_run.append(NotRun(name, "", "broken_list", f"noise mixed: {error}", "mixed"))
    tables: dict[str, pl.DataFrame] = {}
    for given, file in _files(name, task, data, found):
        try:
            _spread(name, task, given, file, read_table(file), tables, found)
        except WeftError as error:
            said = str(error).removeprefix(f"{file}: ")
            code = _code(task, given) if given is not None else None
            found.not_run.append(NotRun(name, code or given or "", "broken_file", f"{file.name}: {said}"))
    frames = _joined(name, task, tables, found) if task.of.joined(task) else tables
    for language, frame in sorted(frames.items()):
        if choice.languages is None or language in choice.languages:
            _prepare(name, task, language, frame, choice, found)
    for code in sorted((choice.languages or frozenset()) - set(found.frames)):
        if not any(one.language in (code, "") and one.noise is None for one in found.not_run):
            found.not_run.append(NotRun(name, code, "no_data", f"no rows of it in {task.files}"))
    return found


def _files(name: str, task: Task, data: Path, found: Items) -> list[tuple[str | None, Path]]:
    """Files of a task, with what stands in their names for {language}."""
    if "{language}" not in task.files:
        file = _there(data / task.files)
        if file is None:
            found.not_run.append(NotRun(name, "", "no_data", f"no file {task.files} in the data folder"))
            return []
        return [(None, file)]
    held = files_of(task.files, data)
    if not held:
        found.not_run.append(NotRun(name, "", "no_data", f"no file {task.files} in the data folder"))
    return list(held.items())


def files_of(pattern: str, data: Path) -> dict[str, Path]:
    """Files below a folder, packed or not, by what stands in their names for {language}."""
    # The same name may stand twice: as a folder and in the file.
    before, *rest = pattern.split("{language}")
    written = (
        re.escape(before)
        + r"(?P<language>[^/]+?)"
        + "".join((r"(?P=language)" if number else "") + re.escape(part) for number, part in enumerate(rest))
    )
    matched = re.compile(written + r"(?:\.gz|\.zst)?")
    held: dict[str, Path] = {}
    for file in sorted(data.glob(pattern.replace("{language}", "*") + "*")):
        hit = matched.fullmatch(file.relative_to(data).as_posix())
        if hit is not None and file.is_file():
            held.setdefault(hit["language"], file)
    return held


def _there(file: Path) -> Path | None:
    return next(
        (one for one in (file, file.with_name(f"{file.name}.gz"), file.with_name(f"{file.name}.zst")) if one.is_file()),
        None,
    )


def _code(task: Task, given: str) -> str | None:
    return task.languages.get(given) or normalises(given)


def _spread(
    name: str,
    task: Task,
    given: str | None,
    file: Path,
    table: pl.DataFrame,
    tables: dict[str, pl.DataFrame],
    found: Items,
) -> None:
    """The rows of a file to the tables of their languages. Raises WeftError for columns that are missing."""
    _check(file, task, table)
    row = pl.int_range(1, pl.len() + 1).cast(pl.String)
    keys = task.columns.ids() or (["id"] if "id" in table.columns else [])
    key = pl.concat_str([pl.col(name).cast(pl.String) for name in keys], separator="/") if keys else row
    table = table.with_columns(pl.coalesce(key, row).alias("weft.item"))
    if given is not None:
        _add(name, task, given, table, tables, found)
        return
    if task.columns.language is None:
        _add(name, task, task.pivot or "", table, tables, found)
        return
    # Rows of one language follow in the order of the file.
    for (value,), part in table.group_by([task.columns.language], maintain_order=True):
        _add(name, task, str(value), part, tables, found)


def _add(name: str, task: Task, given: str, part: pl.DataFrame, tables: dict[str, pl.DataFrame], found: Items) -> None:
    code = _code(task, given)
    if code is None:
        said = f"{given!r} is no language that is known; name its code under languages of the task"
        found.not_run.append(NotRun(name, given, "unknown_language", said))
    elif code in tables:
        tables[code] = pl.concat([tables[code], part], how="diagonal_relaxed")
    else:
        tables[code] = part


def _check(file: Path, task: Task, table: pl.DataFrame) -> None:
    for column in dict.fromkeys((*task.columns.named(), *task.of.reads(task), *task.places())):
        if column not in table.columns:
            has = ", ".join(table.columns)[:200]
            raise WeftError(f"{file}: no column {column}; it has {has}{nearest(column, table.columns)}")


def _joined(name: str, task: Task, tables: dict[str, pl.DataFrame], found: Items) -> dict[str, pl.DataFrame]:
    """Each language's sentences beside those of the pivot with the same id."""
    assert task.pivot is not None and task.columns.text is not None
    if task.pivot not in tables:
        if tables:
            found.not_run.append(NotRun(name, "", "no_pivot", f"no sentences of {task.pivot}, the other side of all"))
        return {}
    text = task.columns.text
    pivot = (
        tables[task.pivot]
        .select("weft.item", pl.col(text).alias("weft.pivot"))
        .unique("weft.item", keep="first", maintain_order=True)
    )
    return {
        code: held.join(pivot, on="weft.item", how="inner", maintain_order="left")
        for code, held in tables.items()
        if code != task.pivot
    }


def _prepare(name: str, task: Task, language: str, frame: pl.DataFrame, choice: Choice, found: Items) -> None:
    """Choose rows, and make of them what is asked; one frame joins `found`."""
    try:
        frame, again = _once(task, frame)
        frame = task.of.rows(task, language, frame, choice.seed)
    except pl.exceptions.PolarsError as error:
        found.not_run.append(NotRun(name, language, "broken_file", _of_condition(task, frame, error)))
        return
    except WeftError as error:
        found.not_run.append(NotRun(name, language, "no_items", str(error)))
        return
    try:
        asked, examples = _chosen(task, frame, choice)
        made = pl.concat([_made(task, language, asked, direction) for direction in task.of.directions(task)])
        shown = [(direction, _made(task, language, examples, direction)) for direction in task.of.directions(task)]
    except (pl.exceptions.PolarsError, WeftError) as error:
        found.not_run.append(NotRun(name, language, "broken_file", _of_condition(task, frame, error)))
        return
    whole = made.filter(pl.col("complete"))
    if again.len():
        found.lost[language] = again.len()
        found.faults[language] = f"item {again[0]}: its id stands twice; the first row counts"
    if lost := made.height - whole.height:
        found.lost[language] = lost + again.len()
        item, fault = made.filter(~pl.col("complete")).select("item", "fault").row(0)
        found.faults[language] = f"item {item}: {fault or 'a column that is asked for is empty, or no answer is right'}"
    if not whole.height:
        found.not_run.append(NotRun(name, language, "no_items", f"none of {frame.height} rows has what is asked for"))
        return
    wanted = task.shots.count if task.shots else 0
    for _, held in shown:
        if held.filter(pl.col("complete")).height < wanted:
            said = f"{held.height} rows to show as examples; expected {wanted}"
            found.not_run.append(NotRun(name, language, "no_examples", said))
            return
    whole = whole.drop("complete", "fault")
    found.frames[language] = prompted(task, language, whole, dict(shown))
    for kind in task.noise.kinds if task.noise else ():
        if kind == "mixed" and found.lexicon is None:
            continue
        held = _noisy(task, whole, kind, choice.seed, found.lexicon)
        if kind == "mixed" and not held.height:
            said = "the lexicon has no word of what is asked; with noise mixed nothing is asked"
            found.not_run.append(NotRun(name, language, "no_words", said, "mixed"))
        elif held.height:
            found.noisy.setdefault(kind, {})[language] = prompted(task, language, held, dict(shown))


def _of_condition(task: Task, frame: pl.DataFrame, error: Exception) -> str:
    """What polars says of rows; of a condition that names no column of theirs, which these are."""
    if not isinstance(error, pl.exceptions.ColumnNotFoundError):
        return str(error).partition("\n")[0]
    lacking = str(error).partition('"')[2].partition('"')[0] or str(error).partition("\n")[0]
    has = [name for name in frame.columns if not name.startswith("weft.")]
    where = "shots.rows" if task.shots and task.shots.rows and lacking in task.shots.rows else "rows"
    return f"{where}: no column {lacking}; there are {', '.join(has)[:200]}{nearest(lacking, has)}"


def _noisy(task: Task, frame: pl.DataFrame, kind: Noise, seed: int, lexicon: Bilingual | None) -> pl.DataFrame:
    """Items with noise in what they ask about, and not in what is right."""
    assert task.noise is not None
    names = [*(f"place.{name}" for name in task.noise.columns or task.places()), *task.of.noisy]
    languages = frame["source_language" if "source_language" in frame.columns else "language"].to_list()
    changed = np.zeros(frame.height, np.bool_)
    for name in dict.fromkeys(names):
        texts, ids = frame[name].to_list(), frame["item"].to_list()
        made = perturbed(texts, ids, languages, kind, strength=task.noise.strength, seed=seed, lexicon=lexicon)
        held = [text if one is None else one.text for text, one in zip(texts, made, strict=True)]
        frame = frame.with_columns(pl.Series(name, held, dtype=pl.String))
        changed |= np.array([one is not None for one in made], np.bool_)
    return frame.filter(pl.Series(changed))


def _once(task: Task, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Rows without those of a second time that an id is asked, and the ids of these.

    Two questions of one id could not be told apart: in answers, in other languages, and for another model.
    """
    held = frame.with_row_index("weft.row")
    asked = held if task.rows is None else held.filter(pl.sql_expr(task.rows))
    again = asked.filter(~pl.col("weft.item").is_first_distinct())
    kept = held.filter(~pl.col("weft.row").is_in(again["weft.row"].implode()))
    return kept.drop("weft.row"), again["weft.item"]


def _chosen(task: Task, frame: pl.DataFrame, choice: Choice) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that are asked, and rows that are shown before; both drawn by their ids, not by their places."""
    lots = keys_of(frame["weft.item"].to_list(), choice.seed)
    by_lot = frame.with_columns(pl.Series("weft.lot", lots))
    asked = by_lot if task.rows is None else by_lot.filter(pl.sql_expr(task.rows))
    shown = by_lot.head(0)
    if task.shots is not None:
        others = asked if task.shots.rows is None else by_lot.filter(pl.sql_expr(task.shots.rows))
        shown = others.sort("weft.lot", "weft.item").head(task.shots.count)
        asked = asked.filter(~pl.col("weft.item").is_in(shown["weft.item"].implode()))
    if choice.limit is not None:
        kept = asked.sort("weft.lot", "weft.item").head(choice.limit)["weft.item"]
        asked = asked.filter(pl.col("weft.item").is_in(kept.implode()))
    return asked, shown


def _made(task: Task, language: str, frame: pl.DataFrame, direction: str) -> pl.DataFrame:
    """The columns of items, and `complete`: whether a row has all that is asked for."""
    key = pl.col("weft.item")
    of_kind = "weft.cluster" if "weft.cluster" in frame.columns else None
    together = of_kind or task.columns.cluster
    cluster = key if together is None else pl.col(together).cast(pl.String).fill_null(key)
    held: list[pl.Expr] = [pl.lit(language).alias("language"), key.alias("item"), cluster.alias("cluster")]
    held += [pl.col(column).cast(pl.String).alias(f"slice.{name}") for name, column in task.columns.slices.items()]
    held += [_wanted(frame, column).alias(f"wanted.{name}") for name, column in task.columns.wanted.items()]
    held += task.of.columns(task, language, direction, frame)
    places = [name for name in task.places() if name in frame.columns]
    held += [pl.col(name).cast(pl.String).alias(f"place.{name}") for name in places]
    made = frame.select(held).with_columns(_texts(task, places).alias("texts"))
    if "fault" not in made.columns:
        made = made.with_columns(pl.lit(None, dtype=pl.String).alias("fault"))
    for check in task.checked():
        of_check = pl.Series("fault", CHECKS[check].lacking(task, made), dtype=pl.String)
        made = made.with_columns(pl.coalesce("fault", of_check).alias("fault"))
    there = [pl.col("fault").is_null()]
    there += [_full(made, name) for name in (*task.of.needs(task), *(f"place.{name}" for name in places))]
    return made.with_columns(pl.all_horizontal(there).alias("complete"))


def _wanted(frame: pl.DataFrame, column: str) -> pl.Expr:
    """What a check looks for, as text, null where it is empty; several with `|` between."""
    listed = isinstance(frame.schema[column], pl.List)
    held = pl.col(column).cast(pl.List(pl.String)).list.drop_nulls().list.join("|") if listed else pl.col(column)
    return held.cast(pl.String).str.strip_chars().replace("", None)


def _texts(task: Task, places: Sequence[str]) -> pl.Expr:
    """What of an item a model may have read: what it is asked about, and of a translation both sides."""
    texts = [*(pl.col(f"place.{name}") for name in places), *(pl.col(name) for name in task.of.texts)]
    return pl.concat_list(texts) if texts else pl.lit([], dtype=pl.List(pl.String))


def _full(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Whether there is something: no null, no empty text and no list without texts."""
    kind = frame.schema[name]
    if isinstance(kind, pl.List):
        return (pl.col(name).list.drop_nulls().list.len() > 0).fill_null(value=False)
    if kind == pl.String:
        return (pl.col(name).str.strip_chars().str.len_bytes() > 0).fill_null(value=False)
    return pl.col(name).is_not_null()


def codes_in(names: Iterable[str]) -> frozenset[str]:
    """Codes of languages as a person gives them. Raises WeftError for what is none."""
    found = set()
    for given in names:
        code = normalises(given)
        if code is None:
            raise WeftError(f"--languages {given}: no language that is known; expected codes such as swh_Latn")
        found.add(code)
    return frozenset(found)
