"""Boards whose true gains are known: seeds and prompts are drawn, and intervals compared with the truth.

Each function simulates many boards and gives a rate. Tests hold the rates, `tables.py` prints them.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from icl_bench.evaluation.gaps import PromptSample, errors_by_fresh
from icl_bench.frozen.anchors import suite_anchors
from icl_bench.models.reference import PREFIX
from icl_bench.ranking.modes import learned_runs, mean_interval
from icl_bench.ranking.places import NEEDED_RUNS, Measured, placed
from icl_bench.ranking.sampled import Sampled, Scale
from icl_bench.ranking.seeds import pooled_variance
from icl_bench.ranking.spread import mean_terms
from icl_bench.records.store import board_records
from icl_bench.suites import load_suite

RESAMPLES = 400
PROMPT_ERROR = 0.001  # of a gain, a half of its variance shared by all models
LEARNED_AT = 0.9
MODES = ((0.985, 0.45), (0.95, 0.0), (0.999, 0.42), (0.93, 0.6))  # gains of what learns, and what does not
SPREADS = ((0.005, 0.02), (0.02, 0.001), (0.0005, 0.05), (0.02, 0.1))  # between runs, of each of these


def task(rng: np.random.Generator, gains: Sequence[np.ndarray], learned_at: float | None = None) -> Measured:
    """Models with these true gains of their runs, measured on prompts that err."""
    count = len(gains)
    own, shared = rng.normal(size=(RESAMPLES + 1, count)), rng.normal(size=(RESAMPLES + 1, 1))
    errors = PROMPT_ERROR * (own + shared) / np.sqrt(2)
    by_run = [runs + errors[0, k] for k, runs in enumerate(gains)]
    means = np.array([runs.mean() for runs in by_run])
    scale = None if learned_at is None else Scale(0.0, 1.0, learned_at)
    known = ["exact", 2_048, 2_048, by_run, means + errors[1:], [None] * count, [True] * count, scale]
    sampled = Sampled(*known)
    if scale is None:
        sampled = replace(sampled, seeds=pooled_variance(by_run))
    return Measured(sampled, range(count))


def graded_board(
    rng: np.random.Generator, means: Sequence[float], runs: Sequence[int], deviation: float, tasks: int = 4
) -> list[Measured]:
    """Models with the same true mean on every graded task, each with its number of runs."""
    return [
        task(rng, [mean + deviation * rng.normal(size=n) for mean, n in zip(means, runs, strict=True)])
        for _ in range(tasks)
    ]


def two_modes(
    rng: np.random.Generator, probability: float, modes: Sequence[float], spreads: Sequence[float], runs: int
) -> np.ndarray:
    """The gains of runs of which some learn, at most 1."""
    learned = rng.random(runs) < probability
    good, bad = (
        mean + deviation * rng.normal(size=runs) for mean, deviation in zip(modes, spreads, strict=True)
    )
    return np.minimum(np.where(learned, good, bad), 1.0)


def places(board: Sequence[Measured], runs: int, needed: int = NEEDED_RUNS) -> list[int | None]:
    """Of each model; none where they have fewer runs than are needed, as boards have it."""
    if runs < needed:
        return [None] * len(board[0].places)
    return [place.number for place in placed(board)]


def false_places(models: int, runs: int, deviation: float, boards: int, needed: int = NEEDED_RUNS) -> float:
    """The share of boards of equal models on which some model is not in place 1."""
    rng = np.random.default_rng((models, runs))
    false = 0
    for _ in range(boards):
        board = graded_board(rng, [0.9] * models, [runs] * models, deviation)
        false += any(place not in (None, 1) for place in places(board, runs, needed))
    return false / boards


def false_places_by_learning(models: int, runs: int, probability: float, boards: int) -> float:
    """The same where runs of one all-or-nothing task learn with a probability that all models share."""
    rng = np.random.default_rng((models, runs, round(100 * probability)))
    false = 0
    for _ in range(boards):
        gains = [two_modes(rng, probability, MODES[1], SPREADS[1], runs) for _ in range(models)]
        false += any(place not in (None, 1) for place in places([task(rng, gains, LEARNED_AT)], runs))
    return false / boards


def power(runs: int, deviation: float, boards: int, of_leader: int | None = None) -> float:
    """The share of pairs of twelve models, 0.85 to 0.95, of which the better one is found better."""
    rng = np.random.default_rng(runs)
    means = np.linspace(0.95, 0.85, 12)
    pairs = len(means) * (len(means) - 1) / 2
    counts = [of_leader or runs] + [runs] * (len(means) - 1)
    found = 0.0
    for _ in range(boards):
        numbers = places(graded_board(rng, means, counts, deviation), min(counts))
        found += sum(number - 1 for number in numbers if number is not None) / pairs
    return found / boards


def mean_coverage(runs: int, deviation: float, boards: int) -> float:
    """How often the interval of a model's mean over graded tasks holds its true mean, of six models."""
    rng = np.random.default_rng(runs)
    held = 0
    for _ in range(boards):
        board = graded_board(rng, [0.9] * 6, [runs] * 6, deviation)
        terms = mean_terms([each.sampled.terms(each.places) for each in board])
        held += sum(estimate.low <= 0.9 <= estimate.high for estimate in terms.estimates())
    return held / (6 * boards)


