"""The release of a run of synthesis: records that passed, those that did not with their rules, and counts of all."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.engine.ledger import Entry
from weft.engine.storage import TableWriter, record_to_json
from weft.engine.tasks.made_tables import VERDICTS, all_trusted, judged, sizes, told_json
from weft.engine.work import Context, Task, entry
from weft.errors import ShardError
from weft.model.records import RECORD
from weft.synthesize.balance import drawn
from weft.synthesize.diversity import Sizes, diversity
from weft.synthesize.review_guidelines import guidelines

FOLDER, REJECTS, PEOPLE, SUMMARY = "records", "rejects/records.parquet", "people", "report/summary.json"
RELEASED = pa.schema(
    [*RECORD, VERDICTS.field("gates"), pa.field("accepted", pa.bool_()), pa.field("reviewed", pa.string())]
)
"""A record of a release: what was made, the verdicts that it passed, and what people said of records like it (JSON:
rated, accepted, low, high, state; null where nobody was asked)."""
REJECTED = pa.schema([*RELEASED, pa.field("rule", pa.string()), pa.field("detail", pa.string())])
"""A record that is not released. The rule that leaves it out is a gate's name, or one of `tasks.choosing.choose`."""
DECISION = {"place": pl.Int32, "row": pl.Int64, "rule": pl.String, "detail": pl.String}
STAND_IN = "weft-fake"
"""What the stand-in server says of itself."""


def release(task: Task, context: Context) -> list[Entry]:
    """Records that passed, by kind and language; those that did not, each with its rule; and their counts."""
    storage, given = context.storage, task.arguments
    decided = pl.read_parquet(storage.path(given["decisions"])).partition_by("place", as_dict=True)
    told = Told(unit=given["unit"])
    people = json.loads(storage.content(given["people"]) or b"{}")
    reviewed = {(one["recipe"], one["language"]): _reviewed(one) for one in people["acceptance"]}
    with ExitStack() as stack:
        sinks: dict[str, TableWriter] = {}
        left_out = stack.enter_context(storage.parquet(REJECTS, REJECTED))
        for number, start, batch, verdicts in judged(given["places"], storage):
            table = _decided(batch, verdicts, decided[(number,)].slice(start, batch.num_rows), reviewed)
            made = table.filter(pc.is_null(table["problem"]))
            told.add(given["places"][number]["step"], made)
            left_out.add(made.filter(pc.invert(made["accepted"])))
            for place, part in _by_place(made.filter(made["accepted"]).select(RELEASED.names)):
                if place not in sinks:
                    sinks[place] = stack.enter_context(storage.parquet(f"{FOLDER}/{place}.parquet", RELEASED))
                sinks[place].add(part)
    files = [record_to_json(sink.record()) for sink in (*sinks.values(), left_out)]
    held = told.summary(given) | {
        "people": people,
        "diversity": _diversity(task, context, [f"{FOLDER}/{place}.parquet" for place in sorted(sinks)]),
    }
    others = {
        SUMMARY: told_json(held).encode("utf-8"),
        f"{PEOPLE}/tasks.jsonl": storage.content(given["tasks"]) or b"",
        f"{PEOPLE}/guidelines.md": guidelines().text.encode("utf-8"),
    }
    files += [record_to_json(storage.write_bytes(path, content)) for path, content in others.items()]
    storage.keep_only(FOLDER, {str(file["path"]) for file in files})
    return [entry(task, task.key, files, {"records": held["released"], "rejected": held["rejected"]})]


def _diversity(task: Task, context: Context, released: list[str]) -> list[dict[str, Any]]:
    """How varied the released text of each language and recipe is, beside text by people."""
    given, sample = task.arguments, Sizes()
    frames = [_sampled(context.storage.path(path), given["seed"], sample.texts) for path in released]
    people = all_trusted(given["trusted"], given["most"], context)
    plain = pl.DataFrame(pl.from_arrow(people)).filter(pl.col("other_text").is_null())
    native = plain.select(
        pl.col("order").cast(pl.String).alias("id"), "language", pl.lit(None, pl.String).alias("recipe"), "text"
    )
    return diversity(pl.concat([*frames, native], how="vertical_relaxed"), given["seed"], sample).to_dicts()


def _sampled(path: Path, seed: int, most: int) -> pl.DataFrame:
    """Machine-made parts of a sample of a file's records."""
    ids = pl.scan_parquet(path).select("id", "recipe").collect()
    ids = ids.with_columns(pl.Series("draw", drawn(ids["id"], seed), dtype=pl.UInt64)).sort("draw", "id")
    chosen = ids.filter(pl.int_range(pl.len()).over("recipe") < most)["id"]
    rows = pl.scan_parquet(path).filter(pl.col("id").is_in(chosen.implode())).select("id", "recipe", "parts").collect()
    parts = rows.explode("parts").select("id", "recipe", pl.col("parts").struct.unnest()).filter("made")
    return parts.select("id", "language", "recipe", pl.col("text").cast(pl.String))


def _reviewed(held: Mapping[str, Any]) -> str:
    return json.dumps({name: held[name] for name in ("rated", "accepted", "low", "high", "state")})


def _decided(
    batch: pa.Table, verdicts: pa.Table, decided: pl.DataFrame, reviewed: Mapping[tuple[str, str], str]
) -> pa.Table:
    """Records with their verdicts and what was decided of each."""
    if decided.height != batch.num_rows or verdicts.num_rows != batch.num_rows:
        raise ShardError(f"{batch.num_rows} records, {verdicts.num_rows} verdicts, {decided.height} decisions")
    rules = pa.array(decided["rule"].to_list(), pa.string())
    strata = zip(batch["recipe"].to_pylist(), batch["version"].to_pylist(), batch["language"].to_pylist(), strict=True)
    columns = {
        "gates": verdicts["gates"],
        "accepted": pc.and_(pc.is_null(rules), pc.is_null(batch["problem"])),
        "reviewed": pa.array(
            [reviewed.get((f"{name}@{version}", code)) for name, version, code in strata], pa.string()
        ),
        "rule": rules,
        "detail": pa.array(decided["detail"].to_list(), pa.string()),
    }
    for name, column in columns.items():
        batch = batch.append_column(name, column)
    return batch.select(REJECTED.names)


