"""What mixers of today do beside the references: task by task, by state, on parity, with a convolution.

Each sentence is of what is recorded so far; a task on which few of the zoo are recorded is left out.
"""

from collections.abc import Iterator, Mapping, Sequence

from scipy.stats import spearmanr

from icl_bench.leaderboard.data import ModelData, TaskData
from icl_bench.leaderboard.findings.convergence import NOTHING, convergence, most_added, outcomes
from icl_bench.leaderboard.findings.convolution import convolution
from icl_bench.leaderboard.findings.finding import Finding, listed, with_interval
from icl_bench.leaderboard.findings.zoo_models import zoo_finding, zoo_models
from icl_bench.leaderboard.formats import MINUS, count, score, spaced
from icl_bench.leaderboard.shifted import gain_on
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.models.shipped import REFERENCE, ZOO, collection_of
from icl_bench.specs.outcome import Outcome
from icl_bench.specs.result import Estimate

FEWEST = 3  # models of the zoo that a task is recorded of
BESIDE = ("reference/llama", "reference/mamba")  # what they are held against
RETRIEVAL = "vector_mqar"  # the function class


def zoo_findings(board: SuiteBoard) -> Iterator[Finding]:
    """Of a suite on which references are recorded, and models of the zoo beside them."""
    if not any(collection_of(model.name) == REFERENCE for model in board.data.models):
        return
    for finding in (_by_task(board), _recall(board), _parity(board), convolution(board)):
        if finding is not None:
            yield finding
    if len(zoo_models(board)) >= FEWEST:
        yield from convergence(board, ZOO)


def _by_task(board: SuiteBoard) -> Finding | None:
    graded = [
        task for task in board.data.tasks if task.learned_at is None and len(_known(board, task)) >= FEWEST
    ]
    if not graded:
        return None
    sentence = "; ".join(_of_task(board, task) for task in graded)
    models = [model for model in zoo_models(board) if any(task.name in model.tasks for task in graded)]
    beside = [model for model in board.data.models if model.name in BESIDE]
    columns = [task.name for task in graded]
    head = ("Gain", _state_heading(board, columns), *map(spaced, columns))
    table = [head, *_rows(board, [*models, *beside], columns)]
    title = "Mixers of today beside the references"
    return zoo_finding(board, "zoo", title, f"{sentence[:1].upper()}{sentence[1:]}.", models, table)


def _of_task(board: SuiteBoard, task: TaskData) -> str:
    known = _known(board, task)
    never = [f"{model.name} ({score(gain.value)})" for gain, model in known if (gain.value or 0.0) < NOTHING]
    best, least = known[0], known[len(known) - len(never) - 1]
    beside = [
        f"{name} {score(gain.value)}"
        for name in BESIDE
        if (model := _named(board, name)) and (gain := gain_on(model, task.name))
    ]
    return (
        f"on {spaced(task.name)} {best[1].name} has the highest gain of {len(known)} mixers of the zoo, "
        f"{with_interval(best[0])}, and {least[1].name} the lowest, {with_interval(least[0])}"
        + (f", but for {listed(never)} that learned nothing" if never else "")
        + (f", beside {' and '.join(beside)}" if beside else "")
    )


def _recall(board: SuiteBoard) -> Finding | None:
    """Whether a larger state that does not grow with the prompt recalls more, and whether reading the token
    before does, which pairs a value with its key."""
    task = next((task for task in board.data.tasks if _class(board, task) == RETRIEVAL), None)
    if task is None:
        return None
    known = _known(board, task)
    fixed = [(gain.value or 0.0, model) for gain, model in known if not _grows(model)]
    growing = [(gain.value or 0.0, model) for gain, model in known if _grows(model)]
    if len(fixed) < FEWEST:
        return None
    states = [_state(board, model, [task.name]) for _, model in fixed]
    gains = [gain for gain, _ in fixed]
    rank = float(spearmanr(states, gains).statistic) if len(set(states)) > 1 and len(set(gains)) > 1 else 0.0
    words = f"{rank:.2f}".replace("-", MINUS)
    best, least = fixed[0], fixed[-1]
    sentence = (
        f"On {spaced(task.name)} the {len(fixed)} mixers whose state does not grow with the prompt gain from "
        f"{score(least[0])} ({least[1].name}) to {score(best[0])} ({best[1].name}); the rank correlation "
        f"with the size of their state is {words}"
    )
    if growing:
        sentence += f", and the {len(growing)} with one that grows gain {score(growing[-1][0])} or more"
    models = [model for _, model in (*fixed, *growing)]
    models += [model for model in board.data.models if model.name in BESIDE and task.name in model.tasks]
    near = {model.name: _reads_before(board, model) for model in models}
    sentence += _by_near(fixed, near)
    ends = {model.name: outcomes(model, task.name) for model in models}
    sentence += _with_more_steps({model.name: ends[model.name] for _, model in fixed})
    head = ("Gain", _state_heading(board, [task.name]), spaced(task.name), "Twice the steps would add")
    table = [
        (*head, "The token before is read by"),
        *(
            (*row, _points(most_added(ends[row[0]])), near[row[0]] or "–")
            for row in _rows(board, models, [task.name])
        ),
    ]
    return zoo_finding(board, "zoo-recall", "Recall against state", f"{sentence}.", models, table)


