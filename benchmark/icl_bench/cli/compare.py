"""`icl-bench compare`: which of two models is better on which task, and which differences are real."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from icl_bench.ranking.compare import Difference

ModelOrRecord = Annotated[
    str,
    typer.Argument(
        help="A model, as for evaluate, or a record that evaluate wrote.", show_default=False, metavar="MODEL"
    ),
]


def compare(
    a: ModelOrRecord,
    b: ModelOrRecord,
    suite: Annotated[str, typer.Option(help="mini or paper, or a version of them.")] = "mini",
    task: Annotated[
        list[str] | None, typer.Option(help="Only this task; may be given again.", show_default="all")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda.", show_default="cpu")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, nothing else.")] = False,
) -> None:
    """Compare two models on the same prompts, task by task, with 95% intervals of the difference.

    Both are resampled over the same prompts, so a small difference can be told where their intervals
    overlap. p-values are corrected for the number of tasks (Holm); that of the mean over tasks is one test of
    its own. Of models on the board what is recorded is taken, of baselines what is frozen; other models are
    evaluated first.

    Example: icl-bench compare reference/gpt2 baseline/ridge --task linear_regression
    """
    from icl_bench.ranking.compare import compare as differences
    from icl_bench.ranking.contenders import contenders
    from icl_bench.suites import chosen_tasks, load_suite

    of = load_suite(suite)
    tasks = chosen_tasks(of, task)
    first, second = contenders([a, b], of, tasks, device)
    found = differences(of, first, second, tasks)
    once = [side for side, one in (("A", first), ("B", second)) if one.one_run]
    if as_json:
        sides = {"suite": of.name, "a": first.name, "b": second.name, "trained_once": once}
        typer.echo(json.dumps(sides | {"differences": [_row(one) for one in found]}, indent=1))
        return
    typer.echo(f"A = {first.name}, B = {second.name}, on {of.name}\n")
    typer.echo(_table(found, of.spec.resamples))
    if any(_alone(one) for one in found):
        typer.echo(f"* of the mean alone, not corrected; the others are for {_corrected(found)} tasks (Holm)")
    if once:
        have = "have" if len(once) > 1 else "has"
        typer.echo(
            f"{' and '.join(once)} {have} a task with one training run: "
            "nothing there tells what another seed would change"
        )
    for one in found:
        if one.difference.reason is not None:
            typer.echo(f"{one.task}: {one.difference.reason}")


def _row(one: "Difference") -> dict[str, Any]:
    ends = {"low": one.difference.low, "high": one.difference.high, "reason": one.difference.reason}
    scores = {"score_a": one.a, "score_b": one.b, "difference": one.difference.value}
    row = {"task": one.task, "prompts": one.prompts, "of": one.of, **scores, **ends}
    return row | {"p": one.p, "p_corrected": one.p_corrected, "better": one.better}


def _alone(one: "Difference") -> bool:
    """Whether its p-value is that of one test, not one of many."""
    return one.p is not None and one.p_corrected is None


def _corrected(found: "list[Difference]") -> int:
    return sum(one.p_corrected is not None for one in found)


def _prompts(one: "Difference") -> str:
    from icl_bench.ranking.compare import MEAN

    if one.prompts == one.of:
        return f"{one.prompts:,}"
    return f"{'' if one.task == MEAN else 'first '}{one.prompts:,} of {one.of:,}"


def _table(found: "list[Difference]", resamples: int) -> str:
    from icl_bench.display.table import format_estimate
    from icl_bench.display.text_table import text_table
    from icl_bench.leaderboard.formats import p_value

    rows = [
        {
            "task": one.task,
            "prompts": _prompts(one),
            "A": "-" if one.a is None else f"{one.a:.3f}",
            "B": "-" if one.b is None else f"{one.b:.3f}",
            "A − B": format_estimate(one.difference),
            "p": "-" if one.p is None else p_value(one, resamples) + " *" * _alone(one),
            "": f"{one.better} is better" if one.better else "not separated",
        }
        for one in found
    ]
    return text_table(rows)
