"""A release written for a trainer: which parts, row by row what is left out and why, and the account of it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from weft import own_folder
from weft.errors import WeftError, nearest
from weft.model.languages import normalise
from weft.trainers import folder, settings
from weft.trainers.layouts import LAYOUTS, TRAINERS, Layout, kept
from weft.trainers.records import INSTRUCTION, REASONS, Direction, checked_instruction, reason_of
from weft.trainers.release import Part, count, open_release, rows_of, select
from weft.trainers.settings import Written
from weft.trainers.writing import FORMATS, Writer

Tell = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Plan:
    """What to export; empty tuples and None stand for all that the release has, and for what the layout prefers."""

    trainer: str
    kinds: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    format: str | None = None
    instruction: str | None = None
    directions: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Job:
    """One dataset to write: a part of the release, and of pairs a direction."""

    part: Part
    direction: Direction | None
    rows: int

    @property
    def folder(self) -> str:
        return self.part.folder if self.direction is None else str(self.direction)


class _Progress:
    """Rows that are done, of all that are to be read."""

    def __init__(self, jobs: Sequence[_Job], tell: Tell) -> None:
        self._total, self._done, self._tell = sum(job.rows for job in jobs), 0, tell

    def add(self, job: _Job, rows: int) -> None:
        self._done += rows
        what = f"{job.part.kind} {job.folder} {job.part.split}"
        self._tell(what, self._done, max(self._total, self._done))


def export(release: Path, plan: Plan, into: Path, tell: Tell) -> dict[str, Any]:
    """Write the parts of a release below `into`, with export.json, of which the content is returned.

    The same release and plan give the same bytes. In memory is one row group. Rows that a mixture reads several times
    are written as often, an epoch apart, each phase of the order by itself. Raises WeftError for a folder with other
    files in it, a release that is not whole or lacks what is asked for, and where nothing is left that the trainer
    takes.
    """
    _check_plan(plan)
    instruction = checked_instruction(plan.instruction if plan.instruction is not None else INSTRUCTION)
    opened = open_release(release)
    parts = select(opened, plan.kinds, plan.languages, plan.splits)
    jobs = _jobs(parts, plan)
    own_folder.check_free(into, folder.MANIFEST, folder.WORK)
    folder.check_outside(into, opened.folder)
    progress = _Progress(jobs, tell)
    with own_folder.working(into, folder.WORK) as work:
        if plan.trainer in LAYOUTS:
            made, closed = _converted(jobs, plan, instruction, work, progress)
        else:
            made, closed = _copied(jobs, work, progress)
        some = [one for one in made if one.rows]
        if not some:
            raise WeftError(f"{release}: nothing that {plan.trainer} can take; left out: {_told(_reasons(made))}")
        translated = any(job.direction is not None for job in jobs)
        told: dict[str, Any] = {
            "for": plan.trainer,
            "release": opened.identity(),
            "kinds": list(dict.fromkeys(part.kind for part in parts)),
            "languages": sorted({code for part in parts for code in part.languages()}),
            "splits": list(dict.fromkeys(part.split for part in parts)),
            "instruction": instruction if translated else None,
            "rows_read": sum(one.rows_read for one in made),
            "rows": sum(one.rows for one in made),
            "left_out": _reasons(made),
            "not_redistributable": closed,
            "datasets": [one.to_json() for one in made],
        }
        make = LAYOUTS[plan.trainer].settings if plan.trainer in LAYOUTS else settings.card
        told["settings"] = _write_settings(work, make(some, told))
        (work / folder.MANIFEST).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
        files = [file["path"] for one in made for file in one.files]
        folder.put(work, into, [*files, *(file["path"] for file in told["settings"])])
    return told


def _check_plan(plan: Plan) -> None:
    if plan.trainer not in TRAINERS:
        raise WeftError(f"--for {plan.trainer}: expected {', '.join(TRAINERS)}{nearest(plan.trainer, TRAINERS)}")
    if plan.format is not None and plan.format not in FORMATS:
        raise WeftError(f"--format {plan.format}: expected {', '.join(FORMATS)}{nearest(plan.format, FORMATS)}")
    if plan.trainer == "datasets":
        for option, given in (
            ("--format", plan.format),
            ("--instruction", plan.instruction),
            ("--direction", plan.directions or None),
        ):
            if given is not None:
                raise WeftError(f"{option}: datasets gets the files as they are; expected --for {', '.join(LAYOUTS)}")


def _jobs(parts: Sequence[Part], plan: Plan) -> list[_Job]:
    asked = [_direction(given) for given in plan.directions]
    jobs = []
    for part in parts:
        rows = count(part)
        if part.kind != "pairs" or plan.trainer == "datasets":
            jobs.append(_Job(part, None, rows))
            continue
        codes = part.languages()
        all_of_it = [Direction(one, other) for one in codes for other in codes if one != other]
        jobs += [_Job(part, one, rows) for one in all_of_it if one in asked or not asked]
    pairs = sorted({part.folder for part in parts if part.kind == "pairs"})
    if (asked or plan.instruction is not None) and not pairs:
        raise WeftError(
            f"--{'direction' if asked else 'instruction'}: no pairs are exported; expected a release with some"
        )
    for one in asked:
        if one not in [job.direction for job in jobs]:
            raise WeftError(f"--direction {one}: the release has pairs of {', '.join(pairs[:8])}")
    return jobs


def _direction(given: str) -> Direction:
    if not re.fullmatch(r"[^-]+-[^-]+", given):
        raise WeftError(f"--direction {given}: expected source and target, such as eng_Latn-swh_Latn")
    try:
        return Direction(*(normalise(name) for name in given.split("-")))
    except ValueError as error:
        raise WeftError(f"--direction {given}: {error}") from None


def _copied(jobs: Sequence[_Job], work: Path, progress: _Progress) -> tuple[list[Written], int]:
    made, closed = [], 0
    for job in jobs:
        part = job.part
        one = Written(part.kind, part.folder, part.split, rows_read=job.rows, shared=part.kind != "pairs")
        for file in part.files:
            name = f"{part.kind}/{part.folder}/{file.name}"
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, work / name)
            rows = count(Part(part.kind, part.folder, part.split, (file,)))
            one.files.append({"path": name, "rows": rows} | _digest(work / name))
            progress.add(job, rows)
        closed += sum(_closed(frame) for frame in rows_of(part, ["id"]))
        made.append(one)
    return made, closed


def _closed(frame: pl.DataFrame) -> int:
    """Rows that must not be given away, or of which nobody has said that they may."""
    if "redistribute" not in frame.columns:
        return frame.height
    return int((~frame["redistribute"].fill_null(False)).sum())


def _converted(
    jobs: Sequence[_Job], plan: Plan, instruction: str, work: Path, progress: _Progress
) -> tuple[list[Written], int]:
    layout = LAYOUTS[plan.trainer]
    made, closed = [], 0
    for job in jobs:
        columns = layout.columns(job.part.kind, job.direction, instruction) | kept(job.part.folder, job.direction)
        one = Written(job.part.kind, job.folder, job.part.split)
        form = plan.format or layout.format
        schema = {name: kind for name, (_, kind) in columns.items()}
        writer = Writer(work, f"{one.kind}/{one.folder}/{one.split}", form, schema, one_file=layout.one_file)
        try:
            for frame in _repeated(job.part):
                progress.add(job, frame.height)
                good = _sifted(frame, job, layout, one)
                closed += _closed(good)
                writer.add(good.select(made_of.alias(name) for name, (made_of, _) in columns.items()))
            writer.close()
        finally:
            writer.abandon()
        one.files = writer.files
        if one.rows_read != one.rows + sum(one.left_out.values()):
            raise AssertionError(f"{one.kind}/{one.folder}/{one.split}: rows were lost: {one.to_json()}")
        made.append(one)
    return made, closed


def _repeated(part: Part) -> Iterator[pl.DataFrame]:
    """Rows of a part, phase by phase; in each once more those that a mixture reads a second time, and so on."""
    for of_phase in _phases(part):
        number = most = 1
        while number <= most:
            for frame in rows_of(part, list(part.schema())):
                frame = frame.filter(of_phase)
                if "repeats" in frame.columns and "copy" not in frame.columns:
                    most = max(most, int(frame["repeats"].max() or 0))  # type: ignore[arg-type]
                    frame = frame if number == 1 else frame.filter(pl.col("repeats") >= number)
                if frame.height:
                    yield frame
            number += 1


def _phases(part: Part) -> list[pl.Expr]:
    """Conditions of the rows that are read together, in the order of training: all, or those of each phase."""
    found: list[str | None] = []
    for frame in rows_of(part, ["id"]):
        if not {"phase", "repeats"} <= set(frame.columns) or "copy" in frame.columns:
            break  # nothing is read again, or files hold what is, each in its phase
        named = frame["phase"].unique(maintain_order=True).to_list()
        found += [phase for phase in named if phase not in found]
    return [pl.col("phase").eq_missing(pl.lit(phase, pl.String)) for phase in found] or [pl.lit(True)]


def _sifted(frame: pl.DataFrame, job: _Job, layout: Layout, one: Written) -> pl.DataFrame:
    """The rows that the trainer can take; the others are counted."""
    reason = reason_of(job.part.kind, layout.shapes, frame.columns)
    if job.direction is not None:
        reason = pl.coalesce(reason, job.direction.reason()).alias("reason")
    frame = frame.with_columns(reason)
    one.rows_read += frame.height
    for name, rows in frame["reason"].drop_nulls().value_counts(sort=True).iter_rows():
        one.left_out[name] = one.left_out.get(name, 0) + rows
    return frame.filter(pl.col("reason").is_null())


def _reasons(made: Sequence[Written]) -> dict[str, int]:
    return {name: rows for name in sorted(REASONS) if (rows := sum(one.left_out.get(name, 0) for one in made))}


def _told(reasons: dict[str, int]) -> str:
    return ", ".join(f"{name} {rows:,}" for name, rows in reasons.items()) or "nothing, there are no rows"


def _write_settings(work: Path, texts: dict[str, str]) -> list[dict[str, Any]]:
    made = []
    for name, text in texts.items():
        (work / name).write_bytes(text.encode("utf-8"))
        made.append({"path": name} | _digest(work / name))
    return made


def _digest(file: Path) -> dict[str, Any]:
    with file.open("rb") as stream:
        return {"bytes": file.stat().st_size, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
