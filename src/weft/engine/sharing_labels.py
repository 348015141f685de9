"""What a share has of each document beside its signatures: what decides between copies, and labels that rules read."""

from __future__ import annotations

from typing import Any

import polars as pl

from weft.construct.bounds import BOUNDS
from weft.construct.elect import LAST, form, standing
from weft.construct.mixture_settings import Mixture
from weft.engine.reading import Build
from weft.engine.sharing_parameters import fields_read, learns
from weft.errors import WeftError, nearest
from weft.model.tables import DOCUMENT, RELATIONS

_OPEN = ("license", "basis", "mime", "language_hint", "record_kind", "redistribute", "consent", "variety")
"""Columns of documents that say nothing of which text it is."""
_CODES = ("lid", "script", "earlier")
"""Labels whose strings are codes."""
_AT_MERGE = ("threshold", "deduplicate")
"""What rules read that is made of all holders' documents, where shares are merged."""


def columns_of(parameters: dict[str, Any]) -> dict[str, set[str]]:
    """Columns and fields that a share has to hold for its rules to be tried again; `lid.language` always."""
    wanted = {name: set(fields) for name, fields in fields_read(parameters).items() if name not in _AT_MERGE}
    if learns(parameters):
        for bound in BOUNDS:
            column, _, field = bound.measure.partition(".")
            wanted.setdefault(column, set()).add(field)
    wanted.setdefault("lid", set()).add("language")
    return wanted


def row_frame(build: Build, shard: int, labels: dict[str, set[str]] | None, extras: tuple[str, ...]) -> pl.DataFrame:
    """Rows of a shard: `id`, what decides in an election, the own `rule`; `labels` as struct columns or plain ones."""
    # The labels by which rows were judged: what was cut in the end was known only after the election.
    nodes = ("label", "deduplicate", *RELATIONS, "cut")
    judged = [str(e.files[0]["path"]) for node in nodes for e in build.state.done(node).get(shard, [])]
    paths = [build.state.path("documents", shard), *judged]
    scan = pl.concat([pl.scan_parquet(build.storage.path(path)) for path in paths], how="horizontal")
    names = scan.collect_schema().names()
    base = ["id", "source", "consent", "redistribute", "license", "record_kind", "parts"]
    needed = [*base, *(name for name in ("cut", "signals") if name in names)]
    if "signals" not in names:
        needed.append("text")
    frame = scan.select(*needed).collect()
    priorities = {source.name: source.priority for source in build.recipe.acquire}
    priority = pl.col("source").replace_strict(priorities, default=0, return_dtype=pl.Int32)
    if "cut" in names:
        left = pl.col("cut").struct.field("left").fill_null(1)
        priority = pl.when(left == 0).then(pl.lit(LAST, pl.Int32)).otherwise(priority)
    frame = frame.with_columns(priority.alias("priority"))
    rule = pl.read_parquet(build.storage.path(build.state.path("decide", shard)), columns=["rule"])["rule"]
    made = frame.select("id", form(frame).alias("form"), *standing(frame), "redistribute", "license", "record_kind")
    made = made.with_columns(rule)
    if labels is None:
        return made
    exprs = [_label(scan.collect_schema(), name, fields, extras) for name, fields in sorted(labels.items())]
    return pl.concat([made, scan.select(pl.struct(exprs).alias("labels")).collect()], how="horizontal")


def _label(schema: pl.Schema, name: str, fields: set[str], extras: tuple[str, ...]) -> pl.Expr:
    """A column with those of its fields that rules read; of one read whole only whether it is null."""
    kind = schema[name]
    if name in DOCUMENT.names and name not in _OPEN and name not in extras:
        raise WeftError(_refusal(name, "may say which text it is"))
    if not isinstance(kind, pl.Struct):
        if name not in DOCUMENT.names and not _plain(kind) and name not in extras:
            raise WeftError(_refusal(name, "holds strings"))
        return pl.col(name)
    held = []
    for field in kind.fields:
        if field.name in fields:
            free = name in (*_CODES, *_OPEN) or f"{name}.{field.name}" in extras or name in extras
            if not free and not _plain(field.dtype):
                raise WeftError(_refusal(f"{name}.{field.name}", "holds strings"))
            held.append(pl.col(name).struct.field(field.name))
    made = pl.struct(held) if held else pl.struct(pl.lit(True).alias("there"))
    return pl.when(pl.col(name).is_not_null()).then(made).alias(name)


def _plain(kind: Any) -> bool:
    return bool(kind.is_numeric() or kind == pl.Boolean)


def _refusal(name: str, why: str) -> str:
    return (
        f"a rule reads {name}, which {why}, so that a share does not hold it; "
        f"expected --column {name} to share it all the same, a rule that does not read it, or --with without labels"
    )


def check_extras(extras: tuple[str, ...], parameters: dict[str, Any], mixture: Mixture | None) -> None:
    """Raise WeftError for a column to be shared that neither a rule nor the mixture reads, and for the text."""
    read = fields_read(parameters)
    facets = [] if mixture is None else mixture.columns()
    fields = (f"{name}.{field}" for name, held in read.items() for field in held)
    known = sorted({*read, *fields, *facets} - {"text"})
    for name in extras:
        if name == "text" or name.startswith("parts"):
            raise WeftError(f"--column {name}: a share never holds text; expected a label or another column")
        if name not in known:
            raise WeftError(f"--column {name}: no rule and no mixture reads it{nearest(name, known)}")
