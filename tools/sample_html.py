"""HTML of the sample's sites: six kinds of site as crawls hold them, and pages with no text to keep."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html import escape

RIGHT_TO_LEFT = ("Arab", "Nkoo", "Hebr", "Thaa")


@dataclass(frozen=True)
class Words:
    """What a site says in its language beside its pages: menu, buttons, notices."""

    code: str
    tag: str
    name: str
    menu: tuple[str, ...]
    buttons: tuple[str, ...]  # search, more, related, comments, share, rights, login, price, accept
    cookies: str
    replies: tuple[str, ...]
    people: tuple[str, ...]
    digits: str = "0123456789"

    @property
    def direction(self) -> str:
        return "rtl" if self.code[4:] in RIGHT_TO_LEFT else "ltr"

    def number(self, value: object) -> str:
        """A number in the digits that the language writes."""
        return str(value).translate(str.maketrans("0123456789", self.digits))


@dataclass(frozen=True)
class Content:
    """What one page says. `links` are (title, path) of other pages of the site; `chrome` is the site's language."""

    url: str
    title: str
    paragraphs: tuple[str, ...]
    words: Words
    chrome: Words
    date: str
    number: int
    lang: str | None
    charset: str | None = "utf-8"
    links: tuple[tuple[str, str], ...] = ()
    contacts: str = ""
    canonical: str | None = None
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return self.url.split("/")[2]

    @property
    def author(self) -> str:
        return self.words.people[self.number % len(self.words.people)]


def _opening(page: Content) -> str:
    if page.lang is None:
        return "<html>"
    turn = ' dir="rtl"' if page.words.direction == "rtl" else ""
    return f'<html lang="{page.lang}"{turn}>'


def _meta(page: Content) -> str:
    described = escape(page.paragraphs[0][:150]) if page.paragraphs else ""
    charset = f'<meta charset="{page.charset}">\n' if page.charset else ""
    canonical = f'<link rel="canonical" href="{escape(page.canonical or page.url)}">\n'
    return (
        f"{charset}<title>{escape(page.title)} | {escape(page.chrome.name)}</title>\n"
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="description" content="{described}">\n{canonical}'
    )


def _menu(page: Content, tag: str = "nav", kind: str = "main-menu") -> str:
    items = "".join(f'<li><a href="/s{place}/">{escape(name)}</a></li>' for place, name in enumerate(page.chrome.menu))
    return f'<{tag} class="{kind}"><ul>{items}</ul></{tag}>\n'


def _cookies(page: Content) -> str:
    return (
        f'<div id="cookie-consent" class="cookie-banner" role="dialog"><p>{escape(page.chrome.cookies)}</p>'
        f"<button>{escape(page.chrome.buttons[8])}</button></div>\n"
    )


def _footer(page: Content) -> str:
    links = " | ".join(f'<a href="/s{place}/">{escape(name)}</a>' for place, name in enumerate(page.chrome.menu[-3:]))
    return (
        f"<footer><p>© 2026 {escape(page.chrome.name)}. {escape(page.chrome.buttons[5])}.</p><p>{links}</p></footer>\n"
    )


def _related(page: Content, tag: str = "aside") -> str:
    items = "".join(f'<li><a href="{path}">{escape(title)}</a></li>' for title, path in page.links[:6])
    return f'<{tag} class="sidebar related"><h3>{escape(page.chrome.buttons[2])}</h3><ul>{items}</ul></{tag}>\n'


def _paragraphs(page: Content) -> str:
    return "\n".join(f"<p>{escape(text)}</p>" for text in page.paragraphs) + "\n"


def _contacts(page: Content) -> str:
    return f'<p class="contact">{escape(page.contacts)}</p>\n' if page.contacts else ""


