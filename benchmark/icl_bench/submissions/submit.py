"""Making `submission.yaml` of a model on the Hub: its files and hashes, its spec, what is said of it."""

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants

from icl_bench.errors import InputError, SpecError
from icl_bench.models.hub import Snapshot, fetch, told_in_one_line
from icl_bench.models.pinned import check_listed
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.checkpoint import CheckpointConfig, read_config
from icl_bench.specs.checkpoint_files import CHECKPOINT_FILES, place_file
from icl_bench.specs.licences import LICENCES
from icl_bench.specs.plain_yaml import dump_plain
from icl_bench.specs.run_names import run_name
from icl_bench.specs.schema import all_faults
from icl_bench.specs.submission import Run, Submission, folder_name, model_fault, parse_submission
from icl_bench.submissions.fetch import listed_files
from icl_bench.submissions.submission_folder import (
    SUBMISSION_FILE,
    SubmissionFolder,
    first_fault,
    inspect_submission,
)
from icl_bench.submissions.validate import validate
from icl_bench.suites import Suite

REQUIRED = {"licence": "--licence", "authors": "--author", "training_data": "--training-data"}
_WIDTH = 100  # of a line
Specs = dict[str, ArchitectureSpec]  # by folder, "" for the root


@dataclass(frozen=True)
class Place:
    """Where a submission goes, and what lies there already."""

    file: Path
    text: str | None
    submission: Submission | None

    def recorded(self, suite: str) -> dict[str, str]:
        """The commits of the results that are recorded on a suite, by run."""
        if self.submission is None:
            return {}
        records = SubmissionFolder(self.file.parent, self.submission).records()
        return {
            run: str(record.model.revision) for run, record in records.items() if record.suite.name == suite
        }


def split_names(names: Sequence[str]) -> tuple[str, list[str | None]]:
    """`user/model` and the revisions, None for none, of names as `user/model@revision`; InputError where they
    are of several models, or of none that can be submitted."""
    pairs = [name.partition("@") for name in names]
    models = list(dict.fromkeys(model for model, _, _ in pairs))
    fault = model_fault(models[0])
    if fault:
        raise InputError(fault)
    if len(models) > 1:
        raise InputError(f"{models[0]} and {models[1]} are two models; submit each on its own")
    return models[0], [revision or None for _, _, revision in pairs]


def look_at(root: Path, model: str) -> Place:
    """The place of a model's submission below `root`; SpecError where what is there is not one."""
    file = root / folder_name(model) / SUBMISSION_FILE
    if not file.exists() and not file.is_symlink():
        return Place(file, None, None)
    text, submission, faults = inspect_submission(file)
    if submission is None:
        raise first_fault(faults)
    return Place(file, text.content.decode(), submission)


