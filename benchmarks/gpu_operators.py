"""Operators with models on whatever device there is, beside sentence-transformers and plain transformers.

python benchmarks/gpu_operators.py [--device auto] [--shape small|base] [--precision float32 bfloat16] [--documents 400]
    [--operators embedding sentences classified perplexity rubric] [--texts FILE.jsonl]
    [--encoder FOLDER] [--classifier FOLDER] [--causal FOLDER]

Documents are real ones of `$WEFT_DATA` in 186 languages (or the field `text` of a JSONL file), in an order drawn by a
seed, and only those that fit into one window, so that weft and its peers compute the same. Models have the shape of
all-MiniLM-L6-v2 (small) or of XLM-RoBERTa base, and of a language model of 6 or 24 layers, with random weights and a
vocabulary of 30,000, unless a folder is named. Rates are by CPU-seconds of one thread on a CPU, by the clock on a GPU;
loading and a first round are left out. `padding` is the share of computed tokens that is none. Peers have batches of 32
texts (8 for perplexity), sorted by length as sentence-transformers does it by itself; `agree` is the largest distance
between two answers.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(Path(__file__).parent))

import corpora  # noqa: E402  # the number of threads is read when torch is imported
import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

from weft.label.classified import classified  # noqa: E402
from weft.label.embedding import embedding  # noqa: E402
from weft.label.perplexity import perplexity  # noqa: E402
from weft.label.rubric_score import rubric_score  # noqa: E402
from weft.label.sentence_embeddings import sentence_embeddings  # noqa: E402
from weft.label.windows import BATCH_TOKENS, padded_share  # noqa: E402
from weft.text.sentences import sentences  # noqa: E402

SHAPES = {"small": (6, 384, 12, 1536), "base": (12, 768, 12, 3072)}
CAUSAL = {"small": (6, 384, 6, 1024), "base": (24, 1024, 16, 4096)}
WINDOW, LABELS, PROMPT = 512, 4, "{text}\nScore from 0 to 5: "
ANSWERS = {str(n): float(n) for n in range(6)}
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


def documents(file: str | None) -> list[str]:
    if file:
        texts = [json.loads(line)["text"] for line in Path(file).read_text("utf-8").splitlines()]
    else:
        with gzip.open(corpora.data_folder() / "docs/hplt_web_docs.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line in lines]
    random.Random(1).shuffle(texts)
    return texts


def tokenizer(texts: list[str], size: int) -> Any:
    """A bytewise BPE that was trained on the texts, with the special tokens of encoders and of language models."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    names, alphabet = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"], pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=size, special_tokens=names, initial_alphabet=alphabet)
    )
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    ends = {"bos_token": "[CLS]", "eos_token": "[SEP]"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=WINDOW, **names, **ends)


def made(kind: str, shape: str, folder: Path, words: Any) -> Path:
    """A model with random weights in a folder."""
    torch.manual_seed(1)
    layers, width, heads, inner = (CAUSAL if kind == "causal" else SHAPES)[shape]
    size = {
        "vocab_size": words.backend_tokenizer.get_vocab_size(), "hidden_size": width, "num_hidden_layers": layers,
        "num_attention_heads": heads, "intermediate_size": inner, "max_position_embeddings": WINDOW, "pad_token_id": 0,
    }  # fmt: skip
    if kind == "encoder":
        model: Any = transformers.BertModel(transformers.BertConfig(**size), add_pooling_layer=False)
    elif kind == "classifier":
        names = {n: f"LABEL_{n}" for n in range(LABELS)}
        model = transformers.BertForSequenceClassification(transformers.BertConfig(**size, id2label=names))
    else:
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**size, bos_token_id=2, eos_token_id=3))
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def timed(device: str, work: Callable[[], Any], tokens: int, count: int) -> tuple[Any, dict[str, Any]]:
    """What the work gives, and its rates and memory."""
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    clock = time.perf_counter if device == "cuda" else time.process_time
    began = clock()
    found = work()
    if device == "cuda":
        torch.cuda.synchronize()
    took = clock() - began
    on_gpu = torch.cuda.max_memory_allocated() / 1e6 if device == "cuda" else None
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    memory = {"gpu_MB": round(on_gpu)} if on_gpu is not None else {"process_MB_so_far": round(resident)}
    return found, {"items_per_s": round(count / took, 2), "tokens_per_s": round(tokens / took), **memory}


