"""Checkpoints are read whole and exactly, or refused in one line; a folder is replaced whole or not."""

import errno
import json
import os
import pickle
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from models.small import files_of, saved, small_model, small_spec
from safetensors.torch import load_file, save_file

from icl_bench.errors import CheckpointError, InputError, StorageError
from icl_bench.models.checkpoint import load_checkpoint, save_checkpoint
from icl_bench.models.model import ICLModel


@pytest.fixture
def folder(tmp_path) -> Path:
    """A whole checkpoint."""
    saved(tmp_path / "model")
    return tmp_path / "model"


def refused(folder: Path, *parts: str, error: type[Exception] = CheckpointError) -> str:
    """The one line that the folder is refused with; it holds every part."""
    with pytest.raises(error) as caught:
        load_checkpoint(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 1_000
    for part in parts:
        assert part in message
    return message


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_header(folder: Path, change) -> None:
    """Rewrite the weights' header by `change(header)`, which may answer with other bytes for it."""
    path = folder / "model.safetensors"
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    text = change(header) or json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])


# -- whole checkpoints


def test_loads_what_was_saved(folder):
    model, loaded = small_model(), load_checkpoint(folder)
    assert not loaded.training
    assert list(loaded.state_dict()) == list(model.state_dict())
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    xs, ys = torch.randn(2, 5, 8), torch.randn(2, 5, 1)
    assert torch.equal(loaded(xs, ys), model(xs, ys))


def test_is_the_layout_of_the_mixin(folder, tmp_path):
    """`save_pretrained` and `save_checkpoint` write the same files, the mixin's model card aside."""
    small_model().save_pretrained(tmp_path / "mixin")
    by_mixin = files_of(tmp_path / "mixin")
    assert b"icl-bench evaluate" in by_mixin.pop("README.md")
    assert by_mixin == files_of(folder)
    assert sorted(by_mixin) == ["config.json", "model.safetensors"]


def test_the_same_model_gives_the_same_bytes(folder, tmp_path):
    again = saved(tmp_path / "again")
    assert again == files_of(folder)
    save_checkpoint(load_checkpoint(folder), tmp_path / "reloaded")
    assert files_of(tmp_path / "reloaded") == again


def test_float16_is_half_the_size_and_reads_as_float32(folder, tmp_path):
    save_checkpoint(load_checkpoint(folder), tmp_path / "half", torch.float16)
    assert {t.dtype for t in load_file(tmp_path / "half/model.safetensors").values()} == {torch.float16}
    for name, tensor in load_checkpoint(tmp_path / "half").state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, load_checkpoint(folder).state_dict()[name].half().float())


def test_saving_leaves_the_model_as_it_is(tmp_path):
    model = small_model()
    save_checkpoint(model, tmp_path / "half", torch.float16)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_bfloat16_is_read(folder):
    path = folder / "model.safetensors"
    save_file({name: t.bfloat16() for name, t in load_file(path).items()}, path)
    assert {t.dtype for t in load_checkpoint(folder).state_dict().values()} == {torch.float32}


def test_from_pretrained_is_the_strict_loader(folder):
    model = ICLModel.from_pretrained(folder)
    assert torch.equal(model.read_out.weight, small_model().read_out.weight)
    tensors = load_file(folder / "model.safetensors")
    del tensors["read_out.bias"]
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"lacks tensor 'read_out\.bias'"):
        ICLModel.from_pretrained(folder)


def test_links_are_followed(folder, tmp_path):
    """The Hub's cache is made of links."""
    (tmp_path / "links").mkdir()
    for path in folder.iterdir():
        (tmp_path / "links" / path.name).symlink_to(path)
    load_checkpoint(tmp_path / "links")


# -- weights


def test_missing_tensors(folder):
    tensors = load_file(folder / "model.safetensors")
    for name in ("read_in.bias", "read_out.bias"):
        del tensors[name]
    save_file(tensors, folder / "model.safetensors")
    refused(folder, "lacks tensor 'read_in.bias' and 1 more")


