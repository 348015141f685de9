"""Ctrl-C while a server is asked: the run ends, and what was not asked is not paid."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.evaluate.conftest import TOPIC, Write

from weft.sample.fake_server import FakeServer

ANSWERED = TOPIC.replace('The topic is:"', '{choices}"').replace("consistent: true", "by: answer")
ITEMS = 2_000


@pytest.mark.slow
def test_ctrl_c_ends_a_run_against_a_server(write: Write, tmp_path: Path) -> None:
    write(
        "topic/swh_Latn.jsonl",
        "".join(f'{{"id": {n}, "text": "Safari {n}", "topic": "travel"}}\n' for n in range(ITEMS)),
    )
    write("suite.yaml", ANSWERED)
    # A shell without job control starts its background jobs deaf to Ctrl-C, and tests may run in one.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import runpy; " + (
        "runpy.run_module('weft', run_name='__main__')"
    )
    with FakeServer(latency=0.2) as server:
        write("model.yaml", f"url: {server.url}\nprotocol: openai-chat\nmodel: weft-fake\nconcurrency: 2\n")
        command = [sys.executable, "-c", code, "evaluate", "suite.yaml", "--model", "model.yaml", "--into", "run"]
        run = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
        try:
            while server.stats()["paid"]["calls"] < 4:
                assert run.poll() is None, "the run ended before it was stopped"
                time.sleep(0.05)
            run.send_signal(signal.SIGINT)
            _, said = run.communicate(timeout=300)
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
        # All of them would take minutes.
        assert server.stats()["paid"]["calls"] < ITEMS / 4
    assert run.returncode == 130 and "stopped; the same command goes on where it was" in said
