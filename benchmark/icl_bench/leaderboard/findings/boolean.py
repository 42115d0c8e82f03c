"""What is seen of Boolean functions, claim by claim of arXiv 2310.03016 (its abstract).

Whether a claim holds here is decided by a rule that is written where it is applied; its numbers stand beside.
"""

from collections.abc import Iterator, Sequence

from icl_bench.charts.series import Numbers
from icl_bench.frozen.anchors import ZERO
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.excess import excess_risk, needed_examples
from icl_bench.leaderboard.findings.finding import Finding, Link, listed, seeds
from icl_bench.leaderboard.findings.language_models import CLAIM, DENIED, HOLDS, language_models
from icl_bench.leaderboard.formats import score, spaced
from icl_bench.leaderboard.shifted import gain_on
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.specs.suite import TaskSpec

SIMPLE, COMPLEX = ("conjunction", "disjunction"), ("dnf", "parity_any")  # function classes
NEARLY, ALIKE = 0.95, 0.02  # gains: nearly the exact predictor's; apart by so little that they are alike
TAUGHT = "conjunction_taught"


def boolean_findings(board: SuiteBoard) -> Iterator[Finding]:
    """Of a suite of Boolean functions; nothing of others, or without models."""
    if not board.data.models or not any(task.function_class.labels for task in board.suite.tasks.values()):
        return
    claims = (
        (language_models,) if board.suite.spec.asked_in == "text" else (_simple, _without_attention, _taught)
    )
    for claim in claims:
        if (finding := claim(board)) is not None:
            yield finding


def _simple(board: SuiteBoard) -> Finding | None:
    """It holds where the best model of attention has a gain of NEARLY on all simple tasks, and on some
    complex one a lower one than on any of these."""
    models = _of_family(board, "attention")
    gains = {
        task.function_class.type: best for task in _tasks(board) if (best := _best(models, task)) is not None
    }
    if not models or not gains.keys() >= {*SIMPLE, *COMPLEX}:
        return None
    simple = [gains[name][0] for name in SIMPLE]
    falls = min(gains[name][0] for name in COMPLEX) < min(simple)
    verdict = HOLDS if min(simple) >= NEARLY and falls else DENIED
    words = ", ".join(f"{score(gains[name][0])} on {spaced(name)}" for name in (*SIMPLE, *COMPLEX))
    sentence = (
        f"{CLAIM}transformers nearly match the optimal learner on simpler tasks and fall behind on more "
        f"complex ones. {verdict}. The best of {len(models)} models of attention alone gains {words}; 100 is "
        f"the exact predictor, {score(NEARLY)} counts as nearly."
    )
    return _finding(
        board, models, "simple", "Simpler and more complex functions", sentence, _gains(board, models)
    )


def _without_attention(board: SuiteBoard) -> Finding | None:
    """It holds where the best without attention is within ALIKE of the best with it on half of the tasks."""
    with_it, without = _of_family(board, "attention"), _of_family(board, "recurrent")
    pairs = {
        task.name: (one[0], other[0])
        for task in _tasks(board)
        if (one := _best(with_it, task)) and (other := _best(without, task))
    }
    if len(pairs) < len(_tasks(board)):
        return None
    alike = [name for name, (one, other) in pairs.items() if abs(one - other) <= ALIKE]
    apart = [
        f"{spaced(name)} ({score(other)} against {score(one)})"
        for name, (one, other) in pairs.items()
        if name not in alike
    ]
    verdict = HOLDS if 2 * len(alike) >= len(pairs) else DENIED
    differ = f"; they differ on {listed(apart)}" if apart else ""
    sentence = (
        f"{CLAIM}some models without attention do almost as well on a range of tasks. {verdict}: the best of "
        f"{len(without)} without attention and the best of {len(with_it)} of attention alone are within "
        f"{score(ALIKE)} points on {len(alike)} of {len(pairs)} tasks{differ}."
    )
    models = [*with_it, *without]
    return _finding(
        board, models, "attention-free", "Models without attention", sentence, _gains(board, models)
    )


