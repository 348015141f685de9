"""Writes a share: what other holders need to know of a build so that all decide alike, and none of its text."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft import own_folder
from weft.deduplicate.index_contents import Contents, signatures
from weft.deduplicate.share_contents import PARTS, SHARE, Share, file_facts, replace_files, save
from weft.engine import exchange, index_files, indexing, sharing_mixture
from weft.engine.indexing import Advance
from weft.engine.keys import digest, library_version
from weft.engine.known import inputs_of
from weft.engine.reading import Build
from weft.engine.sharing_labels import check_extras, columns_of, row_frame
from weft.engine.sharing_parameters import parameters_of
from weft.engine.storage import Storage, read_batches
from weft.engine.tasks.deduplicate import CLUSTERED
from weft.engine.work import Context, rooms_registry
from weft.errors import WeftError
from weft.text.keyed import Keyed

DOCUMENTS, LABELS, CLUSTERS = "documents.parquet", "labels.parquet", "clusters.parquet"
COUNTS, HISTOGRAMS, PROFILES, THRESHOLDS = (
    "counts.parquet", "histograms.parquet", "profiles.parquet", "thresholds.parquet",
)  # fmt: skip
LEAST = 100
"""Characters below which a document is left out of a share that has no key."""
_WORK = "unfinished"
_STATEMENT = (
    "Counts, labels and hashes of texts that stay with their holder. Nothing in this folder may be used to find out "
    "what the texts are; whose licence they have is told by document counts alone."
)


@dataclass(frozen=True)
class Wanted:
    """What is to be in a share."""

    holder: str
    parts: tuple[str, ...] = PARTS
    secret: bytes | None = None
    least: int | None = None
    pages: bool = False
    ids: bool = False
    columns: tuple[str, ...] = ()

    @property
    def least_characters(self) -> int:
        """By default none where there is a key, else those below LEAST."""
        return self.least if self.least is not None else 0 if self.secret is not None else LEAST

    def extras(self) -> tuple[str, ...]:
        """What the holder has put in beyond the usual."""
        return (*sorted(self.columns), *(["ids"] if self.ids else []), *(["pages"] if self.pages else []))


def export(build: Path, into: Path, wanted: Wanted, advance: Advance = lambda counted: None) -> dict[str, Any]:
    """Write the share of a finished build; one that is there is replaced. Returns its description.

    `advance` is told the number of documents and bytes of text after each batch. Raises WeftError for a build that is
    not finished, a folder with other files, and rules that read what a share does not hold.
    """
    opened = Build.open(build)
    if not opened.state.done("release") or not opened.complete:
        raise WeftError(f"{build}: is not complete; run its recipe to the end first")
    parameters = parameters_of(opened.recipe, rooms_registry())
    check_extras(wanted.columns, parameters, opened.recipe.construct.mixture)
    if "labels" in wanted.parts and "signatures" not in wanted.parts:
        raise WeftError("--with labels: labels stand beside signatures; expected --with labels,signatures")
    if "signatures" in wanted.parts and not opened.recipe.clusters():
        raise WeftError(
            "--with signatures: no step of the recipe lets documents meet; expected exact or minhash under "
            "deduplicate, or --with counts"
        )
    own_folder.check_free(into, SHARE, _WORK)
    with own_folder.working(into, _WORK) as work:
        keyed = None if wanted.secret is None else Keyed(wanted.secret)
        counted = {"rows": sum(opened.state.rows().values()), "documents": 0, "text_bytes": 0}
        if "signatures" in wanted.parts:
            counted |= _documents(opened, work, wanted, parameters, keyed, advance)
        _tables(opened, work, wanted)
        mixture = sharing_mixture.write(opened, work, wanted.columns) if "counts" in wanted.parts else None
        files = {
            file.name: file_facts(file, pl.scan_parquet(file).select(pl.len()).collect().item())
            for file in sorted(work.glob("*.parquet"))
        }
        made = Share(
            holder=wanted.holder,
            weft=library_version("weft"),
            recipe=digest("recipe", opened.recipe.to_json()),
            statement=_STATEMENT,
            parts=tuple(part for part in PARTS if part in wanted.parts),
            key=None if keyed is None else keyed.check(),
            least_characters=wanted.least_characters,
            extras=wanted.extras(),
            inputs=inputs_of(opened.state),
            licences=_licences(opened),
            parameters=parameters,
            mixture=mixture,
            files=files,
            **counted,
        )
        save(work, SHARE, made)
        replace_files(into, work, SHARE)
    return told(into, made)


def told(folder: Path, share: Share) -> dict[str, Any]:
    """A share for people and machines: without its parameters and hashes of files."""
    size = sum(facts["bytes"] for facts in share.files.values())
    names = (
        "holder",
        "weft",
        "recipe",
        "parts",
        "key",
        "least_characters",
        "extras",
        "rows",
        "documents",
        "text_bytes",
    )
    held = {name: getattr(share, name) for name in names}
    files = {name: {"rows": facts["rows"], "bytes": facts["bytes"]} for name, facts in share.files.items()}
    return {
        "share": str(folder),
        **held,
        "bytes": size,
        "licences": share.licences,
        "digest": share.digest,
        "files": files,
    }


def _licences(build: Build) -> dict[str, int]:
    """Documents of the corpus by licence."""
    found: list[pl.DataFrame] = []
    for shard in build.state.done("documents"):
        licence = pl.read_parquet(build.storage.path(build.state.path("documents", shard)), columns=["license"])
        selection = pl.read_parquet(build.storage.path(build.state.path("select", shard)), columns=["selection"])
        kept = selection["selection"].struct.field("rule").is_null()
        found.append(licence.filter(kept).group_by("license").len("documents"))
    every = pl.concat(found).group_by("license").agg(pl.col("documents").sum()).sort("license", nulls_last=True)
    return {str(name or "unknown"): int(count) for name, count in every.iter_rows()}


def _tables(build: Build, work: Path, wanted: Wanted) -> None:
    """The small tables: thresholds always, counts and profiles if wanted."""
    build.thresholds().write_parquet(work / THRESHOLDS)
    if "counts" in wanted.parts:
        build.counts().write_parquet(work / COUNTS)
        build.histograms().drop("low", "high").write_parquet(work / HISTOGRAMS)
    if "profiles" in wanted.parts:
        from weft.construct import sketch

        paths = [build.storage.path(e[0].files[0]["path"]) for e in build.state.done("threshold_part").values()]
        sketch.merge([pl.read_parquet(path) for path in paths]).write_parquet(work / PROFILES)


def _documents(
    build: Build, work: Path, wanted: Wanted, parameters: dict[str, Any], keyed: Keyed | None, advance: Advance
) -> dict[str, int]:
    """Documents, their labels, clusters, keys and sets. Memory is the labels of a shard and a batch of its texts."""
    storage = Storage(work)
    contents = Contents(signatures(rooms_registry(), indexing.minhash_of(build.recipe)), ())
    steps = indexing.key_steps(contents, Context(storage, rooms_registry()))
    labels = columns_of(parameters) if "labels" in wanted.parts else None
    counted = {"documents": 0, "text_bytes": 0}
    members: list[pl.DataFrame] = []
    tables = _Tables(work)
    with index_files.set_writer(work / index_files.SETS) as sets:

        def rows() -> Iterator[tuple[pa.Table, npt.NDArray[np.int64]]]:
            first_place = 0
            for shard in build.state.done("documents"):
                frame = row_frame(build, shard, labels, wanted.columns).with_row_index("row")
                clusters = _clusters(build, shard)
                held = []
                for start, batch in _batches(build, shard, wanted.least_characters, frame):
                    made, facts = indexing.signed(steps, batch, sets, keyed)
                    yield indexing.key_rows(made, counted["documents"], keyed)
                    held.append(_held(start, facts, counted["documents"]))
                    counted["documents"] += batch.num_rows
                    counted["text_bytes"] += int(pc.sum(facts["bytes"]).as_py() or 0)
                    advance(counted)
                if held:
                    every = pl.concat(held).join(frame, on="row", maintain_order="left")
                    tables.add(every, first_place, wanted, labels is not None)
                    members.append(every.select("row", "number").join(clusters, on="row", maintain_order="left"))
                first_place += frame.height

        exchange.write(storage, "keys.arrow", indexing.KEY, rows())
    tables.close()
    kinds = {k: name for k, name in index_files.KEYS.items() if wanted.pages or name != "pages.parquet"}
    indexing.write_key_files(storage, kinds)
    shutil.rmtree(work / "tmp", ignore_errors=True)
    if not counted["documents"]:
        raise WeftError(
            f"no document of the build has {wanted.least_characters} characters or more; expected some to share, or "
            "another --least-characters"
        )
    _write_clusters(members, work / CLUSTERS)
    return counted


def _batches(build: Build, shard: int, least: int, frame: pl.DataFrame) -> Iterator[tuple[pl.Series, pa.Table]]:
    """Batches (id, text, url, form) of a shard's documents that are long enough, and their rows."""
    start = 0
    for batch in read_batches(build.storage.path(build.state.path("documents", shard)), ["id", "text", "url"]):
        form = frame["form"].slice(start, batch.num_rows).to_arrow().cast(pa.string())
        batch = batch.append_column("form", form)
        held = pc.fill_null(pc.greater_equal(pc.utf8_length(batch["text"]), max(least, 0)), False)
        rows = pl.Series("row", np.arange(start, start + batch.num_rows, dtype=np.uint32))
        start += batch.num_rows
        batch = batch.filter(held)
        if batch.num_rows:
            yield rows.filter(pl.Series(pl.from_arrow(held))), batch


