"""Live progress of a run: one bar per stage with rows/s, MB/s and the time that remains."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import rich.progress
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from weft.engine.ledger import Entry
from weft.engine.work import Outcome, Task


class Silent:
    """A listener that watches nothing."""

    def planned(self, node: str, stage: str, tasks: int, cached: int, size: int) -> None:
        """Nothing is shown."""

    def started(self, task: Task) -> None:
        """Nothing is shown."""

    def took(self, outcome: Outcome, attempt: int, again: bool) -> None:
        """Nothing is shown."""

    def finished(self, task: Task, entries: list[Entry]) -> None:
        """Nothing is shown."""

    def failed(self, task: Task, reason: str, again: bool) -> None:
        """Nothing is shown."""

    def close(self) -> None:
        """Nothing is shown."""


class _Live(ProgressColumn):
    """What is spent, beside the bar of the stage that pays; looked up once a second."""

    max_refresh = 1.0

    def __init__(self, told: Callable[[], str]) -> None:
        super().__init__(table_column=Column(no_wrap=True))
        self._told = told

    def render(self, task: rich.progress.Task) -> Text:
        return Text(self._told() if task.description == "synthesize" else "")


class Bars(Silent):
    """Bars on a terminal; on anything else, one line per finished stage."""

    def __init__(self, console: Console, live: Callable[[], str] | None = None) -> None:
        """`live` says how much is spent, for a run that pays."""
        self._console = console
        self._bars: dict[str, TaskID] = {}
        self._stage: dict[str, str] = {}
        self._total: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._began: dict[str, float] = {}
        self._last: dict[str, str] = {}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=28),
            TextColumn("{task.completed:.0f}/{task.total:.0f} tasks"),
            TextColumn("{task.fields[rate]}"),
            *([_Live(live)] if live is not None else []),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=False,
            disable=not console.is_terminal,
        )
        self._progress.start()

    def planned(self, node: str, stage: str, tasks: int, cached: int, size: int) -> None:
        self._stage[node] = stage
        self._total[stage] += tasks
        self._done[stage] += cached
        if stage not in self._bars:
            self._bars[stage] = self._progress.add_task(stage, total=0, rate="")
        self._show(stage)

    def started(self, task: Task) -> None:
        self._began.setdefault(self._stage[task.node], time.monotonic())

    def finished(self, task: Task, entries: list[Entry]) -> None:
        stage = self._stage[task.node]
        self._done[stage] += 1
        self._rows[stage] += max((int(e.counts.get("rows_in", 0)) for e in entries), default=0)
        self._bytes[stage] += task.size
        self._show(stage)
        self._last[stage] = self._rate(stage)

    def failed(self, task: Task, reason: str, again: bool) -> None:
        what = "trying again" if again else "left out of this run"
        self._console.print(f"{task.node} on shard {task.shard}: {reason}; {what}", style="yellow")

    def _rate(self, stage: str) -> str:
        seconds = time.monotonic() - self._began.get(stage, time.monotonic())
        if seconds <= 0 or not self._rows[stage]:
            return ""
        rate = f"{self._rows[stage] / seconds:,.0f} rows/s"
        return f"{rate}  {self._bytes[stage] / seconds / 1e6:,.1f} MB/s" if self._bytes[stage] else rate

    def _show(self, stage: str) -> None:
        self._progress.update(
            self._bars[stage], total=self._total[stage], completed=self._done[stage], rate=self._rate(stage)
        )

    def close(self) -> None:
        self._progress.stop()
        if not self._console.is_terminal:
            for stage, rate in self._last.items():
                self._console.print(
                    f"{stage}: {self._done[stage]} task{'s' if self._done[stage] != 1 else ''}  {rate}".rstrip()
                )
