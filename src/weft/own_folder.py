"""The folder that a command fills: free before, whole after, and untouched when something goes wrong."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from weft.errors import WeftError


def check_free(into: Path, manifest: str, work: str) -> None:
    """Raise WeftError unless the folder is new, empty, or of an earlier run of the same command: it has `manifest`.

    `work` is the name of the folder for what is not finished, which a run that was killed may have left.
    """
    if into.exists() and not into.is_dir():
        raise WeftError(f"{into}: cannot be written: it is a file; expected a folder, or a name that is free")
    held = [file.name for file in into.iterdir() if file.name != work] if into.is_dir() else []
    if held and manifest not in held:
        raise WeftError(f"{into}: holds other files ({', '.join(sorted(held))[:80]}); expected a folder of its own")


@contextlib.contextmanager
def working(into: Path, name: str) -> Iterator[Path]:
    """The folder `name` below `into` for what is not finished; gone in the end, however that is."""
    work = into / name
    new = not into.exists()
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        yield work
    except OSError as error:
        if error.errno == 28:  # a full disk has a message of its own
            raise
        raise WeftError(f"{into}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if new and into.is_dir() and not any(into.iterdir()):
            into.rmdir()
