"""The facts of a card as the Hub's metadata, through huggingface_hub's own classes.

`model-index` stands at the head of README.md, and `.eval_results/*.yaml` is its successor
(https://huggingface.co/docs/hub/eval-results).
"""

from typing import Any

from huggingface_hub import EvalResult, EvalResultEntry, ModelCardData, eval_result_entries_to_yaml

from icl_bench.model_card.facts import CardFacts
from icl_bench.model_card.markdown import printable
from icl_bench.scoring.metric import metrics
from icl_bench.specs.plain_yaml import dump_plain
from icl_bench.specs.result import Estimate
from icl_bench.views.cells import format_estimate

ENTRIES_FOLDER = ".eval_results"
_FAMILIES = {"odbl-1.0": "odbl"}  # SPDX identifiers that the Hub calls otherwise
_NOT_ON_THE_HUB = ("0bsd", "mit-0")


def card_data(facts: CardFacts) -> ModelCardData:
    """The head of README.md."""
    licence, licence_name = _licence(facts.licence)
    results = eval_results(facts) or None
    return ModelCardData(
        license=licence,
        license_name=licence_name,
        library_name="icl-bench",
        tags=["in-context-learning", "icl-bench", facts.suite.name],
        model_name=printable(facts.name) if results else None,
        eval_results=results,
    )


def eval_results(facts: CardFacts) -> list[EvalResult]:
    """The entries of `model-index`: three numbers a task, as far as there are results.

    Each has to name a dataset: that of the Hub where it is known, else the suite, by no name of the Hub.
    """
    repo, commit = facts.dataset or (f"icl-bench-{facts.suite.name}", None)
    return [
        EvalResult(
            task_type="in-context-learning",
            task_name=f"In-context {task.replace('_', ' ')}",
            dataset_type=repo,
            dataset_revision=commit,
            dataset_name=f"{facts.suite.name}/{task}",
            dataset_config=task,
            dataset_split="test",
            dataset_args={"suite_hash": facts.suite_hashes[task], "prompts": result.prompts},
            metric_type=metric.hub_type,
            metric_name=metric.heading,
            metric_value=result.estimates[name].value,
            metric_args=_interval(result.estimates[name]),
        )
        for task, result in facts.results.items()
        for name, metric in metrics(facts.suite.tasks[task]).items()
        if name in result.estimates and result.estimates[name].value is not None
    ]


def eval_entries(facts: CardFacts) -> list[EvalResultEntry]:
    """The entries of `.eval_results`: the score of every task that has one.

    None where it is not known which dataset of the Hub has the prompts: there an entry is of a dataset.
    """
    if facts.dataset is None:
        return []
    repo, commit = facts.dataset
    heading = metrics()["score"].heading
    basis = f"95% interval, {facts.suite.spec.prompts} prompts, suite"
    return [
        EvalResultEntry(
            dataset_id=repo,
            dataset_revision=commit,
            source_url=facts.source,
            task_id=task,
            value=result.score.value,
            notes=f"{heading} {format_estimate(result.score)}, {basis} {facts.suite_hashes[task][:12]}",
        )
        for task, result in facts.results.items()
        if result.score.value is not None
    ]


def entries_file(facts: CardFacts) -> dict[str, str]:
    """The file of these entries: its path in the repository and its text; empty where there are none."""
    entries = eval_entries(facts)
    if not entries:
        return {}
    data = eval_result_entries_to_yaml(entries)
    text = dump_plain(data, allow_unicode=True, width=1_000)
    return {f"{ENTRIES_FOLDER}/icl-bench-{facts.suite.name}.yaml": text}


def _interval(estimate: Estimate) -> dict[str, Any] | None:
    if estimate.low is None:
        return None
    return {"interval": 0.95, "low": estimate.low, "high": estimate.high}


def _licence(licence: str | None) -> tuple[str | None, str | None]:
    """A licence as the Hub calls it, and its name where the Hub does not know it."""
    if licence is None:
        return None, None
    if licence in _NOT_ON_THE_HUB:
        return "other", licence
    licence = licence.removesuffix("-only").removesuffix("-or-later")
    return _FAMILIES.get(licence, licence), None
