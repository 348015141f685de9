"""The fields of provenance are read of a document's meta as it is."""

import json

import polars as pl

from weft.govern.provenance import FIELDS, provenance


def test_fields_are_text_and_null_where_nobody_knows_of_a_machine() -> None:
    held = {
        "recipe": "synthesize.x", "version": 3, "made": ["swh_Latn", "eng_Latn"], "verdicts": ["a@1 pass", "b@2 pass"],
        "models": ['a "quoted" model'], "reviewed": {"state": "allowed", "low": 0.8}, "calls": [{"model": "no"}],
    }  # fmt: skip
    meta = [json.dumps({"id": 1, "synthetic": held}), json.dumps({"synthetic": True}), None, "{", '"synthetic"']
    told = provenance(pl.Series(meta, dtype=pl.String))
    assert told.columns == list(FIELDS)
    first = told.row(0, named=True)
    assert (first["recipe"], first["version"], first["made"]) == ("synthesize.x", "3", "swh_Latn+eng_Latn")
    assert first["verdicts"] == "a@1 pass+b@2 pass" and first["skill"] is None
    assert json.loads(first["reviewed"]) == held["reviewed"]
    assert told.slice(1).null_count().row(0) == (4,) * len(FIELDS)


def test_no_documents_have_no_provenance() -> None:
    assert provenance(pl.Series([], dtype=pl.String)).height == 0
