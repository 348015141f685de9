"""Suites: of which data what is asked, how answers are scored, and what is put together; YAML that people write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError, field_validator, model_validator

from weft.errors import WeftError, nearest
from weft.evaluate.checks import CHECKS
from weft.evaluate.kinds import KINDS
from weft.evaluate.kinds.contract import Kind as KindOfTask
from weft.evaluate.suite_parts import (
    Composite,
    Natural,
    Noisy,
    Part,
    Probes,
    Samples,
    Shots,
    fault_of_path,
    fault_of_rows,
)
from weft.model.languages import normalise
from weft.recipe.faults import Fault, Kind, RecipeError, of_shape, position, read_yaml, told

Level = Literal["language", "domain", "culture"]
LEVELS: tuple[str, ...] = get_args(Level)
Asking = Literal[
    "choice",
    "prefer",
    "generate",
    "short_answers",
    "instructions",
    "translate",
    "respond",
    "survey",
    "stereotypes",
    "norms",
    "retrieve",
    "likeness",
    "long_context",
]
Listed = Literal["terms", "taboos", "toxic", "openings", "markers", "names", "forms", "salient", "needles", "lemmas"]
Checked = Literal[
    "language",
    "hallucination",
    "terms",
    "taboos",
    "toxic",
    "register",
    "names",
    "local_forms",
    "salience",
]
Wanted = Literal["register", "names", "date", "number", "quantity", "unit"]
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_. -]*)\}")


_DEFAULTED = ("instructions", "arguments")
"""Columns that have a name though nobody gave one."""


class Columns(Part):
    """Where in the data things are: names of columns."""

    id: str | list[str] | None = Field(
        None, description="Of the item, one column or several; null: the column id, else the number of the row."
    )
    language: str | None = Field(None, description="Of the row, where one file has several languages.")
    cluster: str | None = Field(None, description="Items of one cluster (a passage, a document) are drawn together.")
    slices: dict[str, str] = Field(default_factory=dict, description="Name of a slice and the column of its values.")
    answer: str | None = Field(None, description="choice: number, label or text; generate: the right text, or texts.")
    answers_from: Literal[0, 1] = Field(0, description="choice: the number of the first choice, where answers are.")
    answers_are: Literal["label", "number", "text"] | None = Field(
        None, description="choice: what answers are; null: what most rows of a file can be read as."
    )
    choices: list[str] = Field(default_factory=list, description="choice: a column of each, or one that lists them.")
    groups: str | None = Field(
        None, description="short_answers: a list of answers, en_answers and count, as BLEnD's annotations have it."
    )
    idks: str | None = Field(None, description="short_answers: how many people had no answer, by kind.")
    instructions: str = Field("instruction_id_list", description="instructions: kinds, as IFEval has them.")
    arguments: str = Field("kwargs", description="instructions: arguments of each kind.")
    good: str | None = Field(None, description="prefer: the text that should be likelier.")
    bad: str | None = Field(None, description="prefer: the other one.")
    source: str | None = Field(None, description="translate: the text, of files that hold both sides.")
    references: list[str] = Field(default_factory=list, description="translate: of files that hold both sides.")
    text: str | None = Field(
        None, description="translate, retrieve, likeness: the sentence, of files with one language each; else native."
    )
    people: str | None = Field(None, description="survey: how many people gave each answer, as a list or its JSON.")
    identity: str | None = Field(None, description="stereotypes: of whom something is said.")
    attribute: str | None = Field(None, description="stereotypes: what is said of them.")
    axis: str | None = Field(None, description="stereotypes: groups that are compared; null: all with one another.")
    control: str | None = Field(None, description="stereotypes: true of attributes that nobody says of a group.")
    agreement: str | None = Field(None, description="stereotypes: share of people who know it as one; null: 1.")
    offensiveness: str | None = Field(None, description="stereotypes: from 0; null: 1.")
    wanted: dict[Wanted, str] = Field(
        default_factory=dict, description="What checks look for, and the column of it: a register, names, a date…"
    )
    unsafe: str | None = Field(None, description="respond: whether an item asks for harm: true or false, 1 or 0.")

    @field_validator("choices", "references", mode="before")
    @classmethod
    def _one_column(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @property
    def both_sides(self) -> bool:
        """Whether a row holds a sentence and its translations."""
        return self.source is not None and bool(self.references)

    def named(self) -> list[str]:
        """Columns that a suite names, of whatever use they are."""
        found: list[str] = []
        for name in type(self).model_fields:
            if name in _DEFAULTED:
                continue
            held = getattr(self, name)
            found += [held] if isinstance(held, str) else held if isinstance(held, list) else []
        return [*found, *self.slices.values(), *self.wanted.values()]

    def ids(self) -> list[str]:
        """Columns that name an item together; none: the column id, or the row."""
        return [self.id] if isinstance(self.id, str) else list(self.id or ())


class Task(Part):
    """One thing that is asked, of every language that there is data of."""

    kind: Asking = Field(description="What a model is asked to do.")
    level: Level = Field(description="language, domain or culture.")
    skill: str = Field(min_length=1, description="Such as topic, reading, inference, translation.")
    domain: str | None = Field(None, description="Such as health, law, commerce.")
    files: str = Field(min_length=1, description="Below the data folder; {language} stands for a code or name.")
    languages: dict[str, str] = Field(
        default_factory=dict, description="Code of a name that stands in files or rows, where it is no code itself."
    )
    rows: str | None = Field(None, description="SQL condition of the rows that are asked.")
    columns: Columns = Field(default_factory=Columns, description="Names of columns.")
    choices: list[str] = Field(default_factory=list, description="choice: where they are the same for all rows.")
    labels: list[str] = Field(default_factory=lambda: list("ABCDEFGHIJ"), description="choice by answer: of the list.")
    prompt: str = Field("", description="What is asked; {column} stands for a value. prefer: what comes before.")
    prompts: dict[str, str] = Field(default_factory=dict, description="Prompts of single languages, by code.")
    continuation: str = Field(" {choice}", description="choice by log-likelihood: what follows the prompt.")
    by: Literal["log_likelihood", "answer"] = Field("log_likelihood", description="choice: how one is chosen.")
    normalise: Literal["bytes", "characters", "tokens", "none", "pmi"] = Field(
        "bytes", description="What log-likelihoods are divided by; the others are reported beside."
    )
    unconditional: str | None = Field(
        None, description="choice by log-likelihood: a prompt that says nothing, such as Answer:, for pmi."
    )
    pivot: str | None = Field(
        None,
        description="translate, retrieve, likeness: the other language. choice: the one others are consistent with.",
    )
    directions: list[Literal["from_pivot", "to_pivot"]] = Field(
        default=["from_pivot", "to_pivot"], description="translate, retrieve: which are asked."
    )
    metrics: list[str] = Field(default_factory=list, description="The first is the one of tables.")
    shots: Shots | None = Field(None, description="Examples before the question.")
    max_tokens: int = Field(256, ge=1, description="Of an answer.")
    stop: list[str] = Field(default_factory=list, description="An answer ends before any of these.")
    checks: list[Checked] = Field(
        default=["language"],
        description="Of what is written: its language, terms, taboos, toxic words, hallucinations.",
    )
    hallucination_below: float | None = Field(
        None, gt=0, lt=100, description="chrF++ below which a translation with a reason counts as hallucinated."
    )
    samples: Samples | None = Field(
        None,
        description="Several answers: of choices and short answers how often they are the same; of surveys shares.",
    )
    ordinal: bool = Field(False, description="survey: answers have an order, so that they can be near one another.")
    contexts: dict[str, str] = Field(
        default_factory=dict, description="norms: what stands at {context}, by the name of the condition."
    )
    gap: tuple[str, str] = Field(
        ("rule", "country"), description="norms: accuracy with the first context less that with the second."
    )
    adequate: float | None = Field(
        None, gt=0, lt=100, description="chrF++ from which a translation counts in scores that are gated by adequacy."
    )
    lists: dict[Listed, str] = Field(
        default_factory=dict, description="Tables of words that checks read, below the data folder."
    )
    endings: int = Field(
        0, ge=0, le=8, description="Letters that may follow a word of a list: endings that a language puts to words."
    )
    probes: Probes | None = Field(None, description="long_context: what is made of the texts.")
    twin_of: str | None = Field(
        None, description="A task with the same items, translated by people: what is lost, and items that seem faulty."
    )
    natural: Natural | None = Field(None, description="How far what is written is from native texts; one figure.")
    noise: Noisy | None = Field(None, description="Ask again with noise, and say what is left of the score.")
    consistent: bool = Field(False, description="choice: items of one id are the same in all languages.")

    @field_validator("languages", mode="after")
    @classmethod
    def _codes(cls, value: dict[str, str]) -> dict[str, str]:
        return {name: normalise(code) for name, code in value.items()}

    @field_validator("pivot", mode="after")
    @classmethod
    def _code(cls, value: str | None) -> str | None:
        return None if value is None else normalise(value)

    @field_validator("prompts", mode="after")
    @classmethod
    def _by_code(cls, value: dict[str, str]) -> dict[str, str]:
        return {normalise(code): prompt for code, prompt in value.items()}

    @model_validator(mode="after")
    def _whole(self) -> Task:
        fault = next(_faults(self), None)
        if fault is not None:
            raise ValueError(fault)
        return self

    @property
    def measured(self) -> tuple[str, ...]:
        """Names of metrics, the one of tables first."""
        return tuple(self.metrics) or self.of.metrics[:1]

    @property
    def of(self) -> KindOfTask:
        """What its kind is."""
        return KINDS[self.kind]

    def checked(self) -> list[str]:
        """Checks of what is written, without those that its kind has no use for."""
        return list(dict.fromkeys(self.checks)) if self.of.written(self) else []

    def below(self, folder: Path) -> Task:
        """The same with its lists where they are."""
        return self.model_copy(update={"lists": {name: str(folder / file) for name, file in self.lists.items()}})

    def prompt_of(self, language: str) -> str:
        """The prompt of a language."""
        return self.prompts.get(language, self.prompt)

    def places(self) -> list[str]:
        """Columns that prompts and continuations name."""
        texts = [self.prompt, *self.prompts.values()]
        found = dict.fromkeys(name for text in texts for name in _PLACE.findall(text))
        return [name for name in found if name not in self.of.places]


def _faults(task: Task) -> Iterator[str]:
    kind = task.of
    for name in task.metrics:
        if name not in kind.metrics and not name.startswith(kind.metric_prefixes or ("\0",)):
            known = ", ".join(kind.metrics)
            yield f"metric {name} is none of {task.kind}; expected one of {known}{nearest(name, kind.metrics)}"
    if "{language}" not in task.files and task.columns.language is None and not task.columns.both_sides:
        yield "files has no {language} and columns no language; expected one of them, as scores are of languages"
    yield from kind.faults(task)
    yield from _faults_of_data(task)
    if len(set(task.choices)) < len(task.choices):
        yield "choices: one stands there twice; expected each once"
    if task.consistent and not kind.consistent:
        yield f"consistent: of kind choice alone, got {task.kind}"
    if task.normalise == "pmi" and task.unconditional is None:
        yield "normalise: pmi needs unconditional; expected a prompt that says nothing, such as Answer:"
    for name in dict.fromkeys(task.checks):
        yield from CHECKS[name].faults(task)
    if task.shots is not None and kind.answer is None:
        yield f"shots: not of {task.kind}"
    if task.natural is not None and not kind.written(task):
        yield f"natural: not of {task.kind}, where nothing is written"
    if task.natural is not None and "{language}" not in task.natural.files:
        yield "natural: files has no {language}; expected native texts of each language in a file of their own"
    if task.noise is not None:
        yield from _faults_of_noise(task, task.noise)
    if kind.prompted and not task.prompt:
        yield "prompt is missing; expected what is asked, with {column} where a value stands"


def _faults_of_data(task: Task) -> Iterator[str]:
    paths = {"files": task.files, **{f"lists.{name}": file for name, file in task.lists.items()}}
    if task.natural is not None:
        paths |= {"natural.files": task.natural.files, "natural.translated": task.natural.translated or ""}
    if task.noise is not None and task.noise.lexicon:
        paths["noise.lexicon"] = task.noise.lexicon
    conditions = {"rows": task.rows, "shots.rows": task.shots.rows if task.shots else None}
    found = [fault_of_path(name, given) for name, given in paths.items()]
    found += [fault_of_rows(name, given) for name, given in conditions.items()]
    yield from (one for one in found if one is not None)
    if task.of.prompted and task.prompt and not _PLACE.search(task.prompt):
        yield "prompt has no {column}; expected the value of a column in it, or every item asks the same"


def _faults_of_noise(task: Task, noise: Noisy) -> Iterator[str]:
    if not task.of.prompted:
        yield f"noise: not of {task.kind}, which asks nothing"
    given = [noise.lexicon is not None, noise.into is not None]
    if given != ["mixed" in noise.kinds] * 2:
        yield "noise: kind mixed, lexicon and into belong together; expected all three or none of them"
    for name in noise.columns:
        if name not in task.places():
            known = task.places()
            yield f"noise: the prompt has no {{{name}}}; expected one of {', '.join(known)}{nearest(name, known)}"


class Suite(Part):
    """Tasks, and what is put together of them."""

    suite: str = Field(pattern=_NAME.pattern, description="Its name.")
    version: int = Field(ge=1, description="Raised when scores change.")
    about: str = Field("", description="What it measures.")
    data: str = Field("", description="Where its data can be had, under which licence.")
    tasks: dict[Annotated[str, Field(pattern=f"^{_NAME.pattern}$")], Task] = Field(min_length=1)
    composites: dict[str, Composite] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _parts(self) -> Suite:
        for name, task in self.tasks.items():
            fault = None if task.twin_of is None else self._fault_of_twin(name, task, task.twin_of)
            if fault is not None:
                raise ValueError(f"task {name}: twin_of: {fault}")
        known = [f"{name}/{metric}" for name, task in self.tasks.items() for metric in task.measured]
        for name, held in self.composites.items():
            for part in held.weights:
                if part not in self.tasks and part not in known:
                    raise ValueError(
                        f"composite {name}: no {part}; expected one of {', '.join(known)}{nearest(part, known)}"
                    )
        return self

    def _fault_of_twin(self, name: str, task: Task, twin: str) -> str | None:
        from weft.evaluate.measures import measure

        others = [one for one in self.tasks if one != name]
        if twin not in others:
            return f"no {twin}; expected one of {', '.join(others) or 'other tasks'}{nearest(twin, others)}"
        theirs = self.tasks[twin]
        if (task.kind, task.measured[0]) != (theirs.kind, theirs.measured[0]):
            return f"{twin} is {theirs.kind} by {theirs.measured[0]}; expected {task.kind} by {task.measured[0]}"
        if not measure(task.measured[0]).higher_is_better:
            return f"{task.measured[0]} is better when lower; expected a measure such as accuracy"
        return None


_KIND = Kind("a suite", "tasks", "weft evaluate --list names those that come with weft", Suite)


def shipped() -> dict[str, Path]:
    """Files of the suites that come with weft, by name."""
    folder = Path(str(resources.files("weft.evaluate") / "suites"))
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def load(given: str) -> tuple[Suite, Path]:
    """The suite of a name or a file, and its file. Raises WeftError with every fault, file and line."""
    known = shipped()
    if given in known:
        file = known[given]
    else:
        file = Path(given)
        if not file.exists() and file.suffix not in (".yaml", ".yml"):
            raise WeftError(
                f"suite {given}: no file, and none of {', '.join(known)}; expected one of them or a YAML file"
                f"{nearest(given, known)}"
            )
    tree = read_yaml(file, _KIND)
    try:
        return Suite.model_validate(tree), file
    except ValidationError as error:
        faults = [_fault(tree, dict(fault)) for fault in error.errors()]
        ordered = sorted(dict.fromkeys(faults), key=lambda fault: position(tree, fault.path)[0])
        raise RecipeError([told(file, tree, fault, (), "suite") for fault in ordered]) from None


def _fault(tree: Any, fault: dict[str, Any]) -> Fault:
    found = of_shape(tree, fault, Suite)
    if fault["type"] == "value_error":
        return Fault(found.path, str(fault["msg"]).removeprefix("Value error, "))
    return found
