"""The gates that ask services: trusted text sets bounds by them, then they judge what passed the other gates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from weft.engine.ledger import Entry
from weft.engine.service_account import totals
from weft.engine.service_batches import BUDGET_SPENT, BatchClient
from weft.engine.service_loop import open_clients
from weft.engine.storage import read_batches, record_to_json
from weft.engine.tasks.made_tables import VERDICTS, all_trusted, told_json
from weft.engine.work import Context, Task, entry
from weft.errors import ShardError
from weft.model.records import VERDICT
from weft.model.tables import ERROR
from weft.operators.service import ServiceClient
from weft.synthesize import judging
from weft.synthesize.judging import Item, JudgeSettings, RoundTripSettings

SETTINGS: Mapping[str, type[JudgeSettings | RoundTripSettings]] = {
    "round_trip": RoundTripSettings,
    "judge": JudgeSettings,
}


@dataclass
class _Asked:
    """What judges were asked: calls that were answered, rows that a budget left out, parts without a rating."""

    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    unasked: int = 0
    unrated: int = 0

    def counts(self, task: Task) -> dict[str, Any]:
        told = {"unasked": self.unasked, "unrated": self.unrated, "budget": task.arguments["budget"]}
        return totals(self.calls) | told


def bounds(task: Task, context: Context) -> list[Entry]:
    """The least score of each language that passes, by what trusted texts get."""
    texts = all_trusted(task.arguments["trusted"], task.arguments["most"], context)
    ids = pa.array([f"trusted-{row}" for row in range(texts.num_rows)], pa.string())
    rows = pa.table({"id": ids, "source": ids, "locator": ids})
    learnt, asked = {}, _Asked()
    for gate, given in task.arguments["settings"].items():
        settings = SETTINGS[gate].model_validate(given)
        items = judging.items_of_trusted(texts, settings.trusted, gate)
        scores, _ = _scored(task, context, gate, settings, items, rows, asked)
        learnt[gate] = judging.bounds(items, scores, settings.loss, settings.floor)
    record = context.storage.write_bytes(f"synthesize/bounds/{task.key[:12]}.json", told_json(learnt).encode("utf-8"))
    return [entry(task, task.key, [record_to_json(record)], asked.counts(task))]


def run(task: Task, context: Context) -> list[Entry]:
    """The verdicts of a shard's records with those of services; `passed` is what all say."""
    given = task.arguments
    learnt = json.loads(context.storage.path(given["bounds"]).read_bytes())
    verdicts = context.storage.read_table(given["verdicts"])
    name, start, asked = f"{given['folder']}/{task.shard:05d}-{task.key[:12]}.parquet", 0, _Asked()
    with (
        context.storage.parquet(f"synthesize/judged/{name}", VERDICTS) as sink,
        context.storage.parquet(f"errors/judged-{name.replace('/', '-')}", ERROR) as lost,
    ):
        for batch in read_batches(context.storage.path(given["records"])):
            part = verdicts.slice(start, batch.num_rows)
            start += batch.num_rows
            told, passed = part["gates"].to_pylist(), part["passed"].to_pylist()
            for gate, held in given["settings"].items():
                settings = SETTINGS[gate].model_validate(held)
                items = judging.items_of(batch, passed, gate)
                scores, errors = _scored(task, context, gate, settings, items, batch, asked)
                lost.add(errors)
                for item, score in zip(items, scores, strict=True):
                    verdict = judging.verdict(gate, item, score, learnt[gate], settings.floor)
                    told[item.row].append(verdict)
                    passed[item.row] = passed[item.row] and verdict["verdict"] != "fail"
            sink.add(pa.table([pa.array(told, pa.list_(VERDICT)), pa.array(passed, pa.bool_())], schema=VERDICTS))
    if start != verdicts.num_rows:
        raise ShardError(f"judges on shard {task.shard}: {start} records and {verdicts.num_rows} verdicts")
    counts = {"rows_in": start, "rows_out": start} | asked.counts(task)
    return [entry(task, task.key, [record_to_json(sink.record()), record_to_json(lost.record())], counts)]


def _scored(
    task: Task,
    context: Context,
    gate: str,
    settings: JudgeSettings | RoundTripSettings,
    items: Sequence[Item],
    rows: pa.Table,
    account: _Asked,
) -> tuple[list[float | None], pa.Table]:
    clients = open_clients(context.storage.place)
    clients.within(task.arguments["budget"])
    client = BatchClient(clients.asked(task.arguments["services"][gate]), rows, f"gates.{gate}")
    found = clients.start(asking(client, settings, items)).result()
    clients.send()
    errors = client.errors()
    account.calls |= client.calls
    account.unasked += errors["reason"].to_pylist().count(BUDGET_SPENT)
    account.unrated += found.count(None)
    return found, errors


async def asking(
    client: ServiceClient, settings: JudgeSettings | RoundTripSettings, items: Sequence[Item]
) -> list[float | None]:
    """The score of each item; None where it got none."""
    if isinstance(settings, JudgeSettings):
        return await judging.rate(client, items, settings)
    return await judging.returned(client, items, settings)
