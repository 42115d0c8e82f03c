"""Two models on the same prompts: which is better on which task.

How much other training runs may differ is pooled over both models and over the references that are recorded
with several runs (`icl_bench.ranking.seeds`); the rest is said in `icl_bench.ranking.differences`.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from icl_bench.errors import ResultWarning
from icl_bench.evaluation.doubts import above_exact
from icl_bench.frozen.anchors import suite_anchors
from icl_bench.predictor import Missing
from icl_bench.ranking.board import Board
from icl_bench.ranking.contenders import ComparedModel, contenders, several_runs
from icl_bench.ranking.differences import Difference, compare_contenders
from icl_bench.ranking.resampled import Contender
from icl_bench.suites import Suite, chosen_tasks, load_suite

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """Two models on the same prompts of a suite."""

    suite: str
    a: str  # the names of the models
    b: str
    differences: list[Difference]  # a task each, then those of their means
    runs: dict[str, int]  # of "A" and "B", the most training runs of a task
    trained_once: list[str]  # which of "A" and "B" have a task with one training run
    perhaps_trained_once: list[str]  # the same, of what is not known to be trained: Python objects
    lacking: dict[str, list[str]]  # the tasks that "A" and "B" have no errors of, which are left out
    doubts: Sequence[str] = ()  # a line for whatever makes one too good to be true, as `evaluate` warns of it
    fewest_runs: Mapping[str, int] = field(default_factory=dict)  # of "A" and "B", of a task that they have

    def to_dict(self) -> dict[str, Any]:
        """As plain data, a mapping a task."""
        sides = {"suite": self.suite, "a": self.a, "b": self.b, "runs": self.runs, "lacking": self.lacking}
        once = {"trained_once": self.trained_once, "perhaps_trained_once": self.perhaps_trained_once}
        differences = [difference.to_dict() for difference in self.differences]
        sides |= {"fewest_runs": dict(self.fewest_runs)}
        return sides | once | {"doubts": [*self.doubts], "differences": differences}

    def to_frame(self) -> "pd.DataFrame":
        """A pandas table, one row a task; NaN where a number is not known."""
        import pandas as pd

        frame = pd.DataFrame([difference.to_dict() for difference in self.differences])
        names = {"suite": self.suite, "a": self.a, "b": self.b}
        for place, (column, name) in enumerate(names.items()):
            frame.insert(place, column, name)
        return frame


def compare(
    a: ComparedModel,
    b: ComparedModel,
    suite: str = "mini",
    tasks: str | Sequence[str] | None = None,
    *,
    device: str | None = None,
    progress: bool = False,
) -> Comparison:
    """Compare two models on the same prompts, task by task, with 95% intervals of the difference.

    Of models on the board what is recorded is taken, of baselines what is frozen; other models are evaluated.
    p-values are corrected for the number of tasks (Holm); that of a mean over tasks is one test. A task of
    fewer than FEWEST_PROMPTS prompts has none and no verdict, nor has a mean over it.

    Args:
        a: a model's name, as for `icl_bench.evaluate`, a result record, the path of one, the folder of a
            model's seeds, or a sequence of records, their paths and folders: runs of one model, pooled as
            on a board.
        b: the other one.
        suite: its name, as `mini` or `paper-v1`.
        tasks: names, or one name, to restrict the suite to.
        device: where checkpoints compute that are evaluated, `cpu` unless given.
        progress: show evaluations on standard error.

    Warns of a model that is better than the exact predictor by more than sampling explains, or that was worse
    on fresh prompts when it was evaluated (ResultWarning; `Comparison.doubts`).

    Gains have no unit: 0 is the prior mean, the best answer without the context, and 1 the exact predictor.

    Raises InputError where a name does not exist, a record is of another suite, or the two have no task in
    common, and CheckError where a model that is evaluated breaks a rule of the benchmark.

    >>> comparison = icl_bench.compare("baseline/ridge", "baseline/zero", tasks="linear_regression")
    >>> [(difference.task, difference.better) for difference in comparison.differences]
    [('linear_regression', 'A')]
    """
    frozen = load_suite(suite)
    chosen = chosen_tasks(frozen, tasks)
    first, second = contenders([a, b], frozen, chosen, device, progress)
    sides = {"A": first, "B": second}
    once = {side: model.trained for side, model in sides.items() if model.one_run}
    doubts = [doubt for side, model in sides.items() for doubt in _doubts(frozen, side, model)]
    for doubt in doubts:
        warnings.warn(doubt, ResultWarning, stacklevel=2)
    return Comparison(
        suite=frozen.name,
        a=first.name,
        b=second.name,
        differences=compare_contenders(frozen, first, second, chosen, several_runs(frozen, sides.values())),
        runs={side: max(map(len, model.runs.values()), default=0) for side, model in sides.items()},
        trained_once=[side for side, trained in once.items() if trained],
        perhaps_trained_once=[side for side, trained in once.items() if trained is None],
        lacking={side: [task for task in chosen if task not in model.runs] for side, model in sides.items()},
        doubts=doubts,
        fewest_runs={side: min(map(len, model.runs.values()), default=0) for side, model in sides.items()},
    )


def _doubts(suite: Suite, side: str, model: Contender) -> Iterator[str]:
    """What makes the numbers of a side doubtful, as boards mark it."""
    too_good = []
    if not model.is_baseline and any(_beats_exact(suite, task, model) for task in model.runs):
        (standing,) = Board(suite, [model]).models
        too_good = [
            above_exact(task, standing.estimates["optimality"][task]) for task in standing.above_exact
        ]
    for doubt in (*too_good, *model.doubts):
        yield f"{side}, {model.name}, {doubt}"


def _beats_exact(suite: Suite, task: str, model: Contender) -> bool:
    """Whether its mean error is below the exact predictor's, if by chance; a board says which it is."""
    runs, exact = model.runs[task], suite_anchors(suite, suite.task(task)).exact
    if isinstance(exact, Missing) or not runs:
        return False
    prompts = min(exact.prompts, *map(len, runs.values()))
    total = sum(float(errors[:prompts].sum()) for errors in runs.values())
    return total < len(runs) * float(exact.errors[:prompts].sum())
