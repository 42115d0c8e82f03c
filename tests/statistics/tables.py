"""Prints what the simulations of `simulated.py` give, as tables: python tests/statistics/tables.py"""

from collections.abc import Callable, Sequence

from simulated import (
    MODES,
    SPREADS,
    false_places,
    false_places_by_learning,
    fresh_coverage,
    jeffreys_coverage,
    mean_coverage,
    mixture_coverage,
    power,
)
from tabulate import tabulate

from icl_bench.suites import load_suite

PROBABILITIES = (1.0, 0.95, 0.9, 0.7, 0.5, 0.3, 0.1, 0.0)
RUNS = (1, 2, 3, 5, 10)


def main() -> None:
    """Every table."""
    _show(
        "Equal models: share of boards on which one is not in place 1, of 400",
        "models, deviation of seeds",
        {
            f"{models}, {deviation}": lambda runs, m=models, d=deviation: false_places(m, runs, d, 400)
            for models in (3, 12)
            for deviation in (0.005, 0.02)
        },
    )
    _show(
        "Models whose runs learn alike: share of boards on which one is not in place 1, of 400",
        "models, probability",
        {
            f"{models}, {p}": lambda runs, m=models, p=p: false_places_by_learning(m, runs, p, 400)
            for models in (2, 12)
            for p in (0.2, 0.5, 0.9)
        },
    )
    _show(
        "Twelve models from 0.85 to 0.95: share of pairs that are told apart, of 200 boards",
        "deviation of seeds",
        {str(deviation): lambda runs, d=deviation: power(runs, d, 200) for deviation in (0.005, 0.01, 0.02)},
    )
    _show(
        "The interval of a mean over four graded tasks: how often it holds the true mean, of 200 boards",
        "deviation of seeds",
        {
            str(deviation): lambda runs, d=deviation: mean_coverage(runs, d, 200)
            for deviation in (0.005, 0.02)
        },
        RUNS[1:],
    )
    _show(
        "Interval of Jeffreys: how often it holds the probability that a run learns, of 4,000",
        "probability",
        {str(p): lambda runs, p=p: jeffreys_coverage(p, runs, 4_000) for p in PROBABILITIES},
    )
    for modes, spreads in zip(MODES, SPREADS, strict=True):

        def cell(runs: int, p: float, modes: Sequence[float] = modes, s: Sequence[float] = spreads) -> str:
            held, width = mixture_coverage(p, modes, s, runs, 1_000)
            return f"{held:.2f} ({width:.2f})"

        _show(
            f"Mean of runs at {modes[0]} or {modes[1]}: how often its interval holds it (width), of 1,000",
            "probability",
            {str(p): lambda runs, p=p: cell(runs, p) for p in PROBABILITIES},
        )

    rows = [[task, *fresh_coverage(task, 400)] for task in load_suite("mini").tasks]
    print(
        "\nA gain by fresh prompts: how often its interval holds it, of 400; its width over that by frozen\n"
    )
    print(tabulate(rows, ["task", "held", "width"], tablefmt="github", floatfmt=".3f"))


def _show(
    title: str, first: str, rows: dict[str, Callable[[int], float | str]], runs: Sequence[int] = RUNS
) -> None:
    table = [[name, *(row(count) for count in runs)] for name, row in rows.items()]
    headers = [first, *(f"{count} run{'s' * (count > 1)}" for count in runs)]
    print(f"\n{title}\n\n{tabulate(table, headers, tablefmt='github', floatfmt='.3f', disable_numparse=[0])}")


if __name__ == "__main__":
    main()
