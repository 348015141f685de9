"""Readers of parallel text: TMX, XLIFF, PO, OPUS links and Moses files, whole, broken and hostile."""

from __future__ import annotations

import gzip
import io
import json
import time
import tracemalloc
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.acquire.moses import moses
from weft.acquire.po import po
from weft.acquire.sides import strictest
from weft.acquire.tmx import tmx
from weft.acquire.xces import xces
from weft.acquire.xliff import xliff
from weft.model.tables import UNITS
from weft.operators.contract import ReadFunction

from .reading import Memory, read, reasons, unit


def tu(one: str, other: str, more: str = "") -> str:
    return f'<tu{more}><tuv xml:lang="en"><seg>{one}</seg></tuv><tuv xml:lang="sw"><seg>{other}</seg></tuv></tu>\n'


def sides(rows: list[dict[str, Any]]) -> list[tuple[str, ...] | None]:
    return [row["given_parts"] and tuple(part["text"] for part in row["given_parts"]) for row in rows]


def files(function: ReadFunction, held: dict[str, bytes]) -> list[dict[str, Any]]:
    """Rows of several files, each a unit by itself."""
    units = pa.Table.from_pylist([unit(name, len(content)) for name, content in held.items()], UNITS)
    return [row for batch in function(units, Memory(dict(held))) for row in batch.to_pylist()]


READ_TMX = tmx(kind="pair")
HEAD = '<?xml version="1.0"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx version="1.4"><header srclang="en"/><body>\n'


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (tu("a", "b</seg>"), "damaged_record"),
        (tu("a", "b").replace("</tu>", ""), "damaged_record"),
        (tu("a<b", "b"), "damaged_record"),
        ('<tu "><tuv>', "damaged_record"),
        (tu("", "b"), "empty_part"),
        (tu("a", "b").replace('"sw"', '"zzzzz!"'), "unknown_language"),
        (tu("a", "b").replace('"sw"', '"en-GB"'), "same_language"),
        ('<tu tuid="x"/>', "no_sides"),
        ("<tu>" + "<a>" * 100 + "</a>" * 100 + "</tu>", "damaged_record"),
    ],
)
def test_a_broken_unit_costs_itself(broken: str, reason: str) -> None:
    content = f"{HEAD}{tu('one', 'moja')}{broken}{tu('two', 'mbili')}{tu('three', 'tatu')}</body></tmx>".encode()
    rows = read(READ_TMX, "a.tmx", content)
    assert [one for one in sides(rows) if one] == [("one", "moja"), ("two", "mbili"), ("three", "tatu")]
    assert [one for one in reasons(rows) if one] == [reason]
    assert content[rows[-1]["position"] :].startswith(b"<tu><tuv")


def test_bytes_that_are_not_utf8_cost_their_unit() -> None:
    content = (HEAD + tu("one", "moja") + tu("caf\xe9", "x")).encode("latin-1") + tu("é", "y").encode()
    rows = read(READ_TMX, "a.tmx", content)
    assert reasons(rows) == [None, "invalid_utf8", None]
    assert sides(rows)[2] == ("é", "y")


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso-8859-1", "koi8-r"]
)
def test_files_come_in_the_encoding_that_they_state(encoding: str) -> None:
    text = "дом" if encoding == "koi8-r" else "é"
    stated = "" if encoding in ("utf-8-sig", "utf-32") else f' encoding="{encoding}"'
    content = f'<?xml version="1.0"{stated}?><tmx><body>{tu("a", text)}</body></tmx>'.encode(encoding)
    assert sides(read(READ_TMX, "a.tmx", content)) == [("a", text)]


def test_what_files_in_use_have_and_xml_has_not_is_mended() -> None:
    content = (HEAD + tu("fish & chips&nbsp;&copy; &unknown; &#xD800; &#0;\x0b", "<![CDATA[a & <b>]]>")).encode()
    (row,) = read(READ_TMX, "a.tmx", content)
    assert sides([row]) == [("fish & chips\xa0© &unknown; \ufffd \ufffd\ufffd", "a & <b>")]
    assert json.loads(row["meta"]) == {"mended": True}


def test_entities_are_neither_fetched_nor_expanded() -> None:
    lol = "".join(
        f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else "lol"}{"&l" + str(n - 1) + ";" if n else ""}">'
        for n in range(40)
    )
    head = f'<!DOCTYPE tmx [<!ENTITY file SYSTEM "file:///etc/passwd">{lol}]>'
    content = (head + "<tmx><body>" + tu("&file;", "&l39;")).encode()
    assert sides(read(READ_TMX, "a.tmx", content)) == [("&file;", "&l39;")]
    inner = f"<tu><!DOCTYPE x [{lol}]>&l39;</tu>"
    assert reasons(read(READ_TMX, "a.tmx", inner.encode())) == ["damaged_record"]


