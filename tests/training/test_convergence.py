"""What is read off a learning curve is right on curves whose answer is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from training.test_run import RECIPE, plan

from icl_bench.specs.checkpoint import read_config
from icl_bench.specs.recipe import Recipe
from icl_bench.training.convergence import (
    CONVERGED_GAIN,
    doubling_gain,
    has_converged,
    outcome,
    outcome_in_words,
    shortened_end,
    steps_to_learn,
)
from icl_bench.training.dev_score import Development, DevResult
from icl_bench.training.log import Row
from icl_bench.training.run import TrainingRun

pytestmark = pytest.mark.slow

STOP = {"gain": 0.005, "after": 1_000, "above": 0.9}
STOPPING = RECIPE.model_copy(update={"steps": 10_000, "decay_share": 0.3, "curriculum": None})


def curve(optimality: Callable[[int], float | None], steps: int = 10_000) -> list[Row]:
    return [{"step": step, "dev_optimality": optimality(step)} for step in range(100, steps + 1, 100)]


def monotone(step: int) -> float:
    return 1 - 40 * step**-0.6


def transition(step: int) -> float:
    """A plateau, then learned within 300 steps."""
    return min(max(0.2, 0.2 + (step - 4_000) * 0.78 / 300), 0.98)


def stopping(**stop: float) -> Recipe:
    return Recipe.model_validate({**STOPPING.to_dict(), "stop": {**STOP, **stop}})


def test_steps_to_learn_are_the_first_that_pass() -> None:
    assert steps_to_learn(curve(monotone), 0.5) == 1_500  # 40 s^-0.6 = 0.5 at s = 1,486
    assert steps_to_learn(curve(transition), 0.5) == 4_200
    assert steps_to_learn(curve(transition), 0.9) == 4_300
    assert steps_to_learn(curve(lambda _: 0.2), 0.5) is None
    assert steps_to_learn(curve(lambda step: 0.6 if step == 500 else 0.1), 0.5) == 500
    assert steps_to_learn(curve(lambda _: None), 0.5) is None
    assert steps_to_learn([], 0.5) is None


@pytest.mark.parametrize("exponent", [0.1, 0.6, 0.9])
def test_the_gain_of_a_power_law_is_what_twice_the_steps_add(exponent: float) -> None:
    def excess(step: int) -> float:
        return 0.4 * (step / 5_000) ** -exponent

    rows = curve(lambda step: 1 - excess(step))
    assert doubling_gain(rows, 10_000, excess(10_000)) == pytest.approx(excess(10_000) - excess(20_000))


def test_the_gain_is_fitted_where_rates_are_full() -> None:
    """Whatever the excess does while rates decay, and before half of the rest."""
    rows = curve(lambda step: 0.6 if step < 3_500 else 1 - step**-0.5 if step <= 7_000 else 0.999)
    assert doubling_gain(rows, 7_000, 0.001) == pytest.approx(0.001 * (1 - 2**-0.5))


def test_a_curve_that_rises_or_is_flat_gains_nothing() -> None:
    assert doubling_gain(curve(lambda _: 0.7), 10_000, 0.3) == pytest.approx(0, abs=1e-9)
    assert doubling_gain(curve(lambda step: 0.9 - step * 1e-5), 10_000, 0.3) == 0
    assert doubling_gain(curve(lambda _: 1.01), 10_000, -0.01) == 0


def test_few_rows_tell_no_gain() -> None:
    def learned(step: int) -> float:
        return 1 - step**-0.5

    assert doubling_gain(curve(learned, 700), 700, 0.3) is None  # rows at 400 … 700
    assert doubling_gain(curve(learned, 800), 800, 0.3) is not None
    assert doubling_gain(curve(lambda _: 0.4, 800), 800, 0.6) is None  # flat, but nothing learned


def test_a_plateau_below_the_first_threshold_has_not_converged() -> None:
    assert has_converged(0.99, CONVERGED_GAIN / 2)
    assert not has_converged(0.12, 0.0)
    assert not has_converged(0.9, 2 * CONVERGED_GAIN)
    assert not has_converged(0.9, None)


def test_an_outcome_says_how_a_run_ended() -> None:
    result = outcome(curve(transition), STOPPING, 10_000)
    assert (result.ended, result.converged, result.steps) == ("budget", True, 10_000)
    assert result.steps_to_learn == {"0.5": 4_200, "0.9": 4_300}
    assert outcome(curve(transition, 6_500), stopping(), 6_500).ended == "rule"
    never = outcome(curve(lambda _: 0.2), STOPPING, 10_000)
    assert (never.converged, never.steps_to_learn) == (False, {"0.5": None, "0.9": None})
    assert outcome_in_words(result) == "optimality 0.980 on development prompts, 0.9 at step 4,300; converged"
    assert never.doubling_gain is None
    assert outcome_in_words(never) == "optimality 0.200 on development prompts, not 0.9 within 10,000"
    blind = outcome(curve(lambda _: None), STOPPING, 10_000)
    assert outcome_in_words(blind) == ""
    assert (blind.optimality, blind.doubling_gain, blind.converged) == (None, None, None)


def ends_at(optimality: Callable[[int], float | None], recipe: Recipe) -> int | None:
    rows = curve(optimality)
    ends = (shortened_end(rows[: count + 1], recipe) for count in range(len(rows)))
    return next((end for end in ends if end is not None), None)


def noisy(optimality: Callable[[int], float], seed: int) -> Callable[[int], float]:
    noise = np.random.default_rng(seed).normal(0, 0.003, 101)
    return lambda step: optimality(step) + noise[step // 100]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("begins", [1_900, 4_000])
def test_the_rule_does_not_stop_on_a_plateau_nor_at_a_transition(begins: int, seed: int) -> None:
    """Learned within 300 steps: it stops once five rows were seen above 0.9, not at the first."""
    end = ends_at(
        noisy(lambda step: min(max(0.2, 0.2 + (step - begins) * 0.78 / 300), 0.98), seed), stopping()
    )
    assert end is not None
    assert begins + 300 + 4 * 100 <= 0.7 * end <= begins + 3_000
    assert ends_at(noisy(lambda _: 0.2, seed), stopping()) is None


def test_a_run_that_is_learning_when_its_rates_decay_has_not_converged() -> None:
    rows = curve(lambda step: 0.1 if step < 7_500 else 0.1 + 0.6 * (step - 7_500) / 2_500)
    result = outcome(rows, STOPPING, 10_000)
    assert (result.doubling_gain, result.converged, result.steps_to_learn["0.9"]) == (None, False, None)


def test_the_rule_keeps_to_its_minimum_and_its_share_of_decay() -> None:
    assert ends_at(lambda _: 0.95, stopping()) == pytest.approx(1_000 / 0.7, abs=1)
    assert ends_at(lambda _: 0.95, stopping(after=3_000)) == pytest.approx(3_000 / 0.7, abs=1)
    assert ends_at(lambda _: 0.95, STOPPING) is None  # no rule
    assert ends_at(lambda step: 0.95 - step**-0.4, stopping()) is None  # still falling at 10,000
    assert ends_at(lambda step: 0.95 if step > 7_000 else 0.1, stopping()) is None  # rates decay already


def test_a_run_that_stops_early_decays_first_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Development, "__call__", lambda self, model: DevResult(0.95, 0.95))
    stop = {"gain": 0.01, "after": 300, "above": 0.9}
    small = {"steps": 2_000, "batch": 4, "decay_share": 0.4, "curriculum": None, "stop": stop}
    recipe = Recipe.model_validate({**RECIPE.to_dict(), **small})
    run = TrainingRun(plan(recipe), tmp_path)
    run.start()
    while not run.finished:
        run.advance()
        if run.step == 900:  # the decision is taken up with the state
            decided = run.end
            run.save()
            run.release()
            run = TrainingRun(plan(recipe), tmp_path)
            run.resume()
            assert run.end == decided
    assert run.step == run.end < 2_000
    rates = {row["step"]: row["learning_rate"] for row in run.log.rows}
    assert rates[run.step] < 0.01 * recipe.learning_rate
    run.finish(half=False)
    recorded = read_config(tmp_path).training["outcome"]
    assert (recorded["ended"], recorded["steps"]) == ("rule", run.step)