def news(page: Content) -> str:
    """Newspaper: header, menu, article with share buttons, sidebar, JSON-LD, cookie notice."""
    facts = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": page.title,
        "datePublished": page.date,
        "author": {"@type": "Person", "name": page.author},
    }
    return (
        f"<!DOCTYPE html>\n{_opening(page)}\n<head>\n{_meta(page)}"
        f'<meta property="article:published_time" content="{page.date}T08:00:00Z">\n'
        f'<meta property="og:title" content="{escape(page.title)}">\n'
        f'<script type="application/ld+json">{json.dumps(facts, ensure_ascii=False)}</script>\n'
        "<style>body{font:16px/1.6 sans-serif;margin:0}.ad{min-height:90px}</style>\n</head>\n<body>\n"
        f'{_cookies(page)}<header class="site-header"><a class="logo" href="/">{escape(page.chrome.name)}</a>'
        f'<form role="search"><input name="q" placeholder="{escape(page.chrome.buttons[0])}"></form></header>\n'
        f'{_menu(page)}<div class="breadcrumb"><a href="/">{escape(page.chrome.menu[0])}</a> › '
        f'<a href="/s1/">{escape(page.chrome.menu[1])}</a></div>\n<main>\n<article>\n<h1>{escape(page.title)}</h1>\n'
        f'<p class="byline"><span class="author">{escape(page.author)}</span> <time datetime="{page.date}">'
        f"{page.words.number(_shown(page.date))}</time></p>\n"
        f'<div class="share"><a href="#f">Facebook</a> <a href="#x">X</a> <a href="#w">WhatsApp</a></div>\n'
        f'<div class="article-body">\n{_paragraphs(page)}{_contacts(page)}</div>\n</article>\n</main>\n'
        f'{_related(page)}<div class="ad">&nbsp;</div>\n{_footer(page)}'
        "<script>window.dataLayer=window.dataLayer||[];dataLayer.push({page:'article'});</script>\n</body>\n</html>\n"
    )


def blog(page: Content) -> str:
    """A blog whose readers commented."""
    comments = "".join(
        f'<li class="comment"><cite>{escape(page.words.people[(page.number + place) % len(page.words.people)])}</cite>'
        f"<p>{escape(text)}</p></li>"
        for place, text in enumerate(page.words.replies, 1)
    )
    tags = ", ".join(
        f'<a rel="tag" href="/tag/{place}/">{escape(name)}</a>' for place, name in enumerate(page.chrome.menu[1:4])
    )
    return (
        f'<!DOCTYPE html>\n{_opening(page)}\n<head>\n{_meta(page)}<link rel="stylesheet" href="/style.css">\n</head>\n'
        f'<body class="single-post">\n<div id="page">\n<div id="masthead"><h2><a href="/">{escape(page.chrome.name)}</a></h2></div>\n'
        f'{_menu(page, "div", "menu-primary-container")}<div id="content" class="site-content">\n'
        f'<article class="post hentry">\n<h1 class="entry-title">{escape(page.title)}</h1>\n'
        f'<div class="entry-meta">{page.words.number(_shown(page.date))} · {escape(page.author)}</div>\n'
        f'<div class="entry-content">\n{_paragraphs(page)}{_contacts(page)}</div>\n<div class="entry-tags">{tags}</div>\n</article>\n'
        f'<div id="comments" class="comments-area"><h3>{escape(page.chrome.buttons[3])} ({page.words.number(len(page.words.replies))})</h3>'
        f'<ol class="comment-list">{comments}</ol>'
        f'<form class="comment-form"><textarea></textarea><button>{escape(page.chrome.buttons[1])}</button></form></div>\n'
        f"</div>\n{_related(page, 'div')}{_footer(page)}{_cookies(page)}</div>\n</body>\n</html>\n"
    )


