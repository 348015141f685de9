"""What every operator must keep, checked by running it: `check(spec, examples)`, for ours and for plugins."""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from weft.errors import WeftError
from weft.operators import samples
from weft.operators.contract import OperatorSpec
from weft.operators.examples import Example, difference
from weft.operators.registry import ROOMS, Registry, validate
from weft.operators.trial import Refused, build, example_table, run, run_reader, same_rows

_BATCHES = (1, 3, 7)
_SEED = 20


class Nonconforming(WeftError):
    """An operator that breaks the contract; `faults` has a sentence for each way."""

    def __init__(self, name: str, faults: Sequence[str]) -> None:
        super().__init__("\n".join(f"{name}: {fault}" for fault in faults))
        self.faults = list(faults)


def check(spec: OperatorSpec, examples: Sequence[Example], registry: Registry | None = None) -> None:
    """Pass silently, or raise Nonconforming with every promise that the operator does not keep."""
    found = faults(spec, examples, registry or Registry.from_rooms(ROOMS))
    if found:
        raise Nonconforming(spec.name, found)


def faults(spec: OperatorSpec, examples: Sequence[Example], registry: Registry) -> list[str]:
    """A sentence for each promise that the operator does not keep; empty when it keeps all."""
    found = _declaration(spec)
    if found:
        return found
    try:
        if spec.kind == "service":
            given = examples[0].parameters if examples else {}
            if not inspect.iscoroutinefunction(build(spec, given)):
                return ["the factory of a service gives a plain function; expected an async one"]
            if not any(example.replies for example in examples):
                return []  # without recorded replies there is nothing to try it with
        for example in examples:
            found += _example(spec, example, registry)
        parameters = examples[0].parameters if examples else {}
        for trial in _trials(spec, examples, registry, parameters):
            found += [f"{trial.title}: {fault}" for fault in _CHECKS[_shape(spec)](trial)]
    except Refused as refused:
        found.append(str(refused))
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Trial:
    """One batch on which an operator is tried."""

    title: str
    spec: OperatorSpec
    parameters: dict[str, Any]
    batch: pa.Table

    replies: dict[str, Any] | None = None
    """What a service answers."""

    @functools.cached_property
    def function(self) -> Any:
        return build(self.spec, self.parameters, self.replies)

    def run(self, batch: pa.Table) -> pa.Table:
        return run(self.spec, self.function, batch)

    def again(self) -> pa.Table:
        """The answer of an operator built anew."""
        return run(self.spec, build(self.spec, self.parameters, self.replies), self.batch)


def _shape(spec: OperatorSpec) -> str:
    if spec.accepts:
        return "reader"
    return spec.kind if spec.kind not in ("map", "service") else spec.rows


def _trials(
    spec: OperatorSpec, examples: Sequence[Example], registry: Registry, parameters: dict[str, Any]
) -> list[Trial]:
    if spec.accepts:
        return [Trial("hard files", spec, parameters, pa.table({}))]
    if samples.can_sample(spec, registry):
        return [Trial("hard text", spec, parameters, samples.table(spec, registry), _replies(spec, examples[:1]))]
    return [_example_trial(spec, example, registry) for example in examples]


def _example_trial(spec: OperatorSpec, example: Example, registry: Registry) -> Trial:
    given = spec.given(validate(spec, example.parameters)) if spec.writes_by is not None else spec
    table = example_table(spec, example, registry)
    return Trial(f"example {example.title!r}", given, example.parameters, table, _replies(spec, [example]))


def _replies(spec: OperatorSpec, examples: Sequence[Example]) -> dict[str, Any] | None:
    return dict(examples[0].replies) if spec.kind == "service" and examples else None


