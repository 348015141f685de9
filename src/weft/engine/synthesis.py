"""What came of a run of synthesis: its summary, and the story of one record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from weft.engine import places
from weft.engine.tasks.releasing import FOLDER, REJECTS, SUMMARY
from weft.errors import WeftError

if TYPE_CHECKING:
    from weft.engine.reading import Build

_SHOWN = 12


def summary_of(target: str | Path) -> dict[str, Any] | None:
    """The summary of a release; null where none was written."""
    content = places.open_storage(target).content(SUMMARY)
    if content is None:
        return None
    held: dict[str, Any] = json.loads(content)
    return held


def explain(build: Build, prefix: str) -> dict[str, Any]:
    """The story of a record whose id begins with `prefix`, or of a document: what was made of it.

    Raises WeftError when no record and no document, or more than one, is meant.
    """
    frame = _records(build)
    if frame is None:
        raise WeftError(f"{build.storage.place}: has no records yet; run weft synthesize to the end first")
    found = frame.filter(pl.col("id").str.starts_with(prefix)).head(2).collect()
    if found.height == 1:
        return _record(found.to_dicts()[0])
    if found.height > 1:
        raise WeftError(f"{prefix}: more than one record is meant; expected a longer beginning of one id")
    return _document(build, prefix, frame)


def _records(build: Build) -> pl.LazyFrame | None:
    """Records of a release and those that were left out, with `rule` (null: released) and `detail`."""
    if not build.storage.exists(REJECTS):
        return None
    paths = [*build.storage.below(FOLDER), REJECTS]
    build.storage.ready(paths)
    frames = [pl.scan_parquet(build.storage.path(name)) for name in paths]
    return pl.concat(frames, how="diagonal")


def _record(held: dict[str, Any]) -> dict[str, Any]:
    made = {name: held[name] for name in ("recipe", "version", "kind", "language", "skill", "parents", "shots")}
    terms = {name: held[name] for name in ("license", "consent", "basis", "redistribute", "group_id")}
    parts = {
        f"{number} {part['field']} {part['role'] or part['language'] or ''}".rstrip(): _part(part)
        for number, part in enumerate(held["parts"])
    }
    calls = {
        f"call {number}": f"{call['model']} ({call['server'] or 'server unknown'}), {call['prompt']}, "
        f"{call['tokens_in']} + {call['tokens_out']} tokens, reply {call['key']}"
        for number, call in enumerate(held["calls"] or ())
    }
    gates = {_gate(one): _verdict(one) for one in held["gates"] or ()}
    note = json.loads(held["note"] or "{}")
    stages: list[dict[str, Any]] = [
        {"stage": "acquire", "changes": {"source": held["source"], "locator": held["locator"]} | terms},
        {"stage": "synthesize", "changes": made | parts | calls | ({"note": note} if note else {})},
        {"stage": "gates", "labels": gates},
    ]
    outcome = _outcome(held.get("rule"))
    if held.get("detail"):
        outcome += f": {held['detail']}"
    return {name: held[name] for name in ("id", "source", "locator")} | {"stages": stages, "outcome": outcome}


def _outcome(rule: str | None) -> str:
    return "released" if rule is None else f"left out by {rule}"


def _gate(held: dict[str, Any]) -> str:
    return str(held["gate"]) if held["part"] is None else f"{held['gate']} of part {held['part']}"


def _part(part: dict[str, Any]) -> str:
    who = part["relation"] if part["made"] else "by a person"
    return f"[{who}] {part['text']}"


def _verdict(held: dict[str, Any]) -> str:
    score = "" if held["score"] is None else f" {held['score']:.3g}"
    low, high = (("" if bound is None else f"{bound:.3g}") for bound in (held["low"], held["high"]))
    band = f" in [{low}, {high}]" if low or high else ""
    return f"{held['verdict']}{score}{band}" + (f": {held['detail']}" if held["detail"] else "")


def _document(build: Build, prefix: str, frame: pl.LazyFrame) -> dict[str, Any]:
    shard, _, columns = build.find(prefix)
    made = frame.filter(pl.col("parents").list.contains(columns["id"])).select("id", "recipe", "rule").collect()
    shown = {held["id"]: f"{held['recipe']}: {_outcome(held['rule'])}" for held in made.head(_SHOWN).to_dicts()}
    names = ("license", "consent", "basis", "language_hint", "record_kind", "group_id")
    stages: list[dict[str, Any]] = [
        {"stage": "acquire", "changes": {"shard": shard} | {name: columns[name] for name in names}},
        {"stage": "label", "labels": {name: columns[name] for name in ("lid", "script") if name in columns}},
        {"stage": "synthesize", "changes": shown},
    ]
    released = made["rule"].null_count()
    outcome = f"{made.height} records were made of it, {released} of them are released"
    return {name: columns[name] for name in ("id", "source", "locator")} | {"stages": stages, "outcome": outcome}