def forum(page: Content) -> str:
    """A thread: every paragraph is the post of another member."""
    posts = []
    for place, text in enumerate(page.paragraphs):
        person = page.words.people[(page.number + place) % len(page.words.people)]
        posts.append(
            f'<div class="post" id="p{place}"><div class="postprofile"><strong>{escape(person)}</strong><br>#{place + 1}</div>'
            f'<div class="postbody"><div class="content">{escape(text)}</div></div></div>\n'
        )
    thanks = escape(page.words.replies[page.number % len(page.words.replies)])
    posts.append(f'<div class="post"><div class="postbody"><div class="content">{thanks}</div></div></div>\n')
    return (
        f'<!DOCTYPE html>\n{_opening(page)}\n<head>\n{_meta(page)}</head>\n<body class="viewtopic">\n'
        f'<div class="navbar"><a href="/">{escape(page.chrome.menu[0])}</a> » <a href="/f2">{escape(page.chrome.menu[3])}</a> '
        f'<a class="login" href="/login">{escape(page.chrome.buttons[6])}</a></div>\n<div id="page-body">\n'
        f'<h2 class="topic-title">{escape(page.title)}</h2>\n{"".join(posts)}{_contacts(page)}</div>\n'
        f'<div class="pagination">{page.words.number(1)} {page.words.number(2)} {page.words.number(3)}</div>\n'
        f"{_related(page, 'div')}{_footer(page)}</body>\n</html>\n"
    )


def shop(page: Content) -> str:
    """A product with price, a table of facts and a description."""
    price = page.words.number(120 + 35 * (page.number % 17))
    others = "".join(
        f'<div class="product-card"><a href="{path}">{escape(title)}</a><span class="price">{price}</span></div>'
        for title, path in page.links[:4]
    )
    return (
        f'<!DOCTYPE html>\n{_opening(page)}\n<head>\n{_meta(page)}<meta property="og:type" content="product">\n</head>\n<body>\n'
        f'{_cookies(page)}<header><a href="/">{escape(page.chrome.name)}</a> <span class="cart">🛒 {page.words.number(0)}</span></header>\n'
        f'{_menu(page)}<div class="product">\n<h1 itemprop="name">{escape(page.title)}</h1>\n'
        f'<img src="/img/{page.number}.jpg" alt="{escape(page.title)}">\n'
        f'<p class="price">{escape(page.chrome.buttons[7])}: {price}</p><button class="buy">{escape(page.chrome.buttons[8])}</button>\n'
        f'<div class="description" itemprop="description">\n{_paragraphs(page)}{_contacts(page)}</div>\n'
        f'<table class="facts"><tr><th>No.</th><td>{page.words.number(1000 + page.number)}</td></tr>'
        f"<tr><th>kg</th><td>{page.words.number(page.number % 9 + 1)}</td></tr></table>\n</div>\n"
        f'<section class="also"><h3>{escape(page.chrome.buttons[2])}</h3>{others}</section>\n{_footer(page)}</body>\n</html>\n'
    )


def wiki(page: Content) -> str:
    """An encyclopedia's page: contents, information box, headings, edit links."""
    sections = []
    for place, text in enumerate(page.paragraphs):
        if place:
            name = page.links[place - 1][0] if place <= len(page.links) else page.chrome.menu[place % 7]
            sections.append(
                f'<h2><span class="mw-headline">{escape(name)}</span> <span class="mw-editsection">[<a href="?e">✎</a>]</span></h2>'
            )
        sections.append(f"<p>{escape(text)}</p>")
    contents = "".join(
        f'<li><a href="#{place}">{place + 1} {escape(title)}</a></li>'
        for place, (title, _) in enumerate(page.links[:3])
    )
    box = "".join(
        f"<tr><th>{escape(name)}</th><td>{page.words.number(value)}</td></tr>"
        for name, value in zip(
            page.chrome.menu[1:4], (1960 + page.number % 60, 400 + 7 * page.number, page.number % 30), strict=True
        )
    )
    return (
        f'<!DOCTYPE html>\n{_opening(page)}\n<head>\n{_meta(page)}</head>\n<body class="mediawiki">\n'
        f'<div id="mw-head"><a href="/login">{escape(page.chrome.buttons[6])}</a></div>\n<div id="content" class="mw-body">\n'
        f'<h1 id="firstHeading">{escape(page.title)}</h1>\n<div id="mw-content-text">\n'
        f'<table class="infobox"><caption>{escape(page.title)}</caption>{box}</table>\n<div id="toc" class="toc"><ul>{contents}</ul></div>\n'
        f"{''.join(sections)}\n{_contacts(page)}</div>\n</div>\n{_menu(page, 'div', 'portal')}"
        f'<div id="footer">CC0 · {page.words.number(_shown(page.date))}</div>\n</body>\n</html>\n'
    )


