"""The log of a run: JSON lines in the build folder, and wherever else they are wanted."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO

from weft.engine.storage import Storage, is_url
from weft.engine.watching.events import About, Ending, Quiet
from weft.engine.watching.lines import EVENTS, LEVELS, as_text, line, sentence, told_of
from weft.engine.work import Outcome, Task
from weft.errors import WeftError

FOLDER = "logs"
PART_BYTES = 32_000_000
"""A log in the build folder has at most two parts of this size; of older ones warnings and failures are kept."""
MESSAGE_BYTES = 8_000_000
"""Messages of failures that one run keeps."""
MESSAGE_CHARACTERS = 20_000
SENT_EVERY = 60.0
"""Seconds after which a log that grows is sent to object storage again: what a killed run leaves of it is as old."""
_MOST_KEPT = 5_000
"""Warnings and failures of parts that went."""


class Sink(Protocol):
    """Where lines go."""

    def write(self, held: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


def _wanted(held: dict[str, Any], level: str) -> bool:
    return LEVELS.index(str(held["level"])) >= LEVELS.index(level)


class File:
    """JSON lines at the end of a file. What cannot be written is left out: a log never ends a run."""

    def __init__(self, path: Path, level: str = "debug") -> None:
        self.path = path
        self._level = level
        self.open()

    def open(self) -> None:
        """Go on at the end of the file; raises OSError when it cannot be written."""
        self._sink = open(self.path, "ab", buffering=0)  # noqa: SIM115 - lives as long as the run
        self.bytes = self._sink.tell()

    def write(self, held: dict[str, Any]) -> None:
        if _wanted(held, self._level):
            self.put(as_text(held).encode())

    def put(self, content: bytes) -> None:
        """One write for each line, so that a reader or a second writer never sees halves of two."""
        with contextlib.suppress(OSError):
            self.bytes += self._sink.write(content)

    def close(self) -> None:
        self._sink.close()


class BuildFile(File):
    """The log in the build folder: of two parts, of which the older goes when the newer is full."""

    def __init__(self, storage: Storage, run: str, part_bytes: int = PART_BYTES) -> None:
        self._storage = storage
        self._part_bytes = part_bytes
        self._sent = time.monotonic()
        path = _written(storage, f"{run}.jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(path)

    def put(self, content: bytes) -> None:
        super().put(content)
        if time.monotonic() - self._sent > SENT_EVERY:
            self._send()
        if self.bytes > self._part_bytes:
            with contextlib.suppress(OSError):
                self._turn()

    def _turn(self) -> None:
        earlier = self.path.with_suffix(".earlier.jsonl")
        lines = earlier.read_bytes().splitlines(keepends=True) if earlier.exists() else []
        kept = [one for one in lines if _kept(one)]
        made = self.path.with_suffix(".making")
        with open(made, "wb") as sink, open(self.path, "rb") as source:
            sink.write(b"".join([*kept[:1], *kept[1:][-_MOST_KEPT:]]))
            shutil.copyfileobj(source, sink)
        made.replace(earlier)
        super().close()
        self.path.unlink()
        self.open()

    def close(self) -> None:
        super().close()
        self._send()

    def _send(self) -> None:
        """In object storage, what there is so far: a log is one object for each of its files, replaced as it grows."""
        self._sent = time.monotonic()
        if not is_url(self._storage.place):
            return
        for path in sorted(self.path.parent.glob(f"{self.path.stem}*.jsonl")):
            # What the storage refuses is for the tasks to tell.
            with contextlib.suppress(OSError, WeftError), self._storage.create(f"{FOLDER}/{path.name}") as sink:
                sink.write(path.read_bytes())


def _kept(content: bytes) -> bool:
    """What stays when an old part of a log goes: its beginning, and everything that went wrong."""
    try:
        held = json.loads(content)
    except ValueError:
        return False
    return held.get("event") == "run_begun" or held.get("level") in ("warning", "error")


class Stream:
    """Sentences for a person, on standard error."""

    def __init__(self, stream: TextIO, level: str) -> None:
        self._stream = stream
        self._level = level

    def write(self, held: dict[str, Any]) -> None:
        if _wanted(held, self._level):
            with contextlib.suppress(OSError, ValueError, RuntimeError):  # closed, or a signal came amid a line
                self._stream.write(sentence(held) + "\n")

    def close(self) -> None:
        """The stream is not ours."""


@dataclass
class _Planned:
    stage: str = ""
    calls: int = 0
    tasks: int = 0
    cached: int = 0
    bytes: int = 0


@dataclass
class Log(Quiet):
    """Turns what happens into lines. Lines have no text of documents; messages of errors go to a file of their own."""

    sinks: list[Sink]
    storage: Storage | None = None
    """Of the build, where messages of failures are kept; None to keep none."""
    clock: Callable[[], float] = time.time
    _run: str = ""
    _began: float = 0.0
    _planned: dict[str, _Planned] = field(default_factory=dict)
    _calls: dict[str, int] = field(default_factory=dict)
    _counts: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("ran", "failed", "cpu_seconds"), 0))
    _message_bytes: int = 0

    def began(self, about: About) -> None:
        self._run, self._began = about.run, self.clock()
        self._calls = {name: about.shards if each == "shard" else 1 for name, _, each in about.nodes}
        shown = {name: getattr(about, name) for name in ("role", "runner", "workers", "host", "pid", "recipe")}
        more = {"recipe_digest": about.digest, "versions": about.versions(), "build": str(about.build)}
        self._say("run_begun", **shown, **more, nodes=len(about.nodes), shards=about.shards)

    def planned(self, node: str, stage: str, tasks: int, cached: int, size: int) -> None:
        held = self._planned.setdefault(node, _Planned(stage))
        held.calls, held.tasks, held.cached = held.calls + 1, held.tasks + tasks, held.cached + cached
        held.bytes += size
        if held.calls == self._calls.get(node):
            self._say_planned(node, held)

    def _say_planned(self, node: str, held: _Planned) -> None:
        self._say("node_planned", node=node, stage=held.stage, tasks=held.tasks, cached=held.cached, bytes=held.bytes)

    def started(self, task: Task) -> None:
        self._say("task_started", node=task.node, shard=task.shard, key=task.key[:12])

    def took(self, outcome: Outcome, attempt: int, again: bool) -> None:
        if outcome.elsewhere:
            return  # it is in the log of the worker that ran it
        task = outcome.task
        place = {"node": task.node, "shard": task.shard, "key": task.key[:12], "attempt": attempt}
        if outcome.failure is not None:
            self._counts["failed"] += not again
            told = told_of(outcome.failure, outcome.cause)
            self._say("task_retried" if again else "task_failed", **place, worker=outcome.worker, **told)
            self._keep_message(place, outcome)
            return
        entries = outcome.entries
        cpu_seconds = sum(entry.cpu_seconds for entry in entries)
        self._counts["ran"] += 1
        self._counts["cpu_seconds"] += cpu_seconds
        self._say(
            "task_finished",
            **place,
            seconds=round(sum(entry.seconds for entry in entries), 3),
            cpu_seconds=round(cpu_seconds, 3),
            rows=max((int(entry.counts.get("rows_in", 0)) for entry in entries), default=0),
            read_bytes=task.size,
            written_bytes=sum(int(file["bytes"]) for entry in entries for file in entry.files),
            worker=outcome.worker,
        )

    def _keep_message(self, place: dict[str, Any], outcome: Outcome) -> None:
        if self.storage is None or self._message_bytes > MESSAGE_BYTES:
            return
        message = {"message": outcome.failure or "", "trace": (outcome.trace or "")[-MESSAGE_CHARACTERS:]}
        content = as_text({"v": 1, "run": self._run, **place, **message}).encode()
        path = _written(self.storage, f"{self._run}.messages.jsonl")
        with contextlib.suppress(OSError), open(path, "ab", buffering=0) as sink:
            self._message_bytes += sink.write(content)

    def ended(self, ending: Ending) -> None:
        for node, held in self._planned.items():
            if held.calls < self._calls.get(node, 0):
                self._say_planned(node, held)
        if ending.state not in ("done", "failed"):
            self._say("run_stopped", state=ending.state, reason=ending.reason)
        self._say(
            "run_ended",
            state=ending.state,
            ran=int(self._counts["ran"]),
            cached=sum(held.cached for held in self._planned.values()),
            failed=int(self._counts["failed"]),
            seconds=round(self.clock() - self._began, 3),
            cpu_seconds=round(self._counts["cpu_seconds"], 3),
        )

    def _say(self, event: str, **fields: Any) -> None:
        assert event in EVENTS
        held = line(self._run, event, self.clock(), fields)
        for sink in self.sinks:
            sink.write(held)

    def close(self) -> None:
        for sink in self.sinks:
            sink.close()


def _written(storage: Storage, name: str) -> Path:
    """Where a run writes a file of its log: in the build folder; for object storage beside its attempts, until sent."""
    return storage.path(f"tmp/{FOLDER}/{name}" if is_url(storage.place) else f"{FOLDER}/{name}")
