"""A fastText file of the user's: its labels in our form, and files that would make its library hang or die."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import pytest

from weft.errors import WeftError
from weft.label.fasttext_file import labels_of
from weft.label.lid_fasttext import lid_fasttext

from .fasttext_models import EXAMPLE, WORDS, model
from .test_adapter import answers

SWAHILI = "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(content: bytes) -> str:
        file = tmp_path / "model.bin"
        file.write_bytes(content)
        return str(file)

    return written


def asked(file: str, *texts: str, **parameters: Any) -> list[Any]:
    return answers(lid_fasttext(model=file, **parameters), "lid_fasttext", list(texts))


def test_the_file_of_the_examples_is_the_one_that_is_written() -> None:
    assert EXAMPLE.read_bytes() == model()
    assert labels_of(EXAMPLE) == [label.removeprefix("__label__") for label in WORDS]


@pytest.mark.parametrize("quantised", [False, True])
def test_languages(write: Any, quantised: bool) -> None:
    file = write(model(quantised=quantised, pruned=((1, 0), (5, 1)) if quantised else ()))
    swahili, english, russian, noise, other = asked(
        file,
        SWAHILI,
        "all people are born\nfree and equal",
        "все люди рождаются свободными и равными",
        "home login menu search cookies cart",
        "not one word that model knows: zzz yyy xxx",
    )
    assert [row["language"] for row in (swahili, english, russian)] == ["swh_Latn", "eng_Latn", "rus_Cyrl"]
    assert swahili["score"] > 0.9
    assert (noise["language"], noise["reason"]) == ("und_Latn", "unknown")
    assert (other["language"], other["reason"]) == ("und_Latn", "unknown")


def test_labels_of_wikipedia_and_of_no_language(write: Any) -> None:
    words = {"__label__sw": "watu wote", "__label__als": "alli mensche", "__label__!!!": "blah blahblah"}
    file = write(model(words, strength=9.0))
    found = asked(file, "watu wote watu wote", "alli mensche alli", "blah blahblah blah")
    assert [(row["language"], row["reason"]) for row in found] == [
        ("swh_Latn", None),
        ("gsw_Latn", None),
        ("und_Latn", "unknown"),
    ]


def test_weights_that_are_no_numbers(write: Any) -> None:
    (found,) = asked(write(model(strength=float("nan"))), SWAHILI)
    assert (found["language"], found["reason"]) == ("und_Latn", "unknown")


def test_a_changed_file_is_read_again(write: Any) -> None:
    assert asked(write(model()), SWAHILI)[0]["language"] == "swh_Latn"
    renamed = {label.replace("swh", "lug"): words for label, words in WORDS.items()} | {"__label__lin_Latn": "moto"}
    assert asked(write(model(renamed)), SWAHILI)[0]["language"] == "lug_Latn"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"\x00", "first bytes are not fastText's"),
        (b"just a text file, and no model at all\n" * 100, "first bytes are not fastText's"),
        (random.Random(4).randbytes(5000), "first bytes are not fastText's"),
        (struct.pack("<2i", 793712314, 99) + bytes(200), "version 99 of the format"),
        (model(kind=2), "word vectors and no labels"),
        (model(ngrams=2), "arguments are no possible ones"),  # and no bucket: its library divides by zero
        (model({"swh_Latn": "watu wote"}), "a label is 'swh_Latn'; expected one like __label__swh_Latn"),
        (model(pruned=((1, 0),)), "pruned and its weights are not quantised"),
        (model(quantised=True, pruned=((1, 7), (2, 0))), "outside its matrix"),
        (model() + b"more", "4 bytes follow its end"),
    ],
)
def test_files_that_are_no_classifier(write: Any, content: bytes, said: str) -> None:
    with pytest.raises(WeftError, match=said) as caught:
        lid_fasttext(model=write(content))
    assert "model.bin" in str(caught.value)


@pytest.mark.parametrize("quantised", [False, True])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, quantised: bool) -> None:
    whole, file = model(quantised=quantised), tmp_path / "cut.bin"
    for end in {*range(0, min(len(whole), 1500), 3), *range(len(whole) - 20, len(whole))}:
        file.write_bytes(whole[:end])
        with pytest.raises(WeftError, match="no fastText classifier"):
            labels_of(file)


def test_damage_never_reaches_the_library(write: Any) -> None:
    draw = random.Random(11)
    whole, refused = model(), 0
    for _ in range(300):  # a process that dies here fails the run
        damaged = bytearray(whole)
        for _ in range(draw.choice([1, 2, 4])):
            damaged[draw.randrange(8, 900)] = draw.choice([0, 1, 127, 128, 255])
        try:
            asked(write(bytes(damaged)), SWAHILI)
        except WeftError:
            refused += 1
    assert 100 < refused < 300


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match=r"absent\.bin: cannot be read: No such file.*expected a fastText model"):
        lid_fasttext(model=str(tmp_path / "absent.bin"))
    with pytest.raises(WeftError, match=r"cannot be read: .*irectory"):
        lid_fasttext(model=str(tmp_path))
