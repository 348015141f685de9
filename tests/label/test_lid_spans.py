"""Spans in documents: parameters and files that are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from weft.errors import WeftError
from weft.label.lid_spans import lid_spans
from weft.language.model import load_model

from .span_model import EXAMPLE, model


def spans(text: str, **parameters: Any) -> list[tuple[str, str]]:
    table = lid_spans(model=str(EXAMPLE), **parameters)(pa.table({"text": pa.array([text], pa.large_string())}))
    (row,) = table["lid_spans"].to_pylist()
    return [(text[span["begin"] : span["end"]], span["language"]) for span in row["spans"]]


def test_the_file_of_the_examples_is_the_one_that_is_written(tmp_path: Path) -> None:
    model().save(tmp_path / "model.npz")
    assert (tmp_path / "model.npz").read_bytes() == EXAMPLE.read_bytes()
    assert load_model(EXAMPLE).labels == model().labels


def test_spans_are_characters_of_the_text() -> None:
    assert spans("👍 Καλημέρα σε όλους! Watoto wanasoma vitabu.") == [
        ("Καλημέρα σε όλους", "ell_Grek"),
        ("Watoto wanasoma vitabu", "swh_Latn"),
    ]


def test_words_of_none_of_the_languages() -> None:
    assert spans("Watoto wanasoma schoolbooks shuleni", among=("swh_Latn", "und")) == [
        ("Watoto wanasoma", "swh_Latn"),
        ("schoolbooks", "und_Latn"),
        ("shuleni", "swh_Latn"),
    ]


def test_wrong_parameters(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match=r"among: the model has no language 'swa_Latn'.*did you mean swh_Latn"):
        lid_spans(model=str(EXAMPLE), among=("swa_Latn",))
    with pytest.raises(WeftError, match=r"absent\.npz: cannot be read"):
        lid_spans(model=str(tmp_path / "absent.npz"))
    (tmp_path / "model.npz").write_bytes(b"no model")
    with pytest.raises(WeftError, match="not a language model"):
        lid_spans(model=str(tmp_path / "model.npz"))
