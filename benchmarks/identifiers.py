"""The identifiers that benchmarks/identify.py sets side by side: answers, languages, and bare calls to time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from weft.label.adapter import labels
from weft.label.fasttext_file import labels_of
from weft.label.lid_cld3 import lid_cld3
from weft.label.lid_fasttext import lid_fasttext
from weft.label.lid_langid import lid_langid
from weft.label.script import script
from weft.label.written import in_script
from weft.language.identify import identify
from weft.language.model import answers, load_model

CLD3_LANGUAGES = (
    "af am ar az be bg bn bs ca ceb co cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha haw heb hi hmn hr "
    "ht hu hy id ig is it ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my ne nl no ny pa pl ps "
    "pt ro ru sd si sk sl sm sn so sq sr st su sv sw ta te tg th tr uk ur uz vi xh yi yo zh zu"
).split()
"""As its documentation lists them, less those in Latin transcription; the library itself does not say."""
_CLD2_CODES = {"jw": "jav", "iw": "heb", "sr-ME": "srp", "bh": "bho", "mo": "ron"}
_NO_LANGUAGE = ("zxx", "ext", "un", "tlh", "zzp", "vo", "blu")
"""What no text is in, and codes that langid and CLD2 have for fun or against the standard."""
READ = 4_096
"""Bytes of a text that the peers read; weft reads 1,000 letters."""
_TOGETHER = {
    "ara": "arb ars acq acm ajp apc arz ary aeb arq acx ayl apd", "zho": "cmn yue wuu gan hak nan lzh",
    "fas": "pes prs", "aka": "aka twi fat",
}  # fmt: skip
_FOLDED = {code: wide for wide, codes in _TOGETHER.items() for code in codes.split()}
_SCRIPTS = {"Hans": "Hani", "Hant": "Hani", "Jpan": "Jpan"}


@functools.cache
def folded(code: str) -> str:
    """A label in which no tool is asked for more than most of them tell apart: one Arabic, Chinese, Persian, Akan."""
    base, _, written = code.partition("_")
    return f"{_FOLDED.get(base, base)}_{_SCRIPTS.get(written, written)}"


@dataclass(frozen=True)
class Said:
    """Answers to some texts: the best label whatever its score, the score, and whether it is given by default."""

    best: np.ndarray
    score: np.ndarray
    accepted: np.ndarray


@dataclass(frozen=True)
class Tool:
    """`bare` calls the library without weft's forms, to take the time; `knows` takes a label of the data."""

    name: str
    said: Callable[[list[str]], Said]
    bare: Callable[[list[str]], object]
    knows: Callable[[str], bool]


@dataclass(frozen=True)
class Weft(Tool):
    """`among` gives the best labels of texts where only those compete that another tool knows."""

    among: Callable[[list[str], Callable[[str], bool]], np.ndarray]


def weft_tool(file: Path) -> Weft:
    model = load_model(file)
    labels = {folded(label) for label in model.labels}

    def said(texts: list[str]) -> Said:
        found = identify(model, pa.array(texts, pa.large_string()), most=1)
        lid_column = found["lid"].to_pylist()
        best = [row[0] if row else {"language": "und", "score": 0.0} for row in found["alternatives"].to_pylist()]
        return Said(
            np.array([folded(row["language"]) for row in best], dtype=object),
            np.array([row["score"] for row in best]),
            np.array([not row["language"].startswith("und_") for row in lid_column]),
        )

    def among(texts: list[str], knows: Callable[[str], bool]) -> np.ndarray:
        allowed = frozenset(label for label in model.labels if knows(label))
        found = answers(model, pa.array(texts, pa.large_string()), top=1, among=allowed).label[:, 0]
        return np.array([*map(folded, model.labels), "und"], dtype=object)[found]

    return Weft(
        "weft",
        said,
        lambda texts: answers(model, pa.array(texts, pa.large_string()), top=1),
        lambda label: folded(label) in labels,
        among,
    )


