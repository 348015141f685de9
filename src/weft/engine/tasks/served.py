"""Labels that model servers give: batches of a shard are asked about while the next ones are read."""

from __future__ import annotations

import functools
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future

import pyarrow as pa

from weft.engine.apply import Ready, run_map
from weft.engine.ledger import Entry
from weft.engine.service_batches import AHEAD, Asked, run_service
from weft.engine.service_loop import Clients, open_clients
from weft.engine.tasks import judging, labels, making
from weft.engine.work import Context, Task, TaskFunction
from weft.model.tables import ERROR

Applied = tuple[pa.Table, pa.Table]
_OTHER: Mapping[str, TaskFunction] = {"make": making.run_served, "bounds": judging.bounds, "judge": judging.run}
"""Work of synthesis that asks services."""


def run(task: Task, context: Context) -> list[Entry]:
    """Compute the missing labels of a shard, or the records of a step, asking services for some of them."""
    if work := task.arguments.get("work"):
        return _OTHER[work](task, context)
    clients = open_clients(context.storage.place)
    if "budget" in task.arguments:
        clients.within(task.arguments["budget"])
    asked = {operator: clients.asked(held) for operator, held in task.arguments["services"].items()}
    entries = labels.run(task, context, functools.partial(_applied, clients, asked))
    clients.send()
    return entries


def _applied(
    clients: Clients,
    asked: Mapping[str, Asked],
    steps: list[Ready],
    batches: Iterable[pa.Table],
    clock: defaultdict[str, float],
) -> Iterator[Applied]:
    """Every batch with the columns of all steps, in order; after a failure nothing more is asked."""
    first = next(place for place, step in enumerate(steps) if step.spec.name in asked)
    under_way: deque[tuple[pa.Table, Future[Applied]]] = deque()

    def ended() -> Applied:
        lost, future = under_way.popleft()
        batch, errors = future.result()
        found = [lost, errors]
        for step in steps[first + 1 :]:
            if step.spec.name in asked:
                batch, errors = clients.start(run_service(step, batch, asked[step.spec.name])).result()
            else:
                batch, errors = _mapped(step, batch, clock)
            found.append(errors)
        return batch, pa.concat_tables(found)

    try:
        for batch in batches:
            found = []
            for step in steps[:first]:
                batch, errors = _mapped(step, batch, clock)
                found.append(errors)
            service = steps[first]
            future = clients.start(run_service(service, batch, asked[service.spec.name]))
            under_way.append((pa.concat_tables(found) if found else ERROR.empty_table(), future))
            if len(under_way) >= AHEAD:
                yield ended()
        while under_way:
            yield ended()
    finally:
        for _, future in under_way:
            future.cancel()


def _mapped(step: Ready, batch: pa.Table, clock: defaultdict[str, float]) -> Applied:
    began = time.thread_time()
    done = run_map(step, batch)
    clock[step.spec.name] += time.thread_time() - began
    return done
