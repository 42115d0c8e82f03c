"""`icl-bench models`: the references, what a model is made of, and what is wrong with a spec."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from models.small import saved, small_model, small_spec
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.models.reference import reference_names, reference_spec
from icl_bench.specs.architecture import BLOCKS
from icl_bench.suites import load_suite

SUITE = load_suite("mini")


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["models", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def run_json(*arguments: object) -> dict:
    code, stdout, stderr = run(*arguments, "--json")
    assert (code, stderr) == (0, "")
    return json.loads(stdout)


def refused(*arguments: object) -> str:
    """The one line on stderr, with exit code 2 and nothing on stdout."""
    code, stdout, stderr = run(*arguments)
    assert (code, stdout) == (2, "")
    assert stderr.count("\n") == 1
    return stderr


def checked(folder: Path, **changes: object) -> str:
    (folder / "spec.yaml").write_text(yaml.safe_dump(small_spec(**changes)))
    return refused("check", folder / "spec.yaml")


@pytest.mark.parametrize("suite", ["mini", "paper"])
def test_list_names_every_reference(suite):
    code, stdout, stderr = run("list", "--suite", suite)
    assert (code, stderr) == (0, "")
    rows = {line.split()[0]: line for line in stdout.splitlines() if line.startswith("reference/")}
    assert list(rows) == [f"reference/{name}" for name in reference_names(load_suite(suite).name)]
    assert "learned" in rows["reference/gpt2"]
    assert "attention, gelu_mlp" in rows["reference/gpt2"]


def test_list_says_how_often_layers_are_looped_and_what_has_all_weights():
    models = {model["model"]: model for model in run_json("list")["models"]}
    assert [models[name]["loops"] for name in ("reference/gpt2", "zoo/looped-gpt2")] == [[], [4]]
    _, stdout, _ = run("list")
    rows = {line.split()[0]: line for line in stdout.splitlines() if "/" in line}
    assert [row.endswith("all tasks") for row in (rows["reference/gpt2"], rows["zoo/kda"])] == [True, False]


def test_every_key_of_the_grammar_has_a_kind_and_a_column():
    code, stdout, _ = run("blocks")
    assert code == 0
    (attention,) = [part for part in stdout.split("\n\n") if part.startswith("block attention:")]
    assert "  window     whole number, 1 to 1,000,000; none unless given" in attention.splitlines()
    for part in stdout.strip().split("\n\n"):
        _, *lines = part.splitlines()
        words = max(len(line.split()[0]) for line in lines) + 4
        assert all(line[words - 2 : words] == "  " and line[words] != " " for line in lines), part


def test_list_as_json():
    document = run_json("list")
    llama = next(model for model in document["models"] if model["model"] == "reference/llama")
    task = SUITE.tasks["vector_mqar"]
    counted = reference_spec("llama", SUITE.name, task.name).parameters(
        task.function_class.d, task.function_class.k, 2 * task.points - 1
    )
    assert document["suite"] == SUITE.name
    assert list(llama["parameters"]) == list(SUITE.tasks)
    assert llama["parameters"]["vector_mqar"] == counted
    assert set(llama["weights"]) <= set(SUITE.tasks)


def test_show_prints_a_spec_that_can_be_read_again(tmp_path):
    code, stdout, _ = run("show", "reference/llama-ropeless")
    assert code == 0
    *specs, table = stdout.split("\n\n")
    assert yaml.safe_load(specs[0]) == reference_spec("llama-ropeless", SUITE.name).to_dict()
    assert [line.split()[0] for line in table.splitlines()[2:]] == list(SUITE.tasks)


def test_show_prints_each_spec_of_a_model_with_several():
    code, stdout, _ = run("show", "reference/mamba", "--suite", "paper")
    assert code == 0
    assert "# vector_mqar\n" in stdout
    assert stdout.count("schema: 1") == 2


def test_show_a_folder(tmp_path):
    task = SUITE.tasks["linear_regression"]
    model = small_model(f"{SUITE.name}/{task.name}", task.function_class.d, task.function_class.k)
    saved(tmp_path / "model", model)
    document = run_json("show", tmp_path / "model")
    assert list(document["tasks"]) == ["linear_regression"]
    assert document["tasks"]["linear_regression"]["spec"] == small_spec()
    assert document["tasks"]["linear_regression"]["tokens"] == 2 * task.points - 1


def test_show_what_is_not_there():
    assert "did you mean 'reference/llama'?" in refused("show", "reference/lama")
    assert "no folder ./nowhere" in refused("show", "./nowhere")
    assert "did you mean 'mini'?" in refused("show", "reference/llama", "--suite", "mimi")


def test_check_a_spec_that_is_fine(tmp_path):
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(small_spec()))
    code, stdout, stderr = run("check", tmp_path / "spec.yaml")
    assert (code, stderr) == (0, "")
    assert "FLOPs a prompt" in stdout


def test_check_says_which_tasks_are_too_long(tmp_path):
    positions = {"type": "learned", "max_tokens": 2 * SUITE.tasks["linear_regression"].points - 1}
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(small_spec(positions=positions)))
    code, stdout, _ = run("check", tmp_path / "spec.yaml")
    assert code == 0
    assert "too few positions for " in stdout.splitlines()[-1]
    assert "two_layer_mlp" in stdout.splitlines()[-1]


def test_check_says_for_which_tasks_a_chunk_is_too_long(tmp_path):
    spec = small_spec()
    chunk = SUITE.tasks["linear_regression"].tokens + 1
    spec["layers"][0]["sublayers"][0]["module"] = BLOCKS.entries()["ttt_linear"].example | {
        "type": "ttt_linear",
        "chunk": chunk,
    }
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
    code, stdout, _ = run("check", tmp_path / "spec.yaml")
    assert code == 0
    last = stdout.splitlines()[-1]
    assert last.startswith(f"a chunk or window of {chunk} tokens is longer than a prompt of ")
    assert "linear_regression" in last
    assert "two_layer_mlp" not in last


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"widht": 8}, "unknown key 'widht'; did you mean 'width'?"),
        ({"width": 10**9}, "width: Input should be less than or equal to 16384"),
        ({"stem": [{"norm": "rmsnorm", "module": {"type": "mamab"}}]}, "did you mean 'mamba'?"),
        ({"positions": "rope"}, "positions"),
        ({"name": "A B"}, "name"),
        ({"layers": [{"repeat": 512, "sublayers": small_spec()["layers"][0]["sublayers"] * 4}]}, "sublayers"),
    ],
)
def test_check_a_spec_that_is_not(tmp_path, changes, expected):
    message = checked(tmp_path, **changes)
    assert message.startswith(f"error: {tmp_path / 'spec.yaml'}: ")
    assert expected in message


def test_check_files_that_are_no_spec(tmp_path):
    assert "no file" in refused("check", tmp_path / "nowhere.yaml")
    (tmp_path / "spec.yaml").write_text("width: 8\nwidth: 16\n")
    assert "duplicate key 'width'" in refused("check", tmp_path / "spec.yaml")
    (tmp_path / "spec.yaml").write_text("- width\n")
    assert "is a mapping" in refused("check", tmp_path / "spec.yaml")


@pytest.mark.parametrize("verb", ["list", "show", "check"])
def test_help_has_an_example(verb):
    code, stdout, _ = run(verb, "--help")
    assert code == 0
    assert f"Example: icl-bench models {verb}" in " ".join(stdout.split())


@pytest.mark.slow
def test_an_absurd_width_takes_no_memory(tmp_path):
    """In a process whose memory is bounded: a billion by a billion weights would not fit."""
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(small_spec(width=10**9)))
    code = "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)); "
    code += f"from icl_bench.cli import app; app(['models', 'check', {str(tmp_path / 'spec.yaml')!r}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