def _declaration(spec: OperatorSpec) -> list[str]:
    found = []
    if not (spec.build.__doc__ or "").strip():
        found.append("the factory has no docstring; expected one sentence on what it gives")
    try:
        hints = typing.get_type_hints(spec.build, include_extras=True)
    except NameError as error:
        return [*found, f"an annotation of the factory cannot be resolved: {error}"]
    for name, parameter in inspect.signature(spec.build).parameters.items():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            found.append(f"parameter {name} is not keyword-only; expected a * before it")
        if name not in hints:
            found.append(f"parameter {name} has no type; its type is its recipe schema")
        if name == "where":
            found.append("parameter where is the recipe's own word; expected another name")
        if name in ("language", "languages", "script", "scripts") and parameter.default not in (parameter.empty, None):
            found.append(f"parameter {name} has a default; no language or script is the silent default")
    if not spec.writes:
        found.append("writes nothing; expected a column at least")
    for library in spec.libraries:
        try:
            importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            found.append(f"libraries names {library}, which is not an installed distribution")
    if spec.room == "label" and spec.rows == "keep" and not spec.transient and list(spec.writes) != [spec.short]:
        found.append(f"a label writes one column with its short name {spec.short}, not {', '.join(spec.writes)}")
    return found


def _example(spec: OperatorSpec, example: Example, registry: Registry) -> list[str]:
    if spec.accepts:
        made = run_reader(spec, example.parameters, example.input)
    else:
        function = build(spec, example.parameters, _replies(spec, [example]))
        made = run(spec, function, example_table(spec, example, registry))
    found = []
    for column, expected in example.output.items():
        if column not in made.column_names:
            found.append(f"example {example.title!r}: no column {column}; it has {', '.join(made.column_names)}")
            continue
        fault = difference(expected, made[column].to_pylist(), column)
        if fault:
            found.append(f"example {example.title!r}: {fault}")
    return found


def _keep(trial: Trial) -> list[str]:
    spec, batch = trial.spec, trial.batch
    whole = trial.run(batch)
    found = _types(spec, whole)
    expected = [*batch.column_names, *(name for name in spec.writes if name not in batch.column_names)]
    if sorted(whole.column_names) != sorted(expected) or whole.num_rows != batch.num_rows:
        got = f"{whole.num_rows} rows of {', '.join(whole.column_names)}"
        return [*found, f"gives {got}; expected {batch.num_rows} rows of {', '.join(expected)}"]
    others = [name for name in batch.column_names if name not in spec.writes]
    found += same_rows(batch, whole, others, "another column was changed")
    written = list(spec.writes)
    read = spec.reading(validate(spec, trial.parameters))
    alone = batch.select([name for name in batch.column_names if name in read])
    found += same_rows(whole, trial.run(alone), written, "needs a column that `reads` does not name")
    for size in _BATCHES:
        parts = [trial.run(batch.slice(start, size)) for start in range(0, batch.num_rows, size)]
        found += same_rows(whole, pa.concat_tables(parts), written, f"another answer in batches of {size}")
    chunked = pa.concat_tables([batch.slice(0, 5), batch.slice(5)])
    found += same_rows(whole, trial.run(chunked), written, "another answer for a column of several chunks")
    for order in _orders(batch.num_rows):
        turned = trial.run(batch.take(order))
        found += same_rows(whole.take(order), turned, written, "another answer in another row order")
    found += same_rows(whole, trial.again(), written, "another answer when built again")
    found += _empty(trial, expected)
    if spec.room in ("label", "deduplicate") and "text" in spec.reads and not spec.transient:
        unknown = [row for row, text in enumerate(batch["text"].to_pylist()) if text is None]
        for name in spec.writes:
            if any(whole[name][row].is_valid for row in unknown):
                found.append(f"{name} is not null where the text is null")
    return found


