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
from icl_bench.models.reference import PREFIX, suite_references
from icl_bench.ranking.compare import GRADED, MEAN, METRIC, averaged_tasks
from icl_bench.ranking.contenders import contender
from icl_bench.ranking.design import FACTORS, TERMS, Design, reference_design
from icl_bench.ranking.resampled import Contender, sample_task
from icl_bench.ranking.sampled import Sampled
from icl_bench.ranking.seeds import pooled_variance
from icl_bench.ranking.spread import SIGNIFICANT, STANDARD, Terms, combined_terms, holm, mean_terms
from icl_bench.records.store import all_records
from icl_bench.specs.outcome import Threshold
from icl_bench.specs.result import Estimate, ResultRecord
from icl_bench.suites import Suite, chosen_tasks, load_suite

if TYPE_CHECKING:
    import pandas as pd

LEARNED = "P(learned)"
STEPS = "log2 steps to learn"
RESPONSES = (METRIC, LEARNED, STEPS)
_THRESHOLD: Threshold = "0.9"  # the development optimality that steps to learn are counted to


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

    Raises InputError where a reference of the design is missing or has no record of a task.

    >>> found = icl_bench.effects("mini", "linear_regression").to_frame()
    >>> list(found[found.kind == "effect"].term)[:3]
    ['RMSNorm', 'RoPE', 'SwiGLU']
    """
    frozen = load_suite(suite)
    chosen = chosen_tasks(frozen, tasks)
    design = reference_design(frozen)
    records = {PREFIX + name: all_records(PREFIX + name, frozen) for name in suite_references(frozen)}
    models = {name: contender(name, known) for name, known in records.items() if known}
    _check_recorded(frozen, design, models, chosen)
    responses = _Responses(frozen, models, records, chosen)
    found: list[Effect] = []
    for response in RESPONSES:
        by_task = {task: terms for task, terms in responses.of(response) if terms is not None}
        for kind, weights in _contrasts(design).items():
            found += _corrected(response, kind, weights, by_task)
    return Effects(
        frozen.name,
        found,
        {task: min(len(models[name].runs[task]) for name in design.names) for task in chosen},
        responses.seeds_known,
    )


_Weights = Mapping[str, Mapping[str, float]]  # by term, of models
_Response = tuple[list[str], Terms, np.ndarray | float]  # models, what is known of each, prompts' covariance


def _contrasts(design: Design) -> dict[str, _Weights]:
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
    return f"{a.removeprefix(PREFIX)} − {b.removeprefix(PREFIX)}"


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


class _Responses:
    """What is measured of each model, by response and task."""

    def __init__(
        self,
        suite: Suite,
        models: Mapping[str, Contender],
        records: Mapping[str, Sequence[ResultRecord]],
        tasks: Sequence[str],
    ) -> None:
        self._suite, self._records, self._tasks = suite, records, tasks
        self._models = models
        self._held = {task: [name for name in models if models[name].runs.get(task)] for task in tasks}
        self._sampled = {
            task: sample_task(suite, task, [models[name] for name in held])[METRIC]
            for task, held in self._held.items()
        }

    @property
    def seeds_known(self) -> bool:
        return any(sampled.seeds.degrees for sampled in self._sampled.values())

    def of(self, response: str) -> Iterator[tuple[str, "_Measured | None"]]:
        """Each task, what is measured there; None where it cannot be told."""
        for task in self._tasks:
            sampled, held = self._sampled[task], self._held[task]
            if response == METRIC:
                yield task, _Measured(held, sampled)
            elif response == LEARNED:
                yield task, _learned(held, sampled)
            else:
                yield task, self._steps(task)
        graded = averaged_tasks(self._suite, self._tasks)
        if response == METRIC and len(graded.get(GRADED, graded[MEAN])) > 1:
            tasks = graded.get(GRADED, graded[MEAN])
            yield (
                GRADED,
                _Measured([], parts=[_Measured(self._held[task], self._sampled[task]) for task in tasks]),
            )

    def _steps(self, task: str) -> "_Measured | None":
        steps = {name: _steps_of(self._records[name], task) for name in self._held[task]}
        known = {name: np.log2(values) for name, values in steps.items() if values}
        if not known:
            return None
        seeds = pooled_variance(list(known.values()))
        count = np.array([len(values) for values in known.values()])
        nothing = np.zeros(len(known))
        spread = seeds.variance / count if seeds.degrees else np.full(len(known), np.nan)
        means = np.array([values.mean() for values in known.values()])
        degrees = np.array([seeds.degrees or np.inf], dtype=float)
        return _Measured(list(known), terms=Terms(means, nothing, spread[None], degrees, *[nothing] * 4))


@dataclass(frozen=True)
class _Measured:
    """Of some models: gains that are sampled, other numbers with their parts of variance, or a mean of
    several of these."""

    names: Sequence[str]
    sampled: Sampled | None = None
    terms: Terms | None = None
    parts: Sequence["_Measured"] = ()

    @property
    def knows_runs(self) -> bool:
        """Whether anything is known of what other training runs would give."""
        if self.parts:
            return all(part.knows_runs for part in self.parts)
        if self.sampled is not None:
            return self.sampled.scale is not None or self.sampled.seeds.degrees > 0
        return True

    def combined(self, weights: _Weights) -> tuple[list[str], Terms] | None:
        """The terms that all models are known of, and their weighted sums."""
        names = (
            set(self.names) if not self.parts else set.intersection(*(set(part.names) for part in self.parts))
        )
        complete = [term for term, by_name in weights.items() if by_name.keys() <= names]
        if not complete:
            return None
        if self.parts:
            return complete, mean_terms([part._combine(complete, weights) for part in self.parts])
        return complete, self._combine(complete, weights)

    def _combine(self, complete: Sequence[str], weights: _Weights) -> Terms:
        matrix = np.array([[weights[term].get(name, 0.0) for name in self.names] for term in complete])
        if self.sampled is not None:
            return self.sampled.combined(range(len(self.names)), matrix)
        assert self.terms is not None
        return combined_terms(self.terms, matrix)


def _learned(names: Sequence[str], sampled: Sampled) -> _Measured | None:
    every = [sampled.learned(place) for place in range(len(names))]
    known = {name: learned.probability for name, learned in zip(names, every, strict=True) if learned}
    if not known:
        return None
    ends = np.array([[each.value, each.low, each.high] for each in known.values()], dtype=float)
    degrees = np.array([max(learned.runs - 1, 1) for learned in every if learned], dtype=float)
    nothing = np.zeros(len(known))
    below, above = (np.square((ends[:, 0] - ends[:, k]) / STANDARD) for k in (1, 2))
    return _Measured(
        list(known),
        terms=Terms(
            ends[:, 0],
            nothing,
            np.zeros((1, len(known))),
            np.array([np.inf]),
            below,
            above,
            np.square(below) / degrees,
            np.square(above) / degrees,
        ),
    )


def _steps_of(records: Sequence[ResultRecord], task: str) -> list[int]:
    outcomes = [record.tasks[task].outcome for record in records if task in record.tasks]
    steps = [outcome.steps_to_learn.get(_THRESHOLD) for outcome in outcomes if outcome is not None]
    return [step for step in steps if step is not None]


def _corrected(
    response: str, kind: str, weights: _Weights, by_task: Mapping[str, _Measured]
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
