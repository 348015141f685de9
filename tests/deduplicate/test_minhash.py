from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from weft.deduplicate.minhash import minhash
from weft.label.tokens import tokens

TEXTS = [
    "Habari ya asubuhi rafiki yangu mpenzi wa siku nyingi",
    None,
    "",
    "... !",
    "สวัสดีตอนเช้าเพื่อนรักของฉันวันนี้อากาศดีมาก",
    "habari",
    "ሰላም እንደምን አደርክ ወዳጄ ዛሬ እንዴት ነህ",
]


def signatures(texts: list[str | None], **parameters: int) -> list[Any]:
    table = tokens()(pa.table({"text": pa.array(texts, pa.large_string())}))
    return minhash(**parameters)(table)["minhash"].to_pylist()  # type: ignore[no-any-return]


def test_each_document_with_letters_has_all_bands() -> None:
    found = signatures(TEXTS)
    thai = len(TEXTS[4] or "")
    assert [one and (len(one["bands"]), one["shingles"]) for one in found] == [
        (20, 5),
        None,
        (0, 0),
        (0, 0),
        (20, thai - 11),
        (20, 1),
        (20, 3),
    ]


def test_parameters_decide_number_of_bands_and_shingles() -> None:
    (found,) = signatures(TEXTS[:1], bands=3, rows=2, words=2)
    assert (len(found["bands"]), found["shingles"]) == (3, 8)
    (thai,) = signatures([TEXTS[4]], chars=4)
    assert thai["shingles"] == len(TEXTS[4] or "") - 3


@pytest.mark.parametrize("change", [{"seed": 2}, {"rows": 6}, {"words": 4}])
def test_other_parameters_share_no_key(change: dict[str, int]) -> None:
    (one,), (other,) = signatures(TEXTS[:1]), signatures(TEXTS[:1], **change)
    assert not set(one["bands"]) & set(other["bands"])


def test_a_row_does_not_depend_on_batch_or_order() -> None:
    together = signatures(TEXTS)
    assert signatures(TEXTS[::-1]) == together[::-1]
    assert [signatures([text])[0] for text in TEXTS] == together
    table = tokens()(pa.table({"text": pa.chunked_array([TEXTS[:3], TEXTS[3:]], pa.string())}))
    assert minhash()(table.slice(2, 4))["minhash"].to_pylist() == together[2:6]


def test_empty_batch_and_rows_whose_tokens_failed() -> None:
    assert signatures([]) == []
    table = pa.table({"text": ["a b", "c d"], "tokens": pa.array([None, [0, 1, 2, 3]], pa.list_(pa.int32()))})
    found = minhash()(table)["minhash"].to_pylist()
    assert [len(one["bands"]) for one in found] == [0, 20]