def _make(trial: Trial) -> list[str]:
    spec, batch = trial.spec, trial.batch
    whole = trial.run(batch)
    found = _types(spec, whole)
    if sorted(whole.column_names) != sorted(spec.writes):
        return [*found, f"makes rows of {', '.join(whole.column_names)}; expected {', '.join(spec.writes)}"]
    written = list(spec.writes)
    alone = batch.select([name for name in batch.column_names if name in spec.reads])
    found += same_rows(whole, trial.run(alone), written, "needs a column that `reads` does not name", ordered=False)
    for size in _BATCHES:
        parts = [trial.run(batch.slice(start, size)) for start in range(0, batch.num_rows, size)]
        if parts:
            message = f"other rows in batches of {size}"
            found += same_rows(whole, pa.concat_tables(parts), written, message, ordered=False)
    return found + _unordered(trial, whole, written) + _empty(trial, written)


def _group(trial: Trial) -> list[str]:
    whole = trial.run(trial.batch)
    written = list(trial.spec.writes)
    found = _types(trial.spec, whole)
    missing = set(trial.spec.group_by) - set(trial.spec.reads)
    if missing:
        found.append(f"group_by names {', '.join(sorted(missing))}, which it does not read")
    return found + _unordered(trial, whole, written) + _empty(trial, written)


def _unordered(trial: Trial, whole: pa.Table, written: list[str]) -> list[str]:
    found = same_rows(whole, trial.again(), written, "another answer when built again")
    for order in _orders(trial.batch.num_rows):
        turned = trial.run(trial.batch.take(order))
        found += same_rows(whole, turned, written, "other rows for another row order", ordered=False)
    return found


def _fold(trial: Trial) -> list[str]:
    spec, batch = trial.spec, trial.batch
    whole = trial.run(batch)
    written = list(spec.writes)
    found = _types(spec, whole)
    fold = trial.function
    for size in (1, 4):
        parts = [fold.partial(batch.slice(start, size)) for start in range(0, batch.num_rows, size)]
        if len(parts) < 2:
            continue
        flat = fold.finish(fold.merge(parts))
        found += same_rows(whole, flat, written, f"another answer from partials of {size} rows")
        left = fold.merge([fold.merge(parts[:2]), *parts[2:]])
        right = fold.merge([parts[0], fold.merge(parts[1:])])
        for nested in (left, right):
            found += same_rows(flat, fold.finish(nested), written, "merging in two steps gives another answer")
    none = fold.partial(batch.slice(0, 0))
    with_none = fold.finish(fold.merge([none, fold.partial(batch), none]))
    found += same_rows(whole, with_none, written, "an empty batch changes the answer")
    return found + _types(spec, fold.finish(fold.merge([none])))


def _reader(trial: Trial) -> list[str]:
    hard = "\n".join(text for text in samples.HARD_TEXTS if text).encode()
    contents = (b"", b"\x00" * 100, bytes(range(256)) * 20, hard, b"\n" * 50, hard[:7])
    found = []
    for ending in trial.spec.accepts:
        for content in contents:
            made = run_reader(trial.spec, trial.parameters, {"name": [f"hard{ending}"], "content": [content]})
            found += _types(trial.spec, made)
    return found


def _types(spec: OperatorSpec, made: pa.Table) -> list[str]:
    found = []
    for name, kind in spec.writes.items():
        if name not in made.column_names:
            found.append(f"does not write {name}, which it declares")
        elif made.schema.field(name).type != kind:
            found.append(f"writes {name} as {made.schema.field(name).type}; declared {kind}")
    return found


def _empty(trial: Trial, expected: Sequence[str]) -> list[str]:
    made = trial.run(trial.batch.slice(0, 0))
    found = [f"on an empty batch: {fault}" for fault in _types(trial.spec, made)]
    if made.num_rows or sorted(made.column_names) != sorted(expected):
        found.append(f"on an empty batch: gives {made.num_rows} rows of {', '.join(made.column_names)}")
    return found


def _orders(rows: int) -> list[pa.Array]:
    return [pa.array(np.arange(rows)[::-1].copy()), pa.array(np.random.default_rng(_SEED).permutation(rows))]


_CHECKS: dict[str, Callable[[Trial], list[str]]] = {
    "keep": _keep,
    "make": _make,
    "group": _group,
    "fold": _fold,
    "reader": _reader,
}
