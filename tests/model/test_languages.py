"""Codes, names and directions."""

from __future__ import annotations

import pytest

from weft.model.languages import autonym, direction, name, normalise


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("sw", "swh_Latn"), ("swa", "swh_Latn"), ("swh_Latn", "swh_Latn"), ("sw-TZ", "swh_Latn"),
        ("Swahili", "swh_Latn"),
        ("zh", "cmn_Hans"), ("zh-TW", "cmn_Hant"), ("zh-Hant", "cmn_Hant"), ("my", "mya_Mymr"), ("ur", "urd_Arab"),
        ("sr", "srp_Cyrl"), ("sr-Latn", "srp_Latn"), ("ko", "kor_Hang"), ("ja", "jpn_Jpan"), ("am", "amh_Ethi"),
        ("nqo", "nqo_Nkoo"), ("und_Latn", "und_Latn"), ("yue", "yue_Hant"), ("ms", "zsm_Latn"), ("fa", "pes_Arab"),
        ("prs_Arab", "prs_Arab"), ("cnr_Latn", "cnr_Latn"), ("swc_Latn", "swc_Latn"), ("ara_Arab", "arb_Arab"),
    ],
)  # fmt: skip
def test_codes(given: str, code: str) -> None:
    assert normalise(given) == code


def test_what_is_no_language_is_said_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="expected a code such as swh_Latn; did you mean Swahili"):
        normalise("Swahilli")


def test_names_and_directions() -> None:
    assert name("khm_Khmr") == "Khmer" and "Latin" in name("srp_Latn")
    assert autonym("khm_Khmr") == "ខ្មែរ"
    assert direction("urd_Arab") == direction("nqo_Nkoo") == direction("heb_Hebr") == "rtl"
    assert direction("swh_Latn") == "ltr"