def test_extra_tensors(folder):
    tensors = load_file(folder / "model.safetensors")
    save_file(tensors | {"spy\n": torch.zeros(3)}, folder / "model.safetensors")
    refused(folder, r"has tensor 'spy\n'", "does not know")


def test_misshapen_tensors(folder):
    tensors = load_file(folder / "model.safetensors")
    tensors["read_in.weight"] = tensors["read_in.weight"].T.contiguous()[:4]
    save_file(tensors, folder / "model.safetensors")
    refused(folder, "'read_in.weight' has shape [4, 8]", "needs [8, 8]")


def test_weights_of_another_spec(folder):
    change_config(folder, spec=small_spec(width=16))
    refused(folder, "needs [16, 8] (and ", " more)")


@pytest.mark.parametrize("dtype", [torch.float64, torch.int8])
def test_other_dtypes(folder, dtype):
    path = folder / "model.safetensors"
    save_file({name: t.to(dtype) for name, t in load_file(path).items()}, path)
    refused(folder, "is stored as", "convert it to one of F16, BF16, F32")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(folder, value):
    tensors = load_file(folder / "model.safetensors")
    tensors["read_out.weight"][0, :2] = value
    save_file(tensors, folder / "model.safetensors")
    refused(folder, "2 of 8 values of 'read_out.weight' are NaN or infinite")


@pytest.mark.parametrize("bytes_left", [0, 5, 8, 60, -1])
def test_files_cut_short(folder, bytes_left):
    path = folder / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:bytes_left])
    refused(folder, "model.safetensors", "again")


def test_a_file_cut_short_says_by_how_much(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    refused(folder, "is cut short", "fetch or save it again")


def test_bytes_after_the_last_tensor(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes() + b"#!/bin/sh")
    refused(folder, "is too long")


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_pickle_in_place_of_safetensors(folder, protocol, tmp_path):
    """Were it loaded, it would make a folder."""
    trap = tmp_path / "executed"

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(trap),)

    (folder / "model.safetensors").write_bytes(pickle.dumps(Trap(), protocol))
    message = refused(folder)
    assert ("is a pickle" in message) == (protocol > 0)  # protocol 0 is plain text
    assert not trap.exists()


def test_a_torch_file_in_place_of_safetensors(folder):
    torch.save(small_model().state_dict(), folder / "model.safetensors")
    refused(folder, "is a pickle", "never loaded")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.ckpt"])
def test_a_pickle_beside_no_safetensors(folder, name):
    (folder / "model.safetensors").rename(folder / name)
    refused(folder, f"holds {name}, a pickle", "save the model as model.safetensors")


def test_shards_lfs_pointers_and_nothing(folder):
    path = folder / "model.safetensors"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    refused(folder, "Git LFS pointer", "git lfs pull")
    path.rename(folder / "model.safetensors.index.json")
    refused(folder, "split into shards")
    (folder / "model.safetensors.index.json").unlink()
    refused(folder, "holds no model.safetensors")
    path.mkdir()
    refused(folder, "holds no model.safetensors")


def test_a_header_of_absurd_length(folder):
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 2**62) + path.read_bytes()[8:])
    refused(folder, "cannot hold the header")
    with path.open("r+b") as file:
        file.write(struct.pack("<Q", 9_000_000))
        file.truncate(9_000_100)
    refused(folder, "header is larger than 8,000,000 bytes")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda header: b'{"a": 1', "not valid JSON"),
        (lambda header: b"[1, 2]", "header is not JSON"),
        (lambda header: b'{"a": 1, "a": 2}', "the key 'a' stands twice"),
        (lambda header: b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (lambda header: header.update({"read_in.bias": [1]}), "is malformed"),
        (lambda header: header["read_in.bias"].pop("dtype") and None, "is malformed"),
        (lambda header: header["read_in.bias"].update(dtype=["F32"]), "is stored as"),
        (lambda header: header["read_in.bias"].update(shape="8"), "has shape '8'"),
        (lambda header: header["read_in.bias"].update(shape=[10**400]), "has shape"),
        (lambda header: header["read_in.bias"].update(data_offsets=[0, 0]), "offsets"),
        (lambda header: header["read_in.bias"].update(data_offsets=[-8, 24]), "offsets"),
        (lambda header: header["read_in.bias"].update(data_offsets=None), "offsets"),
        (lambda header: header["read_in.bias"].update(header["read_out.bias"], shape=[8]), "offsets"),
    ],
)
def test_damaged_headers(folder, change, told):
    change_header(folder, change)
    refused(folder, told)


