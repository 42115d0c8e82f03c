"""Checkpoint folders: `config.json` and `model.safetensors`, the layout of `PyTorchModelHubMixin`.

They are checked and saved here, and loaded by `icl_bench.models.model.load_checkpoint`. Both readers are
strict (`icl_bench.specs.checkpoint`, `icl_bench.models.weights`): every key and every tensor is accounted
for, nothing is filled in, nothing submitted is executed.
"""

import copy
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError

from icl_bench.errors import CheckpointError, InputError, StorageError
from icl_bench.files import sync, whole_folder
from icl_bench.models.model import ICLModel, empty_model, shapes
from icl_bench.models.weights import check_header, find_weights
from icl_bench.specs.checkpoint import CheckpointConfig, parse_config, read_config
from icl_bench.specs.checkpoint_files import CHECKPOINT_FILES

STORED_DTYPES = (torch.float16, torch.float32)


def check_checkpoint(folder: Path) -> CheckpointConfig:
    """The config of a checkpoint folder, after every check that does not read the weights themselves.

    CheckpointError where `load_checkpoint` would find a tensor missing, unknown, misshapen or cut short.
    """
    config = read_config(folder)
    check_header(find_weights(folder), shapes(empty_model(config.to_dict())))
    return config


def save_checkpoint(
    model: ICLModel,
    folder: Path,
    dtype: torch.dtype = torch.float32,
    extra: Mapping[str, str] | None = None,
) -> None:
    """Write a checkpoint in place of `folder`, whole or not at all; the same model gives the same bytes.

    `dtype` is float32 or float16. `extra` maps further file names to their text. CheckpointError where a
    weight does not fit the dtype, StorageError where the folder holds something else or cannot be written.
    """
    if dtype not in STORED_DTYPES:
        raise InputError(f"weights are not stored as {dtype}; give float16 or float32", code="weight-type")
    extra = dict(extra or {})
    _check_replaceable(folder, {*CHECKPOINT_FILES, *extra})
    stored = _as_stored(model, dtype)
    config = parse_config(model._hub_mixin_config, "the model's config").to_dict()
    with weights_folder(folder, extra) as part:
        stored.save_pretrained(part, config=config)
        (part / "README.md").unlink()  # the mixin's model card, written again when the model is pushed


@contextmanager
def weights_folder(folder: Path, texts: Mapping[str, str]) -> Iterator[Path]:
    """A place to write weights in, which becomes `folder` with `texts` by file name, whole or not at all.

    StorageError where it cannot be written.
    """
    with whole_folder(folder) as part:
        try:
            yield part
        except SafetensorError as error:  # raised for a full disk too, with the reason in its text
            raise StorageError(f"cannot write {folder}: {error}; free space or name another place") from None
        for name, text in texts.items():
            (part / name).write_text(text, encoding="utf-8", newline="\n")
        for file in part.iterdir():  # what it replaces, as a run's state, may be removed once it is there
            sync(file)


def _as_stored(model: ICLModel, dtype: torch.dtype) -> ICLModel:
    """A copy of the model with its weights on the CPU in `dtype`, all of them finite."""
    stored = copy.deepcopy(model).to(device="cpu", dtype=dtype)
    for name, tensor in stored.state_dict().items():
        if not torch.isfinite(tensor).all():
            remedy = "save it in float32" if dtype == torch.float16 else "training diverged"
            raise CheckpointError(
                f"cannot save {name!r}: it holds values that are not finite; {remedy}",
                code="weights-not-finite",
            )
    return stored


def _check_replaceable(folder: Path, known: Collection[str]) -> None:
    """StorageError where replacing `folder` would remove a file whose name is not `known`."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise StorageError(
            f"cannot write {folder}: a file is in its place; name a folder", code="not-a-folder"
        )
    foreign = sorted(entry.name for entry in folder.iterdir() if entry.name not in known)
    foreign = [name for name in foreign if not name.endswith(".part")]  # what a killed process left
    if foreign:
        raise StorageError(
            f"cannot write {folder}: it holds {foreign[0]!r}, which is not a checkpoint's; name a new folder",
            code="foreign-file",
        )
