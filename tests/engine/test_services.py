"""Builds with labels from model servers: the same bytes whatever happens, each reply paid once, no key kept."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.engine.corpus import contents, write_corpus
from tests.engine.killing import start
from tests.engine.model_server import ModelServer, vector

from weft.cli.boundary import run as command
from weft.engine.build import run
from weft.engine.local import LocalRunner
from weft.engine.reading import Build
from weft.recipe import load

KEY = "sk-weft-0123456789"
STEPS = """\
label:
  - script
  - lid
  - signals
  - judged: {{service: judge, prompt: "Is it good? {{text}}", where: signals.words >= 60}}
  - embedding_served: {{service: encoder, dimensions: 4}}
services:
  judge: {{url: '{url}', protocol: openai-chat, model: big, api_key_env: WEFT_TEST_KEY, {more}}}
  encoder: {{url: '{url}', protocol: openai-embeddings, model: small, api_key_env: WEFT_TEST_KEY, {more}}}
"""


def _recipe(folder: Path, server: ModelServer, count: int = 120, **more: Any) -> Path:
    recipe = write_corpus(folder, count=count, files=3)
    given = {"backoff_seconds": 0.01, "concurrency": 6, "give_up_seconds": 5, "retries": 30} | more
    told = ", ".join(f"{name}: {value}" for name, value in given.items())
    text = recipe.read_text("utf-8").replace(
        "few_repeats", "good: judged.score IS NULL OR judged.score > 1\n    few_repeats"
    )
    recipe.write_text(text + STEPS.format(url=server.url, more=told), "utf-8")
    return recipe


def _labels(build: Path) -> dict[str, bytes]:
    return contents(build / "label/judged") | {
        f"e/{k}": v for k, v in contents(build / "label/embedding_served").items()
    }


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_TEST_KEY", KEY)


@pytest.mark.slow
def test_faults_change_no_byte_and_no_key_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer(key=KEY) as calm:
        recipe = _recipe(tmp_path, calm)
        assert run(load(recipe), tmp_path / "calm", workers=1).status == 0
    with ModelServer(key=KEY, faults=0.4) as wild:
        text = recipe.read_text("utf-8").replace(calm.url, wild.url).replace("concurrency: 6", "concurrency: 3")
        recipe.write_text(text, "utf-8")
        assert run(load(recipe), tmp_path / "wild", workers=2).status == 0
        asked = wild.answered.copy()
        assert run(load(recipe), tmp_path / "wild", workers=2).tally.ran.total() == 0
    assert _labels(tmp_path / "wild") == _labels(tmp_path / "calm")
    assert contents(tmp_path / "wild/construct") == contents(tmp_path / "calm/construct")
    assert set(asked.values()) == {1} and set(wild.answered) == set(asked)
    assert wild.most_in_flight <= 6, "three of each service"
    for build in ("calm", "wild"):
        kept = contents(tmp_path / build)
        assert not [name for name, held in kept.items() if KEY.encode() in held]
        card = kept["construct/README.md"].decode()
        assert "big" in card and "127.0.0.1" not in card and "WEFT_TEST_KEY" not in card

    # Another name of the service, another address and other limits change no answer.
    text = recipe.read_text("utf-8").replace("service: judge", "service: critic").replace("  judge: {", "  critic: {")
    recipe.write_text(text, "utf-8")
    assert "label_judged" not in run(load(recipe), tmp_path / "wild", workers=1).tally.ran

    # Without the server, the key and the finished tasks: the replies are enough.
    monkeypatch.delenv("WEFT_TEST_KEY")
    for folder in ("ledger", "label", "construct"):
        shutil.rmtree(tmp_path / "wild" / folder)
    assert run(load(recipe), tmp_path / "wild", workers=1).status == 0
    assert _labels(tmp_path / "wild") == _labels(tmp_path / "calm")


@pytest.mark.slow
def test_only_rows_that_meet_a_condition_are_asked_about(tmp_path: Path) -> None:
    with ModelServer(key=KEY, refuse=("changed",)) as server:
        recipe = _recipe(tmp_path, server)
        assert run(load(recipe), tmp_path / "build", workers=1).status == 0
    build = Build.open(tmp_path / "build")
    table = build.documents(text=True).collect()
    long = table["signals"].struct.field("words") >= 60
    judged = table["judged"].struct.field("score")
    refused = table["text"].str.contains("changed")
    assert (judged.is_not_null() == (long & ~refused)).all() and 10 < long.sum() < len(table) and (long & refused).sum()
    errors = pl.concat([pl.read_parquet(path) for path in (tmp_path / "build/errors").glob("label-*.parquet")])
    told = errors.filter(pl.col("stage") == "label.judged")
    assert set(told["reason"]) == {"service_refused"} and len(told) == (long & refused).sum()
    assert set(told["detail"]) == {"status 422: too long for the model"}
    vectors = [pl.read_parquet(path) for path in sorted((tmp_path / "build/label/embedding_served").glob("*.parquet"))]
    first = pl.concat(vectors)["embedding_served"].drop_nulls()[0].to_list()
    assert sum(value * value for value in first) == pytest.approx(1, abs=0.01) and len(vector("x")) == len(first)


@pytest.mark.slow
def test_a_killed_run_pays_no_reply_twice(tmp_path: Path) -> None:
    with ModelServer(key=KEY, seconds=0.05) as server:
        recipe = _recipe(tmp_path, server, count=200)
        program = [
            sys.executable,
            "-m",
            "weft",
            "run",
            str(recipe),
            "--into",
            str(tmp_path / "build"),
            "--workers",
            "1",
        ]
        for wanted in (40, 90):
            running = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
            until = time.monotonic() + 120
            while server.statuses[200] < wanted and time.monotonic() < until:
                time.sleep(0.02)
            running.send_signal(signal.SIGKILL)
            running.wait()
            time.sleep(0.5)
        assert server.statuses[200] >= 90
        before = sum(server.answered.values()) - len(server.answered)
        assert run(load(recipe), tmp_path / "build", workers=1).status == 0
        twice = sum(server.answered.values()) - len(server.answered)
    # What was under way at a kill was answered to nobody: it alone is asked again.
    assert before <= 12 and twice <= 24
    with ModelServer(key=KEY) as server:
        text = recipe.read_text("utf-8")
        (tmp_path / "other").mkdir()
        other = _recipe(tmp_path / "other", server, count=200)
        assert run(load(other), tmp_path / "whole", workers=1).status == 0
    assert _labels(tmp_path / "build") == _labels(tmp_path / "whole") and text


@pytest.mark.slow
def test_workers_share_a_build_that_asks(tmp_path: Path) -> None:
    with ModelServer(key=KEY, seconds=0.02) as server:
        recipe = _recipe(tmp_path, server)
        working = [start(recipe, "--into", tmp_path / "shared") for _ in range(2)]
        for one in working:
            out, error = one.communicate(timeout=300)
            assert one.returncode == 0, out + error
        assert run(load(recipe), tmp_path / "alone", workers=1).status == 0
    assert _labels(tmp_path / "shared") == _labels(tmp_path / "alone")
    assert contents(tmp_path / "shared/construct") == contents(tmp_path / "alone/construct")


@pytest.mark.slow
def test_the_process_that_asks_may_die(tmp_path: Path) -> None:
    with ModelServer(key=KEY, seconds=0.03) as server:
        recipe = _recipe(tmp_path, server)

        class Killing(LocalRunner):
            kills = 0

            def outcomes(self, seconds: float | None = None, *, begin: bool = True) -> Any:
                if self._lane is not None and self.kills < 1 and server.statuses[200] > 20:
                    Killing.kills += 1
                    self._lane._process.kill()
                yield from super().outcomes(0.1, begin=begin)

        result = run(load(recipe), tmp_path / "build", runner=Killing(str(tmp_path / "build"), 1))
    assert Killing.kills == 1 and result.status == 0


@pytest.mark.slow
def test_a_service_that_is_gone_fails_its_tasks_and_no_others(tmp_path: Path) -> None:
    with ModelServer(key=KEY) as server:
        recipe = _recipe(tmp_path, server, give_up_seconds=0.3)
    result = run(load(recipe), tmp_path / "build", workers=1)
    assert result.status == 1 and {f.task.node for f in result.tally.failures} == {
        "label_judged",
        "label_embedding_served",
    }
    assert "service judge at http://127.0.0.1:" in " ".join(str(f.failure) for f in result.tally.failures)
    assert result.tally.ran["label_cpu"] == result.tally.ran["documents"] > 1
    with ModelServer(key=KEY) as server:
        moved = [f"services.{name}.url={server.url}" for name in ("judge", "encoder")]
        assert run(load(recipe, moved), tmp_path / "build", workers=1).status == 0


def test_a_run_without_its_key_does_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WEFT_TEST_KEY")
    with ModelServer(key=KEY) as server:
        recipe = _recipe(tmp_path, server, count=10)
        assert command(["run", str(recipe), "--dry-run"]) == 0
        capsys.readouterr()
        assert command(["run", str(recipe)]) == 2
        told = capsys.readouterr().err
        assert "services.judge: the environment variable WEFT_TEST_KEY is not set; expected the key in it" in told
        assert command(["run", str(recipe), "--estimate"]) == 2
        assert "a sample would ask judge, encoder" in capsys.readouterr().err
    assert not server.begun


@pytest.mark.slow
def test_cleaning_takes_replies_only_when_told_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(key=KEY) as server:
        recipe = _recipe(tmp_path, server, count=30)
        assert run(load(recipe), tmp_path / "build", workers=1).status == 0
        assert run(load(recipe, ["services.judge.revision=2"]), tmp_path / "build", workers=1).status == 0
    held = [path for path in (tmp_path / "build/replies").rglob("*.replies")]
    assert len(held) == 3
    assert command(["clean", str(tmp_path / "build"), "--yes"]) == 0
    assert all(path.exists() for path in held)
    capsys.readouterr()
    assert command(["clean", str(tmp_path / "build"), "--replies", "--yes", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {file["why"] for file in told["files"]} == {"replies"}
    assert sum(path.exists() for path in held) == 2
