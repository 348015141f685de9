"""Two models on the same items: paired differences, with corrections for how many of them are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from weft.errors import WeftError
from weft.evaluate.measures import Measure, measure
from weft.evaluate.reading_runs import read_outcomes, read_scores, tasks_with_items
from weft.statistics.many import benjamini_hochberg, holm
from weft.statistics.paired import Difference, differences
from weft.statistics.resampling import SAMPLES


def compare(first: Path, second: Path, samples: int = SAMPLES, seed: int = 0, *, every: bool = False) -> dict[str, Any]:
    """The second run less the first, by task, language and direction, of each task's first measure, or of `every` one.

    `means` are differences of means over languages, each of which counts once; what is drawn together there is a
    cluster in all languages, as sentences of one id are translations of one another. `untested` are tasks of which
    another harness gave scores without items.

    Items are paired by language and id, and are left out where what was asked differs or one was not run. `holm` and
    `benjamini_hochberg` are p-values corrected over all differences of the table. Raises WeftError for folders that
    hold no evaluation, and for two without a task in common.
    """
    told = [read_scores(folder) for folder in (first, second)]
    ran = [{score["task"] for score in held["scores"]} for held in told]
    common = sorted(ran[0] & ran[1])
    if not common:
        raise WeftError(f"{first} and {second}: no task in common; expected evaluations of one suite")
    untested = _untested(common, (first, second), told)
    common = [name for name in common if name not in {row["task"] for row in untested}]
    outcomes = [read_outcomes(folder, common) for folder in (first, second)]
    primary = {(score["task"], score["metric"]) for score in told[0]["scores"] if score["primary"]}
    levels = {score["task"]: (score["level"], score["skill"], score["domain"]) for score in told[0]["scores"]}
    rows: list[dict[str, Any]] = []
    means: list[dict[str, Any]] = []
    judged = _judged(told[0], told[1])
    for name in common:
        about = {"task": name, **dict(zip(("level", "skill", "domain"), levels[name], strict=True))}
        wanted = None if every else {metric for task, metric in primary if task == name} | judged
        paired = _paired(outcomes[0][name], outcomes[1][name])
        rows += [about | row for row in _of_task(paired, wanted, samples, seed)]
        means += [about | row for row in _means(paired, wanted, samples, seed)]
    _correct(rows)
    _correct(means)
    return {
        "version": 1,
        "first": {"suite": told[0]["suite"], "model": told[0]["model"]},
        "second": {"suite": told[1]["suite"], "model": told[1]["model"]},
        "test": f"paired permutation, two-sided, {samples} samples, seed {seed}; interval by paired bootstrap",
        "means": means,
        "differences": rows,
        "untested": untested,
    }


def _untested(names: Sequence[str], folders: Sequence[Path], told: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Tasks of which a run has scores without items, as another harness gave them: nothing can be paired."""
    found = []
    for name in names:
        for folder, held in zip(folders, told, strict=True):
            if name not in tasks_with_items(held):
                found.append({"task": name, "why": f"{folder} has its scores without items; no paired test"})
                break
    return found


def _judged(first: Mapping[str, Any], second: Mapping[str, Any]) -> set[str]:
    """The measure of an estimator of quality that judged both runs; none where two judged them."""
    held = [one.get("quality") or {"signature": None} for one in (first, second)]
    if held[0]["signature"] is None or held[0]["signature"] != held[1]["signature"]:
        return set()
    return {"mos" if held[0]["kind"] == "mos" else f"mos_{held[0]['kind']}"}


@dataclass(frozen=True)
class _Paired:
    """Items that both runs have; `alike` where they were asked the same."""

    by: list[str]
    rows: pl.DataFrame
    measures: list[str]

    def parts(self, by: list[str]) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
        """Rows by language and direction, or by direction alone, with what they are."""
        if not by:
            yield {"direction": None}, self.rows
            return
        for key, part in self.rows.group_by(by, maintain_order=True):
            yield {"direction": None, **dict(zip(by, map(str, key), strict=True))}, part


