"""Entries of every reference, so that the complete design of components is there to compute effects from."""

from collections.abc import Mapping
from functools import cache

import fabricated

from icl_bench.leaderboard.entries import Entry
from icl_bench.models.reference import PREFIX, reference_names
from icl_bench.specs.result import ResultRecord

BEST, SEEDS = 0.02, 3


def designed_entries(left: Mapping[str, float], seeds: int = SEEDS) -> list[Entry]:
    """Every reference of mini-v1; `left` is what a part of a name adds to the error that is left: `rope`."""
    names = reference_names("mini-v1")
    return [
        Entry(PREFIX + name, [_record(name, _share(name, left), seed) for seed in range(seeds)])
        for name in names
    ]


def _share(name: str, left: Mapping[str, float]) -> float:
    """llama has every component that gpt2 can be given, and says so in its name alone."""
    full = name.replace("llama", "gpt2-rms-rope-swiglu", 1) if name == "llama" else name
    return BEST + sum(more for part, more in left.items() if part in full.split("-"))


@cache
def _record(name: str, share: float, seed: int) -> ResultRecord:
    return fabricated.record(PREFIX + name, share, like=name, seed=seed)
