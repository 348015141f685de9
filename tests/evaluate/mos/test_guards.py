"""Translations that are none, whatever a model would say of them."""

from __future__ import annotations

import pytest

from weft.evaluate.mos.guards import WRONG, reasons


@pytest.mark.parametrize(
    ("languages", "translation", "reason"),
    [
        (("npi_Deva", "eng_Latn"), "नमस्ते", WRONG),
        (("npi_Deva", "eng_Latn"), "п", WRONG),
        # Names of a text stand in the letters of its source, or in Latin ones.
        (("npi_Deva", "eng_Latn"), "Hello नमस्ते", None),
        (("eng_Latn", "jpn_Jpan"), "NASA", None),
        (("npi_Deva", "eng_Latn"), "12", None),
        # Japanese and Chinese share characters, and Serbian is written in two scripts.
        (("eng_Latn", "jpn_Jpan"), "你好", None),
        (("eng_Latn", "jpn_Jpan"), "カナ", None),
        (("eng_Latn", "srp_Cyrl"), "Zdravo", None),
        (("eng_Latn", "srp_Latn"), "Здраво", WRONG),
        (("eng_Latn", "zho_Hans"), "안녕", WRONG),
    ],
)
def test_a_short_translation_in_another_script(
    languages: tuple[str, str], translation: str, reason: str | None
) -> None:
    assert reasons(["Hello there"], [translation], languages) == [reason]
