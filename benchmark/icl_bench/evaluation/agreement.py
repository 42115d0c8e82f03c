"""Whether two evaluations of the same weights agree.

On one machine with the same versions every number is the same. Elsewhere a matrix product is summed in
another order, predictions differ in their last digits, and scores by far less than their intervals are wide.
"""

from icl_bench.specs.result import ResultRecord, TaskResult

TOLERANCE = 1e-4  # of scores, and of mean errors over that of answering 0


def disagreement(found: ResultRecord, recorded: ResultRecord) -> str | None:
    """The first number of a task that differs by more than the tolerance, or task that only one has, in a
    phrase; None where all agree."""
    for name in dict.fromkeys((*recorded.tasks, *found.tasks)):
        if name not in found.tasks or name not in recorded.tasks:
            where = "newly found" if name in found.tasks else "recorded"
            return f"{name} is {where} alone"
        for key, here, there in _compared(found.tasks[name], recorded.tasks[name]):
            if (here is None) != (there is None) or abs((here or 0) - (there or 0)) > TOLERANCE:
                return f"{key} on {name} is {_told(here)}, recorded as {_told(there)}"
    return None


def same_numbers(found: ResultRecord, recorded: ResultRecord) -> bool:
    """Whether every task has the same errors and estimates to the bit."""
    return _without_cost(found) == _without_cost(recorded)


def _compared(found: TaskResult, recorded: TaskResult) -> list[tuple[str, float | None, float | None]]:
    zero = recorded.scored_sum(recorded.error_curves.zero)
    errors = [sum(one.prompt_errors) / one.prompts / zero for one in (found, recorded)]
    return [
        ("the error over that of answering 0", errors[0], errors[1]),
        ("the score", found.score.value, recorded.score.value),
        ("the optimality", found.optimality.value, recorded.optimality.value),
    ]


def _told(number: float | None) -> str:
    return "undefined" if number is None else f"{number:.6f}"


def _without_cost(record: ResultRecord) -> dict[str, TaskResult]:
    (cost, *_) = [task.cost for task in record.tasks.values()]
    return {name: task.model_copy(update={"cost": cost}) for name, task in record.tasks.items()}
