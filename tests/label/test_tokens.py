from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from weft.label.tokens import tokens


@given(st.lists(st.one_of(st.none(), st.text(max_size=30)), max_size=6))
def test_tokens_are_whole_characters_in_order(texts: list[str | None]) -> None:
    texts = [text and text.encode("utf-8", "ignore").decode() for text in texts]
    column = tokens()(pa.table({"text": pa.array(texts, pa.large_string())}))["tokens"]
    assert column.type == pa.list_(pa.int32())
    for text, flat in zip(texts, column.to_pylist(), strict=True):
        data = (text or "").encode()
        starts, ends = flat[::2], flat[1::2]
        assert len(starts) == len(ends)
        assert all(a < b for a, b in zip(starts, ends, strict=True))
        assert all(b <= a for b, a in zip(ends, starts[1:], strict=False))
        for a, b in zip(starts, ends, strict=True):
            assert data[a:b].decode().strip()
        covered = {n for a, b in zip(starts, ends, strict=True) for n in range(a, b)}
        left = bytes(byte for n, byte in enumerate(data) if n not in covered).decode()
        assert not any(char.isalnum() for char in left)
