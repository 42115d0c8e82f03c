"""Composes a submission and its text: runs and specs, facts of the model, what it supersedes."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from icl_bench.errors import InputError
from icl_bench.specs.plain_yaml import dump_plain
from icl_bench.specs.run_names import run_name
from icl_bench.specs.submission import Run, Submission, parse_submission
from icl_bench.submissions.submission_folder import SUBMISSION_FILE
from icl_bench.submissions.submission_place import SubmissionPlace
from icl_bench.submissions.submission_runs import Specs

_WIDTH = 100  # of a line


def compose(
    model: str,
    suite: str,
    runs: Sequence[Run],
    specs: Specs,
    facts: Mapping[str, Any],
    place: SubmissionPlace,
    supersede: str | None = None,
) -> Submission:
    """The submission of these runs on a suite. Runs on other suites that are listed already stay.

    `specs` is empty for a language model. With a reason `supersede`, it names the recorded commits that the
    runs replace. A confirmation by the model's authors stays while the runs do.
    """
    before = place.submission
    suites = [name for name in before.suites if name != suite] if before else []
    staying = _runs_on(before, suites) if before else []
    if before and staying and (before.spec is None) != (not specs):
        raise InputError(
            f"{model} is a language model on {', '.join(suites) if specs else suite} and has a spec on "
            f"{suite if specs else ', '.join(suites)}; submit one of the two under another name"
        )
    staying_specs = (
        {folder: before.spec_of(folder) for run in staying for folder in run.places}
        if before and before.spec is not None
        else {}
    )
    for folder in staying_specs.keys() & specs.keys():
        if staying_specs[folder] != specs[folder]:
            raise InputError(
                f"{folder or 'the root'} has another spec than in the runs on {', '.join(suites)}; a "
                f"submission has one for both, so submit the model for {suite} under another name"
            )
    added = [run.model_copy(update={"suite": suite if suites else None}) for run in runs]
    supersedes = before.supersedes.model_dump() if before and before.supersedes else None
    if supersede is not None:
        supersedes = {"revision": _replaced_commits(place, suite, runs), "reason": supersede}
    value = {
        "schema": 1,
        "model": model,
        "suites": [*suites, suite],
        "runs": [run.model_dump(exclude_none=True) for run in (*staying, *added)],
        **_spec_keys({**staying_specs, **specs}),
        "confirmed_by": _still_confirmed(before, suite, runs),
        "supersedes": supersedes,
    }
    return parse_submission({**value, **facts}, SUBMISSION_FILE)


def as_yaml(submission: Submission) -> str:
    """A submission's file: keys in the order of the schema, the same bytes for the same submission."""
    return dump_plain(submission.to_dict(), allow_unicode=True, width=_WIDTH)


def _still_confirmed(before: Submission | None, suite: str, runs: Sequence[Run]) -> str | None:
    """Where the authors confirmed the entry; None where its runs are others now: they did not see these."""
    if before is None or {run.revision for run in runs} != {run.revision for run in before.runs_of(suite)}:
        return None
    return before.confirmed_by


def _runs_on(submission: Submission, suites: Sequence[str]) -> list[Run]:
    """The runs of a submission on some suites, each of which it then names."""
    named = [(submission.suite_of(run), run) for run in submission.runs]
    return [run.model_copy(update={"suite": suite}) for suite, run in named if suite in suites]


def _spec_keys(specs: Specs) -> dict[str, Any]:
    """`spec`, which most folders have, and `specs` of the others; nothing for a language model."""
    if not specs:
        return {}
    own = {place: spec.to_dict() for place, spec in specs.items()}
    (common, _), *_ = Counter(map(json.dumps, own.values())).most_common()
    spec = own.get("", json.loads(common))  # that of the root has no other place
    return {"spec": spec, "specs": {place: other for place, other in own.items() if other != spec}}


def _replaced_commits(place: SubmissionPlace, suite: str, runs: Sequence[Run]) -> str | list[str]:
    """The recorded commits that these runs take the place of, one or several."""
    now = {run_name(suite, run.seed): run.revision for run in runs}
    recorded = place.recorded_commits(suite)
    replaced = sorted({commit for run, commit in recorded.items() if now.get(run) != commit})
    replaced = replaced or sorted(set(recorded.values()))  # the same weights, evaluated anew
    if not replaced:
        raise InputError(f"nothing is recorded on {suite} that these runs replace; leave out --supersede")
    return replaced[0] if len(replaced) == 1 else replaced
