"""The documents that one met in deduplication: how similar they are, where they differ, and which copy stays."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from weft.construct.elect import candidates, decided_by
from weft.engine.apply import ready, run_map
from weft.engine.work import Call, Context, rooms_registry

if TYPE_CHECKING:
    from weft.engine.reading import Build

_MOST_COMPARED = 1_000
"""Members of a cluster that a document is compared with, those of the smallest addresses, beside the one that stays."""
_MOST_SHOWN, _PASSAGES = 5, 6
_READ = 20_000
"""Characters of two texts that are set side by side."""
_AROUND = 40
_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_EDGE = ("shard_a", "row_a", "shard_b", "row_b")

Place = tuple[int, int]


def neighbours(build: Build, shard: int, row: int, columns: dict[str, Any]) -> dict[str, Any]:
    """What is known of the documents that share a signature with the one at a place.

    `neighbours` are the nearest by the true Jaccard similarity of their shingles, by that of their skeletons where the
    recipe compares across scripts, and by their `cosine` where it compares vectors, whichever is most; candidates that
    are too different to be copies are among them. `passages` are where the nearest and this one differ, [this, other]
    each; `kept` says which copy of the cluster stays and why.
    """
    label = columns["deduplicate"]
    members = _members(build, label["cluster"]) if label["size"] > 1 else []
    met = sorted({*members, *_candidates(build, shard, row)} - {(shard, row)})
    elected = [place for place in members if place != (shard, row)]
    rows = _documents(build, met[:_MOST_COMPARED])
    kept_id = (columns.get("selection") or {}).get("kept")
    if kept_id is not None and not any(one["id"] == kept_id for one in rows):
        rows += [one for one in _documents(build, elected[_MOST_COMPARED:]) if one["id"] == kept_id]
    texts = [columns["text"] or "", *(one["text"] or "" for one in rows)]
    for one, value in zip(rows, _similarities(build, "minhash", texts), strict=True):
        one["jaccard"] = round(float(value), 4)
        one["in_cluster"] = label["size"] > 1 and one["deduplicate"]["cluster"] == label["cluster"]
    romanized = any(step.operator == "deduplicate.romanized" for step in build.recipe.deduplicate)
    skeletons = _similarities(build, "romanized", texts).tolist() if romanized else [None] * len(rows)
    for one, skeleton in zip(rows, skeletons, strict=True):
        one["skeleton"] = None if skeleton is None else round(skeleton, 4)
    vectors = _vectors(build)
    cosines = _cosines(columns.get(vectors), [one.get(vectors) for one in rows])
    for one, cosine in zip(rows, cosines, strict=True):
        one["cosine"] = cosine
    nearest = sorted(rows, key=lambda one: (-max(one["jaccard"], one["skeleton"] or 0, one["cosine"] or 0), one["id"]))[
        :_MOST_SHOWN
    ]
    told: dict[str, Any] = {"size": label["size"], "neighbours": [_told(one) for one in nearest]}
    kept = next((one for one in rows if one["id"] == kept_id), None)
    if kept is not None:
        told["kept"] = {"id": kept_id, "because": _because(build, kept, columns)}
    elif label["size"] > 1 and columns.get("selection") and columns["selection"]["rule"] is None:
        told["kept"] = {"id": columns["id"], "because": "this one stays: of the copies that pass the rules it is first"}
    other = kept or (nearest[0] if nearest else None)
    if other is not None:
        told["compared_with"] = other["id"]
        told["passages"] = passages(columns["text"] or "", other["text"] or "")
    return told


def _members(build: Build, cluster: str) -> list[Place]:
    found: list[Place] = []
    for shard, entries in build.state.done("deduplicate").items():
        scan = pl.scan_parquet(build.storage.path(str(entries[0].files[0]["path"]))).with_row_index("row")
        hits = scan.filter(pl.col("deduplicate").struct.field("cluster") == cluster).select("row").collect()
        found += [(shard, int(row)) for row in hits["row"]]
    return found


def _candidates(build: Build, shard: int, row: int) -> list[Place]:
    """Documents that share a key with the one at a place, whether they turned out to be copies or not."""
    found: list[Place] = []
    for entries in build.state.done("candidates").values():
        scan = pl.scan_parquet(build.storage.path(str(entries[0].files[0]["path"]))).select(_EDGE)
        own = [(pl.col(f"shard_{side}") == shard) & (pl.col(f"row_{side}") == row) for side in "ab"]
        for shard_a, row_a, shard_b, row_b in scan.filter(own[0] | own[1]).collect().iter_rows():
            found.append((shard_b, row_b) if (shard_a, row_a) == (shard, row) else (shard_a, row_a))
    return found


def _documents(build: Build, places: list[Place]) -> list[dict[str, Any]]:
    """Columns that tell one document from another, of some places, in their order."""
    wanted = ["id", "text", "source", "consent", "locator", "signals", "deduplicate", "selection", "shared"]
    wanted.append(_vectors(build))
    found: dict[Place, dict[str, Any]] = {}
    for shard in sorted({shard for shard, _ in places}):
        rows = [row for own, row in places if own == shard]
        parts = [str(build.state.one("documents", shard).files[0]["path"]), *build.label_paths(shard)]
        scans = [pl.scan_parquet(build.storage.path(path)) for path in parts]
        frame = pl.concat(scans, how="horizontal")
        held = [name for name in wanted if name in frame.collect_schema().names()]
        picked = frame.select(held).with_row_index("row").filter(pl.col("row").is_in(rows)).collect()
        found |= {(shard, one["row"]): one for one in picked.to_dicts()}
    return [found[place] for place in places]


_SETS = {"minhash": "deduplicate.shingle_sets", "romanized": "deduplicate.romanized_sets"}
"""What makes the sets that a signature stands for."""


def _similarities(build: Build, signature: str, texts: list[str]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The Jaccard similarity of the first text and each other, by the sets of the build's `signature`."""
    from weft.text.jaccard import similarities

    step = next((s for s in build.recipe.deduplicate if s.operator == f"deduplicate.{signature}"), None)
    registry = rooms_registry()
    shape = registry.defaults(_SETS[signature])
    shape |= {name: step.params[name] for name in shape} if step is not None else {}
    chain = [Call("label.tokens", registry.defaults("label.tokens")), Call(_SETS[signature], shape)]
    size = len(texts)
    batch = pa.table(
        {
            "text": pa.array(texts, pa.large_string()),
            "shard": pa.array([0] * size, pa.int32()),
            "row": pa.array(range(size), pa.int32()),
            "component": pa.array([0] * size, pa.int64()),
        }
    )
    tokens, sets = ready(chain, Context(None, registry))  # type: ignore[arg-type]  # nothing is stored
    batch, _ = run_map(tokens, batch)
    lists = sets.function(batch)["shingles"].combine_chunks()
    first = np.zeros(size - 1, np.int64)
    return similarities(lists.values.to_numpy(), lists.offsets.to_numpy(), first, first + np.arange(1, size))


