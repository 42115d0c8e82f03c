"""One training that is listed as several seeds is refused, whatever was done to its files."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from raising import raises
from safetensors.torch import load, load_file, save, save_file
from submissions.submitted import MODEL, OTHER, Submitted, not_recorded, tiny_files

from icl_bench.errors import CheckError, CheckpointError
from icl_bench.models.fingerprint import tensor_fingerprints
from icl_bench.records.same_run import errors_agree
from icl_bench.submissions.fetch import fetch_submission

Tensors = dict[str, torch.Tensor]


def noted(content: bytes) -> bytes:
    return save(load(content), metadata={"note": "seed 1"})


def padded(content: bytes) -> bytes:
    (length,) = struct.unpack("<Q", content[:8])
    return struct.pack("<Q", length + 8) + content[8 : 8 + length] + b" " * 8 + content[8 + length :]


def of_type(dtype: torch.dtype) -> Callable[[bytes], bytes]:
    return lambda content: save({name: tensor.to(dtype) for name, tensor in load(content).items()})


def signed(content: bytes) -> bytes:
    """Zeros of the other sign."""
    tensors = load(content)
    zero = next(name for name, tensor in tensors.items() if not tensor.any())
    return save(tensors | {zero: -tensors[zero]})


# the axis of each tensor along which the coordinates of a token lie
ALONG_WIDTH = {
    "read_in.weight": 0,
    "read_in.bias": 0,
    "positions.weight": 1,
    "layers.0.0.norm.weight": 0,
    "layers.0.0.module.qkv.weight": 1,
    "layers.0.0.module.out.weight": 0,
    "final_norm.weight": 0,
    "read_out.weight": 1,
}


def reordered(content: bytes) -> bytes:
    """The same function, the coordinates of its tokens in another order."""
    tensors = load(content)
    for name, axis in ALONG_WIDTH.items():
        tensors[name] = tensors[name].flip(axis).contiguous()
    return save(tensors)


CHANGES = {
    "a note": noted,
    "padding": padded,
    "float16": of_type(torch.float16),
    "bfloat16": of_type(torch.bfloat16),
    "the sign of a zero": signed,
}


def listed_twice(submitted: Submitted, change: Callable[[bytes], bytes]) -> dict[str, bytes]:
    """The files of a second run: those of the first, their seed and the weights' files changed."""
    files = {
        name: change(content)
        if name.endswith(".safetensors")
        else content.replace(b'"seed": 0', b'"seed": 1')
        for name, content in submitted.files[0].items()
    }
    assert all(files[name] != content for name, content in submitted.files[0].items())
    return files


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_copies_are_not_fetched_as_seeds(served, submitted, tmp_path, change):
    files = listed_twice(submitted, change)
    commit = served.repos[MODEL].commit(files)
    submitted.add_run(1, commit, files)
    with raises(CheckpointError, "same-weights", naming=("tiny-v1-seed-0", "tiny-v1-seed-1")):
        fetch_submission(submitted.entry, tmp_path / "into")


@pytest.mark.parametrize("change", [noted, padded, reordered], ids=["a note", "padding", "another order"])
def test_copies_are_not_recorded_as_seeds(submitted, tmp_path, change):
    """Where somebody's machine fetched them: their records alone tell."""
    submitted.add_run(1, OTHER, listed_twice(submitted, change))
    submitted.lay_out(tmp_path / "fetched")
    submitted.evaluate(tmp_path / "fetched", tmp_path / "records")
    named = ("tiny-v1-seed-0", "tiny-v1-seed-1", "linear_regression")
    not_recorded(submitted, tmp_path / "records", *named, code="same-errors", commit=None, error=CheckError)


def test_seeds_are_fetched_and_have_errors_of_their_own(served, submitted, tmp_path):
    files = tiny_files(tmp_path / "seed-1", seed=1)
    submitted.add_run(1, served.repos[MODEL].commit(files), files)
    assert len(fetch_submission(submitted.entry, tmp_path / "into")) == 2


def test_errors_of_one_training_agree_and_those_of_others_do_not():
    stream = np.random.default_rng(0)
    errors = stream.exponential(size=2_048)
    rounded = errors * (1 + 1e-6 * stream.standard_normal(2_048))
    assert errors_agree(errors, errors)
    assert errors_agree(errors, rounded)
    nearest = errors * (1 + 6e-4 * stream.standard_normal(2_048))  # as two references on parity, not learned
    assert not errors_agree(errors, nearest)
    assert not errors_agree(np.zeros(9), np.zeros(9))  # nothing that could tell


def test_a_fingerprint_is_of_names_shapes_and_values(tmp_path):
    def fingerprints(tensors: Tensors, **metadata: str) -> frozenset[str]:
        path = Path(tmp_path / "weights.safetensors")
        save_file(tensors, path, metadata)
        assert load_file(path).keys() == tensors.keys()
        return tensor_fingerprints(path)

    tensors = {"a": torch.randn(4, 3), "b": torch.randn(6)}
    first = fingerprints(tensors)
    assert fingerprints(tensors, note="x") == first
    assert fingerprints({"b": tensors["b"], "a": tensors["a"]}) == first
    assert first & fingerprints({name: tensor.half() for name, tensor in tensors.items()})
    assert first & fingerprints({name: tensor.bfloat16() for name, tensor in tensors.items()})
    others = [
        {"a": tensors["a"], "c": tensors["b"]},
        {"a": tensors["a"].reshape(3, 4), "b": tensors["b"]},
        {"a": tensors["a"].reshape(12), "b": tensors["b"]},
        {"a": tensors["a"] * 1.01, "b": tensors["b"]},
    ]
    assert not any(first & fingerprints(other) for other in others)


def test_a_file_that_is_none_is_one_line(tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(b"x")
    with raises(CheckpointError, "damaged-weights", naming="weights.safetensors"):
        tensor_fingerprints(tmp_path / "weights.safetensors")
