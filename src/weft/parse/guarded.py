"""Runs the extraction of a suspicious page in a child process that can be stopped."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from weft.parse.page import Page, extract, extract_flat


class GuardedExtractor:
    """Extracts pages in a child that is killed at the time limit; then the page's text is taken out flat."""

    def __init__(self, limit_s: float) -> None:
        self._limit = limit_s
        self._child: tuple[BaseProcess, Connection] | None = None

    def extract(self, html: str) -> Page:
        """Main text within the limit, else all text with tags taken out (`extracted: flat` in its metadata)."""
        process, pipe = self._child or self._start()
        try:
            pipe.send(html)
            if pipe.poll(self._limit):
                return Page(*pipe.recv())
        except (EOFError, OSError):
            pass  # the child died on this page (out of memory, say): treated like one that takes too long
        self._stop(process, pipe)
        return extract_flat(html)

    def _start(self) -> tuple[BaseProcess, Connection]:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        self._child = (process, ours)
        return self._child

    def _stop(self, process: BaseProcess, pipe: Connection) -> None:
        process.kill()
        process.join()
        pipe.close()
        self._child = None


def _serve(pipe: Connection) -> None:
    """Answer pages with their text and metadata until the parent is gone."""
    while True:
        try:
            page = extract(pipe.recv())
        except EOFError:
            return
        pipe.send((page.text, page.meta))
