"""Models that there are not, with records of `fabricated_record`, their submissions, and sites of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fabricated_record import ENVIRONMENT, EVALUATOR, SUITE, record

from icl_bench.leaderboard import entries as entries_module
from icl_bench.leaderboard import shown_suites, write
from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.pages import charts_csv, models, task_charts
from icl_bench.leaderboard.write import gather_site, write_site
from icl_bench.models.reference import PREFIX
from icl_bench.specs.division import CLOSED, OPEN
from icl_bench.specs.fresh import FreshRecord, FreshTask
from icl_bench.specs.result import Estimate, ResultRecord
from icl_bench.specs.submission import Links, Run, Submission
from icl_bench.submissions import recorded as recorded_module
from icl_bench.submissions.recorded import Correction, RecordedSubmission
from icl_bench.suites import suite_names

ADDRESS = "https://bench.example/boards/"
REPOSITORY = "https://code.example/icl-bench"
DATE = "2025-06-01"
RECORDED = {"submissions/reference/llama": "2025-02-03", "submissions/reference/gpt2": DATE}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
MARKUP = "<img src=x onerror=alert(3)>\"'&"  # wherever a record holds free text
ALIKE = "paper-shifts-v1"  # its pages are as those of mini-shifts-v1, and a site is made without them
LONG = "someone-with-a-long-name/" + "a-model-with-a-name-as-long-as-a-hub-allows-" * 2 + "x"


CONFIRMED_BY = "https://github.com/example/icl-bench/pull/7#issuecomment-42"


def submission(
    records: Sequence[ResultRecord],
    text: str,
    *,
    worse: Sequence[str] = (),
    was: ResultRecord | None = None,
    confirmed_by: str | None = None,
) -> RecordedSubmission:
    """A submission of these runs, by seed, that says the same in every text, valid or not.

    On fresh prompts it is worse on the tasks `worse`. `was` are results that those of seed 0 replaced.
    """
    submission = Submission.model_construct(
        schema_version=1,
        model=records[0].model.id,
        suites=[SUITE],
        runs=[_run(seed, record) for seed, record in enumerate(records)],
        licence=text if text == MARKUP else "apache-2.0",
        authors=[text, "李"],
        links=Links(paper="https://paper.example/?a=1&b=2", code="https://code.example/" + "x" * 200),
        training_data=f"{text}\n{text}",
        description=text,
        confirmed_by=confirmed_by,
        supersedes=None,
    )
    return RecordedSubmission(
        submission=submission,
        suite=SUITE,
        records=dict(enumerate(records)),
        fresh={seed: _fresh(record, worse, lacks=seed) for seed, record in enumerate(records)},
        corrections=[] if was is None else [Correction(SUITE, 0, was, text)],
    )


def _run(seed: int, record: ResultRecord) -> Run:
    files = {f"{task}/config.json": "d" * 64 for task in record.tasks}
    files |= {f"{task}/model.safetensors": result.checkpoint.sha256 for task, result in record.tasks.items()}
    return Run(seed=seed, revision=record.model.revision, files=files)


def _fresh(record: ResultRecord, worse: Sequence[str], lacks: int) -> FreshRecord:
    """The last `lacks` tasks are missing."""
    tasks = list(record.tasks)[: len(record.tasks) - lacks]
    gaps = {task: Estimate(value=0.01, low=-0.01, high=0.03, reason=None) for task in tasks}
    gaps |= {task: Estimate(value=0.3, low=0.25, high=0.35, reason=None) for task in worse}
    errors: dict[str, Any] = {"prompts": 1, "prompt_errors": [1.0], "zero_errors": [2.0]}
    return FreshRecord(
        schema=1,
        model=record.model,
        suite=record.suite,
        commit="c3" * 20,
        evaluator=record.evaluator,
        environment=record.environment,
        tasks={
            task: FreshTask(sha256=record.tasks[task].checkpoint.sha256, gap=gap, **errors)
            for task, gap in gaps.items()
        },
    )


def entries() -> list[Entry]:
    """Models of every kind: of several seeds, with tasks missing, submitted, and with names and texts that do
    harm where they are not escaped."""
    hostile = record(
        HOSTILE,
        0.35,
        like="mamba",
        training={"seed": MARKUP, "recipe": {"steps": MARKUP}},
        made_with=(
            EVALUATOR.model_copy(update={"version": MARKUP, "commit": MARKUP}),
            ENVIRONMENT.model_copy(update={"python": MARKUP, "torch": MARKUP, "device": MARKUP}),
        ),
    )
    records = [
        [record("reference/llama", 0.2, seed=seed) for seed in range(3)],
        [record("reference/gpt2", 0.195, like="gpt2")],
        [record("reference/mamba", 0.3, like="mamba")],
        [record("reference/gpt2-rms", 0.4, like="gpt2-rms", lacks={"sparse_parity": MARKUP})],
        [record("ana/quick_one", 0.1, like="llama-ropeless", seed=seed) for seed in range(2)],
        [record("ana/Quick_one", 0.6, like="gpt2-swiglu")],
        [record(LONG, 1.2)],
        [hostile],
    ]
    before = record("ana/quick_one", 0.5, like="llama-ropeless", revision="b2" * 20)
    texts = {
        "ana/quick_one": ("Trained < 1 h.", {"was": before, "confirmed_by": CONFIRMED_BY}),
        LONG: ("long" * 120, {"worse": ["linear_regression", "sparse_parity"]}),
        HOSTILE: (MARKUP, {"worse": ["vector_mqar"], "was": hostile}),
    }
    named = [(runs[0].model.id, runs) for runs in records]
    shown = [Entry(name, runs, division=CLOSED if name.startswith(PREFIX) else OPEN) for name, runs in named]
    for place, entry in enumerate(shown):
        if entry.name in texts:
            text, more = texts[entry.name]
            shown[place] = replace(entry, submitted=submission(entry.records, text, **more))
    return shown


def many_entries(count: int, distinct: int = 12) -> list[Entry]:
    """As many models, few of them with errors of their own: the others share theirs."""
    likes = ["llama", "gpt2", "mamba", "gpt2-rms"]
    distinct_records = [
        record(f"user/model-{k}", 0.2 + k / 20, like=likes[k % len(likes)]) for k in range(distinct)
    ]
    shown = []
    for k in range(count):
        name, model = f"user-{k % 97}/model-{k}", distinct_records[k % distinct]
        shown.append(
            Entry(name, [model.model_copy(update={"model": model.model.model_copy(update={"id": name})})])
        )
    return shown


@contextmanager
def recorded(shown: Sequence[Entry]) -> Iterator[None]:
    """While it is held, these are all that is recorded, on mini-v1, and references have learning curves."""
    steps = [float(step) for step in range(100, 5_001, 100)]
    curves = {f"seed {seed}": (steps, [5.0 / (step + seed) ** 0.5 for step in steps]) for seed in range(3)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1748736000")  # DATE
        patch.setattr(shown_suites, "suite_names", lambda: [name for name in suite_names() if name != ALIKE])
        patch.setattr(write, "installed_submissions", lambda: [])
        patch.setattr(write, "record_dates", lambda newest: RECORDED)
        patch.setattr(
            write,
            "recorded_entries",
            lambda suite, submissions: list(shown) if suite.name == SUITE else [],
        )
        patch.setattr(
            models,
            "learning_curves",
            lambda entry, suite: {"linear_regression": curves} if entry.name.startswith(PREFIX) else {},
        )
        log = [{"step": step, "loss": 5.0 / step**0.5, "dev_optimality": 0.5} for step in steps]
        patch.setattr(
            charts_csv,
            "training_rows",
            lambda entry, suite: (
                {"linear_regression": dict.fromkeys(curves, log)} if entry.name.startswith(PREFIX) else {}
            ),
        )
        optimalities = {seed: (steps, [1 - 1 / (1 + step / 1_000) for step in steps]) for seed in curves}
        patch.setattr(
            task_charts,
            "development_curves",
            lambda entry, suite: {"linear_regression": optimalities} if entry.name.startswith(PREFIX) else {},
        )
        yield


def show_only(patch: pytest.MonkeyPatch, shown: Sequence[Entry]) -> None:
    """These are all that is recorded, for `icl-bench leaderboard show`."""
    patch.setattr(recorded_module, "installed_submissions", lambda: [])
    patch.setattr(entries_module, "recorded_entries", lambda suite, submissions: list(shown))


def build(folder: Path, shown: Sequence[Entry]) -> int:
    """Write the site of these entries."""
    with recorded(shown):
        return write_site(gather_site(ADDRESS, REPOSITORY), folder, quiet=True)
