"""A language model on text-boolean: seconds a prompt in one pass, and how many times as long a loop takes
that reads every prefix anew."""

import time
from collections.abc import Callable

from text.asked_anew import asked_anew

from icl_bench.entries.open import open_source
from icl_bench.suites import load_prompts, load_suite

MODEL = "text/smollm2-135m-instruct-q4"
SUITE, TASK = "text-boolean", "conjunction"
SECONDS, TIMES = 15, 20  # a prompt; times as long as one pass
PROMPTS = 3  # a batch


def cells() -> list[str]:
    """Seconds a prompt in a batch, and how long the loop takes for one prompt over what that takes alone."""
    suite = load_suite(SUITE)
    predictor = open_source(MODEL, suite).task_predictor(suite.task(TASK)).predictor
    xs, ys = (array[:PROMPTS] for array in load_prompts(suite, TASK).arrays().values())
    alone = _seconds(lambda: predictor.predict(xs[:1], ys[:1]))
    loop = _seconds(lambda: asked_anew(predictor.language_model, xs[0], ys[0]))
    alone = (alone + _seconds(lambda: predictor.predict(xs[:1], ys[:1]))) / 2  # before and after
    return [f"{_seconds(lambda: predictor.predict(xs, ys)) / PROMPTS:.1f}", f"{loop / alone:.0f}"]


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
