"""Opens a build folder to read it: documents with their labels side by side, errors, and the story of one document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from weft.construct.defaults import REASONS
from weft.construct.mixture_card import Mixed
from weft.construct.rules import Rules
from weft.construct.summary import COUNT, Stage, summary
from weft.engine import known, places
from weft.engine.build import RECIPE, STAGES, prepare_known
from weft.engine.cut_story import cut_story, last_round
from weft.engine.graph import Plan, State
from weft.engine.ledger import Entry
from weft.engine.plan_mixture import once
from weft.engine.plan_synthesis import nodes_with_errors
from weft.engine.progress import Silent
from weft.engine.record_rules import record_rules
from weft.engine.scheduler import Scheduler
from weft.engine.storage import Storage
from weft.engine.work import rooms_registry
from weft.errors import WeftError
from weft.model.tables import CUTS, RELATIONS
from weft.recipe import Recipe, from_json
from weft.recipe.mixture_checks import unit_of_recipe

TABLES = ("counts", "samples", "histograms", "thresholds", "clusters", "mixture", "benchmarks", "found", "largest")


class Build:
    """A build folder as the last run left it; finished stages can be read while others are missing."""

    def __init__(self, storage: Storage, recipe: Recipe, plan: Plan, state: State, pending: dict[str, int]) -> None:
        self.storage = storage
        self.recipe = recipe
        self.plan = plan
        self.state = state
        self.pending = pending
        """Tasks that the last recipe still has to run, by node; empty when the build is complete."""

    @classmethod
    def open(cls, path: str | Path) -> Build:
        """Raises WeftError when `path` is not a build folder."""
        storage = places.open_storage(path)
        content = storage.content(RECIPE)
        if content is None:
            raise WeftError(
                f"{path}: is not a build folder (no {RECIPE} in it); expected the folder of `weft run --into`"
            )
        held = json.loads(content)
        recipe = from_json(held["recipe"], base=Path(held["base"]))
        plan, state = prepare_known(recipe, storage)
        scheduler = Scheduler(plan, state, None, Silent())
        tally = scheduler.run()
        pending = dict(scheduler.queued()) | {name: 0 for name in tally.waiting if name not in scheduler.queued()}
        return cls(storage, recipe, plan, state, pending)

    @property
    def complete(self) -> bool:
        return not self.pending

    def status(self) -> dict[str, Any]:
        """Tasks done and to run, by node, and rows by stage."""
        nodes = [
            {
                "node": node.name,
                "stage": node.stage,
                "done": len(self.state.done(node.name)),
                "to_run": self.pending.get(node.name, 0),
                "complete": node.name not in self.pending,
            }
            for node in self.plan.nodes
        ]
        return {
            "build": self.storage.place,
            "complete": self.complete,
            "shards": len(self.plan.shards),
            "tasks_done": sum(n["done"] for n in nodes),
            "tasks_to_run": sum(n["to_run"] for n in nodes),
            **places.builders(self.storage),
            "nodes": nodes,
        }

    def documents(self, *, text: bool = True) -> pl.LazyFrame:
        """All documents with every stored label column, in shard order, scanned lazily."""
        frames = []
        done = self.state.done("documents")
        self.storage.ready(p for n, e in done.items() for p in (str(e[0].files[0]["path"]), *self.label_paths(n)))
        for shard, entries in done.items():
            parts = [pl.scan_parquet(self._path(entries[0].files[0]["path"]))]
            parts += [pl.scan_parquet(self._path(path)) for path in self.label_paths(shard)]
            frame = pl.concat(parts, how="horizontal").with_columns(pl.lit(shard, pl.Int32).alias("shard"))
            frames.append(frame if text else frame.drop("text"))
        return pl.concat(frames, how="diagonal") if frames else pl.LazyFrame()

    def label_paths(self, shard: int) -> list[str]:
        """Side tables of one shard, relative to the build: standardize, labels, deduplicate, selection."""
        paths = [str(self.state.one("documents", shard).files[1]["path"])]
        last = last_round(self, shard)
        for node in ("label", "deduplicate", *RELATIONS, f"{last}_cut" if last else "cut", "split_unit", "select"):
            for entry in self.state.done(node).get(shard, []):
                paths.append(str(entry.files[0]["path"]))
        return paths

    def _path(self, relative: str) -> Path:
        return self.storage.path(relative)

    def errors(self) -> pl.DataFrame:
        """Every row that could not go on: id, source, locator, stage, kind, reason, detail."""
        found = [
            str(file["path"])
            for node in ("documents", "label", *nodes_with_errors(self.recipe))
            for entries in self.state.done(node).values()
            for entry in entries
            for file in entry.files
            if str(file["path"]).startswith("errors/")
        ]
        paths = list(dict.fromkeys(found))
        self.storage.ready(paths)
        return pl.concat([pl.read_parquet(self._path(p)) for p in paths]) if paths else pl.DataFrame()

    def table(self, name: str) -> pl.DataFrame:
        """One of the small tables of the construct stage, named in TABLES.

        Raises WeftError when the build has not come that far, or its recipe has no mixture.
        """
        node = "thresholds" if name == "thresholds" else "release"
        if name not in TABLES or -1 in self.state.failed.get(node, set()) or not self.state.done(node):
            raise WeftError(f"{self.storage.place}: has no {name} yet; run the recipe to the end first")
        if name == "mixture" and self.recipe.construct.mixture is None:
            raise WeftError(f"{self.storage.place}: its recipe has no mixture; expected construct.mixture in it")
        entry = next(iter(self.state.done(node).values()))[0]
        path = next(str(f["path"]) for f in entry.files if f"/{name}-" in str(f["path"]))
        return pl.read_parquet(self._path(path))

    def counts(self) -> pl.DataFrame:
        return self.table("counts")

    def samples(self) -> pl.DataFrame:
        return self.table("samples")

    def histograms(self) -> pl.DataFrame:
        return self.table("histograms")

    def thresholds(self) -> pl.DataFrame:
        return self.table("thresholds")

    def clusters(self) -> pl.DataFrame:
        return self.table("clusters")

    def largest_clusters(self) -> pl.DataFrame:
        """The kept document of each of the clusters that have most documents, with its text."""
        held, texts = self.table("largest"), []
        for shard, row in held.select("shard", "row").iter_rows():
            path = self._path(str(self.state.one("documents", shard).files[0]["path"]))
            texts.append(_row(path, row, ["id", "text"]))
        return pl.concat([held, pl.concat(texts)], how="horizontal") if texts else held

    def mixture(self) -> Mixed | None:
        """The planned mixture, its settings and unit; None where the recipe has none."""
        settings = self.recipe.construct.mixture
        if settings is None:
            return None
        joint = known.load(self.storage, self.recipe).get("shared")
        if joint is not None and joint["mixture"] is None:
            settings = once(settings)
        return Mixed(self.table("mixture"), settings, unit_of_recipe(self.recipe, rooms_registry(), settings).name)

    def summary(self) -> dict[str, Any]:
        """The content of `report/summary.json`: rows, rejects, errors, time and bytes by stage; languages.

        Raises ConservationError when rows of a stage are unaccounted for.
        """
        stages = [self._stage(stage) for stage in STAGES if any(n.stage == stage for n in self.plan.nodes)]
        return summary(stages, self.counts() if self.state.done("release") else pl.DataFrame(schema=COUNT))

    def _stage(self, stage: str) -> dict[str, Any]:
        found: dict[str, Entry] = {  # by key: of labels that need a GPU, the node has the entries of the others as well
            entry.key: entry
            for node in self.plan.nodes
            if node.stage == stage
            for task in self.state.done(node.name).values()
            for entry in task
        }
        entries = list(found.values())
        rows = rows_of_stage(stage, self.state)
        held = Stage(
            stage,
            rows["rows_in"],
            rows["rows_out"],
            rows["rejected"],
            rows["errors"],
            seconds=sum(e.seconds for e in entries),
            cpu_seconds=sum(e.cpu_seconds for e in entries),
            bytes=sum(int(f["bytes"]) for e in entries for f in e.files),
        )
        return {"stage": stage} | rows | held.to_json()

    def find(self, prefix: str) -> tuple[int, int, dict[str, Any]]:
        """Shard, row and columns of the document whose id begins with `prefix`, or whose URL or locator it is.

        Raises WeftError when no document, or more than one, is meant.
        """
        found = self.places(prefix)
        if len(found) != 1:
            raise WeftError(_not_one(prefix, [name for _, _, name in found], self.storage))
        shard, row, _ = found[0]
        entries = self.state.done("documents")[shard]
        parts = [entries[0].files[0]["path"], *self.label_paths(shard)]
        columns: dict[str, Any] = {}
        for path in parts:
            columns |= pl.scan_parquet(self._path(path)).slice(row, 1).collect().to_dicts()[0]
        return shard, row, columns

    def places(self, prefix: str) -> list[tuple[int, int, str]]:
        """Shard, row and id of every document whose id begins with `prefix`, or whose URL or locator it is."""
        found: list[tuple[int, int, str]] = []
        self.storage.ready(self.state.path("documents", shard) for shard in self.state.done("documents"))
        for shard, entries in self.state.done("documents").items():
            scan = pl.scan_parquet(self._path(entries[0].files[0]["path"])).select("id", "url", "locator")
            hits = scan.with_row_index("row").filter(_named(prefix, "url", "locator")).select("row", "id").collect()
            found += [(shard, int(row), str(name)) for row, name in hits.iter_rows()]
        return found

    def explain(self, prefix: str) -> dict[str, Any]:
        """Where a document came from, what every step did to it, and why it is or is not in the corpus.

        `prefix` is as for `find`; rows of the error tables are found as well, and records of synthesis by their id.
        """
        if self.recipe.synthesize:
            from weft.engine.synthesis import explain

            return explain(self, prefix)
        if not self.places(prefix):
            return self._explain_error(prefix)
        shard, row, columns = self.find(prefix)
        stages: list[dict[str, Any]] = [
            {"stage": "acquire", "changes": {"shard": shard, "row": row, "mime": columns["mime"]} | _record(columns)},
            {"stage": "parse", "changes": json.loads(columns["meta"] or "{}")},
        ]
        changed = pl.read_parquet_schema(self._path(str(self.state.one("documents", shard).files[1]["path"])))
        stages.append({"stage": "standardize", "changes": {name: columns[name] for name in changed}})
        labels: dict[str, Any] = {}
        for entry in self.state.done("label").get(shard, []):
            for name in pl.read_parquet_schema(self._path(str(entry.files[0]["path"]))):
                labels[name] = columns[name]
        if labels:
            stages.append({"stage": "label", "labels": labels})
        related = {name: columns[name] for name in RELATIONS if name in columns}
        if "deduplicate" in columns:
            from weft.engine.neighbours import neighbours

            related |= columns["deduplicate"]
            met = neighbours(self, shard, row, columns)
            stages.append({"stage": "deduplicate", "labels": related, "met": met})
        elif related:
            stages.append({"stage": "deduplicate", "labels": related})
        outcome = "not decided yet"
        if "selection" in columns:
            selection = columns["selection"]
            why = self._because(selection["rule"], columns)
            story = cut_story(self, shard, row, columns)
            labels = selection | {name: columns[name] for name in ("group_id", "split_unit") if columns.get(name)}
            stages.append({"stage": "construct", "rule": selection["rule"], **why, **story, "labels": labels})
            times = f", read {selection['repeats']} times" if selection.get("repeats", 1) > 1 else ""
            times += f", in phase {selection['phase']}" if selection.get("phase") else ""
            kept = selection["rule"] is None
            outcome = f"kept in {selection['split']}{times}" if kept else f"rejected by {selection['rule']}"
            outcome += _elsewhere(selection, columns)
        return {
            "id": columns["id"],
            "source": columns["source"],
            "locator": columns["locator"],
            "stages": stages,
            "outcome": outcome,
        }

    def _because(self, rule: str | None, columns: dict[str, Any]) -> dict[str, Any]:
        """What a rule takes out, its condition, and the values of this document that the condition looks at."""
        if rule is None:
            return {}
        held: dict[str, Any] = {"means": REASONS.get(rule, "")}
        plain = columns.get("record_kind", "text") == "text"
        sql = (self.recipe.construct.all_rules() if plain else record_rules(self.recipe)).get(rule)
        if sql is None:
            return held
        own = self.thresholds().filter(pl.col("language") == (columns.get("lid") or {}).get("language"))
        known = columns | {"threshold": next(iter(own.to_dicts()), {})}
        read = sorted((field, column) for column, fields in Rules({rule: sql}).fields().items() for field in fields)
        values = {f"{column}.{field}": (known.get(column) or {}).get(field) for field, column in read}
        whole = {column: known.get(column) for column, fields in Rules({rule: sql}).fields().items() if not fields}
        return held | {"condition": sql, "values": values | whole}

    def _explain_error(self, prefix: str) -> dict[str, Any]:
        errors = self.errors()
        hits = errors.filter(_named(prefix, "locator")) if errors.height else errors
        if hits.height != 1:
            raise WeftError(_not_one(prefix, hits["id"].to_list() if hits.height else [], self.storage))
        row = hits.to_dicts()[0]
        stage = {"stage": row["stage"], "rule": row["reason"], "changes": {"detail": row["detail"]}}
        outcome = f"{'rejected' if row['kind'] == 'reject' else 'error'} in {row['stage']}: {row['reason']}"
        return {
            "id": row["id"],
            "source": row["source"],
            "locator": row["locator"],
            "stages": [stage],
            "outcome": outcome,
        }


def _elsewhere(selection: dict[str, Any], columns: dict[str, Any]) -> str:
    """Who keeps a copy in the place of this document, where that is another holder."""
    told = columns.get("shared")
    if told is None or selection["rule"] != "duplicate" or selection["kept"] != f"{told['holder']}/{told['document']}":
        return ""
    cluster = columns["deduplicate"]["cluster"]
    return (
        f": kept by another holder, {told['holder']}, as document {told['document']} of its share (cluster {cluster})"
    )


def _named(prefix: str, *others: str) -> pl.Expr:
    """Rows whose id begins with `prefix`, or with this in another column: a locator may go on with date and record."""
    found = [pl.col("id").str.starts_with(prefix)]
    for name in others:
        found += [pl.col(name) == prefix, pl.col(name).str.starts_with(f"{prefix} ")]
    return pl.any_horizontal(found)


def _not_one(prefix: str, ids: list[str], storage: Storage) -> str:
    if not ids:
        return f"{prefix}: no document has this id or URL in {storage.place}"
    shown = ", ".join(ids[:4]) + (", …" if len(ids) > 4 else "")
    return f"{prefix}: {len(ids)} documents are meant ({shown}); expected a longer beginning of one id"


def rows_of_stage(stage: str, state: State) -> dict[str, Any]:
    """Rows in and out of a stage, its rejects by reason, and its errors, from the ledger's counts."""
    counts = [e[0].counts for e in state.done("documents").values()]
    rejected: dict[str, int] = {}
    if stage == "parse":
        for part in counts:
            for name, number in part.items():
                if name.startswith("reject:"):
                    rejected[name.partition(":")[2]] = rejected.get(name.partition(":")[2], 0) + int(number)
        rows_in, rows_out = (sum(int(c.get(k, 0)) for c in counts) for k in ("rows_in", "rows_out"))
        errors = sum(int(c.get("errors", 0)) for c in counts)
    elif stage == "construct":
        final = [e[0].counts for e in state.done("select").values()]
        for part in final:
            for name, number in part.get("rejected", {}).items():
                rejected[name] = rejected.get(name, 0) + int(number)
        rows_in, rows_out = (sum(int(c.get(k, 0)) for c in final) for k in ("rows_in", "rows_out"))
        errors = 0
    else:
        name = next((n for n in (stage, *CUTS) if state.done(n)), stage) if stage == "deduplicate" else stage
        done = state.done(name).values()
        rows_in = sum(max((int(e.counts.get("rows_in", 0)) for e in es), default=0) for es in done)
        rows_out = sum(min((int(e.counts.get("rows_out", 0)) for e in es), default=0) for es in done)
        errors = 0
    conserved = {"rows_in": rows_in, "rows_out": rows_out, "rejected": dict(sorted(rejected.items())), "errors": errors}
    # A row whose label failed goes on without it: it is listed in errors/, and not lost here.
    failed = sum(int(e.counts.get("errors", 0)) for es in state.done(stage).values() for e in es)
    return conserved | ({"labels_failed": failed} if stage == "label" and failed else {})


def open_build(path: str | Path) -> Build:
    """The build in a folder; raises WeftError when it is none."""
    return Build.open(path)


def _record(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The kind of a record and what its parts are, in their order; nothing for plain text."""
    if columns.get("record_kind") in (None, "text"):
        return {}
    parts = [part["language"] or f"{part['field']}: {part['role']}" for part in columns["parts"] or ()]
    return {"record_kind": columns["record_kind"], "parts": parts}


def _row(path: Path, row: int, columns: list[str]) -> pl.DataFrame:
    """One row of a Parquet file; memory is its row group, where a scan takes many at once."""
    with pq.ParquetFile(path) as source:
        ends = np.cumsum([source.metadata.row_group(n).num_rows for n in range(source.num_row_groups)])
        group = int(np.searchsorted(ends, row, side="right"))
        held = source.read_row_group(group, columns=columns, use_threads=False)
    return pl.DataFrame(pl.from_arrow(held.slice(row - int(ends[group]) + held.num_rows, 1)))
