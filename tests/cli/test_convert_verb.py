"""`icl-bench models convert`: from a file of earlier code to a folder that the other verbs read."""

import torch
from cli.test_models import run, run_json
from models.earlier import earlier, garg_config, save_garg


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
    assert (shown["spec"]["name"], shown["spec"]["width"], shown["fits"]) == ("gpt2", 32, True)


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
