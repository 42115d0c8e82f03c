"""The runs of a submission: commits of a model on the Hub, their files, seeds and specs."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.models.hub import Snapshot, fetch
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.checkpoint import CheckpointConfig, read_config
from icl_bench.specs.checkpoint_files import CHECKPOINT_FILES, WEIGHTS_FILE, place_file
from icl_bench.specs.submission import Run
from icl_bench.submissions.distinct_runs import check_weights_differ
from icl_bench.submissions.language_models import language_model_runs
from icl_bench.suites import Suite

Specs = dict[str, ArchitectureSpec]  # by folder, "" for the root
Configs = dict[str, CheckpointConfig]  # the same


@dataclass(frozen=True)
class FetchedRuns:
    """Runs of a model, and what their checkpoints say of themselves; of a language model nothing."""

    runs: list[Run]
    specs: Specs = field(default_factory=dict)
    configs: Mapping[str, Configs] = field(default_factory=dict)  # by commit


def fetch_runs(model: str, revisions: Sequence[str | None], suite: Suite) -> FetchedRuns:
    """The runs of a model's revisions, one each, and the spec of each folder; of a language model, on a suite
    that is asked in text, one run and no spec.

    HubError, CheckpointError or InputError where one cannot be fetched, where a folder has several specs, or
    where two are of one seed or of one training. A run whose checkpoints do not state a seed has the lowest
    number that is free.
    """
    if suite.spec.asked_in == "text" and (language_model := language_model_runs(model, revisions)):
        return FetchedRuns(language_model)
    snapshots = [fetch(model, list(suite.tasks), revision) for revision in revisions]
    snapshots = list({snapshot.commit: snapshot for snapshot in snapshots}.values())
    configs = [_configs(snapshot) for snapshot in snapshots]
    specs = _specs(configs)
    declared = [_declared_seed(by_place) for by_place in configs]
    free = (number for number in count() if number not in declared)
    seeds = [next(free) if seed is None else seed for seed in declared]
    for place, seed in enumerate(seeds):
        if seed in seeds[:place]:
            commits = f"{snapshots[seeds.index(seed)].commit[:12]} and {snapshots[place].commit[:12]}"
            raise InputError(f"{commits} of {model} are both of seed {seed}; name one revision a seed")
    check_weights_differ({snapshot.commit[:12]: _weights(snapshot) for snapshot in snapshots})
    runs = [_run(snapshot, seed) for snapshot, seed in zip(snapshots, seeds, strict=True)]
    by_commit = {snapshot.commit: by_place for snapshot, by_place in zip(snapshots, configs, strict=True)}
    return FetchedRuns(sorted(runs, key=lambda run: run.seed), specs, by_commit)


def _weights(snapshot: Snapshot) -> dict[str, Path]:
    return {place: snapshot.folder / place_file(place, WEIGHTS_FILE) for place in snapshot.places}


def _configs(snapshot: Snapshot) -> Configs:
    return {place: read_config(snapshot.folder / place) for place in snapshot.places}


def _specs(configs: Sequence[Configs]) -> Specs:
    specs: Specs = {}
    for by_place in configs:
        for place, config in by_place.items():
            if specs.setdefault(place, config.spec) != config.spec:
                raise InputError(
                    f"{place or 'the root'} holds different specs in the revisions, and runs are of one; "
                    "submit two models"
                )
    return specs


def _declared_seed(configs: Configs) -> int | None:
    """The seed that the configs of a revision name; None where they name none."""
    seeds = {(config.training or {}).get("seed") for config in configs.values()} - {None}
    if len(seeds) > 1:
        by_task = ", ".join(
            f"{config.task} {(config.training or {}).get('seed')!r:.40}" for config in configs.values()
        )
        raise InputError(f"the checkpoints of a revision are of several seeds ({by_task}); a run is of one")
    return next(iter(seeds), None)


def _run(snapshot: Snapshot, seed: int) -> Run:
    files = [place_file(place, name) for place in snapshot.places for name in CHECKPOINT_FILES]
    hashes = {}
    for name in files:
        with (snapshot.folder / name).open("rb") as file:
            hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return Run(seed=seed, revision=snapshot.commit, files=hashes)
