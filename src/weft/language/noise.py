"""Text that is of no language, to learn what it looks like: mojibake, code, menus.

Mojibake is made from the texts to train on, by reading their bytes in an encoding that is not theirs; code and menus
are taken from web pages, and code from samples of our own in forty programming and markup languages.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from weft.errors import WeftError
from weft.language.recipe import HoldOut, NoiseRecipe
from weft.language.texts import COLUMNS, part_of, place_of
from weft.text.buffers import string_buffers
from weft.text.scripts import dominant_script
from weft.text.unicode import tables

NO_LANGUAGE = "zxx"
"""ISO 639-3: no linguistic content."""
KINDS = ("code", "menu", "mojibake")
_MISREAD = (
    *(("utf-8", wrong) for wrong in (
        "cp1252", "latin-1", "mac_roman", "cp437", "cp1250", "cp1251", "koi8-r", "cp1253", "cp1254", "cp1255", "cp1256",
        "cp874", "gb18030", "big5", "shift_jis", "euc_kr",
    )),
    *((right, "latin-1") for right in (
        "cp1251", "koi8-r", "cp1253", "cp1255", "cp1256", "cp874", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr",
    )),
    ("cp1251", "koi8-r"), ("koi8-r", "cp1251"), ("cp1251", "mac_cyrillic"), ("cp866", "cp1251"),
    ("gb18030", "big5"), ("big5", "gb18030"), ("shift_jis", "gb18030"), ("euc_kr", "gb18030"),
)  # fmt: skip
"""The encoding of the bytes, and the one they are read in."""
_FOREIGN = 0.3
"""Characters beyond ASCII that a text needs, so that reading it wrongly leaves no language."""
_PIECE = 400
"""Characters of a piece of code."""
_MARKUP = 40
"""Characters between two tags, at most, for a piece of a page to be code and no article."""
_SHORTEST = 30
_PIECES_OF_A_PAGE = 6
_LINKS, _LINK_SHARE, _LINK_LENGTH = 5, 0.8, 20
"""A menu: at least so many links, of which so much of its text is, of so many characters on average at most."""


def label_of(kind: str, script: str) -> str:
    """The label of noise of one kind in a script, as a model names it."""
    return f"{NO_LANGUAGE}-{kind}_{script}"


def kind_of(label: str) -> str | None:
    """Which noise a label stands for; None for a language."""
    first, _, kind = label.partition("_")[0].partition("-")
    return kind if first == NO_LANGUAGE and kind else None


def noise_texts(texts: pl.DataFrame, recipe: NoiseRecipe, share: HoldOut, data: Path) -> pl.DataFrame:
    """Noise as rows of COLUMNS; what is made from a text falls into that text's part of the split."""
    parts = [_mojibake(texts, recipe.mojibake), _code_samples(share)]
    for name in recipe.pages:
        parts.append(_from_pages(data / name, share))
    rows = pl.concat(parts)
    script = _scripts(rows["text"])
    rows = rows.with_columns(script=script).filter(pl.col("script").is_not_null())
    label = pl.concat_str(pl.lit(f"{NO_LANGUAGE}-"), "source", pl.lit("_"), "script")
    return (
        rows.with_columns(language=label, weight=pl.lit(recipe.weight), variety=None)
        .select(list(COLUMNS))
        .cast(COLUMNS)  # type: ignore[arg-type]
    )


def _rows(found: list[tuple[str, str, str, str]]) -> pl.DataFrame:
    schema = {"source": pl.String, "group": pl.String, "text": pl.String, "split": pl.String}
    return pl.DataFrame(found, schema=schema, orient="row")


def _scripts(texts: pl.Series) -> pl.Series:
    """ISO 15924 code of the script of most letters, null without letters."""
    number, _, _ = dominant_script(string_buffers(texts.to_arrow()), 1_000)
    names = [*tables().script_names, None]
    return pl.Series("script", [names[n] for n in number.tolist()], pl.String)


def _mojibake(texts: pl.DataFrame, most: int) -> pl.DataFrame:
    """At most `most` texts for each pair of encodings, chosen by hash; 0: none."""
    foreign = 1 - pl.col("text").str.count_matches(r"[\x00-\x7f]") / pl.col("text").str.len_chars()
    rows = texts.filter(foreign >= _FOREIGN, pl.col("text").str.len_chars() >= _SHORTEST)
    held = list(zip(rows["source"], rows["group"], rows["text"], rows["split"], strict=True))
    found = []
    for right, wrong in _MISREAD:
        order = sorted(held, key=lambda row: place_of(f"{right} {wrong} {row[0]}", row[2]))
        made = 0
        for source, group, text, split in order:
            if made >= most:
                break
            misread = _misread(text, right, wrong)
            if misread is not None:
                found.append(("mojibake", f"{source} {group}", misread, split))
                made += 1
    return _rows(found)


def _misread(text: str, right: str, wrong: str) -> str | None:
    try:
        made = text.encode(right).decode(wrong, "replace")
    except UnicodeEncodeError:
        return None
    return None if made == text else " ".join(made.split())


def _code_samples(share: HoldOut) -> pl.DataFrame:
    held = files("weft.language").joinpath("code_samples.txt").read_text("utf-8").split("\n\n")
    return _rows([("code", text[:40], text, part_of(text, "code samples", share)) for text in held if text.strip()])


def _from_pages(archive: Path, share: HoldOut) -> pl.DataFrame:
    """Pieces of scripts, styles and markup, and menus, of the pages in an archive; a page is in one part."""
    found = []
    try:
        with tarfile.open(archive) as held:
            for member in held:
                if not (member.isfile() and member.name.startswith("pages/")):
                    continue
                handle = held.extractfile(member)
                if handle is None:
                    continue
                page = f"{archive.name} {member.name}"
                split = part_of(page, "pages", share)
                found += [(kind, page, text, split) for kind, text in _pieces(handle.read())]
    except (OSError, tarfile.TarError) as error:
        raise WeftError(f"{archive}: cannot be read as an archive of pages: {error}") from error
    return _rows(found).unique(["source", "text"], maintain_order=True)


def _pieces(page: bytes) -> Iterator[tuple[str, str]]:
    from resiliparse.parse.html import HTMLTree

    document = HTMLTree.parse_from_bytes(page, "utf-8").document
    if document is None:
        return
    for selector in ("script:not([src])", "style"):
        held = [(element.text or "").strip() for element in document.query_selector_all(selector)]
        yield from (("code", text[:_PIECE]) for text in _some(held))
    markup = page.decode("utf-8", "replace")
    piece = markup[len(markup) // 2 : len(markup) // 2 + _PIECE]
    if piece.count("<") * _MARKUP >= len(piece):
        yield "code", piece
    yield from (("menu", text) for text in _some(filter(None, map(_menu, document.query_selector_all("nav, ul")))))


def _some(texts: Any) -> list[str]:
    different = dict.fromkeys(text for text in texts if len(text) >= _SHORTEST)
    return list(different)[:_PIECES_OF_A_PAGE]


def _menu(element: Any) -> str | None:
    links = [text for text in (link.text.strip() for link in element.query_selector_all("a")) if text]
    size = sum(map(len, links))
    whole = len("".join(element.text.split()))
    few = len(links) < _LINKS or size > _LINK_LENGTH * len(links) or size < _LINK_SHARE * whole
    return None if few else " ".join(" ".join(links).split())
