"""What mixers of today do beside the references: task by task, by state, on parity, with a convolution.

Each sentence is of what is recorded so far; a task on which few of the zoo are recorded is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from scipy.stats import spearmanr

from icl_bench.leaderboard.data import ModelData, TaskData
from icl_bench.leaderboard.findings.finding import Finding, Link, listed, seeds, with_interval
from icl_bench.leaderboard.formats import MINUS, count, score, spaced
from icl_bench.leaderboard.shifted import gain_on
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.models.shipped import REFERENCE, ZOO, collection_of
from icl_bench.specs.result import Estimate

FEWEST = 3  # models of the zoo that a task is recorded of
BESIDE = ("reference/llama", "reference/mamba")  # what they are held against
RETRIEVAL = "vector_mqar"  # the function class


def zoo_findings(board: SuiteBoard) -> Iterator[Finding]:
    """Of a suite on which references are recorded, and models of the zoo beside them."""
    if not any(collection_of(model.name) == REFERENCE for model in board.data.models):
        return
    for finding in (_by_task(board), _recall(board), _parity(board), _convolution(board)):
        if finding is not None:
            yield finding


def _by_task(board: SuiteBoard) -> Finding | None:
    graded = [
        task for task in board.data.tasks if task.learned_at is None and len(_known(board, task)) >= FEWEST
    ]
    if not graded:
        return None
    sentence = "; ".join(_of_task(board, task) for task in graded)
    models = [model for model in _zoo(board) if any(task.name in model.tasks for task in graded)]
    beside = [model for model in board.data.models if model.name in BESIDE]
    columns = [task.name for task in graded]
    table = [("Gain", "State", *map(spaced, columns)), *_rows(board, [*models, *beside], columns)]
    title = "Mixers of today beside the references"
    return _finding(board, "zoo", title, f"{sentence[:1].upper()}{sentence[1:]}.", models, table)


def _of_task(board: SuiteBoard, task: TaskData) -> str:
    known = _known(board, task)
    best, least = known[0], known[-1]
    beside = [
        f"{name} {score(gain.value)}"
        for name in BESIDE
        if (model := _named(board, name)) and (gain := gain_on(model, task.name))
    ]
    return (
        f"on {spaced(task.name)} {best[1].name} has the highest gain of {len(known)} mixers of the zoo, "
        f"{with_interval(best[0])}, and {least[1].name} the lowest, {with_interval(least[0])}"
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
    states = [_state(board, model) for _, model in fixed]
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
    near = {model.name: _reads_before(board, model) for _, model in (*fixed, *growing)}
    sentence += _by_near(fixed, near)
    models = [model for _, model in (*fixed, *growing)]
    head = ("Gain", "State", spaced(task.name), "The token before is read by")
    table = [head, *((*row, near[row[0]] or "–") for row in _rows(board, models, [task.name]))]
    return _finding(board, "zoo-recall", "Recall against state", f"{sentence}.", models, table)


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
        models = [model for model in _zoo(board) if task.name in model.tasks]
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
        return _finding(board, "zoo-parity", "Parity", f"{sentence}.", models, [head, *rows])
    return None


def _convolution(board: SuiteBoard) -> Finding | None:
    """Pairs of the zoo whose specs differ in their convolution alone."""
    pairs = [
        (without, with_it)
        for one, other in combinations(_zoo(board), 2)
        for without, with_it in ((one, other), (other, one))
        if _but_for_convolution(board, without, with_it)
    ]
    rows, changes, alike, unsure = [], [], [], []
    for without, with_it in pairs:
        for task in board.data.tasks:
            gains = [gain_on(model, task.name) for model in (without, with_it)]
            if gains[0] is None or gains[1] is None:
                continue
            before, after = (score(gain.value) for gain in gains if gain)
            rows.append((with_it.name, spaced(task.name), before, after))
            where = f"{spaced(task.name)} from {before} to {after} in {with_it.name}"
            if not _overlap(gains[0], gains[1]):
                changes.append(where)
            elif task.learned_at is None:
                alike.append(f"{spaced(task.name)} in {with_it.name}")
            else:  # a run learns such a task or not, so the interval is one of runs
                unsure.append(where)
    if not rows:
        return None
    parts = [f"changes the gain on {listed(changes)}"] if changes else []
    parts += [f"makes no difference that is seen on {listed(alike)}"] if alike else []
    parts += [f"with too few runs to tell it from chance, moves {listed(unsure)}"] if unsure else []
    sentence = f"A short convolution before the recurrence {', and '.join(parts)}."
    head = ("Gain", "Task", "Without", "With the convolution")
    models = [model for pair in pairs for model in pair]
    return _finding(board, "zoo-convolution", "Who needs the convolution", sentence, models, [head, *rows])


def _overlap(one: Estimate, other: Estimate) -> bool:
    """Whether the intervals of two gains do, or one has none."""
    ends = (one.low, one.high, other.low, other.high)
    return None in ends or ((ends[0] or 0) <= (ends[3] or 0) and (ends[2] or 0) <= (ends[1] or 0))


def _but_for_convolution(board: SuiteBoard, without: ModelData, with_it: ModelData) -> bool:
    """Whether the specs of two models differ in that one has a convolution and the other has none."""
    specs = [next(iter(board.by_name[model.name].specs.values()), None) for model in (without, with_it)]
    if specs[0] is None or specs[1] is None:
        return False
    plain = [_without_convolution(spec.to_dict()) for spec in specs if spec]
    return plain[0][0] == plain[1][0] and plain[0][1] == {0} and 0 not in plain[1][1]


def _without_convolution(value: Any) -> tuple[Any, set[int]]:
    """A spec without its name and its convolutions, and the lengths of these."""
    if isinstance(value, dict):
        kept = {key: part for key, part in value.items() if key not in ("conv", "name")}
        parts = {key: _without_convolution(part) for key, part in kept.items()}
        own = {value["conv"]} if "conv" in value else set()
        return {key: part for key, (part, _) in parts.items()}, own.union(
            *(more for _, more in parts.values())
        )
    if isinstance(value, list):
        each = [_without_convolution(part) for part in value]
        return [part for part, _ in each], set().union(*(more for _, more in each))
    return value, set()


def _grows(model: ModelData) -> bool:
    """Whether its state grows with the prompt."""
    return model.architecture is not None and model.architecture.state_per_token > 0


def _steps(steps: int | None) -> str:
    return "–" if steps is None else count(steps)


def _zoo(board: SuiteBoard) -> list[ModelData]:
    models = [model for model in board.data.models if collection_of(model.name) == ZOO]
    return sorted(models, key=lambda model: model.name)


def _known(board: SuiteBoard, task: TaskData) -> list[tuple[Estimate, ModelData]]:
    """The gains of the zoo on a task, the highest first."""
    gains = [(gain, model) for model in _zoo(board) if (gain := gain_on(model, task.name)) is not None]
    return sorted(gains, key=lambda known: -(known[0].value or 0.0))


def _named(board: SuiteBoard, name: str) -> ModelData | None:
    return next((model for model in board.data.models if model.name == name), None)


def _class(board: SuiteBoard, task: TaskData) -> str:
    return str(board.suite.task(task.name).function_class.type)


def _state(board: SuiteBoard, model: ModelData) -> int:
    """Numbers carried at the end of the longest prompt."""
    architecture = model.architecture
    tokens = max(task.tokens for task in board.suite.tasks.values())
    return 0 if architecture is None else architecture.state_fixed + tokens * architecture.state_per_token


def _rows(board: SuiteBoard, models: Sequence[ModelData], tasks: Sequence[str]) -> list[tuple[str, ...]]:
    rows = []
    for model in models:
        gains = [gain_on(model, task) for task in tasks]
        cells = (score(gain.value) if gain is not None else "–" for gain in gains)
        rows.append((model.name, count(_state(board, model)), *cells))
    return rows


def _finding(
    board: SuiteBoard,
    name: str,
    title: str,
    sentence: str,
    models: Sequence[ModelData],
    table: Sequence[Sequence[str]],
) -> Finding:
    fewest = min(scores.runs for model in models for scores in model.tasks.values())
    page = Link("Board", board.path)
    return Finding(f"{board.suite.name}-{name}", title, sentence, seeds(fewest), [page], table)