def mixture_coverage(
    probability: float, modes: Sequence[float], spreads: Sequence[float], runs: int, trials: int
) -> tuple[float, float]:
    """How often the interval of the mean over runs holds the true mean, and how wide it is on average."""
    rng = np.random.default_rng((runs, round(100 * probability)))
    truth = probability * modes[0] + (1 - probability) * modes[1]
    ends = np.array(
        [
            mean_interval(two_modes(rng, probability, modes, spreads, runs), 1e-8, LEARNED_AT)
            for _ in range(trials)
        ]
    )
    held = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    return float(held.mean()), float(np.ptp(ends, axis=1).mean())


def jeffreys_coverage(probability: float, runs: int, trials: int) -> float:
    """How often the interval of the probability that a run learns holds it."""
    rng = np.random.default_rng((runs, round(100 * probability)))
    held = 0
    for _ in range(trials):
        gains = np.where(rng.random(runs) < probability, 0.95, 0.1)
        interval = learned_runs(gains, 0.0, LEARNED_AT).probability
        held += interval.low <= probability <= interval.high
    return held / trials


def fresh_coverage(task: str, boards: int, prompts: int = 512, model: str = "gpt2") -> tuple[float, float]:
    """How often the 95% interval of a gain by fresh prompts holds the true gain, and its width over that by
    the frozen ones.

    The prompts of mini-v1 and the errors that a reference has on them stand for all there are: frozen and
    fresh prompts are drawn from them.
    """
    suite = load_suite("mini")
    anchors = suite_anchors(suite, suite.task(task))
    errors = board_records(PREFIX + model, suite)[0].tasks[task].prompt_errors
    every = np.stack([np.array(errors), anchors.zero.errors, anchors.exact.errors])
    true = _gain(every[0], every)
    rng, held, widths = np.random.default_rng(0), 0, []
    for _ in range(boards):
        frozen, fresh = (every[:, rng.integers(0, every.shape[1], prompts)] for _ in range(2))
        by_fresh = errors_by_fresh(PromptSample(*frozen), PromptSample(*fresh))
        drawn = rng.integers(0, prompts, (RESAMPLES, prompts))
        ends = [
            np.quantile([_gain(column[place], frozen[:, place]) for place in drawn], (0.025, 0.975))
            for column in (by_fresh, frozen[0])
        ]
        held += int(ends[0][0] <= true <= ends[0][1])
        widths.append(np.ptp(ends[0]) / np.ptp(ends[1]))
    return held / boards, float(np.median(widths))


def _gain(errors: np.ndarray, sample: np.ndarray) -> float:
    """Of errors on prompts whose errors of zero and of the exact predictor are the sample's last rows."""
    _, zero, exact = sample.sum(axis=1)
    return float((zero - errors.sum()) / (zero - exact))
