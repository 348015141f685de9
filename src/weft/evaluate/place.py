"""The folder of a run: of one suite and one model, and one run at a time."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from weft.errors import WeftError
from weft.evaluate.reading_runs import SCORES

LOCK = ".lock"


@contextlib.contextmanager
def alone(place: Path) -> Iterator[None]:
    """Write a run's folder, which is made, as the only one: two would both pay for what neither has.

    Raises WeftError where the folder cannot be made or written, and while another run writes it.
    """
    try:
        new = not place.exists()
        if not new and not place.is_dir():
            raise WeftError(f"{place}: is a file; expected a folder, or a name that is free")
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeftError(f"--into {place}: {error.strerror}; expected a folder that can be made") from None
    if not os.access(place, os.W_OK):
        raise WeftError(f"--into {place}: cannot be written to; expected a folder that can")
    lock = FileLock(place / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise WeftError(
            f"--into {place}: another run is writing this folder; wait for it, or choose another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()
        if new and os.listdir(place) == [LOCK]:
            # A mistake was told and nothing asked: a folder would be all that is left of it.
            (place / LOCK).unlink()
            place.rmdir()


def check_same(place: Path, suite: str, version: int, model: Mapping[str, Any]) -> None:
    """Raise WeftError where a folder holds the scores of another suite or another model, which would be lost."""
    try:
        held = json.loads((place / SCORES).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        held = None
    if not isinstance(held, dict):
        # Nothing is there, or nothing that could be lost.
        return
    had = _told(held.get("suite"), held.get("suite_version"), held.get("model"))
    now = _told(suite, version, model)
    if had != now:
        raise WeftError(f"--into {place}: holds a run of {had}; expected the same again, not {now}, or another folder")


def _told(suite: Any, version: Any, model: Any) -> str:
    about = model if isinstance(model, Mapping) else {}
    # A table of outputs may have been completed since; a model with other settings is another one.
    told = about.get("digest") if about.get("kind") != "outputs" else None
    settled = f" ({told})" if told else ""
    return f"the suite {suite}, version {version}, by {about.get('name')}{settled}"
