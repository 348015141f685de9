"""Names by links and labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.synthesize.answers import documents, reasons

from weft.errors import WeftError
from weft.synthesize.linked_entities import linked_entities

FILE = Path(__file__).parent.parent / "examples" / "synthesize.linked_entities.tsv"


def _spans(text: str, links=None):
    meta = None if links is None else json.dumps({"links": links})
    batch = documents({"text": text, "language": "swh_Latn", "meta": meta})
    (row,) = linked_entities(language="swh_Latn", entities=str(FILE))(batch).to_pylist()
    if row["problem"]:
        return reasons([row])[0]
    return [(text[one["begin"] : one["end"]], one["tag"]) for one in json.loads(row["note"])["spans"]]


def test_labels_of_entities_with_a_tag_are_names() -> None:
    assert _spans("Kiswahili huongewa Kenya.") == [("Kenya", "LOC")]
    assert _spans("Kiswahili ni lugha.") == "no_entity"


def test_the_text_of_a_link_is_a_name_wherever_it_stands() -> None:
    text = "Maathai alisoma. Baadaye Maathai alirudi Kenya."
    assert _spans(text, [{"begin": 0, "end": 7, "entity": "Q46795"}]) == [("Maathai", "PER")] * 2
    assert _spans(text, [{"begin": 0, "end": 7, "entity": "Q1"}]) == "no_entity"


def test_a_file_without_tags_or_with_another_scheme_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "entities.tsv"
    file.write_text("entity\tlanguage\tlabel\nQ1\tswh_Latn\tKenya\n", "utf-8")
    with pytest.raises(WeftError, match="no column tag"):
        linked_entities(language="swh_Latn", entities=str(file))
    file.write_text("entity\tlanguage\tlabel\ttag\nQ1\tswh_Latn\tKenya\tweapon\n", "utf-8")
    with pytest.raises(WeftError, match="expected one of PER"):
        linked_entities(language="swh_Latn", entities=str(file))
