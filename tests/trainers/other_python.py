"""Runs a reader in the environment of another trainer, whose versions do not go with ours."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def found(reader: str, variable: str, export: Path, work: Path) -> Any:
    """What `reader`, a file beside this one, found in an export; `variable` names the Python that has the trainer."""
    python = os.environ.get(variable)
    assert python, f"{variable} is not set; run these tests by make test-trainers"
    work.mkdir()
    offline = {"HF_HUB_OFFLINE": "1", "AXOLOTL_DO_NOT_TRACK": "1", "DO_NOT_TRACK": "1", "HF_HOME": str(work / "home")}
    command = [python, str(HERE / reader), str(export), str(work)]
    done = subprocess.run(command, env=os.environ | offline, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return json.loads((work / "found.json").read_text("utf-8"))


def chat(messages: list[dict[str, Any]]) -> str:
    """ChatML of messages, without the white space around them."""
    return "".join(f"<|im_start|>{one['role']}\n{one['content'].strip()}<|im_end|>\n" for one in messages)
