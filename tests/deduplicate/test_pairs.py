"""Which pairs share a key: the same in all sides or in one, and always in the same languages."""

from __future__ import annotations

import pyarrow as pa
import pytest
from tests.cluster_tables import cluster_table
from tests.text.test_sides import batch

from weft.deduplicate.band_keys import band_keys
from weft.deduplicate.candidates import candidates
from weft.deduplicate.clusters import KINDS
from weft.deduplicate.pairs import TYPE, pairs
from weft.errors import WeftError
from weft.operators.registry import Registry, validate


def keys(held: list[dict[str, str] | None], same: str) -> list[set[int] | None]:
    made = pairs(same=same)(batch(held))  # type: ignore[arg-type]
    assert made.schema.field("pairs").type == TYPE
    return [None if one is None else set(one["keys"]) for one in made["pairs"].to_pylist()]


def eng_swh(english: str, swahili: str) -> dict[str, str]:
    return {"eng_Latn": english, "swh_Latn": swahili}


def test_both() -> None:
    held = [eng_swh("Good day", "Habari"), eng_swh("good  DAY", "habari"), eng_swh("Good day", "Salama"), None]
    one, two, three, plain = keys(held, "both")
    assert one == two != three and plain is None and all(len(found or ()) == 1 for found in (one, two, three))


def test_either_shares_the_key_of_the_side_that_is_the_same() -> None:
    held = [eng_swh("Good day", "Habari"), eng_swh("Good day", "Salama"), eng_swh("Hello", "Salama"), eng_swh("x", "y")]
    one, two, three, four = (found or set() for found in keys(held, "either"))
    assert len(one & two) == len(two & three) == 1
    assert not one & three and not four & (one | two | three)


@pytest.mark.parametrize("same", ["both", "either"])
def test_one_sentence_in_fifty_languages_stays_fifty_pairs(same: str) -> None:
    held: list[dict[str, str] | None] = [{"aaa_Latn": f"t{n % 2}", f"b{n:02}_Latn": f"t{n % 2}"} for n in range(50)]
    held.append({"aaa_Latn": "t0", "b00_Latn": "t0", "ccc_Latn": "t0"})  # in three languages
    found = [key for one in keys(held, same) for key in one or ()]
    assert len(found) == len(set(found)) == (51 if same == "both" else 103)


def test_a_side_is_no_side_of_the_other_language() -> None:
    one, two = keys([eng_swh("radio", "redio"), eng_swh("redio", "radio")], "either")
    assert not (one or set()) & (two or set())


def test_a_side_of_white_space_meets_nobody() -> None:
    held = [eng_swh("a", " "), eng_swh("a", "\u3000"), eng_swh(" ", " ")]
    assert keys(held, "both") == [None, None, None]
    one, two, none = keys(held, "either")
    assert one == two and len(one or ()) == 1 and none is None


def clusters(held: list[dict[str, str] | None], same: str) -> list[tuple[int, str | None]]:
    table = pairs(same=same)(batch(held))  # type: ignore[arg-type]
    table = table.append_column("shard", pa.array([0] * len(held), pa.int32()))
    made = candidates()(band_keys()(table.append_column("row", pa.array(range(len(held)), pa.int32()))))
    assert made["certain"].to_pylist() == made["pair"].to_pylist()
    ends = tuple(made[f"row_{side}"].to_numpy().astype("int64") for side in "ab")
    root, _, kind = cluster_table(len(held), [], [], [], [], [ends], [])
    return list(zip(root.tolist(), [KINDS[n] for n in kind], strict=True))


def test_chains_of_either_are_one_cluster() -> None:
    held = [eng_swh("a1", "b1"), eng_swh("a1", "b2"), eng_swh("a2", "b2"), eng_swh("a3", "b3"), None]
    assert clusters(held, "either") == [(0, "pair"), (0, "pair"), (0, "pair"), (3, None), (4, None)]
    assert clusters(held, "both") == [(n, None) for n in range(5)]


def test_parameters(registry: Registry) -> None:
    with pytest.raises(WeftError, match="both"):
        validate(registry.get("deduplicate.pairs"), {"same": "one"})
