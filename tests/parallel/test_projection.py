"""Spans carried over to a translation, by links and by marks."""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import pytest

from weft.parallel import marked, projecting
from weft.parallel.projection import Found, Pair, Pairs, project, row_with
from weft.text.symmetrised import Links

TEXTS = ("Anna went to Oslo in 2021", "Mwaka 2021 Anna alikwenda Oslo")


def _places(text: str) -> np.ndarray:
    return np.array([found.span() for found in re.finditer(r"\S+", text)], np.int64).reshape(-1, 2)


def _pair(links: list[tuple[int, int, float]], source: str = TEXTS[0], target: str = TEXTS[1]) -> Pair:
    held = np.array([one[:2] for one in links], np.int64).reshape(-1, 2)
    return Pair(source, target, _places(source), _places(target), held, np.array([one[2] for one in links], np.float32))


LINKS = [(0, 2, 0.9), (1, 3, 0.8), (3, 4, 1.0), (4, 0, 0.5), (5, 1, 1.0)]


def _span(text: str, within: str = TEXTS[0]) -> dict[str, int]:
    return {"begin": within.index(text), "end": within.index(text) + len(text)}


def _together(pairs: list[Pair]) -> Pairs:
    sides = [[getattr(pair, f"{name}_words") for pair in pairs] for name in ("source", "target")]
    words = [(np.cumsum([0, *map(len, side)]), np.concatenate(side)) for side in sides]
    starts = np.cumsum([0, *(len(pair.links) for pair in pairs)])
    links = np.concatenate([pair.links for pair in pairs]).astype(np.int32)
    probability = np.concatenate([pair.probability for pair in pairs])
    texts = ([pair.source for pair in pairs], [pair.target for pair in pairs])
    return Pairs(*texts, words[0], words[1], Links(starts, links[:, 0], links[:, 1], probability))


def _projected(pair: Pair, spans: list[dict[str, Any]], least: float = 0.0, gap: int = 1) -> list[Found]:
    (found,) = project(_together([pair]), [spans], least, gap)
    return found


def _told(pair: Pair, *spans: str) -> list[str]:
    found = _projected(pair, [_span(one, pair.source) for one in spans])
    return [one.reason or pair.target[one.begin : one.end] for one in found]


def test_a_span_is_where_its_words_are() -> None:
    assert _told(_pair(LINKS), "Anna", "Oslo", "in 2021") == ["Anna", "Oslo", "Mwaka 2021"]


def test_confidence_is_the_linked_share_of_both_sides() -> None:
    (one,) = _projected(_pair(LINKS), [_span("to Oslo")])
    assert one.confidence == pytest.approx((1.0 / 2 + 1.0) / 2)


def test_each_reason() -> None:
    assert _told(_pair([]), "Anna") == ["unaligned"]
    assert _told(_pair([*LINKS, (3, 0, 0.4)]), "Oslo") == ["gap"]
    assert _told(_pair([(5, 0, 0.9)]), "2021") == ["number"]
    assert _told(_pair([(0, 1, 0.9)], "Anna !", "sana !"), "Anna") == ["type"]
    assert _told(_pair([(0, 2, 0.9), (1, 2, 0.4)]), "Anna", "went") == ["Anna", "overlap"]
    assert [one.reason for one in _projected(_pair(LINKS), [{"begin": 3, "end": 99}, {"begin": 4, "end": 5}])] == [
        "outside"
    ] * 2
    assert _projected(_pair(LINKS), [_span("in 2021")], least=0.9)[0].reason == "unsure"


def _one(pair: Pair, begin: int, end: int) -> Found:
    """What a span becomes, one word and one link after the other, but for overlaps."""
    words = {n for n, (a, b) in enumerate(pair.source_words.tolist()) if a < end and b > begin}
    if not 0 <= begin < end <= len(pair.source) or not words:
        return Found(0, 0, 0.0, "outside")
    links = [(a, b, float(p)) for (a, b), p in zip(pair.links.tolist(), pair.probability, strict=True) if a in words]
    if not links:
        return Found(0, 0, 0.0, "unaligned")
    others = {b for _, b, _ in links}
    if max(others) - min(others) + 1 - len(others) > 1:
        return Found(0, 0, 0.0, "gap")
    best = [{w: max(link[2] for link in links if link[k] == w) for w in {link[k] for link in links}} for k in range(2)]
    shares = sum(best[0].values()) / len(words), sum(best[1].values()) / (max(others) - min(others) + 1)
    places = pair.target_words.tolist()
    return Found(places[min(others)][0], places[max(others)][1], sum(shares) / 2)


