"""Ctrl-C reaches every process of a terminal: workers end on it without a word, and the run speaks for all."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from multiprocessing import resource_tracker

INTERRUPTED = 130
"""Exit status of a process that Ctrl-C ended."""


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Processes that are started meanwhile keep Ctrl-C waiting until `end_quietly` or `ignore`: while they import
    their libraries they would answer it with a traceback each."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # multiprocessing starts it when it has to, and then lets Ctrl-C through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_quietly() -> None:
    """From now on Ctrl-C ends this process, one that has waited at once; of a task that ran an attempt is left."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is to be ignored, as in the background
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    _let_through()


def ignore() -> None:
    """From now on Ctrl-C does nothing in this process: the run that started it decides when it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _let_through()


def _let_through() -> None:
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
