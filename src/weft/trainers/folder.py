"""The folder that an export fills: free before, whole after, and untouched when something goes wrong."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from weft.errors import WeftError

MANIFEST = "export.json"
_WORK = ".export"


def check_free(into: Path, release: Path) -> None:
    """Raise WeftError unless the folder is new, empty, or of an earlier export, whose files are replaced.

    It may not lie in the release, either: whoever loads or copies that would find the export in it.
    """
    if into.exists() and not into.is_dir():
        raise WeftError(f"{into}: cannot be written: it is a file; expected a folder, or a name that is free")
    if into.resolve().is_relative_to(release.resolve()) and into.resolve() != release.resolve():
        raise WeftError(f"{into}: lies in the release {release}; expected a folder outside of it")
    held = [file.name for file in into.iterdir() if file.name != _WORK] if into.is_dir() else []
    if held and MANIFEST not in held:
        raise WeftError(f"{into}: holds other files ({', '.join(sorted(held))[:80]}); expected a folder of its own")


@contextlib.contextmanager
def working(into: Path) -> Iterator[Path]:
    """A folder below `into` for what is not finished; gone in the end, however that is."""
    work = into / _WORK
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


def put(work: Path, into: Path, files: Sequence[str]) -> None:
    """Move finished files to their place, those of an earlier export being removed first; the manifest comes last."""
    _remove_earlier(into)
    for name in (*files, MANIFEST):
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(work / name, into / name)


def _remove_earlier(into: Path) -> None:
    manifest = into / MANIFEST
    if not manifest.is_file():
        return
    try:
        held = json.loads(manifest.read_bytes())
        listed = [file["path"] for one in held["datasets"] for file in one["files"]] + [
            f["path"] for f in held["settings"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise WeftError(f"{manifest}: is not of an export ({error}); expected a folder of its own") from None
    manifest.unlink()
    for name in listed:
        file = into / name
        if not file.resolve().is_relative_to(into.resolve()):
            continue
        file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # a folder with something else in it stays
            for parent in file.relative_to(into).parents[:-1]:
                (into / parent).rmdir()