def gather_facts(model: str, revision: str | None, given: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """What is said of a model: as given, else as in the submission that is there; the licence else as on the
    Hub's card. InputError names every option that is still needed, SpecError tells what cannot be said."""
    before = place.submission.to_dict() if place.submission else {}
    keys = ("licence", "authors", "links", "training_data", "description")
    facts = {key: given.get(key) or before.get(key) for key in keys}
    facts["links"] = {**before.get("links", {}), **given.get("links", {})}
    noted = ""
    if not facts["licence"]:
        told = card_licence(model, revision)
        facts["licence"] = told if told and told.lower() in LICENCES else None
        noted = f" (the card's licence {told!r:.40} is no SPDX identifier)" if told else ""
    missing = [option for key, option in REQUIRED.items() if not facts[key]]
    if missing:
        raise InputError(f"a submission says more of {model} than is known; give {', '.join(missing)}{noted}")
    said = {key: value for key, value in facts.items() if value}
    for (key, *_), fault in all_faults(Submission, said)[1]:
        if key in said:
            raise SpecError(f"{place.file}: {fault}")
    return said


def card_licence(model: str, revision: str | None = None) -> str | None:
    """The licence in the metadata of a model's card on the Hub; None where there is none, or no network."""
    if constants.HF_HUB_OFFLINE:
        return None
    with told_in_one_line(model, revision or constants.DEFAULT_REVISION):
        info = HfApi().model_info(model, revision=revision, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    told = info.card_data.get("license") if info.card_data is not None else None
    return told if isinstance(told, str) else None


def fetch_runs(model: str, revisions: Sequence[str | None], suite: Suite) -> tuple[list[Run], Specs]:
    """The runs of a model's revisions, one each, and the spec of each folder.

    HubError, CheckpointError or InputError where one cannot be fetched, where a folder has several specs, or
    where two are of one seed. A run whose checkpoints do not tell a seed has the lowest number that is free.
    """
    snapshots = [fetch(model, list(suite.tasks), revision) for revision in revisions]
    snapshots = list({one.commit: one for one in snapshots}.values())
    configs = [_configs(one) for one in snapshots]
    specs = _specs(configs)
    told = [_seed(one) for one in configs]
    free = (number for number in count() if number not in told)
    seeds = [next(free) if seed is None else seed for seed in told]
    for place, seed in enumerate(seeds):
        if seed in seeds[:place]:
            commits = f"{snapshots[seeds.index(seed)].commit[:12]} and {snapshots[place].commit[:12]}"
            raise InputError(f"{commits} of {model} are both of seed {seed}; name one revision a seed")
    runs = [_run(one, seed) for one, seed in zip(snapshots, seeds, strict=True)]
    return sorted(runs, key=lambda run: run.seed), specs


def compose(
    model: str, suite: str, runs: Sequence[Run], specs: Specs, facts: Mapping[str, Any], place: Place,
    supersede: str | None = None,
) -> Submission:  # fmt: skip
    """The submission of these runs on a suite. Runs on other suites that are listed already stay.

    With a reason `supersede`, it names the recorded commits that the runs replace.
    """
    before = place.submission
    suites = [] if before is None else [one for one in before.suites if one != suite]
    others = [] if before is None else [(before.suite_of(one), one) for one in before.runs]
    listed = [one.model_copy(update={"suite": of}) for of, one in others if of != suite]
    told = {p: before.spec_of(p) for one in listed for p in one.places} if before is not None else {}
    for folder in told.keys() & specs.keys():
        if told[folder] != specs[folder]:
            raise InputError(
                f"{folder or 'the root'} has another spec than in the runs on {', '.join(suites)}; a "
                f"submission has one for both, so submit the model for {suite} under another name"
            )
    listed += [one.model_copy(update={"suite": suite if suites else None}) for one in runs]
    supersedes = before.supersedes.model_dump() if before is not None and before.supersedes else None
    if supersede is not None:
        supersedes = {"revision": _replaced(place, suite, runs), "reason": supersede}
    value = {
        "schema": 1,
        "model": model,
        "suites": [*suites, suite],
        "runs": [one.model_dump(exclude_none=True) for one in listed],
        **_spec_keys({**told, **specs}),
        "supersedes": supersedes,
    }
    return parse_submission({**value, **facts}, SUBMISSION_FILE)


def as_yaml(submission: Submission) -> str:
    """A submission's file: keys in the order of the schema, the same bytes for the same submission."""
    return dump_plain(submission.to_dict(), allow_unicode=True, width=_WIDTH)


def check_public(submission: Submission, runs: Sequence[Run]) -> None:
    """HubError where not everybody can fetch the files of runs, or where they are larger than they may be."""
    for run in [] if constants.HF_HUB_OFFLINE else runs:
        check_listed(submission.model, run.revision, listed_files(submission, run))


def check_in_place(text: str, place: Place) -> None:
    """SpecError about the first fault that `icl-bench submissions validate` would tell of this text there."""
    folder = place.file.parent
    with tempfile.TemporaryDirectory() as aside:
        copy = Path(aside) / folder.name
        if folder.is_dir():
            shutil.copytree(folder, copy, symlinks=True)
        copy.mkdir(exist_ok=True)
        (copy / SUBMISSION_FILE).write_bytes(text.encode())
        faults = validate(copy)
        told = [replace(fault, path=folder / fault.path.relative_to(copy)) for fault in faults]
    if told:
        raise first_fault(told)


def _configs(snapshot: Snapshot) -> dict[str, CheckpointConfig]:
    return {place: read_config(snapshot.folder / place) for place in snapshot.places}


def _specs(configs: Sequence[dict[str, CheckpointConfig]]) -> Specs:
    specs: Specs = {}
    for one in configs:
        for place, config in one.items():
            if specs.setdefault(place, config.spec) != config.spec:
                raise InputError(
                    f"{place or 'the root'} holds different specs in the revisions, and runs are of one; "
                    "submit two models"
                )
    return specs


def _spec_keys(specs: Specs) -> dict[str, Any]:
    """`spec`, which most folders have, and `specs` of the others."""
    own = {place: spec.to_dict() for place, spec in specs.items()}
    (common, _), *_ = Counter(map(json.dumps, own.values())).most_common()
    spec = own.get("", json.loads(common))  # that of the root has no other place
    return {"spec": spec, "specs": {place: one for place, one in own.items() if one != spec}}


def _seed(configs: dict[str, CheckpointConfig]) -> int | None:
    told = {(config.training or {}).get("seed") for config in configs.values()} - {None}
    if len(told) > 1:
        seeds = ", ".join(
            f"{config.task} {(config.training or {}).get('seed')!r:.40}" for config in configs.values()
        )
        raise InputError(f"the checkpoints of a revision are of several seeds ({seeds}); a run is of one")
    return next(iter(told), None)


def _run(snapshot: Snapshot, seed: int) -> Run:
    files = [place_file(place, name) for place in snapshot.places for name in CHECKPOINT_FILES]
    hashes = {}
    for name in files:
        with (snapshot.folder / name).open("rb") as file:
            hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return Run(seed=seed, revision=snapshot.commit, files=hashes)


def _replaced(place: Place, suite: str, runs: Sequence[Run]) -> str | list[str]:
    """The recorded commits that these runs take the place of, one or several."""
    now = {run_name(suite, run.seed): run.revision for run in runs}
    recorded = place.recorded(suite)
    found = sorted({revision for run, revision in recorded.items() if now.get(run) != revision})
    found = found or sorted(set(recorded.values()))  # the same weights, evaluated anew
    if not found:
        raise InputError(f"nothing is recorded on {suite} that these runs replace; leave out --supersede")
    return found[0] if len(found) == 1 else found
