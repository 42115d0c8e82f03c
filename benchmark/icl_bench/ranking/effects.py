"""What a component does: main effects and interactions of the references' factorial design, with intervals.

An effect is the mean of the four references that have a component less that of the four that have not; an
interaction is half of how much one component's effect differs with and without another (Box, Hunter &
Hunter 2005, Statistics for Experimenters, chapter 5). Responses are the gain on each task and its mean over
graded tasks, the probability that a run learns an all-or-nothing task, and the logarithm to base 2 of the
steps to learn, of runs that learned: -1 is half the steps. Intervals and p-values are those of
`icl_bench.ranking.spread`; p-values are corrected over all effects of a response (Holm). Hybrids are compared
with the reference that has every component, llama.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from icl_bench.errors import InputError
from icl_bench.models.shipped import REFERENCE, bare_name, suite_models
from icl_bench.ranking.contenders import contender
from icl_bench.ranking.design import FACTORS, TERMS, Design, reference_design
from icl_bench.ranking.resampled import Contender
from icl_bench.ranking.responses import RESPONSES, Measured, Responses, Weights
from icl_bench.ranking.spread import SIGNIFICANT, holm
from icl_bench.records.store import all_records
from icl_bench.specs.result import Estimate, ResultRecord
from icl_bench.suites import Suite, chosen_tasks, load_suite

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Effect:
    """An effect, an interaction, a matched pair or a hybrid's difference, on one task."""

    response: str  # one of RESPONSES
    task: str
    term: str  # one of TERMS, or `A − B` of two models
    kind: str  # effect, pair or hybrid
    value: float
    low: float | None  # of the 95% interval; None where nothing is known of other runs or prompts
    high: float | None
    p: float | None  # None too where an interval is of prompts alone
    p_corrected: float | None  # over all of a response and kind

    @property
    def significant(self) -> bool:
        """Whether the corrected p-value is below 0.05."""
        return self.p_corrected is not None and self.p_corrected < SIGNIFICANT


@dataclass(frozen=True)
class Effects:
    """Every effect on a suite, and what they rest on."""

    suite: str
    effects: list[Effect]
    runs: dict[str, int]  # of each task, the fewest of a model
    seeds_known: bool  # whether any model has two runs of a graded task

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def to_frame(self) -> "pd.DataFrame":
        """A pandas table, a row an effect; NaN where a number is not known."""
        import pandas as pd

        return pd.DataFrame([asdict(effect) for effect in self.effects])


def effects(suite: str = "mini", tasks: str | Sequence[str] | None = None) -> Effects:
    """What RMSNorm, RoPE and SwiGLU do to the references, alone and together, and mixers in llama's place.

    Args:
        suite: its name, as `mini` or `paper-v1`.
        tasks: names, or one name, to restrict it to.

    Gains have no unit: 0 is the prior mean, 1 the exact predictor.

    Raises InputError where a reference of the design is missing or has no record of a task, and where a name
    does not exist.

    >>> found = icl_bench.effects("mini", "linear_regression").to_frame()
    >>> list(found[found.kind == "effect"].term)[:3]
    ['RMSNorm', 'RoPE', 'SwiGLU']
    """
    frozen = load_suite(suite)
    chosen = chosen_tasks(frozen, tasks)
    design = reference_design(frozen)
    records = {name: all_records(name, frozen) for name in suite_models(frozen, [REFERENCE])}
    models = {name: contender(name, known) for name, known in records.items() if known}
    _check_recorded(frozen, design, models, chosen)
    return _effects(frozen, design, models, records, chosen)


def recorded_effects(suite: Suite, records: Mapping[str, Sequence[ResultRecord]]) -> Effects | None:
    """The same of these records of references, by name, on every task that all eight have a run of.

    None where there is no such task, or where a reference of the design is missing.
    """
    try:
        design = reference_design(suite)
    except InputError:
        return None
    models = {name: contender(name, known) for name, known in records.items() if known}
    tasks = [
        task
        for task in suite.tasks
        if all(name in models and models[name].runs.get(task) for name in design.names)
    ]
    return _effects(suite, design, models, records, tasks) if tasks else None


def pair_terms(suite: Suite) -> dict[str, list[str]]:
    """What the pairs of models that differ in a component alone are called, by the component.

    InputError where a reference of the design is missing.
    """
    design = reference_design(suite)
    return {
        factor.name: [_difference(*pair) for pair in design.pairs(place)]
        for place, factor in enumerate(FACTORS)
    }


def _effects(
    suite: Suite,
    design: Design,
    models: Mapping[str, Contender],
    records: Mapping[str, Sequence[ResultRecord]],
    tasks: Sequence[str],
) -> Effects:
    responses = Responses(suite, models, records, tasks)
    found: list[Effect] = []
    for response in RESPONSES:
        by_task = {task: terms for task, terms in responses.of(response) if terms is not None}
        for kind, weights in _contrasts(design).items():
            found += _corrected(response, kind, weights, by_task)
    return Effects(
        suite.name,
        found,
        {task: min(len(models[name].runs[task]) for name in design.names) for task in tasks},
        responses.seeds_known,
    )


def _contrasts(design: Design) -> dict[str, Weights]:
    terms = {
        term: dict(zip(design.names, row, strict=True))
        for term, row in zip(TERMS, design.contrasts().tolist(), strict=True)
    }
    pairs = [pair for factor in range(len(FACTORS)) for pair in design.pairs(factor)]
    hybrids = [(hybrid, design.full) for hybrid in design.hybrids]
    return {
        "effect": terms,
        "pair": {_difference(*pair): {pair[0]: 1.0, pair[1]: -1.0} for pair in pairs},
        "hybrid": {_difference(*pair): {pair[0]: 1.0, pair[1]: -1.0} for pair in hybrids},
    }


def _difference(a: str, b: str) -> str:
    return f"{bare_name(a)} − {bare_name(b)}"


def _check_recorded(
    suite: Suite, design: Design, models: Mapping[str, Contender], tasks: Sequence[str]
) -> None:
    for name in design.names:
        lacking = [task for task in tasks if name not in models or not models[name].runs.get(task)]
        if lacking:
            raise InputError(
                f"{name} has no record of {', '.join(lacking)} on {suite.name}, and effects need all eight "
                "references of the design; name other tasks, or evaluate and record it",
                code="no-run",
            )


def _corrected(
    response: str, kind: str, weights: Weights, by_task: Mapping[str, Measured]
) -> Iterator[Effect]:
    """Every term on every task, with p-values corrected over all of them."""
    rows: list[tuple[str, str, Estimate, float]] = []
    for task, measured in by_task.items():
        combined = measured.combined(weights)
        if combined is not None:
            names, terms = combined
            p_values = terms.p_values() if measured.knows_runs else np.full(len(names), np.nan)
            for term, estimate, p in zip(names, terms.estimates(), p_values.tolist(), strict=True):
                rows.append((task, term, estimate, p))
    corrected = holm(np.array([p for *_, p in rows])).tolist() if rows else []
    for (task, term, estimate, p), p_corrected in zip(rows, corrected, strict=True):
        known = bool(np.isfinite(p))
        yield Effect(
            response,
            task,
            term,
            kind,
            float(estimate.value or 0.0),
            estimate.low,
            estimate.high,
            p if known else None,
            p_corrected if known else None,
        )
