"""`icl-bench tasks`: what a reader sees, what a script reads, and how it ends."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from raising import raises
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.errors import InputError
from icl_bench.resources import data_folder
from icl_bench.suites import catalogue, find_task, load_suite
from icl_bench.suites.export import export_task
from icl_bench.suites.recipes import find_recipe, suite_recipe


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["tasks", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def run_json(*arguments: str) -> dict:
    code, stdout, stderr = run(*arguments, "--json")
    assert (code, stderr) == (0, "")
    return json.loads(stdout)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A data folder of its own, with a copy of mini-v1 to spoil; returns the suite's folder."""
    shutil.copytree(data_folder("tasks") / "mini-v1", tmp_path / "tasks" / "mini-v1")
    monkeypatch.setattr(catalogue, "data_folder", lambda name: tmp_path / name)
    return tmp_path / "tasks" / "mini-v1"


def test_list_names_every_task_of_every_suite():
    code, stdout, stderr = run("list")
    assert (code, stderr) == (0, "")
    for name in ("mini", "paper"):
        suite = load_suite(name)
        assert f"{suite.name}: {suite.spec.summary}" in stdout
        rows = [line.split() for line in stdout.splitlines()]
        for task in suite.tasks.values():
            sizes = [str(task.function_class.d), str(task.function_class.k), str(task.points)]
            assert [task.name, *sizes, task.scored, task.baseline, task.exact] in rows


def test_list_as_json():
    suites = {suite["suite"]: suite for suite in run_json("list")["suites"]}
    suite = load_suite("paper-v1")
    assert suites["paper-v1"]["lock_hash"] == suite.lock_hash
    assert [task["task"] for task in suites["paper-v1"]["tasks"]] == [
        f"paper-v1/{name}" for name in suite.tasks
    ]


def test_list_shows_a_suite_that_is_not_locked_yet(copied):
    (copied / "lock.json").unlink()
    assert run_json("list")["suites"][0]["lock_hash"] is None


def test_show_tells_what_the_task_is():
    code, stdout, stderr = run("show", "paper/decision_tree")
    assert (code, stderr) == (0, "")
    facts = [
        ("task", "paper-v1/decision_tree"),
        ("formula", "y = the leaf reached from the root"),
        ("prior", "x ~ N(0, I), node coordinates uniform over d"),
        ("function class", "type decision_tree, dims 20, depth 4"),
        ("points", "101"),
        ("prompts", "2048"),
        ("baseline", "tree_bayes"),
        ("exact note", "Exact. "),
    ]
    lines = stdout.splitlines()
    for label, text in facts:
        assert any(line.startswith(f"{label:<16}{text}") for line in lines), label
    assert [line.split()[0] for line in lines[lines.index("first prompt") + 1 :]] == [
        "x_0",
        "x_1",
        "x_2",
        "x_100",
    ]


def test_show_tells_the_first_frozen_prompt(tmp_path):
    """Compared with the exported arrays, which are held against the lock."""
    shown = run_json("show", "mini/vector_mqar")
    assert run("export", "mini/vector_mqar", tmp_path / "a.npz")[0] == 0
    with np.load(tmp_path / "a.npz") as file:
        assert np.array_equal(np.array(shown["prompt"]["xs"], np.float32), file["xs"][0])
        assert np.array_equal(np.array(shown["prompt"]["ys"], np.float32), file["ys"][0])
        first = ", ".join(f"{value:.4g}" for value in file["xs"][0, 0, :2])
    assert f"  x_0 = ({first}, …, " in run("show", "mini/vector_mqar")[1]


@pytest.mark.parametrize("verb", ["show", "export"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mini/liner_regression", "did you mean 'linear_regression'?"),
        ("minni/sparse_parity", "did you mean 'mini'?"),
        ("sparse_parity", "SUITE/TASK"),
    ],
)
def test_an_unknown_name_is_one_line_with_the_nearest(tmp_path, verb, name, message):
    out = [tmp_path / "out.npz"] if verb == "export" else []
    code, stdout, stderr = run(verb, name, *out)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert message in stderr
    assert list(tmp_path.iterdir()) == []