def old(page: Content) -> str:
    """A page of the table age: upper-case tags, no doctype, line breaks for paragraphs."""
    cells = "".join(
        f'<TR><TD><A HREF="s{place}.htm"><FONT SIZE=2>{escape(name)}</FONT></A></TD></TR>'
        for place, name in enumerate(page.chrome.menu)
    )
    charset = f'<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset={page.charset}">\n' if page.charset else ""
    lang = f' LANG="{page.lang}"' if page.lang else ""
    turn = ' DIR="RTL"' if page.words.direction == "rtl" else ""
    body = "<BR><BR>\n".join(escape(text) for text in page.paragraphs)
    return (
        f"<HTML{lang}{turn}>\n<HEAD>\n{charset}<TITLE>{escape(page.title)}</TITLE>\n</HEAD>\n"
        f'<BODY BGCOLOR="#FFFFE0">\n<TABLE WIDTH="100%" BORDER=0><TR><TD COLSPAN=2 BGCOLOR="#336699">'
        f"<FONT COLOR=white SIZE=5>{escape(page.chrome.name)}</FONT></TD></TR>\n<TR><TD WIDTH=140 VALIGN=top><TABLE>{cells}</TABLE></TD>\n"
        f"<TD VALIGN=top><H3>{escape(page.title)}</H3>\n{body}<BR><BR>\n{_contacts(page)}</TD></TR></TABLE>\n"
        f"<HR><CENTER><FONT SIZE=1>{page.words.number(_shown(page.date))}</FONT></CENTER>\n</BODY>\n</HTML>\n"
    )


def printed(page: Content) -> str:
    """The version for the printer: nothing around the text."""
    return (
        f'<!DOCTYPE html>\n{_opening(page)}\n<head>\n{_meta(page)}</head>\n<body onload="print()">\n'
        f"<h1>{escape(page.title)}</h1>\n{_paragraphs(page)}</body>\n</html>\n"
    )


def link_list(page: Content) -> str:
    """A site map: links and nothing else."""
    items = "".join(f'<li><a href="{path}">{escape(title)}</a></li>' for title, path in page.links)
    return (
        f"<!DOCTYPE html>\n{_opening(page)}\n<head>\n{_meta(page)}</head>\n<body>\n{_cookies(page)}{_menu(page)}"
        f'<div class="sitemap"><ul>{items}</ul></div>\n{_menu(page, "div", "bottom-menu")}{_footer(page)}</body>\n</html>\n'
    )


def image_only(page: Content) -> str:
    """A picture and no word."""
    return f'<!DOCTYPE html>\n{_opening(page)}\n<head><meta charset="utf-8"><title></title></head>\n<body><img src="/poster.jpg" alt=""></body>\n</html>\n'


def empty(page: Content) -> str:
    """A page whose body a script was to fill."""
    return (
        f'<!DOCTYPE html>\n{_opening(page)}\n<head><meta charset="utf-8"></head>\n<body><div id="root"></div>'
        '<script src="/app.js"></script></body>\n</html>\n'
    )


SITES = {"news": news, "blog": blog, "forum": forum, "shop": shop, "wiki": wiki, "old": old}


def _shown(date: str) -> str:
    """`2026-03-09` as `09.03.2026`."""
    return ".".join(reversed(date.split("-")))