def _vectors(build: Build) -> str:
    """The label whose vectors the recipe compares; no name where it compares none."""
    step = next((s for s in build.recipe.deduplicate if s.operator == "deduplicate.semantic"), None)
    return str(step.params["vectors"]) if step is not None else ""


def _cosines(own: list[float] | None, others: list[list[float] | None]) -> list[float | None]:
    """The cosine of one vector and each other, None where one of them is not there."""
    found: list[float | None] = [None] * len(others)
    held = [number for number, other in enumerate(others) if other is not None and own is not None]
    if held:
        from weft.text.cosine import cosines

        vectors = np.array([own, *(others[number] for number in held)], np.float32)
        second = np.arange(1, len(held) + 1)
        for number, value in zip(held, cosines(vectors, np.zeros_like(second), second), strict=True):
            found[number] = round(float(value), 4)
    return found


def _told(one: dict[str, Any]) -> dict[str, Any]:
    rule = (one.get("selection") or {}).get("rule")
    outcome = "not decided yet" if "selection" not in one else "kept" if rule is None else f"rejected by {rule}"
    more = [name for name in ("skeleton", "cosine") if one[name] is not None]
    names = ("id", "jaccard", *more, "in_cluster", "source", "locator")
    told = {name: one[name] for name in names}
    return told | {"characters": len(one["text"] or ""), "outcome": outcome}


def _because(build: Build, kept: dict[str, Any], own: dict[str, Any]) -> str:
    """Why another copy is kept: the first of what the election looks at in which the two differ."""
    if (kept.get("shared") or {}).get("keeps"):
        return "the joint plan of all holders says so"
    priority = {source.name: source.priority for source in build.recipe.acquire}
    names = [name for name in ("id", "text", "consent", "deduplicate", "signals") if name in kept]
    rows = [{name: one[name] for name in names} | {"priority": priority.get(one["source"], 0)} for one in (kept, own)]
    places = pl.DataFrame({"shard": [0, 0], "row": [0, 1]})
    two = candidates(pl.concat([pl.DataFrame(rows, infer_schema_length=None), places], how="horizontal"))
    theirs, ours = two.to_dicts()
    return {
        "priority": (
            f"its source {kept['source']} has the priority {theirs['priority']}, {own['source']} has {ours['priority']}"
        ),
        "consented": f"its author has consented ({kept['consent']})",
        "chars": f"it is longer: {theirs['chars']:,} characters, this one {ours['chars']:,}",
        "id": "of equal copies the one with the smallest id stays",
    }[decided_by(two)]


def passages(text: str, other: str) -> list[dict[str, str]]:
    """Where two texts differ, in order: `before` what both have, then `this` and `other`, then `after`; at most six."""
    ours, theirs = (_WORD.findall(one[:_READ]) for one in (text, other))
    found = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs).get_opcodes():
        if kind != "equal":
            before, after = "".join(ours[:a])[-_AROUND:], "".join(ours[b:])[:_AROUND]
            found.append({"before": before, "this": "".join(ours[a:b]), "other": "".join(theirs[c:d]), "after": after})
    return found[:_PASSAGES]
