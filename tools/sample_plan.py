"""Which pages the sample crawl has: the texts of `tools/sample` composed into pages, and what is wrong with some."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import sample_html as html
from ruamel.yaml import YAML
from sample_zawgyi import to_zawgyi

TEXTS = Path(__file__).resolve().parent / "sample"
UNSPACED = ("Khmr", "Thai", "Laoo", "Mymr", "Hans", "Jpan")
MONTHS = ("01", "02", "03", "04", "05", "06")
# Pages in an encoding older than Unicode: language, page, codec, charset as the page says it, where it says so.
LEGACY = (
    ("arb_Arab", 1, "cp1256", "windows-1256", "header"),
    ("arb_Arab", 3, "cp1256", "windows-1256", "missing"),
    ("tha_Thai", 1, "cp874", "tis-620", "meta"),
    ("tha_Thai", 4, "cp874", "tis-620", "missing"),
    ("cmn_Hans", 1, "gb18030", "gb2312", "meta"),
    ("cmn_Hans", 3, "gb18030", "gb18030", "missing"),
    ("jpn_Jpan", 1, "cp932", "shift_jis", "header"),
    ("jpn_Jpan", 3, "euc_jp", "euc-jp", "missing"),
    ("kor_Hang", 1, "cp949", "euc-kr", "meta"),
    ("rus_Cyrl", 1, "koi8_r", "koi8-r", "header"),
    ("rus_Cyrl", 3, "cp1251", "utf-8", "wrong"),
    ("ell_Grek", 1, "cp1253", "iso-8859-7", "meta"),
    ("fra_Latn", 1, "cp1252", "iso-8859-1", "header"),
    ("fra_Latn", 3, "cp1252", "utf-8", "wrong"),
    ("vie_Latn", 1, "cp1258", "windows-1258", "header"),
)
EXACT = ("swh_Latn", "hin_Deva", "khm_Khmr", "amh_Ethi", "ind_Latn", "ben_Beng", "hau_Latn", "tam_Taml")
NEAR = (
    "swh_Latn", "yor_Latn", "amh_Ethi", "khm_Khmr", "tha_Thai", "mya_Mymr", "vie_Latn", "hin_Deva", "ben_Beng",
    "tel_Telu", "urd_Arab", "ind_Latn", "zul_Latn", "eng_Latn",
)  # fmt: skip
PRINTED = ("swh_Latn", "lao_Laoo", "npi_Deva", "som_Latn", "tgl_Latn", "sin_Sinh")
MOJIBAKE = ("fra_Latn", "yor_Latn", "vie_Latn", "rus_Cyrl", "hin_Deva", "amh_Ethi")
HALVES = (
    ("swh_Latn", "eng_Latn"), ("tgl_Latn", "eng_Latn"), ("hin_Deva", "eng_Latn"), ("arb_Arab", "fra_Latn"),
    ("khm_Khmr", "eng_Latn"), ("tam_Taml", "sin_Sinh"), ("hau_Latn", "arb_Arab"), ("ind_Latn", "jav_Latn"),
)  # fmt: skip
FOREIGN_MENU = (
    "kin_Latn",
    "wol_Latn",
    "lao_Laoo",
    "npi_Deva",
    "ibo_Latn",
    "sin_Sinh",
    "tir_Ethi",
    "som_Latn",
    "zul_Latn",
    "pan_Guru",
)
CONTACTS = (
    "swh_Latn",
    "hau_Latn",
    "ind_Latn",
    "vie_Latn",
    "tha_Thai",
    "hin_Deva",
    "urd_Arab",
    "amh_Ethi",
    "eng_Latn",
    "fra_Latn",
)
SPAM = ("eng_Latn", "ind_Latn", "vie_Latn", "tha_Thai", "rus_Cyrl", "cmn_Hans", "arb_Arab")
MENUS = ("eng_Latn", "swh_Latn", "tha_Thai", "ben_Beng", "amh_Ethi", "arb_Arab", "mya_Mymr")
SHORT = ("eng_Latn", "lao_Laoo", "hau_Latn", "kat_Geor")


@dataclass(frozen=True)
class Language:
    words: html.Words
    topics: tuple[tuple[str, tuple[str, ...]], ...]
    pages: int

    @property
    def code(self) -> str:
        return self.words.code


@dataclass(frozen=True)
class Page:
    """A page of the crawl: its bytes, and what the inventory says of it."""

    url: str
    language: str | None
    kind: str
    body: bytes
    template: str
    content_type: str = "text/html; charset=utf-8"
    status: str = "200 OK"
    headers: tuple[tuple[str, str], ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    paragraphs: tuple[str, ...] = ()


def ranked(*parts: object) -> int:
    """A number that looks random and is the same everywhere."""
    return int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:6], "big")


def languages(folder: Path = TEXTS) -> dict[str, Language]:
    """All languages of the text files, by code; a later file may add topics to a language of an earlier one."""
    found: dict[str, Language] = {}
    for path in sorted(folder.glob("*.yaml")):
        for code, entry in YAML(typ="safe").load(path.read_text("utf-8")).items():
            if set(entry) == {"topics"}:
                found[code] = replace(found[code], topics=found[code].topics + _topics(code, entry))
            elif code in found:
                raise SystemExit(f"{path}: {code} is there twice")
            else:
                found[code] = _language(code, entry)
    return dict(sorted(found.items()))


def _language(code: str, entry: dict[str, Any]) -> Language:
    words = html.Words(
        code, entry["tag"], entry["name"], tuple(entry["menu"]), tuple(entry["buttons"]), entry["cookies"],
        tuple(entry["replies"]), tuple(entry["people"]), entry.get("digits", "0123456789"),
    )  # fmt: skip
    if len(words.menu) != 7 or len(words.buttons) != 9 or len(words.replies) != 3:
        raise SystemExit(f"{code}: expected 7 menu entries, 9 buttons and 3 replies")
    return Language(words, _topics(code, entry), entry.get("pages", 8))


def _topics(code: str, entry: dict[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    topics = tuple((topic["title"], tuple(topic["text"].strip().split("\n"))) for topic in entry["topics"])
    for title, lines in topics:
        if any(unicodedata.normalize("NFC", line) != line for line in (*lines, title)):
            raise SystemExit(f"{code}: {title}: a line is not in NFC")
    return topics


def joined(language: Language, sentences: tuple[str, ...]) -> str:
    script = language.code[4:]
    return ("" if script in ("Hans", "Jpan") else " ").join(sentences)


def long_enough(language: Language, sentences: list[str]) -> bool:
    text = joined(language, tuple(sentences))
    return (
        len(text) >= (220 if language.code[4:] in ("Hans", "Jpan") else 420)
        if language.code[4:] in UNSPACED
        else len(text.split()) >= 62
    )


def compose(language: Language, number: int, seen: list[set[str]]) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Title and paragraphs (as sentences) of a page; no other page has half of its sentences."""
    best: tuple[float, tuple[tuple[str, ...], ...], str] | None = None
    for salt in range(60):
        title, runs = _draw(language, number, salt)
        used = {line for run in runs for line in run}
        shared = max((len(used & other) / min(len(used), len(other)) for other in seen), default=0.0)
        if best is None or shared < best[0]:
            best = (shared, runs, title)
    assert best is not None
    if best[0] > 0.6:
        raise SystemExit(f"{language.code}: page {number} shares {best[0]:.0%} of its sentences; write more of them")
    seen.append({line for run in best[1] for line in run})
    return best[2], best[1]


