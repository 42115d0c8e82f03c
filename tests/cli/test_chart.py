"""`icl-bench tasks chart`: what it draws, what the table holds, and how it ends."""

import csv
import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import fabricated
import pytest
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.frozen.errors import frozen_baselines
from icl_bench.records.read import load_record
from icl_bench.resources import data_folder
from icl_bench.suites import catalogue, load_suite, suite_names

pytestmark = pytest.mark.slow

SVG = "{http://www.w3.org/2000/svg}"
TASKS = [f"{name}/{task}" for name in suite_names() for task in load_suite(name).tasks]


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["tasks", "chart", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def texts(path: Path) -> list[str]:
    return [element.text for element in ElementTree.parse(path).iter(f"{SVG}text")]


def columns(path: Path) -> dict[str, list[float]]:
    """A table by the names at its head."""
    head, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    return {name: [float(row[k]) for row in rows] for k, name in enumerate(head)}


@pytest.fixture(scope="module")
def record(tmp_path_factory) -> Path:
    """The result of a model that is none of the baselines of its task's chart by name."""
    path = tmp_path_factory.mktemp("records") / "one.json"
    arguments = ["baseline/averaging", "--output", str(path)]
    tasks = ["--task", "linear_regression", "--task", "vector_mqar"]
    assert CliRunner().invoke(app, ["evaluate", *arguments, *tasks]).exit_code == 0
    return path


@pytest.fixture
def copied(tmp_path, monkeypatch) -> Path:
    """A data folder of its own, with a copy of mini-v1 that has two frozen baselines of sparse parity."""
    folder = tmp_path / "tasks" / "mini-v1"
    shutil.copytree(data_folder("tasks") / "mini-v1", folder)
    lock = json.loads((folder / "lock.json").read_text(encoding="utf-8"))
    frozen = lock["baselines"]["sparse_parity"]
    lock["baselines"]["sparse_parity"] = {name: frozen[name] for name in ("parity_bayes", "zero")}
    (folder / "lock.json").write_text(json.dumps(lock), encoding="utf-8")
    monkeypatch.setattr(catalogue, "data_folder", lambda name: tmp_path / name)
    return folder


def draw(name: str, out: Path, *scale: str) -> None:
    """Draw a task's chart: every frozen baseline is on it."""
    suite, task = name.split("/")
    names = list(frozen_baselines(load_suite(suite), task))
    assert run(name, out, *scale) == (0, f"wrote {len(names)} curves of {name} to {out}\n", "")
    shown = texts(out)
    assert shown[0] == name
    assert set(names) <= set(shown)


@pytest.mark.parametrize("name", TASKS)
def test_every_frozen_baseline_of_every_task_is_drawn(tmp_path, name):
    draw(name, tmp_path / "out.svg")


@pytest.mark.parametrize("scale", [[], ["--log"]])
@pytest.mark.parametrize("name", load_suite("mini-v1").tasks)
def test_it_is_on_either_axis_and_in_the_same_bytes_each_time(tmp_path, name, scale):
    files = [tmp_path / "out.svg", tmp_path / "again.svg"]
    for file in files:
        draw(f"mini-v1/{name}", file, *scale)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_table_holds_the_frozen_errors_and_the_models(tmp_path, record):
    out = tmp_path / "new folder" / "out.CSV"
    code, stdout, _ = run("mini/linear_regression", out, "--record", record)
    assert (code, stdout.startswith("wrote ")) == (0, True)
    suite = load_suite("mini")
    frozen = {
        name: model.curve.tolist() for name, model in frozen_baselines(suite, "linear_regression").items()
    }
    result = json.loads(record.read_text(encoding="utf-8"))["tasks"]["linear_regression"]
    model = {"baseline/averaging": result["error_curves"]["model"]}
    points = suite.tasks["linear_regression"].points
    assert columns(out) == {"context length": list(range(points)), **frozen, **model}


def seeds(folder: Path) -> list[Path]:
    """Records of two seeds of one model."""
    paths = [folder / f"{seed}.json" for seed in (0, 1)]
    for seed, path in enumerate(paths):
        fabricated.record("user/model", 0.2 + 0.1 * seed, seed=seed).save(path)
    return paths


def test_only_the_chosen_baselines_and_a_curve_for_all_seeds_of_a_model(tmp_path, record):
    records = [word for path in (*seeds(tmp_path), record) for word in ("--record", path)]
    chosen = ["--baseline", "least_squares"]
    assert run("mini/linear_regression", tmp_path / "out.csv", *chosen, *records)[0] == 0
    table = columns(tmp_path / "out.csv")
    assert list(table) == ["context length", "least_squares", "user/model", "baseline/averaging"]
    results = [load_record(path).tasks["linear_regression"] for path in seeds(tmp_path)]
    expected = [sum(errors) / 2 for errors in zip(*(r.error_curves.model for r in results), strict=True)]
    assert table["user/model"] == pytest.approx(expected)
    assert run("mini/linear_regression", tmp_path / "out.svg", *records)[0] == 0
    assert "mean and range of 2 runs" in texts(tmp_path / "out.svg")


def test_labels_say_what_a_predictor_is(tmp_path, record):
    assert run("mini/linear_regression", tmp_path / "out.svg", "--record", record)[0] == 0
    shown = texts(tmp_path / "out.svg")
    assert shown[shown.index("least_squares") + 1] == "score 1, optimality 1"
    assert shown[shown.index("baseline/averaging") + 1] == "up\xa0to\xa024.88"


def test_hover_tells_the_mean_over_scored_context_lengths(tmp_path, record):
    assert run("mini/vector_mqar", tmp_path / "out.svg", "--record", record)[0] == 0
    hovers = [title.text for title in ElementTree.parse(tmp_path / "out.svg").iter(f"{SVG}title")]
    mean = json.loads(record.read_text(encoding="utf-8"))["tasks"]["vector_mqar"]["estimates"]["mean_error"]
    assert f"baseline/averaging: mean {mean['value']:.4g}" in hovers
    assert "lookup: mean 0 (score 1, optimality 1)" in hovers


def test_where_only_the_last_context_length_is_scored_the_axis_says_so(tmp_path):
    run("mini/vector_mqar", tmp_path / "out.svg")
    assert "context length (the last one is scored)" in texts(tmp_path / "out.svg")
    run("mini/sparse_parity", tmp_path / "out.svg")
    assert "context length" in texts(tmp_path / "out.svg")


def freeze(*names: str) -> None:
    """Freeze baselines on the first prompts of sparse parity."""
    chosen = [argument for name in names for argument in ("--baseline", name)]
    compute = ["compute", "mini", "--task", "sparse_parity", "--prompts", "20", "--workers", "1"]
    assert CliRunner().invoke(app, ["baselines", *compute, *chosen]).exit_code == 0


def test_errors_on_fewer_prompts_say_so(copied, tmp_path):
    freeze("averaging")
    assert run("mini/sparse_parity", tmp_path / "out.svg")[0] == 0
    shown = texts(tmp_path / "out.svg")
    notes = " ".join(shown[shown.index("averaging") + 1 :])
    assert notes.startswith("first 20 of 2,048 prompts, up\xa0to\xa0")


def test_a_baseline_looks_the_same_whatever_is_beside_it(copied, tmp_path):
    def looks(*arguments: object) -> list[tuple[str | None, ...]]:
        assert run("mini/sparse_parity", tmp_path / "out.svg", *arguments)[0] == 0
        groups = ElementTree.parse(tmp_path / "out.svg").iter(f"{SVG}g")
        (group,) = [group for group in groups if (group.findtext(f"{SVG}title") or "").startswith("knn: ")]
        paths = group.findall(f"{SVG}path")
        return [(path.get("stroke-dasharray"), path.get("stroke-width")) for path in paths[1:]]

    freeze("averaging", "knn")
    assert looks("--baseline", "knn") == looks()


def test_a_task_without_frozen_errors_says_how_to_freeze_them(copied, tmp_path):
    lock = json.loads((copied / "lock.json").read_text(encoding="utf-8"))
    del lock["baselines"]
    (copied / "lock.json").write_text(json.dumps(lock), encoding="utf-8")
    code, _, stderr = run("mini/sparse_parity", tmp_path / "out.svg")
    assert (code, stderr.count("\n")) == (2, 1)
    assert "mini-v1/sparse_parity" in stderr
    assert "`icl-bench baselines compute mini-v1`" in stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["mini/sparse_parity", "out.gif"],
            "'out.gif' ends in no form of a chart; end the name in .svg, .png, .pdf, .csv",
        ),
        (["mini/sparse_parity", "svg"], "'svg' ends in no form of a chart"),
        (["mini/sparse_party", "out.svg"], "did you mean 'sparse_parity'?"),
        (["sparse_parity", "out.svg"], "'sparse_parity' is not SUITE/TASK"),
        (
            ["mini/sparse_parity", "out.svg", "--baseline", "zeros"],
            "unknown baseline 'zeros'; did you mean 'zero'?",
        ),
        (
            ["mini/sparse_parity", "out.svg", "--baseline", "knn"],
            "no errors of knn are frozen for mini-v1/sparse_parity yet; run "
            "`icl-bench baselines compute mini-v1 --task sparse_parity --baseline knn`",
        ),
        (["mini/sparse_parity", "out.svg", "--record", "none.json"], "no file none.json"),
    ],
)
def test_what_cannot_be_drawn_is_reported_in_one_line(copied, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    code, stdout, stderr = run(*arguments)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert message in stderr
    assert sorted(tmp_path.iterdir()) == before


def test_a_record_of_other_tasks_is_refused(tmp_path, record):
    for name, message in [
        ("mini/sparse_parity", "has no result on mini-v1/sparse_parity; evaluate the model on it"),
        ("paper/linear_regression", "is a record of mini-v1, not of paper-v1; choose that suite"),
    ]:
        code, _, stderr = run(name, tmp_path / "out.svg", "--record", record)
        assert code == 2
        assert f"{record} {message}" in stderr
    same = ["--record", record, "--record", record]
    code, _, stderr = run("mini/linear_regression", tmp_path / "out.svg", *same)
    assert (code, f"{record} and {record} have the same error" in stderr) == (2, True)


def test_the_table_says_which_errors_are_of_fewer_prompts(copied, tmp_path):
    freeze("averaging")
    assert run("mini/sparse_parity", tmp_path / "out.csv")[0] == 0
    heads = list(columns(tmp_path / "out.csv"))
    assert heads == ["context length", "averaging (first 20 of 2,048 prompts)", "parity_bayes", "zero"]


def test_a_name_that_is_too_long_is_reported(tmp_path):
    code, _, stderr = run("mini/sparse_parity", tmp_path / f"{'x' * 252}.svg")
    assert (code, stderr.count("\n")) == (2, 1)
    assert "File name too long" in stderr