def adapter(
    name: str, column: str, operator: Callable[..., Any], bare: Any, codes: list[str], less: str = "", **given: Any
) -> Tool:
    """A tool behind a label operator; `less` is a label that its codes seem to name, and that it never gives."""

    def said(texts: list[str]) -> Said:
        column_of = pa.array(texts, pa.large_string())
        batch = script()(pa.table({"text": column_of, "language_hint": pa.nulls(len(texts), pa.string())}))
        raw = operator(min_letters=1, min_score=0.0, **given)(batch)[column].to_pylist()
        usual = operator(**given)(batch)[column].to_pylist()
        return Said(
            np.array([folded(row["language"]) for row in raw], dtype=object),
            np.array([0.0 if row["language"].startswith("und_") else row["score"] for row in raw]),
            np.array([not row["language"].startswith("und_") for row in usual]),
        )

    @functools.cache
    def knows(label: str) -> bool:
        written = label.partition("_")[2]
        found = [in_script(code, written) for code in codes]
        return label != less and folded(label) in {folded(answer) for answer, fits in found if fits}

    return Tool(name, said, bare, knows)


def _cld2(*, min_letters: int = 8, min_score: float = 0.3) -> Callable[[pa.Table], pa.Table]:
    """CLD2 in the form of the other operators: what it does not call reliable scores six tenths of its share."""
    import pycld2

    def guess(text: str) -> tuple[str, float] | None:
        try:
            reliable, _, details = pycld2.detect(text.encode(), isPlainText=True, bestEffort=True)
        except (pycld2.error, ValueError):  # control characters
            return None
        _, code, percent, _ = details[0]
        if code in _NO_LANGUAGE or code.startswith("xx-"):
            return None
        return _CLD2_CODES.get(code, code), percent / 100 * (1.0 if reliable else 0.6)

    return labels("lid_cld2", guess, min_letters, min_score, READ)


def cld2_tool() -> Tool:
    import pycld2

    codes = dict(pycld2.LANGUAGES)
    known = [codes[name] for name in pycld2.DETECTED_LANGUAGES if name in codes]
    known = [_CLD2_CODES.get(code, code) for code in known if not code.startswith("xx-") and _is_language(code)]

    def bare(texts: list[str]) -> None:
        for text in texts:
            try:
                pycld2.detect(text.encode()[:READ], isPlainText=True, bestEffort=True)
            except (pycld2.error, ValueError):  # half a letter at the cut, or a control character
                continue

    return adapter("cld2", "lid_cld2", _cld2, bare, known, "kmr_Latn")


def cld3_tool() -> Tool:
    import gcld3

    held = gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=READ)

    def bare(texts: list[str]) -> None:
        for text in texts:
            held.FindLanguage(text)

    return adapter("cld3", "lid_cld3", lid_cld3, bare, CLD3_LANGUAGES, "ckb_Arab")


def langid_tool() -> Tool:
    from py3langid import langid

    held = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)

    def bare(texts: list[str]) -> None:
        for text in texts:
            held.classify(text[:READ])

    known = sorted({code for code in map(str, held.nb_classes) if _is_language(code)})
    return adapter("py3langid", "lid_langid", lid_langid, bare, known, "ckb_Arab")


def fasttext_tool(file: Path) -> Tool:
    import fasttext

    held = fasttext.load_model(str(file))
    known = {folded(label.removeprefix("__label__")) for label in labels_of(file)}

    def bare(texts: list[str]) -> None:
        for text in texts:
            held.predict(text.replace("\n", " ")[:READ])

    tool = adapter("fastText", "lid_fasttext", lid_fasttext, bare, [], model=str(file))
    return Tool(tool.name, tool.said, tool.bare, lambda label: folded(label) in known)


def _is_language(code: str) -> bool:
    try:
        in_script(code, "Latn")
    except ValueError:
        return False
    return code not in _NO_LANGUAGE
