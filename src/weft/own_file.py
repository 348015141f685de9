"""The file that a command writes: whole, or as it was before."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from weft.errors import WeftError


def check_unread(into: Path, *read: Path | None) -> None:
    """Raise WeftError where `into` is one of the files that are read."""
    if any(file is not None and file.resolve() == into.resolve() for file in read):
        raise WeftError(f"{into}: is read already; expected another file to write")


@contextlib.contextmanager
def writing(place: Path) -> Iterator[None]:
    """Raises WeftError where a file or a folder of files cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:  # a full disk has a message of its own
            raise
        raise WeftError(f"{place}: cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def whole(into: Path) -> Iterator[Path]:
    """A place beside `into` for what is being written, moved there in the end; nothing is left when something fails.

    The folder of `into` is made. Raises WeftError where the file cannot be written, and for what is no file.
    """
    if into.exists() and not into.is_file() and not into.is_dir():
        # It would be replaced by a file: a device, a pipe, for whoever comes after.
        raise WeftError(f"{into}: is a device or a pipe; expected a file, or a name that is free")
    part = into.with_name(f".{os.getpid()}.{into.name}")
    try:
        with writing(into):
            into.parent.mkdir(parents=True, exist_ok=True)
            yield part
            part.replace(into)
    finally:
        with contextlib.suppress(OSError):  # what cannot be removed was told above, or is not there
            part.unlink()
