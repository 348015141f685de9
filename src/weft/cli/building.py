"""Commands that build: demo, init, run."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft.cli import show
from weft.cli.watching import Watch
from weft.errors import WeftError, nearest

if TYPE_CHECKING:
    from weft.engine.build import RunResult
    from weft.engine.room import Room
    from weft.engine.scheduler import Runner

RUNNERS = ("local", "ray")
STARTER = """\
# A starter recipe of weft. Run it with:  weft run recipe.yaml
# Every stage that is left out takes its default; `weft operators` lists all steps and parameters.
name: my-corpus

acquire:                      # where text comes from; paths are relative to this file
  - path: texts               # a file, a folder, a pattern such as crawl/*.warc.gz, or a URL such as s3://…
    license: unknown          # an SPDX id (CC-BY-4.0), LicenseRef-…, or unknown
    basis: unknown            # why it may be used: licence, public-domain, owned, consent, crawl-private, …
    redistribute: null        # true, false, or null when nobody knows
    # language_hint: swh_Latn # language of text that does not say its own

# label:                      # one column each; where: runs a step on some rows only
#   - script
#   - lid
#   - signals

construct:
  # rules:                    # join the default rules; null takes one out
  #   long_enough: signals.words >= 100
  #   unfinished_lines: null
  split: {train: 0.98, validation: 0.01, test: 0.01}
