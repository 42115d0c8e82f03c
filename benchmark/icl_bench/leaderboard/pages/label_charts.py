"""Accuracy by context length on tasks with labels: models between nearest neighbour and exact predictor."""

from collections.abc import Iterator, Sequence

from icl_bench.charts import Chart, Series, length_label
from icl_bench.charts.series import Role
from icl_bench.frozen.anchors import ZERO
from icl_bench.leaderboard.colours import style_of
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.formats import heading
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.models.reference import PREFIX
from icl_bench.predictor import BASELINE_PREFIX
from icl_bench.specs.suite import TaskSpec

ACCURACY = "accuracy"
NEAREST = "nearest_neighbour"  # the floor: what a model does that compares inputs and no more


def accuracy_chart(board: SuiteBoard, task: TaskSpec, models: Sequence[ModelData]) -> Chart | None:
    """The accuracy of models and of what they lie between; None of a task without labels."""
    if not task.function_class.labels:
        return None
    series = [*_anchors(board, task), *_models(board, task, models)]
    if not series:
        return None
    label = length_label(task.scored_points.in_words("", "the last one is scored", "scored: {}"))
    title = f"{heading(task.name)} on {board.suite.name}: accuracy"
    return Chart(title, label, "accuracy", series, y_limit=1.0)


def _anchors(board: SuiteBoard, task: TaskSpec) -> Iterator[Series]:
    anchors: list[tuple[str, Role, str]] = [
        (task.exact, "exact", "exact predictor"),
        (NEAREST, "baseline", "nearest input"),
        (ZERO, "zero", "no answer"),
    ]
    for name, role, note in anchors:
        curve = board.value_curve(BASELINE_PREFIX + name, task.name, ACCURACY)
        if curve is not None:
            yield Series(name, range(len(curve)), curve, role, note=note)


def _models(board: SuiteBoard, task: TaskSpec, models: Sequence[ModelData]) -> Iterator[Series]:
    """Means over runs."""
    for model in models:
        curve = board.value_curve(model.name, task.name, ACCURACY)
        if curve is not None:
            name = model.name.removeprefix(PREFIX)
            yield Series(name, range(len(curve)), curve, "model", style=style_of(model.name))
