"""What is written in one format of parallel text and read again is the same, also where the text is hard."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from weft.engine.converting import Asked, Made, convert
from weft.errors import WeftError

ENGLISH = (
    "The tree is tall.", "tab\there", "two\nlines\n\nand more", 'say "hi" \\n \\ & <b>not a tag</b> ]]>', "-- '0' =1+1",
    "lone \r return", "sep\u2028arated\u0085", "e\u0301\u0323 marks", "bell \x07 and \x1b escape \x00",
    "&amp; &nbsp; &#65; %d {0}", " spaces around ", "msgid \"x\"\nmsgstr \"\"", "<!-- no comment --> <![CDATA[x",
    "windows\r\nends", "\ufeffmark", "\ufffe \uffff not characters", "𞤀𞤣 😀",
)  # fmt: skip
OTHER = (
    "Mti ni mrefu.", "سلام\u200f دنیا؛ «می‌خواهم»", "ߒߞߏ\tߦߋ߫", "ខ្ញុំ\u200b", "שלום \"עולם\"", "አማርኛ፤", "ọmọ", "မြန်မာ",
    "क्\u200dष", "日本語", "กขค", "x\ny", "\u202eoverride\u202c", "a\r\nb", "0", "𝔘", "¿Qué?",
)  # fmt: skip
FORMATS = {
    "tmx": "a.tmx", "xliff": "a.xlf", "po": "a.po", "xces": "a.xml", "csv": "a.csv", "jsonl": "a.jsonl.gz",
    "parquet": "a.parquet", "tsv": "a.tsv.gz", "moses": "corpus",
}  # fmt: skip
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")


def expected(kind: str, text: str) -> str:
    """What a format makes of a text: it is in the documentation, and nothing else may change."""
    if kind in ("tmx", "xces"):
        return _FORBIDDEN.sub("\ufffd", text)
    if kind in ("tsv", "moses"):
        return _BREAKS.sub(" ", text)
    return text.replace("\r\n", "\n") if kind == "csv" else text


def source(folder: Path) -> Path:
    file = folder / "in.jsonl"
    rows = [
        {
            "id": f"u{number}",
            "translation": {"eng_Latn": one, "swh_Latn": other},
            "group_id": f"g{number // 2}",
            "meta": {
                "alignment": "2-1",
                "documents": {"eng_Latn": "a/1.html", "swh_Latn": "b/1.html"},
                "sides": {"eng_Latn": {"license": "CC0-1.0"}, "swh_Latn": {"license": "CC-BY-4.0", "consent": "c-7"}},
            },
            "license": "CC-BY-4.0 AND CC0-1.0",
            "consent": "c-7",
        }
        for number, (one, other) in enumerate(zip(ENGLISH, OTHER, strict=True))
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def read(*files: Path, **options: Any) -> tuple[list[dict[str, Any]], Made]:
    out = files[0].parent / f"again-{files[0].name}.jsonl"
    made = convert(Asked(tuple(map(str, files)), str(out), **options), lambda rows: None)
    return [json.loads(line) for line in out.read_text("utf-8").split("\n") if line], made


@pytest.mark.parametrize("kind", FORMATS)
def test_a_round_trip_changes_nothing_but_what_a_format_cannot_hold(tmp_path: Path, kind: str) -> None:
    first = convert(Asked((str(source(tmp_path)),), str(tmp_path / FORMATS[kind])), lambda rows: None)
    assert first.counts["written"] == len(ENGLISH) and not first.problems
    files = [Path(name) for name in first.files]
    rows, made = read(*(files if kind == "moses" else files[:1]))
    assert not made.problems
    assert [(r["translation"]["eng_Latn"], r["translation"]["swh_Latn"]) for r in rows] == [
        (expected(kind, one), expected(kind, other)) for one, other in zip(ENGLISH, OTHER, strict=True)
    ]
    altered = sum(expected(kind, text) != text for text in (*ENGLISH, *OTHER))
    assert first.counts["controls"] + first.counts["line_ends"] == (0 if kind == "csv" else altered)
    if kind in ("tmx", "xliff", "po", "csv", "jsonl", "parquet", "tsv"):
        assert [row["id"] for row in rows] == [f"u{number}" for number in range(len(rows))]
        assert [row["group_id"] for row in rows] == [f"g{number // 2}" for number in range(len(rows))]
        for row in rows:
            assert row["license"] == "CC-BY-4.0 AND CC0-1.0" and row["consent"] == "c-7"
            assert row["meta"]["alignment"] == "2-1"
            assert row["meta"]["documents"] == {"eng_Latn": "a/1.html", "swh_Latn": "b/1.html"}
            assert row["meta"]["sides"]["swh_Latn"] == {"license": "CC-BY-4.0", "consent": "c-7"}
    if kind == "xces":
        assert {row["meta"]["alignment"] for row in rows} == {"2-1"}


@pytest.mark.parametrize("kind", ["tmx", "jsonl", "parquet"])
def test_several_languages_stay_one_unit(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "in.jsonl"
    rows = [{"translation": {"en": "a", "sw": "b", "zu": "c"}}, {"translation": {"en": "d", "zh-TW": "e"}}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    made = convert(Asked((str(file),), str(tmp_path / FORMATS[kind])), lambda rows: None)
    again, _ = read(Path(made.files[0]))
    assert [row["translation"] for row in again] == [
        {"eng_Latn": "a", "swh_Latn": "b", "zul_Latn": "c"},
        {"cmn_Hant": "e", "eng_Latn": "d"},
    ]


def test_languages_choose_and_name_the_source(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text('{"translation": {"en": "a", "sw": "b", "zu": "c"}}\n{"translation": {"en": "d", "zu": "e"}}\n')
    with pytest.raises(WeftError, match=r"xliff has two languages.*say --languages"):
        convert(Asked((str(file),), str(tmp_path / "a.xlf")), lambda rows: None)
    made = convert(Asked((str(file),), str(tmp_path / "a.xlf"), languages=("swh_Latn", "eng_Latn")), lambda rows: None)
    assert made.counts == {"written": 1, "no_side": 1}
    assert 'srcLang="sw" trgLang="en"' in (tmp_path / "a.xlf").read_text()


def test_a_broken_unit_is_told_and_costs_itself(tmp_path: Path) -> None:
    good = '<tu><tuv xml:lang="en"><seg>a</seg></tuv><tuv xml:lang="sw"><seg>b</seg></tuv></tu>'
    (tmp_path / "a.tmx").write_text(f"<tmx><body>{good}<tu><tuv>{good}</body></tmx>")
    rows, made = read(tmp_path / "a.tmx")
    assert len(rows) == 2 and made.damaged and made.problems == {"damaged_record": 1}
    assert made.shown[0]["locator"].startswith("a.tmx#")


@pytest.mark.parametrize(
    ("files", "out", "more", "message"),
    [
        (["none.tmx"], "b.tmx", {}, "no such file"),
        (["a.tmx"], "a.tmx", {}, "exists already"),
        (["a.tmx"], "b.tmx.zst", {}, "not packed in that way"),
        (["a.tmx"], "b.tmx", {"to_format": "tmxx"}, "did you mean tmx"),
        (["a.tmx"], "b.tmx", {"from_format": "xml"}, "--from xml: expected one of"),
        (["a.tmx"], "b.tmx", {"options": {"fuzzzy": "true"}}, "tmx: .*fuzzzy"),
        (["a.tmx"], "b.tmx", {"sides": {"en": "eng_Latn"}}, "tmx says its languages itself"),
        (["a.tmx"], "b.tmx", {}, "no translation could be read; no_records 1"),
        (["a.csv"], "b.tmx", {}, "its columns are text, url"),
        (["a.x"], "b.tmx", {}, "not known which languages these are"),
        (["a.po"], "b.tmx", {}, "source_language"),
    ],
)
def test_mistakes_are_one_clear_message(
    tmp_path: Path, files: list[str], out: str, more: dict[str, Any], message: str
) -> None:
    (tmp_path / "a.tmx").write_text("<tmx><body></body></tmx>")
    (tmp_path / "a.csv").write_text("text,url\na,b\n")
    (tmp_path / "a.x").write_text("a\n")
    (tmp_path / "a.po").write_text('msgid ""\nmsgstr "Language: sw\\n"\n\nmsgid "a"\nmsgstr "b"\n')
    asked = Asked(tuple(str(tmp_path / name) for name in files), str(tmp_path / out), **more)
    with pytest.raises(WeftError, match=message):
        convert(asked, lambda rows: None)
    assert not list(tmp_path.glob(".*"))
