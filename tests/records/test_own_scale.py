"""A record is held to the model's own error: where that is small, little of it can be edited away."""

import numpy as np
import pytest

import icl_bench
from icl_bench.baselines.lookup import Lookup
from icl_bench.evaluation.estimates import estimates
from icl_bench.frozen.anchors import suite_anchors
from icl_bench.records.agree import TOLERANCE, agreements

TASK = "vector_mqar"


@pytest.fixture
def record(tiny):
    """A model that is nearly right: its error is 1e-4 of that of answering 0."""
    return icl_bench.evaluate(
        lambda xs, ys: np.float32(0.99) * Lookup().predict(xs, ys), "tiny", TASK, fresh_prompts=0
    )


def edited(suite, record, change):
    """The record with other prompt errors, and all that follows from them."""
    result = record.tasks[TASK]
    errors = change(np.array(result.prompt_errors))
    share = errors.mean() / np.mean(result.prompt_errors)
    curves = {
        key: [*getattr(result.error_curves, key)[:-1], getattr(result.error_curves, key)[-1] * share]
        for key in ("model", "model_low", "model_high")
    }
    changes = {
        "prompt_errors": errors.tolist(),
        "error_curves": result.error_curves.model_copy(update=curves),
        "estimates": estimates(suite, TASK, errors, {}, suite_anchors(suite, suite.task(TASK))),
    }
    return record.model_copy(update={"tasks": {TASK: result.model_copy(update=changes)}})


@pytest.mark.parametrize(("share", "holds"), [(0.9, False), (0.99, False), (0.999, False), (1 - 5e-5, True)])
def test_a_thousandth_of_a_small_error_cannot_be_edited_away(tiny, record, share, holds):
    changed = edited(tiny, record, lambda errors: errors * share)
    (agreement,) = agreements(record, changed)
    assert agreement.within_tolerance is holds
    assert agreement.difference == pytest.approx((1 - share) / share, rel=0.02)


def test_last_digits_of_a_nearly_right_answer_are_rounding(tiny, record):
    """A float32 prediction that is off in its last digits on one prompt, and the other way on another."""
    zero = record.tasks[TASK].scored_points.total(record.tasks[TASK].error_curves.zero)
    shift = np.zeros(record.tasks[TASK].prompts)
    shift[:2] = [1e-7 * zero, -1e-7 * zero]
    (agreement,) = agreements(record, edited(tiny, record, lambda errors: errors + shift))
    assert 0 < agreement.difference < TOLERANCE


def test_a_score_follows_from_the_own_error_too(tiny, record):
    """0.9999 for 0.9998 would be another model; relative to 1 it was within the tolerance."""
    score = record.tasks[TASK].score
    other = score.model_copy(update={"value": score.value + 5e-5})
    result = record.tasks[TASK]
    changed = result.model_copy(update={"estimates": result.estimates | {"score": other}})
    (agreement,) = agreements(record, record.model_copy(update={"tasks": {TASK: changed}}))
    assert not agreement.within_tolerance
    assert agreement.where.startswith("score is ")