def _by_place(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Rows of each kind and language, in their order: `sft/swh_Latn`."""
    places = pc.binary_join_element_wise(table["kind"], pc.fill_null(table["language"], "und_Zzzz"), "/")
    for place in sorted(pc.unique(places).to_pylist()):
        yield place, table.filter(pc.equal(places, place))


def made_amounts(records: pa.Table, unit: str) -> pl.DataFrame:
    """`row`, `language` and `size` of every machine-made part, in the unit of the balance."""
    rows = (
        pl.DataFrame({"part": pl.from_arrow(records["parts"])}).with_row_index("row").explode("part").drop_nulls("part")
    )
    if not rows.height:
        return pl.DataFrame(schema={"row": pl.UInt32, "language": pl.String, "size": pl.Int64})
    made = rows.unnest("part").filter("made")
    return made.select("row", "language").with_columns(sizes(made["text"], unit))


@dataclass
class Told:
    """Counts of records, gathered batch by batch."""

    made: Counter[int] = field(default_factory=Counter)
    released: Counter[int] = field(default_factory=Counter)
    rejected: defaultdict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    kinds: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    amounts: Counter[str] = field(default_factory=Counter)
    verdicts: defaultdict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    stand_in: int = 0
    unit: str = "characters"

    def add(self, step: int, made: pa.Table) -> None:
        """Count the records of a batch, `REJECTED` without problems."""
        self.made[step] += made.num_rows
        self.rejected[step].update(made["rule"].drop_null().to_pylist())
        for language, gate, verdict, count in _verdicts(made).iter_rows():
            self.verdicts[language or "und_Zzzz", gate][verdict] += count
        kept = made.filter(made["accepted"])
        self.released[step] += kept.num_rows
        for kind, language in zip(kept["kind"].to_pylist(), kept["language"].to_pylist(), strict=True):
            self.kinds[language or "und_Zzzz"][kind] += 1
        for language, amount in (
            made_amounts(kept, self.unit).group_by("language").agg(pl.col("size").sum()).iter_rows()
        ):
            self.amounts[str(language)] += int(amount)
        servers = pc.struct_field(pc.list_flatten(kept["calls"]), "server")
        self.stand_in += pc.sum(pc.match_substring(servers, STAND_IN)).as_py() or 0

    def summary(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The counts as plain data, beside those of the steps and of text by people."""
        steps = [
            {
                "recipe": step["recipe"],
                "parents": step["counts"].get("rows_in", 0),
                "calls": step["counts"].get("calls", 0),
                "tokens_in": step["counts"].get("tokens_in", 0),
                "tokens_out": step["counts"].get("tokens_out", 0),
                "cost": _cost(step["counts"]),
                "errors": step["counts"].get("errors", 0),
                "unasked": step["counts"].get("unasked", 0),
                "no_record": step["counts"].get("reasons", {}),
                "made": self.made[number],
                "released": self.released[number],
                "rejected": dict(sorted(self.rejected[number].items())),
            }
            for number, step in enumerate(given["steps"])
        ]
        languages = {
            code: {
                "records": dict(sorted(self.kinds[code].items())),
                "made": self.amounts[code],
                "human": given["human"].get(code, 0),
            }
            for code in sorted({*self.kinds, *self.amounts, *given["human"]})
        }
        gates: defaultdict[str, dict[str, dict[str, int]]] = defaultdict(dict)
        for (code, gate), told in sorted(self.verdicts.items()):
            gates[code][gate] = dict(sorted(told.items()))
        rejected = sum(self.rejected.values(), Counter[str]())
        return {
            "name": given["name"],
            "version": given["version"],
            "currency": given["currency"],
            "steps": steps,
            "unit": self.unit,
            "languages": languages,
            "gates": gates,
            "released": self.released.total(),
            "rejected": dict(sorted(rejected.items())),
            "denied": given["denied"],
            "errors": sum(step["errors"] for step in steps),
            "unasked": sum(step["unasked"] for step in steps),
            "judges": _judges(given["judges"]),
            "stand_in": self.stand_in,
        }


def _verdicts(made: pa.Table) -> pl.DataFrame:
    """`language` of the part, `gate`, `verdict`, `len`: how often each gate said what of machine-made parts."""
    rows = pl.DataFrame(pl.from_arrow(made.select(["gates", "parts"]))).explode("gates").drop_nulls("gates")
    if not rows.height:
        return pl.DataFrame(schema={"language": pl.String, "gate": pl.String, "verdict": pl.String, "len": pl.UInt32})
    held = rows.unnest("gates").with_columns(
        pl.col("parts").list.get(pl.col("part"), null_on_oob=True).struct.field("language").alias("language")
    )
    return held.group_by("language", "gate", "verdict", maintain_order=True).len()


def _cost(counts: Mapping[str, Any]) -> float | None:
    """What calls cost; null where the price of some is unknown."""
    return None if counts.get("unpriced") else counts.get("cost", 0.0)


def _judges(nodes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What was asked of the services that judge; `unrated` are parts that got no rating, `unasked` by the budget."""
    names = ("calls", "tokens_in", "tokens_out", "cost", "unpriced", "unrated", "unasked")
    summed = {name: sum(counts.get(name, 0) for counts in nodes) for name in names}
    return summed | {"cost": _cost(summed)}
