"""Merges shares into a joint plan: every holder that merges the same shares has the same plan, byte by byte."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from weft import own_folder
from weft.construct import sketch, summary
from weft.deduplicate.share_contents import (
    JOINT,
    Joint,
    Share,
    check_files,
    difference,
    file_facts,
    read_share,
    replace_files,
    save,
)
from weft.engine import sharing_decisions as deciding
from weft.engine import sharing_mixture
from weft.engine.keys import digest, library_version
from weft.engine.sharing import COUNTS, DOCUMENTS, HISTOGRAMS, PROFILES, THRESHOLDS
from weft.engine.sharing_clusters import Shares, clusters, opened
from weft.engine.sharing_parameters import fields_read
from weft.errors import WeftError, nearest

_WORK = "unfinished"


def merge(folders: list[Path], into: Path, prefer: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Write the joint plan of some shares; one that is there is replaced. Returns what it says of itself.

    `prefer` gives holders a preference (0 for those that it does not name): of a document that several have, the copy
    of the one with the highest stays. Raises WeftError for shares that do not fit together, naming what differs.
    """
    prefer = dict(prefer or {})
    shares = _read(folders, prefer)
    own_folder.check_free(into, JOINT, _WORK)
    with own_folder.working(into, _WORK) as work:
        decides = all("signatures" in share.parts for share in shares.held)
        facts: dict[str, Any] = {"clusters": 0, "compared": 0, "alike": 0}
        holders = [_facts(share, prefer) for share in shares.held]
        again = decides and deciding.again(shares)
        if decides:
            facts = _decisions(shares, work, prefer, holders, again=again)
        _sums(shares, work)
        files = _file_facts(work, "*.parquet")
        held = [[name, files[name]["sha256"]] for name in sorted(files) if name.startswith(("holder-", "thresholds"))]
        told_by = digest("joint", [[h["holder"], h["inputs"]] for h in holders], held)
        mixture = sharing_mixture.merged(shares, told_by, work)
        files |= _file_facts(work, "mixture*.parquet")
        made = Joint(
            weft=library_version("weft"),
            decisions="joint" if again else "own" if decides else "none",
            holders=tuple(holders),
            clusters=facts["clusters"],
            parameters=shares.held[0].parameters,
            files=files,
            mixture=mixture,
            digest=told_by,
        )
        save(work, JOINT, made)
        replace_files(into, work, JOINT)
    return told(into, made) | {"compared": facts["compared"], "alike": facts["alike"]}


def told(folder: Path, joint: Joint) -> dict[str, Any]:
    """A joint plan for people and machines: without its parameters."""
    names = ("weft", "decisions", "clusters", "digest")
    holders = [{k: v for k, v in held.items() if k != "inputs"} for held in joint.holders]
    held = {name: getattr(joint, name) for name in names}
    return {"joint": str(folder), **held, "mixture": joint.mixture is not None, "holders": holders}


def _file_facts(work: Path, pattern: str) -> dict[str, Any]:
    return {file.name: file_facts(file, pq.read_metadata(file).num_rows) for file in sorted(work.glob(pattern))}


def _read(folders: list[Path], prefer: Mapping[str, int]) -> Shares:
    """Shares that fit together, in order of their holders."""
    if len(folders) < 2:
        raise WeftError("one share alone: nothing to merge; expected the shares of two holders or more")
    held = [read_share(folder) for folder in folders]
    names = [share.holder for share in held]
    for place, (folder, share) in enumerate(zip(folders, held, strict=True)):
        if share.holder in names[:place]:
            other = folders[names.index(share.holder)]
            raise WeftError(f"{folder}: its holder is {share.holder}, as that of {other}; expected a name for each")
        _check_fit(folders[0], held[0], folder, share)
        check_files(folder, share.files)
    for name in prefer:
        if name not in names:
            raise WeftError(f"--prefer {name}: no share is of this holder{nearest(name, names)}")
    return opened(folders, held)


def _check_fit(first: Path, one: Share, folder: Path, share: Share) -> None:
    unlike = difference(one.parameters, str(first / "share.json"), share.parameters, str(folder / "share.json"))
    if unlike is not None:
        raise WeftError(unlike)
    if ("signatures" in one.parts) != ("signatures" in share.parts):
        without = folder if "signatures" in one.parts else first
        raise WeftError(f"{without / 'share.json'}: parts have no signatures; expected them in all shares, or in none")
    if one.key != share.key and "signatures" in one.parts:
        said = ["with" if held.key else "without" for held in (one, share)]
        what = "another key" if one.key and share.key else f"hashes {said[1]} a key, and {first} {said[0]} one"
        raise WeftError(f"{folder / 'share.json'}: {what}; expected the same --key-file or $WEFT_SHARE_KEY for all")


