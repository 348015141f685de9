"""A sentence has the vector that label.embedding gives it as a document, and its place in the text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.label.tiny_encoder import TEXTS, write

from weft.label import sentence_embeddings as operator
from weft.label.embedding import embedding
from weft.label.sentences import sentences
from weft.label.transformer import model_of


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("models") / "plain", places=32)


def table(texts: list[str | None]) -> pa.Table:
    return sentences()(pa.table({"text": pa.array(texts, pa.large_string())}))


def embedded(folder: Path, texts: list[str | None], **rest: Any) -> pa.ChunkedArray:
    label = operator.sentence_embeddings(model=str(folder), **{"device": "cpu", **rest})
    made = label(table(texts))
    assert made.schema.field("sentence_embeddings").type == operator._TYPE
    return made["sentence_embeddings"]


def test_each_sentence_is_embedded_as_a_document_is(plain: Path) -> None:
    text = f"{TEXTS[0]}. The {TEXTS[1]}! 😀 Ndiyo?\n{TEXTS[3]}"
    (found,) = embedded(plain, [text]).to_pylist()
    parts = [text[one["begin"] : one["end"]] for one in found]
    assert parts == [f"{TEXTS[0]}.", f"The {TEXTS[1]}!", "😀 Ndiyo?", TEXTS[3]]
    label = embedding(model=str(plain), device="cpu")
    wanted = label(pa.table({"text": pa.array(parts, pa.large_string())}))["embedding"].to_pylist()
    assert [one["vector"] for one in found] == wanted


def test_null_and_empty_and_unknown(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", bytewise=False)
    found = embedded(folder, [None, "", " \n", "Mtoto anasoma kitabu\nߒߞߏ ߦߋ߫ ߛߓߍߛߎ߲!\nkitabu"]).to_pylist()
    assert found[:3] == [None, [], []]
    assert [one["vector"] is None for one in found[3]] == [False, True, False]


def test_neighbours_and_batches_change_nothing(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str | None] = [f"{TEXTS[n % 4][: 5 + n]}. {TEXTS[(n + 1) % 4]}?" for n in range(40)]
    whole = embedded(plain, texts)
    alone = pa.concat_arrays([embedded(plain, [text]).combine_chunks() for text in texts])
    assert whole.combine_chunks().equals(alone)
    turned = embedded(plain, texts[::-1])
    assert turned.take(pa.array(range(39, -1, -1))).combine_chunks().equals(alone)
    monkeypatch.setattr(operator, "_AT_ONCE", 7)
    assert embedded(plain, texts).combine_chunks().equals(alone)


def test_a_document_of_very_many_sentences(plain: Path) -> None:
    """Memory: vectors in float16, and no float32 of all of them at once."""
    count = 20_000
    (found,) = embedded(plain, ["Ndiyo. Hapana! " * (count // 2)])
    assert len(found) == count
    vectors = found.values.field("vector").flatten().to_numpy().reshape(count, -1)
    assert (vectors[::2] == vectors[0]).all() and (vectors[1::2] == vectors[1]).all()
    assert (vectors[0] != vectors[1]).any() and vectors.dtype == np.float16


def test_one_model_for_all_operators_that_name_its_folder(plain: Path) -> None:
    model_of.cache_clear()
    embedded(plain, ["a b"], prompt="query: ")
    embedded(plain, ["a b"], max_tokens=16)
    embedding(model=str(plain), device="cpu")(table(["a b"]))
    assert model_of.cache_info().misses == 1
