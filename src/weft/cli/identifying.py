"""The command that names languages: of documents, of lines, of words."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from weft.cli import show
from weft.errors import WeftError

if TYPE_CHECKING:
    from io import BufferedReader

LEVELS = ("document", "line", "word")
_STDIN = "-"
_MOST_FAULTS = 20
"""Lines with bytes that are no UTF-8 of which each is named; the others are counted."""

Told = Callable[[str, Any], Iterator[str]]
"""Lines of output for the name of a file, and texts of it."""


def identify(files: list[Path], model: str | None, level: str, among: list[str], as_json: bool, quiet: bool) -> int:
    """TSV or JSON lines as the texts come; what is no UTF-8 is named on standard error and read as U+FFFD."""
    from weft.language.lines import document, lines

    if level not in LEVELS:
        raise WeftError(f"--level {level}: expected one of {', '.join(LEVELS)}")
    codes = tuple(code for part in among for code in part.split(",") if code)
    told = _words(model, codes, as_json, len(files) > 1) if level == "word" else _whole(model, codes, level, as_json)
    faults = 0
    with _progress(files, quiet) as advance:
        for name, source in _sources(files):
            with source:
                for texts in [document(source)] if level == "document" else lines(source):
                    faults = _name_faults(name, texts.faults, faults)
                    sys.stdout.writelines(told(name, texts))
                    if name == _STDIN:
                        sys.stdout.flush()
                    advance(texts.size, len(texts.text))
    if faults > _MOST_FAULTS:
        sys.stderr.write(f"{faults - _MOST_FAULTS} more lines are not valid UTF-8\n")
    return 0


def _whole(model: str | None, among: tuple[str, ...], level: str, as_json: bool) -> Told:
    """One answer for each text."""
    import pyarrow as pa

    identified = _identifier(model, among)

    def told(name: str, texts: Any) -> Iterator[str]:
        rows = identified(pa.array(texts.text, pa.large_string())).to_pylist()
        for place, (text, row) in enumerate(zip(texts.text, rows, strict=True)):
            lid = row["lid"]
            if as_json:
                answer = {
                    "language": lid["language"],
                    "score": round(lid["score"], 4),
                    "script": lid["script"],
                    "alternatives": [[a["language"], round(a["score"], 4)] for a in row["alternatives"]],
                    "reason": "invalid_utf8" if place in texts.broken else lid["reason"],
                }
                if row["variety"] is not None:
                    answer["variety"] = row["variety"] | {"score": round(row["variety"]["score"], 4)}
                yield show.json_line({"file": name} | answer if level == "document" else answer)
            else:
                last = name if level == "document" else text
                yield f"{lid['language']}\t{lid['score']:.3f}\t{lid['script']}\t{last}\n"

    return told


def _loaded(model: str | None) -> Any:
    """The model in this file, or one that weft carries."""
    from weft.language.model import model_in, packaged

    return packaged("small") if model == "small" else model_in(model)


def _identifier(model: str | None, among: tuple[str, ...]) -> Callable[[Any], Any]:
    from weft.language import identify as trained
    from weft.language.spans import check_among

    held = _loaded(model)
    check_among(held, among)
    return functools.partial(trained.identify, held, among=among or None)


def _words(model: str | None, among: tuple[str, ...], as_json: bool, many: bool) -> Told:
    """Every word with a line of its own, or every line with its spans."""
    import pyarrow as pa

    from weft.language.spans import check_among, tag_words
    from weft.language.telling import told_lines, told_words

    held = _loaded(model)
    check_among(held, among)

    def told(name: str, texts: Any) -> Iterator[str]:
        column = pa.array(texts.text, pa.large_string())
        words = tag_words(held, column, among=among or None)
        if not as_json:
            yield told_words(words, column, texts.line, f"{name}:" if many else "")
            return
        for place, row in enumerate(told_lines(words, column)):
            reason = "invalid_utf8" if place in texts.broken else None
            yield show.json_line({"file": name, "line": texts.line[place]} | row | {"reason": reason})

    return told


def _name_faults(name: str, faults: list[Any], before: int) -> int:
    """Say where bytes are no UTF-8, `before` of which were said; returns how many there are now."""
    for fault in faults[: max(_MOST_FAULTS - before, 0)]:
        sys.stderr.write(
            f"{'standard input' if name == _STDIN else name}:{fault.line}: not valid UTF-8: byte 0x{fault.byte:02x} "
            f"after {fault.before} bytes of the line; read as U+FFFD\n"
        )
    return before + len(faults)


def _sources(files: list[Path]) -> Iterator[tuple[str, BufferedReader]]:
    if not files:
        yield _STDIN, cast("BufferedReader", sys.stdin.buffer)
    for path in files:
        if str(path) == _STDIN:
            yield _STDIN, cast("BufferedReader", sys.stdin.buffer)
            continue
        try:
            yield str(path), path.open("rb")
        except OSError as error:
            raise WeftError(f"{path}: cannot be read: {error.strerror}") from error


@contextmanager
def _progress(files: list[Path], quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar with texts and bytes a second on a terminal, where the answers go elsewhere."""
    if quiet or not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda size, texts: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    sizes = [path.stat().st_size if path.is_file() else None for path in files]
    total = None if not sizes or None in sizes else sum(size for size in sizes if size is not None)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = show.console(stderr=True)
    # Left to itself it would send the answers to the terminal as well.
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("identify", total=total)
        count = 0

        def advance(size: int, texts: int) -> None:
            nonlocal count
            count += texts
            seconds = bar.tasks[0].elapsed or 0.0
            rate = f", {count / seconds:,.0f} texts/s" if seconds > 1 else ""
            bar.update(task, advance=size, description=f"identify{rate}")

        yield advance
