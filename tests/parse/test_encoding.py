"""Encodings: marks, declarations, valid UTF-8, detection. The sentences were not reviewed by native speakers."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.parse.encoding import decode, known_encoding

RUSSIAN = "Сегодня утром в деревне открылась новая школа, и дети пришли туда вместе с родителями. " * 4
GREEK = "Σήμερα το πρωί άνοιξε στο χωριό ένα καινούργιο σχολείο και τα παιδιά ήρθαν με τους γονείς τους. " * 4
THAI = "วันนี้ตอนเช้ามีการเปิดโรงเรียนใหม่ในหมู่บ้าน และเด็กๆ มากับพ่อแม่ของพวกเขา " * 4
JAPANESE = "今朝、村に新しい学校が開かれ、子どもたちは両親と一緒に来ました。" * 4
KOREAN = "오늘 아침 마을에 새 학교가 문을 열었고 아이들은 부모님과 함께 왔습니다. " * 4
CHINESE = "今天早上村里开了一所新学校，孩子们和父母一起来了。" * 4
ARABIC = "افتتحت هذا الصباح مدرسة جديدة في القرية وجاء الأطفال مع آبائهم. " * 4
POLISH = "Dziś rano we wsi otwarto nową szkołę, a dzieci przyszły do niej razem z rodzicami. Żółć. " * 4
LEGACY = [
    (RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r"), (GREEK, "cp1253"), (THAI, "cp874"), (JAPANESE, "shift_jis"),
    (JAPANESE, "euc_jp"), (KOREAN, "euc_kr"), (CHINESE, "gb18030"), (CHINESE, "gbk"), (ARABIC, "cp1256"),
    (POLISH, "cp1250"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "encoding"), LEGACY)
def test_undeclared_legacy_text_is_detected(text: str, encoding: str) -> None:
    found = decode(text.encode(encoding))
    assert (found.text, found.replaced, found.found_by) == (text, 0, "detected")


@pytest.mark.parametrize(("text", "encoding"), LEGACY)
def test_declared_legacy_text(text: str, encoding: str) -> None:
    payload = text.encode(encoding)
    assert decode(payload, encoding)[:1] + decode(payload, encoding)[2:] == (text, "declared", 0)
    page = f'<html><head><meta charset="{encoding}">'.encode() + payload
    assert decode(page, markup=True).text.endswith(text)
    xml = f'<?xml version="1.0" encoding="{encoding}"?><html>'.encode() + payload
    assert decode(xml, markup=True).text.endswith(text)


@given(st.text(min_size=1))
def test_what_is_utf8_is_read_as_utf8_whatever_is_declared(text: str) -> None:
    payload = text.encode()
    if not payload.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        for declared in (None, "iso-8859-1", "windows-1251", "gb2312", "no-such-encoding"):
            found = decode(payload, declared)
            assert (found.text, found.encoding, found.replaced) == (text, "utf-8", 0)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_decides(encoding: str) -> None:
    assert decode(THAI.encode(encoding), "iso-8859-1").text == THAI


def test_utf16_without_a_mark_needs_its_declaration() -> None:
    assert decode(THAI.encode("utf-16-le"), "utf-16le").text == THAI


def test_a_page_that_lies_about_utf16() -> None:
    page = b"<html><meta charset=utf-16><p>" + RUSSIAN.encode("cp1251")
    assert RUSSIAN.strip() in decode(page, markup=True).text


def test_damaged_utf8_stays_utf8_and_the_damage_is_counted() -> None:
    payload = bytearray(THAI.encode() * 20)
    payload[100] = 0xFF
    found = decode(bytes(payload), "utf-8")
    assert found.encoding == "utf-8" and 1 <= found.replaced <= 3
    assert decode(bytes(payload)).encoding == "utf-8"
    assert decode(THAI.encode()[:-2], "utf-8").replaced == 1
    assert decode(("\ufffd" + THAI).encode()).replaced == 0


@pytest.mark.parametrize("name", ["punycode", "idna", "unicode_escape", "raw_unicode_escape", "rot13", "x\0y", ""])
def test_what_is_no_encoding_of_a_page_is_not_taken(name: str) -> None:
    assert known_encoding(name) is None
    assert decode(b"abc", name).text == "abc"


@given(st.binary(max_size=400), st.sampled_from([None, "utf-8", "shift_jis", "utf-16", "x-user-defined", "hz"]))
def test_any_bytes_decode(payload: bytes, declared: str | None) -> None:
    found = decode(payload, declared, markup=True)
    found.text.encode()
    assert found.replaced >= 0
