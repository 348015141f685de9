"""Spans carried over to a translation, by links and by marks."""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import pytest

from weft.parallel import marked, projecting
from weft.parallel.projection import Pair, project, row_with

TEXTS = ("Anna went to Oslo in 2021", "Mwaka 2021 Anna alikwenda Oslo")


def _places(text: str) -> np.ndarray:
    return np.array([found.span() for found in re.finditer(r"\S+", text)], np.int64).reshape(-1, 2)


def _pair(links: list[tuple[int, int, float]], source: str = TEXTS[0], target: str = TEXTS[1]) -> Pair:
    held = np.array([one[:2] for one in links], np.int64).reshape(-1, 2)
    return Pair(source, target, _places(source), _places(target), held, np.array([one[2] for one in links], np.float32))


LINKS = [(0, 2, 0.9), (1, 3, 0.8), (3, 4, 1.0), (4, 0, 0.5), (5, 1, 1.0)]


def _span(text: str, within: str = TEXTS[0]) -> dict[str, int]:
    return {"begin": within.index(text), "end": within.index(text) + len(text)}


def _told(pair: Pair, *spans: str) -> list[str]:
    found = project(pair, [_span(one, pair.source) for one in spans])
    return [one.reason or pair.target[one.begin : one.end] for one in found]


def test_a_span_is_where_its_words_are() -> None:
    assert _told(_pair(LINKS), "Anna", "Oslo", "in 2021") == ["Anna", "Oslo", "Mwaka 2021"]


def test_confidence_is_the_linked_share_of_both_sides() -> None:
    (one,) = project(_pair(LINKS), [_span("to Oslo")])
    assert one.confidence == pytest.approx((1.0 / 2 + 1.0) / 2)


def test_each_reason() -> None:
    assert _told(_pair([]), "Anna") == ["unaligned"]
    assert _told(_pair([*LINKS, (3, 0, 0.4)]), "Oslo") == ["gap"]
    assert _told(_pair([(5, 0, 0.9)]), "2021") == ["number"]
    assert _told(_pair([(0, 1, 0.9)], "Anna !", "sana !"), "Anna") == ["type"]
    assert _told(_pair([(0, 2, 0.9), (1, 2, 0.4)]), "Anna", "went") == ["Anna", "overlap"]
    assert [one.reason for one in project(_pair(LINKS), [{"begin": 3, "end": 99}, {"begin": 4, "end": 5}])] == [
        "outside"
    ] * 2
    assert project(_pair(LINKS), [_span("in 2021")], least=0.9)[0].reason == "unsure"


def test_one_word_may_lie_between() -> None:
    assert _told(_pair([(0, 0, 0.9), (0, 2, 0.9)], "Anna", "a b c"), "Anna") == ["a b c"]
    assert (
        project(_pair([(0, 0, 0.9), (0, 2, 0.9)], "Anna", "a b c"), [_span("Anna", "Anna")], gap=0)[0].reason == "gap"
    )


def test_digits_of_another_script_are_the_same_number() -> None:
    assert _told(_pair([(0, 0, 0.9)], "2021", "२०२१"), "2021") == ["२०२१"]


def test_a_row_keeps_labels_and_says_what_is_left_out() -> None:
    row = {"source": TEXTS[0], "target": TEXTS[1], "spans": [{**_span("Anna"), "label": "PER"}, _span("to")]}
    made = row_with(row, project(_pair(LINKS), row["spans"]))
    assert made["target_spans"] == [{"label": "PER", "begin": 11, "end": 15, "confidence": 0.9, "span": 0}]
    assert made["rejected_spans"] == [{"span": 1, "reason": "unaligned"}]


def test_marks_survive_marks() -> None:
    assert marked.marked("a [b] c", {"begin": 2, "end": 5}) == "a [(b)] c"
    assert marked.between("x [ y z ] w") == "y z"
    assert [marked.between(text) for text in ("x y", "x ] y [", "[x] [y]", "x []")] == [None] * 4


def test_what_stands_between_marks_is_looked_for() -> None:
    spans = [_span("Anna"), _span("in 2021"), _span("Oslo"), _span("went")]
    translated = ["[Ana] alienda Oslo", "mnamo [mwaka 2021]", "no marks", "[qqq]"]
    found = marked.project(_pair([]), spans, translated, None)
    assert [one.reason or TEXTS[1][one.begin : one.end] for one in found] == ["Anna", "Mwaka 2021", "marks", "unlike"]


def test_likeness_is_f1_of_pairs_of_characters() -> None:
    assert marked.likeness("Abc", "abc") == 1.0
    assert marked.likeness("abcd", "abxd") == pytest.approx(2 * 1 / 6)


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
