"""`python -P -m icl_bench.submissions.sandboxed`: evaluate a run in its own process, with limits.

Its arguments are the limits and what to evaluate, as JSON; what it found goes to standard output, as JSON.
Once its standard input ends, so does it: that is a pipe whose other end its parent alone holds, however that
ends. The limits hold before anything of the submission is read.
"""

import json
import os
import sys
import threading
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from icl_bench.submissions.limits import Limits, limit_this_process, refuse_network

if TYPE_CHECKING:
    from icl_bench.entries.base import Source
    from icl_bench.specs.fresh import FreshRecord
    from icl_bench.specs.result import ResultRecord

OUT_OF_MEMORY = "it needs more memory than its limit; submit a smaller model"


def main() -> None:
    """Evaluate, and write {"record": text, "fresh": text or null}.

    Where it fails, {"error": message, "code": that of the error, "exit_code": 1}.
    """
    threading.Thread(target=_end_with_input, daemon=True).start()
    limits, wanted = Limits.from_text(sys.argv[1]), json.loads(sys.argv[2])
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    _keep_libraries_still()
    sys.excepthook = partial(_report_exception, answer)
    _import_all(wanted["language_model"])
    limit_this_process(limits)
    refuse_network()
    json.dump(_outcome(wanted), answer)
    answer.close()


def evaluate_run(
    path: Path, run_name: str, folder: Path, commit: str | None
) -> tuple["ResultRecord", "FreshRecord | None"]:
    """The record of one run whose files are in `folder`, and with a commit that on fresh prompts.

    CheckpointError or HubError where the files are not those that the submission lists; CheckError where the
    model breaks a rule of the benchmark.
    """
    from icl_bench.entries.folder import FolderKind
    from icl_bench.evaluation.fresh import evaluate_fresh
    from icl_bench.evaluation.run import evaluate_source
    from icl_bench.submissions.checkpoints import check_run
    from icl_bench.submissions.language_models import source_of
    from icl_bench.submissions.submission_folder import read_submission, run_identity
    from icl_bench.suites import load_suite

    submission = read_submission(path)
    (run,) = [run for run in submission.runs if submission.run_name(run) == run_name]
    check_run(submission, run, folder)
    suite = load_suite(submission.suite_of(run))
    identity, place = run_identity(submission, run), folder.absolute()
    source: Source
    if submission.spec is None:
        source = source_of(identity, place, suite)
    else:
        source = FolderKind().open_as(identity, str(place), suite, "cpu", list(suite.tasks))
    record = evaluate_source(source, suite, list(suite.tasks), progress=True)
    if commit is None:
        return record, None
    return record, evaluate_fresh(source, suite, record, commit)


def _outcome(wanted: dict[str, Any]) -> dict[str, Any]:
    record, fresh = evaluate_run(
        Path(wanted["path"]), wanted["run"], Path(wanted["folder"]), wanted["commit"]
    )
    return {"record": record.to_json(), "fresh": fresh.to_json() if fresh else None}


def _report_exception(
    answer: IO[str], kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Answer with what ended the evaluation, in one line, in place of a traceback."""
    from icl_bench.errors import ICLBenchError, says_no_memory

    if isinstance(error, ICLBenchError):
        message, code, exit_code = str(error), error.code, error.exit_code
    elif says_no_memory(error):
        message, code, exit_code = OUT_OF_MEMORY, "no-memory", 1
    else:
        first = next(iter(str(error).splitlines()), "")
        message = f"{kind.__name__}: {first}; evaluate it with `icl-bench evaluate` to see where"
        code, exit_code = "crash", 1
    json.dump({"error": message, "code": code, "exit_code": exit_code}, answer)
    answer.flush()
    os._exit(0)


def _end_with_input() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


def _import_all(language_model: bool) -> None:
    """Import what takes memory whatever the model; some libraries hang where there is too little.

    InputError where what reads language models is not installed and one is asked.
    """
    import datasets  # noqa: F401
    import torch  # noqa: F401

    import icl_bench.entries.folder
    import icl_bench.evaluation.fresh
    import icl_bench.evaluation.run
    import icl_bench.submissions.checkpoints
    import icl_bench.submissions.language_models
    import icl_bench.submissions.submission_folder  # noqa: F401
    from icl_bench.baselines.base import BASELINES
    from icl_bench.specs.architecture import BLOCKS
    from icl_bench.specs.suite import FUNCTION_CLASSES

    if language_model:
        from icl_bench.text.config import check_installed

        check_installed()
        from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer  # noqa: F401

    for registry in (BASELINES, BLOCKS, FUNCTION_CLASSES):
        registry.entries()


def _keep_libraries_still() -> None:
    """Progress goes to standard error as ever; what libraries write there as they end goes nowhere."""
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


if __name__ == "__main__":
    main()