def _paired(first: pl.DataFrame, second: pl.DataFrame) -> _Paired:
    by = ["language", "direction"] if "direction" in first.columns and "direction" in second.columns else ["language"]
    names = [one for one in first.columns if one.startswith("measure.") and one in second.columns]
    both = first.select([*by, "item", "cluster", "prompt", *names]).join(
        second.select([*by, "item", "prompt", *names]),
        on=[*by, "item"],
        how="inner",
        suffix=".second",
        maintain_order="left",
    )
    asked_alike = both.with_columns(alike=pl.col("prompt") == pl.col("prompt.second"))
    return _Paired(by, asked_alike, names)


def _run(part: pl.DataFrame, name: str) -> pl.DataFrame:
    return part.filter(pl.col("alike") & pl.col(name).is_not_null() & pl.col(f"{name}.second").is_not_null())


def _of_task(paired: _Paired, wanted: set[str] | None, samples: int, seed: int) -> Iterator[dict[str, Any]]:
    for about, part in paired.parts(paired.by):
        for name in paired.measures:
            if wanted is None or name.removeprefix("measure.") in wanted:
                yield about | _difference(_run(part, name), name, part.height, samples, seed)


def _means(paired: _Paired, wanted: set[str] | None, samples: int, seed: int) -> Iterator[dict[str, Any]]:
    for about, part in paired.parts(paired.by[1:]):
        for name in paired.measures:
            rows = _run(part, name)
            languages = rows["language"].unique(maintain_order=True).to_list()
            if len(languages) < 2 or (wanted is not None and name.removeprefix("measure.") not in wanted):
                continue
            yield about | {"languages": len(languages)} | _mean_difference(rows, name, languages, samples, seed)


def _mean_difference(rows: pl.DataFrame, name: str, languages: list[str], samples: int, seed: int) -> dict[str, Any]:
    """Of means over languages, of items that are drawn together with those of the same cluster in all languages."""
    held = measure(name.removeprefix("measure."))
    sums = np.stack([np.array(rows[column].to_list(), np.float64) for column in (name, f"{name}.second")], axis=1)
    clusters, which = np.unique(rows["cluster"].to_numpy(), return_inverse=True)
    place = rows["language"].replace_strict({code: at for at, code in enumerate(languages)}).to_numpy()
    width = sums.shape[2]
    spread = np.zeros((len(clusters), 2, len(languages), width))
    for side in range(2):
        np.add.at(spread[:, side], (which, place), sums[:, side])

    def finish(flat: Any) -> Any:
        each = held.finish(flat.reshape(*flat.shape[:-1], len(languages), width))
        return np.nanmean(each, axis=-1)

    (found,) = differences(spread.reshape(len(clusters), 2, -1), finish, samples=samples, seed=seed)
    return _told(held, found, rows.height, 0)


def _difference(rows: pl.DataFrame, name: str, items: int, samples: int, seed: int) -> dict[str, Any]:
    held = measure(name.removeprefix("measure."))
    if not rows.height:
        return _told(held, None, 0, items)
    sums = np.stack([np.array(rows[column].to_list(), np.float64) for column in (name, f"{name}.second")], axis=1)
    (found,) = differences(sums, held.finish, clusters=rows["cluster"].to_list(), samples=samples, seed=seed)
    return _told(held, found, rows.height, items - rows.height)


def _told(held: Measure, found: Difference | None, items: int, left_out: int) -> dict[str, Any]:
    figures = ("first", "second", "value", "low", "high", "p", "bootstrap_p")
    values = dict.fromkeys(figures)
    if found is not None:
        each = (found.first, found.second, found.value, found.low, found.high, found.permutation_p, found.bootstrap_p)
        values = dict(zip(figures, each, strict=True))
    return {
        "metric": held.name,
        "higher_is_better": held.higher_is_better,
        "ceiling": held.ceiling,
        "items": items,
        "left_out": left_out,
        **values,
    }


def _correct(rows: list[dict[str, Any]]) -> None:
    known = [row for row in rows if row["p"] is not None]
    for name, correct in (("holm", holm), ("benjamini_hochberg", benjamini_hochberg)):
        for row, value in zip(known, correct([row["p"] for row in known]), strict=True):
            row[name] = float(value)


def better(row: Mapping[str, Any], level: float = 0.05) -> int:
    """1 where the second is better by Holm's correction, -1 where it is worse, 0 where that cannot be told."""
    if row["value"] is None or row.get("holm", 1.0) >= level or row["value"] == 0:
        return 0
    return 1 if (row["value"] > 0) == row["higher_is_better"] else -1