def padding(sizes: list[int], device: str) -> float:
    share = padded_share(np.array(sizes), WINDOW, BATCH_TOKENS[device], filled=device == "cpu")
    return round(share, 4)


def by_length(texts: list[str], size: int = 32) -> Iterator[list[int]]:
    order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))
    for start in range(0, len(order), size):
        yield order[start : start + size]


def plain(folder: Path, kind: str, device: str, precision: str) -> tuple[Any, Any]:
    words = transformers.AutoTokenizer.from_pretrained(folder)
    model = getattr(transformers, kind).from_pretrained(folder, dtype=getattr(torch, precision)).to(device).eval()
    return words, model


def vectors_by_peer(folder: Path, device: str, precision: str) -> tuple[str, Callable[[list[str]], Any]]:
    """sentence-transformers where it is installed, else the mean of the states by transformers."""
    if importlib.util.find_spec("sentence_transformers"):
        import sentence_transformers as peer

        model = peer.SentenceTransformer(
            str(folder), device=device, model_kwargs={"dtype": getattr(torch, precision)}, local_files_only=True
        )
        model.max_seq_length = WINDOW
        name = f"sentence-transformers {peer.__version__}"
        return name, lambda texts: model.encode(texts, batch_size=32, normalize_embeddings=True)
    words, model = plain(folder, "AutoModel", device, precision)

    def encode(texts: list[str]) -> Any:
        found: dict[int, Any] = {}
        for rows in by_length(texts):
            given = words([texts[n] for n in rows], padding=True, truncation=True, return_tensors="pt").to(device)
            with torch.inference_mode():
                states, mask = model(**given).last_hidden_state.float(), given["attention_mask"][..., None]
                mean = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1).cpu().numpy()
            found |= dict(zip(rows, mean, strict=True))
        return np.array([found[n] for n in range(len(texts))])

    return f"transformers {transformers.__version__}", encode


def scores_by_peer(folder: Path, device: str, precision: str) -> tuple[str, Callable[[list[str]], Any]]:
    kind = getattr(torch, precision)
    asked = transformers.pipeline("text-classification", model=str(folder), device=device, dtype=kind, top_k=None)

    def score(texts: list[str]) -> Any:
        order = [n for rows in by_length(texts) for n in rows]
        told = asked([texts[n] for n in order], batch_size=32, truncation=True)
        held = {
            n: [one["score"] for one in sorted(row, key=lambda o: o["label"])]
            for n, row in zip(order, told, strict=True)
        }
        return np.array([held[n] for n in range(len(texts))])

    return f"pipeline of transformers {transformers.__version__}", score


def nats_by_peer(folder: Path, device: str, precision: str) -> tuple[str, Callable[[list[str]], Any]]:
    words, model = plain(folder, "AutoModelForCausalLM", device, precision)

    def measure(texts: list[str]) -> Any:
        found = np.zeros(len(texts))
        for rows in by_length(texts, 8):
            given = words([texts[n] for n in rows], add_special_tokens=False)["input_ids"]
            ids = torch.nn.utils.rnn.pad_sequence([torch.tensor([2, *one]) for one in given], batch_first=True).to(
                device
            )
            mask = torch.nn.utils.rnn.pad_sequence([torch.ones(len(one) + 1) for one in given], batch_first=True).to(
                device
            )
            with torch.inference_mode():
                told = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float().log_softmax(-1)
                held = (told.gather(-1, ids[:, 1:, None])[..., 0] * mask[:, 1:]).sum(1)
            found[rows] = (-held / mask[:, 1:].sum(1)).cpu().numpy()
        return found

    return f"transformers {transformers.__version__}", measure


def column(texts: list[str]) -> pa.Table:
    return pa.table({"text": pa.array(texts, pa.large_string())})


