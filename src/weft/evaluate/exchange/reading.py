"""A result file of another harness, of whichever it is."""

from __future__ import annotations

import json
from pathlib import Path

from weft.errors import WeftError
from weft.evaluate.exchange import lm_eval_results, opencompass_results
from weft.evaluate.exchange.imported import Imported
from weft.evaluate.running import Settings
from weft.evaluate.suite import Suite

_EXPECTED = (
    "expected results_*.json of lm-evaluation-harness, or summary_*.csv or predictions/MODEL/*.json of OpenCompass"
)


def read(file: Path, model: str | None, suite: Suite | None, settings: Settings | None) -> Imported:
    """What a result file says. Raises WeftError for files of no harness that is known."""
    if not file.is_file():
        raise WeftError(f"--import {file}: no such file; {_EXPECTED}")
    try:
        if file.suffix == ".csv":
            return opencompass_results.read_summary(file, model, suite, settings)
        tree = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise WeftError(f"--import {file}: cannot be read: {error}; {_EXPECTED}") from None
    if isinstance(tree, dict) and isinstance(tree.get("results"), dict):
        return lm_eval_results.read(file, tree, suite)
    if isinstance(tree, dict) and opencompass_results.is_predictions(tree):
        return opencompass_results.read_predictions(file, tree, suite, settings)
    raise WeftError(f"--import {file}: is none of them; {_EXPECTED}")