def test_sizes_are_refused_before_memory_is_taken(folder):
    """The header, not an allocation, decides: a spec within its bounds, but far larger than the file."""
    layers = [
        {"repeat": 1, "sublayers": [{"norm": "rmsnorm", "module": {"type": "swiglu", "hidden": 40_000}}]}
    ]
    change_config(folder, spec=small_spec(width=16_000, layers=layers))
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(folder, "lacks tensor")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # of 7.7 million kB


# -- config.json


@pytest.mark.parametrize("width", [10**9, 0, -8, 8.5, "8", True, None, 10**400])
def test_absurd_widths(folder, width):
    change_config(folder, spec=small_spec() | {"width": width})
    refused(folder, "config.json: spec.width")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sped": {}}, "unknown key 'sped'; did you mean 'spec'?"),
        ({"d": 0}, "d: Input should be greater"),
        ({"d": 10**9}, "d: Input should be less"),
        ({"k": "1"}, "k: Input should be a valid integer"),
        ({"task": "linear_regression"}, "task: String should match"),
        ({"task": "../../etc/passwd"}, "task: String should match"),
        ({"target_scale": 0}, "target_scale"),
        ({"target_scale": -1.0}, "target_scale"),
        ({"target_scale": 1e300}, "target_scale"),
        ({"training": []}, "training"),
        ({"training": {"losses": [0] * 2_000}}, "more than 1,000 values"),
        ({"spec": None}, "spec"),
        ({"x" * 5_000: 1}, "unknown key 'xxxx"),
        (
            {"spec": small_spec(stem=[{"norm": "rmsnorm", "module": {"type": "mamab"}}])},
            "spec.stem[0].module: unknown block 'mamab'; did you mean 'mamba'?",
        ),
    ],
)
def test_faulty_configs(folder, changes, told):
    change_config(folder, **changes)
    refused(folder, "config.json", told)


def test_a_config_without_a_key(folder):
    (folder / "config.json").write_text(json.dumps({"spec": small_spec(), "d": 8, "task": "mini-v1/a"}))
    refused(folder, "missing key 'k'")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"{'d': 8}", "not valid JSON"),
        (b'{"d": 8, "d": 9}', "the key 'd' stands twice"),
        (b'{"d": NaN}', "NaN is not a JSON number"),
        (b'{"d": 1e999}', "inf is not a finite number"),
        (b'{"d": ' + b"9" * 5_000 + b"}", "not valid JSON"),
        (b'{"d": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested"),
        (b'{"d": ' + b"[" * 300 + b"]" * 300 + b"}", "nested more than 32 levels deep"),
        (b'{"d": [' + b"1," * 200_000 + b"1]}", "more than 100,000 values"),
        (b'{"d": "' + b"x" * 1_000_000 + b'"}', "larger than 1,000,000 bytes"),
        (b'{"' + b"".join(b'%d":0,"' % i for i in range(90_000)) + b'0":1}', "stands twice"),
        (b"[]", "a mapping is expected"),
        (b"null", "a mapping is expected"),
        (b"cos\nsystem\n(S'true'\ntR.", "not valid JSON"),
    ],
)
def test_configs_that_are_no_config(folder, content, told):
    (folder / "config.json").write_bytes(content)
    refused(folder, "config.json", told)


