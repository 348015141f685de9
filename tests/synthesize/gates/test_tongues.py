"""What the identifier says of texts, as gates measure it."""

from __future__ import annotations

import polars as pl

from weft.synthesize.gates import tongues

AMHARIC = "ሰላም ለዓለም ሁሉ ይሁን እንዴት ናችሁ ዛሬ"  # not reviewed by native speakers


def margins(*rows: tuple[str, str | None], groups: tuple[tuple[str, ...], ...] = ()) -> list[float | None]:
    frame = pl.DataFrame(rows, {"language": pl.String, "text": pl.String}, orient="row")
    found: list[float | None] = tongues.identified(tongues.identifier(), frame, groups)["margin"].to_list()
    return found


def test_a_language_is_likelier_than_others_in_its_own_text() -> None:
    own, other = margins(("amh_Ethi", AMHARIC), ("tir_Ethi", AMHARIC))
    assert own is not None and other is not None
    assert other < 0 < own


def test_languages_of_another_script_are_not_what_a_mixed_text_is_taken_for() -> None:
    mixed = "stochastic epidemic models of Susceptible and Exposed " + AMHARIC[:12]
    assert margins(("amh_Ethi", mixed), ("amh_Ethi", None), ("amh_Ethi", "123"), ("qzz_Latn", "text")) == [None] * 4


def test_a_language_of_the_same_group_is_no_rival() -> None:
    (alone,) = margins(("tir_Ethi", AMHARIC))
    (grouped,) = margins(("tir_Ethi", AMHARIC), groups=(("amh_Ethi", "tir_Ethi"),))
    assert alone is not None and grouped is not None
    assert grouped > alone


def test_the_share_of_the_script_counts_the_letters_of_others() -> None:
    rows = [("amh_Ethi", AMHARIC), ("amh_Ethi", "only Latin letters"), ("jpn_Jpan", "漢字"), ("amh_Ethi", "123")]
    frame = pl.DataFrame(rows, ["language", "text"], orient="row")
    assert tongues.script_shares(frame).to_list() == [1.0, 0.0, 1.0, None]


def test_trusted_text_tells_what_the_identifier_does_not_know() -> None:
    model = tongues.identifier()
    found = tongues.competing(model, (("swh_Latn", "zul_Latn"),), ["qaa_Latn", "swh_Latn", "zul_Latn", "amh_Ethi"])
    assert found == {"qaa_Latn": ("swh_Latn", "zul_Latn"), "swh_Latn": ("zul_Latn",), "zul_Latn": ("swh_Latn",)}
