"""Commands that look at text without a recipe: identify, inspect."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from weft.cli import show
from weft.errors import WeftError

_BATCH = 2_000


def _identifier(model: Path | None) -> Callable[[Any], Any]:
    if model is None:
        from weft.label.lid import identify

        return identify
    from weft.language import identify as trained
    from weft.language.model import load_model

    return functools.partial(trained.identify, load_model(model))


def identify(files: list[Path], model: Path | None, as_json: bool) -> int:
    """TSV (code, score, script, text) or JSON lines, one per input line, as they come."""
    import pyarrow as pa

    identified = _identifier(model)
    for lines in _batches(files):
        texts = [line.decode("utf-8", "replace") for line in lines]
        found = identified(pa.array(texts, pa.large_string())).to_pylist()
        for line, text, row in zip(lines, texts, found, strict=True):
            lid = row["lid"]
            reason = "invalid_utf8" if "\ufffd" in text and b"\xef\xbf\xbd" not in line else lid["reason"]
            if as_json:
                answer = {
                    "language": lid["language"],
                    "score": round(lid["score"], 4),
                    "script": lid["script"],
                    "alternatives": [[a["language"], round(a["score"], 4)] for a in row["alternatives"]],
                    "reason": reason,
                }
                sys.stdout.write(show.json_line(answer))
            else:
                sys.stdout.write(f"{lid['language']}\t{lid['score']:.3f}\t{lid['script']}\t{text}\n")
    return 0


def _batches(files: list[Path]) -> Iterator[list[bytes]]:
    held: list[bytes] = []
    for source in _sources(files):
        with source:
            for line in source:
                held.append(line.rstrip(b"\r\n"))
                if len(held) >= _BATCH or source.fileno() == 0:
                    yield held
                    held = []
    if held:
        yield held


def _sources(files: list[Path]) -> Iterator[BinaryIO]:
    if not files:
        yield sys.stdin.buffer
    for path in files:
        try:
            yield path.open("rb")
        except OSError as error:
            raise WeftError(f"{path}: cannot be read: {error.strerror}") from error


def inspect(file: Path, limit: int, as_json: bool) -> int:
    """Text, metadata and labels of the first records of a file."""
    from weft.engine.inspection import inspected

    rows = list(inspected(file, limit))
    if as_json:
        for row in rows:
            sys.stdout.write(show.json_line(row))
        return 0
    for row in rows:
        show.say(f"── {row['locator']}")
        if row["problem"] is not None:
            show.say(f"{row['problem']['kind']}: {row['problem']['reason']}: {row['problem']['detail']}\n")
            continue
        meta: dict[str, Any] = json.loads(row["meta"] or "{}")
        for name, value in {**meta, **row["labels"]}.items():
            show.entry(name, value)
        show.say("\n" + row["text"][:2000] + ("…" if len(row["text"]) > 2000 else "") + "\n")
    return 0
