"""What a translation must leave alone, and that it is put back as it was."""

from __future__ import annotations

import pytest

from weft.errors import WeftError
from weft.operators.samples import HARD_TEXTS
from weft.synthesize.protecting import KINDS, nothing_to_translate, numbers, protected


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Run `ls -l` now", ["`ls -l`"]),
        ("Run ``a ` b`` now", ["``a ` b``"]),
        ("So:\n```python\nx = 1\n\nprint('`')\n```\nDone 7", ["```python\nx = 1\n\nprint('`')\n```", "7"]),
        ("~~~\na\n~~~", ["~~~\na\n~~~"]),
        ("If $x^2 = y$ then \\(a\\) and $$z$$", ["$x^2 = y$", "\\(a\\)", "$$z$$"]),
        ("\\begin{align}a\\end{align} ok", ["\\begin{align}a\\end{align}"]),
        ("It costs $5 or $6.", ["5", "6"]),
        ("See https://example.org/a?b=1#c. Or (www.example.org)!", ["https://example.org/a?b=1#c", "www.example.org"]),
        ("ሂድ https://example.org/ሀ። ok", ["https://example.org/ሀ"]),
        ("Write to a.b@example.org.", ["a.b@example.org"]),
        ("Dear {name}, {{x}} %s %(n)d ${y} [CITY NAME]", ["{name}", "{{x}}", "%s", "%(n)d", "${y}", "[CITY NAME]"]),
        ("100% sure, 3.14 and 10,000 at 10:30 on 2024-01-31", ["100%", "3.14", "10,000", "10:30", "2024-01-31"]),
        ("在2024年 ١٢٬٣٤٥ ৩ টি", ["2024", "١٢٬٣٤٥", "৩"]),
        ("H2O B2B v1 3D", []),
        ("<b>bold</b> &amp; a < b > c", ["<b>", "</b>", "&amp;"]),
        ("<p3/> is a mark, < P 3 / > as well", ["<p3/>", "< P 3 / >"]),
    ],
)
def test_what_is_protected(text: str, kept: list[str]) -> None:
    held = protected([text])
    assert list(held.held) == list(dict.fromkeys(kept))
    assert not any(one in held.texts[0] for one in kept if len(one) > 4 and not one.startswith("<"))
    assert held.restored(0, held.texts[0]) == text


@pytest.mark.parametrize("text", [text for text in HARD_TEXTS if text])
def test_every_text_comes_back(text: str) -> None:
    held = protected([text, text])
    assert held.restored(0, held.texts[0]) == held.restored(1, held.texts[1]) == text


def test_what_is_the_same_has_one_placeholder_in_all_texts() -> None:
    held = protected(["Add 7 and 8", "It is 15, as 8 and 7 are 15"])
    assert held.texts == ("Add <p1/> and <p2/>", "It is <p3/>, as <p2/> and <p1/> are <p3/>")
    assert held.restored(1, "Ni < P3 >; <p1 /> na <p2> ni <p٣/>") == "Ni 15; 7 na 8 ni 15"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("Jumlisha <p1/>", "<p2/> is missing"),
        ("Jumlisha <p1/> na <p2/> na <p2/>", "<p2/> stands there too often"),
        ("Jumlisha <p1/> na <p2/> na <p9/>", "<p9/> stands there too often, or does not belong"),
        ("Jumlisha 7 na 8", "<p1/> is missing"),
    ],
)
def test_a_placeholder_that_is_lost_is_told(answer: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        protected(["Add 7 and 8"]).restored(0, answer)


def test_only_the_kinds_that_are_named() -> None:
    assert protected(["`a` 7 <p1/>"], ("inline_code",)).texts == ("<p1/> 7 <p2/>",)
    with pytest.raises(WeftError, match="expected some of code, inline_code"):
        protected(["a"], ("maps",))
    assert len(KINDS) == len(set(KINDS))


def test_what_has_nothing_to_translate() -> None:
    assert [nothing_to_translate(protected([one]).texts[0]) for one in ("7 + 8 = 15", "`x`", "!", "a 7")] == [
        True, True, True, False,
    ]  # fmt: skip


def test_numbers_of_all_scripts() -> None:
    assert numbers("007 ١٢, ৩ and 0 x²") == {"7", "12", "3", "0"}
    assert numbers("9" * 9000) == {"9" * 9000}
