"""Where the scores of each model on a task are: those that answered every prompt are sampled together."""

from collections.abc import Sequence
from dataclasses import replace

from icl_bench.ranking.resampled import Contender, SampledTask, sample_task, seed_variance
from icl_bench.suites import Suite


def sampled_places(
    suite: Suite, task: str, contenders: Sequence[Contender]
) -> dict[str, tuple[SampledTask, int]]:
    """Where the scores of each are: together for all that have errors of every prompt."""
    whole: list[Contender] = []
    groups = [whole]
    for contender in contenders:
        if fewest_prompts(contender, task) == suite.spec.prompts:
            whole.append(contender)
        else:
            groups.append([contender])
    filled = [group for group in groups if group]
    samples = [sample_task(suite, task, group) for group in filled]
    for metric in {metric for by_metric in samples for metric in by_metric}:
        seeds = seed_variance([by_metric[metric] for by_metric in samples])
        for by_metric in samples:
            by_metric[metric] = replace(by_metric[metric], seeds=seeds)
    for sampled in (sampled for by_metric in samples for sampled in by_metric.values()):
        _ = sampled.estimates  # computed here, where several tasks are sampled at a time, and kept
    return {
        contender.name: (by_metric, place)
        for group, by_metric in zip(filled, samples, strict=True)
        for place, contender in enumerate(group)
    }


def fewest_prompts(contender: Contender, task: str) -> int:
    """Of how many prompts every run has errors."""
    return min(map(len, contender.runs[task].values()))
