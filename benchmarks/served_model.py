"""A real server and a real model: a tiny one, trained here on parallel text, behind `transformers serve`.

python benchmarks/served_model.py [--calls 200] [--steps 300] [--into FOLDER]

Needs $WEFT_DATA and `pip install transformers[serving]`. The model is a Llama of some 400,000 weights that learns for a
minute to translate Indonesian into Javanese (nusax_train); it is there to be spoken to, not for what it says. Asked are
chats with weft's client; then the same again, which the server must not hear of. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from weft.engine.service_client import Client
from weft.engine.service_replies import Replies
from weft.recipe.services import Service

CHAT = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
SPECIAL = ["<pad>", "</s>", "<system>", "<user>", "<assistant>"]


def pairs(data: Path) -> list[tuple[str, str]]:
    """Indonesian and Javanese sentences."""
    by_id: dict[str, dict[str, str]] = {}
    with gzip.open(data / "parallel" / "nusax_train.tsv.gz", "rt", encoding="utf-8") as source:
        for row in csv.DictReader(source, delimiter="\t", quoting=csv.QUOTE_NONE):
            by_id.setdefault(row["row"], {})[row["lang"]] = row["text"]
    return [(held["ind_Latn"], held["jav_Latn"]) for held in by_id.values() if {"ind_Latn", "jav_Latn"} <= set(held)]


def train(texts: list[tuple[str, str]], folder: Path, steps: int) -> float:
    """Write a model with its tokenizer; returns the last loss."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    held = Tokenizer(models.BPE())
    held.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    held.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=2000, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    held.train_from_iterator((text for pair in texts for text in pair), trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=held, pad_token="<pad>", eos_token="</s>", chat_template=CHAT)
    torch.manual_seed(1)
    torch.set_num_threads(1)
    size = {"hidden_size": 96, "intermediate_size": 192, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=512,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
        **size,
    )
    model = LlamaForCausalLM(config)
    learning, loss = torch.optim.AdamW(model.parameters(), 3e-3), torch.tensor(0.0)
    for step in range(steps):
        rows = [texts[(step * 16 + place) % len(texts)] for place in range(16)]
        asked = [f"<user>{one}</s><assistant>{other}</s>" for one, other in rows]
        made = tokenizer(asked, padding=True, truncation=True, max_length=160, return_tensors="pt")
        labels = made["input_ids"].masked_fill(made["input_ids"] == 0, -100)
        loss = model(input_ids=made["input_ids"], attention_mask=made["attention_mask"], labels=labels).loss
        learning.zero_grad()
        loss.backward()
        learning.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return float(loss.detach())


def served(folder: Path) -> tuple[subprocess.Popen[bytes], str, float]:
    """`transformers serve` with the model; its address, and the seconds until it answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    command = [str(program if program.exists() else shutil.which("transformers")), "serve", str(folder)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    began = time.perf_counter()
    with open(folder / "serve.log", "wb") as log:
        process = subprocess.Popen([*command, "--port", str(port), "--device", "cpu"], env=environment, stderr=log)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            opener.open(f"http://127.0.0.1:{port}/health", timeout=5).read()
            return process, f"http://127.0.0.1:{port}/v1", time.perf_counter() - began
        except OSError:
            if process.poll() is not None or time.perf_counter() - began > 300:
                raise SystemExit((folder / "serve.log").read_text("utf-8")[-2000:]) from None
            time.sleep(0.2)


async def asked(service: Service, replies: Path, texts: list[str]) -> list[Any]:
    held = Replies(replies)
    client = Client("tiny", service, held)
    bodies = [{"messages": [{"role": "user", "content": text}], "temperature": 0, "max_tokens": 24} for text in texts]
    found = await asyncio.gather(*(client.one(body, str(n)) for n, body in enumerate(bodies)), return_exceptions=True)
    await client.close()
    held.close()
    return list(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--together", type=int, default=4)
    parser.add_argument("--into", type=Path)
    given = parser.parse_args()
    data = Path(os.environ.get("WEFT_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    with tempfile.TemporaryDirectory() as name:
        folder = given.into or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        texts, began = pairs(data), time.perf_counter()
        loss = train(texts, folder, given.steps)
        trained = time.perf_counter() - began
        process, url, started = served(folder)
        try:
            service = Service(
                url=url, protocol="openai-chat", model=str(folder), concurrency=given.together, timeout_seconds=60
            )
            questions = [source for source, _ in texts[: given.calls]]
            began = time.perf_counter()
            found = asyncio.run(asked(service, folder / "replies", questions))
            seconds = time.perf_counter() - began
        finally:
            process.terminate()
            process.wait()
        again = asyncio.run(asked(service, folder / "replies", questions))
    good = [one for one in found if isinstance(one, dict)]
    for one in [one for one in found if not isinstance(one, dict)][:3]:
        print(f"not answered: {one}")
    told = {
        "loss": round(loss, 2),
        "train_seconds": round(trained, 1),
        "start_seconds": round(started, 1),
        "calls": len(questions),
        "answered": len(good),
        "with_tokens": sum("tokens" in one for one in good),
        "finish": sorted({str(one["finish"]) for one in good}),
        "server": sorted({str(one.get("server")).replace(str(folder), "DIR") for one in good}),
        "calls_a_second": round(len(good) / seconds, 1),
        "same_without_server": again == found,
    }
    print(json.dumps(told | {"says": good[0]["text"] if good else None}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
