"""Commands that read builds: report, explain, diff, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from weft.cli import show
from weft.errors import WeftError

_NOT_SHOWN = ("rule", "exact", "minhash", "pairs")
"""Said already, or hashes that tell a person nothing; `--json` has them."""
_WIDEST = 160
"""Characters of a passage that are shown."""
_RECORD = r" \S+ <urn:uuid:[^>]*>$"
"""Date and record id at the end of a locator in a WARC."""


def _open(build: str | Path) -> Any:
    from weft.engine.reading import Build

    return Build.open(build)


def report(build: str | Path, as_json: bool) -> int:
    """Write the report and say where it is."""
    from weft.report import write

    opened = _open(build)
    if opened.recipe.synthesize:
        return _synthesis_report(build, as_json)
    page = write(opened)
    if as_json:
        show.as_json(opened.summary())
    else:
        show.say(str(page))
    return 0


def _synthesis_report(build: str | Path, as_json: bool) -> int:
    """The page of a run that made records, from its summary. Raises WeftError where the run has not come to its end."""
    from weft.engine.synthesis import summary_of
    from weft.report import synthesis_page

    held = summary_of(build)
    if held is None:
        raise WeftError(f"{build}: has no records yet; run weft synthesize to the end first")
    page = synthesis_page.write(build, held)
    if as_json:
        show.as_json(held)
    else:
        show.say(str(page))
    return 0


def explain(build: str | Path, document: str, as_json: bool) -> int:
    """The story of one document."""
    held = _open(build).explain(document)
    if as_json:
        show.as_json(held)
        return 0
    show.say(f"id       {held['id']}\nsource   {held['source']}\nlocator  {held['locator']}")
    for stage in held["stages"]:
        show.say(f"\n{stage['stage']}")
        if stage.get("rule"):
            show.entry("rule", stage["rule"] + (f": {stage['means']}" if stage.get("means") else ""), indent=2)
        if stage.get("condition"):
            show.entry("stays only if", stage["condition"], indent=2)
        for name, value in (stage.get("values") or {}).items():
            show.entry(name, value, indent=4, names=24)
        for name, value in {**(stage.get("changes") or {}), **(stage.get("labels") or {})}.items():
            if value is not None and name not in _NOT_SHOWN:
                show.entry(name, value, indent=2)
        for name in ("cut", "stays"):
            for span in stage.get(name) or []:
                show.entry(name, f"characters {span['begin']}–{span['end']}: {span['because']}", indent=2)
        if stage.get("met"):
            _met(stage["met"])
    show.say(f"\n{held['outcome']}")
    return 0


def _met(met: dict[str, Any]) -> None:
    """The nearest documents, and where the one that is compared differs from this one, side by side."""
    if met["neighbours"]:
        show.say("")
        more = [name for name in ("skeleton", "cosine") if any(name in one for one in met["neighbours"])]
        rows = [
            (
                one["id"][:12],
                f"{one['jaccard']:.3f}",
                *(f"{one[name]:.3f}" if name in one else "" for name in more),
                one["characters"],
                one["source"],
                one["outcome"],
            )
            for one in met["neighbours"]
        ]
        names = ("nearest", "Jaccard", *more, "characters", "source", "outcome")
        show.table(names, rows, right=frozenset(range(1, 3 + len(more))))
    if "kept" in met:
        show.entry("kept", f"{met['kept']['id'][:12]}: {met['kept']['because']}", indent=2)
    if met.get("passages"):
        differ = [(f"…{one['before']}[{one['this']}]{one['after']}…", f"[{one['other']}]") for one in met["passages"]]
        show.table(("this one", met["compared_with"][:12]), [tuple(_line(cell) for cell in row) for row in differ])


def _line(text: str) -> str:
    """A passage on one line, the middle of a long one left out."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _WIDEST else f"{flat[: _WIDEST // 2]} … {flat[-_WIDEST // 2 :]}"


def diff(before: str | Path, after: str | Path, rows: Path | None, as_json: bool) -> int:
    """Counts by language, and both content hashes; the rows that differ into a file."""
    import polars as pl

    from weft.construct.difference import KINDS, difference
    from weft.engine.places import release_folder
    from weft.errors import WeftError

    if rows is not None and rows.suffix not in (".parquet", ".tsv"):
        raise WeftError(f"--rows {rows}: expected a file named .parquet or .tsv")
    with release_folder(before) as one, release_folder(after) as other:
        found = difference(one, other)
    if rows is not None:
        try:
            if rows.suffix == ".tsv":
                found.rows.write_csv(rows, separator="\t")
            else:
                found.rows.write_parquet(rows)
        except OSError as error:
            raise WeftError(f"--rows {rows}: cannot be written: {error.strerror or error}") from error
    if as_json:
        show.as_json(found.to_json())
        return 0
    differ = found.languages.filter(pl.sum_horizontal(KINDS) > 0)
    if differ.height:
        show.table(
            ("language", "before", "after", *KINDS),
            differ.select("language", "before", "after", *KINDS).iter_rows(),
            right=frozenset(range(1, 3 + len(KINDS))),
        )
    for name, folder, content in zip(("before", "after"), (before, after), found.hashes, strict=True):
        show.entry(name, f"{content}  {folder}")
    told = {"none": "the same content", "minor": "documents were only added: a minor version at least"}
    show.say(told.get(found.level(), "documents went, changed or moved: a major version"))
    return 0


def errors(build: str | Path, limit: int, reason: str | None, as_json: bool) -> int:
    """Rows of the error tables: a count by reason, then some of them."""
    import polars as pl

    held = _open(build).errors()
    if reason is not None and held.height:
        held = held.filter(pl.col("reason") == reason)
    if as_json:
        for row in (held if limit == 0 else held.head(limit)).iter_rows(named=True):
            show.say(show.json_line(row).rstrip("\n"))
        return 0
    if not held.height:
        show.say("no errors" if reason is None else f"no errors with the reason {reason}")
        return 0
    counted = held.group_by("stage", "kind", "reason").len("rows").sort("rows", "reason", descending=[True, False])
    show.table(("stage", "kind", "reason", "rows"), counted.iter_rows(), right=frozenset({3}))
    shown = held if limit == 0 else held.head(limit)
    columns = shown.select(
        pl.col("id").str.slice(0, 12), pl.col("locator").str.replace(_RECORD, ""), "reason", "detail"
    )
    show.table(("id", "locator", "reason", "detail"), columns.iter_rows())
    if shown.height < held.height:
        show.say(f"{held.height - shown.height} more: --limit 0 shows all")
    return 0
