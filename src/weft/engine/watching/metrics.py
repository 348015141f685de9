"""Metrics of a run for Prometheus, served over HTTP while it lasts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from weft.engine.ledger import Entry
from weft.engine.room import free_bytes
from weft.engine.watching.events import About, Quiet
from weft.engine.watching.standing import Standing
from weft.engine.work import Outcome, Task
from weft.errors import WeftError

BUCKETS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0, 14400.0)
"""Seconds of a task: from the smallest shards to a fold over all rows."""
_EXTRA = "expected the package prometheus_client: pip install 'weft[operations]'"


class Metrics(Quiet):
    """Counts tasks, rows and bytes under Prometheus names, and answers who asks for `/metrics`.

    Of a worker they are the tasks that it ran itself, so that a sum over workers is that of the build; the ratio is of
    all tasks.
    Raises WeftError when the port is in use, or prometheus_client is not installed.
    """

    def __init__(self, disk: Path, port: int, host: str = "127.0.0.1") -> None:
        try:
            import prometheus_client
        except ImportError as error:
            raise WeftError(f"--metrics-port {port}: {_EXTRA}") from error
        client: Any = prometheus_client
        client.disable_created_metrics()  # one more line for each, which nobody asks for
        self._standing = Standing()
        registry = prometheus_client.CollectorRegistry()
        self._make(client, registry, disk)
        try:
            self._server, self._thread = prometheus_client.start_http_server(port, host, registry)
        except OSError as error:
            told = f"--metrics-port {port}: cannot listen on {host}: {error.strerror or error}"
            raise WeftError(f"{told}; expected a free port, and an address of this machine") from error
        self.address = f"http://{host}:{self._server.server_port}/metrics"

    def _make(self, client: Any, registry: Any, disk: Path) -> None:
        def counter(name: str, text: str, *labels: str) -> Any:
            return client.Counter(name, text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Any:
            return client.Gauge(name, text, labels, registry=registry)

        client.ProcessCollector(registry=registry)
        self._info = client.Info("weft_build", "The run: recipe, version, role, runner.", registry=registry)
        self._tasks = counter(
            "weft_tasks", "Tasks: done, found done (cached), failed for good, tried again.", "node", "state"
        )
        self._task = client.Histogram(
            "weft_task_seconds", "Wall time of a task.", ["node"], buckets=BUCKETS, registry=registry
        )
        self._cpu = counter("weft_cpu_seconds", "CPU time of tasks.", "node")
        self._rows = counter("weft_rows", "Rows that tasks read.", "stage", "node")
        self._read = counter("weft_read_bytes", "Bytes that tasks read.", "stage", "node")
        self._written = counter("weft_written_bytes", "Bytes that tasks wrote.", "stage", "node")
        self._rejected = counter("weft_rejected_rows", "Documents left out, by rule or reason.", "rule")
        self._planned = gauge("weft_tasks_planned", "Tasks that are known by now.", "node")
        self._running = gauge("weft_tasks_running", "Tasks that run now.", "node")
        self._last = gauge("weft_last_task_timestamp_seconds", "When a task last ended or the run began.")
        gauge("weft_free_bytes", "Free on the disk that the run fills.").set_function(lambda: free_bytes(disk))
        gauge("weft_build_progress_ratio", "Share of all tasks, expected ones among them, that are over.").set_function(
            self._standing.ratio
        )
        self._stages: dict[str, str] = {}

    def began(self, about: About) -> None:
        self._standing.began(about)
        self._stages = {name: stage for name, stage, _ in about.nodes}
        told = {name: str(getattr(about, name)) for name in ("run", "recipe", "role", "runner", "host")}
        self._info.info(told | {"version": about.versions()["weft"]})
        self._last.set_to_current_time()

    def planned(self, node: str, stage: str, tasks: int, cached: int, size: int) -> None:
        self._standing.planned(node, stage, tasks, cached, size)
        self._planned.labels(node).inc(tasks)
        self._tasks.labels(node, "cached").inc(cached)
        for state in ("done", "failed", "retried"):
            self._tasks.labels(node, state)

    def started(self, task: Task) -> None:
        self._standing.started(task)
        self._show_running(task.node)

    def took(self, outcome: Outcome, attempt: int, again: bool) -> None:
        self._standing.took(outcome, attempt, again)
        node = outcome.task.node
        self._show_running(node)
        if outcome.elsewhere:
            return
        self._last.set_to_current_time()
        if outcome.failure is not None:
            self._tasks.labels(node, "retried" if again else "failed").inc()
            return
        entries, stage = outcome.entries, self._stages.get(node, "")
        self._tasks.labels(node, "done").inc()
        self._task.labels(node).observe(sum(entry.seconds for entry in entries))
        self._cpu.labels(node).inc(sum(entry.cpu_seconds for entry in entries))
        self._rows.labels(stage, node).inc(max((int(entry.counts.get("rows_in", 0)) for entry in entries), default=0))
        self._read.labels(stage, node).inc(outcome.task.size)
        self._written.labels(stage, node).inc(sum(int(f["bytes"]) for entry in entries for f in entry.files))
        for rule, count in rejected(node, entries).items():
            self._rejected.labels(rule).inc(count)

    def _show_running(self, node: str) -> None:
        self._running.labels(node).set(self._standing.running(node))

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def rejected(node: str, entries: tuple[Entry, ...]) -> Counter[str]:
    """Rows left out by the rule or reason that took them: of reading, and of the selection."""
    found: Counter[str] = Counter()
    for entry in entries:
        if node == "documents":
            reasons = {name.partition(":")[2]: count for name, count in entry.counts.items() if ":" in name}
            found.update({name: int(count) for name, count in reasons.items() if name})
        elif node == "select":
            found.update({name: int(count) for name, count in entry.counts.get("rejected", {}).items()})
    return found
