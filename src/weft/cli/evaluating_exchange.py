"""What `weft evaluate` writes for other harnesses, and reads of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from weft.cli import show
from weft.cli.evaluating_told import figure
from weft.errors import WeftError, nearest

if TYPE_CHECKING:
    from weft.evaluate.running import Settings
    from weft.evaluate.suite import Suite

FORMS = ("lm-eval", "opencompass", "leaderboard")
_SHOWN = 20


def wanted(form: str | None, file: Path | None) -> bool:
    """Whether something is exchanged, and nothing asked."""
    return form is not None or file is not None


def exchange(
    given: str | None,
    form: str | None,
    file: Path | None,
    into: Path | None,
    suite: str | None,
    model: str | None,
    settings: Settings | None,
    as_json: bool,
) -> int:
    """Write for another harness, or read what one wrote."""
    if form is not None and file is not None:
        raise WeftError("--export and --import: expected one of them")
    if into is None:
        raise WeftError(
            f"weft evaluate: --into is missing; expected the folder that {'--export' if form else '--import'} writes"
        )
    if into.exists() and not into.is_dir():
        raise WeftError(f"{into}: is a file; expected a folder, or a name that is free")
    if file is not None:
        return _import(file, suite if suite is not None else given, model, into, settings, as_json)
    assert form is not None
    if form not in FORMS:
        raise WeftError(f"--export {form}: expected one of {', '.join(FORMS)}{nearest(form, FORMS)}")
    if given is None:
        what = "the folder of a run" if form == "leaderboard" else "SUITE"
        raise WeftError(f"weft evaluate --export {form}: {what} is missing")
    return _export(given, form, into, settings, as_json)


def _loaded(name: str, settings: Settings | None) -> tuple[Suite, Settings]:
    from dataclasses import replace

    from weft.evaluate.running import Settings
    from weft.evaluate.suite import load

    held, file = load(name)
    if settings is None:
        return held, Settings(file.parent)
    where = settings.data if settings.data != Path() else file.parent
    if not where.is_dir():
        raise WeftError(f"--data {where}: no such folder; expected the suite's files in it: {held.data or held.suite}")
    return held, replace(settings, data=where)


def _export(given: str, form: str, into: Path, settings: Settings | None, as_json: bool) -> int:
    from weft.evaluate.exchange import leaderboard, lm_eval, opencompass
    from weft.evaluate.exchange.parts import told

    if form == "leaderboard":
        made = leaderboard.export(Path(given), into)
    else:
        write = lm_eval.export if form == "lm-eval" else opencompass.export
        made = write(*_loaded(given, settings), into)
    if as_json:
        show.as_json(told(made))
        return 0
    for row in made.left[:_SHOWN]:
        show.say(f"not carried over: {row['task'] or 'suite'}: {row['what']}: {row['why']}")
    if len(made.left) > _SHOWN:
        show.say(f"… and {len(made.left) - _SHOWN:,} more in {into}/not-carried.json")
    show.say(f"{show.counted(len(made.files), 'file')}  {into}")
    return 0


def _import(
    file: Path, suite: str | None, model: str | None, into: Path, settings: Settings | None, as_json: bool
) -> int:
    from weft.evaluate.exchange.imported import of_suite, save
    from weft.evaluate.exchange.reading import read
    from weft.evaluate.place import alone, check_same

    held, chosen = (None, None) if suite is None else _loaded(suite, settings)
    found = read(file, model, held, chosen)
    samples, seed = (settings.samples, settings.choice.seed) if settings else (10_000, 0)
    with alone(into):
        check_same(into, *of_suite(found, held), found.model)
        made = save(found, held, into, samples, seed)
    if as_json:
        show.as_json(made | {"into": str(into)})
        return 0
    rows = [row for row in made["scores"] if row["primary"]]
    figures = [
        (
            row["task"],
            row["language"],
            row["direction"] or "",
            row["metric"],
            figure(row["value"], row["ceiling"]),
            f"{figure(row['low'], row['ceiling'])} to {figure(row['high'], row['ceiling'])}",
            row["items"],
        )
        for row in rows
    ]
    head = ("task", "language", "direction", "metric", "score", "95 %", "items")
    show.table(head, figures[:_SHOWN], right=frozenset({4, 6}))
    for row in made["imported"]["left_out"][:_SHOWN]:
        show.say(f"left out: {row['task']}: {row['what']}: {row['why']}")
    for name in made["imported"]["without_items"]:
        show.say(f"{name}: no items were given, so weft diff has no paired test of it")
    show.say(f"scores  {into}/scores.json")
    return 0
