"""A real server and a real model: a tiny one, trained on the spot on parallel text, behind `transformers serve`."""

from __future__ import annotations

import contextlib
import csv
import gzip
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

SOURCE, TARGET = "ind_Latn", "jav_Latn"
CHAT = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
SPECIAL = ["<pad>", "</s>", "<system>", "<user>", "<assistant>"]
_FORMS = ("<user>{}</s><assistant>{}</s>", "{}\n\n{}</s>")
"""What it is trained on in turn: a chat, and a text with the one that follows it."""
_ENDS_WITH_PARENT = (
    "import os, sys, threading\n"
    "threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()\n"
    "from transformers.cli.transformers import app\n"
    "app()"
)
"""The command `transformers`, which ends when whoever started it closes its input, by dying as well."""
_ADDRESS = re.compile(r"running on (http://\S+:[1-9]\d*)")


def pairs(data: Path) -> list[tuple[str, str]]:
    """Sentences of SOURCE and TARGET: translations of nusax_train; without the data, those of the bundled sample.

    The sample's are of like texts and translate nothing: good enough for a model that is there to be spoken to.
    """
    file = data / "parallel" / "nusax_train.tsv.gz"
    if not file.is_file():
        return list(zip(_sample(SOURCE), _sample(TARGET), strict=False))
    by_id: dict[str, dict[str, str]] = {}
    with gzip.open(file, "rt", encoding="utf-8") as source:
        for row in csv.DictReader(source, delimiter="\t", quoting=csv.QUOTE_NONE):
            by_id.setdefault(row["row"], {})[row["lang"]] = row["text"]
    return [(held[SOURCE], held[TARGET]) for held in by_id.values() if {SOURCE, TARGET} <= set(held)]


def _sample(language: str) -> list[str]:
    from ruamel.yaml import YAML

    found: list[str] = []
    for file in sorted((ROOT / "tools" / "sample").glob("*.yaml")):
        held = YAML(typ="safe").load(file).get(language, {})
        for topic in held.get("topics", ()):
            found += [line for line in topic["text"].splitlines() if line.strip()]
    return found


def train(texts: list[tuple[str, str]], folder: Path, steps: int) -> float:
    """Write a Llama of two layers with its tokenizer, that learns to say the second text of a pair to the first.

    Returns the last loss. Of the same texts and steps it is the same model.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    held = Tokenizer(models.BPE())
    held.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    held.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=1000, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    held.train_from_iterator((text for pair in texts for text in pair), trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=held, pad_token="<pad>", eos_token="</s>", chat_template=CHAT)
    torch.manual_seed(1)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # such small products are slower with more
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
            num_attention_heads=4, max_position_embeddings=1024, pad_token_id=0, eos_token_id=1, bos_token_id=None,
        )
    )  # fmt: skip
    learning, loss = torch.optim.AdamW(model.parameters(), 5e-3), torch.tensor(0.0)
    for step in range(steps):
        rows = [texts[(step * 8 + place) % len(texts)] for place in range(8)]
        form = _FORMS[step % 2]
        asked = [form.format(one, other) for one, other in rows]
        made = tokenizer(asked, padding=True, truncation=True, max_length=128, return_tensors="pt")
        labels = made["input_ids"].masked_fill(made["input_ids"] == 0, -100)
        loss = model(input_ids=made["input_ids"], attention_mask=made["attention_mask"], labels=labels).loss
        learning.zero_grad()
        loss.backward()
        learning.step()
    torch.set_num_threads(threads)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return float(loss.detach())


@dataclass(frozen=True)
class Served:
    """`transformers serve` that answers; `url` is its base address, `seconds` how long its start took."""

    url: str
    seconds: float
    log: Path

    def asked(self, path: str) -> int:
        """How many requests of a path it has answered, with whatever status."""
        return self.log.read_text("utf-8", "replace").count(f'"POST {path} ')


@contextlib.contextmanager
def served(folder: Path, *, longest: float = 300) -> Iterator[Served]:
    """The model of a folder behind `transformers serve`, on loopback, offline, in a process that ends with the block.

    Raises RuntimeError with the end of its log where it does not answer within `longest` seconds.
    """
    log, began = folder / "serve.log", time.perf_counter()
    command = [sys.executable, "-c", _ENDS_WITH_PARENT, "serve", str(folder), "--device", "cpu"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    with open(log, "wb") as written:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", "0"], env=environment, stdin=subprocess.PIPE,
            stdout=written, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        while not (address := _answering(log)):
            if process.poll() is not None or time.perf_counter() - began > longest:
                raise RuntimeError(f"transformers serve does not answer: {log.read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(0.1)
        yield Served(f"{address}/v1", time.perf_counter() - began, log)
    finally:
        process.kill()  # it has nothing to put in order
        process.communicate()


def _answering(log: Path) -> str | None:
    """The address that its log names, once it answers there."""
    if (found := _ADDRESS.search(log.read_text("utf-8", "replace"))) is None:
        return None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f"{found[1]}/health", timeout=5).read()
    except OSError:
        return None
    return found[1]