def _held(rows: pl.Series, facts: pa.Table, first: int) -> pl.DataFrame:
    frame = pl.DataFrame(pl.from_arrow(facts.select(["bytes", "shingles"])))
    number = pl.Series("number", np.arange(first, first + len(rows), dtype=np.int64))
    return pl.DataFrame([rows, number]).hstack(frame)


class _Tables:
    """The tables of documents and labels, to which shards are added."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._open: dict[str, Any] = {}
        self._writers: dict[str, Any] = {}

    def add(self, every: pl.DataFrame, first_place: int, wanted: Wanted, labels: bool) -> None:
        names = ["bytes", "shingles", "form", "chars", "priority", "consented", "redistribute", "record_kind", "rule"]
        place = (pl.col("row").cast(pl.Int64) + first_place).alias("place")
        self._write(DOCUMENTS, every.select(place, *names, *(["id"] if wanted.ids else [])))
        if labels:
            self._write(LABELS, every.select("labels").unnest("labels"))

    def _write(self, name: str, frame: pl.DataFrame) -> None:
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if name not in self._writers:
            self._open[name] = index_files.parquet(self._work / name, table.schema)
            self._writers[name] = self._open[name].__enter__()
        self._writers[name].write_table(table.cast(self._writers[name].schema), row_group_size=1 << 17)

    def close(self) -> None:
        for held in self._open.values():
            held.__exit__(None, None, None)


def _clusters(build: Build, shard: int) -> pl.DataFrame:
    """`row`, `cluster`, `kind` of a shard's rows that are not alone among the holder's own documents."""
    if not build.state.done("clusters"):
        return pl.DataFrame(schema={"row": pl.UInt32, "cluster": pl.String, "kind": pl.String})
    rows = exchange.gather(build.storage, [build.state.path("clusters", 0)], shard, CLUSTERED)
    return pl.DataFrame(pl.from_arrow(rows)).select(pl.col("row").cast(pl.UInt32), "cluster", "kind")


def _write_clusters(members: list[pl.DataFrame], path: Path) -> None:
    """`number`, `first` (smallest number of its cluster) and `kind` of documents that are not alone."""
    schema = {"number": pl.Int64, "cluster": pl.String, "kind": pl.String}
    every = pl.concat([pl.DataFrame(schema=schema), *(m.drop_nulls("cluster").select(*schema) for m in members)])
    told = every.select("number", pl.col("number").min().over("cluster").alias("first"), "kind")
    told.filter(pl.len().over("first") > 1).sort("number").write_parquet(path)
