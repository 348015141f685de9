"""Tokenizer files of every kind, with what they ask for besides; and files that are none."""

from __future__ import annotations

import importlib
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from weft.errors import WeftError
from weft.tokenizer import loaded
from weft.tokenizer.loaded import byte_of_stand_in, encoded, load

from .models import EXAMPLE, made, own, write

KINDS = ("own", "unigram", "byte_level", "metaspace_bpe", "metaspace_unigram", "wordpiece")
TEXTS = ["all human beings are born free", "", None, "ሰላም እንዴት ነህ", "ភាសាខ្មែរ", "the cat\n\n🙂 12", "a" * 3000]


@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_those_of_the_library(kind: str, tmp_path: Path) -> None:
    import tokenizers

    file = write(made(kind), tmp_path / "tokenizer.json")
    held = load(file)
    alone = tokenizers.Tokenizer.from_file(str(file))
    tokens, broken = encoded(held, TEXTS)
    assert tokens.tolist() == [len(alone.encode(text or "", add_special_tokens=False).ids) for text in TEXTS]
    assert broken[0] == 0 and broken[1] == 0 and broken[2] == 0 and broken[3] > 0
    assert (broken <= tokens).all()


def test_what_is_broken() -> None:
    held = load(EXAMPLE)
    names = {piece for piece, number in held.tokenizer.get_vocab().items() if held.broken[number]}
    assert names == {"<unk>", *(f"<0x{byte:02X}>" for byte in range(256))}
    assert encoded(held, ["ሰ", "<0xE1>"])[1].tolist() == [3, 0]


def test_pieces_of_a_byte_level_file_that_end_within_a_character(tmp_path: Path) -> None:
    held = load(write(made("byte_level"), tmp_path / "tokenizer.json"))
    stand_ins = byte_of_stand_in()
    assert len(stand_ins) == 256 and len(set(stand_ins.values())) == 256
    vocabulary = held.tokenizer.get_vocab()
    assert not held.broken[vocabulary["Ġthe"]] and held.broken[vocabulary["á"]]  # the byte 0xE1
    assert not held.broken[vocabulary["<|end|>"]]


def test_truncation_padding_and_dropout_are_left_out(tmp_path: Path) -> None:
    content = own()
    content["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    content["padding"] = {
        "strategy": {"Fixed": 50}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 3, "pad_type_id": 0,
        "pad_token": "<pad>",
    }  # fmt: skip
    content["model"]["dropout"] = 0.5
    plain, odd = load(write(own(), tmp_path / "plain.json")), load(write(content, tmp_path / "odd.json"))
    assert encoded(odd, TEXTS)[0].tolist() == encoded(plain, TEXTS)[0].tolist()


def test_batches_do_not_matter() -> None:
    held = load(EXAMPLE)
    texts = [f"the cat {n} sat " * (n % 7) for n in range(1_300)]
    whole = encoded(held, texts)[0].tolist()
    assert whole == [int(encoded(held, [text])[0][0]) for text in texts]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON"),
        (b"\x00\xff\x00", "not JSON"),
        (b"[]", "no model with a vocabulary"),
        (b"{}", "no model with a vocabulary"),
        (b'{"model": {"type": "BPE"}}', "no model with a vocabulary"),
        (b'{"model": {"type": "Neural", "vocab": {}}}', "a model of type 'Neural'; expected one of BPE, Unigram"),
        (b'{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}}', "cannot use it"),
        (b"[" * 200_000, "not JSON"),
    ],
)
def test_files_that_are_no_tokenizer(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    file.write_bytes(content)
    with pytest.raises(WeftError, match=said) as caught:
        load(file)
    assert "tokenizer.json" in str(caught.value)


def test_no_file_a_folder_and_another_format(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match=r"absent\.json: cannot be read: No such file"):
        load(tmp_path / "absent.json")
    with pytest.raises(WeftError, match=r"cannot be read: .*irectory"):
        load(tmp_path)
    (tmp_path / "sp.model").write_bytes(b"\n\x0e\n\x05<unk>\x15")
    with pytest.raises(WeftError, match="SentencePiece"):
        load(tmp_path / "sp.model")


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole, file = EXAMPLE.read_bytes(), tmp_path / "cut.json"
    for end in range(0, len(whole) - 2, 97):
        file.write_bytes(whole[:end])
        with pytest.raises(WeftError, match=r"cut\.json: "):
            load(file)


@pytest.mark.parametrize("kind", ["own", "metaspace_unigram"])
def test_damage_is_a_message(kind: str, tmp_path: Path) -> None:
    draw = random.Random(3)
    file = write(made(kind), tmp_path / "damaged.json")
    whole = file.read_bytes()
    refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(draw.choice([1, 3, 8])):
            damaged[draw.randrange(len(damaged))] = draw.choice(b'0123456789"{}[],:ax\x00\xff')
        file.write_bytes(bytes(damaged))
        try:
            encoded(load(file), TEXTS)
        except WeftError:
            refused += 1
    assert 20 < refused < 150


def test_without_the_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    file = write(own(vocabulary=411), tmp_path / "other.json")
    monkeypatch.setattr(importlib, "import_module", absent)
    loaded._loaded.cache_clear()
    with pytest.raises(WeftError, match=r"tokenizers is not installed.*pip install 'weft\[tokenizers\]'"):
        load(file)


def test_nothing_of_weft_needs_the_library_to_be_imported() -> None:
    code = "import weft.cli.application, weft.label.token_count, sys; sys.exit('tokenizers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_file_of_the_examples_is_the_one_that_is_written() -> None:
    assert json.loads(EXAMPLE.read_bytes()) == own()