def _by_near(fixed: Sequence[tuple[float, ModelData]], near: Mapping[str, str]) -> str:
    """The gains of mixers that read the token before beside their state, and of the others, highest first."""
    with_it = [gain for gain, model in fixed if near[model.name]]
    without = [gain for gain, model in fixed if not near[model.name]]
    if not with_it or not without:
        return ""
    of_them, of_others = (f"{score(gains[-1])} to {score(gains[0])}" for gains in (with_it, without))
    return (
        f". Of mixers with a fixed state, the {len(with_it)} that read the token before by a convolution, "
        f"a token shift or a window gain from {of_them}, and the {len(without)} others from {of_others}"
    )


def _with_more_steps(runs: Mapping[str, Sequence[Outcome]]) -> str:
    """How many of some mixers were cut off while they learned, and what twice the steps would add at most."""
    cut_off = [name for name, ends in runs.items() if any(end.converged is False for end in ends)]
    gains = {name: gain for name in cut_off if (gain := most_added(runs[name])) is not None}
    if not gains:
        return ""
    most = max(gains, key=gains.__getitem__)
    return (
        f". {len(cut_off)} of the {len(runs)} have not converged: where it is known, twice the steps "
        f"would add up to {score(gains[most])} points ({most})"
    )


def _points(gain: float | None) -> str:
    return "–" if gain is None else score(gain)


def _reads_before(board: SuiteBoard, model: ModelData) -> str:
    """What reads the token before, beside a state or attention to all: empty if nothing does."""
    modules = [
        sublayer.module for spec in board.by_name[model.name].specs.values() for sublayer in spec.built()
    ]
    means = {
        "convolution": any(getattr(module, "conv", 0) for module in modules),
        "token shift": any(module.type == "rwkv7" for module in modules),
        "window": any(module.type == "attention" and getattr(module, "window", None) for module in modules),
    }
    return ", ".join(name for name, there in means.items() if there)


def _parity(board: SuiteBoard) -> Finding | None:
    """Which of the zoo learn the all-or-nothing tasks that are no retrieval."""
    tasks = [
        task for task in board.data.tasks if task.learned_at is not None and _class(board, task) != RETRIEVAL
    ]
    for task in tasks:
        models = [model for model in zoo_models(board) if task.name in model.tasks]
        known = [(model, learned) for model in models if (learned := model.tasks[task.name].learned)]
        if len(known) < FEWEST:
            continue
        never = [model.name for model, learned in known if learned.learned == 0]
        some = len(known) - len(never)
        sentence = (
            f"{some} of {len(known)} mixers of the zoo learned {spaced(task.name)} within the recipe's "
        )
        sentence += f"steps; {listed(never)} did not" if never else "steps"
        head = ("Runs that learned it", spaced(task.name), "Steps to learn")
        rows = [
            (model.name, f"{learned.learned} of {learned.runs}", _steps(learned.steps))
            for model, learned in known
        ]
        return zoo_finding(board, "zoo-parity", "Parity", f"{sentence}.", models, [head, *rows])
    return None


def _grows(model: ModelData) -> bool:
    """Whether its state grows with the prompt."""
    return model.architecture is not None and model.architecture.state_per_token > 0


def _steps(steps: int | None) -> str:
    return "–" if steps is None else count(steps)


def _known(board: SuiteBoard, task: TaskData) -> list[tuple[Estimate, ModelData]]:
    """The gains of the zoo on a task, the highest first."""
    gains = [(gain, model) for model in zoo_models(board) if (gain := gain_on(model, task.name)) is not None]
    return sorted(gains, key=lambda known: -(known[0].value or 0.0))


def _named(board: SuiteBoard, name: str) -> ModelData | None:
    return next((model for model in board.data.models if model.name == name), None)


def _class(board: SuiteBoard, task: TaskData) -> str:
    return str(board.suite.task(task.name).function_class.type)


def _tokens(board: SuiteBoard, tasks: Sequence[str]) -> int:
    """Of the longest prompt of these tasks."""
    return max(board.suite.task(task).tokens for task in tasks)


def _state_heading(board: SuiteBoard, tasks: Sequence[str]) -> str:
    return f"State at {_tokens(board, tasks)} tokens"


def _state(board: SuiteBoard, model: ModelData, tasks: Sequence[str]) -> int:
    """Numbers that its largest checkpoint for these tasks carries at the end of their longest prompt."""
    accounts = board.by_name[model.name].accounts(board.suite)
    held = [accounts[task] for task in tasks if task in accounts]
    tokens = _tokens(board, tasks)
    return max(account.state_fixed + tokens * account.state_per_token for account in held)


def _rows(board: SuiteBoard, models: Sequence[ModelData], tasks: Sequence[str]) -> list[tuple[str, ...]]:
    rows = []
    for model in models:
        gains = [gain_on(model, task) for task in tasks]
        cells = (score(gain.value) if gain is not None else "–" for gain in gains)
        rows.append((model.name, count(_state(board, model, tasks)), *cells))
    return rows