def _taught(board: SuiteBoard) -> Finding | None:
    """It holds where every model of attention alone needs fewer examples, those of the teaching sequence
    counted, until its error stays within a tenth of that of answering 0. Beside it stands when the error is
    that of the exact predictor, which may be from the first example on."""
    taught = next((task for task in _tasks(board) if task.function_class.type == TAUGHT), None)
    plain = next((task for task in _tasks(board) if task.function_class.type == "conjunction"), None)
    if taught is None or plain is None:
        return None
    models = [model for model in board.data.models if {taught.name, plain.name} <= model.tasks.keys()]
    needed = {
        model.name: [
            count(board, model.name, task) for count in (_learned, _matched) for task in (plain, taught)
        ]
        for model in models
    }
    transformers = [model.name for model in _of_family(board, "attention") if model.name in needed]
    if not transformers:
        return None
    sooner = [name for name in transformers if _is_fewer(needed[name][1], needed[name][0])]
    verdict = HOLDS if len(sooner) == len(transformers) else DENIED
    sentence = (
        f"{CLAIM}given a teaching sequence, which tells a function from all others of its class, "
        f"transformers learn from fewer examples. {verdict}: {len(sooner)} of {len(transformers)} models of "
        "attention alone need fewer until their error stays within a tenth of that of answering 0, the "
        f"examples of the sequence counted; the exact predictor needs {_exactly(board, plain)}, with a "
        f"teaching sequence {_exactly(board, taught)}. Matched is what is within that tenth of the exact "
        "predictor's error, whatever that is."
    )
    names = [spaced(task.name) for task in (plain, taught)]
    head = ("Examples needed", *(f"{name}, {what}" for what in ("learned", "matched") for name in names))
    table = [head, *((name, *map(_in_words, counts)) for name, counts in needed.items())]
    return _finding(board, models, "taught", "Teaching sequences", sentence, table)


def _tasks(board: SuiteBoard) -> list[TaskSpec]:
    return [task for task in board.suite.tasks.values() if task.function_class.labels]


def _of_family(board: SuiteBoard, family: str) -> list[ModelData]:
    return [
        model for model in board.data.models if model.architecture and model.architecture.family == family
    ]


def _best(models: Sequence[ModelData], task: TaskSpec) -> tuple[float, str] | None:
    known = [(gain.value, model.name) for model in models if (gain := gain_on(model, task.name))]
    return max(((value, name) for value, name in known if value is not None), default=None)


def _gains(board: SuiteBoard, models: Sequence[ModelData]) -> list[tuple[str, ...]]:
    tasks = _tasks(board)
    rows = [
        (model.name, *(score(gain.value) if (gain := gain_on(model, task.name)) else "–" for task in tasks))
        for model in models
    ]
    return [("Gain", *(spaced(task.name) for task in tasks)), *rows]


def _learned(board: SuiteBoard, name: str, task: TaskSpec) -> int | None:
    """After how many examples a model's error stays within a tenth of that of answering 0."""
    curve, zero = board.curve(name, task.name), board.frozen_curve(task.name, ZERO)
    return None if curve is None or zero is None else needed_examples(_shares(curve.y, zero))


def _matched(board: SuiteBoard, name: str, task: TaskSpec) -> int | None:
    """After how many it stays within as much of the exact predictor's."""
    curve = board.curve(name, task.name)
    excess = None if curve is None else excess_risk(board, task, curve.y)
    return None if excess is None else needed_examples(excess)


def _is_fewer(some: int | None, others: int | None) -> bool:
    """Of examples needed; None is that no number of them is enough."""
    return some is not None and (others is None or some < others)


def _in_words(needed: int | None) -> str:
    return "not within the prompt" if needed is None else str(needed)


def _exactly(board: SuiteBoard, task: TaskSpec) -> str:
    """After how many examples the exact predictor's own error stays within a tenth of that of answering 0."""
    exact, zero = (board.frozen_curve(task.name, name) for name in (task.exact, ZERO))
    if exact is None or zero is None:
        return "an unknown number of"
    return _in_words(needed_examples(_shares(exact, zero)))


def _shares(errors: Numbers, zero: Numbers) -> list[float]:
    return [error / most for error, most in zip(errors, zero, strict=True)]


def _finding(
    board: SuiteBoard,
    models: Sequence[ModelData],
    name: str,
    title: str,
    sentence: str,
    table: Sequence[Sequence[str]],
) -> Finding:
    fewest = min(scores.runs for model in models for scores in model.tasks.values())
    page = Link("Board", board.path)
    return Finding(f"{board.suite.name}-{name}", title, sentence, seeds(fewest), [page], table)