def test_no_config(folder):
    (folder / "config.json").unlink()
    refused(folder, "holds no config.json")
    refused(folder / "nowhere", "holds no config.json")


# -- saving


def test_weights_that_do_not_fit_float16_are_refused(tmp_path):
    model = small_model()
    with torch.no_grad():
        model.read_out.weight[0, 0] = 1e6
    with pytest.raises(CheckpointError, match=r"'read_out\.weight'.*float32"):
        save_checkpoint(model, tmp_path / "model", torch.float16)
    assert list(tmp_path.iterdir()) == []
    save_checkpoint(model, tmp_path / "model", torch.float32)
    with pytest.raises(InputError, match="float16 or float32"):
        save_checkpoint(model, tmp_path / "model", torch.bfloat16)


def test_other_folders_are_not_replaced(tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/letter.txt").write_text("dear")
    (tmp_path / "file").write_text("")
    for name in ("letters", "file"):
        with pytest.raises(StorageError):
            save_checkpoint(small_model(), tmp_path / name)
    assert (tmp_path / "letters/letter.txt").read_text() == "dear"


def test_further_files_come_with_the_checkpoint(folder):
    save_checkpoint(small_model(), folder, extra={"training.csv": "step,loss\n"})
    assert (folder / "training.csv").read_bytes() == b"step,loss\n"
    save_checkpoint(small_model(), folder)
    assert sorted(files_of(folder)) == ["config.json", "model.safetensors"]


def test_a_full_disk_leaves_the_old_folder_whole(folder, monkeypatch):
    before = files_of(folder)

    def full(self, target):
        (Path(target) / "model.safetensors").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ICLModel, "_save_pretrained", full)
    with pytest.raises(StorageError, match=r"No space left on device; free space"):
        save_checkpoint(small_model(seed=1), folder)
    assert files_of(folder) == before
    assert list(folder.parent.iterdir()) == [folder]


SAVE = """
import sys
from pathlib import Path
from models.small import small_model
from icl_bench.errors import StorageError
from icl_bench.models.checkpoint import save_checkpoint
{before}
try:
    save_checkpoint(small_model(seed=1), Path(sys.argv[1]))
except StorageError as error:
    print(error)
"""


def save_elsewhere(folder: Path, before: str) -> subprocess.CompletedProcess[str]:
    """Save another model in place of `folder` in a process of its own, after running `before` there."""
    code = SAVE.format(before=before)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def test_a_real_limit_on_file_size_is_one_line(folder):
    """What a full disk does inside the writer of safetensors, which has errors of its own."""
    before = files_of(folder)
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    done = save_elsewhere(folder, limit + "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))")
    assert done.stdout.startswith(f"cannot write {folder}")
    assert done.stdout.count("\n") == 1, done.stdout + done.stderr
    assert files_of(folder) == before


def test_a_killed_process_leaves_the_old_folder_whole(folder):
    before = files_of(folder)
    kill = "import os, signal, safetensors.torch as s; write = s.save_model\n"
    kill += "def killed(model, name, **rest): write(model, name); os.kill(os.getpid(), signal.SIGKILL)\n"
    done = save_elsewhere(folder, kill + "s.save_model = killed")
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert files_of(folder) == before
    load_checkpoint(folder)


def test_predictions_do_not_depend_on_the_mixins_default_config(tmp_path):
    """A target scale given by position is in the file too."""
    model = ICLModel(small_spec(), 8, 1, "mini-v1/linear_regression", 0.25)
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, 0.1)
    save_checkpoint(model, tmp_path / "model")
    loaded = load_checkpoint(tmp_path / "model")
    assert loaded.target_scale == 0.25
    xs = torch.from_numpy(np.ones((1, 3, 8), np.float32))
    assert torch.equal(loaded(xs, xs[..., :1]), model(xs, xs[..., :1]))
