from __future__ import annotations

import pyarrow as pa
import pytest
from pydantic import TypeAdapter, ValidationError

from weft.deduplicate.band_keys import band_keys
from weft.deduplicate.candidates import candidates
from weft.deduplicate.romanized import SCRIPTS, Symbols, romanized
from weft.deduplicate.romanized_sets import romanized_sets
from weft.deduplicate.verify import verify_romanized
from weft.model.tables import LID
from weft.text.romanized import LONGEST

LATIN = "Sva ljudska bića rađaju se slobodna i jednaka u dostojanstvu i pravima. Ona su obdarena razumom i svešću "
LATIN += "i treba jedni prema drugima da postupaju u duhu bratstva."
CYRILLIC = "Сва људска бића рађају се слободна и једнака у достојанству и правима. Она су обдарена разумом и свешћу "
CYRILLIC += "и треба једни према другима да поступају у духу братства."


def signed(rows: list[tuple[str | None, str | None]], **parameters: int) -> pa.Table:
    lid = [None if code is None else {"language": code, "score": 1.0, "script": code[4:]} for _, code in rows]
    texts = pa.array([text for text, _ in rows], pa.large_string())
    return romanized(**parameters)(pa.table({"text": texts, "lid": pa.array(lid, LID)}))


def pairs(rows: list[tuple[str | None, str | None]]) -> list[tuple[int, int]]:
    count = len(rows)
    table = signed(rows).append_column("shard", pa.array([0] * count, pa.int32()))
    table = table.append_column("row", pa.array(range(count), pa.int32()))
    found = candidates()(band_keys()(table)).to_pylist()
    assert all(edge["script"] and not edge["certain"] and not edge["page"] for edge in found)
    return [(edge["row_a"], edge["row_b"]) for edge in found]


def test_scripts_of_one_language_meet_and_nothing_else_does() -> None:
    latin, cyrillic = (LATIN, "srp_Latn"), (CYRILLIC, "srp_Cyrl")
    assert pairs([latin, cyrillic]) == [(0, 1)]
    assert pairs([(LATIN, "hbs_Latn"), (CYRILLIC, "srp_Cyrl"), (LATIN, "hrv_Latn")]) == [(0, 1), (1, 2)]
    assert pairs([latin, latin, (LATIN + " Da.", "srp_Latn")]) == []
    assert pairs([latin, (CYRILLIC, "mkd_Cyrl")]) == []
    assert pairs([(LATIN, "und_Latn"), (CYRILLIC, "und_Cyrl")]) == []
    assert pairs([(LATIN, "srp_Hang"), cyrillic, (LATIN, None), (None, "srp_Latn"), ("", "srp_Latn")]) == []


def test_signature() -> None:
    rows = [(LATIN, "srp_Latn"), (LATIN[:30], "srp_Latn"), (None, "srp_Latn"), (CYRILLIC, "srp_Cyrl"), (LATIN, None)]
    found = signed(rows, bands=3)["romanized"].to_pylist()
    assert [None if one is None else len(one["bands"]) for one in found] == [3, 0, None, 3, 0]
    assert found[0]["bands"] == found[3]["bands"]
    assert [found[n]["script"] for n in (0, 3, 4)] == [SCRIPTS.index("Latn") + 1, SCRIPTS.index("Cyrl") + 1, 0]
    few = signed(rows, bands=3, least=1)["romanized"].to_pylist()
    assert len(few[1]["bands"]) == 3
    assert signed([], bands=3).num_rows == 0


def test_the_longest_shingle_is_that_of_the_kernel() -> None:
    assert TypeAdapter(Symbols).validate_python(LONGEST) == LONGEST
    with pytest.raises(ValidationError):
        TypeAdapter(Symbols).validate_python(LONGEST + 1)


@pytest.mark.parametrize(("threshold", "met"), [(0.3, 1), (1.0, 0)])
def test_verified_by_the_skeletons(threshold: float, met: int) -> None:
    other = CYRILLIC.replace("братства", "сестринства")
    table = pa.table(
        {
            "text": pa.array([LATIN, other], pa.large_string()),
            "shard": pa.array([0, 0], pa.int32()),
            "row": pa.array([1, 4], pa.int32()),
            "component": pa.array([1, 1], pa.int64()),
        }
    )
    sets = romanized_sets()(table).append_column("partners", pa.array([[4], []], pa.list_(pa.int64())))
    assert verify_romanized(threshold=threshold)(sets).num_rows == met
