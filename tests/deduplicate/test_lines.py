"""What is boilerplate of a site, and what only recurs there."""

from __future__ import annotations

import hashlib

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.deduplicate.line_keys import line_keys
from weft.deduplicate.line_spans import LEARNT, line_spans
from weft.deduplicate.lines import WRITES, lines
from weft.deduplicate.site import site_names

WORDS = "maji nyumba shule mtoto chakula safari barua kazi siku mwaka mji bahari mti samaki soko mvua kitabu".split()
POEM = "Sun over the river so wide,\nboats go home with the evening tide,\nchildren call from the other side,\nwait."
PRAYER = "Our Father who art in heaven, hallowed be thy name, thy kingdom come, thy will be done on earth.\nAmen."


def prose(number: int, sentences: int = 3) -> str:
    """Sentences that no other number has."""
    made = []
    for n in range(sentences):
        draw = hashlib.sha256(f"{number} {n}".encode()).digest()
        made.append(" ".join(WORDS[b % len(WORDS)] for b in draw[:14]).capitalize() + f" {number}.")
    return " ".join(made)


def table(pages: list[str | None], urls: list[str | None] | None = None) -> pa.Table:
    ids = [hashlib.md5(str(n).encode()).hexdigest() for n in range(len(pages))]
    return pa.table(
        {
            "id": ids,
            "text": pa.array(pages, pa.large_string()),
            "url": pa.array(urls or ["https://example.org/"] * len(pages), pa.string()),
            "source": ["crawl"] * len(pages),
        }
    )


def labelled(batch: pa.Table, **parameters: int) -> list[dict[str, object] | None]:
    """The label of every page, as the engine makes it: learnt by site, given back to each document."""
    learnt = pl.DataFrame(pl.from_arrow(lines(**parameters)(line_keys()(batch))))
    sites = pl.Series(line_keys()(batch)["site"].to_numpy()).unique()
    assert set(learnt["site"]) <= set(sites)
    from weft.deduplicate.site import sites as hashes

    entries = []
    for site in hashes(batch["url"], batch["source"]).tolist():
        rows = learnt.filter(pl.col("site") == site)
        held = rows.drop_nulls("line").select("line", "pages", "keeper").to_dicts()
        entries.append({"of": rows["of"][0] if rows.height else 0, "lines": held})
    made = line_spans()(batch.append_column("learnt", pa.array(entries, LEARNT)))
    return made["lines"].to_pylist()  # type: ignore[no-any-return]


def cut(pages: list[str | None], **parameters: int) -> list[list[str]]:
    """The texts of the spans of each page."""
    found = labelled(table(pages), **parameters)
    return [
        [page[span["begin"] : span["end"]] for span in label["spans"]]  # type: ignore[attr-defined]
        for page, label in zip(pages, found, strict=True)
        if page is not None and label is not None
    ]


def test_menu_notice_and_footer_are_learnt() -> None:
    menu, notice = "Home\nNews\nSport", "We use cookies to make this site better. Read on and you agree to it."
    pages: list[str | None] = [
        f"{notice}\n\n{menu}\n\n{prose(n)}\n\n© The Post. All rights reserved." for n in range(4)
    ]
    found = cut(pages)
    assert found == [[notice, menu, "© The Post. All rights reserved."]] * 4
    label = labelled(table(pages))[0]
    assert label is not None and label["pages"] == 4
    spans: list[dict[str, object]] = label["spans"]  # type: ignore[assignment]
    assert [span["kind"] for span in spans] == ["line", "paragraph", "line"]
    assert [(span["pages"], span["share"]) for span in spans] == [(4, 1.0)] * 3
    assert label["cut"] == sum(map(len, found[0]))


def test_what_one_site_repeats_says_nothing_of_another() -> None:
    pages: list[str | None] = [f"Home\n\n{prose(n)}" for n in range(4)]
    urls: list[str | None] = ["https://a.example/1", "https://www.a.example/2", "https://b.example/1", None]
    found = labelled(table(pages, urls))
    assert [bool(label and label["spans"]) for label in found] == [True, True, False, False]
    assert [label and label["pages"] for label in found] == [2, 2, 1, 1]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_poem_that_two_pages_quote_stays(count: int) -> None:
    pages: list[str | None] = [f"Menu\n\n{prose(n)}\n\n{POEM}\n\n{prose(n + 100)}\n\nBack" for n in range(2)]
    pages += [f"Menu\n\n{prose(n)}\n\n{prose(n + 100)}\n\nBack" for n in range(2, count)]
    assert cut(pages) == [["Menu", "Back"]] * count


def test_of_a_prayer_on_every_page_one_page_keeps_a_copy() -> None:
    pages: list[str | None] = [f"{prose(n)}\n\n{PRAYER}\n\n{prose(n + 100)}" for n in range(8)]
    found = cut(pages)
    assert sorted(map(len, found)) == [0] + [1] * 7
    assert {text for texts in found for text in texts} == {PRAYER}


def test_near_copies_of_an_article_are_no_boilerplate() -> None:
    article = "\n\n".join(prose(n) for n in range(6))
    assert cut([article, f"{article}\n\n{prose(50, 1)}"]) == [[], []]
    assert cut([article, article]) == [[], []]