def test_verify_says_that_a_suite_holds():
    code, stdout, _ = run("verify", "--suite", "mini")
    suite = load_suite("mini")
    assert code == 0
    assert stdout.splitlines()[0] == f"{suite.name}, lock {suite.lock_hash}"
    assert [line.split() for line in stdout.splitlines()[1:]] == [[name, "holds"] for name in suite.tasks]


@pytest.mark.slow
def test_verify_without_a_suite_verifies_all():
    verdict = run_json("verify")
    assert verdict["holds"] is True
    assert {"mini-v1", "paper-v1"} <= {suite["suite"] for suite in verdict["suites"]}


def test_verify_says_which_hash_differs(copied):
    lock = json.loads((copied / "lock.json").read_text(encoding="utf-8"))
    digest = lock["tasks"]["sparse_parity"]["ys"]
    lock["tasks"]["sparse_parity"]["ys"] = "0" * 64
    (copied / "lock.json").write_text(json.dumps(lock), encoding="utf-8")
    code, stdout, stderr = run("verify")
    assert code == 1
    assert "error" not in stderr
    differing = [line for line in stdout.splitlines()[1:] if not line.endswith("  holds")]
    assert [line.split() for line in differing] == [
        f"sparse_parity ys: expected SHA-256 {'0' * 64}, found {digest}".split()
    ]
    code, stdout, stderr = run("verify", "--json")
    assert (code, stderr) == (1, "")
    verdict = json.loads(stdout)
    assert verdict["holds"] is False
    assert [task["task"] for task in verdict["suites"][0]["tasks"] if not task["holds"]] == ["sparse_parity"]


def test_verify_of_an_unknown_suite():
    assert run("verify", "--suite", "papr") == (2, "", "error: unknown suite 'papr'; did you mean 'paper'?\n")


def test_verify_says_which_frozen_errors_differ(copied):
    path = copied / "baselines" / "sparse_parity" / "zero.npz"
    path.write_bytes(path.read_bytes()[:-1])
    (copied / "baselines" / "vector_mqar" / "lookup.npz").unlink()
    code, stdout, stderr = run("verify")
    assert code == 1
    assert "error" not in stderr
    differing = dict(
        line.split(maxsplit=1) for line in stdout.splitlines()[1:] if not line.endswith("  holds")
    )
    assert differing["sparse_parity"].startswith("baselines/sparse_parity/zero.npz: expected SHA-256 ")
    assert differing["vector_mqar"].startswith("baselines/vector_mqar/lookup.npz: cannot be read (")
    assert list(differing) == ["sparse_parity", "vector_mqar"]


def test_show_tells_mean_errors_of_frozen_baselines_best_first(copied):
    means = run_json("show", "mini/two_layer_mlp")["mean_errors"]
    assert [row["baseline"] for row in means][:1] == ["nngp"]
    assert [row["mean_error"] for row in means] == sorted(row["mean_error"] for row in means)
    mean_errors = "; ".join(f"{row['baseline']} {row['mean_error']:.4g}" for row in means)
    assert f"{'mean errors':<16}{mean_errors}" in run("show", "mini/two_layer_mlp")[1].splitlines()


def test_show_says_that_errors_are_of_fewer_prompts_or_that_none_are_frozen(copied):
    lock = json.loads((copied / "lock.json").read_text(encoding="utf-8"))
    del lock["baselines"]
    (copied / "lock.json").write_text(json.dumps(lock), encoding="utf-8")
    shutil.rmtree(copied / "baselines")
    assert f"{'mean errors':<16}none frozen yet" in run("show", "mini/sparse_parity")[1]
    compute = ["compute", "mini", "--task", "sparse_parity", "--baseline", "averaging", "--prompts", "20"]
    done = CliRunner().invoke(app, ["baselines", *compute, "--workers", "1"])
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("mini-v1: sparse_parity/averaging\n")
    (mean,) = run_json("show", "mini/sparse_parity")["mean_errors"]
    assert (mean["baseline"], mean["prompts"], mean["of"]) == ("averaging", 20, 2048)
    assert "(first 20 of 2,048 prompts)" in run("show", "mini/sparse_parity")[1]
    again = CliRunner().invoke(app, ["baselines", *compute])
    assert "nothing was missing" in again.stdout
    listed = CliRunner().invoke(app, ["baselines", "list"]).stdout
    assert "sparse_parity: averaging on the first 20 of 2,048 prompts" in listed


