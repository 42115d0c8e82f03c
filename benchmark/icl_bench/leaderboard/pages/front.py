"""What stands on a board's first page before its table: findings, component effects, score against cost."""

from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup

from icl_bench.charts.differences import DifferenceRow, Differences, draw_differences
from icl_bench.charts.scatter import Dot, Scatter, draw_scatter, front
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.findings import cards
from icl_bench.leaderboard.findings.components import REPLACES, gains
from icl_bench.leaderboard.findings.finding import as_estimate, p_text, short_name, with_interval
from icl_bench.leaderboard.formats import count, heading, interval, short, signed
from icl_bench.leaderboard.page import picture
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.ranking.differences import GRADED
from icl_bench.ranking.effects import Effect, Effects, pair_terms
from icl_bench.specs.result import Estimate

WIDE, NARROW = 620, 358  # pixels at which texts have their nominal sizes
DRAWN = 24  # models in a chart of costs, those of its front and the best others
FAMILIES = ("attention", "hybrid", "recurrent")
COSTS = {  # what a model costs: its name, and what the axis says
    "parameters": ("Parameters", "parameters that a prompt reads"),
    "flops": ("FLOPs", "FLOPs of a prompt’s forward pass"),
    "state": ("State", "state: numbers carried at the end of the longest prompt"),
}


def front_context(site: Site, board: SuiteBoard) -> dict[str, Any]:
    """Cards, charts and their numbers; None where a suite has nothing to show of one."""
    return {
        "suites": [(other, len(other.entries), other is board) for other in site.boards],
        "cards": cards(board),
        "components": _components(board),
        "costs": _costs(board),
    }


def _components(board: SuiteBoard) -> dict[str, Any] | None:
    if board.effects is None:
        return None
    wide, narrow = (component_chart(board, list(REPLACES), width) for width in (WIDE, NARROW))
    return {
        "wide": wide,
        "narrow": narrow,
        "rows": [_numbers(term, effect, parts) for term, effect, parts in _terms(board, REPLACES)],
        "csv": f"data/{board.suite.name}-effects.csv",
    }


def component_chart(board: SuiteBoard, terms: Sequence[str], width: int) -> Markup | None:
    """The effects of some components on each task, as a picture; None without the complete design."""
    effects = board.effects
    if effects is None:
        return None
    rows = _terms(board, terms)
    groups = [
        (
            f"{term} in place of {REPLACES[term]}",
            [_row(effects, effect, parts) for name, effect, parts in rows if name == term],
        )
        for term in terms
    ]
    values = "; ".join(
        f"{change}: " + ", ".join(f"{row.name} {row.text}" for row in group) for change, group in groups
    )
    chart = Differences("What each component changes", f"Mean effects in points. {values}.", groups)
    return picture(draw_differences(chart, width))


def _terms(board: SuiteBoard, terms: Iterable[str]) -> list[tuple[str, Effect, list[float]]]:
    """The effects of each component, the mean first, with its matched pairs."""
    effects = board.effects
    assert effects is not None
    by_pair = {(each.task, each.term): each.value for each in gains(effects, "pair")}
    pairs = pair_terms(board.suite)
    return [
        (term, effect, [by_pair[effect.task, pair] for pair in pairs[term]])
        for term in terms
        for effect in _mean_first(effects, term)
    ]


def _mean_first(effects: Effects, term: str) -> list[Effect]:
    known = [effect for effect in gains(effects, "effect") if effect.term == term]
    return sorted(known, key=lambda effect: effect.task != GRADED)


def _label(task: str) -> str:
    return "Graded mean" if task == GRADED else heading(task)


def _row(effects: Effects, effect: Effect, parts: Sequence[float]) -> DifferenceRow:
    scaled = [None if end is None else 100 * end for end in (effect.low, effect.high)]
    note = f"95% interval {interval(as_estimate(effect))}, {p_text(effect.p_corrected)} after correction"
    return DifferenceRow(
        _label(effect.task),
        100 * effect.value,
        scaled[0],
        scaled[1],
        [100 * part for part in parts],
        signed(as_estimate(effect)),
        effect.significant,
        note,
    )


def _numbers(term: str, effect: Effect, parts: Sequence[float]) -> tuple[str, ...]:
    return (
        term,
        _label(effect.task),
        signed(as_estimate(effect)),
        interval(as_estimate(effect)),
        p_text(effect.p_corrected).removeprefix("p = "),
        " ".join(signed(Estimate(value=part, low=None, high=None, reason="a pair")) for part in parts),
    )


def costs_of(board: SuiteBoard, model: ModelData) -> dict[str, int]:
    """What a model with a known architecture costs, by the keys of `COSTS`."""
    parts = model.architecture
    assert parts is not None
    tokens = max(task.tokens for task in board.suite.tasks.values())
    state = parts.state_fixed + tokens * parts.state_per_token
    return {"parameters": parts.parameters, "flops": parts.flops, "state": state}


def _costs(board: SuiteBoard) -> dict[str, Any] | None:
    known = [
        model
        for model in board.data.models
        if model.architecture is not None and model.graded is not None and model.graded.value is not None
    ]
    known.sort(key=lambda model: (-_graded(model), model.name))
    if len(known) < 2:
        return None
    every = {cost: [_dot(board, model, cost) for model in known] for cost in COSTS}
    fronts = {cost: {dot.name for dot in front(dots)} for cost, dots in every.items()}
    kept = {name for names in fronts.values() for name in names}
    kept |= {short_name(model.name) for model in known[: max(DRAWN - len(kept), 0)]}
    charts = []
    for cost, (name, label) in COSTS.items():
        dots = [dot for dot in every[cost] if dot.name in kept]
        groups = [family for family in FAMILIES if any(dot.group == family for dot in dots)]
        on_front = ", ".join(dot.name for dot in front(dots))
        described = f"{len(dots)} models, the cheapest of each score: {on_front}."
        chart = Scatter(f"Score against {name}", described, label, "graded mean", groups, dots)
        charts.append((cost, name, picture(draw_scatter(chart, WIDE)), picture(draw_scatter(chart, NARROW))))
    return {
        "charts": charts,
        "rows": [
            (model, [(cost, count(value), short_name(model.name) in fronts[cost]) for cost, value in costs])
            for model in known
            if short_name(model.name) in kept
            for costs in [costs_of(board, model).items()]
        ],
        "names": [name for name, _ in COSTS.values()],
        "drawn": len(kept),
        "known": len(known),
        "csv": f"data/{board.suite.name}-costs.csv",
        "short": short_name,
    }


def _graded(model: ModelData) -> float:
    assert model.graded is not None
    assert model.graded.value is not None
    return model.graded.value


def _dot(board: SuiteBoard, model: ModelData, cost: str) -> Dot:
    assert model.graded is not None
    assert model.architecture is not None
    cost_value, value = costs_of(board, model)[cost], _graded(model)
    low, high = (None if end is None else 100 * end for end in (model.graded.low, model.graded.high))
    note = f"{with_interval(model.graded)}, {short(cost_value)} {cost}"
    return Dot(short_name(model.name), cost_value, 100 * value, low, high, model.architecture.family, note)
