"""Which files of a language model's repository are read: its config, its tokenizer, its weights.

Nothing else is fetched: no pickled weights, and no code.
"""

import re
from collections.abc import Collection

PACKAGED = "text"  # the folder in `submissions` of those whose weights are in a package, and their prefix
MAX_FILES = 128  # that a submission lists
CONFIG = "config.json"
INDEX = "model.safetensors.index.json"  # which of several files holds a tensor
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
_BESIDE_TOKENIZERS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt")
WHOLE = "model.safetensors"  # weights in one file
_SHARD = re.compile(r"model-[0-9]{5}-of-([0-9]{5})\.safetensors")


def is_weights(name: str) -> bool:
    """Whether a file of that name, at the root, holds weights."""
    return name == WHOLE or _SHARD.fullmatch(name) is not None


def is_tokenizer(name: str) -> bool:
    """Whether a file of that name is what a tokenizer is made of."""
    return name in _TOKENIZERS


def is_read(name: str) -> bool:
    """Whether a file of that name is read at all."""
    return name in (CONFIG, INDEX, *_BESIDE_TOKENIZERS) or is_tokenizer(name) or is_weights(name)


def listing_fault(names: Collection[str]) -> str | None:
    """What files that are listed of a language model lack, and what to do; None where they are whole."""
    weights = [name for name in names if is_weights(name)]
    if CONFIG not in names:
        return f"has no {CONFIG}; list it, with a tokenizer and weights"
    if not any(map(is_tokenizer, names)):
        return "has no tokenizer; list its tokenizer.json, or what it is made of"
    if not weights:
        return "has no weights; list model.safetensors, or all of its shards and their index"
    counts = {shard[1] for name in weights if (shard := _SHARD.fullmatch(name))}
    if len(counts) > 1 or (counts and WHOLE in weights):
        return "has weights of several copies; list one of them"
    shards = _shards(int(counts.pop())) if counts else []
    lacking = [name for name in (*shards, *([INDEX] if shards else [])) if name not in names]
    return f"has no {lacking[0]}; list every shard, and {INDEX}" if lacking else None


def _shards(count: int) -> list[str]:
    """The names of that many shards; of very many, the first that could be listed."""
    return [f"model-{place:05}-of-{count:05}.safetensors" for place in range(1, min(count, MAX_FILES) + 1)]
