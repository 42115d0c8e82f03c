"""`icl-bench compare`: which of two models is better on which task, and which differences are real."""

import json
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from icl_bench.cli.options import AsJson, Device, SuiteName, Tasks
from icl_bench.cli.outcome import print_doubts
from icl_bench.errors import ResultWarning

if TYPE_CHECKING:
    from icl_bench.ranking.compare import Comparison
    from icl_bench.ranking.differences import Difference

ModelOrRecord = Annotated[
    str,
    typer.Argument(
        help="A model, as for evaluate; a record that evaluate wrote; or several: a.json,b.json.",
        show_default=False,
        metavar="MODEL",
    ),
]


def compare(
    a: ModelOrRecord,
    b: ModelOrRecord,
    suite: SuiteName = "mini",
    task: Tasks = None,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Compare two models on the same prompts, task by task, with 95% intervals of the difference.

    Compared is the gain: 0 is the prior mean, the best answer without the context, and 1 the exact
    predictor. Both are resampled over the same prompts, so a small difference can be distinguished where
    their intervals overlap; how much seeds differ is told from the runs of both and of the references.
    p-values are corrected for the number of tasks (Holm); that of a mean over tasks is one test of its
    own. A task of fewer than 64 prompts has no p-value and no verdict, nor has a mean over it. Of
    models on the board what is recorded is taken, of baselines what is frozen; other models are evaluated
    first. Seeds of a model, in records joined by commas or in a folder, are pooled as on a board.

    Example: icl-bench compare reference/gpt2 baseline/ridge --task linear_regression
    Example: icl-bench compare results/mine-0.json,results/mine-1.json reference/gpt2
    """
    from icl_bench.display.text_table import in_window
    from icl_bench.ranking.compare import compare as compare_models

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResultWarning)  # they are printed as lines
        comparison = compare_models(a, b, suite, task, device=device, progress=True)
    print_doubts(comparison.doubts)
    if as_json:
        typer.echo(json.dumps(comparison.to_dict(), indent=1))
        return
    typer.echo(f"A = {comparison.a}, B = {comparison.b}, on {comparison.suite}\n")
    typer.echo(_table(comparison))
    for note in _notes(comparison):
        typer.echo(in_window(note))


def _notes(comparison: "Comparison") -> Iterator[str]:
    """A line for all that the table alone would leave open."""
    from icl_bench.ranking.differences import FEWEST_PROMPTS

    if any(_alone(difference) for difference in comparison.differences):
        corrected = sum(difference.p_corrected is not None for difference in comparison.differences)
        yield f"* of a mean alone, not corrected; the others are for {corrected} tasks (Holm)"
    lacking = comparison.lacking
    left_out: dict[str, list[str]] = {}
    for task in dict.fromkeys([*lacking["A"], *lacking["B"]]):
        sides = [side for side in lacking if task in lacking[side]]
        left_out.setdefault(" and ".join(sides) + (" have" if len(sides) > 1 else " has"), []).append(task)
    for sides_have, tasks in left_out.items():
        yield f"{sides_have} no result on {', '.join(tasks)}: left out, and so are the means of them"
    for side, runs in comparison.runs.items():
        if runs > 1:
            fewest = comparison.fewest_runs.get(side, runs)
            yield f"{side} is the mean of {f'{fewest} to ' * (fewest < runs)}{runs} training runs"
    for side in comparison.perhaps_trained_once:
        yield f"{side} is a Python object: if it was trained, nothing tells what another seed would change"
    if comparison.trained_once:
        have = "have" if len(comparison.trained_once) > 1 else "has"
        yield (
            f"{' and '.join(comparison.trained_once)} {have} a task with one training run: "
            "what another seed would change is told from other models' runs"
            + "; (these runs): not known"
            * any(difference.of_runs for difference in comparison.differences)
        )
    if any(_of_few_prompts(difference) for difference in comparison.differences):
        yield f"a task has fewer than {FEWEST_PROMPTS} prompts: no verdict on it, nor on a mean over it"
    for difference in comparison.differences:
        if difference.difference.reason is not None:
            yield f"{difference.task}: {difference.difference.reason}"


def _alone(difference: "Difference") -> bool:
    """Whether its p-value is that of one test, not one of many."""
    return difference.p is not None and difference.p_corrected is None


def _of_few_prompts(difference: "Difference") -> bool:
    """Whether it has an interval and yet no p-value."""
    return difference.p is None and difference.difference.low is not None


def _verdict(difference: "Difference") -> str:
    if difference.better is None:
        return "too few prompts" if difference.p is None else "not separated"
    return f"{difference.better} is better" + " (these runs)" * difference.of_runs


def _prompts(difference: "Difference") -> str:
    from icl_bench.ranking.differences import GRADED, MEAN

    prompts, suite_prompts = difference.prompts, difference.suite_prompts
    if prompts == suite_prompts:
        return f"{prompts:,}"
    return f"{'' if difference.task in (GRADED, MEAN) else 'first '}{prompts:,} of {suite_prompts:,}"


def _table(comparison: "Comparison") -> str:
    from icl_bench.display.text_table import text_table
    from icl_bench.leaderboard.formats import p_value
    from icl_bench.views.cells import format_estimate

    rows = []
    for difference in comparison.differences:
        p = "-" if difference.p is None else p_value(difference)
        rows.append(
            {
                "task": difference.task,
                "prompts": _prompts(difference),
                "A": "-" if difference.a is None else f"{difference.a:.3f}",
                "B": "-" if difference.b is None else f"{difference.b:.3f}",
                "A − B": format_estimate(difference.difference),
                "p": p + " *" * _alone(difference),
                "": _verdict(difference),
            }
        )
    return text_table(rows, droppable=["prompts", "p", "A", "B"])
