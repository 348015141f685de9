"""Entries come out of little memory as they went in, whatever they hold."""

from __future__ import annotations

import json
import random
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.engine.entries import Done, Entries, Entry


def drawn(draw: random.Random, shard: int) -> Entry:
    """An entry as tasks make them, and now and then one as they do not."""
    key = f"{draw.getrandbits(128):032x}" if draw.random() < 0.9 else f"odd {draw.random()}"
    name = f"{shard:05d}-{key[:12]}"
    paths = [f"documents/{name}.parquet", f"errors/label-{shard:05d}-{draw.getrandbits(48):012x}.parquet"]
    paths += [
        f"selection/elect-{key[:12]}.arrow",
        f"construct/ct/swh_Latn/train-{shard:05d}.parquet",
        f"a\N{BULLET}/{name}",
    ]
    files = [
        {"path": path, "bytes": draw.getrandbits(40), "rows": draw.randrange(9)}
        for path in draw.sample(paths, draw.randint(0, 3))
    ]
    if draw.random() < 0.1:
        files.append({"path": "x", "rows": None, "more": [1, "two"]})
    counts: dict[str, Any] = {"rows_in": draw.getrandbits(34), "cpu": draw.random(), "none": None, "told": "a text"}
    counts |= {"languages": ["swh_Latn", "khm_Khmr"][: draw.randrange(3)], "rejected": {"duplicate": 3, "short": 0}}
    counts |= {"records": [{"path": "p", "rows": 3, "kinds": ["a"]}], "flag": True, "content": [2**64 - 1, 3]}
    taken = [files[0]["path"]] if files and draw.random() < 0.2 else []
    node = draw.choice(("documents", "label"))
    return Entry(key, node, shard, files, counts, draw.random(), float(draw.randrange(3)), taken)


def test_entries_come_out_as_they_went_in() -> None:
    draw = random.Random(1)
    held, plain = Entries(), {}
    for number in range(4_000):
        entry = drawn(draw, draw.randrange(200_000))
        held[entry.key] = plain[entry.key] = entry
        if number % 7 == 0:
            gone = draw.choice(list(plain)[-50:])
            del held[gone], plain[gone]
        if number % 11 == 0 and plain:
            again = plain[draw.choice(list(plain)[-50:])]
            other = drawn(draw, again.shard)
            changed = Entry(again.key, other.node, other.shard, other.files, other.counts, 1.0, 2.0, other.taken)
            held[again.key] = plain[again.key] = changed
    assert len(held) == len(plain) and dict(held) == plain
    assert [entry.to_json() for entry in held.by_key()] == [plain[key].to_json() for key in sorted(plain)]
    assert sorted(entry.key for entry in held.every()) == sorted(plain)
    assert held.any_taken and held.get("absent") is None and "absent" not in held
    for key, entry in plain.items():
        paths = [str(file["path"]) for file in entry.files]
        assert [held.path(held.number(key), place) for place in range(len(paths))] == paths
        assert json.loads(held[key].to_json()) == json.loads(entry.to_json())
    for key in list(plain):
        held.pop(key)
    assert not held and not held.any_taken and not list(held.every())


NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), NAMES, st.floats(-1, 1).map(np.float64)
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple), st.dictionaries(NAMES, inner, max_size=3)
    ),
    max_leaves=12,
)
SECONDS = st.one_of(st.floats(0, 9), st.floats(0, 9).map(np.float64))
SHARDS = st.integers(-1, 2**20)
KEYS = st.one_of(st.binary(min_size=16, max_size=16).map(bytes.hex), NAMES, st.just("AB" * 16), st.just("٣" * 32))


@st.composite
def entries_of_any_kind(draw: st.DrawFn) -> Entry:
    key, shard, other = draw(KEYS), draw(SHARDS), draw(SHARDS)
    own, another = f"{shard:05d}-{key[:12]}", f"{shard:05d}-{other:012x}"
    paths = st.sampled_from(
        [own, f"a/{own}.x", f"b/{another}.y", f"{another}.x/{own}/{own}", f"{other:05d}-{'a' * 12}.x", "c"]
    )
    more = st.dictionaries(st.sampled_from(["bytes", "rows", "sha", "name"]), VALUES, max_size=3)
    files = [{"path": path} | held for path, held in draw(st.lists(st.tuples(paths, more), max_size=3))]
    counts = draw(st.dictionaries(NAMES, VALUES, max_size=4))
    taken = draw(st.lists(NAMES, max_size=2))
    return Entry(key, draw(NAMES), shard, files, counts, draw(SECONDS), 0.0, taken)


@settings(max_examples=200, deadline=None)
@given(st.lists(entries_of_any_kind(), max_size=12))
def test_an_entry_comes_out_as_from_its_line(made: list[Entry]) -> None:
    held = Entries()
    for entry in made:
        held.put(entry)
    last = {entry.key: Entry(**json.loads(entry.to_json())) for entry in made}
    assert dict(held) == last and list(held) == list(last)
    assert [entry.to_json() for entry in held.every()] == [entry.to_json() for entry in last.values()]
    assert [entry.key for entry in held.by_key()] == sorted(last)


def test_a_value_without_json_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        Entries().put(Entry("ab" * 16, "label", 3, [], {"rows": np.int64(3)}))


def test_an_entry_that_comes_again_keeps_its_number() -> None:
    held = Entries()
    entry = Entry("ab" * 16, "label", 3)
    number = held.put(entry)
    held.pop(entry.key)
    with pytest.raises(KeyError):
        held.at(number)
    assert held.number(entry.key) == -1
    assert held.put(entry) == number == held.number(entry.key)
    with pytest.raises(ValueError, match="under the key"):
        held["cd" * 16] = entry


def test_an_entry_takes_a_tenth_of_what_objects_take() -> None:
    draw = random.Random(4)
    made = []
    for shard in range(20_000):
        key = f"{draw.getrandbits(128):032x}"
        file = {"path": f"deduplicate/bands/{shard:05d}-{key[:12]}.arrow", "bytes": 10 * shard, "rows": shard}
        made.append(Entry(key, "bands", shard, [file], {"rows_out": shard}, 0.5, 0.25))
    tracemalloc.start()
    held = Entries()
    for entry in made:
        held.put(entry)
    done = Done(held)
    for entry in made:
        done.put(entry.shard, [entry])
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert size / len(made) < 200
    assert done[17] == [made[17]] and list(done) == list(range(20_000)) and 20_000 not in done


def test_entries_of_a_node_are_in_the_order_of_shards() -> None:
    held = Entries()
    done = Done(held)
    made = {
        shard: [drawn(random.Random(shard + n), shard) for n in range(count)]
        for shard, count in ((9, 2), (2, 1), (5, 3))
    }
    for shard, entries in made.items():
        done.put(shard, entries)
    assert list(done) == [2, 5, 9] and len(done) == 3 and dict(done) == made
    assert done.keys_of_entries() == [entry.key for shard in (2, 5, 9) for entry in made[shard]]
    done.put(5, made[5][:1])
    assert done[5] == made[5][:1] and len(done) == 3
    assert done.get(3) is None and -1 not in done
    told = Entry("ab" * 16, "label", 7, [{"path": "label/lid/00007-abababababab.parquet", "bytes": 1, "rows": 1}])
    done.put(7, [told])
    assert done.outputs(7) == [(told.key, told.files[0]["path"])]