"""


def init(folder: Path, as_json: bool, synthesize: str | None = None) -> int:
    """Write recipe.yaml and the folder it reads; never over an existing recipe."""
    target = folder / "recipe.yaml"
    if synthesize is not None:
        return _init_synthesis(folder, target, synthesize, as_json)
    _write_recipe(folder, target, STARTER, ("texts",))
    if as_json:
        show.as_json({"recipe": str(target), "texts": str(folder / "texts")})
        return 0
    show.say(f"Wrote {target}. Put files into {folder / 'texts'} and run: weft run {target}")
    return 0


def _init_synthesis(folder: Path, target: Path, name: str, as_json: bool) -> int:
    """Write the recipe file of a step of synthesize, with the folders that it reads, and say what to put where."""
    from weft.synthesize.starters import starter

    held = starter(name)
    _write_recipe(folder, target, held.text, [file for file in held.files if "." not in file])
    if as_json:
        files = [{"path": str(folder / file), "what": what} for file, what in held.files.items()]
        show.as_json({"recipe": str(target), "operator": f"synthesize.{held.name}", "files": files})
        return 0
    show.say(f"Wrote {target}: {held.makes}")
    show.say("It reads:")
    names = max(len(str(folder / file)) for file in held.files) + 1
    for file, what in held.files.items():
        show.entry(str(folder / file), what, indent=2, names=names)
    more = ", and where the model server is, its model and price" if held.asks else ""
    show.say(f"Write your languages and the licences of the files into the recipe{more}. Then:")
    show.say(f"  weft synthesize {target} --estimate")
    show.say(f"  weft synthesize {target}")
    return 0


def _write_recipe(folder: Path, target: Path, text: str, folders: Iterable[str]) -> None:
    if target.exists():
        raise WeftError(f"{target}: exists already; expected a folder without a recipe")
    try:
        for name in folders:
            (folder / name).mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    except OSError as error:
        raise WeftError(f"{folder}: cannot be written: {error.strerror}") from error


def demo(folder: Path, workers: int | None, as_json: bool, quiet: bool) -> int:
    """Build the packaged sample."""
    from weft.sample import path

    return run(path() / "recipe.yaml", folder, "local", workers, None, None, [], False, as_json, quiet)


def run(
    recipe: Path,
    into: str | Path | None,
    runner: str,
    workers: int | None,
    ray_address: str | None,
    only: str | None,
    overrides: list[str],
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    room: Room | None = None,
    watch: Watch | None = None,
) -> int:
    """Check the recipe, run its plan, write the report and show the funnel."""
    import weft
    from weft.recipe import load
    from weft.report.page import PAGE

    checked = load(recipe, overrides)
    if checked.synthesize:
        raise WeftError(f"{recipe}: makes records (synthesize); expected weft synthesize {recipe}")
    target = _target(into, recipe)
    chosen = runner_of(runner, target, workers, ray_address)
    watcher = (watch or Watch()).opened(target, quiet=quiet or as_json or dry_run, dry=dry_run)
    began = time.monotonic()
    try:
        result = weft.run(
            checked,
            target,
            workers=workers,
            runner=chosen,
            only=only,
            dry_run=dry_run,
            listener=watcher,
            room=room,
        )
    finally:
        watcher.close()
    if dry_run:
        return planned(result, as_json)
    page = _within(target, PAGE) if only is None and result.status == 0 else None
    seconds = time.monotonic() - began
    if as_json:
        show.as_json(result.to_json() | {"seconds": round(seconds, 2), "report": page})
    else:
        _outcome(result, target, page, seconds)
    return result.status


def room(force: bool, keep_free: float | None) -> Room:
    """What a run does where the disk is small; warnings go to standard error."""
    from weft.engine.room import Room

    floor = None if keep_free is None else int(keep_free * 1e9)
    return Room(force, floor, lambda text: show.console(stderr=True).print(text, style="yellow", markup=False))


def _target(into: str | Path | None, recipe: Path) -> str | Path:
    """A URL as it is, a folder as a path."""
    from weft.engine.storage import is_url

    if into is None:
        return recipe.parent / "build"
    return into if isinstance(into, Path) or is_url(into) else Path(into)


def _within(target: str | Path, name: str) -> str:
    return str(target / name) if isinstance(target, Path) else f"{target.rstrip('/')}/{name}"


def runner_of(name: str, target: str | Path, workers: int | None, ray_address: str | None) -> Runner | None:
    """The runner of that name; null: the local one. Raises WeftError for one that is not there."""
    if name not in RUNNERS:
        raise WeftError(f"--runner {name}: expected {' or '.join(RUNNERS)}{nearest(name, RUNNERS)}")
    if name == "ray":
        from weft.engine.ray_runner import RayRunner

        return RayRunner(str(target), workers, ray_address)
    if ray_address is not None:
        raise WeftError(f"--ray-address {ray_address}: expected with --runner ray")
    return None


def planned(result: RunResult, as_json: bool) -> int:
    """Say what a dry run found."""
    held = result.to_json()
    if as_json:
        show.as_json(held)
        return 0
    nodes = dict.fromkeys([*held["cached"], *held["would_run"], *held["not_planned_yet"]])
    rows: list[tuple[Any, ...]] = []
    for node in nodes:
        later = node in held["not_planned_yet"] and node not in held["would_run"]
        rows.append((node, held["cached"].get(node, 0), "after these" if later else held["would_run"].get(node, 0)))
    show.table(("node", "cached", "would run"), rows, right=frozenset({1, 2}))
    return 0


def _outcome(result: RunResult, target: str | Path, page: str | None, seconds: float) -> None:
    ran = sum(result.tally.ran.values())
    if page is not None:
        _funnel(target)
    for failure in result.tally.failures:
        show.say(f"failed: {failure.task.node} on shard {failure.task.shard}: {failure.failure}")
    if result.stopped is not None:
        show.say(result.stopped)
    if ran == 0 and not result.tally.failures and result.stopped is None:
        show.say(f"Nothing to do: {sum(result.tally.cached.values()):,} tasks are done already.")
    else:
        found = sum(result.tally.cached.values())
        show.say(f"{show.counted(ran, 'task')} run, {found:,} found done, in {seconds:.1f} s.")
    if result.tally.failures:
        failed = show.counted(len(result.tally.failures), "task")
        show.say(f"{failed} failed; the same command goes on from here. More: weft logs {target} --failed")
    if page is not None:
        _remarks(target)
        show.say(f"corpus  {_within(target, 'construct')}")
        show.say(f"report  {page}")


def _remarks(target: str | Path) -> None:
    """What the table of languages does not show: records that came to nothing, and an empty corpus."""
    from weft.engine.reading import Build

    summary = Build.open(target).summary()
    lost = sum(stage["errors"] for stage in summary["stages"])
    lost += sum(sum(stage["rejected"].values()) for stage in summary["stages"] if stage["stage"] != "construct")
    for source in _without_groups(target):
        show.say(f"{source}: no document has a group; expected one in options: group_field of some document")
    if lost:
        show.say(f"{lost:,} files or records gave no document: weft errors {target}")
    if not any(entry["kept"] for entry in summary["languages"].values()):
        show.say(f"The corpus is empty: weft explain {target} ID tells of one document, the report of all.")


def _without_groups(target: str | Path) -> list[str]:
    """Sources that state where groups are said, and have none: the name is not that of a field."""
    import polars as pl

    from weft.engine.reading import Build

    build = Build.open(target)
    stated = [source.name for source in build.recipe.acquire if source.options.get("group_field")]
    if not stated:
        return []
    rows = build.documents(text=False).filter(pl.col("source").is_in(stated))
    found = rows.group_by("source").agg(pl.col("group_id").is_not_null().any().alias("any")).collect()
    return sorted(found.filter(~pl.col("any"))["source"])


def _funnel(target: str | Path) -> None:
    """Documents in and kept by language, and the rules that took most."""
    from weft.engine.reading import Build
    from weft.model.languages import name

    found = Build.open(target).summary()["languages"]
    rows = []
    for code, entry in sorted(found.items(), key=lambda item: (-item[1]["documents"], item[0])):
        worst = sorted(entry["rejected"].items(), key=lambda item: (-item[1], item[0]))[:3]
        rows.append((code, name(code), entry["documents"], entry["kept"], ", ".join(f"{r} {n}" for r, n in worst)))
    shown = rows if len(rows) <= 60 else rows[:60]
    show.table(
        ("code", "language", "documents", "kept", "rejected by"), shown, right=frozenset({2, 3}), whole=frozenset({0})
    )
    if len(rows) > len(shown):
        show.say(f"… and {len(rows) - len(shown)} more languages: see the report")
