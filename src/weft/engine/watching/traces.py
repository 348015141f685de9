"""Traces of a run for OpenTelemetry: a span for the run, in it one for each node, in those one for each task."""

from __future__ import annotations

import importlib.util
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from weft.engine.watching.events import About, Ending, Quiet
from weft.engine.watching.lines import told_of
from weft.engine.work import Outcome, Task

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
LAST_SECONDS, LAST_SECONDS_DOWN = 2.0, 0.2
"""How long the end of a run waits for a collector, and for one that took nothing the last time."""


def wanted(environment: Mapping[str, str] = os.environ, warn: Callable[[str], None] = lambda text: None) -> bool:
    """Whether the usual variables ask for traces, and what they need is installed; `warn` says what is missing."""
    asked = next((name for name in ENDPOINTS if environment.get(name)), None)
    off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if asked is None or off or environment.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    protocols = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    protocol = next((environment[name] for name in protocols if environment.get(name)), "http/protobuf")
    if protocol != "http/protobuf":
        warn(f"no traces: the OTLP protocol is {protocol}; expected http/protobuf, by most collectors at port 4318")
        return False
    if not _has_exporter():
        warn(f"no traces: {asked} is set, and OpenTelemetry is not installed: pip install 'weft[operations]'")
        return False
    return True


def _has_exporter() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http.trace_exporter") is not None
    except ModuleNotFoundError:
        return False


class Traces(Quiet):
    """Sends spans from a thread of its own: a collector that is down costs spans, no time and no task.

    Without `exporter`: OTLP over HTTP to where the OTEL_* variables say. `lost` is the number of spans not taken.
    """

    def __init__(self, exporter: Any = None) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        # It reports a collector that is down line by line, amid what the run shows; `lost` says it once.
        logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
        logging.getLogger("opentelemetry").propagate = False
        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter()
        self.made = 0
        self._taken = _Counted(exporter)
        taken: Any = self._taken
        name = os.environ.get("OTEL_SERVICE_NAME", "weft")
        self._provider = TracerProvider(resource=Resource.create({"service.name": name}), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(taken))
        self._trace = trace
        self._tracer = self._provider.get_tracer("weft")
        self._run: Any = None
        self._stages: dict[str, str] = {}
        self._nodes: dict[str, Any] = {}
        self._last: dict[str, int] = {}
        self._started: dict[tuple[str, int], int] = {}

    @property
    def lost(self) -> int:
        """Spans that no collector took."""
        return self.made - self._taken.spans

    def began(self, about: About) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        # A workflow that starts the run may have a trace of its own.
        parent = TraceContextTextMapPropagator().extract({"traceparent": os.environ.get("TRACEPARENT", "")})
        shown = ("run", "role", "runner", "workers", "recipe", "digest", "host", "pid", "shards")
        attributes = {f"weft.{name}": getattr(about, name) for name in shown} | {"weft.nodes": len(about.nodes)}
        attributes["weft.version"] = about.versions()["weft"]
        self._stages = {name: stage for name, stage, _ in about.nodes}
        self._run = self._begin(f"weft {about.role}", parent, attributes)

    def started(self, task: Task) -> None:
        self._started[(task.node, task.shard)] = time.time_ns()

    def took(self, outcome: Outcome, attempt: int, again: bool) -> None:
        if outcome.elsewhere:
            return
        task, now = outcome.task, time.time_ns()
        seconds = sum(entry.seconds for entry in outcome.entries)
        # A task that was done before the run heard that it had begun began when it says so.
        began = self._started.pop((task.node, task.shard), now - int(seconds * 1e9))
        began = now - int(seconds * 1e9) if outcome.failure is None else began
        node = self._node(task.node, began)
        attributes = {
            "weft.node": task.node,
            "weft.shard": task.shard,
            "weft.attempt": attempt,
            "weft.worker": outcome.worker,
        }
        attributes |= {"weft.read_bytes": task.size, "weft.cpu_seconds": sum(e.cpu_seconds for e in outcome.entries)}
        attributes["weft.rows"] = max((int(e.counts.get("rows_in", 0)) for e in outcome.entries), default=0)
        attributes["weft.written_bytes"] = sum(int(f["bytes"]) for e in outcome.entries for f in e.files)
        known = {name: value for name, value in attributes.items() if value is not None}
        span = self._begin(task.node, self._trace.set_span_in_context(node), known, began)
        if outcome.failure is not None:
            told = told_of(outcome.failure, outcome.cause)
            span.set_attribute("weft.again", again)
            event = {"exception.type": told["error"] or "", "exception.stacktrace": "\n".join(told.get("trace", ()))}
            span.add_event("exception", event)
            span.set_status(self._trace.StatusCode.ERROR, told["reason"])
        span.end(now)
        self._last[task.node] = now

    def _node(self, name: str, began: int) -> Any:
        if name not in self._nodes:
            context = self._trace.set_span_in_context(self._run)
            attributes = {"weft.node": name, "weft.stage": self._stages.get(name, "")}
            self._nodes[name] = self._begin(f"node {name}", context, attributes, began)
        return self._nodes[name]

    def _begin(self, name: str, context: Any, attributes: dict[str, Any], began: int | None = None) -> Any:
        self.made += 1
        return self._tracer.start_span(name, context, attributes=attributes, start_time=began)

    def ended(self, ending: Ending) -> None:
        for name, span in self._nodes.items():
            span.end(self._last.get(name))
        if self._run is not None:
            self._run.set_attribute("weft.state", ending.state)
            if ending.state != "done":
                self._run.set_status(self._trace.StatusCode.ERROR, ending.reason or ending.state)
            self._run.end()

    def close(self) -> None:
        """Send what is left, for as long as a person would wait."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(LAST_SECONDS_DOWN if self._taken.down else LAST_SECONDS)
        if sending.is_alive():
            self._taken.shutdown()


class _Counted:
    """An exporter that counts the spans that were taken."""

    def __init__(self, exporter: Any) -> None:
        self._exporter = exporter
        self.spans = 0
        self.down = False
        """Whether the last spans were not taken."""

    def export(self, spans: Any) -> Any:
        result = self._exporter.export(spans)
        self.down = result.name != "SUCCESS"
        self.spans += 0 if self.down else len(spans)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return bool(self._exporter.force_flush(timeout_millis))
