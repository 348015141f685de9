"""A small build that runs in this process, with marked documents and a label task that fails on one shard."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.engine.corpus import RECIPE, documents
from tests.engine.here import Here

from weft.engine.tasks import FUNCTIONS
from weft.engine.work import Context, Outcome, Task

MARK = "zirconiumpelican"
"""In every document, and in nothing else."""


class Telling(Here):
    """A runner in this process that says when a task begins, as those of the package do."""

    begun: Callable[[Task], None]

    def outcomes(self, *, begin: bool = True) -> Any:
        if begin:
            self.begun(self._waiting[0])
        yield from super().outcomes(begin=begin)


def marked(folder: Path, count: int = 60) -> Path:
    """The recipe of a corpus in which every document has the mark, in its text and as its id."""
    (folder / "texts").mkdir(parents=True)
    rows = [
        {"id": f"{MARK}-{n}", "text": f"{MARK} {one['text']}\n{MARK}: {n}"} for n, one in enumerate(documents(count))
    ]
    (folder / "texts/part.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, "utf-8")
    return folder / "recipe.yaml"


def break_labels(monkeypatch: pytest.MonkeyPatch, shard: int, error: Callable[[str], Exception]) -> None:
    """Label tasks of a shard raise an error that quotes a document."""
    whole = FUNCTIONS["labels"]

    def labels(task: Task, context: Context) -> Any:
        if task.shard == shard:
            text = context.storage.read_table(str(task.arguments["documents"]), ["text"])["text"][0].as_py()
            raise error(str(text))
        return whole(task, context)

    monkeypatch.setitem(FUNCTIONS, "labels", labels)


def outcome(node: str, shard: int, **more: Any) -> Outcome:
    """What a test says became of a task."""
    return Outcome(Task(node, shard, "run", f"{node}-{shard}-key", size=1000), **more)
