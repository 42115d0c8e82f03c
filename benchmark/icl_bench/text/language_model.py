"""Causal language models from a folder or a GGUF file, by `transformers`; no code of theirs is run."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from typing import Any

from icl_bench.errors import CheckpointError, InputError, says_no_memory
from icl_bench.specs.language_model import CONFIG
from icl_bench.text.config import check_config, check_installed
from icl_bench.text.label_tokens import Encode
from icl_bench.text.memory import check_memory
from icl_bench.text.model_files import ModelFiles

_NO_LIMIT = 2**31  # tokens of a model whose config names no longest context


@dataclass(frozen=True)
class LanguageModel:
    """A model and its tokenizer in memory."""

    name: str  # as the user wrote it
    module: Any  # `transformers`' causal language model, in float32
    encode: Encode  # texts to tokens
    unknown: int | None  # the token for what the tokenizer does not know, if it has one
    max_tokens: int  # of a prompt
    architecture: str  # what `transformers` calls it, as `llama`
    parameters: int
    device: str


def load_language_model(files: ModelFiles, device: str = "cpu") -> LanguageModel:
    """The model of a folder or file, its weights read in float32.

    InputError where `transformers`, or what it needs for GGUF, is not installed. CheckpointError where the
    files are not those of a causal language model that `transformers` itself knows, are damaged, or where the
    model is too large for the free memory.
    """
    check_installed(gguf=files.gguf is not None)
    if files.gguf is None:
        check_config(files.name, files.folder / CONFIG)
    with _quiet(), one_line_errors(files.name, "be loaded"):
        from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        if files.gguf is not None:
            options["gguf_file"] = files.gguf
        config = AutoConfig.from_pretrained(files.folder, **options)
        check_memory(files.name, files.parameters(), unpacked=files.gguf is not None)
        tokenizer = AutoTokenizer.from_pretrained(files.folder, **options)
        weights = {} if files.gguf is not None else {"use_safetensors": True}
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            files.folder, dtype="float32", output_loading_info=True, **weights, **options
        )
        _check_whole(files.name, loaded[1]["missing_keys"])
        module = loaded[0].eval().to(device)
    return LanguageModel(
        files.name,
        module,
        _encoder(tokenizer),
        tokenizer.unk_token_id,
        getattr(config, "max_position_embeddings", None) or _NO_LIMIT,
        str(config.model_type),
        module.num_parameters(),
        device,
    )


def _check_whole(name: str, missing: set[str]) -> None:
    """CheckpointError where weights lack tensors, in whose place `transformers` draws random ones."""
    if missing:
        others = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise CheckpointError(
            f"{name} lacks the tensor {min(missing)!a:.120}{others}, which its config needs; choose weights "
            "and config of one model",
            code="missing-tensor",
        )


def _encoder(tokenizer: Any) -> Encode:
    def encode(texts: list[str]) -> list[list[int]]:
        return [list(tokens) for tokens in tokenizer(texts, verbose=False)["input_ids"]]

    return encode


@contextmanager
def one_line_errors(name: str, verb: str) -> Iterator[None]:
    """Whatever `transformers` raises where a model is to `be loaded` or to `answer`, as one line."""
    try:
        yield
    except (CheckpointError, InputError):
        raise
    except Exception as error:  # noqa: BLE001  # a library's reader of files that others wrote: anything
        if says_no_memory(error):
            raise CheckpointError(
                f"{name} does not fit into memory; choose a smaller one", code="out-of-memory"
            ) from None
        reason = (str(error) or type(error).__name__).strip().splitlines()[0][:300].rstrip(".")
        raise CheckpointError(
            f"{name} cannot {verb}: {reason}; fetch it again, or choose another", code="unloadable"
        ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings and bars of `transformers`, which are of no use to one who scores a model."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(level)