def _facts(share: Share, prefer: Mapping[str, int]) -> dict[str, Any]:
    return {
        "holder": share.holder,
        "inputs": share.inputs,
        "share": share.digest,
        "prefer": prefer.get(share.holder, 0),
        "rows": share.rows,
        "documents": share.documents,
        "text_bytes": share.text_bytes,
        "licences": share.licences,
    }


def _decisions(
    shares: Shares, work: Path, prefer: Mapping[str, int], holders: list[dict[str, Any]], *, again: bool
) -> dict[str, Any]:
    """The files of every holder; counts of clusters."""
    if not again and "deduplicate" in fields_read(shares.held[0].parameters):
        raise WeftError(
            "a rule reads deduplicate, which is another over all holders; expected shares with labels "
            "(weft share export --with signatures,labels), so that rules can be tried again"
        )
    found = clusters(shares, work)
    named = deciding.names_of(shares, found)
    table = deciding.thresholds(shares, found) if deciding.learnt(shares) else None
    rules = deciding.decided(shares, found, table, again=again)
    chosen = deciding.elected(shares, found, named, rules, prefer)
    keeper = chosen["keeper"].fill_null(-1).to_numpy()
    by = np.searchsorted(shares.offsets, keeper, side="right") - 1
    names = pl.Series("holder", [share.holder for share in shares.held], dtype=pl.String)
    told = chosen.with_columns(
        pl.when(pl.col("keeper").is_not_null()).then(names.gather(np.maximum(by, 0))).alias("holder"),
        (pl.col("keeper") - shares.offsets[np.maximum(by, 0)]).alias("document"),
    )
    for place, folder in enumerate(shares.folders):
        first, last = shares.offsets[place : place + 2].tolist()
        own = told.filter(pl.col("number").is_between(first, last, closed="left"))
        places = pl.read_parquet(folder / DOCUMENTS, columns=["place"])["place"]
        columns = ["cluster", "size", "holders", "kind", "holder", "document"]
        keeps = (pl.col("keeper") == pl.col("number")).fill_null(False).alias("keeps")
        held = own.select(places.gather(own["number"] - first).alias("place"), *columns, keeps)
        held.write_parquet(work / f"holder-{place}.parquet")
        if table is None:
            pl.read_parquet(folder / THRESHOLDS).write_parquet(work / f"thresholds-{place}.parquet")
        ours = own.filter(pl.col("keeper").is_between(first, last, closed="left"))
        holders[place] |= {
            "shared": own.height,
            "clusters": own["cluster"].n_unique(),
            "clusters_kept": ours["cluster"].n_unique(),
            "passing": int(rules[place].null_count()),
        }
    if table is not None:
        pq.write_table(table, work / "thresholds.parquet")
    for scratch in ("sets.arrow", "sets.arrow.index"):
        (work / scratch).unlink(missing_ok=True)
    return {"clusters": named.height, "compared": found.compared, "alike": found.alike}


def _sums(shares: Shares, work: Path) -> None:
    """Counts, histograms and profiles added up over the shares that have them, and beside each holder's counts."""
    counted = [(f, s.holder) for f, s in zip(shares.folders, shares.held, strict=True) if "counts" in s.parts]
    if counted:
        parts = [pl.read_parquet(folder / COUNTS) for folder, _ in counted]
        summary.merge_counts(parts).write_parquet(work / COUNTS)
        each = [part.with_columns(pl.lit(name).alias("holder")) for part, (_, name) in zip(parts, counted, strict=True)]
        pl.concat(each, how="diagonal").write_parquet(work / "counts-by-holder.parquet")
        drawn = summary.merge_histograms(pl.read_parquet(folder / HISTOGRAMS) for folder, _ in counted)
        summary.with_edges(drawn).write_parquet(work / HISTOGRAMS)
    profiled = [f for f, s in zip(shares.folders, shares.held, strict=True) if "profiles" in s.parts]
    if profiled:
        sketch.merge([pl.read_parquet(folder / PROFILES) for folder in profiled]).write_parquet(work / PROFILES)


def counts(folder: Path) -> list[dict[str, Any]]:
    """What all holders' builds kept when they were shared, by language; empty where no share has counts."""
    if not (folder / COUNTS).exists():
        return []
    kept = pl.read_parquet(folder / COUNTS).filter(pl.col("rule") == summary.KEPT)
    return kept.drop("rule").sort("documents", "language", descending=[True, False]).to_dicts()
