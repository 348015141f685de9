"""Where the local runner's service tasks run: one process for all of them, beside the workers.

The tasks of several shards run in it at the same time, each in a thread that waits for replies most of the time; one
event loop asks for all, so that the limits of a service hold for the whole run.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any

from weft.engine.interrupts import held_back, ignore
from weft.engine.work import Cause, Outcome, Task
from weft.errors import WeftError

TOGETHER = 8
"""Shards whose service tasks run at the same time: enough to fill a service's limits, and bounded memory."""
_FAREWELL = 10.0
"""Seconds for the process to leave its index and end."""

Run = Callable[[str, Task], Outcome]


class ServiceLane:
    """A process that runs service tasks. A task's outcome is a future; it breaks when the process dies."""

    def __init__(self, root: str, environment: dict[str, str]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(root, theirs, environment), daemon=True)
        with held_back():
            self._process.start()
        theirs.close()
        self._open: dict[int, Future[Outcome]] = {}
        self._count = 0
        self._guard = threading.Lock()
        self.broken = False
        """Whether the process is gone: nothing that is given to it comes back."""
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def submit(self, call: Run, root: str, task: Task) -> Future[Outcome]:
        """Run a task there."""
        future: Future[Outcome] = Future()
        with self._guard:
            self._count += 1
            number = self._count
            self._open[number] = future
        try:
            self._pipe.send((number, call, root, task))
        except OSError:
            self._break()
        return future

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                number, outcome = self._pipe.recv()
                with self._guard:
                    future = self._open.pop(number, None)
                if future is not None:  # else the process has died since, and its task was given up
                    future.set_result(outcome)
        self._break()

    def _break(self) -> None:
        with self._guard:
            self.broken = True
            left, self._open = self._open, {}
        for future in left.values():
            future.set_exception(BrokenProcessPool("the process of the service tasks died"))

    def close(self) -> None:
        """End the process; what was answered is on the disk, tasks that have not ended run again next time."""
        with contextlib.suppress(OSError):
            self._pipe.send(None)
        self._process.join(_FAREWELL)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()


def _serve(root: str, pipe: Connection, environment: dict[str, str]) -> None:
    ignore()
    os.environ.update(environment)
    from weft.engine.local import open_worker
    from weft.engine.service_loop import open_clients

    with contextlib.suppress(OSError, WeftError):  # each task that opens it anew says why it cannot
        open_worker(root, threading.get_ident())  # ends with its parent from now on
    sending = threading.Lock()

    def answer(number: int, call: Run, root: str, task: Task) -> None:
        try:
            outcome: Any = call(root, task)
        except Exception as error:  # the boundary of a thread: a task without an outcome would be waited for for ever
            cause = Cause(type(error).__name__, getattr(error, "errno", None), ())
            outcome = Outcome(task, failure=f"{cause.error}: {error}", trace=traceback.format_exc(), cause=cause)
        with sending, contextlib.suppress(OSError):
            pipe.send((number, outcome))

    threads = ThreadPoolExecutor(TOGETHER, thread_name_prefix="served")
    with contextlib.suppress(EOFError, OSError):
        while (given := pipe.recv()) is not None:
            threads.submit(answer, *given)
    with contextlib.suppress(OSError, WeftError):  # what the storage does not take any more is asked again
        open_clients(root).close()
    os._exit(0)  # threads may wait for replies that nobody wants any more
