"""A saved training state may be anybody's: nothing in it is ever run, and what torch.save did not write is
refused in one line."""

import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models.earlier import POSITIONS, WIDTH, earlier, garg_config, save_garg
from models.folders import POINTER
from models.test_convert_refused import refused
from raising import raises

from icl_bench.errors import CheckpointError
from icl_bench.models.convert import pickles, state_dict


@pytest.fixture
def gpt2(tmp_path) -> Path:
    return save_garg(tmp_path, earlier("gpt2"), garg_config())


class Command:
    """Unpickled by an ordinary reader, it runs a command."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("place", ["whole", "in the state", "in the optimiser"])
def test_pickles_with_code(tmp_path, place):
    trap = Command(tmp_path / "pwned")
    state = {
        "whole": trap,
        "in the state": {"model_state_dict": {"_read_in.weight": trap}},
        "in the optimiser": {"model_state_dict": earlier("gpt2").state_dict(), "optimizer_state_dict": trap},
    }[place]
    torch.save(state, tmp_path / "state.pt")
    refused(tmp_path / "state.pt", "unsafe-pickle", "system")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("value", [np.zeros(3), {1, 2}, torch.nn.Linear(1, 1), torch.zeros(1).numpy().dtype])
def test_other_objects(tmp_path, value):
    torch.save({"model_state_dict": {"_read_in.weight": value}}, tmp_path / "state.pt")
    refused(tmp_path / "state.pt", "unsafe-pickle")


def test_plain_data_that_is_no_state(tmp_path):
    file = tmp_path / "state.pt"
    for value in ([1, 2], {}, {"model_state_dict": [1]}, "text"):
        torch.save(value, file)
        refused(file, "no-state-dict", "model_state_dict")
    torch.save({"model_state_dict": {"_read_in.weight": 3}}, file)
    refused(file, "no-state-dict", "'_read_in.weight'")
    torch.save({7: torch.zeros(1)}, file)
    refused(file, "no-state-dict", "7 ")
    torch.save({"weight": torch.zeros(1)}, file)
    refused(file, "missing-tensor", "'_read_in.weight'")


def test_files_that_torch_did_not_save(tmp_path, monkeypatch):
    file = tmp_path / "state.pt"
    refused(file, "no-run-file", file)
    refused(tmp_path, "no-config-file", "config.json")
    for content in (b"", b"\x80\x04.", pickle.dumps({"a": Command(tmp_path / "pwned")})):
        file.write_bytes(content)
        refused(file, "no-archive", file)
    torch.save({"a": torch.zeros(9)}, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    refused(file, "no-archive", file)
    file.write_bytes(whole)
    monkeypatch.setattr(pickles, "MAX_PICKLE_BYTES", 10)
    refused(file, "too-large-archive", file)
    monkeypatch.setattr(pickles, "MAX_FILE_BYTES", 10)
    refused(file, "too-large-archive", file)
    assert not (tmp_path / "pwned").exists()


def rewritten(file: Path, change: Any, compression: int = zipfile.ZIP_STORED, twice: bool = False) -> Path:
    """The archive with another pickle in it."""
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, change(content) if name.endswith("data.pkl") else content)
        if twice:
            archive.writestr("other/data.pkl", b"")
    return file


def test_archives_that_were_tampered_with(gpt2):
    """Compressed entries unfold, two pickles are two truths, sizes may lie, opcodes may be others."""
    huge = b"J" + struct.pack("<i", 2_000_000_000)
    width = b"K" + bytes([WIDTH])
    whole = gpt2.read_bytes()
    refused(rewritten(gpt2, lambda content: content, zipfile.ZIP_DEFLATED), "damaged-archive", gpt2)
    gpt2.write_bytes(whole)
    refused(rewritten(gpt2, lambda content: content, twice=True), "damaged-archive", "2 ")
    gpt2.write_bytes(whole)
    refused(rewritten(gpt2, lambda content: content.replace(width, huge)), "damaged-archive", gpt2)
    gpt2.write_bytes(whole)
    refused(rewritten(gpt2, lambda content: b"\x80\x04" + content[2:]), "damaged-archive", "protocol 4")
    gpt2.write_bytes(whole)
    refused(rewritten(gpt2, lambda content: content[:100]), "damaged-archive", gpt2)
    gpt2.write_bytes(whole)
    refused(rewritten(gpt2, lambda content: b"\x80\x02\xff."), "damaged-archive", gpt2)
    gpt2.write_bytes(whole)
    refused(rewritten(gpt2, lambda content: b"\x80\x02R."), "damaged-archive", gpt2)


def test_a_tensor_that_is_taken_leaves_the_file(gpt2):
    """Weights are copied out of the mapped file, so that it may be replaced."""
    state = state_dict.state_dict(pickles.read_saved(gpt2), "state.pt")
    bias = state.take("_read_in.bias", WIDTH)
    assert bias.untyped_storage().nbytes() == 4 * WIDTH
    with raises(CheckpointError, "tensor-without-place"):
        state.finish()
    assert state.shape("_backbone.wpe.weight") == (2 * POSITIONS, WIDTH)


def test_a_pointer_in_place_of_the_file_or_its_config(gpt2):
    (gpt2.parent / "config.yaml").write_bytes(POINTER)
    refused(gpt2, "lfs-pointer-checkpoint", "config.yaml", "`git lfs pull`")
    gpt2.write_bytes(POINTER)
    refused(gpt2, "no-archive", "`git lfs pull`")


@pytest.mark.parametrize("prefix", ["_orig_mod.", "module."])
def test_tensors_of_a_wrapped_model(tmp_path, prefix):
    tensors = {prefix + name: tensor for name, tensor in earlier("gpt2").state_dict().items()}
    torch.save(tensors, tmp_path / "state.pt")
    refused(tmp_path / "state.pt", "wrapped-model", f"{prefix}…")
