"""Where a submitted model comes from, as plain data: who submitted which files, whether its scores are as
good on fresh prompts, and which results were replaced."""

from icl_bench.evaluation.gaps import beyond_sampling_error
from icl_bench.specs.result import Estimate, ResultRecord
from icl_bench.specs.schema import Strict
from icl_bench.specs.text import Link
from icl_bench.submissions.recorded import Correction, RecordedSubmission


class RunData(Strict):
    """One training seed: a commit of the Hub, and the files of it that were evaluated."""

    seed: int
    revision: str
    files: dict[str, str]  # SHA-256 by path; empty where the submission lists another commit by now


class FreshData(Strict):
    """One run and task on prompts that were drawn after its weights were fixed."""

    seed: int
    task: str
    commit: str  # that the prompts are drawn from
    gap: Estimate  # by how much its optimality is lower on these than on the frozen prompts
    beyond: bool  # whether it is worse than the sampling of prompts explains, all gaps of the model in view


class CorrectionData(Strict):
    """Results that others replaced."""

    seed: int
    revision: str
    scores: dict[str, Estimate]  # by task, as they were
    reason: str


class SubmissionData(Strict):
    """What a submission says, and what was found of it."""

    licence: str  # SPDX identifier
    authors: list[str]
    links: dict[str, Link]
    training_data: str
    description: str | None
    confirmed_by: Link | None  # where the model's authors say that the entry is theirs
    runs: list[RunData]
    fresh: list[FreshData]
    corrections: list[CorrectionData]

    @property
    def worse_on_fresh(self) -> list[FreshData]:
        """Where the model does worse than the sampling of prompts explains."""
        return [fresh for fresh in self.fresh if fresh.beyond]


def submission_data(recorded: RecordedSubmission) -> SubmissionData:
    """What is known of a submission on one suite."""
    submission = recorded.submission
    return SubmissionData(
        licence=submission.licence,
        authors=submission.authors,
        links={key: link for key, link in submission.links if link is not None},
        training_data=submission.training_data,
        description=submission.description,
        confirmed_by=submission.confirmed_by,
        runs=[_run(recorded, seed, record) for seed, record in recorded.records.items()],
        fresh=_fresh(recorded),
        corrections=[_correction(correction) for correction in recorded.corrections],
    )


def _run(recorded: RecordedSubmission, seed: int, record: ResultRecord) -> RunData:
    run = recorded.listed(seed)
    return RunData(seed=seed, revision=str(record.model.revision), files=dict(run.files) if run else {})


def _fresh(recorded: RecordedSubmission) -> list[FreshData]:
    """One a run and task, in the suite's order of tasks."""
    gaps = [
        (seed, task, fresh.commit, fresh.tasks[task].gap)
        for seed, fresh in recorded.fresh.items()
        for task in recorded.records[seed].tasks
        if task in fresh.tasks
    ]
    return [
        FreshData(
            seed=seed, task=task, commit=commit, gap=gap, beyond=beyond_sampling_error(gap, tasks=len(gaps))
        )
        for seed, task, commit, gap in gaps
    ]


def _correction(correction: Correction) -> CorrectionData:
    return CorrectionData(
        seed=correction.seed,
        revision=str(correction.record.model.revision),
        scores={task: result.score for task, result in correction.record.tasks.items()},
        reason=correction.reason,
    )
