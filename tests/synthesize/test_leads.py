"""Leads and headlines that people wrote."""

from __future__ import annotations

from tests.synthesize.answers import documents, reasons

from weft.synthesize.leads import leads

LEAD = "Bei ya mahindi imepanda sokoni."
BODY = "Wauzaji wa mahindi sokoni wanasema bei imepanda kwa ukame. Wanunuzi wanalalamika, na mahindi ni machache."


def _rows(text: str, **more):
    settings = {"sentences": 1, "least_body": 60, **more}
    made = leads(language="swh_Latn", **settings)(documents({"text": text, "language": "swh_Latn"}))
    return made.to_pylist()


def test_a_lead_that_says_something_else_is_no_summary() -> None:
    (row,) = _rows(f"{LEAD} {BODY}")
    assert [part["text"] for part in row["parts"][1:]] == [BODY, LEAD]
    assert reasons(_rows(f"Picha zote zimepigwa jana. {BODY}")) == ["other_matter"]


def test_a_lead_needs_text_behind_it() -> None:
    assert reasons(_rows(BODY, sentences=2)) == ["no_lead"]
    assert reasons(_rows(f"{LEAD} Mahindi machache.", least_body=30)) == ["no_lead"]
    assert reasons(_rows(f"{LEAD} {BODY}", most_lead=0.2)) == ["length"]


def test_a_headline_is_the_first_line() -> None:
    (row,) = _rows(f"Bei ya mahindi imepanda\n\n{BODY}", form="headline")
    assert row["parts"][2]["text"] == "Bei ya mahindi imepanda" and row["parts"][1]["text"] == BODY
    assert reasons(_rows(f"{LEAD}\n{BODY}", form="headline")) == ["no_lead"]
    assert reasons(_rows(f"Moja. Mbili\n{BODY}", form="headline")) == ["no_lead"]
    assert reasons(_rows(f"--\n{BODY}", form="headline")) == ["no_lead"]
