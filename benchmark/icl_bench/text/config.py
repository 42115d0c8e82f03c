"""`config.json` of a language model, looked at before `transformers` reads it."""

import importlib.util
from pathlib import Path
from typing import Any

from icl_bench.errors import CheckpointError, InputError
from icl_bench.specs.checkpoint import parse_json

MAX_BYTES = 50_000_000  # of a JSON file: an index of shards is the largest


def check_installed(gguf: bool = False) -> None:
    """InputError where what reads language models, or GGUF files of them, is not installed."""
    needed = ["transformers", *(["gguf", "accelerate"] if gguf else [])]
    absent = [package for package in needed if importlib.util.find_spec(package) is None]
    if absent:
        raise InputError(
            f"language models need {' and '.join(absent)}; install them by `pip install 'icl-bench[text]'`",
            code="not-installed",
        )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file of a repository; CheckpointError where it is none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"cannot read {path}: {error.strerror}; fetch it again", code="unreadable-config"
        ) from None
    value = parse_json(content, str(path), MAX_BYTES)
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is no mapping; fetch it again", code="unreadable-config")
    return value


def is_language_model(config: Path) -> bool:
    """Whether a config is one of `transformers`, and not of a checkpoint of icl-bench."""
    return "model_type" in read_json(config)


def check_config(name: str, config: Path) -> None:
    """CheckpointError where it is not of a causal language model that `transformers` itself knows."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as KNOWN

    value = read_json(config)
    architecture = value.get("model_type")
    if _names_kernel(value):
        raise CheckpointError(
            f"{name} names attention that is code of a repository, which is never run; take "
            "attn_implementation out of its config",
            code="remote-code",
        )
    if isinstance(architecture, str) and architecture in KNOWN:
        return
    if "auto_map" in value:
        raise CheckpointError(
            f"{name} is of code of its own, which is never run; choose a model of an architecture that "
            "transformers knows",
            code="remote-code",
        )
    raise CheckpointError(
        f"{name} is of the architecture {architecture!r:.80}, which is no causal language model; choose one "
        "that continues a text",
        code="no-language-model",
    )


def _names_kernel(value: Any) -> bool:
    """Whether an `attn_implementation`, however deep, is a repository of the Hub: `transformers` runs it."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            attention = [item[key] for key in item if "attn_implementation" in str(key)]
            if any("/" in str(each) for each in attention):
                return True
            left += item.values()
        elif isinstance(item, list):
            left += item
    return False
