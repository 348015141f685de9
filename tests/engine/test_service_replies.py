"""Replies on disk: whole after any kill, seen by all, found by document."""

from __future__ import annotations

from pathlib import Path

from weft.engine.service_replies import COMPACT_ABOVE, Replies, compact, holding, key_of

KEYS = [key_of({"model": "m"}, number) for number in range(200)]


def _filled(folder: Path, numbers: range, *, close: bool = True) -> Replies:
    held = Replies(folder)
    for number in numbers:
        held.put(KEYS[number], (f"d{number}",), f"answer {number} ".encode() * (number % 40 + 1))
    if close:
        held.close()
    return held


def _answers(held: Replies) -> dict[int, bytes]:
    found = {number: held.get(key) for number, key in enumerate(KEYS)}
    return {number: reply.body[: len(f"answer {number}")] for number, reply in found.items() if reply is not None}


def test_what_is_written_is_found_with_and_without_an_index(tmp_path: Path) -> None:
    _filled(tmp_path, range(0, 50))
    open_still = _filled(tmp_path, range(50, 90), close=False)
    held = Replies(tmp_path)
    assert _answers(held) == {n: f"answer {n}".encode() for n in range(90)}
    assert len(list(tmp_path.glob("*.index.npy"))) == 1
    open_still.put(KEYS[90], ("d90",), b"answer 90")
    assert 90 not in _answers(held)
    held.refresh()
    assert 90 in _answers(held)
    open_still.close()


def test_a_killed_writer_leaves_all_but_its_last_record(tmp_path: Path) -> None:
    _filled(tmp_path, range(20), close=False)
    (segment,) = tmp_path.glob("*.replies")
    whole = segment.read_bytes()
    for cut in (1, 10, 30):
        segment.write_bytes(whole[:-cut])
        assert set(_answers(Replies(tmp_path))) == set(range(19))


def test_a_damaged_reply_is_no_reply(tmp_path: Path) -> None:
    _filled(tmp_path, range(20))
    (segment,) = tmp_path.glob("*.replies")
    content = bytearray(segment.read_bytes())
    content[-3] ^= 0xFF
    segment.write_bytes(content)
    assert set(_answers(Replies(tmp_path))) == set(range(19))


def test_many_segments_become_one(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    for start in range(0, 120, 10):
        _filled(folder, range(start, start + 15), close=start % 20 == 0)
    (folder / "attempt-left").write_bytes(b"half")
    compact(tmp_path)
    assert sorted(path.suffix for path in folder.iterdir()) == [".npy", ".replies"]
    assert set(_answers(Replies(folder))) == set(range(125))
    _filled(folder, range(150, 151))
    compact(tmp_path)
    assert len(list(folder.glob("*.replies"))) == 2 <= COMPACT_ABOVE


def test_replies_are_found_by_the_documents_that_they_are_about(tmp_path: Path) -> None:
    held = _filled(tmp_path, range(5), close=False)
    reply = held.get(KEYS[2])
    assert reply is not None
    for _ in range(3):
        held.also(KEYS[2], reply, "another")
        held.also(KEYS[2], reply, "d2")
    held.close()
    assert holding(tmp_path, {"another", "d4", "nobody"}) == {"another": [KEYS[2]], "d4": [KEYS[4]]}
