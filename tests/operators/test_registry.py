"""Finding operators, and their parameters as a schema."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any, Literal

import pyarrow as pa
import pytest
from pydantic import Field

from weft.errors import WeftError
from weft.operators import BatchFunction, OperatorSpec, operator
from weft.operators.registry import ROOMS, Registry, parameters_model, validate


def _spec(factory: Any) -> OperatorSpec:
    spec: OperatorSpec = factory.spec
    return spec


@operator("label.sample", version=1, reads=("text",), writes={"sample": pa.int32()})
def sample(
    *,
    field: str,
    mode: Literal["short", "long"] = "short",
    at_least: Annotated[int, Field(ge=1)] = 5,
    weights: dict[str, float] | None = None,
) -> BatchFunction:
    """A sample."""
    return lambda batch: batch


def test_parameters_are_completed() -> None:
    assert validate(_spec(sample), {"field": "x", "weights": {"a": 1}}) == {
        "field": "x",
        "mode": "short",
        "at_least": 5,
        "weights": {"a": 1.0},
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "parameter field: is missing"),
        ({"field": "x", "mode": "shrt"}, "parameter mode: got 'shrt'; expected 'short' or 'long'; did you mean short"),
        ({"field": "x", "at_least": 0}, "parameter at_least: got 0; expected greater than or equal to 1"),
        ({"field": "x", "atleast": 1}, "has no parameter atleast; expected field, mode.*did you mean at_least"),
        ({"field": "x", "weights": {"a": "b"}}, r"parameter weights\.a: got 'b'; expected a number"),
        ({"field": 3}, "parameter field: got 3; expected a text"),
    ],
)
def test_wrong_parameters_are_named(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(WeftError, match=expected):
        validate(_spec(sample), given)


def test_all_faults_at_once() -> None:
    with pytest.raises(WeftError) as caught:
        validate(_spec(sample), {"mode": 3, "other": 1})
    assert all(word in str(caught.value) for word in ("field", "mode", "other"))


def test_schema_names_what_an_editor_needs() -> None:
    schema = parameters_model(_spec(sample)).model_json_schema()
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["field"]
    assert schema["properties"]["mode"]["enum"] == ["short", "long"]
    assert schema["properties"]["at_least"]["minimum"] == 1


def test_unknown_name_gives_the_nearest() -> None:
    registry = Registry([(_spec(sample), "here")])
    with pytest.raises(WeftError, match=r"no operator is named label\.smaple; did you mean label\.sample"):
        registry.get("label.smaple")


def test_two_of_one_name_fail_with_both_places() -> None:
    with pytest.raises(WeftError, match=r"label\.sample is defined twice: in here and in there"):
        Registry([(_spec(sample), "here"), (_spec(sample), "there")])


def test_names_by_room(registry: Registry) -> None:
    assert registry.names("label") == [name for name in registry.names() if name.startswith("label.")]
    assert {"label.script", "label.tokens", "label.signals"} <= set(registry.names("label"))
    assert registry.place("label.script") == "weft.label.script.script"


@pytest.mark.parametrize(
    ("name", "more", "expected"),
    [
        ("script", {}, "expected room.what_it_gives"),
        ("label.a.b", {}, "expected room.what_it_gives"),
        ("label.two words", {}, "expected room.what_it_gives"),
        ("label.x", {"version": 0}, "version is 0"),
        ("label.x", {"kind": "group"}, "group_by go together"),
        ("label.x", {"kind": "service"}, "service go together"),
    ],
)
def test_contradicting_declarations_are_refused(name: str, more: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        operator(name, **({"version": 1, "reads": (), "writes": {}} | more))(lambda: None)


def test_importing_rooms_is_light() -> None:
    """Compilers, models and segmenters load when an operator is built, not when it is found."""
    code = (
        "import sys; from weft.operators.registry import Registry, ROOMS; Registry.from_rooms(ROOMS);"
        "print(sorted({'numba', 'icu4py', 'py3langid', 'ftfy', 'resiliparse', 'chardet'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_rooms_are_the_packages_that_hold_operators(registry: Registry) -> None:
    assert {registry.get(name).room for name in registry.names()} == set(ROOMS)
