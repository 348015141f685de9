"""A file is whole or as it was, whatever ends the writing."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.errors import WeftError
from weft.own_file import whole


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    into = tmp_path / "new" / "out.txt"
    with whole(into) as part:
        part.write_text("first")
        assert not into.exists()
    with pytest.raises(KeyboardInterrupt), whole(into) as part:
        part.write_text("half")
        raise KeyboardInterrupt
    assert into.read_text() == "first" and list(into.parent.iterdir()) == [into]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WeftError, match=r"out\.txt: cannot be written"), whole(tmp_path / "file" / "out.txt"):
        pass
