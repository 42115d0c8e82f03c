"""The suites that are published: reproduced to the bit, and what they are said to be."""

import os
import subprocess
import sys

import numpy as np
import pytest

from icl_bench.function_classes.streams import grid_units
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Suite, find_task, generate, load_suite, suite_names
from icl_bench.suites.lock import remake

pytestmark = pytest.mark.slow

SUITES = [load_suite(name) for name in suite_names()]
TASKS = [(suite, name) for suite in SUITES for name in suite.tasks]
RETRIEVAL = [
    (suite, name)
    for suite, name in TASKS
    if suite.tasks[name].function_class.type == "vector_mqar" and name != "retrieval_noisy"
]
TREES = [(suite, name) for suite, name in TASKS if suite.tasks[name].function_class.type == "decision_tree"]


def each(tasks: list[tuple[Suite, str]]):
    """The test once for each of the tasks."""
    return pytest.mark.parametrize(
        ("suite", "name"), tasks, ids=[f"{suite.name}-{name}" for suite, name in tasks]
    )


PAPER_TABLE_1 = {
    "linear_regression": (20, 41, {}),
    "sparse_linear_regression": (20, 41, {"sparsity": 3}),
    "two_layer_mlp": (20, 101, {"width": 100}),
    "decision_tree": (20, 101, {"depth": 4}),
    "sparse_parity": (10, 140, {"sparsity": 2}),
    "vector_mqar": (20, 65, {}),
}


def zero_error(task: TaskSpec) -> float:
    """The expected squared error of the answer 0; no shift but of a size, of noise or of all inputs
    together changes it."""
    sizes, shift = task.function_class.model_dump(), task.shift
    factor = (shift.times / shift.over) ** 2 if shift is not None and "scaled" in shift.type else 1
    noise = 1 if shift is not None and shift.type == "noise" else 0
    expected = {
        "linear_regression": lambda: sizes["dims"],
        "sparse_linear_regression": lambda: sizes["sparsity"],
        "two_layer_mlp": lambda: sizes["dims"] * sizes["width"] / 2,
        "conditioned_regression": lambda: conditioned_size(**sizes),
    }.get(task.function_class.type, lambda: 1)()
    length = shift.tenths / 10 if shift is not None and shift.type == "displaced" else 0
    return factor * expected + noise + length**2


def conditioned_size(dims: int, least: int, most: int, **_) -> float:
    """The mean of ‖x‖², 1 + 1/κ + (d − 2) times that of κ^-u, u uniform, over log-uniform κ."""
    logs = np.linspace(np.log(least), np.log(most), 10_001).clip(min=1e-9)
    return float(np.mean(1 + np.exp(-logs) + (dims - 2) * -np.expm1(-logs) / logs))


@each(TASKS)
def test_the_frozen_prompts_are_reproduced(suite: Suite, name: str):
    assert remake(suite, suite.tasks[name])[-1] == []


@each(TASKS)
def test_the_answer_0_has_its_expected_error(suite: Suite, name: str):
    _, ys, _ = generate(suite.tasks[name], suite.name, "eval", 0, 512)
    errors = (ys.astype(np.float64) ** 2).mean(axis=(1, 2))
    assert abs(errors.mean() - zero_error(suite.tasks[name])) < 5 * errors.std() / 512**0.5 + 1e-6


@each(TASKS)
def test_every_frozen_number_can_be_computed_with(suite: Suite, name: str):
    xs, ys, _ = generate(suite.tasks[name], suite.name, "eval", 0, 64)
    assert np.isfinite(xs).all()
    assert np.isfinite(ys).all()
    signs = suite.tasks[name].shift is not None and suite.tasks[name].shift.type == "signs"
    function_class = suite.tasks[name].function_class
    if function_class.labels:
        assert set(np.unique(xs)) == set(np.unique(ys)) == {-1.0, 1.0}
    elif function_class.type not in ("sparse_parity", "vector_mqar") and not signs:
        assert (grid_units(xs) % 2 == 1).all()  # on the grid, and never 0


@each(RETRIEVAL)
def test_a_query_repeats_a_key_and_its_last_value_counts(suite: Suite, name: str):
    xs, ys, _ = generate(suite.tasks[name], suite.name, "eval", 0, suite.spec.prompts)
    repeats = (xs[:, -1:] == xs[:, :-1]).all(axis=2)
    times = repeats.sum(axis=1)
    assert set(times) == ({1, 2} if name == "retrieval_reassigned" else {1})
    last = repeats.shape[1] - 1 - repeats[:, ::-1].argmax(axis=1)
    assert np.array_equal(ys[:, -1], ys[np.arange(len(ys)), last])


@each(TREES)
def test_the_leaves_of_a_tree_differ(suite: Suite, name: str):
    """The exact predictor reads equal labels as one leaf."""
    _, _, parameters = generate(suite.tasks[name], suite.name, "eval", 0, suite.spec.prompts)
    assert (np.diff(np.sort(parameters["leaves"], axis=1), axis=1) > 0).all()


def test_the_paper_suite_has_the_sizes_of_the_paper():
    suite = load_suite("paper-v1")
    assert suite.spec.prompts == 2_048
    assert list(suite.tasks) == list(PAPER_TABLE_1)
    for name, (dims, points, rest) in PAPER_TABLE_1.items():
        task = suite.tasks[name]
        assert task.function_class.model_dump() == {"type": name, "dims": dims, **rest}
        assert task.points == points
        assert task.scored == ("last" if name == "vector_mqar" else "all")


@pytest.mark.parametrize(("mini", "paper"), [("mini-v1", "paper-v1"), ("mini-shifts-v1", "paper-shifts-v1")])
def test_mini_is_a_rehearsal_of_paper(mini: str, paper: str):
    """Tasks, function classes and shifts are the same; sizes are not."""

    def kinds(name: str) -> dict[str, tuple]:
        tasks = load_suite(name).tasks
        return {task: (spec.function_class.type, spec.shift) for task, spec in tasks.items()}

    assert kinds(mini) == kinds(paper)


@pytest.mark.parametrize("task", ["two_layer_mlp", "vector_mqar"])
def test_exported_bytes_do_not_depend_on_the_threads(tmp_path, task):
    """Nor on the process, nor on when the file was written."""
    exported = []
    for threads in ("1", "2"):
        out = tmp_path / f"{threads}.npz"
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = os.environ | dict.fromkeys(names, threads)
        code = "from icl_bench.cli import app; app()"
        command = [sys.executable, "-c", code, "tasks", "export", f"mini/{task}", str(out)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        exported.append(out.read_bytes())
    assert exported[0] == exported[1]


def test_an_export_holds_the_prompts_and_their_parameters(tmp_path):
    from icl_bench.suites.export import export_task

    suite, task = find_task("mini/two_layer_mlp")
    assert export_task(suite, task, tmp_path / "a.npz") == ["xs", "ys", "parameters.W1", "parameters.W2"]
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        parameters = {name.removeprefix("parameters."): file[name] for name in file.files if "." in name}
        assert len(file["xs"]) == suite.spec.prompts
        assert np.array_equal(task.function_class.evaluate(parameters, file["xs"]), file["ys"])
