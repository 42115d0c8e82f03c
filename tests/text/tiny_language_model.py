"""A random language model of two layers with a tokenizer of a chosen kind, made on the spot."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())


def _byte_pairs(merges: list[tuple[str, str]], regex: bool = True) -> Tokenizer:
    words = [*BYTES, *("".join(pair) for pair in merges)]
    tokenizer = Tokenizer(models.BPE({word: place for place, word in enumerate(words)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=regex)
    return tokenizer


def _words(known: list[str]) -> Tokenizer:
    vocabulary = {word: place for place, word in enumerate(["[UNK]", *known])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()]
    )
    return tokenizer


def _with_start() -> Tokenizer:
    tokenizer = _byte_pairs([("Ġ", "0"), ("Ġ", "1")])
    tokenizer.add_special_tokens(["<s>"])
    start = tokenizer.token_to_id("<s>")
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", start)])
    return tokenizer


TOKENIZERS = {
    "one token": lambda: _byte_pairs([("Ġ", "0"), ("Ġ", "1")]),
    "two tokens": lambda: _byte_pairs([]),
    "one and two tokens": lambda: _byte_pairs([("Ġ", "0")]),
    "with the newline": lambda: _byte_pairs([("0", "Ċ"), ("1", "Ċ")], regex=False),
    "several inputs in one": lambda: _byte_pairs([("Ġ", "1"), ("Ġ1", "Ġ1")], regex=False),
    "no space": lambda: _words(["Input", "Label", ":", "0", "1"]),
    "a start token": _with_start,
    "one digit alone": lambda: _words(["Input", "Label", ":", "1"]),
    "no digits": lambda: _words(["Input", "Label", ":"]),
}


def save_language_model(folder: Path, kind: str = "one token", most_tokens: int = 2_048) -> Path:
    """Write config, weights and tokenizer into a folder, and return it."""
    made = TOKENIZERS[kind]()
    unknown = {"unk_token": "[UNK]"} if made.token_to_id("[UNK]") is not None else {}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, **unknown)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=most_tokens,
        initializer_range=0.5,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
