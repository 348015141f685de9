"""Translation models that are small enough to be made in a test, each as its library writes it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

WORDS = {"mtoto": "child", "kitabu": "book", "leo": "today", "maji": "water", "moto": "fire", "samaki": "fish"}
TEXTS = ["mtoto leo", "maji", "samaki moto kitabu", "kitabu", "leo leo maji moto samaki"]
_CORPUS = [*WORDS, *WORDS.values(), *TEXTS, *(WORDS[w] + " " + w for w in WORDS)]
_SIZE = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2}
_SIZE |= {"decoder_attention_heads": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": 64}


def _pieces(folder: Path, name: str) -> Any:
    """A sentencepiece model of the corpus, written to a file of this name."""
    import sentencepiece

    held = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_CORPUS * 4), model_writer=held, vocab_size=60, hard_vocab_limit=False,
        minloglevel=2, num_threads=1,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(held.getvalue())
    return sentencepiece.SentencePieceProcessor(model_proto=held.getvalue())


def _pieces_of(folder: Path) -> list[str]:
    held = _pieces(folder, "made.model")
    (folder / "made.model").unlink()
    return [held.id_to_piece(number) for number in range(3, held.get_piece_size())]


def _written(folder: Path, tokenizer: Any, model: Any) -> Path:
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _m2m_model(tokenizer: Any, spread: float = 0.3, **more: Any) -> Any:
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    torch.manual_seed(1)
    ends = {"bos_token_id": 0, "pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
    languages = getattr(tokenizer, "lang_token_to_id", ())  # beside the vocabulary, with eight places that nobody uses
    count = len(tokenizer) + (len(languages) + 8 if languages else 0)
    size = _SIZE | {"vocab_size": count, "decoder_start_token_id": tokenizer.eos_token_id}
    return M2M100ForConditionalGeneration(M2M100Config(**size, **ends, dropout=0.0, init_std=spread, **more))


def nllb(folder: Path) -> Path:
    """From Swahili into English it knows WORDS, into French it says the words again: it was trained to."""
    import torch
    from transformers import NllbTokenizer

    words = [f"▁{word}" for pair in WORDS.items() for word in pair]
    letters = sorted({letter for word in words for letter in word})
    merges, pieces = [], list(letters)
    for word in words:  # each word becomes one piece, letter by letter
        for end in range(2, len(word) + 1):
            if word[:end] not in pieces:
                merges.append((word[: end - 1], word[end - 1]))
                pieces.append(word[:end])
    vocabulary = {piece: place for place, piece in enumerate(["<s>", "<pad>", "</s>", "<unk>", *pieces])}
    tokenizer = NllbTokenizer(vocab=vocabulary, merges=merges)
    model = _m2m_model(tokenizer, 0.15, scale_embedding=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # such small products are slower with more
    draw = torch.Generator().manual_seed(2)
    names, learning = list(WORDS), torch.optim.Adam(model.parameters(), 5e-3)
    tags = {name: tokenizer.convert_tokens_to_ids(name) for name in ("swh_Latn", "eng_Latn", "fra_Latn")}
    number = {word: tokenizer.convert_tokens_to_ids(f"▁{word}") for pair in WORDS.items() for word in pair}
    for step in range(180):
        length = 1 + step % 3
        chosen = torch.randint(len(names), (24, length), generator=draw).tolist()
        sources, targets = [], []
        for place, row in enumerate(chosen):
            english = place % 2 == 0
            given = [names[one] for one in row]
            sources.append([tags["swh_Latn"], *(number[word] for word in given), 2])
            said = [number[WORDS[word]] if english else number[word] for word in given]
            targets.append([tags["eng_Latn" if english else "fra_Latn"], *said, 2])
        loss = model(input_ids=torch.tensor(sources), labels=torch.tensor(targets)).loss
        learning.zero_grad()
        loss.backward()
        learning.step()
    torch.set_num_threads(threads)
    return _written(folder, tokenizer, model)


def m2m100(folder: Path) -> Path:
    """Random weights behind the codes of M2M100."""
    import json

    from transformers import M2M100Tokenizer

    pieces = _pieces(folder, "pieces.model")
    held = [pieces.id_to_piece(number) for number in range(3, pieces.get_piece_size())]
    vocabulary = {piece: place for place, piece in enumerate(["<s>", "<pad>", "</s>", "<unk>", *held])}
    (folder / "pieces.json").write_text(json.dumps(vocabulary), "utf-8")
    tokenizer = M2M100Tokenizer(str(folder / "pieces.json"), str(folder / "pieces.model"))
    made = _written(folder, tokenizer, _m2m_model(tokenizer))
    (folder / "pieces.json").unlink()
    (folder / "pieces.model").unlink()
    return made


def mbart50(folder: Path) -> Path:
    """Random weights behind the codes of mBART-50."""
    import torch
    from transformers import MBart50Tokenizer, MBartConfig, MBartForConditionalGeneration

    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces = _pieces_of(folder)
    tokenizer = MBart50Tokenizer(vocab=[*vocabulary, *((piece, -float(at)) for at, piece in enumerate(pieces))])
    torch.manual_seed(3)
    ends = {"pad_token_id": 1, "eos_token_id": 2, "bos_token_id": 0, "decoder_start_token_id": 2}
    config = MBartConfig(**_SIZE, vocab_size=len(tokenizer), forced_eos_token_id=2, init_std=0.3, **ends)
    return _written(folder, tokenizer, MBartForConditionalGeneration(config))


def marian(folder: Path, tags: tuple[str, ...] = (">>swh<<", ">>fra<<"), **told: str) -> Path:
    """Random weights of Marian; without tags for one pair of languages."""
    import json

    import torch
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    pieces = _pieces(folder, "source.spm")
    (folder / "target.spm").write_bytes((folder / "source.spm").read_bytes())
    held = [pieces.id_to_piece(number) for number in range(3, pieces.get_piece_size())]
    vocabulary = {piece: place for place, piece in enumerate(["</s>", "<unk>", *tags, *held, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    files = [str(folder / name) for name in ("source.spm", "target.spm", "vocab.json")]
    tokenizer = MarianTokenizer(*files, **told)
    torch.manual_seed(4)
    padding = vocabulary["<pad>"]
    ends = {"pad_token_id": padding, "eos_token_id": 0, "decoder_start_token_id": padding, "bos_token_id": 0}
    config = MarianConfig(**_SIZE, vocab_size=len(vocabulary), forced_eos_token_id=0, init_std=0.3, **ends)
    return _written(folder, tokenizer, MarianMTModel(config))


def t5(folder: Path) -> Path:
    """Random weights of T5 behind tags as MADLAD has them."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

    own = ["<pad>", "</s>", "<unk>", "<2sw>", "<2fr>"]
    pieces = [(piece, 0.0) for piece in own] + [(one, -float(at)) for at, one in enumerate(_pieces_of(folder))]
    tokenizer = T5Tokenizer(vocab=pieces, extra_ids=0, additional_special_tokens=["<2sw>", "<2fr>"])
    torch.manual_seed(5)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=16, d_ff=64, num_layers=1, num_heads=2, pad_token_id=0,
        eos_token_id=1, decoder_start_token_id=0, initializer_factor=3.0,
    )  # fmt: skip
    return _written(folder, tokenizer, T5ForConditionalGeneration(config))