def test_units_in_comments_and_text_are_none() -> None:
    inside = f"<!-- {tu('no', 'no')} --><![CDATA[{tu('no', 'no')}]]>"
    content = HEAD + inside + tu("a<!-- </tu> -->", "<![CDATA[</tu><tu>]]>") + "<!-- never closed " + tu("b", "c")
    rows = read(READ_TMX, "a.tmx", content.encode())
    assert sides(rows) == [("a", "</tu><tu>"), ("b", "c")]


def test_markup_leaves_the_text_or_stays_as_placeholders() -> None:
    seg = 'x <bpt i="1">&lt;b&gt;<sub>alt</sub></bpt>bold<ept i="1">&lt;/b&gt;</ept> <hi type="y">high</hi><ph x="2"/>.'
    content = tu(seg, "y").encode()
    assert sides(read(READ_TMX, "a.tmx", content)) == [("x bold high.", "y")]
    kept = read(tmx(kind="pair", markup="placeholder"), "a.tmx", content)
    assert sides(kept) == [('x <bpt i="1"/>bold<ept i="1"/> <hi>high</hi><ph x="2"/>.', "y")]


def test_a_file_that_is_cut_gives_what_it_holds() -> None:
    whole = (HEAD + tu("one", "moja") + tu("two", "mbili")).encode()
    assert reasons(read(READ_TMX, "a.tmx", whole[:-20])) == [None, "truncated_record"]
    packed = gzip.compress((HEAD + "".join(tu(f"a{n * 7919}", f"b{n * 104729}") for n in range(2000))).encode())
    rows = read(READ_TMX, "a.tmx.gz", packed[: len(packed) // 2])
    assert reasons(rows)[-1] == "truncated_gzip" and len([one for one in sides(rows) if one]) > 100


def test_memory_does_not_grow_with_the_file() -> None:
    block = (tu("word " * 800, "neno " * 800) * 100).encode()

    class Long(io.RawIOBase):
        left = 24

        def readable(self) -> bool:
            return True

        def read(self, count: int = -1) -> bytes:
            self.left -= 1
            return block if self.left >= 0 else b""

    units = pa.Table.from_pylist([unit("a.tmx", 24 * len(block))], UNITS)
    list(READ_TMX(units, Memory({"a.tmx": block})))
    tracemalloc.start()
    rows = sum(batch.num_rows for batch in READ_TMX(units, Memory({"a.tmx": Long})))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 2400
    assert peak < 16 << 20 < 24 * len(block)


def test_a_unit_beyond_the_limit_is_passed_over() -> None:
    content = (tu("a", "b") + tu("x" * (3 << 20), "y") + tu("c", "d")).encode()
    rows = read(tmx(kind="pair", max_record_mb=1), "a.tmx", content)
    assert reasons(rows) == [None, "too_large", None]


def test_marks_that_never_end_take_no_longer_than_one() -> None:
    content = ("<!-- <![CDATA[ <? " * 60_000 + tu("one", "moja")).encode()
    began = time.process_time()
    assert sides(read(READ_TMX, "a.tmx", content)) == [("one", "moja")]
    assert time.process_time() - began < 5


@given(
    st.lists(
        st.sampled_from(
            [
                "<tu>",
                "</tu>",
                "<tuv>",
                "<tu ",
                '"',
                "'",
                ">",
                "<!--",
                "-->",
                "<![CDATA[",
                "]]>",
                "<?",
                "?>",
                "&",
                "<seg>",
                "</",
                "a",
                "é",
            ]
        ),
        max_size=30,
    )
)
def test_no_soup_of_tags_hides_the_unit_after_it(parts: list[str]) -> None:
    rows = read(READ_TMX, "a.tmx", ("".join(parts) + "\n--> ]]> ?> \"' > </tu>" + tu("one", "moja")).encode())
    assert sides(rows)[-1] == ("one", "moja")


def test_a_source_of_plain_text_is_told_that_this_is_none() -> None:
    for function, name in ((tmx(), "a.tmx"), (xliff(), "a.xlf"), (po(), "a.po")):
        (row,) = read(function, name, b"x")
        assert row["problem"]["reason"] == "parallel_text" and "kind: pair" in row["problem"]["detail"]


def test_the_stricter_side_holds_for_the_whole() -> None:
    may, never = {"license": "CC0-1.0", "redistribute": True}, {"license": "CC-BY-NC-4.0", "redistribute": False}
    assert strictest([may, never]) == {
        "license": "CC-BY-NC-4.0 AND CC0-1.0", "consent": None, "redistribute": False
    }  # fmt: skip
    assert strictest([may, {}]) == {"license": "unknown", "consent": None, "redistribute": None}
    assert strictest([may, may])["redistribute"] is True and strictest([may, may])["license"] == "CC0-1.0"
    assert strictest([{}, {}]) == {"license": None, "consent": None, "redistribute": None}
    assert strictest([{"consent": "b"}, {"consent": "a AND b"}])["consent"] == "a AND b"
    assert strictest([{"license": "A OR B"}, {"license": "C"}])["license"] == "(A OR B) AND C"


def test_a_file_states_terms_of_its_sides() -> None:
    said = '<prop type="license">CC0-1.0</prop><prop type="document">a.html</prop><prop type="redistribute">true</prop>'
    content = tu("a", "b", ' tuid="7"').replace("<seg>a", f"{said}<seg>a").encode()
    terms = {"*": {"license": "MIT", "redistribute": True}, "swh_Latn": {"license": "MIT", "redistribute": False}}
    (row,) = read(tmx(kind="pair", terms=terms), "a.tmx", content)
    assert (row["license"], row["redistribute"]) == ("CC0-1.0 AND MIT", False)
    meta = json.loads(row["meta"])
    assert meta["documents"] == {"eng_Latn": "a.html"} and meta["id"] == "7"
    assert meta["sides"]["swh_Latn"] == {"license": "MIT", "redistribute": False}


PO = r"""msgid ""
msgstr ""
"Language: {language}\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);\n"
"X-Source-Language: en\n"

msgid "file"
msgid_plural "files"
msgstr[0] "zero"
msgstr[1] "one"
msgstr[2] "two"
"""


def test_plural_forms_stand_beside_the_form_that_they_translate() -> None:
    rows = read(po(kind="pair"), "a.po", PO.replace("{language}", "ar").encode())
    assert sides(rows) == [("zero", "files"), ("one", "file"), ("two", "files")]
    assert {row["group_id"] for row in rows} == {rows[0]["locator"]}


def test_po_entries_are_left_out_and_kept_by_their_marks() -> None:
    content = (
        PO.replace("{language}", "sw")
        + '\n#, fuzzy, c-format\n#| msgid "o"\nmsgid "a"\nmsgstr "b"\n#~ msgid "c"\n#~ msgstr "d"\n'
    ).encode()
    assert reasons(read(po(kind="pair"), "a.po", content))[3:] == ["fuzzy", "obsolete"]
    rows = read(po(kind="pair", fuzzy=True, obsolete=True), "a.po", content)
    assert sides(rows)[3:] == [("a", "b"), ("c", "d")]
    assert [json.loads(row["meta"]) for row in rows[3:]] == [{"fuzzy": True}, {"obsolete": True}]


def test_a_po_file_without_languages_says_what_to_state() -> None:
    (row,) = read(po(kind="pair"), "a.po", b'msgid "a"\nmsgstr "b"\n')
    assert "options: {source_language: …}" in row["problem"]["detail"]
    assert sides(read(po(kind="pair", source_language="en", target_language="sw"), "a.po", b'msgid "a"\nmsgstr "b"\n'))


def test_po_strings_broken_in_any_way_cost_their_entry() -> None:
    bad = [
        'msgid "x\nmsgstr "y"',
        'msgid "x"',
        'msgstr "y"',
        'msgid "x"\nmsgid "z"\nmsgstr "y"',
        "nonsense",
        'msgid "a" b\nmsgstr "c"',
    ]
    content = PO.replace("{language}", "sw") + "\n" + "\n\n".join([*bad, 'msgid "good"\nmsgstr "nzuri"'])
    rows = read(po(kind="pair"), "a.po", content.encode())
    assert reasons(rows)[3:] == ["damaged_record"] * len(bad) + [None]


MOSES = moses(suffixes={"en": "eng_Latn", "sw": "swh_Latn"})


def test_only_line_feeds_end_the_lines_of_moses_files() -> None:
    one = "a\rb\nc\u2028d\x85e\x0bf\x0cg\n\n h\r\n".encode()
    rows = files(MOSES, {"x/c.en": one, "x/c.sw.gz": gzip.compress(b"1\n2\n\n3")})
    assert sides(rows) == [("a\rb", "1"), ("c\u2028d\x85e\x0bf\x0cg", "2"), (" h", "3")]
    assert [row["locator"] for row in rows] == ["x/c.en#1", "x/c.en#2", "x/c.en#4"]
    assert json.loads(rows[0]["meta"])["documents"] == {"eng_Latn": "x/c.en", "swh_Latn": "x/c.sw.gz"}


def test_moses_files_that_do_not_fit_are_one_problem() -> None:
    rows = files(
        MOSES,
        {
            "c.en": b"a\nb\nc\n",
            "c.sw": b"1\n2\n",
            "lone.sw": b"x\n",
            "README": b"r",
            "d.en": b"a\n\n",
            "d.sw": b"b\nc\n",
        },
    )
    assert reasons(rows) == ["different_lines", "missing_side", "unknown_suffix", None, "empty_part"]
    assert "en has 3, sw has 2" in rows[0]["problem"]["detail"]


LINKS = """<cesAlign><linkGrp fromDoc="en/a.xml.gz" toDoc="sw/a.xml.gz">
<link id="L1" xtargets="s1 s2;1" certainty="0.7"/><link xtargets=";2"/><link xtargets="s9;1"/><link xtargets="s1"/>
<link xtargets="s3;2"></link><link bad<link xtargets="s2;1"/></linkGrp>
<linkGrp fromDoc="{other}" toDoc="sw/a.xml.gz"><link xtargets="1;1"/></linkGrp></cesAlign>"""
DOCUMENTS = {
    "x/en/a.xml": (
        b'<document><p><s id="s1">One.</s><s id="s2"><w>Two</w><w>!</w></s></p>'
        b'<s id="s3">\n<time/>Three\n</s></document>'
    ),
    "x/sw/a.xml.gz": gzip.compress(
        b'<document><s id="1">Moja. Mbili!</s><s id="2">Tatu</s><s id="3">broken</document>'
    ),
}  # fmt: skip


@pytest.mark.parametrize("other", ["en/none.xml", "../../etc/passwd", "/etc/passwd", "file:///etc/passwd"])
def test_links_lead_to_sentences(other: str) -> None:
    rows = files(xces(), {"x/links.xml": LINKS.replace("{other}", other).encode(), **DOCUMENTS})
    assert reasons(rows) == [
        None, "one_sided", "unknown_sentence", "damaged_record", None, "damaged_record", None, "missing_document"
    ]  # fmt: skip
    assert [one for one in sides(rows) if one] == [
        ("One. Two !", "Moja. Mbili!"),
        ("Three", "Tatu"),
        ("Two !", "Moja. Mbili!"),
    ]
    meta = json.loads(rows[0]["meta"])
    assert (meta["alignment"], meta["certainty"]) == ("2-1", "0.7")
    assert meta["documents"] == {"eng_Latn": "en/a.xml.gz", "swh_Latn": "sw/a.xml.gz"}
    assert other in rows[-1]["problem"]["detail"]


def test_xliff_of_both_kinds() -> None:
    old = """<xliff version="1.2"><file original="p.html" source-language="en" target-language="sw"><body>
    <trans-unit id="1" resname="k"><source>Hi <g id="1">you</g></source><target state="final">Habari</target>
    <alt-trans><source>no</source><target>no</target></alt-trans></trans-unit>
    <trans-unit id="0" restype="x-gettext-domain-header"><source>H: 1</source><target>H: 2</target></trans-unit>
    <trans-unit id="2"><source>Hi</source><target/></trans-unit><trans-unit id="3"><source>a</source>
    <target state="new">a</target></trans-unit></body></file></xliff>"""
    rows = read(xliff(kind="pair", group_documents=True), "a.xlf", old.encode())
    assert sides(rows)[0] == ("Hi you", "Habari") and reasons(rows) == [None, "untranslated", "untranslated"]
    assert rows[0]["group_id"] == "p.html" and json.loads(rows[0]["meta"])["resname"] == "k"
    new = """<x:xliff xmlns:x="u" version="2.0" srcLang="en" trgLang="sw"><x:file id="f"><x:unit id="u">
    <x:segment id="1"><x:source>One<x:ph id="1"/>.</x:source><x:target>Moja.</x:target></x:segment>
    <x:segment state="initial"><x:source>b</x:source><x:target>b</x:target></x:segment></x:unit></x:file></x:xliff>"""
    rows = read(xliff(kind="pair"), "a.xliff", new.encode())
    assert sides(rows)[0] == ("One.", "Moja.") and reasons(rows) == [None, "untranslated"]
    assert sides(read(xliff(kind="pair", unfinished=True, markup="placeholder"), "a.xliff", new.encode())) == [
        ('One<ph id="1"/>.', "Moja."), ("b", "b")
    ]  # fmt: skip
