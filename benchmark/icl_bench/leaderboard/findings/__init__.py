"""What the records of a suite hold, as short sentences with their numbers, each with how sure it is."""

from collections.abc import Iterator

from icl_bench.leaderboard.findings.bayes import farthest_from_bayes
from icl_bench.leaderboard.findings.boolean import boolean_findings
from icl_bench.leaderboard.findings.components import hybrids, largest_effect, main_effects
from icl_bench.leaderboard.findings.conditioning import conditioning_findings
from icl_bench.leaderboard.findings.convergence import convergence
from icl_bench.leaderboard.findings.finding import Finding, Link
from icl_bench.leaderboard.findings.leader import leader
from icl_bench.leaderboard.findings.learning import contradicted, learned_runs
from icl_bench.leaderboard.findings.probed import probe_findings
from icl_bench.leaderboard.findings.seed_spread import other_seeds
from icl_bench.leaderboard.findings.shifts import shift_findings
from icl_bench.leaderboard.findings.study import norm_in_the_study
from icl_bench.leaderboard.findings.zoo import zoo_findings
from icl_bench.leaderboard.site import SuiteBoard

__all__ = ["Finding", "Link", "cards", "findings"]


def cards(board: SuiteBoard) -> list[Finding]:
    """The three that a front page opens with: the best models, the largest effect, what is left to learn."""
    known = (leader(board), largest_effect(board), farthest_from_bayes(board))
    return [finding for finding in known if finding is not None]


def findings(board: SuiteBoard) -> list[Finding]:
    """Every finding of a suite, those of the front page first; empty where nothing is recorded."""
    return [*cards(board), *_further(board)]


def _further(board: SuiteBoard) -> Iterator[Finding]:
    yield from main_effects(board)
    yield from norm_in_the_study(board)
    yield from hybrids(board)
    for task in board.data.tasks:
        if task.learned_at is not None:
            yield from learned_runs(board, task.name)
            yield from contradicted(board, task.name)
    yield from shift_findings(board)
    yield from conditioning_findings(board)
    yield from boolean_findings(board)
    yield from zoo_findings(board)
    yield from probe_findings(board)
    if any(task.base is None for task in board.suite.tasks.values()):  # runs of variants are those of bases
        yield from convergence(board)
        yield from other_seeds(board)