def numbers(operator: str, made: pa.Table) -> Any:
    """What weft answered, as its peers give it."""
    if operator == "embedding":
        return np.array(made["embedding"].to_pylist())
    if operator == "sentences":
        return np.array([one["vector"] for row in made["sentence_embeddings"].to_pylist() for one in row])
    if operator == "classified":
        return np.array([[one["score"] for one in row["scores"]] for row in made["classified"].to_pylist()])
    return np.array([row["nats_per_token"] for row in made["perplexity"].to_pylist()])


def case(operator: str, texts: list[str], folder: Path, device: str, precision: str, sizes: Any) -> dict[str, Any]:
    """Rates of weft and of its peer for one operator."""
    more: dict[str, Any] = {"model": str(folder), "device": device, "precision": precision, "max_tokens": WINDOW}
    table, words = column(texts), sizes(texts)
    peer: Any = None
    if operator == "embedding":
        label, peer = embedding(**more), vectors_by_peer
    elif operator == "sentences":
        table = table.append_column("sentences", sentences(table["text"]))
        label, peer = sentence_embeddings(**more), vectors_by_peer
        found = zip(texts, table["sentences"].to_pylist(), strict=True)
        texts = [text[a:b] for text, row in found for a, b in zip(row[::2], row[1::2], strict=True)]
        words = sizes(texts)
    elif operator == "classified":
        label, peer = classified(**more, all_scores=True), scores_by_peer
    elif operator == "perplexity":
        label, peer = perplexity(**more), nats_by_peer
    else:
        label = rubric_score(**more, prompt=PROMPT, answers=ANSWERS)
    label(table.slice(0, 8))
    ours, rates = timed(device, lambda: label(table), sum(words), len(texts))
    row = {"operator": operator, "precision": precision, "device": device, "items": len(texts), "tokens": sum(words)}
    row |= {"padding": padding(words, device), "weft": rates}
    if peer is not None:
        name, work = peer(folder, device, precision)
        work(texts[:8])
        theirs, rates = timed(device, lambda: work(texts), sum(words), len(texts))
        row |= {name: rates, "agree": float(f"{np.abs(numbers(operator, ours) - theirs).max():.2g}")}
    return row


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    arguments.add_argument("--shape", default="small", choices=list(SHAPES))
    arguments.add_argument("--precision", nargs="*", default=["float32", "bfloat16"])
    arguments.add_argument("--documents", type=int, default=400)
    every = ["embedding", "sentences", "classified", "perplexity", "rubric"]
    arguments.add_argument("--operators", nargs="*", default=every, choices=every)
    arguments.add_argument("--texts", help="a JSONL file with the field text")
    for kind in ("encoder", "classifier", "causal"):
        arguments.add_argument(f"--{kind}", help="a folder, in place of random weights")
    given = arguments.parse_args()
    device = given.device if given.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)
    texts = documents(given.texts)
    name = torch.cuda.get_device_name() if device == "cuda" else "one thread"
    print(json.dumps({"device": device, "name": name, "torch": torch.__version__}), flush=True)
    with tempfile.TemporaryDirectory(prefix="weft-bench-") as place:
        words = tokenizer(texts, 30_000)
        folders = {kind: getattr(given, kind) for kind in ("encoder", "classifier", "causal")}
        for kind, folder in folders.items():
            folders[kind] = Path(folder) if folder else made(kind, given.shape, Path(place, kind), words)
        of = {"embedding": "encoder", "sentences": "encoder", "classified": "classifier"}
        for operator in given.operators:
            folder = folders[of.get(operator, "causal")]
            plainly = transformers.AutoTokenizer.from_pretrained(folder)
            sizes = lambda texts, words=plainly: [len(one) for one in words(texts)["input_ids"]]  # noqa: E731
            room = WINDOW - 32
            chosen = [t for t, n in zip(texts, sizes(texts), strict=True) if 1 < n <= room][: given.documents]
            for precision in given.precision:
                print(json.dumps(case(operator, chosen, folder, device, precision, sizes)), flush=True)


if __name__ == "__main__":
    main()
