"""Several training seeds of one architecture: the mean score, and an interval for seeds and prompts.

The interval resamples seeds, and then prompts, the same prompts for every seed: a score that would be
reported for as many new runs, on as many new prompts. It is wider than that of any one run where runs differ.

With few seeds it is too narrow. A percentile bootstrap does not know how little a handful of runs says about
their spread: simulated with normally distributed runs whose spread outweighs that of prompts, intervals of
nominal 95% hold the true mean in about 50% of cases with 2 seeds, 75% with 3 and 83% with 5.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.evaluation.scores import (
    bootstrap_key,
    defined_estimate,
    model_scores,
    resampled_sums,
)
from icl_bench.function_classes.streams import raw_words, uniform_index
from icl_bench.specs.result import Estimate
from icl_bench.suites import Suite


def seeds_estimate(
    suite: Suite,
    task: str,
    seeds: Sequence[Float[np.ndarray, " prompts"]],
    base: Float[np.ndarray, " prompts"],
    zero: Float[np.ndarray, " prompts"],
) -> Estimate:
    """The mean score over seeds with its 95% interval; with one seed, that of its prompts alone.

    seeds, base, zero: errors of prompts, summed over scored context lengths. Where the base has fewer
    prompts, the first ones count. InputError without a seed.
    """
    if not seeds:
        raise InputError(f"no run of {suite.name}/{task} to summarise; give the errors of at least one seed")
    prompts = min(len(errors) for errors in (*seeds, base, zero))
    columns = np.stack([errors[:prompts] for errors in (*seeds, base, zero)], axis=1)
    key = bootstrap_key(suite.name, task)
    by_seed = model_scores(resampled_sums(columns, suite.spec.resamples, key))
    value = model_scores(columns.sum(axis=0, keepdims=True)).mean()
    count = len(seeds)
    drawn = uniform_index(raw_words(f"{key}/seeds", 0, suite.spec.resamples, count), count)
    means = np.take_along_axis(by_seed, drawn, axis=1).mean(axis=1)
    return defined_estimate(float(value), means, suite.task(task).baseline)