def _draw(language: Language, number: int, salt: int) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Runs of sentences: of the main topic first, then of others, until the page is long enough."""
    count = len(language.topics)
    first = number % count
    order = [
        first,
        *sorted((t for t in range(count) if t != first), key=lambda t: ranked(language.code, number, salt, t)),
    ]
    runs: list[tuple[str, ...]] = []
    flat: list[str] = []
    for turn, topic in enumerate(order):
        lines = language.topics[topic][1]
        size = min(len(lines), 3 + ranked(language.code, number, salt, turn, "size") % (4 if turn == 0 else 3))
        start = ranked(language.code, number, salt, turn, "start") % (len(lines) - size + 1)
        run = lines[start : start + size]
        runs.append(run)
        flat += run
        if turn >= 1 and len(flat) >= 6 and long_enough(language, flat):
            break
    title = language.topics[first][0]
    return (title if number < count else f"{title} – {language.topics[order[1]][0]}"), tuple(runs)


def content(language: Language, number: int, title: str, runs: tuple[tuple[str, ...], ...]) -> tuple[str, html.Content]:
    """The page's site and what it says; every seventh has no `lang`, some a wrong one."""
    code, tag = language.code, language.words.tag
    site = tuple(html.SITES)[(number + ranked(code, "site")) % len(html.SITES)]
    month, day = MONTHS[ranked(code, number, "m") % 6], 1 + ranked(code, number, "d") % 28
    host = f"{'www' if site == 'old' else site}.{code[:3]}.example"
    name = f"{number}.htm" if site == "old" else f"2026/{month}/{number}.html"
    draw = ranked(code, number, "lang") % 20
    lang = None if draw in (1, 2, 3) else "en-US" if draw == 4 and code != "eng_Latn" else tag
    links = tuple((other, f"/t{place}.html") for place, (other, _) in enumerate(language.topics) if other != title)
    paragraphs = tuple(joined(language, run) for run in runs)
    return site, html.Content(
        f"https://{host}/{name}", title, paragraphs, language.words, language.words, f"2026-{month}-{day:02}", number, lang,
        links=links,
    )  # fmt: skip


