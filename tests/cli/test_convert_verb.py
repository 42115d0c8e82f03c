"""`icl-bench models convert`: from a file of earlier code to a folder that the other verbs read."""

import pytest
import torch
from cli.test_models import run, run_json
from models.earlier import earlier, garg_config, save_garg

from icl_bench.specs.checkpoint import read_config


def test_convert_and_show(tmp_path):
    file = save_garg(tmp_path, earlier("gpt2"), garg_config())
    code, stdout, stderr = run(
        "convert", file, "--task", "paper/linear_regression", "--out", tmp_path / "mine"
    )
    assert (code, stderr) == (0, "")
    evaluate = f"icl-bench evaluate {tmp_path / 'mine'} --suite paper-v1 --task linear_regression"
    assert stdout.splitlines()[-1] == evaluate
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {"config.json", "model.safetensors"}
    shown = run_json("show", tmp_path / "mine", "--suite", "paper")["tasks"]["linear_regression"]
    assert (shown["spec"]["name"], shown["spec"]["width"], shown["fits"]) == ("mine", 32, True)


@pytest.mark.parametrize(
    ("out", "options", "name"),
    [
        ("runs/my-gpt2", [], "my-gpt2"),
        ("my-gpt2/linear_regression", [], "my-gpt2"),  # as a folder of several tasks lays them
        ("My GPT-2", [], "gpt2"),  # no name of a model
        ("new", ["--name", "garg-linear"], "garg-linear"),
    ],
)
def test_a_converted_model_is_called_as_is_said_or_as_its_folder(tmp_path, out, options, name):
    file = save_garg(tmp_path, earlier("gpt2"), garg_config())
    place = tmp_path / out
    code, stdout, stderr = run("convert", file, "--task", "paper/linear_regression", "--out", place, *options)
    assert (code, stderr) == (0, "")
    assert stdout.startswith(f"{name} for paper-v1/linear_regression")
    assert read_config(place).spec.name == name


def test_a_name_that_no_model_can_have_is_refused_before_the_work(tmp_path):
    arguments = ("convert", "nothing.pt", "--task", "paper/linear_regression", "--out", tmp_path / "x")
    code, _, stderr = run(*arguments, "--name", "My GPT-2")
    assert (code, stderr.count("\n")) == (2, 1)
    assert "--name 'My GPT-2' cannot name a model; write at most 64 small letters" in stderr


def test_what_cannot_be_converted_leaves_no_folder(tmp_path):
    torch.save({"a": torch.zeros(1)}, tmp_path / "state.pt")
    arguments = (
        "convert",
        tmp_path / "state.pt",
        "--task",
        "paper/linear_regression",
        "--out",
        tmp_path / "x",
    )
    code, stdout, stderr = run(*arguments)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert "lacks the tensor '_read_in.weight'" in stderr
    assert not (tmp_path / "x").exists()
    assert "no spec file nowhere.yaml" in run(*arguments, "--spec", "nowhere.yaml")[2]
    assert "unknown task 'linear'" in run(*arguments[:3], "paper/linear", *arguments[4:])[2]