def test_many_pairs_are_projected_as_each_alone() -> None:
    random = np.random.default_rng(3)
    pairs, spans = [], []
    for n in range(60):
        sizes = [int(random.integers(0 if n % 7 == 0 else 1, 9)) for _ in range(2)]
        texts = [" ".join("ñab"[: int(random.integers(1, 4))] for _ in range(size)) for size in sizes]
        found = {(a, b) for a in range(sizes[0]) for b in range(sizes[1]) if random.random() < 0.2}
        # In no order: nothing is said of the order of links.
        links = [(a, b, round(float(random.random()), 3)) for a, b in random.permutation(sorted(found)).tolist()]
        pairs.append(_pair(links, texts[0], texts[1]))
        begins = random.integers(-2, len(texts[0]) + 2, 4).tolist()
        spans.append([{"begin": a, "end": a + int(random.integers(-1, 12))} for a in begins])
    spans[5].append({"begin": 0, "end": 10**30})
    made = project(_together(pairs), spans)
    for pair, asked, found in zip(pairs, spans, made, strict=True):
        assert len(found) == len(asked)
        for span, one in zip(asked, found, strict=True):
            wanted = _one(pair, span["begin"], span["end"])
            told = (one.begin, one.end, one.confidence, None if one.reason == "overlap" else one.reason)
            assert told == (wanted.begin, wanted.end, pytest.approx(wanted.confidence), wanted.reason)
    counted = Counter(one.reason for row in made for one in row)
    assert all(counted[reason] > 5 for reason in (None, "outside", "unaligned", "gap", "overlap")), counted


def test_one_word_may_lie_between() -> None:
    assert _told(_pair([(0, 0, 0.9), (0, 2, 0.9)], "Anna", "a b c"), "Anna") == ["a b c"]
    assert (
        _projected(_pair([(0, 0, 0.9), (0, 2, 0.9)], "Anna", "a b c"), [_span("Anna", "Anna")], gap=0)[0].reason
        == "gap"
    )


def test_digits_of_another_script_are_the_same_number() -> None:
    assert _told(_pair([(0, 0, 0.9)], "2021", "२०२१"), "2021") == ["२०२१"]


def test_a_row_keeps_labels_and_says_what_is_left_out() -> None:
    row = {"source": TEXTS[0], "target": TEXTS[1], "spans": [{**_span("Anna"), "label": "PER"}, _span("to")]}
    made = row_with(row, _projected(_pair(LINKS), row["spans"]))
    assert made["target_spans"] == [{"label": "PER", "begin": 11, "end": 15, "confidence": 0.9, "span": 0}]
    assert made["rejected_spans"] == [{"span": 1, "reason": "unaligned"}]


def test_marks_survive_marks() -> None:
    assert marked.marked("a [b] c", {"begin": 2, "end": 5}) == "a [(b)] c"
    assert marked.between("x [ y z ] w") == "y z"
    assert [marked.between(text) for text in ("x y", "x ] y [", "[x] [y]", "x []")] == [None] * 4


def test_what_stands_between_marks_is_looked_for() -> None:
    spans = [_span("Anna"), _span("in 2021"), _span("Oslo"), _span("went")]
    translated = ["[Ana] alienda Oslo", "mnamo [mwaka 2021]", "no marks", "[qqq]"]
    (found,) = marked.project([_pair([])], [spans], [translated], None)
    assert [one.reason or TEXTS[1][one.begin : one.end] for one in found] == ["Anna", "Mwaka 2021", "marks", "unlike"]


def _likeness(one: str, other: str) -> float:
    held = [
        Counter(text[k : k + 2] for k in range(max(len(text) - 1, 1))) for text in (one.casefold(), other.casefold())
    ]
    return 2 * (held[0] & held[1]).total() / (held[0].total() + held[1].total())


def test_likeness_is_f1_of_pairs_of_characters() -> None:
    assert marked.likeness("Abc", "abc", np.array([[0, 3]])).tolist() == [1.0]
    assert marked.likeness("abcd", "abxd", np.array([[0, 4]])) == pytest.approx(2 * 1 / 6)
    text = "Straße İstanbul ǅ aaaa b \U0001f600 ΣΑΣ ß"
    bounds = [(a, b) for a in range(len(text)) for b in range(a + 1, len(text) + 1)]
    for wanted in ("strasse", "a", "aaa", "ß", "i̇s", "σας", "x", "Straße İstanbul"):
        found = marked.likeness(wanted, text, np.array(bounds))
        assert found.tolist() == [_likeness(wanted, text[a:b]) for a, b in bounds]


GLOSSES = {"Anna": "Anna", "went": "alikwenda", "Oslo": "Oslo", "in": "mwaka", "2021": "2021"}


class _Translator(BaseHTTPRequestHandler):
    """Translates word by word and leaves marks where they are, as a server of a model would."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = [re.sub(r"\w+", lambda found: GLOSSES.get(found[0], ""), text) for text in asked]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Translator)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def test_a_service_translates_what_is_marked(address: str) -> None:
    def translate(texts: list[str]) -> list[str]:
        with urllib.request.urlopen(address, json.dumps(texts).encode()) as reply:
            return list(json.load(reply))

    rows = [{"source": TEXTS[0], "target": TEXTS[1], "spans": [_span("Anna"), _span("in 2021"), _span("went")]}]
    made = projecting.rows(rows, None, projecting.translated_rows(rows, translate))
    told = [TEXTS[1][one["begin"] : one["end"]] for one in made[0]["target_spans"]]
    assert told == ["Anna", "Mwaka 2021", "alikwenda"]
    assert not made[0]["rejected_spans"]
