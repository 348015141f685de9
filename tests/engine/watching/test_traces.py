"""Traces as an OpenTelemetry collector gets them, and a collector that is not there."""

from __future__ import annotations

import gzip
import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.engine.watching.build_for_watching import MARK, Telling, break_labels, marked

from weft.cli.boundary import run as command
from weft.engine.build import run
from weft.engine.ledger import Ledger
from weft.engine.watching import traces
from weft.engine.watching.events import Several
from weft.recipe import load

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_") or name == "TRACEPARENT"]:
        monkeypatch.delenv(name)


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """The address of an OTLP/HTTP receiver on this machine, and what it got."""
    got: list[tuple[str, bytes]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers.get("Content-Encoding") == "gzip"
            got.append((f"{self.path} {self.headers['Content-Type']}", gzip.decompress(body) if packed else body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *values: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


def test_spans_are_nested_and_say_what_the_ledger_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, build = marked(tmp_path), tmp_path / "build"
    break_labels(monkeypatch, 1, lambda text: OSError(f"cannot take {text}"))
    monkeypatch.setenv("TRACEPARENT", f"00-{'a' * 32}-{'b' * 16}-01")
    exporter = InMemorySpanExporter()
    made = traces.Traces(exporter)
    run(load(recipe), build, runner=Telling(build), listener=Several([made]))
    made.close()
    spans = exporter.get_finished_spans()
    assert made.lost == 0 and made.made == len(spans)
    (top,) = [span for span in spans if span.name == "weft run"]
    assert top.parent is not None and f"{top.parent.span_id:x}" == "b" * 16, "it goes on the trace that it was given"
    nodes = {span.name: span for span in spans if span.name.startswith("node ")}
    assert all(span.parent.span_id == top.context.span_id for span in nodes.values())
    tasks = [span for span in spans if span is not top and span.name not in nodes]
    assert all(span.parent.span_id == nodes[f"node {span.name}"].context.span_id for span in tasks)
    assert all(nodes[f"node {span.name}"].start_time <= span.start_time <= span.end_time for span in tasks)
    done = [span for span in tasks if span.status.is_ok is True and "weft.again" not in span.attributes]
    entries = Ledger(build / "ledger").all()
    written = sum(file["bytes"] for entry in entries for file in entry.files)
    assert sum(span.attributes["weft.written_bytes"] for span in done) == written
    failed = [span for span in tasks if "weft.again" in span.attributes]
    assert [span.attributes["weft.attempt"] for span in failed] == [1, 2, 3]
    assert failed[-1].status.description.startswith("OSError at") and failed[-1].attributes["weft.again"] is False
    assert failed[-1].events[0].attributes["exception.type"] == "OSError"
    assert top.attributes["weft.state"] == "failed"
    assert MARK not in "".join(span.to_json() for span in spans), "no text of documents leaves"


def test_a_collector_gets_them_by_the_usual_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collector: tuple[str, list[tuple[str, bytes]]]
) -> None:
    address, got = collector
    recipe = marked(tmp_path / "corpus", 20)
    monkeypatch.setenv(ENDPOINT, address)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "corpus")
    assert command(["run", str(recipe), "--workers", "1", "--json"]) == 0
    assert {head for head, _ in got} == {"/v1/traces application/x-protobuf"}
    requests = [ExportTraceServiceRequest.FromString(body) for _, body in got]
    resources = [held for request in requests for held in request.resource_spans]
    names = {a.key: a.value.string_value for held in resources for a in held.resource.attributes}
    assert names["service.name"] == "corpus"
    spans = [span for held in resources for scope in held.scope_spans for span in scope.spans]
    tasks = {entry.key for entry in Ledger(tmp_path / "corpus/build/ledger").all() if entry.node != "label"}
    labels = len([span for span in spans if span.name == "label"])
    nodes = len([span for span in spans if span.name.startswith("node ")])
    assert labels and len(spans) == 1 + nodes + labels + len(tasks)
    assert len({span.trace_id for span in spans}) == 1


def test_a_collector_that_is_down_costs_no_task_and_little_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = marked(tmp_path / "corpus", 20)
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    assert command(["run", str(recipe), "--workers", "1", "--json"]) == 0
    said = capsys.readouterr().err
    assert "spans were not taken by the collector" in said and len(said.strip().splitlines()) == 1
    made = traces.Traces()
    began = time.monotonic()
    made.close()
    assert time.monotonic() - began < traces.LAST_SECONDS + 1


def test_no_variables_no_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    assert not traces.wanted({}, said.append)
    assert not traces.wanted({ENDPOINT: "http://x", "OTEL_SDK_DISABLED": "true"}, said.append)
    assert not traces.wanted({ENDPOINT: "http://x", "OTEL_TRACES_EXPORTER": "none"}, said.append) and not said
    assert not traces.wanted({ENDPOINT: "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, said.append)
    assert "expected http/protobuf" in said.pop()
    assert traces.wanted({ENDPOINT: "http://x"}, said.append) and not said
    monkeypatch.setattr(traces, "_has_exporter", lambda: False)
    assert not traces.wanted({ENDPOINT: "http://x"}, said.append)
    assert "pip install 'weft[operations]'" in said.pop()


def test_what_is_not_asked_for_is_not_loaded(tmp_path: Path) -> None:
    recipe = marked(tmp_path / "corpus", 10)
    code = (
        "import sys\nfrom weft.cli.boundary import run\n"
        f"run(['run', {str(recipe)!r}, '--workers', '1', '--quiet', '--json'])\n"
        "found = [name for name in sys.modules if name.startswith(('opentelemetry', 'prometheus_client', 'google'))]\n"
        "print(found, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr.strip().splitlines()[-1] == "[]"