def test_a_suites_recipe_is_printed_as_a_file_to_train_by(tmp_path, monkeypatch):
    """An installed wheel has no tasks/mini-v1/recipe.yaml where its user works."""
    monkeypatch.chdir(tmp_path)
    suite = load_suite("mini")
    code, stdout, _ = run("recipe", "mini")
    assert code == 0
    Path("mine.yaml").write_text(stdout, encoding="utf-8")
    assert find_recipe("mine.yaml", suite, "sparse_parity") == suite_recipe(suite, "sparse_parity")
    with raises(InputError, "no-recipe-file", naming=("other.yaml", "`icl-bench tasks recipe mini-v1`")):
        find_recipe("other.yaml", suite, "sparse_parity")


def test_a_suite_without_a_recipe_says_which_have_one(copied):
    (copied / "recipe.yaml").unlink()
    code, _, stderr = run("recipe", "mini")
    assert (code, stderr.count("\n")) == (2, 1)
    assert str(copied) in stderr


def test_export_writes_the_frozen_arrays(tmp_path):
    out = tmp_path / "new folder" / "out.npz"
    code, stdout, _ = run("export", "mini/linear_regression", out)
    assert code == 0
    assert stdout == f"wrote {load_suite('mini').name}/linear_regression to {out}: xs, ys, parameters.w\n"
    with np.load(out, allow_pickle=False) as file:
        assert sorted(file.files) == ["parameters.w", "xs", "ys"]
    first = out.read_bytes()
    run("export", "mini/linear_regression", out)
    assert out.read_bytes() == first


def test_export_to_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    for out in (tmp_path / "file" / "out.npz", tmp_path):
        code, _, stderr = run("export", "mini/linear_regression", out)
        assert (code, stderr.count("\n")) == (2, 1)
        assert str(out) in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["out.csv", "out", "out.npz.zip"])
def test_a_name_of_another_form_is_refused(tmp_path, monkeypatch, name):
    """A zip of NumPy's arrays was once written into it, with exit code 0."""
    monkeypatch.chdir(tmp_path)
    suite, task = find_task("mini/linear_regression")
    with raises(InputError, "file-ending", naming=(name, ".npz")):
        export_task(suite, task, Path(name))
    for verb in (
        ["tasks", "export", "mini/linear_regression", name],
        ["predict", "baseline/zero", "mini/linear_regression", name],
        ["evaluate", "baseline/zero", "--output", name],
        ["probe", "baseline/zero", "--output", name],
    ):
        done = CliRunner().invoke(app, verb)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        assert name in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_export_refuses_a_task_that_was_edited(copied, tmp_path):
    path = copied / "two_layer_mlp.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("width: ", "width: 1"), encoding="utf-8")
    code, _, stderr = run("export", "mini/two_layer_mlp", tmp_path / "out.npz")
    assert code == 2
    assert "how two_layer_mlp is drawn or scored; a suite is never edited" in stderr
    assert stderr.count("\n") == 1
    assert not (tmp_path / "out.npz").exists()


def test_lock_freezes_a_suite_once(copied):
    before = json.loads((copied / "lock.json").read_text(encoding="utf-8"))
    code, _, stderr = run("lock", "mini-v1")
    assert code == 2
    assert stderr.endswith("lock.json exists; a suite is never edited: make a new version\n")
    (copied / "lock.json").unlink()
    code, stdout, _ = run("lock", "mini-v1")
    assert code == 0
    assert load_suite("mini-v1").lock_hash in stdout
    after = json.loads((copied / "lock.json").read_text(encoding="utf-8"))
    del before["baselines"]  # frozen later, by a verb of their own
    assert after == before
