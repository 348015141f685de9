"""Runs the extraction of a suspicious page in a child process that can be stopped."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from typing import IO, Any

from weft.parse.page import Page, extract, extract_flat

_COMMAND = "from weft.parse.guarded import serve; serve()"
_PATIENCE = 3
"""How many times the limit a page may take by the clock: other processes may hold the processor."""


class GuardedExtractor:
    """Extracts pages in a child that is stopped at the limit; then the page's text is taken out flat.

    The limit is processor time where the system can limit that, so that answers do not depend on the load.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit = limit_s
        self._child: subprocess.Popen[bytes] | None = None

    def extract(self, html: str) -> Page:
        """Main text within the limit, else all text with tags taken out (`extracted: flat` in its metadata)."""
        child = self._child = self._child or self._start()
        timer = threading.Timer(5 + self._limit * _PATIENCE, child.kill)
        timer.start()
        try:
            _send(child.stdin, html)
            text, meta = _receive(child.stdout)
            return Page(text, meta)
        except (EOFError, OSError):
            self.close()  # stopped, or dead of this page (out of memory, say)
            return extract_flat(html)
        finally:
            timer.cancel()

    def _start(self) -> subprocess.Popen[bytes]:
        # A plain interpreter, not a spawned copy of this one: that would run the caller's main module again.
        return subprocess.Popen(
            [sys.executable, "-c", _COMMAND, str(self._limit)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )

    def close(self) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()

    def __del__(self) -> None:
        self.close()


def serve() -> None:
    """Answer pages with their text and metadata until the parent is gone."""
    limit = float(sys.argv[1])
    while True:
        try:
            html = _receive(sys.stdin.buffer)
        except EOFError:
            return
        if hasattr(signal, "setitimer"):
            # Its signal ends the process even inside the parser, and when the parent is gone.
            signal.setitimer(signal.ITIMER_PROF, limit)
        page = extract(html)
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, 0)
        _send(sys.stdout.buffer, (page.text, page.meta))


def _send(pipe: IO[bytes] | None, value: Any) -> None:
    data = pickle.dumps(value, protocol=5)
    assert pipe is not None
    pipe.write(len(data).to_bytes(8, "little"))
    pipe.write(data)
    pipe.flush()


def _receive(pipe: IO[bytes] | None) -> Any:
    """What the other side sent; raises EOFError when it ended before or midway."""
    assert pipe is not None
    head = pipe.read(8)
    size = int.from_bytes(head, "little")
    data = pipe.read(size) if len(head) == 8 else b""
    if len(head) < 8 or len(data) < size:
        raise EOFError
    return pickle.loads(data)
