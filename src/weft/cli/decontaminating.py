"""The command that seeks evaluation items in files of documents."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from weft.cli import show
from weft.errors import WeftError

_MOST_PROBLEMS = 20
"""Records that could not be read of which each is named; the others are counted."""
_MOST_QUIET = 8
"""Benchmarks up to which each has its line; of more, those of which nothing was found share one."""
_PASSAGE = 200
"""Characters of a passage in a table; JSON has all of it."""


def decontaminate(
    files: list[Path],
    against: list[Path],
    given: dict[str, Any],
    text_field: str,
    summary_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """TSV or JSON lines as items are found, what was searched on standard error; 1 where a record could not be read."""
    from weft.engine import decontamination
    from weft.engine.inspection import reader_of
    from weft.operators.registry import ROOMS, Registry, validate

    spec = Registry.from_rooms(ROOMS, entry_points=False).get("deduplicate.contamination")
    parameters = validate(spec, given | {"against": [str(file) for file in against]})
    if not files:
        raise WeftError("no file of documents; expected one or more")
    if summary_file is not None and not summary_file.resolve().parent.is_dir():
        raise WeftError(f"--summary {summary_file}: its folder does not exist")
    readers = [(file, reader_of(file)) for file in files]
    index = _index(parameters)
    tally = decontamination.Tally()
    with _progress(files, quiet) as advance:
        for file, reader in readers:
            for part in decontamination.searched(file, reader, index, parameters["near"], text_field, tally):
                _name_problems(part.problems, sum(tally.unread.values()) - len(part.problems))
                sys.stdout.writelines(_told(part.found, as_json))
                advance(tally)
    total = decontamination.summary(index, tally)
    if summary_file is not None:
        summary_file.write_text(json.dumps(total, ensure_ascii=False, indent=1) + "\n", "utf-8")
    if not quiet:
        sys.stdout.flush()
        sys.stderr.writelines(_summary(total))
    return 1 if any(reason != "no_text" for reason in tally.unread) else 0


def _index(parameters: dict[str, Any]) -> Any:
    from weft.deduplicate.contamination import index_for

    return index_for(**{name: value for name, value in parameters.items() if name != "near"})


def _told(found: list[dict[str, Any]], as_json: bool) -> Iterator[str]:
    for row in found:
        told = [entry | {"share": round(entry["share"], 4)} for entry in row["found"]]
        if as_json:
            yield show.json_line(row | {"found": told})
            continue
        for entry in told:
            passage = " ".join(entry["text"].split())
            cut = passage if len(passage) <= _PASSAGE else f"{passage[:_PASSAGE]}…"
            place = f"{entry['start']}-{entry['end']}"
            cells = (row["document"], entry["benchmark"], entry["item"], entry["kind"], f"{entry['share']:.2f}", place)
            yield "\t".join(" ".join(str(cell).split()) for cell in (*cells, cut)) + "\n"


def _name_problems(problems: list[dict[str, str]], before: int) -> None:
    for problem in problems[: max(_MOST_PROBLEMS - before, 0)]:
        sys.stderr.write(f"{problem['locator']}: not searched: {problem['reason']}: {problem['detail']}\n")


def _summary(total: dict[str, Any]) -> Iterator[str]:
    unread = sum(total["unread"].values())
    more = f", not {_number(unread, 'record')} without text or unreadable" if unread else ""
    yield f"searched {_number(total['documents'], 'document')}{more}; {total['contaminated']:,} with evaluation items\n"
    every = total["benchmarks"]
    told = [row for row in every if len(every) <= _MOST_QUIET or row["found"] or row["sought"] < row["items"]]
    for row in told:
        left = [f"{row[key]:,} {key.replace('_', ' ')}" for key in ("too_short", "too_common") if row[key]]
        not_sought = f"; not sought: {', '.join(left)} (--summary FILE names them)" if left else ""
        yield (
            f"{row['benchmark']}: found {row['found']:,} of {_number(row['sought'], 'item')} "
            f"in {_number(row['documents'], 'document')}{not_sought}\n"
        )
    if len(told) < len(every):
        silent = sum(row["sought"] for row in every if row not in told)
        yield f"{_number(len(every) - len(told), 'other benchmark')}: found none of {_number(silent, 'item')}\n"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@contextmanager
def _progress(files: list[Path], quiet: bool) -> Iterator[Callable[[Any], None]]:
    """Documents, text and findings so far, on a terminal where the answers go elsewhere."""
    if quiet or not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda tally: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=show.console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(f"decontaminate {len(files)} files")

        def advance(tally: Any) -> None:
            rate = tally.bytes / 1e6 / max(bar.tasks[0].elapsed or 0.0, 1e-3)
            text = f"{tally.documents:,} documents, {rate:,.1f} MB/s, {tally.contaminated:,} with items"
            bar.update(task, description=text)

        yield advance
