"""What the 2024 study says of components and tasks, held against the records."""

from collections.abc import Iterator

from icl_bench.frozen.anchors import PRIOR_MEAN, ZERO
from icl_bench.frozen.errors import load_errors
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.findings.finding import CONTRADICTED, Finding, Link, listed, seeds
from icl_bench.leaderboard.formats import score, spaced
from icl_bench.leaderboard.published_scores import Published, load_published
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.models.reference import PREFIX
from icl_bench.scoring.scores import regression_score
from icl_bench.suites import load_suite

NORMED, PLAIN = "gpt2-rms", "gpt2"  # which differ in the norm alone
FAILURE = 0.1  # of a score: what the study has less of
PARITY = "sparse_parity"


def norm_in_the_study(board: SuiteBoard) -> Iterator[Finding]:
    """Where the study has much lower scores with RMSNorm in place of LayerNorm, and whether records have."""
    published = load_published()
    rows = {model.name: model for model in board.data.models}
    normed, plain = rows.get(PREFIX + NORMED), rows.get(PREFIX + PLAIN)
    tasks = [task for task in board.suite.tasks if _falls(published, task)]
    tasks = [task for task in tasks if _has_score(normed, task) and _has_score(plain, task)]
    if normed is None or plain is None or not tasks:
        return
    ours = {task: (_score(normed, task), _score(plain, task)) for task in tasks}
    denied = all(with_norm > without - FAILURE / 2 for with_norm, without in ours.values())
    words = listed([spaced(task) for task in tasks])
    sentence = (
        f"The 2024 study (its Table {published.source.table}) has much lower scores for {NORMED} than for "
        f"{PLAIN} on {words}. "
    )
    sentence += (
        "Recorded runs, with one initialisation for all architectures, deny it: the two are alike. In the "
        "study’s code the hybrids start from other weights than GPT-2, so the norm need not be the cause."
        if denied
        else "Recorded runs have lower scores with it too."
    )
    yield Finding(
        f"{board.suite.name}-rmsnorm-in-the-study",
        f"RMSNorm with learned positions: fails on {words}",
        sentence,
        CONTRADICTED if denied else seeds(min(rows[PREFIX + NORMED].tasks[task].runs for task in tasks)),
        [
            Link("Published scores", "published.html"),
            Link("The pair compared", board.page("compare", PREFIX + NORMED)),
        ],
        [
            ("Score", f"{NORMED}, study", f"{PLAIN}, study", f"{NORMED}, here", f"{PLAIN}, here"),
            *(
                (spaced(task), *(score(number) for number in (*_printed(published, task), *ours[task])))
                for task in tasks
            ),
        ],
        curves="excess",
        task=tasks[0],
        models=[PREFIX + NORMED, PREFIX + PLAIN],
    )


def parity_in_the_study() -> str:
    """What the study's parity scores of models that learn nothing are, in a sentence."""
    published = load_published()
    suite = load_suite(published.suite)
    frozen = [load_errors(suite, PARITY, name) for name in (PRIOR_MEAN, suite.task(PARITY).baseline, ZERO)]
    curves = [errors.curve for errors in frozen if errors is not None]
    lowest = min(row[PARITY] for row in published.scores.values() if PARITY in row)
    names = [name for name, row in published.scores.items() if row.get(PARITY) == lowest]
    if len(curves) < len(frozen):
        return ""
    places = list(suite.task(PARITY).scored_points.positions)
    prior = float(regression_score(*(float(curve[places].sum()) for curve in curves)))
    return (
        f" The {score(lowest)} that the 2024 study prints for {listed(names)} is the best answer without the "
        f"examples too: at its size that has a score of {score(prior)}."
    )


def _printed(published: Published, task: str) -> tuple[float | None, float | None]:
    return published.scores[NORMED].get(task), published.scores[PLAIN].get(task)


def _falls(published: Published, task: str) -> bool:
    normed, plain = _printed(published, task)
    return normed is not None and plain is not None and normed < plain - FAILURE


def _has_score(model: ModelData | None, task: str) -> bool:
    return model is not None and task in model.tasks and model.tasks[task].score.value is not None


def _score(model: ModelData, task: str) -> float:
    value = model.tasks[task].score.value
    assert value is not None
    return value
