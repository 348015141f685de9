"""Opens a build folder to read it: documents with their labels side by side, errors, and the story of one document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from weft.engine.build import RECIPE, STAGES, prepare_known
from weft.engine.graph import Plan, State
from weft.engine.ledger import Entry
from weft.engine.progress import Silent
from weft.engine.scheduler import Scheduler
from weft.engine.storage import Storage
from weft.errors import WeftError
from weft.recipe import Recipe, from_json

TABLES = ("counts", "samples", "histograms", "thresholds", "clusters")


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
        storage = Storage(path)
        if not storage.exists(RECIPE):
            raise WeftError(
                f"{path}: is not a build folder (no {RECIPE} in it); expected the folder of `weft run --into`"
            )
        held = json.loads(storage.path(RECIPE).read_text("utf-8"))
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
            "build": str(self.storage.root),
            "complete": self.complete,
            "shards": len(self.plan.shards),
            "nodes": nodes,
        }

    def documents(self, *, text: bool = True) -> pl.LazyFrame:
        """All documents with every stored label column, in shard order, scanned lazily."""
        frames = []
        for shard, entries in self.state.done("documents").items():
            parts = [pl.scan_parquet(self._path(entries[0].files[0]["path"]))]
            parts += [pl.scan_parquet(self._path(path)) for path in self.label_paths(shard)]
            frame = pl.concat(parts, how="horizontal").with_columns(pl.lit(shard, pl.Int32).alias("shard"))
            frames.append(frame if text else frame.drop("text"))
        return pl.concat(frames, how="diagonal") if frames else pl.LazyFrame()

    def label_paths(self, shard: int) -> list[str]:
        """Side tables of one shard, relative to the build: standardize, labels, deduplicate, selection."""
        paths = [str(self.state.one("documents", shard).files[1]["path"])]
        for node in ("label", "deduplicate", "select"):
            for entry in self.state.entries.get(node, {}).get(shard, []):
                paths.append(str(entry.files[0]["path"]))
        return paths

    def _path(self, relative: str) -> Path:
        return self.storage.path(relative)

    def errors(self) -> pl.DataFrame:
        """Every row that could not go on: id, source, locator, stage, kind, reason, detail."""
        paths = [str(e[0].files[2]["path"]) for e in self.state.done("documents").values()]
        paths += [
            str(file["path"])
            for entries in self.state.done("label").values()
            for entry in entries
            for file in entry.files
            if str(file["path"]).startswith("errors/")
        ]
        return pl.concat([pl.read_parquet(self._path(p)) for p in paths]) if paths else pl.DataFrame()

    def table(self, name: str) -> pl.DataFrame:
        """One of the small tables of the construct stage (`counts`, `samples`, `histograms`, `thresholds`, `clusters`).

        Raises WeftError when the build has not come that far.
        """
        node = "thresholds" if name == "thresholds" else "release"
        if name not in TABLES or -1 in self.state.failed.get(node, set()) or not self.state.done(node):
            raise WeftError(f"{self.storage.root}: has no {name} yet; run the recipe to the end first")
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

    def summary(self) -> dict[str, Any]:
        """The content of `report/summary.json`: rows, rejects, errors, time and bytes by stage; languages."""
        from weft.construct.summary import languages

        stages = [self._stage(stage) for stage in STAGES if any(n.stage == stage for n in self.plan.nodes)]
        counted = languages(self.counts()) if self.state.done("release") else {}
        return {"version": 1, "stages": stages, "languages": counted}

    def _stage(self, stage: str) -> dict[str, Any]:
        entries: list[Entry] = [
            entry
            for node in self.plan.nodes
            if node.stage == stage
            for task in self.state.done(node.name).values()
            for entry in task
        ]
        rows = rows_of_stage(stage, self.state)
        return {
            "stage": stage,
            **rows,
            "seconds": round(sum(e.seconds for e in entries), 3),
            "cpu_seconds": round(sum(e.cpu_seconds for e in entries), 3),
            "bytes": sum(int(f["bytes"]) for e in entries for f in e.files),
        }

    def find(self, prefix: str) -> tuple[int, int, dict[str, Any]]:
        """Shard, row and columns of the document whose id begins with `prefix`.

        Raises WeftError when no document, or more than one, has such an id.
        """
        found: list[tuple[int, int, str]] = []
        for shard, entries in self.state.done("documents").items():
            scan = pl.scan_parquet(self._path(entries[0].files[0]["path"])).select("id").with_row_index("row")
            hits = scan.filter(pl.col("id").str.starts_with(prefix)).collect()
            found += [(shard, int(row), str(name)) for row, name in hits.iter_rows()]
        if len(found) != 1:
            what = "no document has this id" if not found else f"{len(found)} documents have an id that begins so"
            raise WeftError(f"{prefix}: {what} in {self.storage.root}")
        shard, row, _ = found[0]
        entries = self.state.done("documents")[shard]
        parts = [entries[0].files[0]["path"], *self.label_paths(shard)]
        columns: dict[str, Any] = {}
        for path in parts:
            columns |= pl.scan_parquet(self._path(path)).slice(row, 1).collect().to_dicts()[0]
        return shard, row, columns

    def explain(self, prefix: str) -> dict[str, Any]:
        """Where a document came from, what every step did to it, and why it is or is not in the corpus."""
        try:
            shard, row, columns = self.find(prefix)
        except WeftError:
            return self._explain_error(prefix)
        stages: list[dict[str, Any]] = [
            {"stage": "acquire", "changes": {"shard": shard, "row": row, "mime": columns["mime"]}},
            {"stage": "parse", "changes": json.loads(columns["meta"] or "{}")},
        ]
        changed = pl.read_parquet_schema(self._path(str(self.state.one("documents", shard).files[1]["path"])))
        stages.append({"stage": "standardize", "changes": {name: columns[name] for name in changed}})
        labels: dict[str, Any] = {}
        for entry in self.state.entries.get("label", {}).get(shard, []):
            for name in pl.read_parquet_schema(self._path(str(entry.files[0]["path"]))):
                labels[name] = columns[name]
        if labels:
            stages.append({"stage": "label", "labels": labels})
        if "deduplicate" in columns:
            stages.append({"stage": "deduplicate", "labels": columns["deduplicate"]})
        outcome = "not decided yet"
        if "selection" in columns:
            selection = columns["selection"]
            stages.append({"stage": "construct", "rule": selection["rule"], "labels": selection})
            outcome = (
                f"kept in {selection['split']}" if selection["rule"] is None else f"rejected by {selection['rule']}"
            )
        return {
            "id": columns["id"],
            "source": columns["source"],
            "locator": columns["locator"],
            "stages": stages,
            "outcome": outcome,
        }

    def _explain_error(self, prefix: str) -> dict[str, Any]:
        errors = self.errors()
        hits = errors.filter(pl.col("id").str.starts_with(prefix)) if errors.height else errors
        if hits.height != 1:
            what = "no document has this id" if not hits.height else f"{hits.height} rows have an id that begins so"
            raise WeftError(f"{prefix}: {what} in {self.storage.root}")
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
        done = [max((int(e.counts.get("rows_out", 0)) for e in es), default=0) for es in state.done(stage).values()]
        rows_in = rows_out = sum(done)
        errors = sum(int(e.counts.get("errors", 0)) for es in state.done(stage).values() for e in es)
    return {"rows_in": rows_in, "rows_out": rows_out, "rejected": dict(sorted(rejected.items())), "errors": errors}


def open_build(path: str | Path) -> Build:
    """The build in a folder; raises WeftError when it is none."""
    return Build.open(path)
