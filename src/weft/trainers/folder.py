"""The files of an export in their place, and those of an earlier one gone."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from weft.errors import WeftError

MANIFEST = "export.json"
WORK = ".export"
"""Folder for what is not finished."""


def check_outside(into: Path, release: Path) -> None:
    """Raise WeftError when the folder lies in the release: whoever loads or copies that would find the export in it."""
    if into.resolve().is_relative_to(release.resolve()) and into.resolve() != release.resolve():
        raise WeftError(f"{into}: lies in the release {release}; expected a folder outside of it")


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
