"""Checkpoints are read whole and exactly, and saved in the layout of the mixin, whole or not at all."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from models.small import files_of, saved, small_model, small_spec
from raising import raises
from safetensors.torch import load_file, save_file

from icl_bench.errors import CheckpointError, InputError, StorageError
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.model import ICLModel, load_checkpoint


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
    with raises(CheckpointError, "missing-tensor", naming="'read_out.bias'"):
        ICLModel.from_pretrained(folder)


def test_links_are_followed(folder, tmp_path):
    """The Hub's cache is made of links."""
    (tmp_path / "links").mkdir()
    for path in folder.iterdir():
        (tmp_path / "links" / path.name).symlink_to(path)
    load_checkpoint(tmp_path / "links")


def test_weights_that_do_not_fit_float16_are_refused(tmp_path):
    model = small_model()
    with torch.no_grad():
        model.read_out.weight[0, 0] = 1e6
    with raises(CheckpointError, "weights-not-finite", naming=("'read_out.weight'", "float32")):
        save_checkpoint(model, tmp_path / "model", torch.float16)
    assert list(tmp_path.iterdir()) == []
    save_checkpoint(model, tmp_path / "model", torch.float32)
    with raises(InputError, "weight-type", naming=("float16", "float32")):
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
    with raises(StorageError, "foreign-file", naming="'training.csv'"):
        save_checkpoint(small_model(), folder)
    assert sorted(files_of(folder)) == ["config.json", "model.safetensors", "training.csv"]


def test_a_full_disk_leaves_the_old_folder_whole(folder, monkeypatch):
    before = files_of(folder)

    def full(self, target):
        (Path(target) / "model.safetensors").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ICLModel, "_save_pretrained", full)
    with raises(StorageError, naming="No space left on device"):
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


@pytest.mark.slow
def test_a_real_limit_on_file_size_is_one_line(folder):
    """What a full disk does inside the writer of safetensors, which has errors of its own."""
    before = files_of(folder)
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    done = save_elsewhere(folder, limit + "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))")
    assert done.stdout.startswith(f"cannot write {folder}")
    assert done.stdout.count("\n") == 1, done.stdout + done.stderr
    assert files_of(folder) == before


@pytest.mark.slow
def test_a_killed_process_leaves_the_old_folder_whole(folder):
    before = files_of(folder)
    kill = "import os, signal, safetensors.torch as s; write = s.save_file\n"
    kill += "def killed(*all, **rest): write(*all, **rest); os.kill(os.getpid(), signal.SIGKILL)\n"
    done = save_elsewhere(folder, kill + "s.save_file = killed")
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
