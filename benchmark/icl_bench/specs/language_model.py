"""Which files of a language model's repository are read: its config, its tokenizer, its weights.

Nothing else is fetched: no pickled weights, and no code.
"""

import re

PACKAGED = "text"  # the folder in `submissions` of those whose weights are in a package, and their prefix
CONFIG = "config.json"
INDEX = "model.safetensors.index.json"  # which of several files holds a tensor
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
_BESIDE_TOKENIZERS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt")
_WEIGHTS = re.compile(r"model(-[0-9]{5}-of-[0-9]{5})?\.safetensors")


def is_weights(name: str) -> bool:
    """Whether a file of that name, at the root, holds weights."""
    return _WEIGHTS.fullmatch(name) is not None


def is_tokenizer(name: str) -> bool:
    """Whether a file of that name is what a tokenizer is made of."""
    return name in _TOKENIZERS


def is_read(name: str) -> bool:
    """Whether a file of that name is read at all."""
    return name in (CONFIG, INDEX, *_BESIDE_TOKENIZERS) or is_tokenizer(name) or is_weights(name)
