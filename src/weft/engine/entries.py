"""Ledger entries in little memory: what many of them have alike is held once, and the rest as packed values."""

from __future__ import annotations

import json
import marshal
import re
from array import array
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import xxhash


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished output. `files` are `{path, bytes, rows}`; `counts` what the stage conserved."""

    key: str
    node: str
    shard: int
    files: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    taken: list[str] = field(default_factory=list)
    """Files that `weft clean --intermediate` took away; the task is done as long as nobody has to read them."""

    def to_json(self) -> str:
        held = {name: getattr(self, name) for name in self.__slots__ if name != "taken" or self.taken}
        return json.dumps(held, sort_keys=True, separators=(",", ":"))


class _Shape(NamedTuple):
    """What entries have alike: their node, and for each file its names and its path with marks for what differs."""

    node: str
    files: tuple[tuple[str, ...], ...]


_OWN, _OTHER, _WHOLE = "\0", "\1", "\2"
"""In the path of a shape: shard and key of the entry; its shard and another key, which is a value; all is a value."""
_NAMED = re.compile(r"(\d{5,})-([0-9a-f]{12})(?=\.)")
_USUAL = ("bytes", "rows")
_PLAIN_KEY = re.compile(r"[0-9a-f]{32}")
_KEY = 16
_NUMBERS = frozenset({int, float})
_AS_IT_IS = _NUMBERS | {str, bool, type(None)}
_GONE = 2**64 - 1
_SMALLEST = 1 << 10
_PLAIN_FORMAT = 2
"""Version of `marshal` that looks for no equal objects: it is the faster one, and nothing of it is stored."""


class Entries(MutableMapping[str, Entry]):
    """Entries by key, in the order in which their keys came first; some 150 bytes for one, where objects take 1,500.

    An entry is made anew each time that it is asked for. Every key has a number, which stays its own even when its
    entry is taken out and comes again.
    """

    def __init__(self) -> None:
        self._keys = bytearray()
        self._odd: dict[int, str] = {}
        self._table = array("I", bytes(4 * _SMALLEST))
        self._places = array("Q")
        self._shape_of = array("I")
        self._shards = array("q")
        self._body = bytearray()
        self._shapes: list[_Shape] = []
        self._shape_numbers: dict[_Shape, int] = {}
        self._texts: list[str] = []
        self._text_numbers: dict[str, int] = {}
        self._taken: set[int] = set()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        return (self.key_at(number) for number in range(len(self._places)) if self._places[number] != _GONE)

    def every(self) -> Iterator[Entry]:
        """All entries; one that comes while they are looked at may be among them."""
        return (self.at(number) for number in range(len(self._places)) if self._places[number] != _GONE)

    @property
    def any_taken(self) -> bool:
        """Whether files of some entry were taken away."""
        return bool(self._taken)

    def __getitem__(self, key: str) -> Entry:
        number = self.number(key)
        if number < 0:
            raise KeyError(key)
        return self.at(number)

    def __setitem__(self, key: str, entry: Entry) -> None:
        if key != entry.key:
            raise ValueError(f"entry {entry.key} under the key {key}")
        self.put(entry)

    def __delitem__(self, key: str) -> None:
        number = self.number(key)
        if number < 0:
            raise KeyError(key)
        self._places[number] = _GONE
        self._taken.discard(number)
        self._size -= 1

    def number(self, key: str) -> int:
        """The number of a key that has an entry; -1 of others."""
        found = self._find(_code(key))
        return found if found >= 0 and self._places[found] != _GONE else -1

    def key_at(self, number: int) -> str:
        """The key of a number."""
        return self._odd[number] if number in self._odd else self._keys[_KEY * number : _KEY * number + _KEY].hex()

    def at(self, number: int) -> Entry:
        """The entry of a number; raises KeyError where it was taken out."""
        place = self._places[number]
        if place == _GONE:
            raise KeyError(self.key_at(number))
        key, shape = self.key_at(number), self._shapes[self._shape_of[number]]
        # What comes after the value is not looked at.
        seconds, cpu_seconds, files, counts, *taken = marshal.loads(memoryview(self._body)[place:])
        shard = self._shards[number]
        values, own = iter(files), f"{shard:05d}-{key[:12]}"
        made = [_file(names, own, values) for names in shape.files]
        return Entry(key, shape.node, shard, made, self._told(counts), seconds, cpu_seconds, *taken)

    def path(self, number: int, position: int) -> str:
        """The path of the n-th file of an entry, most often without making the entry."""
        alike = self._shapes[self._shape_of[number]].files[position][0]
        if _OWN in alike and self._places[number] != _GONE:
            return alike.replace(_OWN, f"{self._shards[number]:05d}-{self.key_at(number)[:12]}")
        return str(self.at(number).files[position]["path"])

    def put(self, entry: Entry) -> int:
        """Hold an entry in the place of the one with its key, if there is one; its number."""
        code = _code(entry.key)
        number = self._find(code)
        if number < 0:
            number = self._new(entry.key, code, ~number)
        if self._places[number] == _GONE:
            self._size += 1
        values: list[Any] = []
        own = f"{entry.shard:05d}-{entry.key[:12]}"
        shape = _Shape(entry.node, tuple([_alike(file, own, entry.shard, values) for file in entry.files]))
        held = self._shape_numbers.get(shape)
        if held is None:
            held = self._shape_numbers[shape] = len(self._shapes)
            self._shapes.append(shape)
        body = (_plain(entry.seconds), _plain(entry.cpu_seconds), values, self._packed(entry.counts))
        self._places[number], self._shape_of[number], self._shards[number] = len(self._body), held, entry.shard
        self._body += marshal.dumps((*body, entry.taken) if entry.taken else body, _PLAIN_FORMAT)
        (self._taken.add if entry.taken else self._taken.discard)(number)
        return number

    def by_key(self) -> Iterator[Entry]:
        """All entries, sorted by key."""
        codes = np.frombuffer(bytes(self._keys), ">u8").reshape(-1, 2)
        order = np.lexsort((codes[:, 1], codes[:, 0]))
        if self._odd:
            order = np.array(sorted(range(len(codes)), key=self.key_at), np.int64)
        for number in order:
            if self._places[int(number)] != _GONE:
                yield self.at(int(number))

    def _find(self, code: bytes) -> int:
        """The number of a key; for one that is not there -1 - its place in the table."""
        table, keys, mask = self._table, self._keys, len(self._table) - 1
        place = int.from_bytes(code[:8], "little") & mask
        while number := table[place]:
            if keys[_KEY * number - _KEY : _KEY * number] == code:
                return number - 1
            place = (place + 1) & mask
        return ~place

    def _new(self, key: str, code: bytes, place: int) -> int:
        number = len(self._places)
        self._keys += code
        self._places.append(_GONE)
        self._shape_of.append(0)
        self._shards.append(0)
        self._table[place] = number + 1
        if key != code.hex():
            self._odd[number] = key
        if 2 * number > len(self._table):
            self._grow()
        return number

    def _grow(self) -> None:
        table = array("I", bytes(8 * len(self._table)))
        mask = len(table) - 1
        starts = np.frombuffer(bytes(self._keys), "<u8")[::2] & np.uint64(mask)
        for number, start in enumerate(starts.tolist(), 1):
            while table[start]:
                start = (start + 1) & mask
            table[start] = number
        self._table = table

    def _packed(self, value: Any) -> Any:
        """A value of counts with numbers for the names of a mapping, and for the texts of a list of texts."""
        if isinstance(value, dict):
            return {self._text(name): self._packed(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            if value and all(isinstance(inner, str) for inner in value):
                return tuple(map(self._text, value))
            return [self._packed(inner) for inner in value]
        return _plain(value)

    def _told(self, value: Any) -> Any:
        """What `_packed` was given."""
        kind = type(value)
        if kind is dict:
            texts = self._texts
            return {texts[n]: v if type(v) in _NUMBERS else self._told(v) for n, v in value.items()}
        if kind is tuple:
            return [self._texts[number] for number in value]
        return [self._told(inner) for inner in value] if kind is list else value

    def _text(self, text: str) -> int:
        number = self._text_numbers.get(text)
        if number is None:
            number = self._text_numbers[text] = len(self._texts)
            self._texts.append(text)
        return number


def _code(key: str) -> bytes:
    """The 16 bytes of a key; of a text that is no key its hash."""
    return bytes.fromhex(key) if _PLAIN_KEY.fullmatch(key) else xxhash.xxh3_128_digest(key.encode())


def _plain(value: Any) -> Any:
    """A value as it comes back from its line in the ledger; raises TypeError for one that has no JSON."""
    # `marshal` takes the numbers of numpy for bytes, without a word.
    return value if type(value) in _AS_IT_IS else json.loads(json.dumps(value))


def _alike(file: dict[str, Any], own: str, shard: int, values: list[Any]) -> tuple[str, ...]:
    """The names of a file and the part of its path that others share; what is its own joins `values`."""
    path = str(file["path"])
    alike = path.replace(own, _OWN, 1)
    if len(alike) == len(path):
        named = _NAMED.search(path)
        if named is not None and named[1] == f"{shard:05d}":
            alike = path[: named.start()] + _OTHER + path[named.end() :]
            values.append(int(named[2], 16))
        else:
            alike = _WHOLE
            values.append(path)
    names = [name for name in file if name != "path"]
    values += [_plain(file[name]) for name in names]
    return (alike, *names)


def _file(names: tuple[str, ...], own: str, values: Iterator[Any]) -> dict[str, Any]:
    """What `_alike` was given."""
    path = names[0]
    if _OWN in path:
        path = path.replace(_OWN, own)
    elif path == _WHOLE:
        path = next(values)
    else:
        path = path.replace(_OTHER, f"{own.partition('-')[0]}-{next(values):012x}")
    if names[1:] == _USUAL:
        return {"path": path, "bytes": next(values), "rows": next(values)}
    return {"path": path} | {name: next(values) for name in names[1:]}


class Done(Mapping[int, list[Entry]]):
    """The entries of a node's finished tasks by shard, in shard order; some ten bytes for a task beside `entries`."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._starts = array("Q")
        self._numbers = array("I")
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[int]:
        return (shard for shard, start in enumerate(self._starts) if start)

    def __contains__(self, shard: object) -> bool:
        return isinstance(shard, int) and 0 <= shard < len(self._starts) and bool(self._starts[shard])

    def __getitem__(self, shard: int) -> list[Entry]:
        return [self._entries.at(number) for number in self.numbers(shard)]

    def numbers(self, shard: int) -> array[int]:
        """Numbers of a shard's entries; raises KeyError where there are none."""
        start = self._starts[shard] if 0 <= shard < len(self._starts) else 0
        if not start:
            raise KeyError(shard)
        return self._numbers[start : start + self._numbers[start - 1]]

    def outputs(self, shard: int) -> list[tuple[str, str]]:
        """Of each of a shard's entries the key and the path of the first file."""
        held = self._entries
        return [(held.key_at(number), held.path(number, 0)) for number in self.numbers(shard)]

    def keys_of_entries(self) -> list[str]:
        """The keys of all entries, in shard order."""
        return [self._entries.key_at(number) for shard in self for number in self.numbers(shard)]

    def put(self, shard: int, entries: list[Entry]) -> None:
        """The entries of a finished task; those that are not held yet are from now on."""
        numbers = [self._entries.number(entry.key) for entry in entries]
        numbers = [self._entries.put(e) if n < 0 else n for n, e in zip(numbers, entries, strict=True)]
        self._starts.extend([0] * (shard + 1 - len(self._starts)))
        self._size += not self._starts[shard]
        self._numbers.append(len(numbers))
        self._starts[shard] = len(self._numbers)
        self._numbers.extend(numbers)
