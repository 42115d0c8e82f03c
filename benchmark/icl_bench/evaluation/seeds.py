"""The training runs of one model, a folder a seed: opened together, evaluated one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from icl_bench.entries.base import Source
from icl_bench.entries.open import kind_of, open_source
from icl_bench.errors import InputError
from icl_bench.files import user_path
from icl_bench.specs.loops import split_loops, with_loops
from icl_bench.specs.run_names import seed_folders
from icl_bench.suites import Suite


@dataclass(frozen=True)
class Seeds:
    """The runs of a model by seed, and those that have nothing to evaluate."""

    sources: Mapping[int, Source]
    empty: Mapping[int, str]  # why


def holds_seeds(name: str, suite: Suite) -> bool:
    """Whether a model's name is that of a folder with a folder a seed in it, `seed-0`, `seed-1`, …"""
    bare, _ = split_loops(name)
    return bool(seed_folders(user_path(bare))) and kind_of(bare, suite).type == "folder"


def open_seeds(
    name: str, suite: Suite, tasks: Sequence[str], device: str | None = None, revision: str | None = None
) -> Seeds:
    """The runs in a folder for which `holds_seeds` holds. Weights are read later.

    InputError where no seed has a checkpoint for one of `tasks`, and as `open_source` where one is at fault.
    """
    sources, empty = {}, {}
    bare, loops = split_loops(name)
    for seed in seed_folders(user_path(bare)):
        model = with_loops(f"{bare.rstrip('/')}/seed-{seed}", loops)
        try:
            sources[seed] = open_source(model, suite, revision, device, tasks)
        except InputError as error:
            if error.code not in ("no-checkpoint", "other-task"):
                raise
            empty[seed] = str(error).partition(";")[0].partition(":")[0]
    if not sources:
        raise InputError(
            f"no seed has anything to evaluate: {next(iter(empty.values()))}; train one first", code="no-seed"
        )
    return Seeds(sources, empty)
