"""`python -P -m icl_bench.submissions.child`: the evaluation of one run, in a process of its own with limits.

Its arguments are the limits and what to evaluate, as JSON; what it found goes to standard output, as JSON.
The limits hold before anything heavy is imported, and nothing of the submission is read before them.
"""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icl_bench.submissions.limits import Limits, limit_this_process, refuse_network

if TYPE_CHECKING:
    from icl_bench.specs.fresh import FreshRecord
    from icl_bench.specs.result import ResultRecord

OUT_OF_MEMORY = "it does not fit the memory that it may take; submit a smaller model"


def main() -> None:
    """Evaluate, and write {"record": text, "fresh": text or null} or {"error": message, "exit_code": code}."""
    limits, wanted = Limits.from_text(sys.argv[1]), json.loads(sys.argv[2])
    outcome = os.fdopen(os.dup(1), "w", encoding="utf-8")
    _keep_libraries_still()
    limit_this_process(limits)
    refuse_network()
    json.dump(_outcome(wanted), outcome)
    outcome.close()


def evaluate_run(
    path: Path, run_name: str, folder: Path, commit: str | None
) -> tuple["ResultRecord", "FreshRecord | None"]:
    """The record of one run whose files are in `folder`, and with a commit that on fresh prompts.

    CheckpointError or HubError where the files are not those that the submission lists; CheckError where the
    model breaks a rule of the benchmark.
    """
    from icl_bench.evaluation.fresh import evaluate_fresh
    from icl_bench.evaluation.runner import evaluate_source
    from icl_bench.evaluation.sources import CheckpointSource
    from icl_bench.specs.result import ModelIdentity
    from icl_bench.submissions.checkpoints import check_run
    from icl_bench.submissions.folder import read_submission
    from icl_bench.suites import load_suite

    submission = read_submission(path)
    (run,) = [run for run in submission.runs if submission.run_name(run) == run_name]
    check_run(submission, run, folder)
    suite = load_suite(submission.suite_of(run))
    source = CheckpointSource(str(folder.absolute()), suite, None, "cpu", None)
    source.identity = ModelIdentity(kind="hub", id=submission.model, revision=run.revision)
    record = evaluate_source(source, suite, list(suite.tasks), progress=True)
    if commit is None:
        return record, None
    return record, evaluate_fresh(source, suite, record, commit)


def _outcome(wanted: dict[str, Any]) -> dict[str, Any]:
    from icl_bench.errors import ICLBenchError

    try:
        record, fresh = evaluate_run(
            Path(wanted["path"]), wanted["run"], Path(wanted["folder"]), wanted["commit"]
        )
    except ICLBenchError as error:
        return {"error": str(error), "exit_code": error.exit_code}
    except MemoryError:
        return {"error": OUT_OF_MEMORY, "exit_code": 1}
    except RuntimeError as error:  # torch says it so
        if "allocate" not in str(error):
            raise
        return {"error": OUT_OF_MEMORY, "exit_code": 1}
    return {"record": record.to_json(), "fresh": fresh.to_json() if fresh else None}


def _keep_libraries_still() -> None:
    """Progress goes to standard error as ever; what libraries write there as they end goes nowhere."""
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


if __name__ == "__main__":
    main()
