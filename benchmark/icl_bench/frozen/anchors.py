"""What predictions are compared with: 0, the score's baseline, the exact predictor, the floor."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from icl_bench.baselines.base import Baseline, get_baseline
from icl_bench.errors import InputError
from icl_bench.frozen.errors import BaselineErrors, load_errors
from icl_bench.predictor import Missing
from icl_bench.scoring.metric import ERRORS, answer_numbers
from icl_bench.scoring.scores import scored_sums, squared_errors
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Prompts, Suite, load_prompts

ZERO = "zero"
PRIOR_MEAN = "prior_mean"
IDEAL = "in_distribution_ideal"


@dataclass(frozen=True)
class Anchors:
    """Errors of the predictors that a task names, or why there are none."""

    zero: BaselineErrors  # on all prompts
    baseline: BaselineErrors | Missing
    exact: BaselineErrors | Missing
    floor: BaselineErrors  # of the best answer without the context where that is known, else of 0; on all

    def first(self, prompts: int) -> "Anchors":
        """Their errors on the first prompts alone; curves stay the means over all."""

        def cut(errors: BaselineErrors) -> BaselineErrors:
            values = {metric: column[:prompts] for metric, column in errors.values.items()}
            return replace(errors, errors=errors.errors[:prompts], values=values)

        baseline, exact = (
            errors if isinstance(errors, Missing) else cut(errors) for errors in (self.baseline, self.exact)
        )
        return Anchors(cut(self.zero), baseline, exact, cut(self.floor))


def anchor_errors(suite: Suite, prompts: Prompts) -> Anchors:
    """Errors of the task's anchors on its prompts: the frozen ones, and where none are frozen those of
    cheap baselines, computed here. SuiteError where frozen errors are not the locked ones, UnknownNameError
    where the task names a baseline that there is not.
    """
    task = prompts.task
    whole = {name: _on_all(name, suite, prompts) for name in dict.fromkeys((ZERO, floor_name(task)))}
    by_name: dict[str, BaselineErrors | Missing] = {**whole}
    for name in (task.baseline, task.exact):
        if name not in by_name:
            frozen = load_errors(suite, task.name, name)
            by_name[name] = frozen if frozen is not None else _unfrozen(name, suite, prompts)
    return Anchors(whole[ZERO], by_name[task.baseline], by_name[task.exact], whole[floor_name(task)])


def suite_anchors(suite: Suite, task: TaskSpec) -> Anchors:
    """The same of a suite's task: its prompts are made only where one that is wanted is not frozen."""
    names = (ZERO, task.baseline, task.exact, floor_name(task))
    frozen = [errors for name in names if (errors := load_errors(suite, task.name, name)) is not None]
    if len(frozen) == len(names):
        return Anchors(*frozen)
    return anchor_errors(suite, load_prompts(suite, task.name))


def named_anchors(task: TaskSpec) -> list[str]:
    """The predictors that scores and boards of a task need, each once; of a variant the ideal too."""
    ideal = () if task.base is None else (IDEAL,)
    return list(dict.fromkeys((ZERO, floor_name(task), task.baseline, task.exact, *ideal)))


def floor_name(task: TaskSpec) -> str:
    """The best predictor that does not look at the context, as far as it is known: prior_mean or zero."""
    try:
        return get_baseline(PRIOR_MEAN, task).type
    except InputError:  # the mean of y given x is not known
        return ZERO


def summed_up(numbers: Mapping[str, Float[np.ndarray, "prompts points"]], task: TaskSpec) -> BaselineErrors:
    """What is kept of a baseline's `answer_numbers`, whether they are frozen or used at once."""
    curves = {name: values.mean(axis=0) for name, values in numbers.items()}
    sums = {name: scored_sums(values, task.scored_points) for name, values in numbers.items()}
    return BaselineErrors(curves.pop(ERRORS), sums.pop(ERRORS), curves, sums)


def _on_all(name: str, suite: Suite, prompts: Prompts) -> BaselineErrors:
    """The frozen errors where they are of all the prompts, else those computed here."""
    frozen = load_errors(suite, prompts.task.name, name)
    return _computed(name, prompts) if frozen is None or frozen.prompts < len(prompts.xs) else frozen


def _unfrozen(name: str, suite: Suite, prompts: Prompts) -> BaselineErrors | Missing:
    if get_baseline(name, prompts.task).cheap:
        return _computed(name, prompts)
    home = suite.home(prompts.task.name).name
    return Missing(
        f"baseline {name} has no frozen errors for {home}/{prompts.task.name} yet; "
        f"run `icl-bench baselines compute {home}`"
    )


def _computed(name: str, prompts: Prompts) -> BaselineErrors:
    return summed_up(baseline_numbers(get_baseline(name, prompts.task), prompts), prompts.task)


def baseline_numbers(baseline: Baseline, prompts: Prompts) -> dict[str, Float[np.ndarray, "prompts points"]]:
    """Squared errors and own values of metrics of a baseline, as `answer_numbers`."""
    return answer_numbers(baseline_answers(baseline, prompts), prompts.targets, prompts.task)


def baseline_errors(baseline: Baseline, prompts: Prompts) -> Float[np.ndarray, "prompts points"]:
    """Squared errors of a baseline, asked through the same `predict` as any model."""
    return squared_errors(baseline_answers(baseline, prompts), prompts.targets)


def baseline_answers(baseline: Baseline, prompts: Prompts) -> Float[np.ndarray, "prompts points k"]:
    """What a baseline predicts, at queries apart from the context where the prompts have them."""
    predictions = np.empty_like(prompts.targets)
    for i, xs, ys in prompts.asked():
        answer = baseline.predict(xs, ys)
        if i is None:
            predictions = answer
        else:
            predictions[:, i] = answer[:, -1]
    return predictions
