"""Tables of ratings: names, kinds, raters, errors, and what is refused."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from weft.errors import WeftError
from weft.evaluate.mos.ratings import named, read_ratings, read_table

from .rated import ratings, written


def _table(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "ratings.tsv"
    file.write_text(text.replace("|", "\t"), "utf-8")
    return file


def test_columns_are_known_by_several_names_and_languages_are_codes(tmp_path: Path) -> None:
    file = _table(tmp_path, "src_lang|tgt_lang|original|mt|da_mean|da_z_mean|doc_id\nsw|ha|a b|c d|70|0.5|x\n")
    held = read_ratings(file)
    assert held.kind == "z" and held.frame.row(0) == ("swh_Latn", "hau_Latn", "a b", "c d", 0.5, "x")
    by_name = read_ratings(file, columns={"score": "da_mean"})
    assert by_name.kind == "da" and by_name.frame["score"][0] == 70
    with pytest.raises(WeftError, match=r"no column 'da_meen'.*da_mean"):
        read_ratings(file, columns={"score": "da_meen"})


def test_a_table_without_languages_needs_them_named(tmp_path: Path) -> None:
    file = _table(tmp_path, "source|translation|score\na|b|3\n")
    with pytest.raises(WeftError, match="no column source_language or target_language"):
        read_ratings(file)
    held = read_ratings(file, languages=("swh_Latn", "hau_Latn"))
    assert held.kind == "mos" and held.frame["target_language"][0] == "hau_Latn"


def test_scores_outside_of_their_kind_are_refused(tmp_path: Path) -> None:
    file = _table(tmp_path, "src_lang|tgt_lang|source|translation|score\nsw|ha|a|b|7\nsw|ha|c|d|3\n")
    with pytest.raises(WeftError, match="a score of 7 in 1 rows; expected 1 to 5 for --kind mos"):
        read_ratings(file, "mos")
    with pytest.raises(WeftError, match="expected one of da, esa, mos, mqm, z"):
        read_ratings(file, "dda")


def test_penalties_are_turned_and_rows_without_scores_left_out(tmp_path: Path) -> None:
    file = _table(
        tmp_path, "src_lang|tgt_lang|source|translation|mqm\nsw|ha|a|b|7\nsw|ha|c|d|0\nsw|ha|e|f|\nsw|ha||g|1\n"
    )
    held = read_ratings(file)
    assert held.kind == "mqm" and held.frame["score"].to_list() == [-7, 0]
    assert held.facts["turned"] == "penalties to scores" and held.facts["left_out"] == 2
    with pytest.raises(WeftError, match="no row with a source, a translation and a score"):
        read_ratings(_table(tmp_path, "src_lang|tgt_lang|source|translation|mqm\nsw|ha|e|f|x\n"))


def test_each_rater_has_a_scale_of_its_own(tmp_path: Path) -> None:
    rows = "".join(
        f"sw|ha|s{n}|t{n}|{rater}|{base + 10 * n}\n" for rater, base in (("a", 0), ("b", 50)) for n in range(3)
    )
    held = read_ratings(_table(tmp_path, "src_lang|tgt_lang|source|translation|rater|da\n" + rows))
    # Means of 10 and 60, deviations of sqrt(200 / 3): both raters say the same.
    assert held.kind == "z" and held.frame.height == 3
    assert held.frame["score"].to_list() == pytest.approx([-1.224745, 0, 1.224745], abs=1e-6)


def test_scores_are_made_of_errors(tmp_path: Path) -> None:
    rows = (
        "sw|ha|s<v></v>|t|x|Accuracy/Omission|Major\nsw|ha|s|<v>t</v>|x|Fluency/Grammar|minor\nsw|ha|s|t|y|no-error|no-error\n"
        "sw|ha|s|u|x|Non-translation!|major\n"
    )
    file = _table(tmp_path, "src_lang|tgt_lang|source|translation|rater|category|severity\n" + rows)
    held = read_ratings(file)
    assert held.kind == "mqm" and dict(held.frame.select("translation", "score").iter_rows()) == {"t": -3.0, "u": -25.0}


def test_other_columns_stay_and_unknown_languages_are_named(tmp_path: Path) -> None:
    file = written(ratings(3), tmp_path / "r.tsv")
    frame = named(file, read_table(file), None)
    assert {"source_language", "domain", "document"} <= set(frame.columns)
    file = _table(tmp_path, "src_lang|tgt_lang|source|translation|score\nno such!|ha|a|b|7\n")
    with pytest.raises(WeftError, match="column source_language"):
        named(file, read_table(file), None)
    with pytest.raises(WeftError, match="expected a table"):
        read_table(tmp_path / "r.txt")
    parquet = tmp_path / "r.parquet"
    pl.DataFrame(ratings(3)).write_parquet(parquet)
    assert read_ratings(parquet).frame.height == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"src_lang": "sw", "tgt_lang": "ha", "source": ["a"], "mt": "b", "da": 3}\n', "column source holds lists"),
        ('{"src_lang": "sw", "tgt_lang": "ha", "source": "a", "mt": "b", "da_z_mean": 1e308}\n', r"a score of 1e\+308"),
        (
            '{"src_lang": "sw", "tgt_lang": "ha", "source": "a", "mt": "b", "category": "x", "severity": "bad"}\n',
            r"ratings.jsonl: MQM ratings, row 1: severity 'bad'",
        ),
    ],
)
def test_what_is_no_rating_is_told_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "ratings.jsonl"
    file.write_text(text, "utf-8")
    with pytest.raises(WeftError, match=said):
        read_ratings(file)


def test_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    file = tmp_path / "ratings.parquet"
    file.write_text("nothing")
    with pytest.raises(WeftError, match=r"ratings\.parquet: no Parquet"):
        read_table(file)
