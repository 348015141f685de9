"""A suite asked of a model: items, answers, scores, and the folder that holds them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from weft.errors import WeftError, nearest
from weft.evaluate.across import consistency
from weft.evaluate.gaps import gaps
from weft.evaluate.items import Choice, Items, NotRun, read_items
from weft.evaluate.judging import Judge
from weft.evaluate.lists import READERS
from weft.evaluate.models.contract import Continued, Likelihood, Model, Output, Pays, Question, Tell, lacking
from weft.evaluate.native import naturalness
from weft.evaluate.reading_runs import ITEMS, SCORES, VERSION, forget, read_outcomes, read_scores, tasks_with_items
from weft.evaluate.results import Score, averages, composites, scores_of, scores_with_noise
from weft.evaluate.scoring import scored
from weft.evaluate.seen import index_of, marked, seen
from weft.evaluate.suite import Suite, Task
from weft.evaluate.twins import twins
from weft.own_file import whole
from weft.statistics.resampling import SAMPLES


@dataclass(frozen=True)
class Settings:
    """What is asked, and how sure figures are made."""

    data: Path
    tasks: frozenset[str] | None = None
    choice: Choice = field(default_factory=Choice)
    samples: int = SAMPLES
    trained_on: tuple[Path, ...] = ()
    """Builds, releases or documents that the model was trained on: items that they hold are scored apart."""
    judge: Judge | None = None
    """What says of translations how people would rate them."""
    beside: tuple[Path, ...] = ()
    """Runs of other models: with them items that all fare worse on than on their twins are found."""


@dataclass
class Run:
    """What came of a suite."""

    suite: Suite
    model: Mapping[str, Any]
    scores: list[Score] = field(default_factory=list)
    not_run: list[NotRun] = field(default_factory=list)
    lost: list[dict[str, Any]] = field(default_factory=list)
    """Rows that have not all that is asked for: task, language, how many, and what is wrong with the first."""
    unanswered: list[dict[str, Any]] = field(default_factory=list)
    """Items that were asked and not answered, where others of their language were: task, language, noise, reason, how
    many items, and of how many."""
    outcomes: dict[str, pl.DataFrame] = field(default_factory=dict)
    consistency: list[dict[str, Any]] = field(default_factory=list)
    quality: dict[str, Any] | None = None
    """What an estimator of translation quality scored and what not; null: there was none."""
    naturalness: list[dict[str, Any]] = field(default_factory=list)
    """Distances of what was written from native texts, and the floors that native texts have by themselves."""
    twins: list[dict[str, Any]] = field(default_factory=list)
    """Of tasks with twins what is lost, over all models, and items that seem faulty."""
    contamination: dict[str, Any] | None = None
    """What of the items stands in the text that the model was trained on; null: nobody looked."""

    paid: dict[str, Any] | None = None
    """What answers cost, in this run and in all runs of its folder; null: they cost nothing."""

    def to_json(self) -> dict[str, Any]:
        """The contract of `scores.json`."""
        missing: dict[str, list[str]] = {}
        ran = {(one.task, one.language) for one in self.scores if one.primary}
        for one in self.not_run:
            # Noise or naturalness may be what was not run: the measure of an average was.
            if one.noise is None and (one.task, one.language) not in ran:
                missing.setdefault(one.task, []).append(one.language or "*")
        return {
            "version": VERSION,
            "weft": version("weft"),
            "suite": self.suite.suite,
            "suite_version": self.suite.version,
            "model": dict(self.model),
            "scores": [asdict(one) for one in self.scores],
            "averages": averages(self.scores, missing),
            "composites": composites(self.suite, self.scores),
            "consistency": self.consistency,
            "naturalness": self.naturalness,
            "twins": self.twins,
            "contamination": self.contamination,
            "paid": self.paid,
            "quality": self.quality,
            "not_run": [asdict(one) for one in self.not_run],
            "lost": self.lost,
            "unanswered": self.unanswered,
        }


def evaluate(suite: Suite, model: Model, settings: Settings, tell: Tell) -> Run:
    """Ask a model all items of a suite and score its answers; what cannot be asked is told, and the rest goes on.

    Raises WeftError for tasks that the suite has not, and where a model answers nobody.
    """
    for name in settings.tasks or ():
        if name not in suite.tasks:
            known = ", ".join(suite.tasks)
            raise WeftError(f"--task {name}: the suite {suite.suite} has {known}{nearest(name, suite.tasks)}")
    beside = [_outcomes_beside(suite, folder) for folder in settings.beside]
    run = Run(suite, model.told)
    read = dict(_read(suite, model, settings, run, tell))
    index = found = None
    if settings.trained_on:
        index = index_of({name: items.frames for name, items in read.items()})
        found, run.contamination = seen(index, settings.trained_on, tell)
    for name, items in read.items():
        task = suite.tasks[name].below(settings.data)
        outcomes = _asked(name, task, items.frames, model, tell)
        if index is not None and found is not None:
            outcomes = marked(outcomes, name, found, index)
        tell(f"score {name}", 0, None)
        judge = settings.judge
        outcomes = outcomes if judge is None else judge.judged(name, task, outcomes)
        run.outcomes[name] = outcomes
        made = scores_of(suite, name, outcomes, items.lost, settings.samples, settings.choice.seed)
        run.scores += made if judge is None else judge.signed(made)
        if task.contexts:
            run.scores += gaps(suite, name, outcomes, settings.samples, settings.choice.seed)
        if task.natural is not None:
            tell(f"naturalness {name}", 0, None)
            scores, distances, untold = naturalness(suite, name, outcomes, settings.data, settings.choice.seed)
            run.scores += scores
            run.naturalness += distances
            run.not_run += untold
        _tell_unanswered(run, name, outcomes)
        for kind, frames in items.noisy.items():
            noisy = _asked(name, task, frames, _WithNoise(model, kind), tell)
            _tell_unanswered(run, name, noisy, kind)
            run.outcomes[f"{name}.{kind}"] = noisy
            run.scores += scores_with_noise(suite, name, outcomes, noisy, kind, settings.samples, settings.choice.seed)
        if task.consistent:
            run.consistency += consistency(name, task, outcomes)
    gaps_of_twins, run.twins = twins(suite, run.outcomes, beside, settings.samples, settings.choice.seed)
    run.scores += gaps_of_twins
    run.paid = model.paid() if isinstance(model, Pays) else None
    run.quality = None if settings.judge is None else settings.judge.to_json()
    return run


def _outcomes_beside(suite: Suite, folder: Path) -> dict[str, pl.DataFrame]:
    """What another model answered to tasks that have twins. Raises WeftError for a run of another suite."""
    told = read_scores(folder)
    if (told["suite"], told["suite_version"]) != (suite.suite, suite.version):
        had = f"{told['suite']}, version {told['suite_version']}"
        raise WeftError(f"{folder}: of the suite {had}; expected {suite.suite}, version {suite.version}")
    wanted = {one for name, task in suite.tasks.items() if task.twin_of is not None for one in (name, task.twin_of)}
    return read_outcomes(folder, sorted(wanted & set(tasks_with_items(told))))


def _read(suite: Suite, model: Model, settings: Settings, run: Run, tell: Tell) -> Iterator[tuple[str, Items]]:
    """The items of each task that can be asked; what cannot joins what was not run."""
    for name, task in suite.tasks.items():
        if settings.tasks is not None and name not in settings.tasks:
            continue
        if (lacks := lacking(model, task.of.wants, task.of.likely(task))) is not None:
            run.not_run.append(NotRun(name, "", *lacks))
            continue
        try:
            for of_list, file in task.below(settings.data).lists.items():
                READERS[of_list](file)
        except WeftError as error:
            run.not_run.append(NotRun(name, "", "broken_list", str(error)))
            continue
        tell(f"read {name}", 0, None)
        items = read_items(name, task, settings.data, settings.choice)
        run.not_run += items.not_run
        run.lost += [
            {"task": name, "language": code, "rows": count, "first": items.faults[code]}
            for code, count in sorted(items.lost.items())
        ]
        if items.frames:
            yield name, items


@dataclass(frozen=True)
class _WithNoise:
    """A model that is told which noise there is in what it is asked."""

    held: Model
    kind: str

    @property
    def told(self) -> Mapping[str, Any]:
        return self.held.told

    @property
    def likely(self) -> bool:
        return self.held.likely

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        return self.held.generate([one._replace(variant=self.kind) for one in questions], tell)

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        return self.held.likelihoods(pairs, tell)

    def close(self) -> None:
        """The model itself is closed."""


def _asked(name: str, task: Task, frames: Mapping[str, pl.DataFrame], model: Model, tell: Tell) -> pl.DataFrame:
    """All languages together, so that a model always has enough to answer at once."""
    together = pl.concat(list(frames.values()), how="diagonal_relaxed")

    def told(what: str, done: int, total: int | None) -> None:
        tell(f"{name}: {what}", done, total)

    return scored(name, task, together, model, told)


def _tell_unanswered(run: Run, name: str, outcomes: pl.DataFrame, noise: str | None = None) -> None:
    """Languages of which no item was answered were not run; of others the items without an answer are counted."""
    which = "" if noise is None else f" with noise {noise}"
    for (language,), part in outcomes.group_by(["language"], maintain_order=True):
        code, reasons = str(language), part["reason"].drop_nulls()
        if reasons.len() == part.height:
            most = str(reasons.mode().sort().first())
            said = f"none of {part.height} items{which} was answered; the first is {part['item'][0]}"
            run.not_run.append(NotRun(name, code, most, said, noise))
            continue
        run.unanswered += [
            {"task": name, "language": code, "noise": noise, "reason": why, "items": count, "of": part.height}
            for why, count in sorted(reasons.value_counts().iter_rows())
        ]


def save(run: Run, into: Path) -> Path:
    """Write `scores.json` and the outcomes of items, each whole or not at all; gives the first."""
    folder = into / ITEMS
    folder.mkdir(parents=True, exist_ok=True)
    for name, outcomes in run.outcomes.items():
        with whole(folder / f"{name}.parquet") as place:
            outcomes.write_parquet(place, compression="zstd")
    forget(into, run.outcomes)
    with whole(into / SCORES) as place:
        place.write_text(json.dumps(run.to_json(), ensure_ascii=False, indent=1) + "\n", "utf-8")
    return into / SCORES
