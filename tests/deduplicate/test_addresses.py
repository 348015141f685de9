"""Canonical web addresses: one form for one page, and no form for what is no web address."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.deduplicate.addresses import canonical


def form(address: str | None) -> str | None:
    return canonical(pl.Series([address], dtype=pl.String)).to_list()[0]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://WWW.Example.org:80/a/./b/../c/index.html?utm_source=x&b=2&a=1#top", "example.org/a/c?a=1&b=2"),
        ("https://example.org:443/a/c/?&b=2&a=1&", "example.org/a/c?a=1&b=2"),
        ("https://user:pw@example.org:8443/", "example.org:8443"),
        ("HTTP://example.org", "example.org"),
        ("http://example.org./a", "example.org/a"),
        ("http://www.org/", "www.org"),
        ("http://www2.example.org/x", "example.org/x"),
        ("http://[2001:DB8::1]:81/a", "[2001:db8::1]:81/a"),
        ("http://example.org/%7Efoo/%c3%a9", "example.org/~foo/%C3%A9"),
        ("http://example.org/a%2fb", "example.org/a%2Fb"),
        ("http://xn--bcher-kva.example/", "bücher.example"),
        ("http://xn--99999999999.example/", "xn--99999999999.example"),
        ("http://example.org/a;jsessionid=12ab/b;JSESSIONID=1?PHPSESSID=3&q=a%20b", "example.org/a/b?q=a+b"),
        ("http://example.org/page?fbclid=1&id=7", "example.org/page?id=7"),
        ("http://example.org/#!/news/7", "example.org#!/news/7"),
        ("http://example.org/a//b/", "example.org/a//b"),
        (" http://example.org/a\n", "example.org/a"),
        ("http://example.org/?q", "example.org?q"),
        ("http://example.org/Default.aspx", "example.org"),
        ("http://example.org/indexes.html", "example.org/indexes.html"),
    ],
)
def test_forms(address: str, expected: str) -> None:
    assert form(address) == expected


@pytest.mark.parametrize(
    "address", [None, "", " ", "http://", "http:///a", "ftp://example.org/a", "example.org/a", "mailto:a@b"]
)
def test_what_is_no_web_address(address: str | None) -> None:
    assert form(address) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://example.org/a", "http://example.org/A"),
        ("http://example.org/a?id=1", "http://example.org/a?id=2"),
        ("http://example.org/a", "http://example.org:8080/a"),
        ("http://example.org/a", "http://m.example.org/a"),
        ("http://example.org/a?b", "http://example.org/a/b"),
        ("http://example.org/?utmost=1", "http://example.org/"),
        ("http://example.org/#/one", "http://example.org/#/two"),
    ],
)
def test_different_pages(one: str, other: str) -> None:
    assert form(one) != form(other)


PIECES = st.lists(
    st.sampled_from(
        [*"aZ09/?&=#.%:@;+", "..", "%7e", "%2f", "%zz", "utm_source=", "index.html", "é", "ไทย", "[", "]", "//"]
    ),
    max_size=30,
).map("".join)


@given(st.lists(PIECES, max_size=5))
def test_any_address_has_a_form_that_stays(rest: list[str]) -> None:
    addresses = pl.Series([f"http://example.org/{part}" for part in rest], dtype=pl.String)
    once = canonical(addresses)
    assert once.null_count() == 0 and once.str.starts_with("example.org").all()
    again = canonical("https://" + once)
    assert canonical("http://" + again).to_list() == again.to_list()


def test_many_at_once_are_as_one_at_a_time() -> None:
    addresses = [f"http://www.example{n % 7}.org/{n % 5}/?id={n % 3}&utm_x={n}" for n in range(100)] + [None]
    assert canonical(pl.Series(addresses)).to_list() == [form(one) for one in addresses]
    assert canonical(pl.Series([], dtype=pl.String)).to_list() == []
