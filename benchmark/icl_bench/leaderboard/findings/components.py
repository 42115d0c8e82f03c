"""What components change: the largest effect, each effect on the mean, hybrids against llama.

All numbers are those of `icl_bench.ranking.effects`.
"""

from collections.abc import Iterator

from icl_bench.leaderboard.findings.finding import (
    NOT_SEPARATED,
    Finding,
    Link,
    as_estimate,
    change,
    p_text,
    seeds,
)
from icl_bench.leaderboard.formats import interval, score, signed, spaced
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.models.reference import PREFIX
from icl_bench.ranking.design import FACTORS
from icl_bench.ranking.differences import GRADED, METRIC
from icl_bench.ranking.effects import Effect, Effects

IN_WORDS = {"layernorm": "LayerNorm", "learned": "learned positions", "gelu_mlp": "GELU"}
REPLACES = {factor.name: IN_WORDS.get(factor.low, factor.low) for factor in FACTORS}


def gains(effects: Effects, kind: str) -> list[Effect]:
    """The effects on gains: main effects without interactions, pairs or hybrids."""
    return [
        effect
        for effect in effects.effects
        if effect.response == METRIC and effect.kind == kind and (kind != "effect" or effect.term in REPLACES)
    ]


def fewest_runs(effects: Effects, task: str) -> int:
    """Of a model of the design, on a task or on any task of a mean."""
    return effects.runs.get(task) or min(effects.runs.values())


def task_words(task: str) -> str:
    """A task, or the mean over several, in a sentence."""
    return "the mean over graded tasks" if task == GRADED else spaced(task)


def largest_effect(board: SuiteBoard) -> Finding | None:
    """The largest main effect and whether it is significant; None without the complete design."""
    if board.effects is None:
        return None
    every = gains(board.effects, "effect")
    largest = max(every, key=lambda effect: abs(effect.value))
    sentence = (
        f"{largest.term} in place of {REPLACES[largest.term]} changes {task_words(largest.task)} by "
        f"{change(largest)} points"
    )
    runs = fewest_runs(board.effects, largest.task)
    if largest.significant:
        sentence += f", significant after correction ({p_text(largest.p_corrected)})."
    else:
        counted = f" with {runs} training run{'s' * (runs > 1)} a model"
        sentence += f": not significant{counted} ({p_text(largest.p_corrected)} after correction)."
        sure = [effect for effect in every if effect.significant]
        if sure:
            known = max(sure, key=lambda effect: abs(effect.value))
            sentence += (
                f" Significant: {known.term} on {task_words(known.task)}, {change(known)} "
                f"({p_text(known.p_corrected)})."
            )
        else:
            sentence += " No effect on this suite is."
    return Finding(
        f"{board.suite.name}-largest-effect",
        f"Largest effect: {largest.term} on {task_words(largest.task)}",
        sentence,
        seeds(runs) if largest.significant else NOT_SEPARATED,
        [_all_effects(board)],
        curves="effects",
        component=largest.term,
    )


def main_effects(board: SuiteBoard) -> Iterator[Finding]:
    """Each component on the mean over graded tasks."""
    if board.effects is None:
        return
    for effect in gains(board.effects, "effect"):
        if effect.task == GRADED:
            verdict = "significant" if effect.significant else "not significant"
            direction = ("lowers" if effect.value < 0 else "raises") if effect.significant else "and"
            words = f"{effect.term} in place of {REPLACES[effect.term]} changes it by {change(effect)}"
            yield Finding(
                f"{board.suite.name}-{effect.term.lower()}",
                f"{effect.term} {direction} the mean over graded tasks",
                f"{words} points, the mean of four matched pairs: {verdict} after correction "
                f"({p_text(effect.p_corrected)}).",
                seeds(fewest_runs(board.effects, GRADED)) if effect.significant else NOT_SEPARATED,
                [_all_effects(board)],
                curves="effects",
                component=effect.term,
            )


def hybrids(board: SuiteBoard) -> Iterator[Finding]:
    """The hybrids less the reference with every component, on the mean over graded tasks."""
    if board.effects is None:
        return
    known = [effect for effect in gains(board.effects, "hybrid") if effect.task == GRADED]
    if not known:
        return
    full = known[0].term.rpartition(" − ")[2]
    better = sum(effect.significant and effect.value > 0 for effect in known)
    low, high = (score(end(abs(effect.value) for effect in known)) for end in (min, max))
    names = [effect.term.rpartition(" − ")[0] for effect in known]
    runs = min(
        scores.runs
        for model in board.data.models
        if model.name.removeprefix(PREFIX) in (*names, full)
        for scores in model.tasks.values()
    )
    sentence = (
        f"{better} of {len(known)} hybrids are significantly above {full} by the mean over graded tasks"
    )
    sentence += f", by {low} to {high} points." if better == len(known) > 1 else "."
    yield Finding(
        f"{board.suite.name}-hybrids",
        f"Hybrids against {full}",
        sentence,
        seeds(runs) if any(effect.significant for effect in known) else NOT_SEPARATED,
        [_all_effects(board), Link(f"{full} compared", board.page("compare", PREFIX + full))],
        [
            ("Hybrid", "Points", "95% interval", "p corrected"),
            *(
                (
                    effect.term,
                    signed(as_estimate(effect)),
                    interval(as_estimate(effect)),
                    p_text(effect.p_corrected),
                )
                for effect in known
            ),
        ],
        curves="excess",
        task=next(iter(task for task, spec in board.suite.tasks.items() if spec.scored_points.count > 1)),
        models=[PREFIX + name for name in (*names, full)],
    )


def _all_effects(board: SuiteBoard) -> Link:
    return Link("All effects", f"{board.path}#components")
