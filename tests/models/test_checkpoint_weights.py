"""Weights that are not exactly those of the config are refused in one line, before memory is taken."""

import json
import os
import pickle
import struct
from pathlib import Path

import pytest
import torch
from models.folders import POINTER, change_config, refused
from models.small import small_model, small_spec
from safetensors.torch import load_file, save_file


def change_header(folder: Path, change) -> None:
    """Rewrite the weights' header by `change(header)`, which may answer with other bytes for it."""
    path = folder / "model.safetensors"
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    text = change(header) or json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])


def test_missing_tensors(folder):
    tensors = load_file(folder / "model.safetensors")
    for name in ("read_in.bias", "read_out.bias"):
        del tensors[name]
    save_file(tensors, folder / "model.safetensors")
    refused(folder, "missing-tensor", "'read_in.bias' and 1 more")


def test_extra_tensors(folder):
    tensors = load_file(folder / "model.safetensors")
    save_file(tensors | {"spy\n": torch.zeros(3)}, folder / "model.safetensors")
    refused(folder, "unknown-tensor", r"'spy\n'")


@pytest.mark.parametrize(
    ("prefix", "wrappers"),
    [
        ("_orig_mod.", "torch.compile; save the model inside it, `model._orig_mod`"),
        ("module.", "DataParallel or DistributedDataParallel; save the model inside it, `model.module`"),
        ("module._orig_mod.", "DataParallel or DistributedDataParallel and torch.compile"),
    ],
)
def test_tensors_of_a_wrapped_model(folder, prefix, wrappers):
    tensors = load_file(folder / "model.safetensors")
    save_file({prefix + name: tensor for name, tensor in tensors.items()}, folder / "model.safetensors")
    refused(folder, "wrapped-model", f"{prefix}…", wrappers)


def test_a_pointer_in_place_of_the_weights(folder):
    (folder / "model.safetensors").write_bytes(POINTER)
    refused(folder, "lfs-pointer-checkpoint", "model.safetensors", "`git lfs pull`")


def test_misshapen_tensors(folder):
    tensors = load_file(folder / "model.safetensors")
    tensors["read_in.weight"] = tensors["read_in.weight"].T.contiguous()[:4]
    save_file(tensors, folder / "model.safetensors")
    refused(folder, "tensor-shape", "'read_in.weight'", "[4, 8]", "[8, 8]")


def test_weights_of_another_spec(folder):
    change_config(folder, spec=small_spec(width=16))
    refused(folder, "tensor-shape", "[16, 8]", " more)")


@pytest.mark.parametrize("dtype", [torch.float64, torch.int8])
def test_other_dtypes(folder, dtype):
    path = folder / "model.safetensors"
    save_file({name: t.to(dtype) for name, t in load_file(path).items()}, path)
    refused(folder, "tensor-type", "F16, BF16, F32")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(folder, value):
    tensors = load_file(folder / "model.safetensors")
    tensors["read_out.weight"][0, :2] = value
    save_file(tensors, folder / "model.safetensors")
    refused(folder, "weights-not-finite", "2 of 8 ", "'read_out.weight'")


@pytest.mark.parametrize("bytes_left", [0, 5, 8, 60, -1])
def test_files_cut_short(folder, bytes_left):
    path = folder / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:bytes_left])
    refused(folder, "damaged-weights", "model.safetensors")


def test_a_file_cut_short_says_by_how_much(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    refused(folder, "damaged-weights", path)


def test_bytes_after_the_last_tensor(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes() + b"#!/bin/sh")
    refused(folder, "damaged-weights", path)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_pickle_in_place_of_safetensors(folder, protocol, tmp_path):
    """Were it loaded, it would make a folder."""
    trap = tmp_path / "executed"

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(trap),)

    (folder / "model.safetensors").write_bytes(pickle.dumps(Trap(), protocol))
    refused(folder, "pickle" if protocol > 0 else "damaged-weights")  # protocol 0 is plain text
    assert not trap.exists()


def test_a_torch_file_in_place_of_safetensors(folder):
    torch.save(small_model().state_dict(), folder / "model.safetensors")
    refused(folder, "pickle", "model.safetensors")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.ckpt"])
def test_a_pickle_beside_no_safetensors(folder, name):
    (folder / "model.safetensors").rename(folder / name)
    refused(folder, "pickle", name, "model.safetensors")


def test_shards_lfs_pointers_and_nothing(folder):
    path = folder / "model.safetensors"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    refused(folder, "lfs-pointer-checkpoint", "`git lfs pull`")
    path.rename(folder / "model.safetensors.index.json")
    refused(folder, "shards", "model.safetensors")
    (folder / "model.safetensors.index.json").unlink()
    refused(folder, "no-weights-file", "model.safetensors")
    path.mkdir()
    refused(folder, "no-weights-file", "model.safetensors")


def test_a_header_of_absurd_length(folder):
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 2**62) + path.read_bytes()[8:])
    refused(folder, "damaged-weights", path)
    with path.open("r+b") as file:
        file.write(struct.pack("<Q", 9_000_000))
        file.truncate(9_000_100)
    refused(folder, "damaged-weights", "8,000,000")


@pytest.mark.parametrize(
    ("change", "code", "data"),
    [
        (lambda header: b'{"a": 1', "damaged-json", "header"),
        (lambda header: b"[1, 2]", "damaged-weights", "model.safetensors"),
        (lambda header: b'{"a": 1, "a": 2}', "damaged-json", "'a'"),
        (lambda header: b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "damaged-json", "header"),
        (lambda header: header.update({"read_in.bias": [1]}), "damaged-weights", "'read_in.bias'"),
        (lambda header: header["read_in.bias"].pop("dtype") and None, "damaged-weights", "'read_in.bias'"),
        (lambda header: header["read_in.bias"].update(dtype=["F32"]), "tensor-type", "'read_in.bias'"),
        (lambda header: header["read_in.bias"].update(shape="8"), "tensor-shape", "'8'"),
        (lambda header: header["read_in.bias"].update(shape=[10**400]), "tensor-shape", "'read_in.bias'"),
        (lambda header: header["read_in.bias"].update(data_offsets=[0, 0]), "damaged-weights", "offsets"),
        (lambda header: header["read_in.bias"].update(data_offsets=[-8, 24]), "damaged-weights", "offsets"),
        (lambda header: header["read_in.bias"].update(data_offsets=None), "damaged-weights", "offsets"),
        (
            lambda header: header["read_in.bias"].update(header["read_out.bias"], shape=[8]),
            "damaged-weights",
            "offsets",
        ),
    ],
)
def test_damaged_headers(folder, change, code, data):
    change_header(folder, change)
    refused(folder, code, data)


def test_sizes_are_refused_before_memory_is_taken(folder):
    """The header, not an allocation, decides: a spec within its bounds, but far larger than the file."""
    layers = [
        {"repeat": 1, "sublayers": [{"norm": "rmsnorm", "module": {"type": "swiglu", "hidden": 40_000}}]}
    ]
    change_config(folder, spec=small_spec(width=16_000, layers=layers))
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(folder, "missing-tensor")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # of 7.7 million kB
