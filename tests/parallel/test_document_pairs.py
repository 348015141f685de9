"""Documents of two collections that belong together, by address and by words."""

from __future__ import annotations

import polars as pl
import pytest
from tests.parallel.test_alignment import sentences

from weft.parallel.document_pairs import by_address, by_content
from weft.parallel.lexicon import train

LANGUAGES = ("eng_Latn", "swh_Latn")


@pytest.mark.parametrize(
    ("english", "swahili"),
    [
        ("https://x.org/en/news/1.html", "http://www.x.org/sw/news/1.html"),
        ("https://x.org/news/1?lang=en", "https://x.org/news/1?lang=swh"),
        ("https://x.org/news.en.html", "https://x.org/news.sw.html"),
        ("https://x.org/news", "https://x.org/kiswahili/news"),
        ("https://en.x.org/a", "https://sw.x.org/a"),
        ("guide_eng_Latn.txt", "guide_swh_Latn.txt"),
    ],
)
def test_addresses_that_differ_in_the_language_belong_together(english: str, swahili: str) -> None:
    found = by_address(pl.Series(["https://x.org/other/en", english]), pl.Series([swahili]), LANGUAGES)
    assert (found.first.tolist(), found.second.tolist()) == ([1], [0])


def test_an_address_that_is_not_unique_is_left_out() -> None:
    found = by_address(pl.Series(["x.org/en/a", "x.org/a?lang=en"]), pl.Series(["x.org/sw/a"]), LANGUAGES)
    assert len(found.first) == 0


def test_documents_are_paired_by_translated_words_and_by_numbers() -> None:
    one, other = sentences(120, 9)
    lexicon = train(*sentences(1500, 1), ("aaa_Latn", "bbb_Latn"))
    documents = ["\n".join(one[n : n + 10]) for n in range(0, 120, 10)]
    translations = ["\n".join(other[n : n + 10]) for n in range(110, 9, -10)]
    found = by_content(pl.Series(documents), pl.Series(translations), lexicon, 0.2)
    assert found.first.tolist() == list(range(1, 12)) and found.second.tolist() == list(range(10, -1, -1))
    assert found.score.min() >= 0.2
    assert len(by_content(pl.Series(documents), pl.Series(translations), None, 0.2).first) == 0
    numbers = [f"{text} {1000 + n} {2000 + n}" for n, text in enumerate(documents)]
    told = [f"{text} {1011 - n} {2011 - n}" for n, text in enumerate(translations)]
    alone = by_content(pl.Series(numbers), pl.Series(told), None, 0.05)
    assert alone.first.tolist() == list(range(1, 12)) and alone.second.tolist() == list(range(10, -1, -1))
