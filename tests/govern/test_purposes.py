"""The one rule that says whether a row may be used for a purpose."""

import pyarrow as pa
import pytest

from weft.errors import WeftError
from weft.govern.purposes import REASONS, Register, denied, read_register

_REGISTER = Register({"c-1": frozenset({"train", "synthesise_from"}), "c-2": frozenset({"train"})})


def _rows(*terms: tuple[str | None, str | None, str | None]) -> pa.Table:
    columns = dict(zip(("consent", "license", "basis"), map(list, zip(*terms, strict=True)), strict=True))
    return pa.table({name: pa.array(held, pa.string()) for name, held in columns.items()})


def test_each_row_is_denied_for_its_own_reason() -> None:
    rows = _rows(
        ("c-1", "CC-BY-4.0", "licence"),
        ("c-2", "CC-BY-4.0", "consent"),
        ("c-9", "CC0-1.0", "consent"),
        ("c-1 AND c-2", "CC-BY-4.0", None),
        (None, "CC-BY-ND-4.0", "licence"),
        (None, "CC-BY-NC-ND-3.0", "owned"),
        (None, "CC-BY-NC-4.0", "licence"),
        (None, "unknown", "crawl-private"),
        (None, None, None),
        (None, "CC-BY-4.0", "consent"),
        (None, "LicenseRef-own", "owned"),
        ("c-1", "CC-BY-ND-4.0", "consent"),
    )
    expected = [
        *(None, "consent_without_purpose", "consent_not_registered", "consent_without_purpose"),
        *("no_derivatives", "no_derivatives", None, None, None, "consent_not_stated", None, "no_derivatives"),
    ]
    told = denied(rows, "synthesise_from", _REGISTER)
    assert told.to_pylist() == expected
    assert {one for one in expected if one} <= set(REASONS)
    backwards = denied(rows.take(list(range(len(rows)))[::-1]), "synthesise_from", _REGISTER)
    assert backwards.to_pylist() == expected[::-1]


def test_without_a_register_every_consent_id_is_denied() -> None:
    rows = _rows(("c-1", "CC0-1.0", "consent"), (None, "CC0-1.0", "public-domain"))
    assert denied(rows, "synthesise_from").to_pylist() == ["consent_not_registered", None]


def test_the_licence_stops_what_adapts_and_nothing_else() -> None:
    assert denied(_rows((None, "CC-BY-ND-4.0", "licence")), "train").to_pylist() == [None]


def test_an_empty_batch_gives_no_reasons() -> None:
    empty = _rows((None, None, None)).slice(0, 0)
    assert denied(empty, "synthesise_from").to_pylist() == []


def test_a_misspelt_purpose_is_refused_in_call_and_register() -> None:
    with pytest.raises(WeftError, match="did you mean synthesise_from"):
        denied(_rows((None, None, None)), "synthesize_from")
    with pytest.raises(WeftError, match=r"r\.yaml: c-1: 'trian' is no purpose.*did you mean train"):
        read_register(b"c-1: [trian]", "r.yaml")


@pytest.mark.parametrize("content", [b"c-1: {train: true}", b"[]", b"c-1: train", b"c-1: [", b"\xff"])
def test_a_file_that_is_no_register_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(WeftError, match=r"^r\.yaml: "):
        read_register(content, "r.yaml")


def test_yaml_and_json_give_the_same_register() -> None:
    yaml = read_register(b"c-1: [train, synthesise_from]\n7: []\n", "r.yaml")
    json = read_register(b'{"c-1": ["synthesise_from", "train"], "7": []}', "r.json")
    assert yaml == json == Register({"c-1": frozenset({"train", "synthesise_from"}), "7": frozenset()})
