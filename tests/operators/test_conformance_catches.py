"""The suite finds each way of breaking the contract; an operator that keeps it passes."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from weft.errors import WeftError
from weft.operators import OperatorSpec, operator
from weft.operators.conformance import Nonconforming, check, faults
from weft.operators.examples import Example, load_examples
from weft.operators.registry import Registry

TYPE = pa.struct({"length": pa.int32()})
NOTHING = Registry([])
EXAMPLE = Example(title="two letters", input={"text": ["ab", None]}, output={"sample": [{"length": 2}, None]})


def _lengths(text: pa.ChunkedArray) -> pa.Array:
    whole = text.combine_chunks()
    return pa.StructArray.from_arrays([pc.utf8_length(whole).cast(pa.int32())], fields=list(TYPE), mask=whole.is_null())


def _spec(label: Callable[[pa.Table], Any], **changes: Any) -> OperatorSpec:
    declared: dict[str, Any] = {"version": 1, "reads": ("text",), "writes": {"sample": TYPE}} | changes

    def build() -> Callable[[pa.Table], Any]:
        """Characters of a text."""
        return label

    return operator(declared.pop("name", "label.sample"), **declared)(build).spec  # type: ignore[attr-defined,no-any-return]


def good(batch: pa.Table) -> pa.Table:
    return batch.append_column("sample", _lengths(batch["text"]))


def test_a_good_operator_passes() -> None:
    check(_spec(good), [EXAMPLE], NOTHING)


def _nothing(batch: pa.Table) -> pa.Table:
    return batch


def _wrong_type(batch: pa.Table) -> pa.Table:
    return batch.append_column("sample", pc.utf8_length(batch["text"]))


def _changes_another(batch: pa.Table) -> pa.Table:
    done = good(batch)
    if "url" not in done.column_names:
        return done
    return done.set_column(done.column_names.index("url"), "url", pa.nulls(batch.num_rows, pa.string()))


def _reads_more(batch: pa.Table) -> pa.Table:
    batch["url"]
    return good(batch)


def _adds_more(batch: pa.Table) -> pa.Table:
    return good(batch).append_column("other", pa.nulls(batch.num_rows))


def _sees_the_batch(batch: pa.Table) -> pa.Table:
    column = pa.array([{"length": batch.num_rows} if t is not None else None for t in batch["text"].to_pylist()], TYPE)
    return batch.append_column("sample", column)


def _sees_the_order(batch: pa.Table) -> pa.Table:
    texts = batch["text"].to_pylist()
    column = [None if t is None else {"length": len(texts[0] or "") if n else len(t)} for n, t in enumerate(texts)]
    return batch.append_column("sample", pa.array(column, TYPE))


def _first_chunk(batch: pa.Table) -> pa.Table:
    first = batch["text"].chunk(0) if batch["text"].num_chunks else batch["text"].combine_chunks()
    rest = batch.num_rows - len(first)
    column = pa.concat_arrays([_lengths(pa.chunked_array([first])), pa.nulls(rest, TYPE)])
    return batch.append_column("sample", column)


def _by_chance(batch: pa.Table) -> pa.Table:
    column = pa.array(
        [None if t is None else {"length": random.getrandbits(20)} for t in batch["text"].to_pylist()], TYPE
    )
    return batch.append_column("sample", column)


def _not_empty(batch: pa.Table) -> pa.Table:
    if batch.num_rows == 0:
        raise IndexError("no first row")
    return good(batch)


def _not_null(batch: pa.Table) -> pa.Table:
    column = pa.array([{"length": len(t or "")} for t in batch["text"].to_pylist()], TYPE)
    return batch.append_column("sample", column)


def _ascii(batch: pa.Table) -> pa.Table:
    for text in batch["text"].to_pylist():
        (text or "").encode("ascii")
    return good(batch)


def _in_place(batch: pa.Table) -> pa.Table:
    for chunk in batch["text"].chunks:
        buffer = chunk.buffers()[2]
        if buffer is not None and buffer.size:
            memory = pa.foreign_buffer(buffer.address, buffer.size)
            import ctypes

            ctypes.memset(memory.address, ord("z"), 1)
    return good(batch)


def _loses(batch: pa.Table) -> pa.Table:
    return good(batch).slice(0, max(0, batch.num_rows - 1))


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (_nothing, "does not write sample"),
        (_wrong_type, "writes sample as"),
        (_changes_another, "another column was changed"),
        (_reads_more, "raises KeyError"),
        (_adds_more, "other"),
        (_sees_the_batch, "in batches of 1"),
        (_sees_the_order, "in another row order"),
        (_first_chunk, "several chunks"),
        (_by_chance, "when built again"),
        (_not_empty, "raises IndexError on 0 rows"),
        (_not_null, "is not null where the text is null"),
        (_ascii, "raises UnicodeEncodeError"),
        (_in_place, "writes into its input"),
        (_loses, "rows of"),
        (lambda batch: None, "expected an Arrow table"),
    ],
)
def test_a_bad_map_is_caught(label: Callable[[pa.Table], Any], expected: str) -> None:
    with pytest.raises(Nonconforming, match=expected):
        check(_spec(label), [], NOTHING)


def test_a_wrong_example_is_caught() -> None:
    wrong = EXAMPLE.model_copy(update={"output": {"sample": [{"length": 3}, None]}})
    assert faults(_spec(good), [wrong], NOTHING) == ["example 'two letters': sample[0].length is 2; expected 3"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"libraries": ("no-such-library",)}, "not an installed distribution"),
        ({"name": "label.other"}, "one column with its short name other"),
        ({"writes": {}}, "writes nothing"),
    ],
)
def test_a_bad_declaration_is_caught(changes: dict[str, Any], expected: str) -> None:
    assert any(expected in fault for fault in faults(_spec(good, **changes), [], NOTHING))


def test_bad_factories_are_caught() -> None:
    def silent(language: str = "eng_Latn", *, where: str, plain=1) -> Any:  # type: ignore[no-untyped-def]
        return good

    spec = operator("label.sample", version=1, reads=("text",), writes={"sample": TYPE})(silent).spec  # type: ignore[attr-defined]
    found = " ".join(faults(spec, [], NOTHING))
    for expected in ("no docstring", "not keyword-only", "plain has no type", "language has a default", "where is"):
        assert expected in found


class _Sum:
    def partial(self, batch: pa.Table) -> pa.Table:
        return pa.table({"n": [batch.num_rows]})

    def merge(self, partials: list[pa.Table]) -> pa.Table:
        return pa.table({"n": [sum(part["n"][0].as_py() for part in partials)]})

    def finish(self, state: pa.Table) -> pa.Table:
        return state


class _Mean(_Sum):
    def merge(self, partials: list[pa.Table]) -> pa.Table:
        return pa.table({"n": [sum(part["n"][0].as_py() for part in partials) // len(partials)]})


@pytest.mark.parametrize(("fold", "good_one"), [(_Sum, True), (_Mean, False)])
def test_a_fold_is_one_sum_however_it_is_split(fold: type[_Sum], good_one: bool) -> None:
    def count() -> _Sum:
        """Rows."""
        return fold()

    declared = operator(
        "construct.count", version=1, reads=("text",), writes={"n": pa.int64()}, kind="fold", rows="make"
    )
    assert (faults(declared(count).spec, [], NOTHING) == []) is good_one  # type: ignore[attr-defined]


def test_a_group_gives_the_same_rows_in_any_order() -> None:
    def firsts(take: int) -> Callable[[pa.Table], pa.Table]:
        def group(batch: pa.Table) -> pa.Table:
            values = batch["value"].to_pylist()
            return pa.table({"least": pa.array(sorted(values)[:1] if take else values[:1], pa.int64())})

        return group

    example = Example(title="three", input={"key": [1, 1, 1, 2], "value": [5, 3, 4, 9]}, output={"least": [3]})

    def least() -> Callable[[pa.Table], pa.Table]:
        """The least value."""
        return firsts(1)

    def first() -> Callable[[pa.Table], pa.Table]:
        """Whatever comes first."""
        return firsts(0)

    declared = operator(
        "deduplicate.least",
        version=1,
        reads=("key", "value"),
        writes={"least": pa.int64()},
        kind="group",
        rows="make",
        group_by=("key",),
    )
    assert faults(declared(least).spec, [example], NOTHING) == []  # type: ignore[attr-defined]
    found = faults(declared(first).spec, [example], NOTHING)  # type: ignore[attr-defined]
    assert any("other rows for another row order" in fault for fault in found)


RAW_TEXT = {"locator": pa.string(), "text": pa.large_string()}


@pytest.mark.parametrize(("strict", "expected"), [(False, None), (True, "raises UnicodeDecodeError")])
def test_a_reader_survives_any_bytes(strict: bool, expected: str | None) -> None:
    def lines() -> Callable[[pa.Table, Any], Iterator[pa.Table]]:
        """A row for each file."""

        def read(units: pa.Table, fetcher: Any) -> Iterator[pa.Table]:
            for path in units["path"].to_pylist():
                with fetcher.open(path) as stream:
                    text = stream.read().decode("utf-8", "strict" if strict else "replace")
                yield pa.table({"locator": [path], "text": [text]}, pa.schema(list(RAW_TEXT.items())))

        return read

    declared = operator("acquire.raw", version=1, reads=("path",), writes=RAW_TEXT, rows="make", accepts=(".raw",))
    example = Example(title="one", input={"name": ["a.raw"], "content": ["ሰላም"]}, output={"text": ["ሰላም"]})
    found = faults(declared(lines).spec, [example], NOTHING)  # type: ignore[attr-defined]
    assert (found == []) if expected is None else (expected in found[0])


def test_example_files_are_checked(tmp_path: Any) -> None:
    file = tmp_path / "label.sample.yaml"
    for content, expected in [
        ("", "expected the keys operator and examples"),
        ("operator: label.other\nexamples: []\n", "is for label.other"),
        ("operator: label.sample\nexamples: []\n", "expected a list of one example"),
        ("operator: label.sample\nexamples: [{title: a, inptu: {}}]\n", "did you mean input"),
        ("operator: [\n", "not valid YAML"),
    ]:
        file.write_text(content)
        with pytest.raises(WeftError, match=expected):
            load_examples(file, "label.sample")
    with pytest.raises(WeftError, match="every operator has an example file"):
        load_examples(tmp_path / "none.yaml", "label.sample")


def test_a_service_is_asynchronous() -> None:
    async def ask(batch: pa.Table, client: Any) -> pa.Table:
        return batch

    declared = operator(
        "label.judged", version=1, reads=("text",), writes={"judged": TYPE}, kind="service", service="judge"
    )
    for answer, expected in (
        (ask, []),
        (good, ["the factory of a service gives a plain function; expected an async one"]),
    ):

        def judged(answer: Any = answer) -> Any:
            """A judgement."""
            return answer

        judged.__signature__ = inspect.Signature()  # type: ignore[attr-defined]
        assert faults(declared(judged).spec, [], NOTHING) == expected  # type: ignore[attr-defined]
