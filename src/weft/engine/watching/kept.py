"""What every run keeps of itself in the build folder: its log and its progress, beside what listeners want."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from weft.engine.graph import Plan
from weft.engine.room import NoRoom
from weft.engine.scheduler import Listener
from weft.engine.storage import Storage
from weft.engine.watching.events import Ending, Several, about
from weft.engine.watching.log import BuildFile, Log
from weft.engine.watching.progress import Progress
from weft.engine.watching.standing import Standing
from weft.errors import WeftError
from weft.recipe import Recipe


@contextlib.contextmanager
def kept(
    storage: Storage, recipe: Recipe, plan: Plan, listener: Listener, *, role: str, runner: str, workers: int
) -> Iterator[Several]:
    """A listener that tells `listener`, and keeps log and progress in the build folder, for the length of a run."""
    held = about(recipe, plan, storage, role, runner, workers)
    standing = Standing()
    own = (Log([BuildFile(storage, held.run)], storage), Progress(storage, standing))
    several = Several([standing, *own, listener])
    several.began(held)
    try:
        yield several
        failed = any(count.failed for count in standing.counts())
        several.ended(Ending("failed" if failed else "done"))
    except BaseException as error:
        several.ended(_ending(error))
        raise
    finally:
        for one in own:
            one.close()


def _ending(error: BaseException) -> Ending:
    if isinstance(error, NoRoom):
        return Ending("stopped", str(error))
    if isinstance(error, KeyboardInterrupt):
        return Ending("interrupted", "Ctrl-C, or the signal of it")
    return Ending("broken", str(error) if isinstance(error, WeftError) else type(error).__name__)
