"""What watches a run: bars, a log, metrics and traces, as options ask."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weft.cli import show
from weft.errors import WeftError, nearest

if TYPE_CHECKING:
    from weft.engine.watching.events import Several
    from weft.engine.watching.log import Log

LogTo = Annotated[
    str | None,
    typer.Option(
        "--log", metavar="FILE|-", help="Also log to this file, as JSON lines; - for sentences on standard error."
    ),
]
LogLevel = Annotated[str, typer.Option("--log-level", metavar="LEVEL", help="Of --log: debug, info, warning or error.")]
MetricsPort = Annotated[
    int | None,
    typer.Option("--metrics-port", metavar="PORT", min=0, max=65535, help="Serve Prometheus metrics; 0: a free port."),
]
MetricsHost = Annotated[
    str, typer.Option("--metrics-host", metavar="HOST", help="Address for --metrics-port; 0.0.0.0 is all networks.")
]


@dataclass(frozen=True)
class Watch:
    """What was asked for, beside bars."""

    log: str | None = None
    level: str = "info"
    port: int | None = None
    host: str = "127.0.0.1"

    def opened(
        self, build: str | Path, *, quiet: bool, dry: bool = False, live: Callable[[], str] | None = None
    ) -> Several:
        """Listeners of a run, to be closed after it; raises WeftError for a port, file or level that cannot be.

        `live` says how much a run that pays has spent.
        """
        from weft.engine.progress import Bars
        from weft.engine.watching.events import Several
        from weft.engine.watching.lines import LEVELS

        if self.level not in LEVELS:
            raise WeftError(f"--log-level {self.level}: expected {', '.join(LEVELS)}{nearest(self.level, LEVELS)}")
        if dry:
            return Several([])
        listeners: list[object] = []
        try:
            if self.log is not None:
                listeners.append(_log(self.log, self.level))
            if self.port is not None:
                listeners.append(_metrics(build, self.port, self.host, quiet))
            listeners += _traces()
        except WeftError:
            Several(listeners).close()
            raise
        if not quiet and self.log != "-":  # sentences would run through the bars
            listeners.append(Bars(show.console(stderr=True), live))
        return Several(listeners)


def _log(to: str, level: str) -> Log:
    from weft.engine.watching.log import File, Log, Stream

    if to == "-":
        return Log([Stream(sys.stderr, level)])
    try:
        return Log([File(Path(to), level)])
    except OSError as error:
        raise WeftError(f"--log {to}: cannot be written: {error.strerror}; expected a file, or -") from error


def _metrics(build: str | Path, port: int, host: str, quiet: bool) -> object:
    from weft.engine.places import open_storage
    from weft.engine.watching.metrics import Metrics

    made = Metrics(open_storage(build).disk, port, host)
    if not quiet or port == 0:
        _warn(f"metrics: {made.address}", "")
    return made


def _traces() -> list[object]:
    from weft.engine.watching import traces

    if not traces.wanted(warn=_warn):
        return []

    class Told(traces.Traces):
        def close(self) -> None:
            super().close()
            if self.lost:
                _warn(f"traces: {self.lost} of {self.made} spans were not taken by the collector")

    return [Told()]


def _warn(text: str, style: str = "yellow") -> None:
    show.console(stderr=True).print(text, style=style or None, markup=False)