def rendered(page: html.Content, site: str, kind: str, **facts: Any) -> Page:
    return Page(
        page.url, page.words.code, kind, html.SITES[site](page).encode(), site, facts=facts, paragraphs=page.paragraphs
    )


def regular(language: Language) -> list[tuple[str, html.Content, tuple[tuple[str, ...], ...]]]:
    """The language's ordinary pages."""
    seen: list[set[str]] = []
    made = []
    for number in range(language.pages):
        title, runs = compose(language, number, seen)
        made.append((*content(language, number, title, runs), runs))
    return made


def encoded(page: html.Content, site: str, codec: str, charset: str, said: str) -> Page:
    """A page in an older encoding, declared in the header, in the markup, wrongly or not at all."""
    spelled = replace(page, charset=charset if said in ("meta", "wrong") else None)
    text = html.SITES[site](spelled)
    if codec == "cp1258":
        text = _with_combining_tones(text)
    # What an old encoding lacks was written as a character reference, then as now.
    body = text.encode(codec, "xmlcharrefreplace")
    kind = f"text/html; charset={charset}" if said in ("header", "wrong") else "text/html"
    facts = {"encoding": codec, "declared": said}
    return Page(page.url, page.words.code, "legacy_encoding", body, site, kind, facts=facts, paragraphs=page.paragraphs)


def _with_combining_tones(text: str) -> str:
    """Vietnamese as windows-1258 has it: vowels whole, tone marks after them."""
    out = []
    for char in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", char)
        tones = "".join(part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323")
        rest = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
        out.append(char if char in "ÀÁÈÉÙÚàáèéùúÓóÍí" or not tones else rest + tones)
    return "".join(out)


def broken_twice(text: str) -> str:
    """UTF-8 that was read as windows-1252; the five bytes that it lacks became control characters."""
    return "".join(
        chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252")
        for byte in text.encode()
    )


def zawgyi(text: str) -> str:
    return to_zawgyi(text)
