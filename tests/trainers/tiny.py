"""A tokenizer of bytes and a model of two layers, made on the spot: trainers run on them without a download."""

from __future__ import annotations

from typing import Any

CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] | trim }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""ChatML, with white space taken off as many templates do."""


def tokenizer() -> Any:
    """A token for every byte, and the markers of CHAT."""
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<pad>", "<|im_start|>", "<|im_end|>"]
    made = Tokenizer(models.BPE({piece: n for n, piece in enumerate([*special, *alphabet])}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<|im_end|>", additional_special_tokens=["<|im_start|>"]
    )
    fast.chat_template = CHAT
    return fast


def model() -> Any:
    """A Llama of two layers and 32 dimensions, always the same."""
    import torch
    import transformers

    torch.manual_seed(1)
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=300, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=1024, pad_token_id=0, bos_token_id=None, eos_token_id=2,
        )
    )  # fmt: skip
