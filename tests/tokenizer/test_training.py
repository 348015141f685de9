"""Training: nothing of a text is lost in any script, the same texts give the same bytes, small languages count."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.errors import WeftError
from weft.text.unigram import expected, others, points_of, trie_of
from weft.tokenizer.bpe import divided, learn_merges
from weft.tokenizer.loaded import Loaded, from_content
from weft.tokenizer.making import Plan, make, written
from weft.tokenizer.pieces import BYTES, SPECIAL
from weft.tokenizer.texts import COLUMNS, Columns, read_texts
from weft.tokenizer.words import alphabet, shares

from .models import SENTENCES, own

HARD = (
    "", " ", "\n", "\t \n  x", "  two  spaces ", "\u0000\u0001", "▁under▁", "<0x0A>", "<0xE1>\u1230", "123 456,789.00",
    "किताबें पढ़ना", "ক্ষুদ্র", "ភាសាខ្មែរ", "မြန်မာဘာသာ", "ภาษาไทย ๑๒๓", "می\u200cخواهم", "क्\u200dष क्\u200cष", "ߒߞߏ",
    "ሰላም ፩፪", "ᱥᱟᱱᱛᱟᱲᱤ", "日本語テキスト", "한국어", "👩\u200d👩\u200d👧\u200d👦🏽", "l’homme d'aujourd'hui", "ʻōlelo",
    "x" * 500, "\u2028\u2029\u0085", "\ufeffa\u00ad", "e\u0301\u0300\u0302", "\U0001e922\U0001e923", "\ufffd", "a\r\nb",
)  # fmt: skip


def rows_of(**texts: list[str]) -> pl.DataFrame:
    rows = [(language, text, None) for language, held in texts.items() for text in held]
    return pl.DataFrame(rows, COLUMNS, orient="row")


def loaded(content: dict[str, Any]) -> Loaded:
    return from_content(content, Path("tokenizer.json"))


def back(held: Loaded, text: str) -> str:
    return str(held.tokenizer.decode(held.tokenizer.encode(text).ids, skip_special_tokens=False))


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_nothing_is_lost_of_what_it_has_never_seen(kind: str) -> None:
    held = loaded(own(kind))
    for text in HARD:
        assert back(held, text) == unicodedata.normalize("NFC", text)
    assert held.tokenizer.token_to_id("<unk>") not in held.tokenizer.encode(" ".join(HARD)).ids


BPE = own()


@given(st.text())
def test_nothing_is_lost_of_any_text(text: str) -> None:
    assert back(loaded(BPE), text) == unicodedata.normalize("NFC", text)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_nothing_is_lost_in_any_script_of_the_data(kind: str, data_dir: Path) -> None:
    files = sorted((data_dir / "lid").glob("*.tsv.gz"))
    rows = read_texts([str(file) for file in files], Columns(), most=1_000)
    assert rows["language"].n_unique() > 400
    made = make(rows, Plan(kind=kind, vocabulary=4_000, hold_out=0.1))  # type: ignore[arg-type]
    held = loaded(made.content)
    texts = rows["text"].to_list()
    decoded = held.tokenizer.decode_batch([one.ids for one in held.tokenizer.encode_batch_fast(texts)])
    assert decoded == texts
    assert made.table["restored_share"].min() == 1 and made.size <= 4_000


def test_text_that_spells_bytes_and_special_pieces_does_not_teach_them() -> None:
    for kind in ("bpe", "unigram"):
        rows = rows_of(eng_Latn=["<0x0A> <0x0A> <s> </s> x<0x0A>x"] * 50 + list(SENTENCES))
        content = make(rows, Plan(kind=kind, vocabulary=450, hold_out=0)).content  # type: ignore[arg-type]
        held = loaded(content)
        tokens = held.tokenizer.encode("x<0x0A>x").tokens
        assert "<0x0A>" not in tokens and "".join(tokens) == "x<0x0A>x"


def test_marks_joiners_and_digits() -> None:
    held = loaded(own())
    cut = [piece for piece, _ in held.tokenizer.pre_tokenizer.pre_tokenize_str("क्‍षत्रिय می‌خواهم ภาษาไทย don't 205 a--b")]
    assert cut == ["क्‍षत्रिय", " می‌خواهم", " ภาษาไทย", " don't", " ", "2", "0", "5", " a", "--", "b"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_same_bytes_in_every_process_and_order(kind: str) -> None:
    code = (
        "import hashlib, sys\n"
        "from tests.tokenizer.test_training import rows_of, SENTENCES, HARD\n"
        "from weft.tokenizer.making import Plan, make, written\n"
        "rows = rows_of(eng_Latn=list(SENTENCES) * 2, zzz_Zzzz=[t for t in HARD if t.strip()])\n"
        "if sys.argv[2] == 'turned': rows = rows.reverse()\n"
        "made = make(rows, Plan(kind=sys.argv[1], vocabulary=480, hold_out=0))\n"
        "print(hashlib.sha256(written(made.content).encode()).hexdigest())\n"
    )
    root = Path(__file__).parent.parent.parent
    found = set()
    for seed, order in (("1", "same"), ("2", "same"), ("3", "turned")):
        done = subprocess.run(
            [sys.executable, "-c", code, kind, order],
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": f"{root}/src{os.pathsep}{root}"},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout.strip())
    assert len(found) == 1 and len(found.pop()) == 64


def test_ids_special_pieces_and_bytes() -> None:
    content = make(rows_of(eng_Latn=list(SENTENCES)), Plan(special=("<|x|>",), vocabulary=450, hold_out=0)).content
    vocabulary = content["model"]["vocab"]
    assert list(vocabulary)[:258] == ["<unk>", "<|x|>", *BYTES]
    assert sorted(vocabulary.values()) == list(range(len(vocabulary)))
    assert [token["content"] for token in content["added_tokens"]] == ["<unk>", "<|x|>"]
    assert loaded(content).tokenizer.encode("a<|x|>").tokens == ["a", "<|x|>"]


def test_merges_are_those_of_a_direct_computation() -> None:
    words = {"abab": 3.0, "abc": 2.0, "bc": 2.5, "x": 9.0}
    symbols = sorted({c for word in words for c in word})
    found = learn_merges(divided(words, symbols), 3, least=1)
    read = [("".join(symbols[n] for n in left), "".join(symbols[n] for n in right)) for left, right in found]
    # ab: 3 * 2 + 2 = 8; then bc 2.5 (in abc the b is taken), abab 3 and abc 2: abab, bc.
    assert read == [("a", "b"), ("ab", "ab"), ("b", "c")]


def test_half_weights_count() -> None:
    symbols = ["a", "b", "c"]
    first = learn_merges(divided({"ab": 1.25, "bc": 1.5}, symbols), 1, least=1)
    other = learn_merges(divided({"ab": 1.5, "bc": 1.25}, symbols), 1, least=1)
    assert first == [((1,), (2,))] and other == [((0,), (1,))]


def test_expected_counts_are_those_of_all_divisions() -> None:
    pieces = ["a", "b", "ab", "ba", "aba"]
    scores = np.log(np.array([0.3, 0.2, 0.25, 0.15, 0.1]))
    words = points_of(["abab", "b", "ac"])
    found, likelihood = expected(words, np.array([2.0, 1.0, 5.0]), trie_of(points_of(pieces)), scores)
    want, total = np.zeros(5), np.log(0.2)
    want[1] += 1
    ways = [way for way in _divisions("abab", pieces)]
    chance = [float(np.exp(sum(scores[p] for p in way))) for way in ways]
    for way, each in zip(ways, chance, strict=True):
        for piece in way:
            want[piece] += 2 * each / sum(chance)
    total += 2 * np.log(sum(chance))
    np.testing.assert_allclose(found, want)
    np.testing.assert_allclose(likelihood, total)


def _divisions(word: str, pieces: list[str]) -> list[list[int]]:
    if not word:
        return [[]]
    starts = [n for n, piece in enumerate(pieces) if word.startswith(piece)]
    return [[n, *rest] for n in starts for rest in _divisions(word[len(pieces[n]) :], pieces)]


def test_the_best_division_without_the_piece_itself() -> None:
    pieces = ["a", "b", "ab", "abb"]
    held = points_of(pieces)
    flat, offsets = others(held, trie_of(held), np.log(np.array([0.3, 0.2, 0.1, 0.4])))
    divided_into = [[pieces[n] for n in flat[a:b]] for a, b in itertools.pairwise(offsets)]
    assert divided_into == [[], [], ["b", "a"], ["b", "ab"]]


@given(st.lists(st.floats(1, 1e9), min_size=1, max_size=8), st.floats(0, 1))
def test_shares_are_powers_of_sizes(sizes: list[float], temperature: float) -> None:
    found = shares(np.array(sizes), temperature)
    direct = np.array(sizes) ** temperature
    np.testing.assert_allclose(found, direct / direct.sum(), rtol=1e-9)


def test_shares_of_nothing() -> None:
    assert shares(np.array([0.0, 5.0]), 0.0).tolist() == [0.0, 1.0]
    assert shares(np.array([]), 0.5).tolist() == [] and shares(np.array([0.0]), 0.5).tolist() == [0.0]


def test_characters_by_coverage() -> None:
    held = alphabet({"ሀሀሀሀሀሀሀሀሀ": 1.0, "ሁ": 1.0}, 0.9, 50)
    assert "ሀ" in held and "ሁ" not in held and "z" in held
    assert "ሁ" in alphabet({"ሀሀሀሀሀሀሀሀሀ": 1.0, "ሁ": 1.0}, 1.0, 50)
    assert "ሁ" not in alphabet({"ሀሀ": 1.0, "ሁ": 1.0}, 1.0, 1)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"vocabulary": 300}, "--vocabulary 300: 260 special pieces and bytes .* leave no room; expected"),
        ({"special": ("<0x41>",)}, "--special '<0x41>'"),
        ({"special": (" ",)}, "--special ' '"),
        ({"pivot": "swh_Latn"}, "--pivot swh_Latn: .*no text has a key"),
    ],
)
def test_plans_that_cannot_be_followed(plan: dict[str, Any], said: str) -> None:
    with pytest.raises(WeftError, match=said):
        make(rows_of(eng_Latn=list(SENTENCES) * 3), Plan(**plan))


def test_with_little_text_there_are_fewer_pieces() -> None:
    made = make(rows_of(eng_Latn=["ab ab ab"]), Plan(vocabulary=5_000))
    assert made.size < 400 and not made.table.height
    assert made.shares.rows() == [("eng_Latn", 1, 8, 1.0)]


def test_transformers_loads_it(tmp_path: Path) -> None:
    import transformers

    from weft.tokenizer.pieces import settings

    (tmp_path / "tokenizer.json").write_text(written(own()), "utf-8")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings(SPECIAL)), "utf-8")
    held = transformers.PreTrainedTokenizerFast.from_pretrained(tmp_path)
    assert (held.bos_token, held.pad_token, held.unk_token) == ("<s>", "<pad>", "<unk>")
    for text in HARD:
        assert held.decode(held(text)["input_ids"]) == unicodedata.normalize("NFC", text)


def test_the_text_of_a_file_depends_on_its_object_alone() -> None:
    digests = {hashlib.sha256(written(own()).encode()).hexdigest() for _ in range(2)}
    assert len(digests) == 1