def test_a_long_passage_needs_more_pages_than_a_notice() -> None:
    long = prose(999, 4)
    assert cut([f"{long}\n\n{prose(n, 9)}" for n in range(2)]) == [[], []]
    assert cut([f"{long}\n\n{prose(n, 9)}" for n in range(8)]) == [[long]] * 8


def test_a_line_on_few_pages_of_a_large_site_stays() -> None:
    pages: list[str | None] = [
        f"Menu\n\n{prose(n)}\n\n{'Two eggs' if n < 3 else n}\n\n{prose(n + 500)}" for n in range(60)
    ]
    assert cut(pages) == [["Menu"]] * 60


def test_the_number_of_pages_is_a_parameter() -> None:
    pages: list[str | None] = [f"Menu\n\n{prose(n)}" for n in range(3)]
    assert cut(pages, least_pages=3) == [["Menu"]] * 3 and cut(pages, least_pages=4) == [[]] * 3


def test_a_large_site_is_learnt_from_a_sample() -> None:
    pages: list[str | None] = [f"Menu\n\n{prose(n)}" for n in range(30)]
    found = labelled(table(pages), most_pages=7)
    assert [label and label["pages"] for label in found] == [7] * 30
    assert cut(pages, most_pages=7) == [["Menu"]] * 30


@pytest.mark.parametrize("pages", [[], [None, ""], ["\n\n \r\n", "\n"], ["Home", "Home"], ["a" * 10_000_000] * 2])
def test_hostile_pages(pages: list[str | None]) -> None:
    assert [label is None for label in labelled(table(pages))] == [page is None for page in pages]
    assert all(not texts for texts in cut(pages))


def test_line_ends_of_windows_are_no_text() -> None:
    pages: list[str | None] = [f"Home\r\nNews\r\n\r\n{prose(n)}\r\n" for n in range(2)]
    assert cut(pages) == [["Home\r\nNews"]] * 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=8), min_size=1, max_size=6), st.randoms())
def test_the_answer_does_not_depend_on_the_order_of_rows(pages: list[list[int]], random: object) -> None:
    texts: list[str | None] = ["\n".join(prose(n, 1) if n > 3 else WORDS[n] for n in page) for page in pages]
    keys = line_keys()(table(texts))
    order = list(range(keys.num_rows))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert lines()(keys).equals(lines()(keys.take(pa.array(order, pa.int64()))))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=8), min_size=1, max_size=6))
def test_pages_are_counted_as_a_plain_count_does(pages: list[list[int]]) -> None:
    texts: list[str | None] = ["\n".join(prose(n, 1) if n > 3 else WORDS[n] for n in page) for page in pages]
    distinct = {tuple(page) for page in pages}
    made = lines()(line_keys()(table(texts)))
    assert made.schema.equals(pa.schema(list(WRITES.items())))
    assert made["of"].to_pylist() == [len(distinct)] * made.num_rows
    by_hash = {}
    for n in range(7):
        one = line_keys()(table([prose(n, 1) if n > 3 else WORDS[n]]))
        by_hash[one["line"][0].as_py()] = sum(n in page for page in distinct)
    for line, count in zip(made["line"].to_pylist(), made["pages"].to_pylist(), strict=True):
        assert line is None or by_hash[line] == count >= 2


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.Example.ORG:8080/a?b#c", "example.org"),
        ("http://user:word@news.example/", "news.example"),
        ("http://[::1]:80/a", "[::1]"),
        ("not an address", "source:s"),
        (None, "source:s"),
        ("https://ሰላም.example/", "ሰላም.example"),
    ],
)
def test_the_site_of_an_address(url: str | None, site: str) -> None:
    assert site_names(pa.array([url], pa.string()), pa.array(["s"])).to_list() == [site]


def test_near_copies_are_one_voice_beside_another_page() -> None:
    story, foot = (
        f"{prose(1, 6)}\n\n{prose(2, 6)}",
        "About the makers of this site\nAll of our other pages and archives",
    )
    near: list[str | None] = [f"{story}\n\nChanged by {n}: {prose(n, 1)}\n\n{foot}" for n in (3, 4)]
    assert cut(near) == [[]] * 2, "two versions of one text are no evidence"
    assert cut([*near, f"{prose(5, 6)}\n\n{foot}"]) == [[foot]] * 3
    quoting = cut([*near, f"{prose(5, 6)}\n\n{prose(1, 6)}\n\n{foot}"])
    assert not any(prose(1, 6) in text for page in quoting for text in page), "nor is a third page that quotes them"


def test_lines_that_differ_in_their_numbers_are_of_one_kind_around_the_text() -> None:
    pages: list[str | None] = [
        f"Bei: {n}{n + 1}9\n\n{prose(n)}\n\n{n + 1}\n\n{prose(n + 20)}\n\nMaoni ({n * 7}{n})\n2{n}.0{n + 1}.2026"
        for n in range(5)
    ]
    found = cut(pages)
    assert [text for page in found for text in page if text.startswith("Bei")] == [
        f"Bei: {n}{n + 1}9" for n in range(5)
    ]
    assert all(any("Maoni" in text for text in page) and any("2026" in text for text in page) for page in found)
    assert not any(text.strip().isdigit() for page in found for text in page), "numbers inside the text stay"


def test_numbers_of_pages_that_say_nothing_for_themselves_stay() -> None:
    tables: list[str | None] = ["\n".join(f"{n * 7 + k * 31}" for k in range(10)) for n in range(4)]
    assert cut(tables) == [[]] * 4
