"""Where a build is, as the nodes of a Ray cluster have to see it."""

from __future__ import annotations

import functools
import os
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from weft.engine.objects import Objects
from weft.engine.places import in_objects
from weft.errors import WeftError

_MARKS = "ledger/run"


@dataclass(frozen=True)
class Place:
    """A build and a mark in it that only this run has: a file of its ledger folder, or an object."""

    root: str
    token: str
    working_folder: str

    @classmethod
    def of(cls, root: str) -> Place:
        """The place of a run from this working folder."""
        if in_objects(root):
            return cls(root.rstrip("/"), f"{_MARKS}/{secrets.token_hex(6)}", str(Path.cwd()))
        return cls(str(Path(root).absolute()), f"{_MARKS}-{secrets.token_hex(6)}", str(Path.cwd()))

    def mark(self) -> None:
        """Leave the mark, and take those of earlier runs away: their tasks do not begin any more."""
        if in_objects(self.root):
            objects = _objects(self.root)
            objects.delete([path for path, _ in objects.below(_MARKS)])
            objects.write(self.token, b"")
            return
        for old in Path(self.root, "ledger").glob("run-*"):
            old.unlink(missing_ok=True)
        Path(self.root, self.token).touch()

    def unmark(self) -> None:
        """Take the mark away; what the storage refuses goes with the next run."""
        with suppress(OSError, WeftError):
            if in_objects(self.root):
                _objects(self.root).delete([self.token])
            else:
                Path(self.root, self.token).unlink(missing_ok=True)

    def unseen(self) -> str | None:
        """Why this node cannot run tasks of the build; None where it sees the mark.

        A folder or a bucket of the same name that is another one would take the files. Paths that are relative mean
        the same as on the machine of the run afterwards.
        """
        with suppress(OSError):
            os.chdir(self.working_folder)
        host = socket.gethostname()
        if not in_objects(self.root):
            if Path(self.root, self.token).is_file():
                return None
            return f"node {host} does not see the build folder {self.root}; expected a folder that all nodes share"
        try:
            if _objects(self.root).look(self.token) is not None:
                return None
        except WeftError as error:
            return f"node {host}: {error}"
        return (
            f"node {host} finds another storage under {self.root}; expected the same AWS_ENDPOINT_URL and AWS_REGION "
            "as on the machine of the run"
        )


@functools.cache
def _objects(root: str) -> Objects:
    return Objects(root)
