"""The pages of the sample that are not as they should be: duplicates, damage, spam, menus, emptiness."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

import sample_html as html
import sample_plan as plan
from sample_plan import Language, Page, joined, ranked, rendered

Regular = tuple[str, html.Content, tuple[tuple[str, ...], ...]]
_PICTURE = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b")
_DOCUMENT = b"%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def all_pages(languages: Mapping[str, Language]) -> list[Page]:
    """Every page of the crawl, ordinary and odd, in an order that mixes them."""
    ordinary = {code: plan.regular(language) for code, language in languages.items()}
    pages: list[Page] = []
    for made in ordinary.values():
        pages += _ordinary(made)
    for odd in (_duplicates, _damaged, _two_languages, _worthless):
        pages += odd(languages, ordinary)
    urls = [page.url for page in pages]
    if len(set(urls)) != len(urls):
        raise SystemExit(f"two pages have one address: {sorted(url for url in set(urls) if urls.count(url) > 1)}")
    return sorted(pages, key=lambda page: ranked("order", page.url))


def _ordinary(made: list[Regular]) -> Iterator[Page]:
    old = {(code, number): rest for code, number, *rest in plan.LEGACY}
    for site, page, _ in made:
        code, key = page.words.code, (page.words.code, page.number)
        if key in old:
            codec, charset, said = old[key]
            yield plan.encoded(page, site, codec, charset, said)
        elif code in plan.CONTACTS and page.number == 2:
            reached = replace(
                page,
                contacts=f"info@{page.host} · editor.{page.number}@example.org · +1 202 555 01{page.number:02} · 192.0.2.{page.number}",
            )
            yield rendered(reached, site, "contacts")
        else:
            yield rendered(page, site, "good")


def _duplicates(languages: Mapping[str, Language], ordinary: Mapping[str, list[Regular]]) -> Iterator[Page]:
    """The same page under two addresses; a page with another date and sentence; a page for the printer."""
    for code in _there(plan.EXACT, ordinary):
        site, page, _ = ordinary[code][0]
        again = replace(page, url=page.url + "?utm_source=feed", canonical=page.url)
        yield rendered(again, site, "exact_duplicate", of=page.url)
    for place, code in enumerate(_there(plan.NEAR, ordinary)):
        site, page, runs = max(ordinary[code][5:], key=lambda made: len("".join(made[1].paragraphs)))
        held = {line for run in runs for line in run}
        spare = [line for _, lines in languages[code].topics for line in lines if line not in held]
        more = (*page.paragraphs, min(spare, key=len))
        changed = _without_shortest(languages[code], runs) if place % 2 else more
        copied = page.url.replace("example/", "example/syndicated/")
        told = replace(page, url=copied, paragraphs=changed, date="2026-06-28")
        change = "a sentence less" if place % 2 else "a sentence more"
        yield rendered(told, site, "near_duplicate", of=page.url, change=change)
    for code in _there(plan.PRINTED, ordinary):
        site, page, _ = ordinary[code][4]
        sheet = replace(page, url=page.url + "?print=1", canonical=page.url)
        yield Page(
            sheet.url,
            code,
            "near_duplicate",
            html.printed(sheet).encode(),
            "printed",
            facts={"of": page.url, "change": "for the printer"},
            paragraphs=sheet.paragraphs,
        )


def _without_shortest(language: Language, runs: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """The paragraphs, one of them without its last sentence: of the last ones the shortest."""
    least = min((run[-1] for run in runs if len(run) > 1), key=len)
    return tuple(joined(language, tuple(line for line in run if line != least)) for run in runs)


def _damaged(languages: Mapping[str, Language], ordinary: Mapping[str, list[Regular]]) -> Iterator[Page]:
    """Mojibake, Zawgyi, a record that says a wrong length and one that is cut."""
    for code in _there(plan.MOJIBAKE, ordinary):
        site, page, _ = _extra(languages[code], 40, ordinary)
        broken = replace(
            page,
            title=plan.broken_twice(page.title),
            paragraphs=tuple(map(plan.broken_twice, page.paragraphs)),
        )
        yield replace(rendered(broken, site, "mojibake"), paragraphs=page.paragraphs)
    for number in (41, 42) if "mya_Mymr" in languages else ():
        site, page, _ = _extra(languages["mya_Mymr"], number, ordinary)
        typed = replace(page, title=plan.zawgyi(page.title), paragraphs=tuple(map(plan.zawgyi, page.paragraphs)))
        yield replace(rendered(typed, site, "zawgyi"), paragraphs=page.paragraphs)
    for code, number, kind in (
        ("eng_Latn", 43, "wrong_length"),
        ("ind_Latn", 44, "truncated"),
        ("fra_Latn", 45, "transfer_encoded"),
        ("hin_Deva", 46, "content_encoded"),
    ):
        if code in languages:
            site, page, _ = _extra(languages[code], number, ordinary)
            made = rendered(page, site, kind)
            if kind == "transfer_encoded":
                half = len(made.body) // 2
                parts = (made.body[:half], made.body[half:], b"")
                chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
                made = replace(made, body=chunked, headers=(("Transfer-Encoding", "chunked"),))
            if kind == "content_encoded":
                made = replace(made, body=_stored(made.body), headers=(("Content-Encoding", "deflate"),))
            yield made


def _stored(body: bytes) -> bytes:
    """A zlib stream that compresses nothing, so that it is the same with every zlib."""
    blocks = [body[at : at + 65535] for at in range(0, len(body), 65535)]
    framed = b"".join(
        bytes([place == len(blocks) - 1])
        + len(part).to_bytes(2, "little")
        + (len(part) ^ 0xFFFF).to_bytes(2, "little")
        + part
        for place, part in enumerate(blocks)
    )
    return b"\x78\x01" + framed + zlib.adler32(body).to_bytes(4, "big")


def _two_languages(languages: Mapping[str, Language], ordinary: Mapping[str, list[Regular]]) -> Iterator[Page]:
    """Half in one language and half in another; a page whose menu is English."""
    for place, (code, other) in enumerate(plan.HALVES):
        if code in languages and other in languages:
            site, page, _ = _extra(languages[code], 50, ordinary)
            _, second, _ = _extra(languages[other], 51 + place, ordinary)
            both = replace(page, paragraphs=page.paragraphs + second.paragraphs[: len(page.paragraphs)])
            yield rendered(both, site, "mixed", other=other)
    for code in _there(plan.FOREIGN_MENU, ordinary):
        if "eng_Latn" in languages:
            _, page, _ = _extra(languages[code], 60, ordinary)
            site = ("news", "blog", "shop")[ranked(code, "menu") % 3]
            yield rendered(
                replace(page, chrome=languages["eng_Latn"].words, lang="en"), site, "foreign_menu", other="eng_Latn"
            )


def _worthless(languages: Mapping[str, Language], ordinary: Mapping[str, list[Regular]]) -> Iterator[Page]:
    """Spam, link lists, single lines, pages that are not found, and what is no page at all."""
    for place, code in enumerate(_there(plan.SPAM, ordinary)):
        yield rendered(_spam(languages[code], place), ("blog", "shop")[place % 2], "spam")
    for code in _there(plan.MENUS, ordinary):
        _, page, _ = ordinary[code][0]
        titles = [line.rstrip(".?!។။۔。፡።") for _, lines in languages[code].topics for line in lines[:2]]
        listed = replace(
            page, url=f"https://news.{code[:3]}.example/sitemap.html", title=page.words.menu[0], paragraphs=(),
            links=tuple((" ".join(title.split()[:5]), f"/t{n}.html") for n, title in enumerate(titles)),
        )  # fmt: skip
        yield Page(listed.url, code, "menu", html.link_list(listed).encode(), "link_list")
    for code in _there(plan.SHORT, ordinary):
        _, page, runs = ordinary[code][1]
        brief = replace(page, url=f"https://blog.{code[:3]}.example/note.html", paragraphs=(runs[0][0],))
        yield rendered(brief, "news", "short")
    if "eng_Latn" in languages:
        yield from _nothing(ordinary["eng_Latn"][0][1])


def _spam(language: Language, place: int) -> html.Content:
    """Words stuffed or one line over and over, as link farms have them; nothing indecent."""
    words, (title, lines) = language.words, language.topics[place % len(language.topics)]
    if place % 2:
        text = tuple(f"{title} {lines[0]} BONUS 100% 777 {words.buttons[7]}!!!" for _ in range(14))
    else:
        stock = [*words.menu, *words.buttons, title, "slot", "bonus", "777", "spin", "jackpot", "free"]
        text = tuple(
            ", ".join(stock[ranked(language.code, row, n) % len(stock)] for n in range(30)) for row in range(5)
        )
    return html.Content(
        f"https://win.{language.code[:3]}.example/bonus-{place}.html",
        f"{title} BONUS 777 FREE",
        text,
        words,
        words,
        "2026-05-05",
        place,
        words.tag,
    )


def _nothing(page: html.Content) -> Iterator[Page]:
    def other(
        url: str,
        kind: str,
        body: bytes,
        content_type: str = "text/html; charset=utf-8",
        status: str = "200 OK",
        **given: str,
    ) -> Page:
        headers = tuple((name.replace("_", "-").title(), value) for name, value in given.items())
        return Page(f"https://www.odd.example/{url}", None, kind, body, kind, content_type, status, headers)

    yield other("app/", "empty", html.empty(page).encode())
    yield other("zero.html", "empty", b"")
    yield other("poster.html", "image_only", html.image_only(page).encode())
    missing = html.printed(replace(page, title="Not found", paragraphs=("The page that you look for is not here.",)))
    yield other("gone.html", "not_found", missing.encode(), status="404 Not Found")
    yield other("lost.html", "soft_not_found", missing.encode())
    yield other(
        "old-address.html", "redirect", b"", status="301 Moved Permanently", location="https://www.odd.example/app/"
    )
    yield other("leaflet.pdf", "document", _DOCUMENT, "application/pdf")
    yield other("dot.gif", "picture", _PICTURE, "image/gif")
    robots = b"User-agent: *\nDisallow: /login\nDisallow: /cart\nSitemap: https://www.odd.example/sitemap.xml\n"
    yield other("robots.txt", "robots", robots, "text/plain")


def _extra(language: Language, number: int, ordinary: Mapping[str, list[Regular]]) -> Regular:
    """A page beside the ordinary ones, told from all that were made before; those made here are added to them."""
    made = ordinary[language.code]
    title, runs = plan.compose(language, number, [{line for run in held for line in run} for _, _, held in made])
    made.append((*plan.content(language, number, title, runs), runs))
    return made[-1]


def _there(codes: tuple[str, ...], ordinary: Mapping[str, list[Regular]]) -> list[str]:
    return [code for code in codes if code in ordinary]
