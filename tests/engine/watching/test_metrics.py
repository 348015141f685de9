"""Metrics that Prometheus can read, and that say what the ledger says."""

from __future__ import annotations

import json
import re
import socket
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML
from tests.engine.watching.build_for_watching import Telling, break_labels, marked

from weft.cli.boundary import run as command
from weft.engine.build import run
from weft.engine.ledger import Ledger
from weft.engine.reading import Build
from weft.engine.watching.events import Several
from weft.engine.watching.metrics import Metrics
from weft.recipe import load

Values = dict[tuple[str, ...], float]


def scraped(address: str) -> Values:
    """Values by name and labels, in their order; what Prometheus would not take raises."""
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        text = answer.read().decode()
    assert "# HELP weft_tasks_total" in text and "# TYPE weft_task_seconds histogram" in text
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_are_those_of_the_ledger(tmp_path: Path) -> None:
    recipe, build = marked(tmp_path), tmp_path / "build"
    metrics = Metrics(build, 0)
    try:
        assert run(load(recipe), build, runner=Telling(build), listener=Several([metrics])).status == 0
        found = scraped(metrics.address)
    finally:
        metrics.close()
    entries = list(Ledger(build / "ledger").all())
    written = {(e.node, str(f["path"])): int(f["bytes"]) for e in entries for f in e.files}
    assert sum(v for (name, *_), v in found.items() if name == "weft_written_bytes_total") == sum(written.values())
    documents = len([entry for entry in entries if entry.node == "documents"])
    assert found["weft_tasks_total", "node=documents", "state=done"] == documents
    assert found["weft_tasks_total", "node=label", "state=failed"] == 0
    assert found["weft_tasks_planned", "node=label"] == documents
    assert found["weft_tasks_running", "node=label"] == 0
    assert found["weft_rows_total", "node=documents", "stage=parse"] == 60
    assert found["weft_task_seconds_count", "node=documents"] == documents
    cpu = sum(entry.cpu_seconds for entry in entries if entry.node == "documents")
    assert found["weft_cpu_seconds_total", "node=documents"] == pytest.approx(cpu)
    assert found[("weft_build_progress_ratio",)] == 1 and found[("weft_free_bytes",)] > 0
    stages = Build.open(build).summary()["stages"]
    rejected = {f"rule={rule}": n for stage in stages for rule, n in stage["rejected"].items()}
    assert rejected and rejected == {
        key[1]: value for key, value in found.items() if key[0] == "weft_rejected_rows_total" and value
    }
    assert next(key for key in found if key[0] == "weft_build_info")[3:] == ("role=run", *_run_labels(build))


def _run_labels(build: Path) -> tuple[str, ...]:
    told = json.loads((build / "ledger/progress.json").read_text())
    return f"run={told['run']}", "runner=telling", "version=0.1.0"


def test_failures_and_what_was_found_done_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, build = marked(tmp_path, 30), tmp_path / "build"
    with monkeypatch.context() as patch:
        break_labels(patch, 0, lambda text: OSError(text))
        metrics = Metrics(build, 0)
        run(load(recipe), build, runner=Telling(build), listener=Several([metrics]))
        found = scraped(metrics.address)
        metrics.close()
    assert found["weft_tasks_total", "node=label", "state=retried"] == 2
    assert found["weft_tasks_total", "node=label", "state=failed"] == 1
    again = Metrics(build, 0)
    run(load(recipe), build, runner=Telling(build), listener=Several([again]))
    more = scraped(again.address)
    again.close()
    done = found["weft_tasks_total", "node=documents", "state=done"]
    assert more["weft_tasks_total", "node=documents", "state=cached"] == done
    assert more["weft_tasks_total", "node=label", "state=done"] == 1


def test_a_port_in_use_is_said_before_the_run_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = marked(tmp_path / "corpus", 10)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for name in ("run", "worker"):
            assert command([name, str(recipe), "--metrics-port", str(port)]) == 2
            said = capsys.readouterr().err
            assert f"--metrics-port {port}: cannot listen on 127.0.0.1" in said and "Traceback" not in said
    assert not (tmp_path / "corpus/build").exists()
    assert command(["run", str(recipe), "--metrics-port", "0", "--metrics-host", "no.such.host.invalid"]) == 2
    assert "cannot listen on no.such.host.invalid" in capsys.readouterr().err


def test_the_guide_names_what_is_served(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs/operations.md").read_text("utf-8")
    asked = set(re.findall(r"weft_[a-z_]+", guide))
    metrics = Metrics(tmp_path, 0)
    try:
        with urllib.request.urlopen(metrics.address, timeout=10) as answer:
            served = set(re.findall(r"^# TYPE (weft_\w+)", answer.read().decode(), re.MULTILINE))
    finally:
        metrics.close()
    assert asked == served
    scrape, alerts = (YAML(typ="safe").load(block) for block in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL))
    assert scrape["scrape_configs"][0]["job_name"] == "weft"
    assert [rule["alert"] for rule in alerts["groups"][0]["rules"]] == [
        "WeftTaskFailed", "WeftNothingFinished", "WeftDiskFillsUp",
    ]  # fmt: skip


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "prometheus_client", None)
    assert command(["run", str(marked(tmp_path / "c", 10)), "--metrics-port", "0"]) == 2
    assert "pip install 'weft[operations]'" in capsys.readouterr().err
